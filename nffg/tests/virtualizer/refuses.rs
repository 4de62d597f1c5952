//! What is refused, and how it is told.

use super::*;

#[test]
fn every_fault_is_told_with_its_place() {
    let error = refused(
        "<virtualizer>\n<nodes>\n\
         <node><id>a</id>\n<resources><cpu>many</cpu><mem>5 apples</mem><storage>-1</storage></resources>\n\
         <ports><port><id>1</id></port>\n<port><id>1</id></port>\n<port/></ports></node>\n\
         <node><id>a</id></node>\n\
         <node><name>b</name><resources><cpu>5 GB</cpu></resources></node>\n\
         <node><id>c</id><ports><port><id>1</id>\n<sap>a&#9;b</sap></port></ports></node>\n\
         </nodes></virtualizer>",
    );
    let cpu = "a number that is not negative, perhaps with the unit cores, CPUs or vCPUs";
    let unit = "the unit may be left out, or be bytes: B, kB, MB, GB, TB, PB, EB, KiB, ...";
    let text = "1 to 256 bytes of text without control characters";
    assert_eq!(
        faults(&error),
        [
            (
                4,
                "/virtualizer/nodes/node[1]/resources/cpu",
                Some("many"),
                cpu
            ),
            (
                4,
                "/virtualizer/nodes/node[1]/resources/mem",
                Some("5 apples"),
                unit
            ),
            (
                4,
                "/virtualizer/nodes/node[1]/resources/storage",
                Some("-1"),
                "a finite number that is not negative"
            ),
            (
                6,
                "/virtualizer/nodes/node[1]/ports/port[2]",
                Some("1"),
                "another port of the node has the same id"
            ),
            (
                7,
                "/virtualizer/nodes/node[1]/ports/port[3]",
                None,
                "the port has no id"
            ),
            (
                8,
                "/virtualizer/nodes/node[2]",
                Some("a"),
                "another node has the same id"
            ),
            (9, "/virtualizer/nodes/node[3]", None, "the node has no id"),
            (
                9,
                "/virtualizer/nodes/node[3]/resources/cpu",
                Some("5 GB"),
                cpu
            ),
            (
                11,
                "/virtualizer/nodes/node[4]/ports/port/sap",
                Some("a\tb"),
                text
            ),
        ]
    );
    assert_eq!(error.total(), 9);
    let told = error.to_string();
    let first =
        "line 4, column 12: /virtualizer/nodes/node[1]/resources/cpu: 'many' is not allowed";
    assert!(told.starts_with(first), "{told}");
    assert!(told.ends_with("(and 8 more faults)"), "{told}");
}

#[test]
fn a_sap_or_type_that_is_no_name() {
    let long = "x".repeat(257);
    let error = refused(&document(&format!(
        "<ports><port><id>1</id><name>SAP{long}</name><port_type>port-sap</port_type></port></ports>\
         <capabilities><supported_NFs><node><type>{long}</type></node></supported_NFs></capabilities>"
    )));
    let paths: Vec<&str> = faults(&error).iter().map(|fault| fault.1).collect();
    let node = "/virtualizer/nodes/node";
    assert_eq!(
        paths,
        [
            format!("{node}/ports/port"),
            format!("{node}/capabilities/supported_NFs/node/type")
        ]
    );
    let value = error.faults()[0].value.as_deref().unwrap();
    assert!(value.len() < 100 && value.ends_with("..."), "{value}");
}

#[test]
fn what_is_no_virtualizer() {
    let cases = [
        ("", 1, "not well-formed XML: "),
        ("  \n", 2, "not well-formed XML: "),
        ("{\"nodes\": []}", 1, "not well-formed XML: "),
        ("<virtualizer>\n<nodes>", 2, "not well-formed XML: "),
        ("<virtualizer>\n</nodes>", 2, "not well-formed XML: "),
        (
            "<virtualizer>&nbsp;</virtualizer>",
            1,
            "not well-formed XML: ",
        ),
        ("<virtualizer/><virtualizer/>", 1, "not well-formed XML: "),
        (
            "<html><body>502 Bad Gateway</body></html>",
            1,
            "the root element must be 'virtualizer'",
        ),
        (
            "<!DOCTYPE html>\n<html/>",
            1,
            "a document type (DTD) is not allowed",
        ),
        (
            "<?xml version='1.0'?>\n<!DOCTYPE v [<!ENTITY a 'a'>]><virtualizer><id>&a;</id></virtualizer>",
            2,
            "a document type (DTD) is not allowed",
        ),
    ];
    for (text, line, rule) in cases {
        let error = refused(text);
        let told = faults(&error);
        assert!(told[0].3.starts_with(rule), "{text}: {error}");
        assert!(told[0].0 <= line, "{text}: {error}");
        assert_eq!(error.total(), 1);
    }
    let error = refused("<virtualizer>\n  <nodes>\n  </node>\n</virtualizer>");
    assert!(
        error
            .to_string()
            .starts_with("line 3, column 3: not well-formed XML"),
        "{error}"
    );
    assert!(
        !error.to_string().contains(" at 3:3"),
        "the place is told once: {error}"
    );
}

#[test]
fn what_is_not_utf_8() {
    let error = virtualizer::decode(b"<virtualizer>\n<id>\xff\xfe</id></virtualizer>").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2, column 5: the document is not UTF-8 text"
    );
    let utf_16: Vec<u8> = "<virtualizer/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(virtualizer::decode(&utf_16).is_err());
}

#[test]
fn what_is_too_large() {
    let mut large = document("").into_bytes();
    large.resize(nffg::MAX_BYTES + 1, b' ');
    let told = virtualizer::decode(&large).unwrap_err().to_string();
    assert!(
        told.contains("16777217 bytes; at most 16777216 are allowed"),
        "{told}"
    );
    large.pop();
    assert!(virtualizer::decode(&large).is_ok());

    let nodes = |count: usize| {
        let nodes: String = (0..count)
            .map(|n| format!("<node><id>{n}</id></node>"))
            .collect();
        format!("<virtualizer><nodes>{nodes}</nodes></virtualizer>")
    };
    assert_eq!(
        decode(&nodes(virtualizer::MAX_NODES)).nodes.len(),
        virtualizer::MAX_NODES
    );
    let told = refused(&nodes(virtualizer::MAX_NODES + 1)).to_string();
    assert!(
        told.contains("10001 nodes; at most 10000 are allowed"),
        "{told}"
    );

    let ports: String = (0..=virtualizer::MAX_PORTS)
        .map(|n| format!("<port><id>{n}</id></port>"))
        .collect();
    let told = refused(&document(&format!("<ports>{ports}</ports>"))).to_string();
    assert!(told.contains("more than 100000 ports"), "{told}");

    let links = "<link/>".repeat(virtualizer::MAX_LINKS + 1);
    let told = refused(&document(&format!("<links>{links}</links>"))).to_string();
    assert!(told.contains("more than 200000 links"), "{told}");

    let told = refused(&document(&"<a/>".repeat(1_000_000))).to_string();
    assert!(told.contains("more than 1000000 XML nodes"), "{told}");
}

/// Documents on which the parser alone would run for minutes, or out of stack. The bound is far
/// above what they take and far below what they would.
#[test]
fn what_would_take_too_long() {
    let nested = "<a>".repeat(200_000);
    let attributes: String = (0..300_000).map(|n| format!(" a{n}='/>'")).collect();
    let namespaces = "<a xmlns:b='c'>".repeat(60) + &"<a xmlns:d='e'/>".repeat(300_000);
    let doctype = format!("<!DOCTYPE virtualizer><a{attributes}/>");
    for text in [&nested, &format!("<a{attributes}/>"), &namespaces, &doctype] {
        assert_eq!(refused(text).total(), 1);
    }
    // Deep, well-formed and small enough for the guard alone to refuse.
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let told = refused(&format!("<virtualizer>{deep}</virtualizer>")).to_string();
    assert!(told.contains("nested at most 64 deep"), "{told}");
}

#[test]
fn more_than_a_hundred_faults_are_counted() {
    let error = refused(&format!(
        "<virtualizer><nodes>{}</nodes></virtualizer>",
        "<node/>".repeat(1234)
    ));
    assert_eq!(error.faults().len(), 100);
    assert_eq!(error.total(), 1234);
    assert!(
        error.to_string().ends_with("(and 1233 more faults)"),
        "{error}"
    );
}
