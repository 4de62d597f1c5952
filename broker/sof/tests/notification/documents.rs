//! Bodies held against the notification documents of MEF, where they are at hand.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sof::mef::{Api, ReferencePoint};
use sof::notification::EventType;
use sof::order::{ItemState, OrderState};
use sof::service::ServiceState;

use super::events;

/// The notification document of an API at a reference point, if it is at hand.
fn document(at: ReferencePoint, api: Api) -> Option<Value> {
    let name = match api {
        Api::ServiceOrdering => "service-ordering-notification.yaml",
        _ => "service-inventory-notification.yaml",
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = if root.exists() {
        root
    } else {
        PathBuf::from(std::env::var_os("BROKERMDO_SHARED")?)
    };
    let path = root.join("fixtures/third-party/mef");
    let path = path.join(at.as_str()).join("kylie").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_saphyr::from_str(&text).unwrap())
}

fn all() -> impl Iterator<Item = (ReferencePoint, Api, Value)> {
    let apis = [Api::ServiceOrdering, Api::ServiceInventory];
    ReferencePoint::ALL
        .into_iter()
        .flat_map(move |at| apis.map(|api| (at, api)))
        .filter_map(|(at, api)| Some((at, api, document(at, api)?)))
}

/// The members that a schema has in all, those of `allOf` too.
fn members(document: &Value, schema: &Value) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return members(document, &document["components"]["schemas"][name]);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        names.extend(members(document, part));
    }
    names.extend(
        schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone()),
    );
    names
}

fn faults(document: &Value, schema: &str, body: &Value) -> Vec<String> {
    let root = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "allOf": [{"$ref": format!("#/components/schemas/{schema}")}],
        "components": document["components"],
    });
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&root).unwrap();
    let faults = validator.iter_errors(body);
    faults
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

/// `serviceOrderCreateEvent` is a `ServiceOrderCreateEvent`, and so on.
fn schema_of(of: EventType) -> String {
    let mut name = of.as_str().to_owned();
    name[..1].make_ascii_uppercase();
    name
}

#[test]
fn every_event_is_what_its_document_says_and_has_nothing_else() {
    for (at, api, document) in all() {
        for mut event in events().into_iter().filter(|event| event.kind.api() == api) {
            event.reference_point = at;
            let body = event.body("https://broker.example", api.version(at));
            let schema = schema_of(event.kind.event_kind());
            assert_eq!(faults(&document, &schema, &body), [""; 0], "{body:#}");
            // The schemas are open; the members that they list are all that there are.
            let schemas = &document["components"]["schemas"];
            let known = members(&document, &schemas[&schema]);
            assert!(
                body.as_object()
                    .unwrap()
                    .keys()
                    .all(|name| known.contains(name)),
                "{body:#}"
            );
            let parts = schemas[&schema]["allOf"].as_array().unwrap();
            let about = members(&document, &parts[1]["properties"]["event"]);
            assert!(
                body["event"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .all(|name| about.contains(name)),
                "{body:#}"
            );
            assert!(!faults(&document, &schema, &json!({"eventId": 1})).is_empty());
        }
    }
}

#[test]
fn the_documents_know_the_same_event_types_and_states() {
    for (_, api, document) in all() {
        let listeners: Vec<_> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let mut ours: Vec<_> = EventType::of(api)
            .map(|of| format!("/listener/{}", of.as_str()))
            .collect();
        ours.sort();
        let mut theirs = listeners;
        theirs.sort();
        assert_eq!(ours, theirs);
        let states = |name: &str| document["components"]["schemas"][name]["enum"].clone();
        match api {
            Api::ServiceOrdering => {
                let mut items: Vec<_> = ItemState::ALL.iter().map(|state| json!(state)).collect();
                let listed = states("ServiceOrderItemStateType");
                assert!(
                    items
                        .iter()
                        .all(|state| listed.as_array().unwrap().contains(state))
                );
                items.push(json!(OrderState::Partial));
                let listed = states("ServiceOrderStateType");
                assert!(
                    items
                        .iter()
                        .all(|state| listed.as_array().unwrap().contains(state))
                );
            }
            _ => {
                let ours: Vec<_> = ServiceState::ALL.iter().map(|state| json!(state)).collect();
                assert_eq!(json!(ours), states("ServiceStateType"));
            }
        }
    }
}

#[test]
fn notifications_go_below_the_path_of_the_documents_servers() {
    for (at, api, document) in all() {
        let server = document["servers"][0]["url"].as_str().unwrap();
        let path = server.strip_prefix("https://{serverBase}").unwrap();
        assert_eq!(
            path.trim_end_matches('/'),
            api.notification_path(at, api.version(at))
        );
    }
}
