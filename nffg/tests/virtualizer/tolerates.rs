//! What is tolerated, and the warning that tells it.

use super::*;

#[test]
fn a_doubled_element_of_which_the_first_is_read() {
    let view = decode(&document(
        "<resources><cpu>1</cpu>\n<cpu>2</cpu></resources>\n\
         <ports><port><id>1</id><port_type>port-abstract</port_type>\
         <port_type>port-sap</port_type></port></ports>\n<ports><port><id>2</id></port></ports>",
    ));
    assert_eq!(view.nodes[0].resources.cpu.unwrap().value(), 1.0);
    assert_eq!(saps(&view.nodes[0]), ["internal"]);
    let doubled = "the element is doubled; the first is read";
    assert_eq!(
        warnings(&view),
        [
            (Some(3), "/virtualizer/nodes/node/resources/cpu[2]", doubled),
            (
                Some(4),
                "/virtualizer/nodes/node/ports[1]/port/port_type[2]",
                doubled
            ),
            (Some(5), "/virtualizer/nodes/node/ports[2]", doubled),
        ]
    );
}

#[test]
fn links_that_lead_nowhere() {
    let link = |src: &str, dst: &str| format!("<link><src>{src}</src><dst>{dst}</dst></link>\n");
    let to = |port: &str| format!("../../../ports/port[id={port}]");
    let links = [
        link(&to("1"), &to("2")),
        link(&to("1"), &to("1")),
        link(&to("1"), &to("9")),
        link(
            "../../../NF_instances/node[id=nf]/ports/port[id=1]",
            &to("2"),
        ),
        link("/nodes/node[id=other]/ports/port[id=1]", &to("2")),
        "<link><src>x</src></link>\n<link/>".to_owned(),
    ];
    let view = decode(&document(&format!(
        "<ports><port><id>1</id></port><port><id>2</id></port></ports><links>{}</links>",
        links.concat()
    )));
    assert_eq!(view.nodes[0].links.len(), 1);
    let told = warnings(&view);
    let lines: Vec<u32> = told.iter().map(|(line, _, _)| line.unwrap()).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8]);
    let texts: Vec<&str> = told.iter().map(|(_, _, text)| *text).collect();
    assert_eq!(texts[0], "the link ends where it starts; it is left out");
    assert_eq!(
        texts[1],
        "'../../../ports/port[id=9]' is no port of this node; the link is left out"
    );
    assert!(texts[4].starts_with("'x' is no port"), "{texts:?}");
    assert_eq!(texts[5], "the link has no src; it is left out");
    let between = "<virtualizer><links><link><src>/nodes/node[id=a]/ports/port[id=1]</src>\
                   <dst>b</dst></link></links></virtualizer>";
    assert_eq!(decode(between).warnings.len(), 1);
}

#[test]
fn delays_and_bandwidths_that_are_no_numbers() {
    let view = decode(&document(
        "<ports><port><id>1</id><sap_data><resources><delay>soon</delay>\
         <bandwidth>1.55022416651e+16</bandwidth></resources></sap_data></port></ports>",
    ));
    let port = &view.nodes[0].ports[0];
    assert_eq!((port.delay, port.bandwidth), (None, None));
    let told = warnings(&view);
    assert_eq!(
        told[0].1,
        "/virtualizer/nodes/node/ports/port/sap_data/resources/delay"
    );
    assert!(
        told[0].2.starts_with("'soon' is left out: a number"),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
}

#[test]
fn nfs_that_lack_something() {
    let view = decode(&document(
        "<capabilities><supported_NFs><node><id>dpi</id></node><node><name>x</name></node>\
         </supported_NFs></capabilities><NF_instances><node><type>nat</type></node>\
         <node><id>nf1</id><resources><cpu>many</cpu></resources></node></NF_instances>",
    ));
    assert_eq!(supported(&view.nodes[0]), ["dpi"]);
    assert_eq!(view.nodes[0].running.len(), 1);
    assert_eq!(view.nodes[0].running[0].resources.cpu, None);
    assert_eq!(view.warnings.len(), 4);
}

#[test]
fn entries_that_a_diff_deletes() {
    let view = decode(
        "<virtualizer><nodes><node operation='delete'><id>a</id></node>\
         <node operation='create'><id>b</id></node></nodes></virtualizer>",
    );
    assert_eq!(view.nodes.len(), 1);
    assert_eq!(view.nodes[0].id.as_str(), "b");
    assert_eq!(warnings(&view)[0].1, "/virtualizer/nodes/node[1]");
}

#[test]
fn more_than_a_hundred_warnings_are_counted() {
    let ports: String = (0..150)
        .map(|n| format!("<port><id>{n}</id><name>a</name><name>b</name></port>"))
        .collect();
    let view = decode(&document(&format!("<ports>{ports}</ports>")));
    assert_eq!(view.nodes[0].ports.len(), 150);
    assert_eq!(view.warnings.len(), 101);
    assert_eq!(view.warnings[100].text, "50 more warnings");
}
