//! Delay, bandwidth and prefixes.

use serde_json::{Value, json};

use crate::{measures, network, networks, node, prefixes, read, te_link, with};

/// Delay in microseconds and bandwidth in bit/s of a link with these attributes, and the warnings' places
/// below it.
fn link(attributes: Value) -> ((Option<f64>, Option<u64>), Vec<String>) {
    let nodes = [node("a"), node("b")];
    let links = [te_link("l", "a", "b", attributes)];
    let (view, warnings) = read(&networks(&[network("AS1", &nodes, &links)]));
    let base = "/ietf-network:networks/network/0/ietf-network-topology:link/0/ietf-te-topology:te/te-link-attributes/";
    let places = warnings
        .iter()
        .map(|(path, _)| path.strip_prefix(base).unwrap().to_owned());
    (measures(&view.nodes[0].links[0]), places.collect())
}

/// The same of what has nothing odd.
fn clean(attributes: Value) -> (Option<f64>, Option<u64>) {
    let (told, places) = link(attributes);
    assert_eq!(places, [""; 0]);
    told
}

fn bandwidth(text: &str) -> Value {
    json!({"te-bandwidth": {"generic": text}})
}

fn metrics(members: Value) -> Value {
    json!({"ietf-te-topology-packet:performance-metrics-one-way": members})
}

#[test]
fn rfc7471_4_1_delays_are_in_microseconds() {
    assert_eq!(clean(json!({})), (None, None));
    assert_eq!(clean(json!({"te-delay-metric": 3000})).0, Some(3000.0));
    assert_eq!(clean(json!({"te-delay-metric": "3000"})).0, Some(3000.0));
    assert_eq!(clean(metrics(json!({"one-way-delay": 99}))).0, Some(99.0));
    let both = with(metrics(json!({"one-way-delay": 99})), |told| {
        told["te-delay-metric"] = json!(3000);
    });
    assert_eq!(clean(both).0, Some(99.0), "what was measured comes first");
    let bare = json!({"performance-metrics-one-way": {"one-way-delay": 99}});
    assert_eq!(clean(bare).0, Some(99.0));
    let others = json!({"te-default-metric": 5, "te-igp-metric": 6, "te-nsrlgs": {}});
    assert_eq!(clean(others), (None, None), "numbers without a unit");
}

#[test]
fn rfc3630_2_5_6_bandwidths_are_in_bytes_per_second() {
    for (text, bits) in [
        ("0x1p10", 8192),
        ("0x1.2a05f2p+30", 10_000_000_000),
        ("0x4a817c80", 10_000_000_000),
        ("1250000000", 10_000_000_000),
    ] {
        let told = clean(json!({"max-link-bandwidth": bandwidth(text)}));
        assert_eq!(told.1, Some(bits), "{text}");
    }
    let scalar = json!({"max-link-bandwidth": "1250000"});
    assert_eq!(clean(scalar).1, Some(10_000_000), "a draft before RFC 8795");
    let number = json!({"max-link-bandwidth": {"te-bandwidth": {"generic": 2}}});
    assert_eq!(clean(number).1, Some(16));
}

#[test]
fn the_bandwidth_is_available_else_residual_else_reservable_else_all_else_unreserved() {
    let priority =
        |priority: u8, text: &str| with(bandwidth(text), |told| told["priority"] = json!(priority));
    let mut told = json!({
        "performance-metrics-one-way": {
            "one-way-available-bandwidth": "1", "one-way-residual-bandwidth": "2",
            "one-way-utilized-bandwidth": "9",
        },
        "max-resv-link-bandwidth": bandwidth("3"),
        "max-link-bandwidth": bandwidth("4"),
        "unreserved-bandwidth": [priority(0, "7"), priority(7, "5")],
    });
    assert_eq!(clean(told.clone()).1, Some(8));
    // The model's default, which a server may report.
    told["performance-metrics-one-way"]["one-way-available-bandwidth"] = json!("0x0p0");
    assert_eq!(clean(told.clone()).1, Some(16));
    told["performance-metrics-one-way"] = json!(null);
    assert_eq!(clean(told.clone()).1, Some(24));
    told["max-resv-link-bandwidth"] = json!(null);
    assert_eq!(clean(told.clone()).1, Some(32));
    told["max-link-bandwidth"] = json!(null);
    assert_eq!(clean(told.clone()).1, Some(40), "the least");
    told["max-link-bandwidth"] = bandwidth("0x0p0");
    assert_eq!(clean(told).1, Some(0), "here nothing is nothing");
}

#[test]
fn rfc8776_what_else_is_measured_in_one_direction() {
    let measured = |attributes: Value| {
        let nodes = [node("a"), node("b")];
        let links = [te_link("l", "a", "b", attributes)];
        let (view, warnings) = read(&networks(&[network("AS1", &nodes, &links)]));
        let link = view.nodes[0].links[0].clone();
        (*link.performance, link, warnings.len())
    };
    let (told, link, warnings) = measured(metrics(json!({
        "one-way-min-delay": 90, "one-way-max-delay": 130, "one-way-delay-variation": 7,
        "one-way-packet-loss": "0.000003", "one-way-residual-bandwidth": "0x1p10",
        "one-way-available-bandwidth": "0x1p9", "one-way-delay-normality": "normal",
        "one-way-utilized-bandwidth": "0x1p9",
    })));
    let micros = |micros: u64| Some(nffg::Delay::from_nanos(micros * 1000));
    let bits = |bits| Some(nffg::Bandwidth::from_bits_per_second(bits));
    let expected = nffg::Measured {
        delay_min: micros(90),
        delay_max: micros(130),
        delay_variation: micros(7),
        loss: Some(nffg::Loss::from_billionths(30)),
        residual_bandwidth: bits(8192),
        available_bandwidth: bits(4096),
    };
    assert_eq!((told, warnings), (expected, 0));
    assert_eq!((link.delay, link.bandwidth), (micros(90), bits(4096)));
    // The model's default is no measure.
    let unmeasured =
        json!({"one-way-residual-bandwidth": "0x0p0", "one-way-available-bandwidth": "0x0p0"});
    let (told, link, warnings) = measured(metrics(unmeasured));
    assert_eq!(
        (told, link.bandwidth, warnings),
        (nffg::Measured::default(), None, 0)
    );
    let wrong = json!({"one-way-packet-loss": 101, "one-way-min-delay": "soon"});
    let (told, _, warnings) = measured(metrics(wrong));
    assert_eq!((told, warnings), (nffg::Measured::default(), 2));
}

#[test]
fn a_bandwidth_of_another_kind_says_nothing() {
    let odu =
        json!({"te-bandwidth": {"ietf-otn-topology:otn": {"odu-type": "ietf-layer1-types:ODU4"}}});
    let told = clean(json!({"max-link-bandwidth": odu, "unreserved-bandwidth": [odu]}));
    assert_eq!(told, (None, None));
}

#[test]
fn values_that_are_none_are_left_out() {
    let (told, places) = link(json!({
        "performance-metrics-one-way": {"one-way-delay": "soon", "one-way-available-bandwidth": "much"},
        "te-delay-metric": 7,
        "max-resv-link-bandwidth": bandwidth("0,2,3,1"),
        "max-link-bandwidth": [],
        "unreserved-bandwidth": [bandwidth("x"), bandwidth("2")],
    }));
    assert_eq!(told, (Some(7.0), Some(16)));
    let expected = [
        "max-link-bandwidth",
        "max-resv-link-bandwidth/te-bandwidth/generic",
        "performance-metrics-one-way/one-way-available-bandwidth",
        "performance-metrics-one-way/one-way-delay",
        "unreserved-bandwidth/0/te-bandwidth/generic",
    ];
    assert_eq!(places, expected);
    let (told, places) = link(json!({
        "performance-metrics-one-way": 1, "te-delay-metric": -1,
        "unreserved-bandwidth": vec![bandwidth("2"); 9],
    }));
    assert_eq!(told, (None, None));
    assert_eq!(places.len(), 3, "{places:?}");
}

#[test]
fn rfc8346_prefixes_of_nodes_are_those_of_their_domain() {
    let with_prefixes = |id: &str, list: Value| {
        with(node(id), |node| {
            node["ietf-l3-unicast-topology:l3-node-attributes"] = json!({ "prefix": list });
        })
    };
    let first = with_prefixes(
        "a",
        json!([{"prefix": "10.0.0.0/8", "metric": 1}, {"prefix": "2001:db8::/32"}]),
    );
    let second = with_prefixes("b", json!(["10.0.0.0/8", "192.0.2.0/24"]));
    let third = with_prefixes("c", json!([{"prefix": "10.0.0.0/8"}]));
    let document = networks(&[
        network("AS1", &[first, second], &[]),
        network("AS2", &[third], &[]),
    ]);
    let view = crate::clean(&document);
    assert_eq!(
        prefixes(&view.nodes[0]),
        ["10.0.0.0/8", "2001:db8::/32", "192.0.2.0/24"]
    );
    assert_eq!(prefixes(&view.nodes[1]), ["10.0.0.0/8"]);

    let list = json!([{"prefix": "10.1.2.3/8"}, {"prefix": "10.0.0.1"}, {"metric": 3}, 7, {"prefix": "10.0.0.0/8"}]);
    let at = |index: usize| {
        format!(
            "/ietf-network:networks/network/0/node/0/ietf-l3-unicast-topology:l3-node-attributes/prefix/{index}"
        )
    };
    let places = [at(0), at(1) + "/prefix", at(2) + "/prefix", at(3)];
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let document = networks(&[network("AS1", &[with_prefixes("a", list)], &[])]);
    let (view, texts) = crate::odd(&document, &places);
    assert_eq!(prefixes(&view.nodes[0]), ["10.0.0.0/8"]);
    assert_eq!(texts[0], "10.1.2.3/8 has host bits; 10.0.0.0/8 is read");
    assert_eq!(texts[2], "the field is missing; it is left out");
}

#[test]
fn rfc8795_te_srlgs_are_the_groups_of_a_link() {
    let groups = |attributes: Value| {
        let nodes = [node("a"), node("b")];
        let links = [te_link("l", "a", "b", attributes)];
        let (view, warnings) = read(&networks(&[network("AS1", &nodes, &links)]));
        let told = view.nodes[0].links[0].srlgs.as_slice().to_vec();
        (told, warnings.len())
    };
    let told = |list: Value| json!({"te-srlgs": {"value": list}});
    assert_eq!(groups(told(json!([200, 100, 200]))), (vec![100, 200], 0));
    assert_eq!(groups(told(json!(["7"]))), (vec![7], 0));
    assert_eq!(
        groups(told(json!([4_294_967_295_u32]))),
        (vec![u32::MAX], 0)
    );
    assert_eq!(groups(json!({})), (vec![], 0));
    // Groups that it must not share are none of its own.
    assert_eq!(groups(json!({"te-nsrlgs": {"id": [5]}})), (vec![], 0));
    for wrong in [
        json!([4_294_967_296_u64]),
        json!([-1]),
        json!(["x"]),
        json!([1.5]),
        json!([{}]),
    ] {
        assert_eq!(groups(told(wrong.clone())), (vec![], 1), "{wrong}");
    }
}
