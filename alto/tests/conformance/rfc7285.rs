//! RFC 7285: the base protocol, as far as it is offered.

use std::collections::BTreeSet;

use alto::{AltoError, uri};
use nffg::json::FieldError;
use serde_json::{Value, json};

use crate::federation::{CAPS, Federation, Row, TABLE_1, WORK, json, path_vectors, told};

fn directory() -> Value {
    json(&Federation::three().maps().directory().bytes)
}

fn network_map(federation: &Federation) -> Value {
    json(&federation.maps().network_map().bytes)
}

#[test]
fn rfc7285_8_5_2_an_error_resource_has_code_field_and_value() {
    let value = json(&AltoError::from(FieldError::invalid("a/b", 7, "less than 5")).to_json());
    assert_eq!(
        value,
        json!({"meta": {
            "code": "E_INVALID_FIELD_VALUE", "field": "a/b", "value": "7", "reason": "less than 5",
        }})
    );
    let value = json(&AltoError::from(FieldError::missing("a/b")).to_json());
    assert_eq!(value["meta"]["code"], "E_MISSING_FIELD");
    assert_eq!(value["meta"]["field"], "a/b");
}

#[test]
fn rfc7285_8_5_2_what_is_no_json_is_a_syntax_error_with_line_and_column() {
    let maps = Federation::three().maps();
    let requests: [(&[u8], &str); 5] = [
        (b"", "line 1 column 0"),
        (b"{\n \"cost-type\": {},}", "line 2 column 18"),
        (b"{} {}", "line 1 column 4"),
        (b"\xff", "line 1 column 1"),
        (&[b'['; 100_000], "line 1 column 128"),
    ];
    for (request, place) in requests {
        for error in [
            maps.path_vectors(request, WORK).unwrap_err(),
            maps.filtered_property_map(request).unwrap_err(),
        ] {
            let meta = json(&error.to_json())["meta"].clone();
            assert_eq!(meta["code"], "E_SYNTAX");
            assert!(
                meta["syntax-error"].as_str().unwrap().contains(place),
                "{meta}"
            );
        }
    }
}

#[test]
fn rfc7285_8_5_2_a_missing_field_is_named_with_its_full_path() {
    let maps = Federation::three().maps();
    let ask = |request: Value| told(path_vectors(&maps, &request));
    assert_eq!(ask(json!({})), ["E_MISSING_FIELD", "cost-type", "-"]);
    let half = json!({"cost-type": {"cost-mode": "array"}});
    assert_eq!(ask(half), ["E_MISSING_FIELD", "cost-type/cost-metric", "-"]);
    let half = json!({"cost-type": {"cost-metric": "ane-path"}});
    assert_eq!(ask(half), ["E_MISSING_FIELD", "cost-type/cost-mode", "-"]);
}

#[test]
fn rfc7285_8_5_2_a_wrong_type_is_named() {
    let maps = Federation::three().maps();
    let ask = |request: Value| told(path_vectors(&maps, &request));
    assert_eq!(ask(json!([])), ["E_INVALID_FIELD_TYPE", "-", "-"]);
    assert_eq!(
        ask(json!({"cost-type": "pv"})),
        ["E_INVALID_FIELD_TYPE", "cost-type", "pv"]
    );
    let number = json!({"cost-type": {"cost-mode": 1, "cost-metric": "ane-path"}});
    assert_eq!(
        ask(number),
        ["E_INVALID_FIELD_TYPE", "cost-type/cost-mode", "1"]
    );
}

#[test]
fn rfc7285_8_5_2_an_element_of_the_wrong_type_is_a_wrong_value_of_the_array() {
    let maps = Federation::three().maps();
    let request = |names: Value| {
        json!({
            "cost-type": {"cost-mode": "array", "cost-metric": "ane-path"},
            "ane-property-names": names,
        })
    };
    let ask = |names: Value| told(path_vectors(&maps, &request(names)));
    let element = ["E_INVALID_FIELD_VALUE", "ane-property-names"];
    assert_eq!(ask(json!(["cpu", 7])), [element[0], element[1], "7"]);
    assert_eq!(
        ask(json!([{"a": []}])),
        [element[0], element[1], "{\"a\":[]}"]
    );
    assert_eq!(ask(json!(["cpu", "gpu"])), [element[0], element[1], "gpu"]);
    assert_eq!(
        ask(json!("cpu")),
        ["E_INVALID_FIELD_TYPE", "ane-property-names", "cpu"]
    );
}

#[test]
fn rfc7285_8_3_7_unknown_fields_are_ignored() {
    let maps = Federation::three().maps();
    let plain = json!({"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}});
    let mut more = plain.clone();
    more["cost-type"]["description"] = json!(1);
    more["endpoint-flows"] = json!([]);
    assert_eq!(
        path_vectors(&maps, &more).unwrap(),
        path_vectors(&maps, &plain).unwrap()
    );
}

/// A server without calendars: the field is unknown (RFC 7285 §8.3.7), and for a cost type without
/// calendar attributes it is to be ignored anyway.
#[test]
fn rfc8896_5_1_1_calendared_is_ignored() {
    let maps = Federation::three().maps();
    let plain = json!({"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}});
    let mut more = plain.clone();
    more["calendared"] = json!([true]);
    assert_eq!(
        path_vectors(&maps, &more).unwrap(),
        path_vectors(&maps, &plain).unwrap()
    );
}

#[test]
fn rfc7285_8_4_every_resource_has_meta() {
    let maps = Federation::three().maps();
    let pv = json!({"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}});
    let answer = path_vectors(&maps, &pv).unwrap();
    let filtered = maps.filtered_property_map(br#"{"entities":[]}"#).unwrap();
    for bytes in [
        &maps.directory().bytes,
        &maps.network_map().bytes,
        &maps.draft_property_map().bytes,
        &maps.property_map().bytes,
        &filtered,
        &answer.cost_map,
        &answer.property_map,
    ] {
        assert!(json(bytes)["meta"].is_object());
    }
}

#[test]
fn rfc7285_9_2_2_the_directory_names_its_default_network_map_and_cost_types() {
    let directory = directory();
    let meta = &directory["meta"];
    let default = meta["default-alto-network-map"].as_str().unwrap();
    assert_eq!(
        directory["resources"][default]["media-type"],
        "application/alto-networkmap+json"
    );
    assert_eq!(
        meta["cost-types"]["path-vector"],
        json!({"cost-mode": "array", "cost-metric": "ane-path"})
    );
    assert_eq!(meta.get("vtag"), None);
}

#[test]
fn rfc7285_9_2_2_every_entry_has_a_uri_and_a_media_type_and_uses_what_is_there() {
    let directory = directory();
    let resources = directory["resources"].as_object().unwrap();
    // Those of the draft, as they always were; tests of the base protocol look at the others.
    let expected = [
        (
            uri::id::NETWORK_MAP,
            uri::NETWORK_MAP,
            "application/alto-networkmap+json",
            None,
        ),
        (
            uri::id::DRAFT_PROPERTY_MAP,
            uri::DRAFT_PROPERTY_MAP,
            "application/alto-propmap+json",
            None,
        ),
        (
            uri::id::PROPERTY_MAP,
            uri::PROPERTY_MAP,
            "application/alto-propmap+json",
            None,
        ),
        (
            uri::id::FILTERED_PROPERTY_MAP,
            uri::FILTERED_PROPERTY_MAP,
            "application/alto-propmap+json",
            Some("application/alto-propmapparams+json"),
        ),
        (
            uri::id::PATH_VECTORS,
            uri::PATH_VECTORS,
            "multipart/related;type=application/alto-costmap+json",
            Some("application/alto-costmapfilter+json"),
        ),
        (
            uri::id::PATH_VECTOR_COST_MAP,
            uri::PATH_VECTORS,
            "application/alto-costmap+json",
            Some("application/alto-costmapfilter+json"),
        ),
    ];
    for (id, uri, media_type, accepts) in expected {
        let entry = &resources[id];
        assert_eq!(
            (entry["uri"].as_str(), entry["media-type"].as_str()),
            (Some(uri), Some(media_type))
        );
        assert_eq!(entry.get("accepts").and_then(Value::as_str), accepts);
        for used in entry["uses"].as_array().into_iter().flatten() {
            assert!(
                resources.contains_key(used.as_str().unwrap()),
                "{id} uses {used}"
            );
        }
        for name in entry["capabilities"]["cost-type-names"]
            .as_array()
            .into_iter()
            .flatten()
        {
            assert!(directory["meta"]["cost-types"][name.as_str().unwrap()].is_object());
        }
    }
}

#[test]
fn rfc7285_10_2_resource_ids_are_valid() {
    for id in directory()["resources"].as_object().unwrap().keys() {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-:@_".contains(&b);
        assert!(id.len() <= 31 && id.bytes().all(legal), "{id}");
    }
}

#[test]
fn rfc7285_11_2_1_6_the_network_map_has_its_vtag_and_all_pids() {
    let federation = Federation::three();
    let maps = federation.maps();
    let map = json(&maps.network_map().bytes);
    assert_eq!(
        map["meta"]["vtag"],
        json!({"resource-id": "networkmap", "tag": maps.network_map().tag.as_str()})
    );
    let expected = json!({
        "AS1": {"ipv4": ["172.16.101.0/24"]},
        "AS2": {"ipv4": ["172.16.102.0/24"], "ipv6": ["2001:db8:102::/48"]},
        "AS3": {"ipv4": ["172.16.103.0/24"]},
        "outside@federation": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
    });
    assert_eq!(map["network-map"], expected);
}

#[test]
fn rfc7285_11_2_2_a_domain_without_prefixes_is_a_pid_with_an_empty_group() {
    let mut federation = Federation::three();
    federation.idr.apply([idr::Update::Put(
        Row {
            name: "OnlyIdR",
            ..Row::NONE
        }
        .domain(),
    )]);
    federation
        .ted
        .apply([idt::Update::Join("OnlyIdT".parse().unwrap())]);
    let map = network_map(&federation)["network-map"].clone();
    assert_eq!(map["OnlyIdR"], json!({}));
    assert_eq!(map["OnlyIdT"], json!({}));
}

#[test]
fn rfc7285_11_2_2_no_prefix_is_in_two_pids() {
    let mut federation = Federation::three();
    // Host bits and spelling do not make another prefix.
    let prefixes = &["172.16.101.7/24", "2001:DB8:102:0::/48", "10.0.0.0/8"];
    federation.put(&Row {
        name: "AS9",
        prefixes,
        ..Row::NONE
    });
    let maps = federation.maps();
    let map = json(&maps.network_map().bytes)["network-map"].clone();
    assert_eq!(map["AS9"], json!({"ipv4": ["10.0.0.0/8"]}));
    let conflicts: Vec<_> = maps
        .prefix_conflicts()
        .iter()
        .map(|c| format!("{} {} {}", c.prefix, c.kept_by, c.lost_by))
        .collect();
    assert_eq!(
        conflicts,
        ["172.16.101.0/24 AS1 AS9", "2001:db8:102::/48 AS2 AS9"]
    );
    // Longest match decides between prefixes that contain one another: both stay.
    federation.put(&Row {
        name: "AS9",
        prefixes: &["172.16.0.0/16"],
        ..Row::NONE
    });
    let maps = federation.maps();
    assert!(maps.prefix_conflicts().is_empty());
    let map = json(&maps.network_map().bytes)["network-map"].clone();
    assert_eq!(map["AS9"], json!({"ipv4": ["172.16.0.0/16"]}));
}

#[test]
fn rfc7285_11_2_2_what_a_domain_claims_is_not_outside() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS9",
        prefixes: &["0.0.0.0/0"],
        ..Row::NONE
    });
    let map = network_map(&federation)["network-map"].clone();
    assert_eq!(map["AS9"], json!({"ipv4": ["0.0.0.0/0"]}));
    assert_eq!(map["outside@federation"], json!({"ipv6": ["::/0"]}));
    federation.put(&Row {
        name: "AS9",
        prefixes: &["0.0.0.0/0", "::/0"],
        ..Row::NONE
    });
    assert_eq!(
        network_map(&federation)["network-map"].get("outside@federation"),
        None
    );
}

#[test]
fn rfc7285_10_3_tags_are_hashes_of_content() {
    let maps = Federation::three().maps();
    for body in [
        maps.directory(),
        maps.network_map(),
        maps.draft_property_map(),
        maps.property_map(),
    ] {
        let tag = body.tag.as_str();
        assert!(
            tag.len() == 32 && tag.bytes().all(|b| b.is_ascii_hexdigit()),
            "{tag}"
        );
    }
    // Another process, another order of arrival, the same tags.
    let mut other = Federation::new(CAPS);
    for row in TABLE_1.iter().rev() {
        other.ted.apply([idt::Update::Topology(row.topology())]);
        other.idr.apply([idr::Update::EntryPoint {
            domain: row.name.parse().unwrap(),
            entry_point: None,
        }]);
    }
    let half = other.maps();
    assert_eq!(half.network_map(), maps.network_map());
    assert_ne!(half.property_map().tag, maps.property_map().tag);
    TABLE_1.iter().for_each(|row| other.put(row));
    let other = other.maps_after(Some(&half));
    assert_eq!(other.property_map(), maps.property_map());
    assert_eq!(other.draft_property_map(), maps.draft_property_map());
}

/// Pinned: clients hold tags over our restarts and upgrades. Change it only when a body changes.
#[test]
fn rfc7285_6_3_the_tags_of_the_draft_s_example() {
    let maps = Federation::three().maps();
    assert_eq!(
        maps.network_map().tag.as_str(),
        "de63d249fdc665a84c38aa92ab9be5bd"
    );
    assert_eq!(
        maps.property_map().tag.as_str(),
        "4a327901240ca11dfc2d8637e1b25eab"
    );
}

#[test]
fn rfc7285_11_3_2_3_the_cost_type_must_be_the_one_offered() {
    let maps = Federation::three().maps();
    let ask = |mode: &str, metric: &str| {
        told(path_vectors(
            &maps,
            &json!({"cost-type": {"cost-mode": mode, "cost-metric": metric}}),
        ))
    };
    let code = "E_INVALID_FIELD_VALUE";
    assert_eq!(
        ask("numerical", "ane-path"),
        [code, "cost-type/cost-mode", "numerical"]
    );
    assert_eq!(
        ask("array", "routingcost"),
        [code, "cost-type/cost-metric", "routingcost"]
    );
    // RFC 9274 §4 for an unknown mode.
    assert_eq!(ask("foo", "ane-path"), [code, "cost-type/cost-mode", "foo"]);
}

#[test]
fn rfc7285_11_3_2_3_constraints_are_refused_where_they_are_not_offered() {
    let maps = Federation::three().maps();
    let mut request = json!({"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}});
    request["constraints"] = json!(["le 10"]);
    let error = told(path_vectors(&maps, &request));
    assert_eq!(
        error,
        ["E_INVALID_FIELD_VALUE", "constraints", "[\"le 10\"]"]
    );
}

#[test]
fn rfc8189_4_1_2_multiple_costs_are_refused_where_they_are_not_offered() {
    let maps = Federation::three().maps();
    for (field, value) in [
        (
            "multi-cost-types",
            json!([{"cost-mode": "array", "cost-metric": "ane-path"}]),
        ),
        ("testable-cost-types", json!([])),
        ("or-constraints", json!([["le 10"]])),
    ] {
        let mut request = json!({"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}});
        request[field] = value.clone();
        let error = told(path_vectors(&maps, &request));
        assert_eq!(error, ["E_INVALID_FIELD_VALUE", field, &value.to_string()]);
        // Instead of `cost-type` it is still this field that is wrong.
        request.as_object_mut().unwrap().remove("cost-type");
        assert_eq!(told(path_vectors(&maps, &request))[1], field);
    }
}

fn costs(maps: &alto::Maps, pids: Value) -> Value {
    let mut request = json!({"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}});
    request["pids"] = pids;
    json(&path_vectors(maps, &request).unwrap().cost_map)["cost-map"].clone()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn rfc7285_11_3_2_3_absent_or_empty_pids_are_all() {
    let maps = Federation::three().maps();
    let request = json!({"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}});
    let all = json(&path_vectors(&maps, &request).unwrap().cost_map)["cost-map"].clone();
    assert_eq!(keys(&all), BTreeSet::from(["AS1", "AS2", "AS3"]));
    assert!(
        all.as_object()
            .unwrap()
            .values()
            .all(|row| keys(row) == keys(&all))
    );
    assert_eq!(costs(&maps, json!({"srcs": [], "dsts": []})), all);
    let row = costs(&maps, json!({"srcs": ["AS2"], "dsts": []}));
    assert_eq!(row, json!({"AS2": all["AS2"]}));
    let column = costs(&maps, json!({"srcs": [], "dsts": ["AS2"]}));
    assert_eq!(column["AS3"], json!({"AS2": ["AS3", "AS2"]}));
}

#[test]
fn rfc7285_11_3_2_3_both_lists_of_a_pid_filter_are_required() {
    let maps = Federation::three().maps();
    let ask = |pids: Value| {
        let request = json!({
            "cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}, "pids": pids,
        });
        told(path_vectors(&maps, &request))
    };
    assert_eq!(
        ask(json!({"srcs": []})),
        ["E_MISSING_FIELD", "pids/dsts", "-"]
    );
    assert_eq!(
        ask(json!({"dsts": []})),
        ["E_MISSING_FIELD", "pids/srcs", "-"]
    );
    assert_eq!(
        ask(json!(["AS1"])),
        ["E_INVALID_FIELD_TYPE", "pids", "[\"AS1\"]"]
    );
    let element = ask(json!({"srcs": ["AS1", null], "dsts": []}));
    assert_eq!(element, ["E_INVALID_FIELD_VALUE", "pids/srcs", "null"]);
}

#[test]
fn rfc7285_11_3_2_6_unknown_pids_are_ignored_and_repetitions_collapse() {
    let maps = Federation::three().maps();
    let srcs = json!(["AS1", "AS1", "AS7", "no.pid", "", "outside@federation"]);
    let map = costs(&maps, json!({"srcs": srcs, "dsts": ["AS2", "AS2", "AS8"]}));
    assert_eq!(map, json!({"AS1": {"AS2": ["AS1", "AS2"]}}));
    assert_eq!(
        costs(&maps, json!({"srcs": ["AS7"], "dsts": []})),
        json!({})
    );
}

#[test]
fn rfc7285_11_2_3_6_pairs_without_a_cost_are_left_out() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS9",
        ..Row::NONE
    });
    let maps = federation.maps();
    let map = costs(
        &maps,
        json!({"srcs": ["AS1", "AS9"], "dsts": ["AS2", "AS9"]}),
    );
    assert_eq!(
        map,
        json!({"AS1": {"AS2": ["AS1", "AS2"]}, "AS9": {"AS9": ["AS9"]}})
    );
}
