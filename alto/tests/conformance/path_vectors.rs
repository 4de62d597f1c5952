//! RFC 9275 to the letter: the multipart filtered cost map and the multipart endpoint cost service.

use std::collections::BTreeMap;

use alto::updates::View;
use alto::{AltoError, Ask, Limits, Refused, Service, resource};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::costs::cost_type;
use crate::federation::{ASK, Federation, Link, content, got, id, json, linked, told};
use crate::rfc8895::Bench;
use crate::rfc9275::parts;
use crate::update_laws::Client;

pub(crate) const COST_MAP: &str = "path-vector-costmap";
pub(crate) const ENDPOINT_COSTS: &str = "path-vector-endpointcost";

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    content_type: String,
    heads: [Vec<String>; 2],
    pub(crate) costs: Value,
    pub(crate) properties: Value,
}

impl Answer {
    pub(crate) fn cost_map(&self) -> &Value {
        let maps = ["cost-map", "endpoint-cost-map"].map(|name| self.costs.get(name));
        maps.into_iter().flatten().next().unwrap()
    }

    /// The properties of an ANE by the name that paths have.
    pub(crate) fn ane(&self, name: &Value) -> &Value {
        let entity = format!(".ane:{}", name.as_str().unwrap());
        &self.properties["property-map"][entity]
    }
}

pub(crate) fn asked(service: &Service, id: &str, request: &Value) -> Result<Answer, AltoError> {
    asked_at(service, id, request, ASK.now)
}

/// The same at that time.
pub(crate) fn asked_at(
    service: &Service,
    id: &str,
    request: &Value,
    now: Timestamp,
) -> Result<Answer, AltoError> {
    let ask = Ask { now, ..ASK };
    let resource = resource(id).unwrap();
    let content = match service.content(resource, request.to_string().as_bytes(), &ask) {
        Ok(content) => content,
        Err(Refused::Alto(error) | Refused::MoreWork(Some(error))) => return Err(error),
        Err(other) => panic!("{other}"),
    };
    let parts = parts(&content.media_type, &content.to_bytes());
    let [(first, costs), (second, properties)] = parts.as_slice() else {
        panic!("exactly two parts: {}", parts.len())
    };
    Ok(Answer {
        content_type: content.media_type.to_string(),
        heads: [first.clone(), second.clone()],
        costs: json(costs),
        properties: json(properties),
    })
}

pub(crate) fn path_vector() -> Value {
    cost_type("ane-path", "array")
}

pub(crate) fn between(from: &[&str], to: &[&str], properties: &[&str]) -> Value {
    json!({
        "cost-type": path_vector(),
        "pids": {"srcs": from, "dsts": to},
        "ane-property-names": properties,
    })
}

const BANDWIDTH: &str = "max-reservable-bandwidth";
const LASTING: &str = "persistent-entity-id";
const DELAY: &str = "priv:brokermdo-delay";

/// Two ways into one way on: what A and E send to D shares B to D.
const FORK: [Link; 4] = [
    ("A", "B", Some(100), Some(10_000)),
    ("B", "C", Some(250), Some(4_000)),
    ("C", "D", Some(50), Some(6_000)),
    ("B", "E", Some(7), Some(9_000)),
];

fn fork() -> Service {
    Federation::with_links(&FORK).service()
}

#[test]
fn rfc9275_6_5_the_path_vector_cost_type_is_defined_and_offered() {
    let directory = got(&fork(), "directory");
    assert_eq!(
        directory["meta"]["cost-types"]["path-vector"],
        path_vector()
    );
    for id in [COST_MAP, ENDPOINT_COSTS] {
        let names = &directory["resources"][id]["capabilities"]["cost-type-names"];
        assert_eq!(names[0], "path-vector");
    }
}

#[test]
fn rfc9275_7_2_1_the_entries_in_the_directory() {
    let directory = got(&fork(), "directory");
    for (id, uri, root, accepts, uses) in [
        (
            COST_MAP,
            "/pathvector/costmap",
            "costmap",
            "costmapfilter",
            json!(["networkmap", "ane-properties"]),
        ),
        (
            ENDPOINT_COSTS,
            "/pathvector/endpointcost",
            "endpointcost",
            "endpointcostparams",
            json!(["ane-properties"]),
        ),
    ] {
        let entry = &directory["resources"][id];
        assert_eq!(entry["uri"], uri);
        let media_type = format!("multipart/related;type=application/alto-{root}+json");
        assert_eq!(entry["media-type"], media_type);
        assert_eq!(entry["accepts"], format!("application/alto-{accepts}+json"));
        assert_eq!(entry["uses"], uses, "RFC 9275 7.2.5, 7.3.5");
        let offered = &entry["capabilities"];
        assert_eq!(offered["cost-constraints"], false);
        let names = json!([BANDWIDTH, LASTING, DELAY]);
        assert_eq!(offered["ane-property-names"], names);
        let testable = offered["testable-cost-type-names"].as_array().unwrap();
        let all = offered["cost-type-names"].as_array().unwrap();
        assert_eq!(offered["max-cost-types"], all.len());
        assert!(!testable.contains(&json!("path-vector")));
        assert!(testable.iter().all(|name| all.contains(name)));
    }
    // The draft's resource is another, and says so.
    let draft = &directory["resources"]["pv"];
    assert_eq!(
        (&draft["uri"], &draft["capabilities"]["service-graph"]),
        (&json!("/costmap/pv"), &json!(true))
    );
    let strict = &directory["resources"][COST_MAP]["capabilities"];
    assert_eq!(strict.get("service-graph"), None);
}

#[test]
fn rfc9275_7_2_3_property_names_are_those_of_the_capability() {
    let service = fork();
    let mut request = between(&["A"], &["D"], &[]);
    let none = asked(&service, COST_MAP, &request).unwrap();
    request
        .as_object_mut()
        .unwrap()
        .remove("ane-property-names");
    let absent = asked(&service, COST_MAP, &request).unwrap();
    let values = |answer: &Answer| -> Vec<Value> {
        let map = answer.properties["property-map"].as_object().unwrap();
        map.values().cloned().collect()
    };
    assert_eq!(values(&none), [json!({})], "RFC 9275 8.3");
    assert_eq!(values(&absent), [json!({})]);
    for (names, value) in [
        (json!([BANDWIDTH, "cpu"]), "cpu"),
        (json!(["networkmap.pid"]), "networkmap.pid"),
        (json!([3]), "3"),
    ] {
        request["ane-property-names"] = names;
        let error = told(asked(&service, COST_MAP, &request));
        assert_eq!(
            error,
            ["E_INVALID_FIELD_VALUE", "ane-property-names", value]
        );
    }
    request["ane-property-names"] = json!(BANDWIDTH);
    let error = told(asked(&service, COST_MAP, &request));
    assert_eq!(
        error,
        ["E_INVALID_FIELD_TYPE", "ane-property-names", BANDWIDTH]
    );
}

#[test]
fn rfc9275_7_2_6_the_message_has_two_parts_and_the_path_vectors_come_first() {
    let service = fork();
    let endpoints = json!({
        "cost-type": path_vector(),
        "endpoints": {"srcs": ["ipv4:10.0.0.1"], "dsts": ["ipv4:10.3.0.1"]},
    });
    for (id, request, root, part) in [
        (COST_MAP, between(&["A"], &["D"], &[]), "costmap", "costmap"),
        (ENDPOINT_COSTS, endpoints, "endpointcost", "ecs"),
    ] {
        let answer = asked(&service, id, &request).unwrap();
        let root = format!("application/alto-{root}+json");
        let parameters: Vec<&str> = answer.content_type.split("; ").collect();
        let [kind, boundary, root_type] = parameters.as_slice() else {
            panic!("{}", answer.content_type)
        };
        assert_eq!(*kind, "multipart/related");
        assert!(boundary.starts_with("boundary=") && boundary.len() <= 79);
        assert_eq!(*root_type, format!("type={root}"));
        // §6.6: the part's id, and the server's name.
        let head = |kind: &str, part: &str| {
            let id = format!("Content-ID: <{part}@alto.example.com>");
            [format!("Content-Type: {kind}"), id]
        };
        assert_eq!(answer.heads[0], head(&root, part));
        assert_eq!(
            answer.heads[1],
            head("application/alto-propmap+json", "propmap")
        );
        let named = format!("{id}.{part}");
        assert_eq!(answer.costs["meta"]["vtag"]["resource-id"], named);
        assert!(named.len() <= 64 && id.len() <= 31, "RFC 9275 6.6");
    }
}

#[test]
fn rfc9275_7_2_6_the_parts_are_tied_by_version_tags() {
    let service = fork();
    let answer = asked(&service, COST_MAP, &between(&["A"], &["D"], &[BANDWIDTH])).unwrap();
    let vtag = &answer.costs["meta"]["vtag"];
    let network = got(&service, "networkmap")["meta"]["vtag"].clone();
    assert_eq!(answer.costs["meta"]["dependent-vtags"], json!([network]));
    assert_eq!(answer.properties["meta"]["dependent-vtags"], json!([vtag]));
    let types = &answer.costs["meta"]["cost-type"];
    assert_eq!(*types, path_vector());

    // Between endpoints no PID is told, and no map is needed.
    let request = json!({
        "cost-type": path_vector(),
        "endpoints": {"srcs": ["ipv4:10.0.0.1"], "dsts": ["ipv4:10.3.0.1"]},
    });
    let answer = asked(&service, ENDPOINT_COSTS, &request).unwrap();
    let vtag = &answer.costs["meta"]["vtag"];
    assert_eq!(answer.costs["meta"].get("dependent-vtags"), None);
    assert_eq!(answer.properties["meta"]["dependent-vtags"], json!([vtag]));

    // The tag is of what the part says: the same with less bandwidth, another with another path.
    let request = between(&["A"], &["D"], &[BANDWIDTH]);
    let tag = |links: &[Link]| {
        let service = Federation::with_links(links).service();
        asked(&service, COST_MAP, &request).unwrap().costs["meta"]["vtag"].clone()
    };
    let mut links = FORK;
    links[2].3 = Some(1);
    assert_eq!(tag(&links), tag(&FORK));
    let cut: Vec<Link> = FORK.iter().filter(|link| link.1 != "D").copied().collect();
    let with_d = [
        cut.as_slice(),
        &[("E", "D", None, None), ("C", "E", None, None)],
    ]
    .concat();
    assert_ne!(tag(&with_d), tag(&FORK));
}

#[test]
fn rfc9275_7_2_6_the_map_of_elements_that_last_is_among_the_tags_if_they_are_asked_for() {
    let service = fork();
    let answer = asked(&service, COST_MAP, &between(&["A"], &["D"], &[LASTING])).unwrap();
    let tags = answer.properties["meta"]["dependent-vtags"]
        .as_array()
        .unwrap();
    assert_eq!(tags[0], answer.costs["meta"]["vtag"]);
    let defining = got(&service, "ane-properties")["meta"]["vtag"].clone();
    assert_eq!(tags[1..], [defining]);
}

#[test]
fn rfc9275_6_5_1_a_cost_is_an_array_of_ane_names_and_each_has_a_member() {
    let service = fork();
    let answer = asked(&service, COST_MAP, &between(&["A", "E"], &["A", "D"], &[])).unwrap();
    let map = answer.cost_map();
    let mut named = BTreeMap::new();
    for row in map.as_object().unwrap().values() {
        for vector in row.as_object().unwrap().values() {
            for name in vector.as_array().unwrap() {
                let text = name.as_str().unwrap();
                let legal = |b: u8| b.is_ascii_alphanumeric() || b"-:@_".contains(&b);
                assert!(
                    (1..=64).contains(&text.len()) && text.bytes().all(legal),
                    "{text}"
                );
                named.insert(format!(".ane:{text}"), json!({}));
            }
        }
    }
    // §6.2.4: `.ane` is the domain of those that are only in this answer.
    assert_eq!(answer.properties["property-map"], json!(named));
    // To itself nothing is crossed.
    assert_eq!(map["A"]["A"], json!([]));
}

#[test]
fn rfc9275_5_1_links_that_the_same_pairs_cross_are_one_element() {
    let service = fork();
    let answer = asked(
        &service,
        COST_MAP,
        &between(&["A", "E"], &["D"], &[BANDWIDTH]),
    )
    .unwrap();
    let map = answer.cost_map();
    let (a, e) = (&map["A"]["D"], &map["E"]["D"]);
    assert_eq!(
        (a.as_array().unwrap().len(), e.as_array().unwrap().len()),
        (2, 2)
    );
    assert_ne!(a[0], e[0]);
    assert_eq!(a[1], e[1], "what they share is told");
    let width = |name: &Value| answer.ane(name)[BANDWIDTH].clone();
    // The narrower of B to C and C to D; in bits per second (§6.4.1).
    assert_eq!(
        [width(&a[0]), width(&e[0]), width(&a[1])],
        [10_000, 9_000, 4_000]
    );
    // With one pair alone all is one bottleneck.
    let alone = asked(
        &service,
        COST_MAP,
        &between(&["A"], &["D"], &[BANDWIDTH, DELAY]),
    )
    .unwrap();
    let [only] = alone.cost_map()["A"]["D"].as_array().unwrap().as_slice() else {
        panic!("{:?}", alone.cost_map())
    };
    assert_eq!(*alone.ane(only), json!({BANDWIDTH: 4_000, DELAY: 400}));
}

#[test]
fn rfc9275_6_4_1_an_amount_that_is_not_told_is_not_made_up() {
    let mut links = FORK;
    links[1].3 = None;
    let service = Federation::with_links(&links).service();
    let answer = asked(&service, COST_MAP, &between(&["A"], &["D"], &[BANDWIDTH])).unwrap();
    let vector = answer.cost_map()["A"]["D"].as_array().unwrap();
    let told: Vec<&Value> = vector.iter().map(|name| answer.ane(name)).collect();
    assert_eq!(told, [&json!({BANDWIDTH: 6_000}), &json!({})]);
    // Where nobody asks for it, it tells nothing apart.
    let answer = asked(&service, COST_MAP, &between(&["A"], &["D"], &[])).unwrap();
    assert_eq!(answer.cost_map()["A"]["D"].as_array().unwrap().len(), 1);
}

#[test]
fn rfc9275_6_4_1_bandwidth_is_what_reservations_leave() {
    let maps = std::sync::Arc::new(Federation::with_links(&FORK).maps());
    let net = maps.idt().graph().net();
    let mut edges: Vec<idt::net::Edge> = (0..net.row(0).len())
        .map(|nth| net.row(0).edge(nth))
        .collect();
    edges[0].bandwidth = 0;
    let left = net.with([idt::net::RowChange { point: 0, edges }]);
    let distances = idt::search::Distances::new(std::sync::Arc::new(left));
    let service = Service::new(maps, distances, None);
    let answer = asked(&service, COST_MAP, &between(&["A"], &["B"], &[BANDWIDTH])).unwrap();
    let name = &answer.cost_map()["A"]["B"][0];
    assert_eq!(
        *answer.ane(name),
        json!({BANDWIDTH: 0}),
        "none left is an amount"
    );
}

#[test]
fn rfc9275_6_4_2_an_element_that_lasts_tells_what_it_is() {
    let service = fork();
    let request = between(&["A", "E"], &["D"], &[LASTING, BANDWIDTH]);
    let answer = asked(&service, COST_MAP, &request).unwrap();
    let graph = service.maps().idt().graph();
    let lasting = |from: &str, to: &str| {
        let from = graph.index(&id(from)).unwrap().as_usize() as u32;
        let to = graph.index(&id(to)).unwrap().as_usize() as u32;
        let nth = graph.net().row(from).edges_to(to).start as u32;
        let name = alto::ane::link_name(graph, idt::net::EdgeId { from, nth }).unwrap();
        format!("ane-properties.ane:{name}")
    };
    for (from, way) in [("A", ["A", "B", "C", "D"]), ("E", ["E", "B", "C", "D"])] {
        let vector = answer.cost_map()[from]["D"].as_array().unwrap();
        let ids: Vec<&Value> = vector
            .iter()
            .map(|name| &answer.ane(name)[LASTING])
            .collect();
        let expected: Vec<String> = way.windows(2).map(|hop| lasting(hop[0], hop[1])).collect();
        assert_eq!(
            ids,
            expected.iter().collect::<Vec<_>>(),
            "in the order of the path"
        );
        // What is only in this answer is not called as what lasts.
        assert!(vector.iter().all(|name| {
            !expected
                .iter()
                .any(|id| id.ends_with(name.as_str().unwrap()))
        }));
    }
}

/// §11: who collects answers cannot tell by the names what is the same in two of them.
#[test]
fn rfc9275_11_another_request_has_other_names() {
    let service = fork();
    let name = |request: &Value| {
        let answer = asked(&service, COST_MAP, request).unwrap();
        answer.cost_map()["A"]["D"][0].clone()
    };
    let one = between(&["A"], &["D"], &[BANDWIDTH]);
    assert_eq!(name(&one), name(&one));
    assert_ne!(name(&one), name(&between(&["A"], &["D"], &[])));
    assert_ne!(
        name(&one),
        name(&between(&["A"], &["D", "E"], &[BANDWIDTH]))
    );
}

/// Of equally short ways the first by names; of parallel links the widest that tells its width.
#[test]
fn the_path_is_the_least_routing_cost_then_the_first_by_names() {
    let links: [Link; 5] = [
        ("A", "C", None, Some(1)),
        ("C", "D", None, Some(1)),
        ("A", "B", None, Some(1)),
        ("B", "D", None, Some(1)),
        ("A", "E", None, Some(1)),
    ];
    let service = Federation::with_links(&links).service();
    // From few to many, and from many to few: the searches go the other way.
    for (from, to) in [(vec!["A"], vec!["C", "D"]), (vec!["A", "C"], vec!["D"])] {
        let answer = asked(&service, COST_MAP, &between(&from, &to, &[LASTING])).unwrap();
        let vector = answer.cost_map()["A"]["D"].as_array().unwrap();
        let ids: Vec<&str> = vector
            .iter()
            .map(|name| answer.ane(name)[LASTING].as_str().unwrap())
            .collect();
        assert!(
            ids[0].contains(":A:B:") && ids[1].contains(":B:D:"),
            "{ids:?}"
        );
    }
    let mut federation = Federation::with_links(&[("A", "B", None, Some(1))]);
    for (name, other) in [("A", "B"), ("B", "A")] {
        let ways = [None, Some(5), Some(70), Some(6)].map(|width| (id(other), None, width));
        let topology = linked(name, &ways, &[]);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
    let service = federation.service();
    let answer = asked(&service, COST_MAP, &between(&["A"], &["B"], &[BANDWIDTH])).unwrap();
    assert_eq!(
        *answer.ane(&answer.cost_map()["A"]["B"][0]),
        json!({BANDWIDTH: 70})
    );
}

#[test]
fn rfc9275_7_2_6_without_path_vectors_the_property_map_is_an_empty_object() {
    let service = fork();
    let request = json!({
        "cost-type": cost_type("hopcount", "numerical"),
        "pids": {"srcs": ["A"], "dsts": []},
        "ane-property-names": [BANDWIDTH],
    });
    let answer = asked(&service, COST_MAP, &request).unwrap();
    assert_eq!(answer.properties["property-map"], json!({}));
    let plain = crate::federation::posted(&service, "costmap-filtered", &request).unwrap();
    assert_eq!(answer.costs["cost-map"], plain["cost-map"]);
    assert_eq!(
        answer.costs["meta"]["cost-type"],
        plain["meta"]["cost-type"]
    );
    let vtag = &answer.costs["meta"]["vtag"];
    assert_eq!(answer.properties["meta"]["dependent-vtags"], json!([vtag]));
}

#[test]
fn rfc9275_7_2_6_a_wrong_request_is_a_plain_alto_error() {
    let service = fork();
    let wrong = |more: Value| {
        let mut request = more;
        request["pids"] = json!({"srcs": ["A"], "dsts": ["D"]});
        let one = told(asked(&service, COST_MAP, &request));
        request["endpoints"] = json!({"srcs": ["ipv4:10.0.0.1"], "dsts": ["ipv4:10.3.0.1"]});
        assert_eq!(told(asked(&service, ENDPOINT_COSTS, &request)), one);
        one
    };
    let value = "E_INVALID_FIELD_VALUE";
    for (request, error) in [
        (json!({}), ["E_MISSING_FIELD", "cost-type", "-"]),
        (
            json!({"cost-type": {"cost-metric": "ane-path"}}),
            ["E_MISSING_FIELD", "cost-type/cost-mode", "-"],
        ),
        (
            json!({"cost-type": cost_type("ane-path", "numerical")}),
            [value, "cost-type/cost-mode", "numerical"],
        ),
        (
            json!({"cost-type": cost_type("hopcount", "array")}),
            [value, "cost-type/cost-mode", "array"],
        ),
        (
            json!({"cost-type": cost_type("ane", "array")}),
            [value, "cost-type/cost-metric", "ane"],
        ),
        // §7.2.4: no test is on path vectors.
        (
            json!({"cost-type": path_vector(), "constraints": ["le 3"]}),
            [value, "constraints", "le 3"],
        ),
        (
            json!({"cost-type": path_vector(), "testable-cost-types": [path_vector()]}),
            [value, "testable-cost-types[0]/cost-metric", "ane-path"],
        ),
    ] {
        assert_eq!(wrong(request), error);
    }
    let syntax = content(&service, COST_MAP, b"{").unwrap_err();
    assert_eq!(syntax.code(), "E_SYNTAX");
}

#[test]
fn rfc9275_8_6_several_costs_at_once() {
    let service = fork();
    let request = json!({
        "multi-cost-types": [path_vector(), cost_type("routingcost", "numerical"), cost_type("bw-available", "numerical")],
        "endpoints": {"srcs": ["ipv4:10.0.0.1"], "dsts": ["ipv4:10.3.0.1", "ipv4:10.0.0.9"]},
    });
    let answer = asked(&service, ENDPOINT_COSTS, &request).unwrap();
    let row = &answer.costs["endpoint-cost-map"]["ipv4:10.0.0.1"];
    let far = &row["ipv4:10.3.0.1"];
    assert_eq!(
        (far[0].as_array().unwrap().len(), &far[1], &far[2]),
        (1, &json!(3), &json!(500))
    );
    assert_eq!(row["ipv4:10.0.0.9"], json!([[], 0, null]));
    assert_eq!(
        answer.costs["meta"]["multi-cost-types"],
        request["multi-cost-types"]
    );
    assert_eq!(
        answer.costs["meta"]["cost-type"],
        json!({}),
        "RFC 8189 4.1.3"
    );
}

/// RFC 8189 §4.1.2: tests are on other cost types, by their place in the list or by a list of their own.
#[test]
fn rfc9275_9_2_tests_are_on_other_costs() {
    let service = fork();
    let pairs = json!({"srcs": ["A"], "dsts": []});
    for request in [
        json!({
            "multi-cost-types": [path_vector(), cost_type("hopcount", "numerical")],
            "constraints": ["[1] le 2"], "pids": pairs,
        }),
        json!({
            "cost-type": path_vector(), "pids": pairs,
            "testable-cost-types": [cost_type("hopcount", "numerical")], "or-constraints": [["le 2"]],
        }),
    ] {
        let answer = asked(&service, COST_MAP, &request).unwrap();
        let row = answer.cost_map()["A"].as_object().unwrap();
        assert_eq!(row.keys().collect::<Vec<_>>(), ["A", "B", "C", "E"]);
        // What only D's path crosses is in no member.
        let anes = answer.properties["property-map"].as_object().unwrap();
        assert_eq!(anes.len(), 3);
    }
}

#[test]
fn rfc9275_7_3_3_endpoints_have_the_paths_of_their_domains() {
    let service = fork();
    let endpoints = json!({
        "cost-type": path_vector(),
        "endpoints": {"srcs": [], "dsts": ["ipv6:2001:db8:3::1", "ipv4:10.3.0.1", "ipv4:192.0.2.1"]},
        "ane-property-names": [LASTING],
    });
    let answer = asked(&service, ENDPOINT_COSTS, &endpoints).unwrap();
    // The client's own address is in A (RFC 7285 §11.5.1.3); what is outside has no path.
    let row = answer.costs["endpoint-cost-map"]["ipv4:10.0.0.7"]
        .as_object()
        .unwrap();
    assert_eq!(
        row.keys().collect::<Vec<_>>(),
        ["ipv4:10.3.0.1", "ipv6:2001:db8:3::1"]
    );
    assert_eq!(row["ipv4:10.3.0.1"], row["ipv6:2001:db8:3::1"]);
    assert_eq!(row["ipv4:10.3.0.1"].as_array().unwrap().len(), 3);
}

#[test]
fn rfc9275_11_a_request_is_bounded_in_pairs_and_in_work() {
    let limits = Limits {
        pairs: 4,
        ..Limits::default()
    };
    let service = Federation::with_links(&FORK).with_limits(limits).service();
    let error = told(asked(&service, COST_MAP, &between(&["A"], &[], &[])));
    assert_eq!(error, ["E_INVALID_FIELD_VALUE", "pids", "1 x 5"]);
    let service = fork();
    let request = between(&[], &[], &[]).to_string();
    let content = |path_work, light| {
        let ask = Ask {
            path_work,
            light,
            ..ASK
        };
        service.content(resource(COST_MAP).unwrap(), request.as_bytes(), &ask)
    };
    let mut answered = 0;
    for work in 0..200 {
        match content(work, work % 2 == 0) {
            Ok(_) => answered += 1,
            // No part of an answer: it would look like a network without these paths.
            Err(Refused::MoreWork(Some(error))) => {
                assert_eq!(answered, 0);
                assert_eq!(
                    told::<()>(Err(error)),
                    ["E_INVALID_FIELD_VALUE", "pids", "5 x 5"]
                );
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(answered > 50);
}

#[test]
fn rfc9275_9_3_a_stream_tells_patches_of_each_part() {
    let mut bench = Bench::new();
    let input = between(&["A", "B"], &["C"], &[BANDWIDTH, DELAY]);
    let watched = json!({"pv": {"resource-id": COST_MAP, "input": input}});
    let mut stream = bench.open(&watched).unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    let (first, second) = ("pv.costmap@alto.example.com", "pv.propmap@alto.example.com");
    let ids: Vec<&str> = client.documents.keys().map(String::as_str).collect();
    assert_eq!(ids, [first, second]);

    // The delay alone is another: the paths and the names stay, and one part is told.
    let paths = client.documents[first].clone();
    bench.change_delay(9);
    client.read(&stream.take(&mut bench.store));
    assert_eq!(client.documents[first], paths);
    let told: Vec<&String> = client.events.iter().skip(2).collect();
    assert!(told.iter().all(|event| event.ends_with(second)), "{told:?}");
    bench.change_domains(true);
    client.read(&stream.take(&mut bench.store));
    assert!(
        client.events[2..]
            .iter()
            .all(|event| event.contains("-patch+json,pv.")),
        "{:?}",
        client.events
    );
    // What was replayed is what is answered now.
    let now = asked(&bench.service, COST_MAP, &input).unwrap();
    assert_eq!(client.documents[first], now.costs);
    assert_eq!(client.documents[second], now.properties);
}

/// RFC 7285 §11.5.1.3: an empty list is the client, so that two clients watch two things.
#[test]
fn rfc9275_9_3_what_is_watched_is_the_client_s_own_where_a_list_is_empty() {
    let view = |sources: &[&str], client: [u8; 4]| {
        let ends = json!({"srcs": sources, "dsts": ["ipv4:10.3.0.1"]});
        let input = json!({"cost-type": path_vector(), "endpoints": ends});
        View::new(
            resource(ENDPOINT_COSTS).unwrap(),
            Some(&input),
            Some(client.into()),
        )
    };
    assert_ne!(view(&[], [10, 0, 0, 7]), view(&[], [10, 1, 0, 7]));
    let named = ["ipv4:10.0.0.7"];
    assert_eq!(view(&named, [10, 0, 0, 7]), view(&named, [10, 1, 0, 7]));
}
