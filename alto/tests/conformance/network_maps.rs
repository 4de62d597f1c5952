//! RFC 7285 §11.2.1, §11.3.1 and §11.4: network maps, parts of them, and where endpoints are in them.

use serde_json::{Value, json};

use crate::federation::{
    Federation, Row, TABLE_1, content, got, id, json, posted, posted_to, told,
};

fn filtered(request: Value) -> Value {
    posted(&service(), "networkmap-filtered", &request).unwrap()["network-map"].clone()
}

fn service() -> alto::Service {
    Federation::three().service()
}

#[test]
fn the_map_by_role_has_the_same_prefixes_by_what_domains_are_for() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS9",
        nfs: &["NF9"],
        prefixes: &["10.9.0.0/16", "172.16.101.0/24"],
        ..Row::NONE
    });
    federation.put(&Row {
        name: "access",
        ports: &["SAP9"],
        ..Row::NONE
    });
    federation.ted.apply([idt::Update::Join(id("carrier"))]);
    let service = federation.service();
    let map = got(&service, "networkmap-role");
    // What two domains claim is where it is in the other map.
    let expected = json!({
        "nf": {"ipv4": ["10.9.0.0/16", "172.16.102.0/24"], "ipv6": ["2001:db8:102::/48"]},
        "nf-sap": {"ipv4": ["172.16.101.0/24", "172.16.103.0/24"]},
        "sap": {},
        "transit": {},
        "outside@federation": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
    });
    assert_eq!(map["network-map"], expected);
    assert_eq!(map["meta"]["vtag"]["resource-id"], "networkmap-role");
    // A role that no domain has is no PID.
    let map = got(&self::service(), "networkmap-role");
    let pids: Vec<_> = map["network-map"].as_object().unwrap().keys().collect();
    assert_eq!(pids, ["nf", "nf-sap", "outside@federation"]);
}

#[test]
fn rfc7285_6_3_the_tag_of_the_map_by_role_is_its_content_s() {
    let mut federation = Federation::three();
    let before = federation.service();
    let tag = |service: &alto::Service| {
        content(service, "networkmap-role", b"")
            .unwrap()
            .tag
            .unwrap()
    };
    // Other resources, the same roles.
    federation.idr.apply([idr::Update::Put(
        Row {
            nfs: &["NF7"],
            ..TABLE_1[1]
        }
        .domain(),
    )]);
    let same = federation.service_after(Some(&before));
    assert_eq!(tag(&same), tag(&before));
    federation.idr.apply([idr::Update::Put(
        Row {
            nfs: &[],
            ..TABLE_1[1]
        }
        .domain(),
    )]);
    let other = federation.service_after(Some(&same));
    assert_ne!(tag(&other), tag(&before));
    assert_eq!(tag(&other), tag(&federation.service()));
}

#[test]
fn rfc7285_11_3_1_3_no_pids_is_an_error_and_an_empty_list_is_all() {
    let ask = |request: Value| told(posted(&service(), "networkmap-filtered", &request));
    assert_eq!(ask(json!({})), ["E_MISSING_FIELD", "pids", "-"]);
    assert_eq!(
        ask(json!({"pids": "AS1"})),
        ["E_INVALID_FIELD_TYPE", "pids", "AS1"]
    );
    assert_eq!(
        ask(json!({"pids": [1]})),
        ["E_INVALID_FIELD_VALUE", "pids", "1"]
    );
    assert_eq!(
        ask(json!({"pids": [], "address-types": [null]})),
        ["E_INVALID_FIELD_VALUE", "address-types", "null"]
    );
    let full = got(&service(), "networkmap")["network-map"].clone();
    assert_eq!(filtered(json!({"pids": []})), full);
    let roles = posted(&service(), "networkmap-role-filtered", &json!({"pids": []})).unwrap();
    assert_eq!(roles, got(&service(), "networkmap-role"));
}

#[test]
fn rfc7285_11_3_1_3_absent_or_empty_address_types_are_all_and_repetitions_are_one() {
    let all = json!({"AS2": {"ipv4": ["172.16.102.0/24"], "ipv6": ["2001:db8:102::/48"]}});
    assert_eq!(filtered(json!({"pids": ["AS2"]})), all);
    assert_eq!(filtered(json!({"pids": ["AS2"], "address-types": []})), all);
    let twice = json!({"pids": ["AS2", "AS2"], "address-types": ["ipv6", "ipv4", "ipv6"]});
    let text = posted(&service(), "networkmap-filtered", &twice).unwrap();
    assert_eq!(text["network-map"], all);
    let raw = content(
        &service(),
        "networkmap-filtered",
        twice.to_string().as_bytes(),
    )
    .unwrap();
    let raw = String::from_utf8(raw.to_bytes().to_vec()).unwrap();
    assert_eq!(raw.matches("AS2").count(), 1, "{raw}");
    assert_eq!(raw.matches("ipv6").count(), 1, "{raw}");
}

#[test]
fn rfc7285_11_3_1_6_what_is_not_known_is_ignored() {
    assert_eq!(
        filtered(json!({"pids": ["AS7", "as1", "outside"]})),
        json!({})
    );
    assert_eq!(
        filtered(json!({"pids": ["AS7", "AS1"]})),
        json!({"AS1": {"ipv4": ["172.16.101.0/24"]}})
    );
    assert_eq!(
        filtered(json!({"pids": [], "address-types": ["mac"]})),
        json!({})
    );
}

#[test]
fn rfc7285_11_3_1_6_only_what_is_asked_is_told() {
    assert_eq!(
        filtered(json!({"pids": ["AS1", "AS2", "outside@federation"], "address-types": ["ipv6"]})),
        json!({"AS2": {"ipv6": ["2001:db8:102::/48"]}, "outside@federation": {"ipv6": ["::/0"]}})
    );
}

#[test]
fn rfc7285_11_3_1_6_the_vtag_is_that_of_the_full_map() {
    for map in ["networkmap", "networkmap-role"] {
        let part = posted(&service(), &format!("{map}-filtered"), &json!({"pids": []})).unwrap();
        assert_eq!(part["meta"], got(&service(), map)["meta"]);
        assert_eq!(part["meta"]["vtag"]["resource-id"], map);
    }
}

fn properties(properties: Value, endpoints: Value) -> Result<Value, alto::AltoError> {
    let request = json!({"properties": properties, "endpoints": endpoints});
    posted(&service(), "endpoint-properties", &request)
}

#[test]
fn rfc7285_11_4_1_6_each_endpoint_has_its_pids() {
    let answer = properties(
        json!(["networkmap.pid", "networkmap-role.pid"]),
        json!([
            "ipv4:172.16.101.9",
            "ipv6:2001:db8:102::1",
            "ipv4:192.0.2.1"
        ]),
    );
    let expected = json!({
        "ipv4:172.16.101.9": {"networkmap.pid": "AS1", "networkmap-role.pid": "nf-sap"},
        "ipv6:2001:db8:102::1": {"networkmap.pid": "AS2", "networkmap-role.pid": "nf"},
        "ipv4:192.0.2.1": {
            "networkmap.pid": "outside@federation", "networkmap-role.pid": "outside@federation",
        },
    });
    assert_eq!(answer.unwrap()["endpoint-properties"], expected);
}

#[test]
fn rfc7285_11_2_2_the_longest_prefix_decides() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS9",
        prefixes: &["172.16.0.0/16", "172.16.101.128/25"],
        ..Row::NONE
    });
    let request = json!({
        "properties": ["networkmap.pid"],
        "endpoints": ["ipv4:172.16.101.127", "ipv4:172.16.101.128", "ipv4:172.16.102.0", "ipv4:172.16.200.1"],
    });
    let answer = posted(&federation.service(), "endpoint-properties", &request).unwrap();
    let pid = |endpoint: &str| answer["endpoint-properties"][endpoint]["networkmap.pid"].clone();
    assert_eq!(pid("ipv4:172.16.101.127"), "AS1");
    assert_eq!(pid("ipv4:172.16.101.128"), "AS9");
    assert_eq!(pid("ipv4:172.16.102.0"), "AS2");
    assert_eq!(pid("ipv4:172.16.200.1"), "AS9");
}

#[test]
fn rfc7285_11_4_1_6_dependent_vtags_are_those_of_the_maps_asked_for() {
    let tags = |names: Value| {
        let answer = properties(names, json!(["ipv4:192.0.2.1"])).unwrap();
        answer["meta"]["dependent-vtags"].clone()
    };
    let [domains, roles] =
        ["networkmap", "networkmap-role"].map(|map| got(&service(), map)["meta"]["vtag"].clone());
    assert_eq!(tags(json!(["networkmap.pid"])), json!([domains]));
    assert_eq!(tags(json!(["networkmap-role.pid"])), json!([roles]));
    let both = tags(json!([
        "networkmap-role.pid",
        "networkmap.pid",
        "networkmap.pid"
    ]));
    assert_eq!(both, json!([roles, domains]));
}

#[test]
fn rfc7285_11_4_1_3_both_lists_are_required_and_not_empty() {
    let ask = |request: Value| told(posted(&service(), "endpoint-properties", &request));
    let (good, here) = (json!(["networkmap.pid"]), json!(["ipv4:192.0.2.1"]));
    assert_eq!(
        ask(json!({"endpoints": here})),
        ["E_MISSING_FIELD", "properties", "-"]
    );
    assert_eq!(
        ask(json!({"properties": good})),
        ["E_MISSING_FIELD", "endpoints", "-"]
    );
    let value = "E_INVALID_FIELD_VALUE";
    assert_eq!(
        told(properties(json!([]), here.clone())),
        [value, "properties", "[]"]
    );
    assert_eq!(
        told(properties(good.clone(), json!([]))),
        [value, "endpoints", "[]"]
    );
    let kind = "E_INVALID_FIELD_TYPE";
    assert_eq!(
        told(properties(json!({}), here)),
        [kind, "properties", "{}"]
    );
    assert_eq!(told(properties(good, json!(7))), [kind, "endpoints", "7"]);
}

#[test]
fn rfc7285_11_4_1_3_an_unknown_property_or_a_malformed_address_is_named() {
    let value = "E_INVALID_FIELD_VALUE";
    for name in ["pid", "networkmap.ane", "priv:x", "my.pid", ""] {
        let error = told(properties(
            json!(["networkmap.pid", name]),
            json!(["ipv4:192.0.2.1"]),
        ));
        assert_eq!(error, [value, "properties", name]);
    }
    for address in [
        "ipv4:1.2.3.256",
        "ipv4:2001:db8::",
        "ipv6:1.2.3.4",
        "192.0.2.1",
        "ipv4:",
        "ipv4:192.0.2.0/24",
        "ipv4: 192.0.2.1",
        "ipv4:192.0.02.1",
        "ipv6:2001:db8:::1",
        "mac:00-00-5e-00-53-00",
        "ipv6:fe80::1%eth0",
        "IPV4:192.0.2.1",
    ] {
        let error = told(properties(
            json!(["networkmap.pid"]),
            json!(["ipv4:192.0.2.1", address]),
        ));
        assert_eq!(error, [value, "endpoints", address]);
    }
    let error = told(properties(
        json!(["networkmap.pid"]),
        json!([["ipv4:192.0.2.1"]]),
    ));
    assert_eq!(error, [value, "endpoints", "[\"ipv4:192.0.2.1\"]"]);
}

#[test]
fn rfc7285_10_4_spellings_of_one_address_are_one_endpoint() {
    let spellings = json!([
        "ipv6:2001:DB8:102:0:0::1",
        "ipv6:2001:db8:102::1",
        "ipv4:172.16.101.1",
        "ipv4:172.16.101.1"
    ]);
    let answer = properties(json!(["networkmap.pid"]), spellings).unwrap();
    // The first spelling is the one that the client will look for.
    let expected = json!({
        "ipv6:2001:DB8:102:0:0::1": {"networkmap.pid": "AS2"}, "ipv4:172.16.101.1": {"networkmap.pid": "AS1"},
    });
    assert_eq!(answer["endpoint-properties"], expected);
}

#[test]
fn too_many_endpoints_are_refused_with_the_limit() {
    let limits = alto::Limits {
        endpoints: 2,
        ..alto::Limits::default()
    };
    let service = Federation::three().with_limits(limits).service();
    let request = json!({
        "properties": ["networkmap.pid"],
        "endpoints": ["ipv4:192.0.2.1", "ipv4:192.0.2.1", "ipv4:192.0.2.1"],
    });
    let error = posted(&service, "endpoint-properties", &request).unwrap_err();
    assert!(error.to_string().contains("at most 2 endpoints"), "{error}");
    assert_eq!(
        told::<()>(Err(error)),
        ["E_INVALID_FIELD_VALUE", "endpoints", "3"]
    );
    let root = got(&service, "directory");
    let capabilities = &root["resources"]["endpoint-properties"]["capabilities"];
    assert_eq!(capabilities["max-endpoints"], 2);
}

#[test]
fn rfc7285_8_5_2_what_is_no_json_is_a_syntax_error_everywhere() {
    for one in posted_to() {
        let error = content(&service(), one.id, b"{\"pids\": [,]}").unwrap_err();
        assert_eq!(error.code(), "E_SYNTAX", "{}", one.id);
        let meta = json(&error.to_json())["meta"].clone();
        assert!(
            meta["syntax-error"]
                .as_str()
                .unwrap()
                .contains("line 1 column 11"),
            "{meta}"
        );
    }
}
