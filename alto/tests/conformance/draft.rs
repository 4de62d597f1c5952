//! draft-lachosrothenberg-alto-brokermdo-00: its own examples whole, its misprints, its other form.

use serde_json::{Value, json};

use crate::federation::{CAPS, Federation, Row, TABLE_1, WORK, json, path_vectors, told};
use idt::search::PathCaps;

const PROPERTY_MAP: &str = include_str!("../data/expected-propmap.json");
const COST_MAP: &str = include_str!("../data/expected-costmap.json");
const REQUEST: &str = include_str!("../data/request-sg.json");
const PRINTED: &str = include_str!("../data/request-sg-as-printed.json");
const ESCAPE: &str = include_str!("../data/request-sg-escape.json");

/// The text without white space. No value of these examples has any.
fn compact(text: &str) -> String {
    text.split_whitespace().collect()
}

/// From a member's name to the end of the text.
fn tail<'a>(text: &'a str, member: &str) -> &'a str {
    &text[text.find(&format!("\"{member}\":")).unwrap()..]
}

fn request() -> Value {
    json(REQUEST.as_bytes())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn draft_5_5_1_the_property_map_as_printed_to_the_byte() {
    let maps = Federation::three().maps();
    let body = text(&maps.draft_property_map().bytes).to_owned();
    assert_eq!(
        tail(&body, "property-map"),
        tail(&compact(PROPERTY_MAP), "property-map")
    );
    assert_eq!(
        maps.draft_property_map().media_type,
        "application/alto-propmap+json"
    );
    let meta = &json(body.as_bytes())["meta"];
    assert_eq!(meta["vtag"]["resource-id"], "inet-ucmspn");
    assert_eq!(meta["vtag"]["tag"], maps.draft_property_map().tag.as_str());
    let network = maps.network_map().tag.as_str();
    assert_eq!(
        meta["dependent-vtags"],
        json!([{"resource-id": "networkmap", "tag": network}])
    );
}

#[test]
fn draft_5_4_1_every_value_is_an_array_and_what_lacks_is_left_out() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS4",
        resources: ["", "20 GB", ""],
        ..Row::NONE
    });
    federation.put(&Row {
        name: "AS5",
        ..Row::NONE
    });
    let map = json(&federation.maps().draft_property_map().bytes)["property-map"].clone();
    assert_eq!(map["pid:AS4"], json!({"mem": ["20.0 GB"]}));
    assert_eq!(map.get("pid:AS5"), None);
    for properties in map.as_object().unwrap().values() {
        for value in properties.as_object().unwrap().values() {
            let values = value.as_array().unwrap();
            assert!(
                !values.is_empty() && values.iter().all(Value::is_string),
                "{value}"
            );
        }
    }
}

/// What is held for somebody is not on offer.
#[test]
fn the_map_shows_what_reservations_leave() {
    use idr::reservation::Claim;
    let mut federation = Federation::three();
    let before = federation.maps();
    let mut claim = Claim::default();
    let demand = nffg::Resources {
        cpu: Some("4".parse().unwrap()),
        ..Default::default()
    };
    claim.add_demand("AS2".parse().unwrap(), &demand).unwrap();
    let (domain, held) = claim.domains().next().unwrap();
    let told = idr::Update::Held {
        domain: domain.clone(),
        held: *held,
    };
    federation.idr.apply([told]);
    let after = federation.maps();
    let cpu = |maps: &alto::Maps, pid: &str| {
        json(&maps.draft_property_map().bytes)["property-map"][pid]["cpu"].clone()
    };
    let amount = |value: Value| value[0].as_str().unwrap().parse::<f64>().unwrap();
    let left = amount(cpu(&before, "pid:AS2")) - 4.0;
    assert_eq!(amount(cpu(&after, "pid:AS2")), left);
    assert_eq!(cpu(&after, "pid:AS1"), cpu(&before, "pid:AS1"));
    assert_ne!(before.property_map().tag, after.property_map().tag);
}

/// A bare number and a number of bytes cannot be added up: both are told.
#[test]
fn draft_5_5_1_unlike_units_are_two_values() {
    use nffg::{BisBis, ResourceView, Resources};
    let node = |id: &str, mem: &str| BisBis {
        id: id.parse().unwrap(),
        name: None,
        node_type: None,
        resources: Resources {
            mem: Some(mem.parse().unwrap()),
            ..Resources::default()
        },
        supported: Vec::new(),
        running: Vec::new(),
        ports: Vec::new(),
        links: Vec::new(),
    };
    let nodes = vec![node("a", "100Gbyte"), node("b", "60"), node("c", "100 GB")];
    let view = ResourceView {
        nodes,
        ..ResourceView::default()
    };
    let domain = idr::Domain::from_view("AS1".parse().unwrap(), None, view).unwrap();
    let mut federation = Federation::new(CAPS);
    federation.idr.apply([idr::Update::Put(domain)]);
    let map = json(&federation.maps().draft_property_map().bytes);
    assert_eq!(
        map["property-map"]["pid:AS1"]["mem"],
        json!(["60.0", "200.0 GB"])
    );
}

#[test]
fn draft_5_5_2_the_cost_map_as_printed_to_the_byte() {
    let maps = Federation::three().maps();
    let answer = maps.path_vectors(REQUEST.as_bytes(), WORK).unwrap();
    let expected = compact(COST_MAP);
    assert_eq!(
        tail(text(&answer.cost_map), "cost-map"),
        tail(&expected, "cost-map")
    );
    let meta = &json(&answer.cost_map)["meta"];
    assert_eq!(
        meta["cost-type"],
        json(COST_MAP.as_bytes())["meta"]["cost-type"]
    );
    let network = maps.network_map().tag.as_str();
    assert_eq!(
        meta["dependent-vtags"],
        json!([{"resource-id": "networkmap", "tag": network}])
    );
    assert_eq!(meta.get("path-vector-cuts"), None);
    assert!(!answer.cut_by_work);
}

/// §5.5.2 prints entry points as strings; §5.4.1 says that values MUST be arrays, and stands.
#[test]
fn draft_5_5_2_the_property_map_has_the_entry_points_of_the_domains_on_the_paths() {
    let answer = path_vectors(&Federation::three().maps(), &request()).unwrap();
    let expected = json!({
        "pid:AS1": {"entry-point": ["http://172.25.0.10:8888/escape"]},
        "pid:AS2": {"entry-point": ["http://172.26.0.10:8888/escape"]},
        "pid:AS3": {"entry-point": ["http://172.27.0.10:8888/escape"]},
    });
    let map = json(&answer.property_map);
    assert_eq!(map["property-map"], expected);
    let vtag = &json(&answer.cost_map)["meta"]["vtag"];
    assert_eq!(vtag["resource-id"], "pv.costmap");
    assert_eq!(map["meta"]["dependent-vtags"], json!([vtag]));
}

#[test]
fn draft_5_5_2_only_domains_on_a_path_are_in_the_property_map() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS4",
        neighbours: &[],
        ..Row::NONE
    });
    // On every path, but nothing is known of it: a member that exports no resources.
    federation
        .idr
        .apply([idr::Update::Remove("AS2".parse().unwrap())]);
    let request = json!({
        "cost-type": {"cost-mode": "array", "cost-metric": "ane-path"},
        "sg": {
            "nfs": ["NF1"], "saps": ["SAP1", "SAP2"],
            "sg_links": [
                {"id": 1, "src-node": "SAP1", "dst-node": "NF1"},
                {"id": 2, "src-node": "NF1", "dst-node": "SAP2"}
            ],
            "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2]}]
        }
    });
    let answer = path_vectors(&federation.maps(), &request).unwrap();
    let map = json(&answer.property_map)["property-map"].clone();
    assert_eq!(
        map.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["pid:AS1", "pid:AS2", "pid:AS3"]
    );
    assert_eq!(map["pid:AS2"], json!({}));
}

#[test]
fn draft_5_5_2_ane_property_names_ask_for_other_properties() {
    let mut request = request();
    request["ane-property-names"] = json!(["nf", "cpu"]);
    let answer = path_vectors(&Federation::three().maps(), &request).unwrap();
    let map = json(&answer.property_map);
    assert_eq!(
        map["property-map"]["pid:AS2"],
        json!({"cpu": ["10.0"], "nf": ["NF2"]})
    );
}

#[test]
fn draft_5_5_2_as_printed_it_is_a_syntax_error_with_its_place() {
    let maps = Federation::three().maps();
    let error = maps.path_vectors(PRINTED.as_bytes(), WORK).unwrap_err();
    let meta = json(&error.to_json())["meta"].clone();
    assert_eq!(meta["code"], "E_SYNTAX");
    let place = meta["syntax-error"].as_str().unwrap();
    assert!(place.contains("line 14 column 7"), "{place}");
}

#[test]
fn draft_5_5_2_without_trailing_commas_the_second_link_2_is_named() {
    let mended = PRINTED.replace(",\n      }", "\n      }");
    let maps = Federation::three().maps();
    let error = told(maps.path_vectors(mended.as_bytes(), WORK));
    assert_eq!(error, ["E_INVALID_FIELD_VALUE", "sg/sg_links[1]/id", "2"]);
    // The last misprint mended, the request is the fixture's.
    let mended = mended.replacen("\"id\": 2", "\"id\": 1", 1);
    let answer = maps.path_vectors(mended.as_bytes(), WORK).unwrap();
    assert_eq!(answer, maps.path_vectors(REQUEST.as_bytes(), WORK).unwrap());
}

#[test]
fn draft_5_4_2_1_the_same_graph_as_escape_nffg_gets_the_same_answer() {
    let maps = Federation::three().maps();
    let answer = maps.path_vectors(ESCAPE.as_bytes(), WORK).unwrap();
    assert_eq!(answer, maps.path_vectors(REQUEST.as_bytes(), WORK).unwrap());
}

#[test]
fn draft_5_4_2_1_an_unknown_nf_or_sap_is_named_in_the_terms_of_the_form() {
    let maps = Federation::three().maps();
    let ask = |text: &str, from: &str, to: &str| {
        told(maps.path_vectors(text.replace(from, to).as_bytes(), WORK))
    };
    let code = "E_INVALID_FIELD_VALUE";
    assert_eq!(ask(REQUEST, "\"NF2\"", "\"NF9\""), [code, "sg/nfs", "NF9"]);
    assert_eq!(
        ask(REQUEST, "\"SAP2\"", "\"SAP23\""),
        [code, "sg/saps", "SAP23"]
    );
    let nf_type = "\"functional_type\": \"NF2\"";
    assert_eq!(
        ask(ESCAPE, nf_type, "\"functional_type\": \"NF9\""),
        [code, "sg/node_nfs[1]/functional_type", "NF9"]
    );
    assert_eq!(
        ask(ESCAPE, "\"SAP2\"", "\"SAP9\""),
        [code, "sg/node_saps[1]/id", "SAP9"]
    );
}

#[test]
fn draft_5_4_2_1_a_fault_of_the_graph_is_named_below_sg() {
    let maps = Federation::three().maps();
    let ask = |change: fn(&mut Value)| {
        let mut request = request();
        change(&mut request["sg"]);
        told(path_vectors(&maps, &request))
    };
    let code = "E_INVALID_FIELD_VALUE";
    let dangling = ask(|sg| sg["sg_links"][0]["dst-node"] = json!("NF8"));
    assert_eq!(dangling, [code, "sg/sg_links[0]/dst-node", "NF8"]);
    let hole = ask(|sg| sg["reqs"][0]["sg-path"] = json!([1, 3, 4]));
    assert_eq!(hole, [code, "sg/reqs[0]/sg-path", "3"]);
    let element = ask(|sg| sg["nfs"][1] = json!(7));
    assert_eq!(element, [code, "sg/nfs", "7"]);
    let missing = ask(|sg| drop(sg.as_object_mut().unwrap().remove("sg_links")));
    assert_eq!(missing, ["E_MISSING_FIELD", "sg/sg_links", "-"]);
    let kind = ask(|sg| sg["reqs"] = json!("all"));
    assert_eq!(kind, ["E_INVALID_FIELD_TYPE", "sg/reqs", "all"]);
}

#[test]
fn draft_5_4_2_a_service_graph_and_pids_together_are_refused() {
    let mut request = request();
    request["pids"] = json!({"srcs": [], "dsts": []});
    let error = told(path_vectors(&Federation::three().maps(), &request));
    assert_eq!(error[..2], ["E_INVALID_FIELD_VALUE", "pids"]);
}

/// Two requirements over shared links: each pair of requirement ends has its own rows, and equal ends
/// share theirs.
#[test]
fn draft_5_4_2_2_requirements_and_links_merge() {
    let request = json!({
        "cost-type": {"cost-mode": "array", "cost-metric": "ane-path"},
        "sg": {
            "nfs": ["NF1", "NF2"], "saps": ["SAP1", "SAP2"],
            "sg_links": [
                {"id": "a", "src-node": "SAP1", "dst-node": "NF1"},
                {"id": "b", "src-node": "NF1", "dst-node": "NF2"},
                {"id": "c", "src-node": "NF2", "dst-node": "SAP2"},
                {"id": "d", "src-node": "NF1", "dst-node": "SAP2"},
                {"id": "e", "src-node": "NF1", "dst-node": "SAP2"},
                {"id": "f", "src-node": "NF2", "dst-node": "SAP1"},
                {"id": "unused", "src-node": "SAP2", "dst-node": "NF2"}
            ],
            "reqs": [
                {"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": ["a", "b", "c"]},
                {"id": 2, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": ["a", "d"]},
                {"id": 3, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": ["a", "e"]},
                {"id": 4, "src-node": "SAP1", "dst-node": "SAP1", "sg-path": ["a", "b", "f"]}
            ]
        }
    });
    let answer = path_vectors(&Federation::three().maps(), &request).unwrap();
    let to_nf1 = json!([["AS1"], ["AS1", "AS2", "AS3"]]);
    let to_nf2 = json!([["AS1", "AS2"], ["AS3", "AS2"]]);
    let expected = json!({
        "SAP1": {
            "SAP2": {
                "SAP1": {"NF1": to_nf1},
                "NF1": {"NF2": to_nf2, "SAP2": [["AS1", "AS2", "AS3"], ["AS3"]]},
                "NF2": {"SAP2": [["AS2", "AS3"]]}
            },
            "SAP1": {
                "SAP1": {"NF1": to_nf1},
                "NF1": {"NF2": to_nf2},
                "NF2": {"SAP1": [["AS2", "AS1"]]}
            }
        }
    });
    assert_eq!(json(&answer.cost_map)["cost-map"], expected);
}

#[test]
fn draft_5_4_2_2_ids_with_quotes_stay_json() {
    let mut request = json(ESCAPE.as_bytes());
    let text = request.to_string().replace("\"NF1\"", r#""N\"F\\1""#);
    request = json(text.as_bytes());
    request["sg"]["node_nfs"][0]["functional_type"] = json!("NF1");
    let answer = path_vectors(&Federation::three().maps(), &request).unwrap();
    let map = json(&answer.cost_map)["cost-map"].clone();
    assert_eq!(
        map["SAP1"]["SAP2"]["SAP1"]["N\"F\\1"],
        json!([["AS1"], ["AS1", "AS2", "AS3"]])
    );
}

/// A ring of four has two ways between any two domains.
const RING: [Row<'static>; 4] = [
    Row {
        name: "A",
        ports: &["SAP1"],
        neighbours: &["B", "D"],
        ..Row::NONE
    },
    Row {
        name: "B",
        neighbours: &["A", "C"],
        ..Row::NONE
    },
    Row {
        name: "C",
        ports: &["SAP2"],
        neighbours: &["B", "D"],
        ..Row::NONE
    },
    Row {
        name: "D",
        neighbours: &["A", "C"],
        nfs: &["NF1"],
        ..Row::NONE
    },
];

fn ring_request() -> Value {
    json!({
        "cost-type": {"cost-mode": "array", "cost-metric": "ane-path"},
        "sg": {
            "nfs": ["NF1"], "saps": ["SAP1", "SAP2"],
            "sg_links": [
                {"id": 1, "src-node": "SAP1", "dst-node": "SAP2"},
                {"id": 2, "src-node": "SAP1", "dst-node": "NF1"}
            ],
            "reqs": [
                {"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1]},
                {"id": 2, "src-node": "SAP1", "dst-node": "NF1", "sg-path": [2]}
            ]
        }
    })
}

/// The cost of link 1 and what was cut, under `caps` and `work`.
fn ring(caps: PathCaps, work: u64) -> (Value, Value) {
    let maps = Federation::of(&RING).with_caps(caps).maps();
    let answer = maps
        .path_vectors(ring_request().to_string().as_bytes(), work)
        .unwrap();
    let map = json(&answer.cost_map);
    let cuts = map["meta"]["path-vector-cuts"].clone();
    assert_eq!(answer.cut_by_work, cuts.get("work").is_some());
    (
        map["cost-map"]["SAP1"]["SAP2"]["SAP1"]["SAP2"].clone(),
        cuts,
    )
}

#[test]
fn draft_5_4_2_2_a_cut_answer_says_what_was_cut_and_by_which_cap() {
    let (paths, cuts) = ring(CAPS, WORK);
    assert_eq!(paths, json!([["A", "B", "C"], ["A", "D", "C"]]));
    assert_eq!(cuts, Value::Null);

    let (paths, cuts) = ring(
        PathCaps {
            per_pair: 1,
            ..CAPS
        },
        WORK,
    );
    assert_eq!(paths, json!([["A", "B", "C"]]));
    assert_eq!(
        cuts,
        json!({"max-paths-per-pair": {"cap": 1, "links": ["1", "2"]}})
    );

    let (paths, cuts) = ring(
        PathCaps {
            max_domains: 3,
            ..CAPS
        },
        WORK,
    );
    assert_eq!(paths, json!([["A", "B", "C"], ["A", "D", "C"]]));
    assert_eq!(
        cuts,
        json!({"max-domains-per-path": {"cap": 3, "links": ["2"]}})
    );

    let (paths, cuts) = ring(CAPS, 0);
    assert_eq!(paths, json!([]));
    assert_eq!(cuts["work"], json!({"cap": 0, "links": ["1", "2"]}));
}

/// Nobody can reach anybody: the answer is an empty list, not an error and not a missing member.
#[test]
fn draft_5_4_2_2_a_link_without_a_path_has_no_candidates() {
    let mut federation = Federation::three();
    federation.put(&Row {
        neighbours: &[],
        ..TABLE_1[1]
    });
    let answer = path_vectors(&federation.maps(), &request()).unwrap();
    let rows = json(&answer.cost_map)["cost-map"]["SAP1"]["SAP2"].clone();
    assert_eq!(rows["SAP1"]["NF1"], json!([["AS1"]]));
    assert_eq!(rows["NF1"]["NF2"], json!([]));
}
