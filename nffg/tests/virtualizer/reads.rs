//! What is read, clause by clause.

use super::*;

#[test]
fn numbers_with_and_without_units() {
    for (text, cpu, mem, storage) in [
        (
            "<cpu>2</cpu><mem>51200</mem><storage>1e3</storage>",
            "2.0",
            "51200.0",
            "1000.0",
        ),
        (
            "<cpu>100</cpu><mem>100Gbyte</mem><storage>100Tbyte</storage>",
            "100.0",
            "100.0 GB",
            "100.0 TB",
        ),
        (
            "<cpu> 4 vCPU</cpu><mem>32 GB</mem><storage>\n\t15 TB </storage>",
            "4.0",
            "32.0 GB",
            "15.0 TB",
        ),
        (
            "<cpu>0.5</cpu><mem>200GByte</mem><storage>1 KiB</storage>",
            "0.5",
            "200.0 GB",
            "1.024 kB",
        ),
    ] {
        let resources = node(&format!("<resources>{text}</resources>")).resources;
        let read = [resources.cpu, resources.mem, resources.storage]
            .map(|quantity| quantity.unwrap().to_string());
        assert_eq!(read, [cpu, mem, storage], "{text}");
    }
    let absent = node("<resources><cpu>1</cpu><mem/><storage> </storage></resources>").resources;
    assert_eq!(
        (absent.mem, absent.storage),
        (None, None),
        "what is not told is not zero"
    );
    assert!(node("").resources.is_empty());
}

#[test]
fn saps_are_named_as_escape_names_them() {
    for (port, expected) in [
        (
            "<id>1</id><port_type>port-sap</port_type><sap>SAP14</sap>",
            "inter-domain SAP14",
        ),
        (
            "<id>1</id><port_type>port-abstract</port_type><sap> SAP14 </sap>",
            "inter-domain SAP14",
        ),
        ("<id>1</id><sap>INTERNET</sap>", "inter-domain INTERNET"),
        (
            "<id>SAP1</id><name>SAP2</name><port_type>port-sap</port_type>",
            "sap SAP1",
        ),
        (
            "<id>1</id><name>SAP:Berlin</name><port_type>port-sap</port_type>",
            "sap Berlin",
        ),
        (
            "<id>1</id><name>SAP54</name><port_type>port-sap</port_type><sap/>",
            "sap SAP54",
        ),
        (
            "<id>p1</id><name>uplink</name><port_type>Port-SAP</port_type>",
            "sap p1",
        ),
        (
            "<id>p1</id><name>SAP:</name><port_type>port-sap</port_type>",
            "sap p1",
        ),
        ("<id>p1</id><port_type> port-sap\n</port_type>", "sap p1"),
        (
            "<id>SAP1</id><name>SAP1</name><port_type>port-abstract</port_type>",
            "internal",
        ),
        (
            "<id>SAP1</id><port_type>public-ports</port_type>",
            "internal",
        ),
        ("<id>SAP1</id>", "internal"),
    ] {
        let node = node(&format!("<ports><port>{port}</port></ports>"));
        assert_eq!(sap(&node.ports[0]), expected, "{port}");
    }
}

#[test]
fn delays_are_in_milliseconds_and_bandwidths_in_mbit() {
    for (delay, bandwidth, nanos, bits) in [
        ("3 ms", "100 MB/s", 3_000_000, 800_000_000),
        ("0.2", "1120000.0", 200_000, 1_120_000_000_000),
        ("250us", "10Gbit/s", 250_000, 10_000_000_000),
    ] {
        let node = node(&format!(
            "<ports><port><id>1</id><sap_data><resources><delay>{delay}</delay>\
             <bandwidth>{bandwidth}</bandwidth><cost>10</cost></resources></sap_data></port></ports>"
        ));
        let port = &node.ports[0];
        assert_eq!(port.delay.unwrap().as_nanos(), nanos);
        assert_eq!(port.bandwidth.unwrap().bits_per_second(), bits);
    }
}

#[test]
fn nf_types_are_sorted_and_each_told_once() {
    let node = node(
        "<capabilities><supported_NFs><node><id>b</id><type>nat</type></node>\
         <node><id>a</id><type>nat</type></node><node><id>c</id><type>dpi</type></node>\
         </supported_NFs></capabilities>\
         <NF_instances><node><id>nf1</id><type>nat</type><resources><cpu>1</cpu></resources></node>\
         </NF_instances>",
    );
    assert_eq!(supported(&node), ["dpi", "nat"]);
    assert_eq!(node.running[0].id, "nf1");
    assert_eq!(node.running[0].resources.cpu.unwrap().value(), 1.0);
}

#[test]
fn node_types_are_compared_without_case() {
    for (text, read) in [
        ("BisBis", "BiSBiS"),
        (" bisbis ", "BiSBiS"),
        ("Sdn-Switch", "SDN-SWITCH"),
        ("FW", "FW"),
    ] {
        assert_eq!(
            node(&format!("<type>{text}</type>")).node_type.as_deref(),
            Some(read)
        );
    }
    assert_eq!(node("").node_type, None);
}

#[test]
fn texts_in_pieces_and_namespaces() {
    let view = decode(
        "\u{feff}<?xml version='1.0' encoding='UTF-8'?><!-- dump -->\
         <v:virtualizer xmlns:v='urn:unify:virtualizer'><v:id>a<!-- b -->&amp;<![CDATA[<c>]]></v:id>\
         <v:nodes><v:node><v:id>\n\tn1\n</v:id></v:node></v:nodes></v:virtualizer>",
    );
    assert_eq!(view.id.as_deref(), Some("a&<c>"));
    assert_eq!(view.nodes[0].id.as_str(), "n1");
}

#[test]
fn links_across_a_node_and_between_nodes() {
    let view = decode(
        "<virtualizer><nodes>\
         <node><id>a</id><ports><port><id>1</id></port><port><id>2</id></port></ports><links>\
           <link><id>l</id><src>../../../ports/port[id=1]</src><dst>../../../ports/port[id=2]</dst>\
             <resources><delay>1.5</delay></resources></link>\
           <link><src>/virtualizer/nodes/node[id=a]/ports/port[id=2]</src>\
             <dst>../../../ports/port[id=1]</dst></link></links></node>\
         <node><id>b@x/y</id><ports><port><id>eth0/1</id></port></ports></node>\
         </nodes><links><link><id>m</id><src> ../../../nodes/node[id=a]/ports/port[id=1]</src>\
         <dst>../../../nodes/node[id=b@x/y]/ports/port[id=eth0/1]</dst>\
         <resources><bandwidth>10</bandwidth></resources></link></links></virtualizer>",
    );
    assert_eq!(view.warnings, []);
    let inner = &view.nodes[0].links;
    assert_eq!(
        (inner[0].src.port.as_str(), inner[0].dst.port.as_str()),
        ("1", "2")
    );
    assert_eq!(inner[0].delay.unwrap().as_nanos(), 1_500_000);
    assert_eq!(
        (inner[1].id.as_deref(), inner[1].src.port.as_str()),
        (None, "2")
    );
    let outer = &view.links[0];
    assert_eq!(
        (outer.dst.node.as_str(), outer.dst.port.as_str()),
        ("b@x/y", "eth0/1")
    );
    assert_eq!(outer.bandwidth.unwrap().bits_per_second(), 10_000_000);
}

#[test]
fn a_view_without_nodes_is_empty() {
    for text in [
        "<virtualizer/>",
        "<virtualizer><nodes/><version>1</version></virtualizer>",
    ] {
        assert_eq!(decode(text), ResourceView::default());
    }
}
