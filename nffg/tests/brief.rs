//! A domain in brief: what is read, what is tolerated, what is refused and how it is told, and the laws.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use nffg::export::{self, Expected, Export, Format, Parts};
use nffg::{
    BisBis, DocumentError, DomainId, Port, PortKind, ResourceView, RouterLink, Syntax, TopologyView,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn decode(text: &str) -> Result<Export, DocumentError> {
    let domain: DomainId = "AS1".parse().unwrap();
    let is_json = text.starts_with("{\"");
    let expected = Expected {
        syntax: Some(if is_json { Syntax::Json } else { Syntax::Yaml }),
        format: Some(Format::Brief),
        ..Expected::of(&domain)
    };
    export::decode(text.as_bytes(), expected)
}

/// What the document tells, and its warnings as line, path and text.
fn read(text: &str) -> (Parts, Vec<(u32, String, String)>) {
    let export = decode(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let warnings = export.warnings.into_iter();
    let warnings = warnings.map(|of| (of.line.unwrap(), of.path, of.text));
    (export.parts, warnings.collect())
}

fn parts(text: &str) -> Parts {
    let (parts, warnings) = read(text);
    assert_eq!(warnings, [], "{text}");
    parts
}

fn resources(text: &str) -> BisBis {
    let mut nodes = parts(text).resources.unwrap().nodes;
    assert_eq!(nodes.len(), 1);
    nodes.remove(0)
}

fn topology(text: &str) -> TopologyView {
    parts(text).topology.unwrap()
}

/// The faults as people read them.
fn refused(text: &str) -> Vec<String> {
    let error = decode(text).expect_err(text);
    error.faults().iter().map(ToString::to_string).collect()
}

fn quantities(node: &BisBis) -> [Option<String>; 3] {
    let of = node.resources;
    [of.cpu, of.mem, of.storage].map(|of| of.map(|of| of.to_string()))
}

fn ports(node: &BisBis) -> Vec<String> {
    let told = |port: &Port| match &port.kind {
        PortKind::Sap(sap) => format!("{} sap {sap}", port.id),
        PortKind::InterDomain(sap) => format!("{} inter-domain {sap}", port.id),
        PortKind::Internal => format!("{} internal", port.id),
    };
    node.ports.iter().map(told).collect()
}

fn supported(node: &BisBis) -> Vec<&str> {
    node.supported.iter().map(AsRef::as_ref).collect()
}

fn link(link: &RouterLink) -> String {
    let (src, dst) = (&link.src, &link.dst);
    let delay = link.delay.map(|delay| format!(" {delay}"));
    let bandwidth = link.bandwidth.map(|bandwidth| format!(" {bandwidth}"));
    format!(
        "{}/{} {}/{}{}{}",
        src.domain,
        src.router,
        dst.domain,
        dst.router,
        delay.unwrap_or_default(),
        bandwidth.unwrap_or_default()
    )
}

fn links(view: &TopologyView) -> Vec<String> {
    view.links.iter().map(link).collect()
}

fn routers(view: &TopologyView) -> Vec<String> {
    let nodes = view.nodes.iter();
    let nodes = nodes.map(|node| {
        let routers: Vec<&str> = node.routers.iter().map(AsRef::as_ref).collect();
        format!("{}: {}", node.domain, routers.join(" "))
    });
    nodes.collect()
}

fn prefixes(view: &TopologyView) -> Vec<String> {
    let prefixes = view.nodes[0].prefixes.iter();
    prefixes.map(ToString::to_string).collect()
}

#[test]
fn the_example() {
    let domain: DomainId = "AS1".parse().unwrap();
    let text = include_bytes!("../../docs/formats/examples/brief.yaml");
    // Nobody says what it is: it is known.
    let export = export::decode(text, Expected::of(&domain)).unwrap();
    assert_eq!(
        (export.format, export.syntax),
        (Format::Brief, Syntax::Yaml)
    );
    assert_eq!(export.warnings, []);
    let resources = export.parts.resources.unwrap();
    let node = &resources.nodes[0];
    assert_eq!((resources.nodes.len(), node.id.as_str()), (1, "AS1"));
    let told = ["50.0", "60.0 GB", "70.0 TB"].map(|of| Some(of.to_owned()));
    assert_eq!(quantities(node), told);
    assert_eq!(
        ports(node),
        ["SAP1 sap SAP1", "AS1-AS3 inter-domain AS1-AS3"]
    );
    assert_eq!(supported(node), ["NF1", "NF3"]);

    let view = export.parts.topology.unwrap();
    assert!(!view.silent_on_links);
    let own = &view.nodes[0];
    assert_eq!(own.domain, domain);
    assert_eq!(
        own.entry_point.as_deref(),
        Some("http://172.25.0.10:8888/escape")
    );
    assert_eq!(prefixes(&view), ["172.16.101.0/24", "2001:db8:1::/48"]);
    assert!(own.resources.is_empty(), "they are told as resources");
    assert_eq!(
        links(&view),
        [
            "AS1/AS1 AS2/AS2 3 ms 10 Gbit/s",
            "AS1/pe1 AS2/pe9 5 ms 600 Mbit/s",
            "AS1/AS1 AS3/AS3",
            "AS1/AS1 AS4/AS4",
        ]
    );
    assert_eq!(
        routers(&view),
        ["AS1: AS1 pe1", "AS2: AS2 pe9", "AS3: AS3", "AS4: AS4"]
    );
}

#[test]
fn the_example_of_a_property_map() {
    let domain: DomainId = "AS1".parse().unwrap();
    let text = include_bytes!("../../docs/formats/examples/brief.json");
    let export = export::decode(text, Expected::of(&domain)).unwrap();
    assert_eq!(
        (export.format, export.syntax),
        (Format::Brief, Syntax::Json)
    );
    assert_eq!(export.warnings, []);
    let node = &export.parts.resources.unwrap().nodes[0];
    let told = ["48.0", "512.0 GB", "40.0 TB"].map(|of| Some(of.to_owned()));
    assert_eq!(quantities(node), told);
    assert_eq!(ports(node), ["SAP1 sap SAP1", "SAP4 sap SAP4"]);
    assert_eq!(supported(node), ["firewall", "nat"]);
    let view = export.parts.topology.unwrap();
    assert_eq!(
        view.nodes[0].entry_point.as_deref(),
        Some("http://mdo.as1.example:8888/escape")
    );
    assert_eq!(links(&view), ["AS1/AS1 AS2/AS2 3 ms"]);
}

/// draft-brokermdo §5.5.1 and §5.5.2 write the same property as an array of one and as a string.
#[test]
fn draft_5_5_a_value_may_be_a_list_of_one_and_a_list_of_one_a_value() {
    let one =
        parts("{entry-point: http://a/, cpu: 2, mem: 3 GB, storage: '4', port: SAP1, nf: NF1}");
    let list = parts(
        "{entry-point: [http://a/], cpu: [2], mem: [3 GB], storage: ['4'], port: [SAP1], nf: [NF1]}",
    );
    assert_eq!(one, list);
    assert!(one.resources.is_some() && one.topology.is_some());
    for (text, told) in [
        (
            "cpu: [1, 2]",
            "line 1, column 1: /cpu: '[1,2]' is not allowed: one value is expected",
        ),
        (
            "mem: []",
            "line 1, column 1: /mem: '[]' is not allowed: one value is expected",
        ),
        (
            "entry-point: []",
            "line 1, column 1: /entry-point: '[]' is not allowed: one value is expected",
        ),
    ] {
        assert_eq!(refused(text), [told]);
    }
}

#[test]
fn draft_5_5_1_of_a_property_map_the_entry_of_the_exporting_domain_counts() {
    for key in ["pid:AS1", "networkmap.pid:AS1", "pid:0.0.0.1", "AS1"] {
        let map = json!({
            "meta": {"vtag": {"resource-id": "m", "tag": "t"}},
            // What is told of others is nobody's business here, right or wrong.
            "property-map": {"pid:AS2": {"cpu": "many", "colour": 1}, "ipv4:0.0.0.1": 7, key: {"cpu": ["5.0"]}},
            "prefixes": ["10.0.0.0/8"],
        });
        let parts = parts(&map.to_string());
        assert_eq!(
            quantities(&parts.resources.unwrap().nodes[0])[0].as_deref(),
            Some("5.0")
        );
        assert_eq!(prefixes(&parts.topology.unwrap()), ["10.0.0.0/8"]);
    }
    for (text, told) in [
        (
            "{property-map: {pid:AS2: {}, pid:AS3: {}}}",
            "line 1, column 2: /property-map: 'pid:AS2, pid:AS3' is not allowed: the exporting domain has no \
             entry, pid:AS1",
        ),
        (
            "{property-map: {pid:AS1: {}, AS1: {}}}",
            "line 1, column 17: /property-map/pid:AS1: 'pid:AS1' is not allowed: AS1 has an entry already",
        ),
        (
            "{property-map: {pid:AS1: {prefixes: []}}, cpu: 1}",
            "line 1, column 27: /property-map/pid:AS1/prefixes: 'prefixes' is not allowed: there is no such member; \
             there are entry-point, cpu, mem, storage, port, nf",
        ),
        (
            "{property-map: []}",
            "line 1, column 2: /property-map: '[]' is not allowed: an object is expected",
        ),
        (
            "{property-map: {pid:AS1: 5}}",
            "line 1, column 26: /property-map/pid:AS1: '5' is not allowed: an object is expected",
        ),
    ] {
        assert_eq!(refused(text)[0], told);
    }
    let told = refused("{property-map: {pid:AS1: {}}, cpu: 1}");
    assert!(
        told[0].ends_with("there are property-map, meta, prefixes, neighbours, neighbors, windows"),
        "{told:?}"
    );
}

#[test]
fn what_is_not_told_is_not_made_up() {
    let null = "entry-point:\ncpu: ~\nport: null\nprefixes:\nneighbours:\n";
    for text in ["{}", null] {
        assert_eq!(parts(text), Parts::default());
    }
    let only_resources = parts("nf: [NF2]");
    assert_eq!(only_resources.topology, None);
    let node = resources("nf: [NF2]");
    assert_eq!(quantities(&node), [None, None, None]);
    assert_eq!(ports(&node), Vec::<String>::new());
    for text in [
        "entry-point: http://a/",
        "prefixes: [10.0.0.0/8]",
        "neighbours: [AS2]",
    ] {
        assert_eq!(parts(text).resources, None::<ResourceView>, "{text}");
    }
}

#[test]
fn only_who_tells_neighbours_speaks_of_links() {
    for text in [
        "entry-point: http://a/",
        "prefixes: [10.0.0.0/8]",
        "{prefixes: [], neighbours: null}",
    ] {
        let view = topology(text);
        assert!(view.silent_on_links, "{text}");
        assert_eq!(routers(&view), ["AS1: "]);
    }
    let none = topology("neighbours: []");
    assert!(!none.silent_on_links);
    assert_eq!(none.links, []);
}

#[test]
fn neighbours_in_every_spelling() {
    let view = topology(
        "neighbours: [AS2, 3, 0.0.0.121, {domain: op-x, router: 10.0.0.1, remote-router: 7}]",
    );
    assert_eq!(
        links(&view),
        [
            "AS1/AS1 AS2/AS2",
            "AS1/AS1 AS3/AS3",
            "AS1/AS1 AS121/AS121",
            "AS1/10.0.0.1 op-x/7"
        ]
    );
    assert_eq!(topology("neighbors: [AS2]"), topology("neighbours: [AS2]"));
    assert_eq!(
        topology("neighbours: AS2"),
        topology("neighbours: [{domain: AS2}]")
    );
    assert_eq!(
        topology("neighbours: {domain: AS2}"),
        topology("neighbours: [AS2]")
    );
}

#[test]
fn two_domains_in_brief_name_the_link_between_them_alike() {
    let told = |domain: &str, neighbour: &str| {
        let text = format!("neighbours: [{{domain: {neighbour}, delay: 3}}]");
        let domain: DomainId = domain.parse().unwrap();
        let export = export::decode(text.as_bytes(), Expected::of(&domain)).unwrap();
        export.parts.topology.unwrap().links.remove(0)
    };
    let (there, back) = (told("AS1", "AS2"), told("0.0.0.2", "as1"));
    assert_eq!((&there.src, &there.dst), (&back.dst, &back.src));
}

#[test]
fn delays_are_in_milliseconds_and_bandwidths_in_mbit() {
    let told = |delay: &str, bandwidth: &str| {
        let view = topology(&format!(
            "neighbours: [{{domain: AS2, delay: {delay}, bandwidth: {bandwidth}}}]"
        ));
        let link = &view.links[0];
        (
            link.delay.unwrap().as_nanos(),
            link.bandwidth.unwrap().bits_per_second(),
        )
    };
    assert_eq!(told("3 ms", "10 Gbit/s"), (3_000_000, 10_000_000_000));
    assert_eq!(told("3", "10"), (3_000_000, 10_000_000));
    assert_eq!(told("0.25", "'2.5'"), (250_000, 2_500_000));
    assert_eq!(told("250us", "1 GB/s"), (250_000, 8_000_000_000));
}

/// In the units of delay and bandwidth; a loss is in percent.
#[test]
fn what_else_is_measured_of_a_link() {
    let of = |members: &str| {
        let text = format!("neighbours: [{{domain: AS2, {members}}}]");
        topology(&text).links.remove(0)
    };
    let nanos = |nanos| Some(nffg::Delay::from_nanos(nanos));
    let mbits = |mbits: u64| Some(nffg::Bandwidth::from_bits_per_second(mbits * 1_000_000));
    let link = of(
        "delay: 3, delay-min: 2.5 ms, delay-max: 4, delay-variation: 250us, loss: 0.1 %, bandwidth: 1 Gbit/s, \
         residual-bandwidth: 800, available-bandwidth: 300 Mbit/s",
    );
    let expected = nffg::Measured {
        delay_min: nanos(2_500_000),
        delay_max: nanos(4_000_000),
        delay_variation: nanos(250_000),
        loss: Some(nffg::Loss::from_billionths(1_000_000)),
        residual_bandwidth: mbits(800),
        available_bandwidth: mbits(300),
    };
    assert_eq!(*link.performance, expected);
    // What paths and placements count with.
    assert_eq!((link.delay, link.bandwidth), (nanos(3_000_000), mbits(300)));
    let link = of("bandwidth: 1000, residual-bandwidth: 800, delay-min: 2");
    assert_eq!((link.delay, link.bandwidth), (nanos(2_000_000), mbits(800)));
    assert_eq!(of("loss: 0").performance.loss, Some(nffg::Loss::default()));
    let none = of("loss: ~, delay-max: null");
    assert!(none.performance.is_empty());
    for (members, place, rule) in [
        (
            "loss: 101",
            "loss: '101'",
            "a number of percent from 0 to 100, bare or with %",
        ),
        (
            "loss: some",
            "loss: 'some'",
            "a number of percent from 0 to 100, bare or with %",
        ),
        (
            "delay-min: soon",
            "delay-min: 'soon'",
            "a number that is not negative",
        ),
        (
            "available-bandwidth: -1",
            "available-bandwidth: '-1'",
            "a number that is not negative",
        ),
        (
            "delay-min: 3, delay-max: 2 ms",
            "delay-min: '3'",
            "at most 'delay-max'",
        ),
        (
            "delay: 2, delay-min: 3",
            "delay-min: '3'",
            "at most 'delay'",
        ),
        (
            "delay: 4 ms, delay-max: 3",
            "delay-max: '3'",
            "at least 'delay'",
        ),
        (
            "available-bandwidth: 3, residual-bandwidth: 2",
            "available-bandwidth: '3'",
            "at most 'residual-bandwidth', of which it is a part (RFC 7471 §4.6.3)",
        ),
    ] {
        let told = refused(&format!("neighbours: [{{domain: AS2, {members}}}]"));
        let expected = format!("/neighbours/0/{place} is not allowed: {rule}");
        assert!(told.len() == 1 && told[0].contains(&expected), "{told:?}");
    }
    // All faults of an entry are told.
    let told =
        refused("neighbours: [{domain: AS2, loss: [], delay-max: x, residual-bandwidth: y}]");
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn links_are_in_shared_risk_link_groups() {
    let of = |srlg: &str| {
        let text = format!("neighbours: [{{domain: AS2, srlg: {srlg}}}, AS3]");
        let view = topology(&text);
        let groups = view.links.iter().map(|link| link.srlgs.as_slice().to_vec());
        groups.collect::<Vec<_>>()
    };
    assert_eq!(of("[200, 100, 200]"), [vec![100, 200], vec![]]);
    assert_eq!(of("7"), [vec![7], vec![]]);
    assert_eq!(of("['7', 4294967295]"), [vec![7, u32::MAX], vec![]]);
    let none: &[Vec<u32>] = &[Vec::new(), Vec::new()];
    assert_eq!(of("~"), none);
    for (wrong, place) in [
        ("-1", "/neighbours/0/srlg: '-1'"),
        ("[1, 4294967296]", "/neighbours/0/srlg/1: '4294967296'"),
        ("duct", "/neighbours/0/srlg: 'duct'"),
        ("[1.5]", "/neighbours/0/srlg/0: '1.5'"),
    ] {
        let told = refused(&format!("neighbours: [{{domain: AS2, srlg: {wrong}}}]"));
        let rule = "is not allowed: a number from 0 to 4294967295 (RFC 4202 §2.3)";
        assert!(told[0].contains(&format!("{place} {rule}")), "{told:?}");
    }
    let many: Vec<String> = (0..=1000).map(|n| n.to_string()).collect();
    let told = refused(&format!(
        "neighbours: [{{domain: AS2, srlg: [{}]}}]",
        many.join(", ")
    ));
    assert!(
        told[0].contains("at most 1000 entries are allowed here"),
        "{told:?}"
    );
}

#[test]
fn a_neighbours_sap_is_a_border_port() {
    let node = resources(
        "neighbours: [{domain: AS2, sap: X, delay: 3, bandwidth: 10}, {domain: AS3, sap: 7}]",
    );
    assert_eq!(ports(&node), ["X inter-domain X", "7 inter-domain 7"]);
    assert_eq!(node.ports[0].delay.unwrap().as_nanos(), 3_000_000);
    assert_eq!(
        node.ports[0].bandwidth.unwrap().bits_per_second(),
        10_000_000
    );
    assert_eq!(node.ports[1].delay, None);

    let (parts, warnings) = read("port: [X, Y]\nneighbours:\n  - domain: AS2\n    sap: X\n");
    assert_eq!(
        ports(&parts.resources.unwrap().nodes[0]),
        ["X inter-domain X", "Y sap Y"]
    );
    let text = "X is among the ports too; it is read as a border, not as a SAP";
    assert_eq!(warnings, [(3, "/neighbours/0".to_owned(), text.to_owned())]);

    assert_eq!(
        refused("neighbours: [{domain: AS2, sap: X}, {domain: AS2, sap: X}]"),
        [
            "line 1, column 56: /neighbours/1/sap: 'X' is not allowed: another neighbour has the same sap"
        ]
    );
}

#[test]
fn what_is_tolerated() {
    let (parts, warnings) =
        read("port: [A, B, A]\nnf: [x, x]\nprefixes: [10.1.2.3/8, 10.0.0.0/8, '::/0']\n");
    let node = &parts.resources.unwrap().nodes[0];
    assert_eq!(ports(node), ["A sap A", "B sap B"]);
    assert_eq!(supported(node), ["x"]);
    assert_eq!(prefixes(&parts.topology.unwrap()), ["10.0.0.0/8", "::/0"]);
    let told = [
        (
            1,
            "/port/2".to_owned(),
            "the port A is told before".to_owned(),
        ),
        (
            3,
            "/prefixes/0".to_owned(),
            "10.1.2.3/8 has host bits; 10.0.0.0/8 is read".to_owned(),
        ),
    ];
    assert_eq!(warnings, told);
}

/// A misspelt member is told, not lost.
#[test]
fn members_of_other_names_are_faults() {
    let told = refused("cpu: 4\nneigbours: [AS2]\nCPU: 5\n");
    assert_eq!(
        told,
        [
            "line 2, column 1: /neigbours: 'neigbours' is not allowed: there is no such member; there are \
             entry-point, cpu, mem, storage, port, nf, prefixes, neighbours, neighbors, windows",
            "line 3, column 6: /CPU: 'CPU' is not allowed: there is no such member; there are entry-point, cpu, \
             mem, storage, port, nf, prefixes, neighbours, neighbors, windows",
        ]
    );
    let told = refused("neighbours:\n  - domain: AS2\n    latency: 3\n");
    assert_eq!(
        told,
        [
            "line 3, column 14: /neighbours/0/latency: 'latency' is not allowed: there is no such member; there are \
          domain, delay, bandwidth, srlg, router, remote-router, sap, delay-min, delay-max, delay-variation, loss, \
          residual-bandwidth, available-bandwidth"
        ]
    );
    let told = refused("neighbours: [AS2]\nneighbors: [AS3]\n");
    assert!(
        told[0].ends_with("neighbours are told already, under their other name"),
        "{told:?}"
    );
}

#[test]
fn every_fault_is_told_with_its_place() {
    let text = "entry-point: 5
cpu: many
mem: 5 apples
storage: {a: 1}
port: [SAP1, '', 1.10]
nf:
  - {type: nat}
  - true
prefixes: [10.0.0.1, 7]
neighbours:
  - delay: soon
    bandwidth: []
  - domain: AS1
  - 1.10
  - domain: a.b
    router: ''
    remote-router: {}
";
    let error = decode(text).unwrap_err();
    let told = error.faults().iter().map(|fault| {
        let at = fault.position.unwrap();
        format!("{}:{} {}", at.line, at.column, fault.path)
    });
    let told: Vec<String> = told.collect();
    assert_eq!(
        told,
        [
            "1:14 /entry-point",
            "2:6 /cpu",
            "3:6 /mem",
            "4:1 /storage",
            "5:14 /port/1",
            "5:18 /port/2",
            "7:5 /nf/0",
            "8:5 /nf/1",
            "9:12 /prefixes/0",
            "9:22 /prefixes/1",
            // There is no domain: told at its entry.
            "11:5 /neighbours/0/domain",
            "11:12 /neighbours/0/delay",
            "12:5 /neighbours/0/bandwidth",
            "13:13 /neighbours/1/domain",
            "14:5 /neighbours/2",
            "15:13 /neighbours/3/domain",
            "16:13 /neighbours/3/router",
            "17:5 /neighbours/3/remote-router",
        ]
    );
    assert_eq!(error.faults()[13].rule, "a neighbour is another domain");
    let rule = "a text is expected: one that looks like a number is quoted";
    assert_eq!(error.faults()[14].rule, rule);
}

#[test]
fn what_is_no_object_or_too_much() {
    for text in ["", "[]", "7", "AS1"] {
        let told = refused(text);
        assert!(told[0].ends_with("an object is expected"), "{told:?}");
    }
    let many = json!({"port": vec!["SAP"; nffg::brief::MAX_ENTRIES + 1]}).to_string();
    assert_eq!(
        refused(&many),
        [
            "line 1, column 2: /port: '100001' is not allowed: at most 100000 entries are allowed here"
        ]
    );
}

/// Telling a fault must not cost a walk through the document.
#[test]
fn very_many_faults_take_no_longer_than_reading() {
    let many = |value: Value| Value::from(vec![value; 50_000]);
    let mut document = json!({"port": many(json!({})), "nf": many(json!([])), "prefixes": many(json!(1)),
        "neighbours": many(json!({"colour": 1}))});
    let members = document.as_object_mut().unwrap();
    members.extend((0..50_000).map(|number| (format!("member{number}"), json!(1))));
    assert_eq!(decode(&document.to_string()).unwrap_err().total(), 300_000);
}

fn entry() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![Just(Value::Null), "[a-z]{1,4}".prop_map(Value::from)];
    let delay = prop_oneof![
        Just(Value::Null),
        (0..1000_u32).prop_map(|of| json!(format!("{of} us")))
    ];
    let bandwidth = prop_oneof![Just(Value::Null), (0..1000_u32).prop_map(Value::from)];
    (2..9_u32, text(), text(), delay, bandwidth).prop_map(
        |(domain, router, remote, delay, bandwidth)| {
            json!({"domain": domain, "router": router, "remote-router": remote, "delay": delay,
            "bandwidth": bandwidth})
        },
    )
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_neighbour_is_a_link_and_every_end_a_router(entries in prop::collection::vec(entry(), 0..8)) {
        let view = topology(&json!({"neighbours": entries}).to_string());
        prop_assert_eq!(view.links.len(), entries.len());
        for (link, entry) in view.links.iter().zip(&entries) {
            prop_assert_eq!(link.src.domain.as_str(), "AS1");
            prop_assert_eq!(link.dst.domain.asn().map(u64::from), entry["domain"].as_u64());
            let named = |end: &nffg::RouterRef, name: &str| {
                end.router.as_str() == entry[name].as_str().unwrap_or(end.domain.as_str())
            };
            prop_assert!(named(&link.src, "router") && named(&link.dst, "remote-router"));
            prop_assert_eq!(link.delay.is_some(), !entry["delay"].is_null());
            prop_assert_eq!(link.bandwidth.is_some(), !entry["bandwidth"].is_null());
            for end in [&link.src, &link.dst] {
                let mut nodes = view.nodes.iter().filter(|node| node.domain == end.domain);
                let routers = &nodes.next().unwrap().routers;
                prop_assert!(nodes.next().is_none());
                prop_assert_eq!(routers.iter().filter(|router| **router == end.router).count(), 1);
            }
        }
    }

    /// JSON and YAML of the same members say the same.
    #[test]
    fn json_is_yaml(entries in prop::collection::vec(entry(), 0..4), cpu in 0..64_u32) {
        let document = json!({"cpu": cpu, "neighbours": entries});
        let json = decode(&document.to_string()).unwrap();
        let yaml = decode(&format!("# brief\n{document}\n")).unwrap();
        prop_assert_eq!((json.syntax, yaml.syntax), (Syntax::Json, Syntax::Yaml));
        prop_assert_eq!(json.parts, yaml.parts);
    }
}
