//! RFC 7285 §9: the directories, and the services that must be in them.

use std::collections::{BTreeMap, BTreeSet};

use alto::{Limits, Refused, resource, resources};
use serde_json::{Value, json};

use crate::federation::{ASK, Federation, got};

fn directories() -> [Value; 2] {
    let service = Federation::three().service();
    [got(&service, "directory"), got(&service, "costmaps")]
}

/// The entries of both directories.
fn closure() -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for directory in directories() {
        for (id, entry) in directory["resources"].as_object().unwrap() {
            assert_eq!(all.insert(id.clone(), entry.clone()), None, "{id} twice");
        }
    }
    all
}

fn names(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|name| name.as_str().unwrap())
        .collect()
}

#[test]
fn rfc7285_9_1_1_ids_are_unique_in_the_closure_and_valid() {
    let closure = closure();
    for id in closure.keys() {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-:@_".contains(&b);
        // RFC 9275 §6.6 wants them short.
        assert!(
            (1..=31).contains(&id.len()) && id.bytes().all(legal),
            "{id}"
        );
    }
    // The table has all of them, and the directory that nobody lists.
    let table: BTreeSet<_> = resources().iter().map(|one| one.id).collect();
    assert_eq!(table.len(), resources().len());
    assert_eq!(closure.len() + 1, table.len());
    assert!(closure.keys().all(|id| table.contains(id.as_str())));
}

/// Pinned: an id means one thing for ever, and clients keep them.
#[test]
fn rfc7285_9_1_1_ids_are_stable() {
    let closure = closure();
    let ids: Vec<_> = closure.keys().map(String::as_str).collect();
    let expected = [
        "address-properties",
        "ane-properties",
        "ane-properties-filtered",
        "costmap-bw-available",
        "costmap-bw-residual",
        "costmap-delay-ow",
        "costmap-delay-ow-max",
        "costmap-delay-ow-min",
        "costmap-delay-rt",
        "costmap-delay-rt-max",
        "costmap-delay-rt-min",
        "costmap-delay-variation",
        "costmap-filtered",
        "costmap-hopcount",
        "costmap-lossrate",
        "costmap-price",
        "costmap-routingcost",
        "costmap-routingcost-ordinal",
        "costmap-tput",
        "costmaps",
        "endpoint-costs",
        "endpoint-properties",
        "inet-ucmspn",
        "networkmap",
        "networkmap-filtered",
        "networkmap-pid",
        "networkmap-pid-filtered",
        "networkmap-role",
        "networkmap-role-filtered",
        "networkmap-role-pid",
        "path-vector-costmap",
        "path-vector-endpointcost",
        "properties-filtered",
        "pv",
        "pv-costmap",
        "tips",
        "tips-stream",
        "update-stream",
    ];
    assert_eq!(ids, expected);
}

#[test]
fn rfc7285_9_2_2_cost_type_names_are_defined_in_the_same_directory() {
    for directory in directories() {
        let defined = directory["meta"]["cost-types"].as_object().unwrap();
        let mut used = BTreeSet::new();
        for entry in directory["resources"].as_object().unwrap().values() {
            used.extend(names(&entry["capabilities"]["cost-type-names"]));
        }
        assert!(!used.is_empty());
        assert_eq!(used, defined.keys().map(String::as_str).collect());
    }
}

#[test]
fn rfc7285_9_2_2_uses_names_resources_of_the_directory_or_of_the_root() {
    let closure = closure();
    for (id, entry) in &closure {
        // RFC 8895 §6.4, RFC 9569 §5.3: they name all that can be watched.
        let is_of_updates = resource(id).unwrap().is_of_updates();
        for used in names(&entry["uses"]) {
            if is_of_updates {
                continue;
            }
            // What defines lasting ANEs is a property map (RFC 9275 §6.2.4), what defines PIDs a network map.
            let expected = match used {
                "ane-properties" => "application/alto-propmap+json",
                _ => "application/alto-networkmap+json",
            };
            assert_eq!(closure[used]["media-type"], expected, "{id}");
            assert_eq!(closure[used].get("accepts"), None, "{id}");
        }
    }
}

#[test]
fn rfc7285_9_2_2_an_entry_that_accepts_is_asked_by_post_and_one_that_does_not_by_get() {
    for (id, entry) in closure() {
        let one = resource(&id).unwrap();
        assert_eq!(entry["uri"], one.uri);
        assert_eq!(entry["media-type"], one.media_type);
        assert_eq!(entry.get("accepts").and_then(Value::as_str), one.accepts);
        assert!(one.uri.starts_with('/'));
    }
    // Resources of one address take the same, so that they have one method.
    for one in resources() {
        for other in resources().iter().filter(|other| other.uri == one.uri) {
            assert_eq!(one.accepts, other.accepts);
        }
    }
}

#[test]
fn rfc7285_9_2_4_a_linked_directory_has_its_own_cost_types_and_no_default_map() {
    let [root, linked] = directories();
    let entry = &root["resources"]["costmaps"];
    assert_eq!(entry["media-type"], "application/alto-directory+json");
    assert_eq!(entry["uri"], "/directory/costmaps");
    assert_eq!(linked["meta"].get("default-alto-network-map"), None);
    for entry in linked["resources"].as_object().unwrap().values() {
        assert_eq!(entry["media-type"], "application/alto-costmap+json");
    }
}

#[test]
fn rfc7285_9_2_2_the_default_network_map_is_a_network_map() {
    let [root, _] = directories();
    let default = root["meta"]["default-alto-network-map"].as_str().unwrap();
    let entry = &root["resources"][default];
    assert_eq!(entry["media-type"], "application/alto-networkmap+json");
    assert_eq!(entry.get("accepts"), None);
}

#[test]
fn rfc7285_11_2_3_routingcost_has_a_full_cost_map_in_both_modes() {
    let [root, _] = directories();
    for (id, mode) in [
        ("costmap-routingcost", "numerical"),
        ("costmap-routingcost-ordinal", "ordinal"),
    ] {
        let entry = &root["resources"][id];
        let names = names(&entry["capabilities"]["cost-type-names"]);
        // §11.2.3.4: exactly one.
        assert_eq!(names.len(), 1);
        let cost_type = &root["meta"]["cost-types"][names[0]];
        assert_eq!(cost_type["cost-metric"], "routingcost");
        assert_eq!(cost_type["cost-mode"], mode);
    }
}

#[test]
fn rfc7285_11_2_3_5_a_cost_map_uses_its_network_map_and_no_other_has_its_cost_type() {
    let mut seen = BTreeSet::new();
    for (id, entry) in closure() {
        let is_map = entry["media-type"] == "application/alto-costmap+json";
        if is_map && entry.get("accepts").is_none() {
            assert_eq!(entry["uses"], json!(["networkmap"]), "{id}");
            let names = entry["capabilities"]["cost-type-names"].clone();
            assert_eq!(names.as_array().unwrap().len(), 1, "{id}");
            assert!(seen.insert(names.to_string()), "{id}");
        }
    }
    assert_eq!(seen.len(), 15);
}

#[test]
fn rfc7285_11_4_1_4_the_pid_of_every_network_map_is_a_property() {
    let closure = closure();
    let mut maps: Vec<String> = Vec::new();
    for (id, entry) in &closure {
        let is_map = entry["media-type"] == "application/alto-networkmap+json";
        if is_map && entry.get("accepts").is_none() {
            maps.push(format!("{id}.pid"));
        }
    }
    assert_eq!(maps.len(), 2);
    let entry = &closure["endpoint-properties"];
    assert_eq!(entry["capabilities"]["prop-types"], json!(maps));
    assert_eq!(entry["uses"], json!(["networkmap", "networkmap-role"]));
}

#[test]
fn rfc7285_11_5_1_5_endpoint_costs_use_no_map() {
    assert_eq!(closure()["endpoint-costs"].get("uses"), None);
}

#[test]
fn rfc8189_4_1_1_tests_are_allowed_on_every_cost_type_and_no_list_says_which() {
    let closure = closure();
    for id in ["costmap-filtered", "endpoint-costs"] {
        let capabilities = &closure[id]["capabilities"];
        assert_eq!(capabilities["cost-constraints"], true);
        assert_eq!(capabilities.get("testable-cost-type-names"), None);
        let names = capabilities["cost-type-names"].as_array().unwrap();
        assert_eq!(capabilities["max-cost-types"], names.len());
    }
    // Resources without the extension do not name it: its default is 0.
    assert_eq!(closure["pv"]["capabilities"].get("max-cost-types"), None);
}

/// No RFC says how many pairs are too many; above the limit of the settings a client is left with filtered
/// maps, and told nothing else.
#[test]
fn full_cost_maps_are_not_offered_above_the_limit() {
    let limits = |full_map_pairs| Limits {
        full_map_pairs,
        ..Limits::default()
    };
    let federation = Federation::three().with_limits(limits(9));
    let within = federation.service();
    assert!(within.maps().offers_full_cost_maps());
    let federation = federation.with_limits(limits(8));
    let above = federation.service_after(Some(&within));
    let root = got(&above, "directory");
    assert_ne!(root, got(&within, "directory"));
    let ids: Vec<_> = root["resources"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let is_full = |id: &String| id.starts_with("costmap-routing") || id == "costmaps";
    assert!(!ids.iter().any(is_full), "{ids:?}");
    assert!(ids.iter().any(|id| id == "costmap-filtered"));
    assert_eq!(root["meta"]["cost-types"].as_object().unwrap().len(), 29);
    for id in ["costmap-routingcost", "costmap-delay-ow", "costmaps"] {
        let refused = above.content(resource(id).unwrap(), b"", &ASK).unwrap_err();
        assert_eq!(refused, Refused::NotOffered, "{id}");
    }
}

/// The entries of what tells of changes, and the ids of all that can be watched.
fn of_updates(directory: &Value, id: &str) -> (Value, Vec<String>) {
    let entry = directory["resources"][id].clone();
    let uses = names(&entry["uses"]).into_iter().map(str::to_owned);
    let uses = uses.collect();
    (entry, uses)
}

#[test]
fn rfc8895_6_3_the_directory_has_the_update_stream_with_all_that_can_be_watched() {
    let [root, _] = directories();
    let (entry, uses) = of_updates(&root, "update-stream");
    assert_eq!(entry["media-type"], "text/event-stream");
    assert_eq!(entry["accepts"], "application/alto-updatestreamparams+json");
    assert_eq!(entry["capabilities"]["support-stream-control"], true);
    // §6.4: everything but directories and those of updates, in both directories, so that it is closed.
    let is_told = |id: &&String| {
        let one = resource(id).unwrap();
        one.media_type != "application/alto-directory+json" && !one.is_of_updates()
    };
    let closure = closure();
    let wanted: BTreeSet<&String> = closure.keys().filter(is_told).collect();
    assert_eq!(uses.iter().collect::<BTreeSet<_>>(), wanted);
    for id in &uses {
        let forms = &entry["capabilities"]["incremental-change-media-types"][id];
        assert_eq!(
            forms,
            "application/merge-patch+json,application/json-patch+json"
        );
        for used in names(&closure[id]["uses"]) {
            assert!(uses.iter().any(|other| other == used), "{id} uses {used}");
        }
    }
}

#[test]
fn rfc9569_5_the_directory_has_tips_with_all_that_is_one_document() {
    let [root, _] = directories();
    let (entry, uses) = of_updates(&root, "tips");
    assert_eq!(entry["media-type"], "application/alto-tips+json");
    assert_eq!(entry["accepts"], "application/alto-tipsparams+json");
    let (_, of_stream) = of_updates(&root, "update-stream");
    let lacks: Vec<&String> = of_stream.iter().filter(|id| !uses.contains(id)).collect();
    assert_eq!(
        lacks,
        ["pv", "path-vector-costmap", "path-vector-endpointcost"]
    );
    let forms = entry["capabilities"]["incremental-change-media-types"]
        .as_object()
        .unwrap();
    assert_eq!(forms.len(), uses.len());
    assert!(
        forms
            .values()
            .all(|forms| forms == "application/merge-patch+json,application/json-patch+json")
    );
}

#[test]
fn rfc9569_5_4_a_stream_of_summaries_uses_tips_alone() {
    let [root, _] = directories();
    let (entry, uses) = of_updates(&root, "tips-stream");
    assert_eq!(entry["media-type"], "text/event-stream");
    assert_eq!(entry["accepts"], "application/alto-updatestreamparams+json");
    assert_eq!(uses, ["tips"]);
    let forms = json!({"incremental-change-media-types": {"tips": "application/merge-patch+json"}});
    assert_eq!(entry["capabilities"], forms);
}

/// Where there are no full cost maps, there is nothing of them to watch.
#[test]
fn rfc8895_6_4_what_is_not_offered_is_not_named() {
    let limits = Limits {
        full_map_pairs: 0,
        ..Limits::default()
    };
    let root = got(
        &Federation::three().with_limits(limits).service(),
        "directory",
    );
    for id in ["update-stream", "tips"] {
        let (_, uses) = of_updates(&root, id);
        assert!(
            uses.iter()
                .all(|id| !id.starts_with("costmap-") || id == "costmap-filtered"),
            "{uses:?}"
        );
    }
}
