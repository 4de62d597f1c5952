//! Files: recognised by what they begin with, decompressed, refused with what was expected.

use std::fs;

use testbeds::world::{Format, Limits, World, WorldError};

use crate::{file, told};

#[test]
fn every_format_is_recognised_by_its_content_whatever_the_name() {
    let files = [
        ("four.as-rel2.txt", Format::AsRelationships),
        ("three.as-rel.txt", Format::AsRelationships),
        ("four.edges", Format::EdgeList),
        ("three.graphml", Format::GraphMl),
        ("directed.graphml", Format::GraphMl),
        ("three.graph", Format::Repetita),
        ("three.sndlib.txt", Format::SndLib),
    ];
    for (name, format) in files {
        let content = fs::read(file(name)).unwrap();
        for called in [name, "x.txt", "x.graphml", "x.edges"] {
            assert_eq!(Format::recognise(&content, called), Some(format), "{name}");
        }
        let marked = [b"\xef\xbb\xbf", &content[..]].concat();
        assert_eq!(Format::recognise(&marked, "x"), Some(format), "{name}");
    }
    assert_eq!(
        Format::recognise(b"1|2|0", "x"),
        Some(Format::AsRelationships)
    );
}

#[test]
fn the_name_tells_only_what_blank_content_is() {
    assert_eq!(
        Format::recognise(b" \n", "20250901.as-rel2.txt.bz2"),
        Some(Format::AsRelationships)
    );
    assert_eq!(Format::recognise(b"", "a.graph"), Some(Format::Repetita));
    assert_eq!(Format::recognise(b"", "a.txt"), None);
    assert_eq!(Format::recognise(b"hello", "a.graph"), None);
}

#[test]
fn an_unknown_file_is_told_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.txt");
    fs::write(&path, "hello\nworld").unwrap();
    let error = told(&World::open(&path).unwrap_err());
    for part in [
        "x.txt begins with 'hello\\nworld'",
        "CAIDA",
        "GraphML",
        "REPETITA",
        "SNDlib",
        "edge list",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let error = World::open(folder.path().join("none")).unwrap_err();
    assert!(matches!(error, WorldError::Read { .. }), "{error}");
}

#[test]
fn an_error_of_the_format_comes_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.txt");
    fs::write(&path, "1|2|0\n1|2|3\n").unwrap();
    let error = told(&World::open(&path).unwrap_err());
    assert!(
        error.contains("x.txt is not CAIDA AS relationships: line 2: relationship is '3': "),
        "{error}"
    );
}

#[test]
fn names_that_do_not_fit_an_edge_list_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.edges");
    fs::write(&path, "2 1\n0 1 5\n").unwrap();
    for (names, rule) in [
        ("one\n", "line 2: names is ''"),
        ("one\ntwo\nthree\n", "line 3: names is 'three'"),
    ] {
        fs::write(folder.path().join("x.names"), names).unwrap();
        let error = told(&World::open(&path).unwrap_err());
        assert!(error.contains(rule), "{error}");
    }
    fs::write(folder.path().join("x.names"), "one\ntwo words\n").unwrap();
    assert_eq!(
        World::open(&path).unwrap().node(1).unwrap().name,
        "two words"
    );
}

#[test]
fn bzip2_is_recognised_bounded_and_may_have_several_streams() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let packed = fs::read(file("four.as-rel2.txt.bz2")).unwrap();
    let plain = World::open(file("four.as-rel2.txt")).unwrap();
    fs::write(&path, &packed).unwrap();
    assert_eq!(World::open(&path).unwrap(), plain);

    fs::write(&path, [&packed[..], &packed].concat()).unwrap();
    assert_eq!(
        World::open(&path).unwrap().link_count(),
        2 * plain.link_count()
    );

    let size = fs::read(file("four.as-rel2.txt")).unwrap().len();
    fs::write(&path, &packed).unwrap();
    let within = |octets| {
        let limits = Limits {
            octets,
            ..Limits::default()
        };
        World::open_within(&path, &limits)
    };
    let most = size.max(packed.len());
    assert_eq!(within(most).unwrap(), plain);
    let error = within(most - 1).unwrap_err();
    assert!(
        matches!(error, WorldError::TooLarge { limit, .. } if limit == most - 1),
        "{error}"
    );

    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    let error = World::open(&path).unwrap_err();
    assert!(matches!(error, WorldError::Decompress { .. }), "{error}");
}
