//! RFC 9240: property maps with valid entity names, full and filtered.

use serde_json::{Value, json};

use crate::federation::{Federation, Row, filtered, json, told};

const ALL: [&str; 6] = ["entry-point", "cpu", "mem", "storage", "port", "nf"];

fn full() -> Value {
    json(&Federation::three().maps().property_map().bytes)
}

#[test]
fn rfc9240_7_6_the_full_map_has_valid_entity_names() {
    let maps = Federation::three().maps();
    let map = json(&maps.property_map().bytes);
    let entities = map["property-map"].as_object().unwrap();
    let names: Vec<_> = entities.keys().collect();
    assert_eq!(
        names,
        [
            "networkmap.pid:AS1",
            "networkmap.pid:AS2",
            "networkmap.pid:AS3"
        ]
    );
    // The same properties as in the draft's map, under another name.
    let draft = json(&maps.draft_property_map().bytes)["property-map"].clone();
    for (name, properties) in entities {
        assert_eq!(*properties, draft[name.trim_start_matches("networkmap.")]);
    }
    assert_eq!(
        maps.property_map().media_type,
        "application/alto-propmap+json"
    );
    assert_eq!(map["meta"]["vtag"]["resource-id"], "networkmap-pid");
}

#[test]
fn rfc9240_7_6_dependent_vtags_are_those_of_uses_in_order() {
    let maps = Federation::three().maps();
    let expected = json!([{"resource-id": "networkmap", "tag": maps.network_map().tag.as_str()}]);
    assert_eq!(
        json(&maps.property_map().bytes)["meta"]["dependent-vtags"],
        expected
    );
    let one = filtered(&maps, &json!({"entities": ["networkmap.pid:AS1"]})).unwrap();
    assert_eq!(one["meta"]["dependent-vtags"], expected);
    let directory = json(&maps.directory().bytes);
    for id in ["networkmap-pid", "networkmap-pid-filtered"] {
        assert_eq!(directory["resources"][id]["uses"], json!(["networkmap"]));
    }
}

#[test]
fn rfc9240_7_4_mappings_say_which_properties_a_domain_has() {
    let directory = json(&Federation::three().maps().directory().bytes);
    for id in ["networkmap-pid", "networkmap-pid-filtered"] {
        let capabilities = &directory["resources"][id]["capabilities"];
        assert_eq!(capabilities["mappings"], json!({"networkmap.pid": ALL}));
        // §7.6: values that are no strings have to be signalled.
        assert_eq!(capabilities["array-values"], true);
    }
    let draft = &directory["resources"]["inet-ucmspn"]["capabilities"];
    assert_eq!(draft["entity-domain-types"], json!(["pid"]));
    assert_eq!(draft["prop-types"], json!(ALL));
}

#[test]
fn rfc9240_8_6_entities_are_required() {
    let maps = Federation::three().maps();
    let ask = |request: Value| told(filtered(&maps, &request));
    assert_eq!(
        ask(json!({"properties": []})),
        ["E_MISSING_FIELD", "entities", "-"]
    );
    assert_eq!(
        ask(json!({"entities": "all"})),
        ["E_INVALID_FIELD_TYPE", "entities", "all"]
    );
    assert_eq!(
        ask(json!({"entities": [1]})),
        ["E_INVALID_FIELD_VALUE", "entities", "1"]
    );
    assert_eq!(ask(json!(7)), ["E_INVALID_FIELD_TYPE", "-", "-"]);
}

#[test]
fn rfc9240_8_3_no_entities_are_all_entities() {
    let maps = Federation::three().maps();
    let answer = filtered(&maps, &json!({"entities": [], "properties": []})).unwrap();
    assert_eq!(answer["property-map"], full()["property-map"]);
}

#[test]
fn rfc9240_8_3_absent_properties_show_which_entities_have_any() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS9",
        ..Row::NONE
    });
    let maps = federation.maps();
    let request = json!({"entities": ["networkmap.pid:AS1", "networkmap.pid:AS9"]});
    let answer = filtered(&maps, &request).unwrap();
    assert_eq!(answer["property-map"], json!({"networkmap.pid:AS1": {}}));
    let all = filtered(&maps, &json!({"entities": []})).unwrap();
    let expected = json!({
        "networkmap.pid:AS1": {}, "networkmap.pid:AS2": {}, "networkmap.pid:AS3": {},
    });
    assert_eq!(all["property-map"], expected);
}

#[test]
fn rfc9240_8_3_only_what_is_asked_for_and_repetitions_collapse() {
    let maps = Federation::three().maps();
    let request = json!({
        "entities": ["networkmap.pid:AS2", "networkmap.pid:AS1", "networkmap.pid:AS2"],
        "properties": ["port", "cpu", "port"],
    });
    let answer = filtered(&maps, &request).unwrap();
    let expected = json!({
        "networkmap.pid:AS1": {"cpu": ["50.0"], "port": ["SAP1"]},
        "networkmap.pid:AS2": {"cpu": ["10.0"]},
    });
    assert_eq!(answer["property-map"], expected);
}

#[test]
fn rfc9240_8_6_an_invalid_entity_is_named() {
    let maps = Federation::three().maps();
    let long = format!("networkmap.pid:{}", "x".repeat(65));
    for id in [
        "pid:AS1", // the draft's, RFC 9240 §6.2
        "ipv4:192.0.2.1",
        ".ane:AS1",
        "othermap.pid:AS1",
        "networkmap.pid",
        "networkmap.pid:",
        "networkmap.pid:AS.1",
        "networkmap.pid:AS 1",
        "",
        &long,
    ] {
        let error = told(filtered(
            &maps,
            &json!({"entities": ["networkmap.pid:AS1", id]}),
        ));
        assert_eq!(error[..2], ["E_INVALID_FIELD_VALUE", "entities"], "{id}");
        assert!(
            id.starts_with(error[2].trim_end_matches("...")),
            "{id}: {}",
            error[2]
        );
    }
}

#[test]
fn rfc9240_8_6_a_valid_entity_never_is_an_error() {
    let maps = Federation::three().maps();
    for id in [
        "networkmap.pid:AS7",
        "networkmap.pid:outside@federation",
        "networkmap.pid:a:b",
    ] {
        let answer = filtered(&maps, &json!({"entities": [id], "properties": []})).unwrap();
        assert_eq!(answer["property-map"], json!({}), "{id}");
    }
}

#[test]
fn rfc9240_8_6_an_unknown_property_is_named() {
    let maps = Federation::three().maps();
    let ask = |properties: Value| {
        told(filtered(
            &maps,
            &json!({"entities": [], "properties": properties}),
        ))
    };
    let code = "E_INVALID_FIELD_VALUE";
    assert_eq!(ask(json!(["cpu", "pid"])), [code, "properties", "pid"]);
    assert_eq!(ask(json!(["CPU"])), [code, "properties", "CPU"]);
    assert_eq!(ask(json!([null])), [code, "properties", "null"]);
    assert_eq!(ask(json!({})), ["E_INVALID_FIELD_TYPE", "properties", "{}"]);
}
