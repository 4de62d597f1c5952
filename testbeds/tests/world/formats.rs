//! GraphML, REPETITA, SNDlib and edge lists: what is taken, and what is refused with which words.

use nffg::{Bandwidth, Delay};
use testbeds::world::{Format, Limits, Link, ParseError, World, delay_over};

use crate::world;

fn parse(format: Format, text: &str) -> Result<World, ParseError> {
    format.parse(text.as_bytes(), &Limits::default())
}

fn names(world: &World) -> Vec<String> {
    world.nodes().map(|node| node.name.into_owned()).collect()
}

/// A link in short: ends, whether it is one way, delays in whole microseconds, bandwidths in Mbit/s.
type Short = (u32, u32, bool, [Option<u64>; 2], [Option<u64>; 2]);

fn links(world: &World) -> Vec<Short> {
    let short = |link: Link| {
        let micros = |delay: Option<Delay>| delay.map(|of| of.as_nanos() / 1000);
        let megabits = |of: Option<Bandwidth>| of.map(|of| of.bits_per_second() / 1_000_000);
        let delays = [link.delay_there, link.delay_back].map(micros);
        let bandwidths = [link.bandwidth_there, link.bandwidth_back].map(megabits);
        (link.a, link.b, link.one_way, delays, bandwidths)
    };
    world.links().map(short).collect()
}

/// From Vienna to Graz it is 144 km.
const TO_GRAZ: [Option<u64>; 2] = [Some(722), Some(722)];

#[test]
fn graphml_of_the_topology_zoo() {
    let world = world("three.graphml");
    assert_eq!(names(&world), ["Vienna", "Graz", "?"]);
    let vienna = world.node(0).unwrap().position.unwrap();
    assert_eq!(
        (vienna.latitude(), vienna.longitude()),
        (48.20849, 16.37208)
    );
    assert_eq!(world.node(2).unwrap().position, None);
    // Parallel edges are kept, one from a node to itself is not.
    let expected = [
        (0, 1, false, TO_GRAZ, [Some(10_000); 2]),
        (0, 1, false, TO_GRAZ, [None; 2]),
        (1, 2, false, [None; 2], [Some(155); 2]),
    ];
    assert_eq!(links(&world), expected);
    let graz = world.node(1).unwrap().position.unwrap();
    assert_eq!(
        world.link(0).unwrap().delay_there,
        Some(delay_over(vienna, graz))
    );
}

#[test]
fn graphml_with_directed_edges() {
    let world = world("directed.graphml");
    assert_eq!(names(&world), ["a", "b", "c"]);
    let expected = [
        (0, 1, false, [None; 2], [Some(1), Some(2)]),
        (1, 2, false, [None; 2], [None; 2]),
        (2, 0, true, [None; 2], [None; 2]),
    ];
    assert_eq!(links(&world), expected);
}

#[test]
fn repetita_with_directions_paired() {
    let world = world("three.graph");
    assert_eq!(names(&world), ["0_Vienna", "1_Graz", "2_?"]);
    assert!(world.node(1).unwrap().position.is_some());
    assert_eq!(world.node(2).unwrap().position, None, "0 0 is no place");
    let expected = [
        (0, 1, false, [Some(712), Some(713)], [Some(1000); 2]),
        (1, 2, true, [Some(1), None], [Some(2000), None]),
        (
            0,
            1,
            false,
            [Some(900), Some(901)],
            [Some(3000), Some(4000)],
        ),
    ];
    assert_eq!(links(&world), expected);
}

#[test]
fn sndlib_with_capacities() {
    let world = world("three.sndlib.txt");
    assert_eq!(names(&world), ["Vienna", "Graz", "Linz"]);
    let expected = [
        (0, 1, false, TO_GRAZ, [Some(155); 2]),
        (1, 2, false, [None; 2], [Some(622); 2]),
        (2, 0, false, [None; 2], [None; 2]),
    ];
    assert_eq!(links(&world), expected);
}

const SNDLIB: &str = "?SNDlib native format; type: network; version: 1.0\n";

#[test]
fn sndlib_without_a_unit_has_no_bandwidth_and_plane_coordinates_are_no_places() {
    let text =
        format!("{SNDLIB}NODES ( a ( 1 2 ) b ( 300 20 ) )\nLINKS ( l ( a b ) 7 0 0 0 ( 40 1 ) )\n");
    let world = parse(Format::SndLib, &text).unwrap();
    assert_eq!(links(&world), [(0, 1, false, [None; 2], [None; 2])]);
    assert_eq!(world.node(0).unwrap().position, None);
}

#[test]
fn edge_lists_with_and_without_names() {
    let world = world("four.edges");
    assert_eq!(names(&world), ["Aarnet", "Biznet", "Iinet", "Quest"]);
    assert_eq!(links(&world)[0], (0, 1, false, [Some(2088); 2], [None; 2]));
    assert_eq!(world.link_count(), 4);
    let world = parse(Format::EdgeList, "2 1\n0 1 5\n").unwrap();
    assert_eq!(names(&world), ["n0", "n1"]);
}

/// A text, and what the error says.
#[test]
fn what_breaks_a_rule_is_refused_with_line_field_value_and_rule() {
    let graphml = |inside: &str| format!("<graphml>\n{inside}\n</graphml>");
    let graph = |inside: &str| graphml(&format!("<graph>\n<node id='a'/>{inside}</graph>"));
    let key = "<key id='y' for='node' attr.name='Latitude'/><key id='x' for='node' attr.name='Longitude'/>";
    let at = |y: &str, x: &str| {
        let data = format!("<data key='y'>{y}</data><data key='x'>{x}</data>");
        graphml(&format!("{key}<graph><node id='a'>{data}</node></graph>"))
    };
    let namespaces: String = (0..65).map(|n| format!("<a xmlns:n{n}='u{n}'/>")).collect();
    let attributes: String = (0..65).map(|n| format!(" a{n}='1'")).collect();
    let repetita = |nodes: &str, edges: &str| {
        format!(
            "NODES 2\nlabel x y\na 1 2\n{nodes}\n\nEDGES 1\nlabel src dest weight bw delay\n{edges}\n"
        )
    };
    let edge = |edge: &str| repetita("b 3 4", edge);
    let sndlib = |links: &str| format!("{SNDLIB}NODES ( a\nb )\nLINKS (\n{links}\n)\n");
    let cases: Vec<(Format, String, &str)> = vec![
        (
            Format::GraphMl,
            "<graphml><a></graphml>".into(),
            "line 1, column 13: not well-formed XML: expected 'a' tag, not 'graphml'",
        ),
        (
            Format::GraphMl,
            "<gexf/>".into(),
            "line 1: root element is 'gexf': the root element of GraphML, 'graphml'",
        ),
        (
            Format::GraphMl,
            graphml(""),
            "line 1: graphml is '': an element 'graph' must be in it",
        ),
        (
            Format::GraphMl,
            "<!DOCTYPE graphml><graphml/>".into(),
            "line 1, column 1: not well-formed XML: ",
        ),
        (
            Format::GraphMl,
            graphml(&namespaces),
            "line 2: element is 'a xmlns:n64='u64'/': a document may declare at most 64 namespaces",
        ),
        (
            Format::GraphMl,
            format!("<graphml{attributes}/>"),
            "line 1: element is 'graphml a0=",
        ),
        (
            Format::GraphMl,
            graph("\n<node id='a'/>"),
            "line 4: id is 'a': a node may be told once",
        ),
        (
            Format::GraphMl,
            graph("<node/>"),
            "line 3: id is '': this attribute must be there",
        ),
        (
            Format::GraphMl,
            graph("<edge source='a' target='b'/>"),
            "line 3: target is 'b': the id of a node of the graph",
        ),
        (
            Format::GraphMl,
            graph("<edge source='a' target='a' directed='yes'/>"),
            "line 3: directed is 'yes': true or false",
        ),
        (
            Format::GraphMl,
            graphml("<graph edgedefault='mixed'/>"),
            "line 2: edgedefault is 'mixed': directed or undirected",
        ),
        (
            Format::GraphMl,
            at("north", "1"),
            "line 2: Latitude is 'north': degrees",
        ),
        (
            Format::GraphMl,
            at("91", "1"),
            "line 2: Latitude and Longitude is '91 1': degrees",
        ),
        (
            Format::GraphMl,
            graphml(
                "<key id='s' for='edge' attr.name='LinkSpeedRaw'/><graph><node id='a'/><edge source='a' target='a'>\n<data key='s'>fast</data></edge></graph>",
            ),
            "line 3: LinkSpeedRaw is 'fast': a number",
        ),
        (
            Format::Repetita,
            "NODES x\n".into(),
            "line 1: NODES is 'x': 'NODES' and their number",
        ),
        (
            Format::Repetita,
            "EDGES 1\n".into(),
            "line 1: NODES is 'EDGES': 'NODES' and their number",
        ),
        (
            Format::Repetita,
            "NODES 2\nlabel x y\n\na 1 2\n".into(),
            "line 5: node is '': 'label x y', as often as told",
        ),
        (
            Format::Repetita,
            repetita("b 181 4", ""),
            "line 4: position is '181 4': degrees",
        ),
        (
            Format::Repetita,
            repetita("b east 4", ""),
            "line 4: longitude is 'east': degrees",
        ),
        (
            Format::Repetita,
            repetita("b c 3 4", ""),
            "line 4: node is 'b c 3 4': 'label x y', as often as told",
        ),
        (
            Format::Repetita,
            edge("e 0 2 1 1 1"),
            "line 8: dest is '2': the number of a node",
        ),
        (
            Format::Repetita,
            edge("e -1 1 1 1 1"),
            "line 8: src is '-1': the number of a node",
        ),
        (
            Format::Repetita,
            edge("e 0 1 x 1 1"),
            "line 8: weight is 'x': a number",
        ),
        (
            Format::Repetita,
            edge("e 0 1 1 -1 1"),
            "line 8: bw is '-1': a number",
        ),
        (
            Format::Repetita,
            edge("e 0 1 1 1 1e99"),
            "line 8: delay is '1e99': a number",
        ),
        (
            Format::Repetita,
            edge("e 0 1 1 1 1\ne 1 0 1 1 1"),
            "line 9: edge is 'e 1 0 1 1 1': no more edges than told",
        ),
        (
            Format::Repetita,
            "\u{feff}NODES 99999999\n".into(),
            "line 1: more than 1000000 nodes",
        ),
        (
            Format::SndLib,
            "?SNDlib native format; type: solution\n".into(),
            "line 1: first line is '?SNDlib native format; type: solution': ",
        ),
        (
            Format::SndLib,
            format!("{SNDLIB}NODES a"),
            "line 2: section is 'a': '(' must come here",
        ),
        (
            Format::SndLib,
            format!("{SNDLIB}META (\nunit = X"),
            "line 3: META is 'unit': ')' must come here",
        ),
        (
            Format::SndLib,
            format!("{SNDLIB}DEMANDS (\n( )"),
            "line 3: section is '': ')' must end the section",
        ),
        (
            Format::SndLib,
            format!("{SNDLIB}NODES ( a\na )"),
            "line 3: node is 'a': a node may be listed once",
        ),
        (
            Format::SndLib,
            format!("{SNDLIB}NODES ( a\n( 1 north ) )"),
            "line 2: latitude is 'north': a number",
        ),
        (
            Format::SndLib,
            format!("{SNDLIB}NODES ( a"),
            "line 2: node is '': a name, or ')' at the section's end",
        ),
        (
            Format::SndLib,
            sndlib("l ( a c ) 0 0 0 0 ( )"),
            "line 5: target is 'c': the name of a node of the NODES section before",
        ),
        (
            Format::SndLib,
            sndlib("l ( a b ) -1 0 0 0 ( )"),
            "line 5: pre-installed capacity is '-1': a number that is not negative",
        ),
        (
            Format::SndLib,
            sndlib("l ( a b ) 1 0 0 ( )"),
            "line 5: setup cost is '(': a word, before the section ends",
        ),
        (
            Format::SndLib,
            sndlib("l ( a b ) 1 0 0 0 ( 5 )"),
            "line 5: module cost is ')': a word, before the section ends",
        ),
        (
            Format::EdgeList,
            "2\n".into(),
            "line 1: first line is '2': the number of nodes and of links",
        ),
        (
            Format::EdgeList,
            "2 1\n0 2 1".into(),
            "line 2: b is '2': the number of a node",
        ),
        (
            Format::EdgeList,
            "2 1\n0 1 -1".into(),
            "line 2: delay is '-1': a number",
        ),
        (
            Format::EdgeList,
            "2 1\n".into(),
            "line 2: link is '': 'a b delay', as often as told",
        ),
        (
            Format::EdgeList,
            "2 0\n0 1 1".into(),
            "line 2: link is '0 1 1': no more links than told",
        ),
        (
            Format::EdgeList,
            "2 9999999\n".into(),
            "line 1: more than 6000000 links",
        ),
    ];
    for (format, text, expected) in cases {
        let error = parse(format, &text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}\n{error}\n{expected}");
    }
}

#[test]
fn what_is_no_text_is_refused_where_it_stops_being_one() {
    for format in [
        Format::GraphMl,
        Format::Repetita,
        Format::SndLib,
        Format::EdgeList,
    ] {
        let error = format.parse(b"ab\nc\xff", &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "line 2: text is '\\xff': UTF-8");
    }
}

#[test]
fn limits_hold_in_every_format() {
    let files: [(Format, &[u8]); 5] = [
        (
            Format::AsRelationships,
            include_bytes!("files/four.as-rel2.txt"),
        ),
        (Format::EdgeList, include_bytes!("files/four.edges")),
        (Format::GraphMl, include_bytes!("files/directed.graphml")),
        (Format::Repetita, include_bytes!("files/three.graph")),
        (Format::SndLib, include_bytes!("files/three.sndlib.txt")),
    ];
    for (format, content) in files {
        let within = |nodes, links| {
            let limits = Limits {
                nodes,
                links,
                ..Limits::default()
            };
            format.parse(content, &limits).map_err(|error| match error {
                ParseError::TooMany { what, limit, .. } => (what, limit),
                other => panic!("{format}: {other}"),
            })
        };
        assert_eq!(within(2, 9).unwrap_err(), ("nodes", 2), "{format}");
        assert_eq!(within(9, 2).unwrap_err(), ("links", 2), "{format}");
        assert!(within(9, 9).is_ok(), "{format}");
    }
}
