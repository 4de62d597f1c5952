//! RFC 9275: path vectors between PIDs, and the multipart message.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::federation::{Federation, Row, TABLE_1, json, path_vectors, told};

fn request(names: &[&str]) -> Value {
    json!({
        "cost-type": {"cost-mode": "array", "cost-metric": "ane-path"},
        "pids": {"srcs": ["AS1"], "dsts": ["AS1", "AS3"]},
        "ane-property-names": names,
    })
}

#[test]
fn rfc9275_7_2_1_the_directory_offers_both_forms() {
    let directory = json(&Federation::three().maps().directory().bytes);
    for id in ["pv", "pv-costmap"] {
        let entry = &directory["resources"][id];
        assert_eq!(entry["uses"], json!(["networkmap"]));
        let capabilities = &entry["capabilities"];
        assert_eq!(capabilities["cost-type-names"], json!(["path-vector"]));
        assert_eq!(capabilities["cost-constraints"], false);
        assert_eq!(capabilities.get("testable-cost-type-names"), None);
        let names = json!(["entry-point", "cpu", "mem", "storage", "port", "nf"]);
        assert_eq!(capabilities["ane-property-names"], names);
        // Ours, for the draft's dialect.
        assert_eq!(capabilities["service-graph"], true);
        assert_eq!(capabilities["max-paths-per-pair"], 1000);
        assert_eq!(capabilities["max-domains-per-path"], 16);
        assert_eq!(capabilities["max-pid-pairs"], 65_536);
    }
}

#[test]
fn rfc9275_6_5_1_a_cost_is_one_array_of_ane_names() {
    let maps = Federation::three().maps();
    let answer = path_vectors(&maps, &request(&[])).unwrap();
    let map = json(&answer.cost_map);
    assert_eq!(
        map["cost-map"],
        json!({"AS1": {"AS1": ["AS1"], "AS3": ["AS1", "AS2", "AS3"]}})
    );
    assert_eq!(
        map["meta"]["cost-type"],
        json!({"cost-mode": "array", "cost-metric": "ane-path"})
    );
}

#[test]
fn rfc9275_7_2_6_the_property_map_has_every_ane_and_only_what_was_asked() {
    let maps = Federation::three().maps();
    let ask = |names: &[&str]| {
        json(&path_vectors(&maps, &request(names)).unwrap().property_map)["property-map"].clone()
    };
    assert_eq!(
        ask(&[]),
        json!({".ane:AS1": {}, ".ane:AS2": {}, ".ane:AS3": {}})
    );
    let expected = json!({
        ".ane:AS1": {"cpu": ["50.0"], "port": ["SAP1"]},
        ".ane:AS2": {"cpu": ["10.0"]},
        ".ane:AS3": {"cpu": ["80.0"], "port": ["SAP2"]},
    });
    assert_eq!(ask(&["port", "cpu", "port"]), expected);
}

#[test]
fn rfc9275_7_2_3_absent_property_names_are_none() {
    let maps = Federation::three().maps();
    let mut absent = request(&[]);
    absent.as_object_mut().unwrap().remove("ane-property-names");
    assert_eq!(
        path_vectors(&maps, &absent).unwrap(),
        path_vectors(&maps, &request(&[])).unwrap()
    );
}

#[test]
fn rfc9275_7_2_3_an_unknown_property_name_is_refused() {
    let maps = Federation::three().maps();
    let error = told(path_vectors(
        &maps,
        &request(&["cpu", "max-reservable-bandwidth"]),
    ));
    let field = "ane-property-names";
    assert_eq!(
        error,
        ["E_INVALID_FIELD_VALUE", field, "max-reservable-bandwidth"]
    );
}

#[test]
fn rfc9275_7_2_6_the_parts_are_tied_by_version_tags() {
    let federation = Federation::three();
    let maps = federation.maps();
    let answer = path_vectors(&maps, &request(&["cpu"])).unwrap();
    let (costs, properties) = (json(&answer.cost_map), json(&answer.property_map));
    let vtag = &costs["meta"]["vtag"];
    assert_eq!(vtag["resource-id"], "pv.costmap");
    let network = maps.network_map().tag.as_str();
    let networkmap = json!([{"resource-id": "networkmap", "tag": network}]);
    assert_eq!(costs["meta"]["dependent-vtags"], networkmap);
    assert_eq!(properties["meta"]["dependent-vtags"], json!([vtag]));
    // The tag is of the content: equal for an equal map, another for another map.
    let again = json(&path_vectors(&maps, &request(&[])).unwrap().cost_map);
    assert_eq!(again["meta"]["vtag"], *vtag);
    let mut federation = federation;
    federation.put(&Row {
        neighbours: &[],
        ..TABLE_1[2]
    });
    let other = json(
        &path_vectors(&federation.maps(), &request(&[]))
            .unwrap()
            .cost_map,
    );
    assert_ne!(other["meta"]["vtag"], *vtag);
}

#[test]
fn rfc9275_7_2_6_all_against_all_is_bounded() {
    let mut federation = Federation::three();
    let names: Vec<_> = (1..=300_u32)
        .map(|asn| idt::Update::Join(format!("AS{asn}").parse().unwrap()))
        .collect();
    federation.ted.apply(names);
    let maps = federation.maps();
    let all = json!({"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}});
    let error = told(path_vectors(&maps, &all));
    assert_eq!(error, ["E_INVALID_FIELD_VALUE", "pids", "300 x 300"]);
    // Part of it is answered.
    let mut some = all;
    some["pids"] = json!({"srcs": ["AS1"], "dsts": []});
    assert!(path_vectors(&maps, &some).is_ok());
}

#[test]
fn rfc9275_7_2_6_work_that_is_spent_is_told() {
    let maps = Federation::three().maps();
    let mut seen = Vec::new();
    for work in 0..200 {
        let answer = maps
            .path_vectors(request(&[]).to_string().as_bytes(), work)
            .unwrap();
        let map = json(&answer.cost_map);
        let found = map["cost-map"]["AS1"].as_object();
        let found = found.map_or(0, serde_json::Map::len);
        // Every pair is answered or counted.
        let cut = 2 - found;
        let cuts = if cut == 0 {
            Value::Null
        } else {
            json!({"work": {"cap": work, "pairs": cut}})
        };
        assert_eq!(map["meta"]["path-vector-cuts"], cuts);
        assert_eq!(answer.cut_by_work, cut > 0);
        seen.push(found);
    }
    assert!(seen.is_sorted() && [0, 1, 2].iter().all(|found| seen.contains(found)));
    assert!(!path_vectors(&maps, &request(&[])).unwrap().cut_by_work);
}

/// Splits a body at its delimiters, strictly: CRLF everywhere, nothing before the first delimiter,
/// nothing after the closing one (RFC 2046 §5.1.1).
pub(crate) fn parts(content_type: &str, body: &Bytes) -> Vec<(Vec<String>, Vec<u8>)> {
    let boundary = content_type
        .split("; ")
        .find_map(|parameter| parameter.strip_prefix("boundary="))
        .unwrap();
    let body = std::str::from_utf8(body).unwrap();
    let body = body.strip_prefix(&format!("--{boundary}\r\n")).unwrap();
    let body = body
        .strip_suffix(&format!("\r\n--{boundary}--\r\n"))
        .unwrap();
    assert_eq!(body.matches(boundary).count(), 1);
    body.split(&format!("\r\n--{boundary}\r\n"))
        .map(|part| {
            let (head, content) = part.split_once("\r\n\r\n").unwrap();
            let headers = head.split("\r\n").map(str::to_owned).collect();
            (headers, content.as_bytes().to_vec())
        })
        .collect()
}

#[test]
fn rfc9275_7_2_6_the_multipart_message() {
    let maps = Federation::three().maps();
    let answer = path_vectors(&maps, &request(&["cpu"])).unwrap();
    let (content_type, body) = answer.multipart();
    let boundary = content_type
        .split("boundary=")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    assert_eq!(
        content_type,
        format!("multipart/related; boundary={boundary}; type=application/alto-costmap+json")
    );
    assert!(boundary.len() <= 70, "RFC 2046 5.1.1");
    let parts = parts(&content_type, &body);
    let [(costs_head, costs), (properties_head, properties)] = parts.as_slice() else {
        panic!("exactly two parts: {}", parts.len())
    };
    // RFC 9275 §6.6 for the Content-IDs; the cost map is the root and comes first (RFC 2387 §3.2).
    assert_eq!(
        *costs_head,
        [
            "Content-Type: application/alto-costmap+json",
            "Content-ID: <costmap@alto.example.com>"
        ]
    );
    assert_eq!(
        *properties_head,
        [
            "Content-Type: application/alto-propmap+json",
            "Content-ID: <propmap@alto.example.com>"
        ]
    );
    assert_eq!(*costs, answer.cost_map);
    assert_eq!(*properties, answer.property_map);
    // Equal answers are equal bytes, on every replica.
    assert_eq!(
        path_vectors(&Federation::three().maps(), &request(&["cpu"]))
            .unwrap()
            .multipart(),
        (content_type, body)
    );
}
