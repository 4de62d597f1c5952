//! RFC 9240 and RFC 9241: addresses, autonomous systems, and the PIDs of both network maps in one filtered map.

use alto::updates::{Bounds, Form, Forms, Snapshot, Store, View, diff};
use alto::{Limits, Refused, Service, resource};
use serde_json::{Map, Value, json};

use crate::federation::{ASK, CAPS, Federation, Row, content, got, json, linked, posted, told};
use crate::update_laws::apply;

const PID: &str = "networkmap.pid";
const ROLE: &str = "networkmap-role.pid";
const ASN: &str = ".priv:brokermdo-asn";
const MEMBERS: &str = ".priv:brokermdo-members";
const FILTERED: &str = "properties-filtered";

/// Domains with these prefixes.
fn with_prefixes(domains: &[(&str, &[&str])]) -> Federation {
    let mut federation = Federation::new(CAPS);
    for (name, prefixes) in domains {
        let topology = linked(name, &[], prefixes);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
    federation
}

/// The entities of an answer.
fn asked(service: &Service, entities: &[&str], properties: &[&str]) -> Map<String, Value> {
    let request = json!({"entities": entities, "properties": properties});
    let answer = posted(service, FILTERED, &request).unwrap();
    answer["property-map"].as_object().unwrap().clone()
}

/// RFC 9240 §6.1.3, Table 1: the prefixes for which a property is defined, and who has them here.
const TABLE_1: [(&str, &[&str]); 4] = [
    ("AS1", &["192.0.2.0/26"]),
    ("AS2", &["192.0.2.0/28"]),
    ("AS3", &["192.0.2.0/30"]),
    ("AS4", &["192.0.2.0/32"]),
];

/// Table 2: what is inherited; "" is not defined.
const TABLE_2: [(&str, &str); 10] = [
    ("ipv4:192.0.2.0", "4"),
    ("ipv4:192.0.2.1", "3"),
    ("ipv4:192.0.2.16", "1"),
    ("ipv4:192.0.2.32", "1"),
    ("ipv4:192.0.2.64", ""),
    ("ipv4:192.0.2.0/32", "4"),
    ("ipv4:192.0.2.0/31", "3"),
    ("ipv4:192.0.2.0/29", "2"),
    ("ipv4:192.0.2.0/27", "1"),
    ("ipv4:192.0.2.0/25", ""),
];

#[test]
fn rfc9240_6_1_3_the_longest_prefix_decides_and_prefixes_inherit() {
    let service = with_prefixes(&TABLE_1).service();
    for (entity, value) in TABLE_2 {
        let answer = asked(&service, &[entity], &[ASN]);
        let expected = match value {
            "" => json!({}),
            value => json!({ ASN: value }),
        };
        assert_eq!(answer[entity], expected, "{entity}");
    }
}

#[test]
fn rfc9240_6_1_1_2_an_address_and_its_full_length_prefix_are_one_entity() {
    let service = with_prefixes(&TABLE_1).service();
    for (entities, name) in [
        (["ipv4:192.0.2.0", "ipv4:192.0.2.0/32"], "ipv4:192.0.2.0"),
        (
            ["ipv6:2001:db8::1/128", "ipv6:2001:DB8:0::1"],
            "ipv6:2001:db8::1/128",
        ),
    ] {
        let answer = asked(&service, &entities, &[PID]);
        assert_eq!(answer.keys().collect::<Vec<_>>(), [name]);
    }
}

#[test]
fn rfc9240_6_1_3_null_says_that_nothing_is_inherited() {
    let domains: [(&str, &[&str]); 3] = [
        ("AS64496", &["10.0.0.0/8"]),
        ("north", &["10.1.0.0/16"]),
        ("south", &["10.1.2.0/24"]),
    ];
    let service = with_prefixes(&domains).service();
    let full = got(&service, "address-properties")["property-map"].clone();
    assert_eq!(full["ipv4:10.0.0.0/8"][ASN], "64496");
    assert_eq!(full["ipv4:10.1.0.0/16"].get(ASN), Some(&Value::Null));
    // It would inherit nothing from that, nor do the whole address spaces.
    assert_eq!(full["ipv4:10.1.2.0/24"].get(ASN), None);
    assert_eq!(full["ipv4:0.0.0.0/0"].get(ASN), None);
    // Alone it is told no null: there is nothing in the answer to inherit from.
    let alone = asked(&service, &["ipv4:10.1.0.0/16"], &[ASN, PID]);
    assert_eq!(alone["ipv4:10.1.0.0/16"], json!({ PID: "north" }));
    let within = asked(&service, &["ipv4:10.0.0.0/9", "ipv4:10.1.2.3"], &[ASN]);
    let expected = json!({
        "ipv4:10.0.0.0/9": { ASN: "64496" },
        "ipv4:10.1.0.0/16": { ASN: null },
        "ipv4:10.1.2.3": {},
    });
    assert_eq!(Value::from(within), expected);
}

#[test]
fn rfc9240_8_6_inherited_values_are_told() {
    let service = with_prefixes(&TABLE_1).service();
    let answer = asked(&service, &["ipv4:192.0.2.1", "ipv6:2001:db8::1"], &[]);
    let expected = json!({
        "ipv4:192.0.2.1": { PID: "AS3", ROLE: "transit", ASN: "3" },
        "ipv6:2001:db8::1": { PID: "outside@federation", ROLE: "outside@federation" },
    });
    assert_eq!(Value::from(answer), expected);
}

/// As in §10.6 and §10.7.
#[test]
fn rfc9240_8_6_what_is_within_is_told_where_it_differs() {
    let domains: [(&str, &[&str]); 5] = [
        ("pid1", &["192.0.2.0/25"]),
        ("pid2", &["192.0.2.0/27"]),
        ("pid3", &["192.0.3.0/28"]),
        ("pid4", &["192.0.3.16/28"]),
        ("pid5", &["192.0.2.0/26", "192.0.2.48/28"]),
    ];
    let service = with_prefixes(&domains).service();
    let entities = ["ipv4:192.0.2.128", "ipv4:192.0.2.0/25", "ipv4:192.0.3.0/26"];
    let answer = asked(&service, &entities, &[PID]);
    // 192.0.2.48/28 says what 192.0.2.0/26 around it says.
    let expected = json!({
        "ipv4:192.0.2.128": { PID: "outside@federation" },
        "ipv4:192.0.2.0/25": { PID: "pid1" },
        "ipv4:192.0.2.0/26": { PID: "pid5" },
        "ipv4:192.0.2.0/27": { PID: "pid2" },
        "ipv4:192.0.3.0/26": { PID: "outside@federation" },
        "ipv4:192.0.3.0/28": { PID: "pid3" },
        "ipv4:192.0.3.16/28": { PID: "pid4" },
    });
    assert_eq!(Value::from(answer), expected);
    // All of them are for the same, so that one is enough.
    let answer = asked(&service, &["ipv4:192.0.2.0/25"], &[ROLE]);
    assert_eq!(
        Value::from(answer),
        json!({"ipv4:192.0.2.0/25": { ROLE: "transit" }})
    );
}

#[test]
fn rfc9240_8_6_what_others_cover_is_left_out() {
    let domains: [(&str, &[&str]); 5] = [
        ("pid3", &["192.0.3.0/28"]),
        ("pid4", &["192.0.3.16/28"]),
        ("low", &["0.0.0.0/1", "::/1"]),
        ("high", &["128.0.0.0/1", "8000::/2"]),
        ("end", &["255.255.255.254/31"]),
    ];
    let service = with_prefixes(&domains).service();
    let names = |entities: &[&str]| -> Vec<String> {
        asked(&service, entities, &[PID])
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    };
    // The example of §10.7.
    assert_eq!(
        names(&["ipv4:192.0.3.0/27"]),
        ["ipv4:192.0.3.0/28", "ipv4:192.0.3.16/28"]
    );
    // What was asked for covers, too; one of two does not.
    let halves = [
        "ipv4:198.51.100.0/24",
        "ipv4:198.51.100.0/25",
        "ipv4:198.51.100.128/25",
    ];
    assert_eq!(names(&halves), halves[1..]);
    assert_eq!(names(&halves[..2]), halves[..2]);
    // Up to the last address.
    let all = names(&["ipv4:0.0.0.0/0", "ipv6:::/0"]);
    let has = |name: &str| all.iter().any(|known| known == name);
    assert!(
        !has("ipv4:0.0.0.0/0") && has("ipv4:128.0.0.0/1") && has("ipv4:0.0.0.0/1"),
        "{all:?}"
    );
    assert!(
        has("ipv6:::/0") && has("ipv6:::/1") && has("ipv6:8000::/2"),
        "{all:?}"
    );
    let last = [
        "ipv4:255.255.255.254/31",
        "ipv4:255.255.255.254",
        "ipv4:255.255.255.255",
    ];
    assert_eq!(names(&last), last[1..]);
}

#[test]
fn rfc9240_8_7_the_pid_of_an_address_is_that_of_the_endpoint_property_service() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS9",
        prefixes: &["172.16.0.0/12"],
        ..Row::NONE
    });
    let service = federation.service();
    let endpoints = [
        "ipv4:172.16.101.9",
        "ipv4:172.16.1.1",
        "ipv6:2001:db8:102::1",
        "ipv4:192.0.2.1",
    ];
    let request = json!({"endpoints": endpoints, "properties": [PID, ROLE]});
    let legacy = posted(&service, "endpoint-properties", &request).unwrap();
    let answer = asked(&service, &endpoints, &[PID, ROLE]);
    assert_eq!(legacy["endpoint-properties"], Value::from(answer));
}

#[test]
fn rfc9241_6_1_1_an_as_has_the_pids_of_its_domain() {
    let mut federation = with_prefixes(&[("AS64496", &[]), ("north", &[])]);
    federation.put(&Row {
        name: "AS7",
        nfs: &["NF1"],
        ..Row::NONE
    });
    let service = federation.service();
    let entities = [
        "asn:as64496",
        "asn:as7",
        "asn:as7",
        "asn:as8",
        "asn:as0",
        "asn:as4294967295",
    ];
    let expected = json!({
        "asn:as64496": { PID: "AS64496", ROLE: "transit" },
        "asn:as7": { PID: "AS7", ROLE: "nf" },
    });
    assert_eq!(Value::from(asked(&service, &entities, &[])), expected);
    let full = got(&service, "address-properties")["property-map"].clone();
    let full = full.as_object().unwrap().iter();
    let of_as: Map<_, _> = full
        .filter(|(name, _)| name.starts_with("asn:"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    assert_eq!(Value::from(of_as), expected);
}

#[test]
fn rfc9240_6_2_the_pids_of_the_map_by_role_have_properties() {
    let mut federation = Federation::three();
    federation.put(&Row {
        name: "AS9",
        ..Row::NONE
    });
    let service = federation.service();
    let map = got(&service, "networkmap-role-pid");
    assert_eq!(map["meta"]["vtag"]["resource-id"], "networkmap-role-pid");
    let expected = json!({
        "networkmap-role.pid:nf": { MEMBERS: ["AS2"] },
        "networkmap-role.pid:nf-sap": { MEMBERS: ["AS1", "AS3"] },
        "networkmap-role.pid:transit": { MEMBERS: ["AS9"] },
    });
    assert_eq!(map["property-map"], expected);
    let entities = [
        "networkmap-role.pid:nf",
        "networkmap-role.pid:sap",
        "networkmap-role.pid:outside@federation",
    ];
    let answer = asked(&service, &entities, &[MEMBERS]);
    assert_eq!(
        Value::from(answer),
        json!({"networkmap-role.pid:nf": { MEMBERS: ["AS2"] }})
    );
}

#[test]
fn rfc9240_8_6_dependent_vtags_are_those_of_the_entities_asked_for() {
    let service = Federation::three().service();
    let tag = |id: &str| {
        let tag = got(&service, id)["meta"]["vtag"]["tag"].clone();
        json!({"resource-id": id, "tag": tag})
    };
    let (network, role) = (tag("networkmap"), tag("networkmap-role"));
    for (entities, expected) in [
        (vec!["networkmap.pid:AS1"], json!([network])),
        (vec!["networkmap-role.pid:nf"], json!([role])),
        (
            vec!["networkmap-role.pid:nf", "networkmap.pid:AS1"],
            json!([network, role]),
        ),
        (
            vec!["networkmap-role.pid:nf", "ipv4:192.0.2.1"],
            json!([network, role]),
        ),
        (vec!["asn:as1"], json!([network, role])),
        (vec![], json!([network, role])),
    ] {
        let answer = posted(&service, FILTERED, &json!({"entities": entities})).unwrap();
        assert_eq!(answer["meta"]["dependent-vtags"], expected, "{entities:?}");
    }
    let directory = got(&service, "directory");
    for (id, expected) in [
        ("address-properties", json!([network, role])),
        ("networkmap-role-pid", json!([role])),
    ] {
        assert_eq!(got(&service, id)["meta"]["dependent-vtags"], expected);
        let uses = expected.as_array().unwrap().iter();
        let uses: Vec<_> = uses.map(|tag| tag["resource-id"].clone()).collect();
        assert_eq!(directory["resources"][id]["uses"], json!(uses));
    }
    let uses = &directory["resources"][FILTERED]["uses"];
    assert_eq!(*uses, json!(["networkmap", "networkmap-role"]));
}

#[test]
fn rfc9240_8_3_no_entities_are_all_entities_of_every_domain() {
    let service = Federation::three().service();
    let mut expected = Map::new();
    for id in [
        "networkmap-pid",
        "networkmap-role-pid",
        "address-properties",
    ] {
        expected.extend(
            got(&service, id)["property-map"]
                .as_object()
                .unwrap()
                .clone(),
        );
    }
    assert_eq!(asked(&service, &[], &[]), expected);
    // Without properties, every one of them and no value.
    let names = posted(&service, FILTERED, &json!({"entities": []})).unwrap();
    expected.values_mut().for_each(|value| *value = json!({}));
    assert_eq!(names["property-map"], Value::from(expected));
}

#[test]
fn rfc9240_8_3_absent_properties_show_which_entities_asked_for_have_any() {
    let service = Federation::three().service();
    let entities = [
        "ipv4:172.16.0.0/16",
        "ipv6:2001:db8:102::1",
        "networkmap.pid:AS1",
        "networkmap.pid:AS9",
        "asn:as2",
        "asn:as9",
        "networkmap-role.pid:nf",
        "networkmap-role.pid:sap",
        "ipv4:172.16.0.0/16",
    ];
    let answer = posted(&service, FILTERED, &json!({"entities": entities})).unwrap();
    let expected = json!({
        "ipv4:172.16.0.0/16": {}, "ipv6:2001:db8:102::1": {}, "networkmap.pid:AS1": {}, "asn:as2": {},
        "networkmap-role.pid:nf": {},
    });
    assert_eq!(answer["property-map"], expected);
}

#[test]
fn rfc9240_8_6_a_property_that_an_entity_has_not_is_left_out() {
    let service = Federation::three().service();
    let answer = asked(
        &service,
        &["networkmap.pid:AS2", "ipv4:172.16.102.1", "asn:as2"],
        &["cpu", ROLE, "cpu"],
    );
    let expected = json!({
        "networkmap.pid:AS2": {"cpu": ["10.0"]},
        "ipv4:172.16.102.1": { ROLE: "nf" },
        "asn:as2": { ROLE: "nf" },
    });
    assert_eq!(Value::from(answer), expected);
}

#[test]
fn rfc9240_8_6_an_invalid_entity_of_any_domain_is_named() {
    let service = Federation::three().service();
    for id in [
        "pid:AS1",
        "pid",
        "networkmap.pid:",
        "networkmap.pid",
        "networkmap-role.pid:a.b",
        "othermap.pid:AS1",
        ".ane:AS1",
        "networkmap.ipv4:192.0.2.1",
        "ipv4",
        "ipv4:",
        "ipv4:192.0.2.1/24",
        "ipv4:192.0.2.256",
        "ipv4:2001:db8::1",
        "ipv6:192.0.2.1",
        "ipv6:2001:db8::1/64",
        "IPV4:192.0.2.1",
        "asn:64496",
        "asn:AS1",
        "asn:as01",
        "asn:as4294967296",
        "countrycode:us",
        "",
    ] {
        let request = json!({"entities": ["ipv4:192.0.2.1", id]});
        let error = told(posted(&service, FILTERED, &request));
        assert_eq!(error, ["E_INVALID_FIELD_VALUE", "entities", id]);
    }
}

#[test]
fn rfc9240_8_6_entities_are_required_and_unknown_properties_named_in_every_filtered_map() {
    let service = Federation::three().service();
    for id in [
        FILTERED,
        "ane-properties-filtered",
        "networkmap-pid-filtered",
    ] {
        let ask = |request: Value| told(posted(&service, id, &request));
        assert_eq!(
            ask(json!({"properties": []})),
            ["E_MISSING_FIELD", "entities", "-"]
        );
        assert_eq!(
            ask(json!({"entities": {}})),
            ["E_INVALID_FIELD_TYPE", "entities", "{}"]
        );
        let code = "E_INVALID_FIELD_VALUE";
        assert_eq!(ask(json!({"entities": [7]})), [code, "entities", "7"]);
        for name in ["pid", "asn", "networkmap.asn", "CPU", ""] {
            let request = json!({"entities": [], "properties": ["cpu", name]});
            assert_eq!(ask(request), [code, "properties", name], "{id}");
        }
        assert_eq!(
            ask(json!({"entities": [], "properties": "cpu"}))[..2],
            ["E_INVALID_FIELD_TYPE", "properties"]
        );
    }
}

#[test]
fn too_many_entities_are_refused_with_the_limit() {
    let limits = Limits {
        endpoints: 2,
        ..Limits::default()
    };
    let service = Federation::three().with_limits(limits).service();
    let directory = got(&service, "directory");
    for (id, entity) in [
        (FILTERED, "ipv4:192.0.2.1"),
        ("ane-properties-filtered", "ane-properties.ane:AS1"),
        ("networkmap-pid-filtered", "networkmap.pid:AS1"),
    ] {
        let request = json!({"entities": [entity, entity, entity]});
        let error = posted(&service, id, &request).unwrap_err();
        assert!(error.to_string().contains("at most 2 entities"), "{error}");
        assert_eq!(
            told::<()>(Err(error)),
            ["E_INVALID_FIELD_VALUE", "entities", "3"]
        );
        assert_eq!(
            directory["resources"][id]["capabilities"]["max-entities"],
            2
        );
    }
}

/// A prefix that a small request names may have many within.
#[test]
fn the_work_of_a_request_is_that_of_what_it_asks_for() {
    let prefixes: Vec<String> = (0..2_000)
        .map(|at| format!("10.{}.{}.0/24", at / 200, at % 200))
        .collect();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    let service = with_prefixes(&[("AS1", &["192.0.2.0/24"]), ("AS2", &prefixes)]).service();
    let filtered = resource(FILTERED).unwrap();
    let answer = |entity: &str, cost_work: u64| {
        let ask = alto::Ask { cost_work, ..ASK };
        let request = json!({"entities": [entity], "properties": [PID]}).to_string();
        service.content(filtered, request.as_bytes(), &ask)
    };
    // The first has to look at all prefixes: once for each network map, and once for what is within which.
    assert!(matches!(
        answer("ipv4:10.0.0.1", 2_000),
        Err(Refused::MoreWork(_))
    ));
    answer("ipv4:10.0.0.1", 10_000).unwrap();
    answer("ipv4:10.0.0.1", 8).unwrap();
    let Err(Refused::MoreWork(Some(error))) = answer("ipv4:10.0.0.0/8", 1_000) else {
        panic!("2,000 prefixes are more than 1,000");
    };
    assert_eq!(
        told::<()>(Err(error))[..2],
        ["E_INVALID_FIELD_VALUE", "entities"]
    );
}

#[test]
fn rfc9240_7_4_mappings_name_valid_domains_and_properties() {
    let directory = got(&Federation::three().service(), "directory");
    let address = json!([PID, ROLE, ASN]);
    let expected = json!({
        "networkmap.pid": ["entry-point", "cpu", "mem", "storage", "port", "nf"],
        "networkmap-role.pid": [MEMBERS],
        "ipv4": address, "ipv6": address,
        "asn": [PID, ROLE],
    });
    let of = |id: &str| directory["resources"][id]["capabilities"].clone();
    assert_eq!(of(FILTERED)["mappings"], expected);
    assert_eq!(
        of("address-properties")["mappings"],
        json!({"ipv4": address, "ipv6": address, "asn": [PID, ROLE]})
    );
    assert_eq!(
        of("networkmap-role-pid")["mappings"],
        json!({"networkmap-role.pid": [MEMBERS]})
    );

    let is_type = |text: &str, most: usize| {
        let rest = text.strip_prefix("priv:").unwrap_or(text);
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        text.len() <= most && !rest.is_empty() && rest.bytes().all(legal)
    };
    for (id, entry) in directory["resources"].as_object().unwrap() {
        let Some(mappings) = entry["capabilities"]["mappings"].as_object() else {
            continue;
        };
        assert_eq!(entry["media-type"], "application/alto-propmap+json");
        let mut defining: Vec<&str> = Vec::new();
        for (domain, properties) in mappings {
            let (resource, kind) = domain.rsplit_once('.').unwrap_or(("", domain));
            // §5.1.1, §5.1.2.
            assert!(is_type(kind, 64), "{domain}");
            assert!(["pid", "ipv4", "ipv6", "asn", "ane"].contains(&kind));
            // §6.2, §6.1.4: a PID is one of a network map.
            assert!(kind != "pid" || ["networkmap", "networkmap-role"].contains(&resource));
            defining.push(resource);
            for property in properties.as_array().unwrap() {
                let property = property.as_str().unwrap();
                let (of, kind) = property.rsplit_once('.').unwrap_or(("", property));
                assert!(is_type(kind, 32), "{property}");
                // §7.6: what is specific to a resource depends on the entity's own.
                let is_agnostic = ["ipv4", "ipv6", "asn"].contains(&domain.as_str());
                assert!(
                    of.is_empty() || is_agnostic || of == resource,
                    "{domain}: {property}"
                );
                defining.push(of);
            }
        }
        // §7.5: in the order of the directory's own list, each that defines something and no other.
        let uses: Vec<&str> = entry["uses"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        defining.retain(|id| !id.is_empty());
        defining.sort_unstable();
        defining.dedup();
        assert_eq!(uses, defining, "{id}");
    }
}

/// §7.6: what is no string is signalled.
#[test]
fn rfc9240_7_6_values_are_strings_null_or_as_the_directory_says() {
    let mut federation = Federation::with_links(&crate::costs::SQUARE);
    federation.put(&Row {
        prefixes: &["10.0.0.0/8"],
        ..crate::federation::TABLE_1[0]
    });
    let service = federation.service();
    let directory = got(&service, "directory");
    let numbers = ["max-reservable-bandwidth", "priv:brokermdo-delay"];
    let mut kinds = [0; 4];
    for id in [
        "networkmap-pid",
        "networkmap-role-pid",
        "address-properties",
        "ane-properties",
    ] {
        let capabilities = &directory["resources"][id]["capabilities"];
        for entity in got(&service, id)["property-map"]
            .as_object()
            .unwrap()
            .values()
        {
            for (name, value) in entity.as_object().unwrap() {
                let listed = capabilities["array-valued-properties"].as_array();
                let is_listed = listed.is_some_and(|listed| listed.contains(&json!(name)));
                let is_array = is_listed || capabilities["array-values"] == true;
                assert_eq!(value.is_array(), is_array, "{name}: {value}");
                assert_eq!(
                    value.is_number(),
                    numbers.contains(&name.as_str()),
                    "{name}: {value}"
                );
                kinds[match value {
                    Value::String(_) => 0,
                    Value::Array(_) => 1,
                    Value::Number(_) => 2,
                    _ => 3,
                }] += 1;
            }
        }
    }
    assert!(kinds.iter().all(|kind| *kind > 0), "{kinds:?}");
}

#[test]
fn rfc9240_7_maps_have_a_tag_of_their_content_and_are_shared_while_it_is_the_same() {
    let mut federation = Federation::three();
    let before = federation.service();
    let of = |service: &Service, id: &str| content(service, id, b"").unwrap();
    // A change of what one domain has, that changes neither its prefixes nor what it is for.
    federation.put(&Row {
        resources: ["1", "2", "3"],
        ..crate::federation::TABLE_1[0]
    });
    let after = federation.service_after(Some(&before));
    for id in ["address-properties", "networkmap-role-pid"] {
        let [before, after] = [&before, &after].map(|service| of(service, id));
        assert!(before.tag.is_some() && before.tag == after.tag);
        assert_eq!(before.pieces[0].as_ptr(), after.pieces[0].as_ptr(), "{id}");
    }
    // What it is for.
    federation.put(&Row {
        nfs: &[],
        ..crate::federation::TABLE_1[0]
    });
    let later = federation.service_after(Some(&after));
    let anew = federation.service();
    for id in [
        "address-properties",
        "networkmap-role-pid",
        "ane-properties",
        "networkmap-pid",
    ] {
        assert_ne!(of(&later, id).tag, of(&after, id).tag, "{id}");
        assert_eq!(of(&later, id).tag, of(&anew, id).tag, "{id}");
        assert_eq!(of(&later, id).pieces, of(&anew, id).pieces, "{id}");
        json(&of(&later, id).to_bytes());
    }
}

/// Where `null` is a value a merge patch would remove the member (RFC 8895 §6.3).
#[test]
fn rfc9240_6_1_3_a_null_is_told_by_a_json_patch() {
    let around: (&str, &[&str]) = ("AS64496", &["10.0.0.0/8"]);
    let before = with_prefixes(&[around, ("north", &[])]).service();
    let after = with_prefixes(&[around, ("north", &["10.1.0.0/16"])]).service();
    let input = json!({"entities": ["ipv4:10.0.0.0/8"], "properties": [ASN]});
    for (id, input) in [("address-properties", None), (FILTERED, Some(&input))] {
        let view = View::new(resource(id).unwrap(), input, None);
        let mut store = Store::new(1, Bounds::default());
        store.watch(&view, &before, &ASK).unwrap();
        let whole =
            |store: &Store| json(&store.history(&view).unwrap().latest().content.to_bytes());
        let mut document = whole(&store);
        assert_eq!(store.publish(&after, &ASK), 1);
        let told = store.history(&view).unwrap().since(1).unwrap();
        let [increment] = told.as_slice() else {
            panic!("{told:?}");
        };
        let patch = &increment.parts()[0].patch;
        assert_eq!(patch.form, Form::Json, "{id}");
        apply(&mut document, patch);
        assert_eq!(document, whole(&store));
        assert_eq!(
            document["property-map"]["ipv4:10.1.0.0/16"].get(ASN),
            Some(&Value::Null)
        );
        // Whoever takes merge patches alone is told all of it; what takes the null away is a removal.
        let snapshots = [&before, &after].map(|service| {
            let request = input.map(Value::to_string).unwrap_or_default();
            Snapshot::from(content(service, id, request.as_bytes()).unwrap())
        });
        let [before, after] = snapshots
            .each_ref()
            .map(|snapshot| &snapshot.parts[0].document);
        assert_eq!(diff(before, after, Forms::Merge), None);
        assert!(diff(after, before, Forms::Merge).is_some());
    }
}
