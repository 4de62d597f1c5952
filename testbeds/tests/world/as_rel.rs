//! CAIDA's AS relationships.

use proptest::prelude::*;
use testbeds::world::{Format, Limits, ParseError, Relationship, World, synthetic};

use crate::world;

fn parse(text: &[u8]) -> Result<World, ParseError> {
    Format::AsRelationships.parse(text, &Limits::default())
}

/// The lines of a text that is right, by the plainest means.
fn oracle(text: &str) -> Vec<(u32, u32, Relationship)> {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let link = |line: &str| {
        let fields: Vec<&str> = line.split('|').collect();
        let relationship = match fields[2] {
            "-1" => Relationship::ProviderOf,
            _ => Relationship::Peers,
        };
        (
            fields[0].parse().unwrap(),
            fields[1].parse().unwrap(),
            relationship,
        )
    };
    lines.map(link).collect()
}

fn links(world: &World) -> Vec<(u32, u32, Relationship)> {
    let asn = |node| world.asn(node).unwrap();
    let link = |link: testbeds::world::Link| (asn(link.a), asn(link.b), link.relationship.unwrap());
    world.links().map(link).collect()
}

#[test]
fn both_serials_are_read() {
    let serial1 = world("three.as-rel.txt");
    let expected = [
        (1, 2, Relationship::ProviderOf),
        (2, 3, Relationship::Peers),
    ];
    assert_eq!(links(&serial1), expected);
    let serial2 = world("four.as-rel2.txt");
    assert_eq!(
        links(&serial2),
        oracle(include_str!("files/four.as-rel2.txt"))
    );
    assert_eq!(serial2.node_count(), 5);
    let names: Vec<String> = serial2.nodes().map(|node| node.name.into_owned()).collect();
    assert_eq!(names[0], "AS64500");
    assert_eq!(names[4], "AS4200000000");
    assert_eq!(world("four.as-rel2.txt.bz2"), serial2);
}

#[test]
fn lines_may_end_in_other_ways() {
    for text in [
        "1|2|0",
        "1|2|0\n",
        "1|2|0\r\n",
        "\r\n#\r\n1|2|0|bgp\r\n",
        "1|2|0|mlp",
        "\n\n1|2|0|bgp",
    ] {
        assert_eq!(
            links(&parse(text.as_bytes()).unwrap()),
            [(1, 2, Relationship::Peers)],
            "{text:?}"
        );
    }
    assert_eq!(parse(b"").unwrap(), World::default());
    assert_eq!(parse(b"# nothing").unwrap().node_count(), 0);
}

#[test]
fn parallel_links_are_kept() {
    let world = parse(b"1|2|0|bgp\n2|1|0|mlp\n1|2|-1|bgp\n").unwrap();
    assert_eq!((world.node_count(), world.link_count()), (2, 3));
}

#[test]
fn what_breaks_a_rule_is_refused_with_line_field_value_and_rule() {
    let cases: [(&[u8], &str); 16] = [
        (
            b"1|2\n",
            "line 1: line is '1|2': 'AS|AS|relationship', with '|source' perhaps",
        ),
        (
            b"#\n1|2|0|bgp|x\n",
            "line 2: line is '1|2|0|bgp|x': 'AS|AS|relationship'",
        ),
        (b"1|2|0\nhello\n", "line 2: line is 'hello': "),
        (
            b"0|2|0\n",
            "line 1: first AS is '0': an AS number, 1 to 4294967295",
        ),
        (b"|2|0\n", "line 1: first AS is '': an AS number"),
        (b"1|2|0\n|3|0\n", "line 2: first AS is '': an AS number"),
        (
            b"1|4294967296|0\n",
            "line 1: second AS is '4294967296': an AS number",
        ),
        (
            b"1|99999999999999999999999|0\n",
            "line 1: second AS is '99999999999999999999999': an AS number",
        ),
        (b"1|-2|0\n", "line 1: second AS is '-2': an AS number"),
        (b"1| 2|0\n", "line 1: second AS is ' 2': an AS number"),
        (
            b"1|2|1\n",
            "line 1: relationship is '1': -1 (the first is a provider of the second) or 0 (peers)",
        ),
        (b"1|2|01\n", "line 1: relationship is '01': "),
        (b"1|2|-12|bgp\n", "line 1: relationship is '-12': "),
        (b"1|2|0|\n", "line 1: source is '': a word, as bgp or mlp"),
        (b"1|2|0|b gp\n", "line 1: source is 'b gp': a word"),
        (
            b"1|2|0\n1|3|-1\n7|7|0\n",
            "line 3: second AS is '7': another AS than the first",
        ),
    ];
    for (text, expected) in cases {
        let error = parse(text).unwrap_err().to_string();
        let text = text.escape_ascii();
        assert!(error.starts_with(expected), "{text}\n{error}\n{expected}");
    }
}

#[test]
fn what_is_written_reads_the_same() {
    let made = synthetic(7, 3000);
    let text = made.to_as_rel2().unwrap();
    let read = parse(text.as_bytes()).unwrap();
    assert_eq!(links(&read), links(&made));
    assert_eq!(read.to_as_rel2().unwrap(), text);
    assert_eq!(world("three.graph").to_as_rel2(), None);
}

fn line() -> impl Strategy<Value = String> {
    let asn = || {
        prop_oneof![
            1_u32..40,
            1_u32..,
            (1_u32 << 19) - 3..(1 << 19) + 3,
            Just(u32::MAX)
        ]
    };
    let source = prop_oneof![
        Just(""),
        Just("|bgp"),
        Just("|mlp"),
        Just("|bgp,mlp"),
        Just("|bgpx")
    ];
    let relationship = prop_oneof![Just("-1"), Just("0")];
    let link = (asn(), asn(), relationship, source)
        .prop_filter("a link has two ends", |(a, b, ..)| a != b)
        .prop_map(|(a, b, relationship, source)| format!("{a}|{b}|{relationship}{source}"));
    prop_oneof![8 => link, 1 => Just("# comment".to_owned()), 1 => Just(String::new())]
}

proptest! {
    #[test]
    fn the_fast_way_reads_what_the_plain_way_does(lines in prop::collection::vec(line(), 0..60)) {
        let text = lines.join("\n");
        let world = parse(text.as_bytes()).unwrap();
        prop_assert_eq!(links(&world), oracle(&text));
        let mut asns: Vec<u32> = (0..).map_while(|node| world.asn(node)).collect();
        asns.sort_unstable();
        let distinct = asns.len();
        asns.dedup();
        prop_assert_eq!(asns.len(), distinct, "each AS is one node");
    }

    /// Whatever stands in a line, an error names it and never another.
    #[test]
    fn a_bad_line_is_told_by_its_number(
        before in prop::collection::vec(line(), 0..9),
        bad in "[0-9|x#-]{1,12}",
        after in prop::collection::vec(line(), 0..9),
    ) {
        let text = [&before[..], &[bad][..], &after[..]].concat().join("\n");
        if let Err(error) = parse(text.as_bytes()) {
            let at = format!("line {}: ", before.len() + 1);
            prop_assert!(error.to_string().starts_with(&at), "{error}");
        }
    }
}
