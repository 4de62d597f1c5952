//! Exports of every format: how a document is known, and that what is none is refused with an answer.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fmt::Write as _;

use nffg::export::{self, Expected, Export, Format};
use nffg::{DocumentError, DomainId, MAX_BYTES, Position, Syntax};
use proptest::prelude::*;
use serde_json::json;

fn decode(
    bytes: &[u8],
    syntax: Option<Syntax>,
    format: Option<Format>,
) -> Result<Export, DocumentError> {
    let domain: DomainId = "AS1".parse().unwrap();
    let expected = Expected {
        syntax,
        format,
        ..Expected::of(&domain)
    };
    let result = export::decode(bytes, expected);
    match &result {
        Ok(export) => {
            assert!(export.format.is_written_in(export.syntax));
            let views = (&export.parts.resources, &export.parts.topology);
            if let Some(view) = views.0 {
                assert_eq!(view.warnings, []);
            }
            if let Some(view) = views.1 {
                assert_eq!(view.warnings, []);
            }
        }
        Err(error) => {
            let faults = error.faults();
            assert!(!faults.is_empty() && faults.len() <= 100 && faults.len() <= error.total());
            assert!(faults.iter().all(|fault| !fault.rule.is_empty()), "{error}");
        }
    }
    result
}

fn refused(bytes: &[u8]) -> String {
    let result = decode(bytes, None, None);
    result
        .expect_err(&bytes.escape_ascii().to_string())
        .to_string()
}

const UNKNOWN: &str = "no format has these";

#[test]
fn a_format_is_known_by_the_root() {
    for (text, format) in [
        ("<virtualizer/>", Format::Virtualizer),
        ("{\"nodes\": {}}", Format::Unify),
        ("{\"node_infras\": []}", Format::Nffg),
        ("{\"parameters\": {}}", Format::Nffg),
        ("{\"node_saps\": []}", Format::Nffg),
        ("{\"cpu\": 1}", Format::Brief),
        ("entry-point: http://a/", Format::Brief),
        ("neighbors: [AS2]", Format::Brief),
        ("{\"property-map\": {\"pid:AS1\": {}}}", Format::Brief),
        (
            "tosca_definitions_version: tosca_simple_yaml_1_3",
            Format::Tosca,
        ),
        ("{\"nfv\": {}}", Format::Sol006),
        ("etsi-nfv-descriptors:nfv: {}", Format::Sol006),
        ("{\"vnfd\": []}", Format::Sol006),
        ("{\"etsi-nfv-nsd:nsd\": []}", Format::Sol006),
        ("{\"topology\": []}", Format::Cop),
        ("{\"ietf-network:networks\": {}}", Format::Ietf),
        ("{\"ietf-network:network\": []}", Format::Ietf),
        ("{\"networks\": {}}", Format::Ietf),
        ("{\"network\": []}", Format::Ietf),
    ] {
        // Too little for some formats, but what it would be is known.
        match decode(text.as_bytes(), None, None) {
            Ok(export) => assert_eq!(export.format, format, "{text}"),
            Err(error) => assert!(!error.to_string().contains(UNKNOWN), "{text}: {error}"),
        }
    }
}

/// An exporter's name for what is inside wins over what could be anybody's.
#[test]
fn of_several_roots_the_more_telling_one_counts() {
    for (text, format) in [
        ("{\"node_infras\": [], \"nodes\": {}}", Format::Nffg),
        ("{\"nodes\": {}, \"cpu\": 1}", Format::Unify),
        ("{\"parameters\": {}, \"port\": []}", Format::Nffg),
    ] {
        assert_eq!(
            decode(text.as_bytes(), None, None).unwrap().format,
            format,
            "{text}"
        );
    }
}

#[test]
fn a_format_that_is_told_counts_whatever_the_root() {
    let nodes = b"{\"nodes\": {}}";
    assert_eq!(
        decode(nodes, None, Some(Format::Unify)).unwrap().format,
        Format::Unify
    );
    assert_eq!(
        decode(nodes, None, Some(Format::Nffg)).unwrap().format,
        Format::Nffg
    );
    let error = decode(b"{\"cpu\": 1}", None, Some(Format::Unify)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1, column 1: /nodes: the field is missing"
    );
    let error = decode(nodes, None, Some(Format::Brief)).unwrap_err();
    assert!(
        error.to_string().contains("/nodes: 'nodes' is not allowed"),
        "{error}"
    );
}

#[test]
fn a_syntax_is_known_by_the_first_character_or_told() {
    let of = |text: &str, told| decode(text.as_bytes(), told, None).unwrap().syntax;
    assert_eq!(of("\u{feff}\n <virtualizer/>", None), Syntax::Xml);
    assert_eq!(of("\u{feff}\n {\"nodes\": {}}", None), Syntax::Json);
    assert_eq!(of("\u{feff}\n nodes: {}", None), Syntax::Yaml);
    assert_eq!(of("# {\nnodes: {}", None), Syntax::Yaml);
    assert_eq!(of("{nodes: {}}", Some(Syntax::Yaml)), Syntax::Yaml);
    assert_eq!(of("{\"nodes\": {}}", Some(Syntax::Yaml)), Syntax::Yaml);
    for (text, told, says) in [
        ("nodes: {}", Syntax::Json, "not JSON"),
        ("<virtualizer/>", Syntax::Json, "not JSON"),
        ("{\"nodes\": {}}", Syntax::Xml, "not well-formed XML"),
        ("<a: b: c", Syntax::Yaml, "not YAML"),
    ] {
        let error = decode(text.as_bytes(), Some(told), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_format_is_not_written_in_just_any_syntax() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
        for (syntax, text) in [
            (Syntax::Xml, "<virtualizer/>"),
            (Syntax::Json, "{\"nodes\": {}}"),
            (Syntax::Yaml, "nodes: {}"),
        ] {
            let known = decode(text.as_bytes(), None, Some(format));
            assert_eq!(
                known.as_ref().map(|export| export.format).ok(),
                decode(text.as_bytes(), Some(syntax), Some(format))
                    .map(|export| export.format)
                    .ok()
            );
            if !format.is_written_in(syntax) {
                let told = format!("a document of format '{format}' is written in ");
                let error = known.unwrap_err().to_string();
                assert!(error.starts_with(&told), "{error}");
                assert!(
                    error.ends_with(&format!("this is {}", syntax.as_str())),
                    "{error}"
                );
            }
        }
    }
    assert!(
        "yang"
            .parse::<Format>()
            .unwrap_err()
            .to_string()
            .starts_with("'yang' is no format")
    );
}

#[test]
fn what_is_no_export_is_told_what_it_has() {
    for (text, has) in [
        ("{}", "'its members are: '"),
        ("{\"a\": 1, \"b\": 2}", "'its members are: a, b'"),
        ("error: no topology", "'its members are: error'"),
        ("Not found", "'it is no object'"),
        ("[]", "'it is no object'"),
        ("7", "'it is no object'"),
        ("", "'it is no object'"),
        ("---\n", "'it is no object'"),
    ] {
        let told = refused(text.as_bytes());
        assert!(
            told.contains(has) && told.contains(UNKNOWN),
            "{text}: {told}"
        );
        let error = decode(text.as_bytes(), None, None).unwrap_err();
        assert_eq!(
            error.faults()[0].position,
            Some(Position { line: 1, column: 1 })
        );
    }
    let html = refused(b"<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>");
    assert!(
        html.contains("a document type (DTD) is not allowed"),
        "{html}"
    );
    let html = refused(b"<html><body>404</body></html>");
    assert!(
        html.contains("the root element must be 'virtualizer'"),
        "{html}"
    );
}

#[test]
fn entities_and_bombs_are_refused() {
    let entity = "<?xml version='1.0'?><!DOCTYPE v [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\
                  <virtualizer><id>&x;</id></virtualizer>";
    assert!(refused(entity.as_bytes()).contains("(DTD) is not allowed"));
    let unknown = refused(b"<virtualizer><id>&x;</id></virtualizer>");
    assert!(unknown.contains("not well-formed XML"), "{unknown}");

    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let below = vec![format!("*a{}", level - 1); 8].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{below}]").unwrap();
    }
    assert!(refused(laughs.as_bytes()).contains("aliases unfolded"));
    // One large text many times, one large object many times, an object in itself.
    let text = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 20),
        "*a, ".repeat(1000)
    );
    assert!(refused(text.as_bytes()).contains("too large or too complex"));
    let names: String = (0..1000).map(|name| format!("n{name}: 1, ")).collect();
    let merged: String = (0..1000)
        .map(|name| format!("m{name}: {{<<: *a}}\n"))
        .collect();
    assert!(refused(format!("a: &a {{{names}}}\n{merged}").as_bytes()).contains("not YAML"));
    assert!(refused(b"a: &a [*a]\n").contains("not YAML"));
}

#[test]
fn deep_nesting_is_refused() {
    for depth in [200, 100_000] {
        let both =
            |open: &str, close: &str| format!("{}{}", open.repeat(depth), close.repeat(depth));
        for text in [
            both("<a>", "</a>"),
            format!("{{\"nodes\": {}}}", both("[", "]")),
            both("{\"a\":", "}"),
            format!("nodes: {}", both("[", "]")),
            format!("nodes: {}1", "- ".repeat(depth)),
            format!("{}1", "? ".repeat(depth)),
            (0..depth.min(3000)).fold(String::new(), |text, level| {
                text + &" ".repeat(level) + "a:\n"
            }),
        ] {
            refused(text.as_bytes());
        }
    }
}

#[test]
fn the_depth_that_is_left() {
    let nested = |open: &str, depth: usize, close: &str| {
        format!(
            "{{\"nodes\": {{}}, \"x\": {}{}}}",
            open.repeat(depth),
            close.repeat(depth)
        )
    };
    // The document itself is one.
    for (syntax, most) in [(Syntax::Json, 127), (Syntax::Yaml, 64)] {
        let read =
            |depth: usize| decode(nested("[", depth - 1, "]").as_bytes(), Some(syntax), None);
        assert!(read(most).is_ok());
        assert!(read(most + 1).is_err());
    }
    let xml = |depth: usize| {
        format!(
            "{}{}",
            "<virtualizer>".repeat(depth),
            "</virtualizer>".repeat(depth)
        )
    };
    assert!(decode(xml(64).as_bytes(), None, None).is_ok());
    assert!(decode(xml(65).as_bytes(), None, None).is_err());
}

#[test]
fn other_encodings_are_refused() {
    for text in ["<virtualizer/>", "{\"nodes\": {}}", "nodes: {}"] {
        let utf16: Vec<u16> = text.encode_utf16().collect();
        let big: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let little: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        let wrong = [
            marked(b"\xfe\xff", &big),
            marked(b"\xff\xfe", &little),
            big.clone(),
            little.clone(),
            // Latin-1.
            text.replace('n', "é")
                .chars()
                .map(|of| u8::try_from(of).unwrap())
                .collect(),
            marked(text.as_bytes(), b"\xff"),
            marked(text.as_bytes(), b"\0"),
        ];
        for bytes in wrong {
            if bytes != text.as_bytes() {
                refused(&bytes);
            }
        }
    }
    let told = refused(b"{\"nodes\": {},\n \"name\": \"\xe9\"}");
    assert_eq!(told, "line 2, column 11: the document is not UTF-8 text");
}

#[test]
fn what_is_cut_off_is_refused() {
    for text in [
        "<virtualizer><id>x</id></virtualizer>",
        "{\"nodes\": {\"node\": []}}",
        "\"nodes\": {\"node\": []}",
    ] {
        assert!(decode(text.as_bytes(), None, None).is_ok(), "{text}");
        // What is left of the YAML may be a text, which is no export.
        for end in 0..text.len() {
            refused(&text.as_bytes()[..end]);
        }
    }
}

#[test]
fn what_is_too_large_is_refused() {
    for text in ["<virtualizer/>", "{\"nodes\": {}}", "nodes: {}"] {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(MAX_BYTES, b'\n');
        assert!(decode(&bytes, None, None).is_ok(), "{text}");
        bytes.push(b'\n');
        assert!(
            refused(&bytes).contains("16777217 bytes; at most 16777216"),
            "{text}"
        );
    }
}

#[test]
fn every_part_of_a_report_has_its_place() {
    // A fault of each sort in YAML, and in the same as JSON.
    let yaml =
        "nodes:\n  node:\n    - id: AS1\n      resources:\n        cpu: many\n    - ports: {}\n";
    let told = |text: &str| -> Vec<String> {
        let error = decode(text.as_bytes(), None, None).unwrap_err();
        error
            .faults()
            .iter()
            .map(|fault| fault.to_string().chars().take(62).collect())
            .collect()
    };
    assert_eq!(
        told(yaml),
        [
            "line 5, column 14: /nodes/node/0/resources/cpu: 'many' is not ",
            "line 6, column 7: /nodes/node/1/id: the field is missing",
        ]
    );
    let document =
        json!({"nodes": {"node": [{"id": "AS1", "resources": {"cpu": "many"}}, {"ports": {}}]}});
    assert_eq!(
        told(&serde_json::to_string_pretty(&document).unwrap()),
        [
            "line 7, column 18: /nodes/node/0/resources/cpu: 'many' is not ",
            "line 10, column 7: /nodes/node/1/id: the field is missing",
        ]
    );
    let export = decode(
        b"nodes:\n  node:\n    - id: 1\n      metadata:\n      - key: unify-slor\n",
        None,
        None,
    );
    let warning = &export.unwrap().warnings[0];
    assert_eq!(
        (warning.line, warning.path.as_str()),
        (Some(5), "/nodes/node/0/metadata/0")
    );
}

/// What the readers look for, and things of every type.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let names = prop::sample::select(vec![
        "nodes",
        "node",
        "id",
        "links",
        "link",
        "ports",
        "port",
        "name",
        "node_infras",
        "node_saps",
        "edge_links",
        "src_node",
        "dst_node",
        "src_port",
        "dst_port",
        "sap",
        "property",
        "type",
        "resources",
        "cpu",
        "mem",
        "nf",
        "prefixes",
        "neighbours",
        "domain",
        "delay",
        "property-map",
        "pid:AS1",
        "meta",
        "supported",
        "delay_matrix",
        "topology",
        "edges",
        "networks",
        "network",
        "ietf-network:networks",
        "ietf-network:network",
        "network-id",
        "node-id",
        "nfv",
        "vnfd",
        "nsd",
        "tosca_definitions_version",
        "topology_template",
        "node_templates",
        "properties",
        "capabilities",
        "requirements",
        "metadata",
        "key",
        "value",
        "1",
        "",
        "a/b",
    ]);
    let texts = prop::sample::select(vec![
        "",
        "AS1",
        "AS2",
        "1",
        "3 ms",
        "many",
        "10.0.0.0/8",
        "n",
        "SAP1",
        "tosca_simple_yaml_1_3",
        "/nodes/node[id=AS1]/ports/port[id=1]",
        "inter-domain",
    ]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        texts.prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(7, 64, 6, move |inner| {
        let members = prop::collection::vec((names.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::from),
            members.prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_octets_get_an_answer(bytes in any::<Vec<u8>>(), syntax in 0..4_usize) {
        let syntax = [None, Some(Syntax::Xml), Some(Syntax::Json), Some(Syntax::Yaml)][syntax];
        let _ = decode(&bytes, syntax, None);
    }

    #[test]
    fn any_json_in_any_format_gets_an_answer_with_its_places(value in value(), format in 0..Format::ALL.len()) {
        let format = Format::ALL[format];
        let (text, syntax) = (value.to_string(), Some(Syntax::Json));
        match decode(text.as_bytes(), syntax, Some(format)) {
            Ok(export) => prop_assert!(export.warnings.iter().all(|warning| warning.line.is_some())),
            Err(error) if format.is_written_in(Syntax::Json) => {
                for fault in error.faults() {
                    prop_assert!(fault.position.is_some(), "{}: {}", fault, text);
                    prop_assert!(fault.path.is_empty() || fault.path.starts_with('/'), "{}", fault);
                }
            }
            Err(_) => {}
        }
    }
}
