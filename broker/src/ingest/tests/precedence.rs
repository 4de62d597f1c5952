//! Several sources of one domain: which counts.

use super::*;

fn file(name: &str, input: Input) -> Input {
    Input {
        source: SourceKey {
            kind: SourceKind::File(name.into()),
            ..input.source
        },
        ..input
    }
}

fn nf_types(ingest: &Ingest) -> Vec<String> {
    let as1 = ingest.idr().domain(&domain("AS1")).cloned();
    as1.map_or(Vec::new(), |d| {
        d.nf_types().iter().map(ToString::to_string).collect()
    })
}

fn used_for(ingest: &Ingest, kind: SourceKind) -> Vec<&'static str> {
    source(ingest, &key("AS1", kind)).unwrap().used_for
}

#[test]
fn a_file_makes_its_domain_known_and_takes_it_along() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&[], rules());
    let told = file("a.xml", resources("AS1", "NF1"));
    assert!(on(&mut ingest, clock.after(0), told.clone()).changed);
    assert_eq!(members(&ingest), ["AS1"]);
    // It does not age.
    assert_eq!(ingest.next_deadline(), None);
    let gone = Input {
        news: News::Withdrawn,
        ..told
    };
    assert!(on(&mut ingest, clock.after(1), gone.clone()).changed);
    assert!(members(&ingest).is_empty());
    ingest.tick(clock.after(1).instant);
    assert!(ingest.status(&domain("AS1")).is_none());
    // A file that is gone already does not make anybody known.
    on(&mut ingest, clock.after(2), gone);
    assert_eq!(ingest.domains().count(), 0);
}

#[test]
fn the_first_channel_that_is_served_counts_and_the_next_steps_in() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "r")]), rules());
    let from_file = file("a.xml", resources("AS1", "NF-file"));
    on(&mut ingest, clock.after(0), from_file);
    assert_eq!(nf_types(&ingest), ["NF-file"]);
    on(&mut ingest, clock.after(0), resources("AS1", "NF-pull"));
    assert_eq!(nf_types(&ingest), ["NF-pull"]);
    assert_eq!(used_for(&ingest, RESOURCES), ["resources"]);
    assert!(used_for(&ingest, SourceKind::File("a.xml".into())).is_empty());
    // The pulled one is silent for the expiry time.
    assert!(tick(&mut ingest, clock.after(90).instant).changed);
    assert_eq!(nf_types(&ingest), ["NF-file"]);
}

#[test]
fn the_settings_may_turn_the_order_around() {
    let clock = Clock::new();
    let mut settings = entries(&[("AS1", "r")]);
    settings[0].precedence = vec![Channel::File];
    let mut ingest = Ingest::new(&settings, rules());
    on(&mut ingest, clock.after(0), resources("AS1", "NF-pull"));
    on(
        &mut ingest,
        clock.after(0),
        file("b.xml", resources("AS1", "NF-b")),
    );
    assert_eq!(nf_types(&ingest), ["NF-b"]);
    // Of two files the first by name.
    on(
        &mut ingest,
        clock.after(0),
        file("a.xml", resources("AS1", "NF-a")),
    );
    assert_eq!(nf_types(&ingest), ["NF-a"]);
}

#[test]
fn a_topology_that_knows_no_links_counts_last() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "t"), ("AS2", "t")]), rules());
    on(&mut ingest, clock.after(0), topology("AS2", &["AS1"]));
    let mut silent = topology("AS1", &[]);
    let News::Document(document) = &mut silent.news else {
        panic!("a document")
    };
    let view = document.export.parts.topology.as_mut().unwrap();
    view.silent_on_links = true;
    on(&mut ingest, clock.after(0), silent);
    // AS2 speaks for it.
    let neighbours = |ingest: &Ingest| {
        let idt = ingest.idt();
        let index = idt.graph().index(&domain("AS1")).unwrap();
        idt.graph().neighbours(index).count()
    };
    assert_eq!(neighbours(&ingest), 1);
    assert_eq!(
        used_for(&ingest, TOPOLOGY),
        ["resources", "topology", "entry-point"]
    );
    // A file counts after what is pulled, but it knows links, and AS1 is not one of its neighbours.
    on(
        &mut ingest,
        clock.after(0),
        file("links.json", topology("AS1", &["AS3"])),
    );
    assert_eq!(neighbours(&ingest), 0);
    assert_eq!(used_for(&ingest, TOPOLOGY), ["resources", "entry-point"]);
}

#[test]
fn a_pulled_document_must_tell_what_it_was_asked_for() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt")]), rules());
    let wrong = Input {
        source: key("AS1", TOPOLOGY),
        ..resources("AS1", "NF1")
    };
    let refused = on(&mut ingest, clock.after(0), wrong).refused.unwrap();
    assert!(refused.why.contains("tells no topology"), "{refused:?}");
}

#[test]
fn an_as_number_that_becomes_known_mends_links_over_bgp_ls() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "b")]), rules());
    on(
        &mut ingest,
        clock.after(0),
        Input {
            source: key("AS1", SourceKind::BgpLs(PEER)),
            news: News::SessionUp { forget: false },
        },
    );
    assert!(!ingest.is_touched());
    on_new_file(&mut ingest, &clock);
    // AS1's links may lead to it now: AS1 is looked at again.
    assert!(ingest.touched.contains(&domain("AS1")));
}

fn on_new_file(ingest: &mut Ingest, clock: &Clock) {
    let told = file("b.xml", resources("AS2", "NF1"));
    ingest.on(clock.after(1), told);
}

#[test]
fn documents_may_name_a_domain_by_its_as_number() {
    let clock = Clock::new();
    let mut settings = entries(&[("net", "t"), ("AS2", "t")]);
    settings[0].asn = Some(65001);
    let mut ingest = Ingest::new(&settings, rules());
    // Its own document, and its neighbour's, call it AS65001.
    let own = topology("AS65001", &["AS2"]);
    let own = Input {
        source: key("net", TOPOLOGY),
        ..own
    };
    assert_eq!(on(&mut ingest, clock.after(0), own).refused, None);
    on(&mut ingest, clock.after(0), topology("AS2", &["AS65001"]));
    assert_eq!(members(&ingest), ["AS2", "net"]);
    let idt = ingest.idt();
    let graph = idt.graph();
    let of = |id: &str| graph.index(&domain(id)).unwrap();
    assert!(graph.adjacency(of("net"), of("AS2")).is_some());
    assert!(graph.half_up().is_empty());
}
