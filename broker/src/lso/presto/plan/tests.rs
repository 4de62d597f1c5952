use nffg::virtualizer::deploy::encode_edit;
use nffg::virtualizer::edit::apply;
use nffg::virtualizer::{decode, deploy::flow_entries};
use nffg::{Bandwidth, NodeId};

use super::*;

/// Two nodes, `west` with SAP1 and the tag T1, `east` with T2 and T3; links both ways between them.
const VIEW: &str = r"<virtualizer><nodes>
  <node><id>west</id><type>BiSBiS</type><ports>
    <port><id>w1</id><name>SAP1</name><port_type>port-sap</port_type></port>
    <port><id>w2</id><port_type>port-sap</port_type><sap>T1</sap></port>
    <port><id>w3</id><port_type>port-abstract</port_type></port></ports>
    <links><link><id>x</id><src>../../../ports/port[id=w2]</src><dst>../../../ports/port[id=w3]</dst>
      <resources><delay>1</delay></resources></link></links>
    <resources><cpu>4</cpu></resources>
    <capabilities><supported_NFs><node><id>NF</id><type>NF</type></node></supported_NFs></capabilities>
  </node>
  <node><id>east</id><type>BiSBiS</type><ports>
    <port><id>e1</id><port_type>port-abstract</port_type></port>
    <port><id>e2</id><port_type>port-sap</port_type><sap>T2</sap></port>
    <port><id>e3</id><port_type>port-sap</port_type><sap>T3</sap></port></ports>
    <links><link><id>y</id><src>../../../ports/port[id=e1]</src><dst>../../../ports/port[id=e2]</dst>
      <resources><delay>2</delay></resources></link></links>
    <resources><cpu>8</cpu></resources>
    <capabilities><supported_NFs><node><id>NF</id><type>NF</type></node><node><id>DPI</id><type>DPI</type></node></supported_NFs></capabilities>
  </node></nodes>
  <links>
    <link><id>l</id><src>/nodes/node[id=west]/ports/port[id=w3]</src><dst>/nodes/node[id=east]/ports/port[id=e1]</dst>
      <resources><delay>5</delay></resources></link>
    <link><id>m</id><src>/nodes/node[id=east]/ports/port[id=e1]</src><dst>/nodes/node[id=west]/ports/port[id=w3]</dst></link>
  </links></virtualizer>";

fn seen(text: &str) -> Seen {
    Seen {
        view: decode(text.as_bytes()).unwrap(),
        flows: flow_entries(text.as_bytes()).unwrap(),
    }
}

fn service(id: &str) -> ServiceId {
    ServiceId(id.to_owned())
}

fn border(neighbour: &str, label: &str) -> Point {
    Point::Border(Border {
        neighbour: neighbour.parse().unwrap(),
        router: None,
        neighbour_router: None,
        label: label.to_owned(),
    })
}

fn function(id: &str, nf_type: &str, cpu: &str) -> Function {
    Function {
        id: id.parse::<NodeId>().unwrap(),
        nf_type: nf_type.parse().unwrap(),
        resources: Resources {
            cpu: Some(cpu.parse().unwrap()),
            ..Resources::default()
        },
    }
}

fn flow(link: &str, from: Point, to: Point) -> Flow {
    Flow {
        link: link.to_owned(),
        from,
        to,
        bandwidth: Some(Bandwidth::from_bits_per_second(1_000_000)),
        max_delay: Some(Delay::from_nanos(9_000_000)),
    }
}

fn to_function(id: &str) -> Point {
    Point::Function(id.parse().unwrap())
}

fn segment(functions: Vec<Function>, flows: Vec<Flow>) -> Segment {
    Segment {
        domain: "AS5".parse().unwrap(),
        functions,
        flows,
    }
}

fn borders() -> Borders {
    let pairs = [("AS1", "T1"), ("AS2", "T2"), ("AS3", "e3")];
    pairs
        .map(|(of, port)| (of.to_owned(), port.to_owned()))
        .into()
}

fn plan(at: &Seen, segment: &Segment, active: bool) -> Result<Wanted, String> {
    wanted(at, &service("s1"), segment, active, &borders())
}

/// The document after the service does this.
fn after(text: &str, of: &str, segment: Option<&Segment>, active: bool) -> String {
    let (at, of) = (seen(text), service(of));
    let to = segment.map(|segment| wanted(&at, &of, segment, active, &borders()).unwrap());
    let edit = edit(&at, &of, &to.unwrap_or_default());
    if edit.is_empty() {
        return text.to_owned();
    }
    apply(text.as_bytes(), encode_edit(&edit).as_bytes()).unwrap()
}

#[test]
fn a_transit_flow_passes_the_nodes_with_a_tag_of_its_own() {
    let transit = segment(
        vec![],
        vec![flow("7", border("AS1", "in"), border("AS2", "out"))],
    );
    let wanted = plan(&seen(VIEW), &transit, true).unwrap();
    let told = |(node, entry): &(BisBisId, FlowEntry)| {
        let end = |end: &FlowEnd| match end {
            FlowEnd::Port(port) => port.to_string(),
            other => format!("{other:?}"),
        };
        format!(
            "{node} {} {} {} -> {} {}",
            entry.id,
            end(&entry.port),
            entry.matches.as_deref().unwrap_or("-"),
            end(&entry.out),
            entry.action.as_deref().unwrap_or("-")
        )
    };
    let own = part("sof:s1:flow:0");
    let entries: Vec<String> = wanted.flows.iter().map(told).collect();
    assert_eq!(
        entries,
        [
            format!("west sof:s1:flow:0.0:7 w2 dl_tag=in -> w3 push_tag:{own}"),
            format!("east sof:s1:flow:0.1:7 e1 dl_tag={own} -> e2 push_tag:out"),
        ]
    );
    // 1 across west, 5 between them, 2 across east.
    assert_eq!(
        delays(&transit, &wanted),
        (Some(Delay::from_nanos(8_000_000)), vec![])
    );
    let mut hasty = transit.clone();
    hasty.flows[0].max_delay = Some(Delay::from_nanos(7_999_999));
    assert_eq!(delays(&hasty, &wanted).1, ["7"]);
}

#[test]
fn nfs_go_where_their_type_is_and_most_is_left_and_stay_there() {
    let both = segment(
        vec![
            function("A", "NF", "3"),
            function("B", "NF", "6"),
            function("C", "DPI", "1"),
        ],
        vec![],
    );
    let first = plan(&seen(VIEW), &both, false).unwrap();
    let hosts = |wanted: &Wanted| -> Vec<String> {
        wanted
            .nfs
            .iter()
            .map(|(node, nf)| format!("{node} {}", nf.id))
            .collect()
    };
    let expected = ["east sof:s1:nf:A", "west sof:s1:nf:B", "east sof:s1:nf:C"];
    // 6 does not fit anywhere: the orchestrator is asked all the same, where the least is lacking.
    assert_eq!(hosts(&first)[0], expected[0]);
    let one = segment(vec![function("A", "NF", "3")], vec![]);
    let text = after(VIEW, "s1", Some(&one), false);
    // Another service fills east; A stays there.
    let text = after(
        &text,
        "other",
        Some(&segment(vec![function("X", "DPI", "5")], vec![])),
        false,
    );
    let again = plan(&seen(&text), &one, false).unwrap();
    assert_eq!(hosts(&again), expected[..1]);
    assert!(edit(&seen(&text), &service("s1"), &again).is_empty());
    let next = wanted(&seen(&text), &service("s2"), &one, false, &borders()).unwrap();
    assert_eq!(hosts(&next), ["west sof:s2:nf:A"]);
}

#[test]
fn the_document_comes_to_what_is_wanted_and_back() {
    let chain = segment(
        vec![function("A", "NF", "1"), function("B", "DPI", "1")],
        vec![
            flow("1", Point::Sap("SAP1".parse().unwrap()), to_function("A")),
            flow("2", to_function("A"), to_function("B")),
            flow(
                "3",
                to_function("B"),
                border("AS3", "a label ] / with marks"),
            ),
        ],
    );
    let other = segment(
        vec![],
        vec![flow("1", border("AS2", "x"), border("AS3", "y"))],
    );
    let beside = after(VIEW, "s10", Some(&other), true);
    let count = |text: &str| {
        let at = seen(text);
        let nfs: usize = at.view.nodes.iter().map(|node| node.running.len()).sum();
        (nfs, at.flows.values().map(Vec::len).sum::<usize>())
    };
    assert_eq!(count(&beside), (0, 1));
    let provisioned = after(&beside, "s1", Some(&chain), false);
    assert_eq!(count(&provisioned), (2, 1));
    let active = after(&provisioned, "s1", Some(&chain), true);
    let same = after(&active, "s1", Some(&chain), true);
    assert_eq!(active, same);
    assert!(count(&active).1 >= 4);
    // Another bandwidth, one function more.
    let mut more = chain.clone();
    more.functions.push(function("D", "NF", "2"));
    more.flows[0].bandwidth = None;
    let changed = after(&active, "s1", Some(&more), true);
    assert_eq!(count(&changed), (3, count(&active).1));
    // Down again; the other one's stays.
    let deactivated = after(&changed, "s1", Some(&chain), false);
    assert_eq!(count(&deactivated), (2, 1));
    let gone = after(&deactivated, "s1", None, false);
    assert_eq!(seen(&gone).flows, seen(&beside).flows);
    assert_eq!(count(&after(&gone, "s10", None, true)), (0, 0));
}

#[test]
fn what_cannot_be_is_told_in_words() {
    let at = seen(VIEW);
    let sap = || Point::Sap("SAP1".parse().unwrap());
    let case =
        |functions, from, to| plan(&at, &segment(functions, vec![flow("1", from, to)]), true);
    for (refused, why) in [
        (
            case(vec![], border("AS9", "x"), sap()),
            "it is not known which port leads to AS9",
        ),
        (
            case(vec![], Point::Sap("SAP9".parse().unwrap()), sap()),
            "no service access point 'SAP9'",
        ),
        (
            case(vec![], to_function("A"), sap()),
            "no function 'A' is hosted here",
        ),
        (
            case(vec![function("A", "FW", "1")], to_function("A"), sap()),
            "no node supports NF type 'FW'",
        ),
    ] {
        let error = refused.unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let parted = VIEW.replace(
        "<id>l</id><src>/nodes/node[id=west]/ports/port[id=w3]</src>",
        "<id>l</id><src>/nodes/node[id=east]/ports/port[id=e3]</src>",
    );
    let transit = segment(
        vec![],
        vec![flow("1", border("AS1", "x"), border("AS2", "y"))],
    );
    assert_eq!(
        plan(&seen(&parted), &transit, true).unwrap_err(),
        "no links lead from node 'west' to node 'east'"
    );
    // The one border of a domain needs no name.
    let lone = VIEW
        .replace("<sap>T2</sap>", "")
        .replace("<sap>T3</sap>", "");
    let transit = segment(vec![], vec![flow("1", border("AS9", "x"), sap())]);
    plan(&seen(&lone), &transit, true).unwrap();
}

#[test]
fn ids_of_one_service_are_not_taken_for_anothers() {
    assert_eq!(prefix(&service("a")), "sof:a:");
    let odd = service("a:nf");
    assert!(!prefix(&odd).starts_with("sof:a:") && prefix(&odd).len() < 40);
    assert_ne!(prefix(&odd), prefix(&service("a]nf")));
    assert_ne!(part(""), "");
}
