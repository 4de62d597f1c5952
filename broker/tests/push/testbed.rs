//! The draft's own example, AS1 - AS2 - AS3, as its members would push it.

use std::path::Path;

use serde_json::{Value, json};

use super::broker::{Answer, Broker};

pub(crate) const JSON: &str = "application/json";
pub(crate) const XML: &str = "application/xml";
pub(crate) const YAML: &str = "application/yaml";

/// A file of testbeds/3as.
pub(crate) fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testbeds/3as");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

pub(crate) fn resources_of(domain: &str) -> String {
    file(&format!("{domain}.get-config.xml"))
}

pub(crate) fn topology_of(domain: &str) -> String {
    file(&format!("{domain}.topology.json"))
}

pub(crate) fn path(domain: &str) -> String {
    format!("/broker/v1/domains/{domain}")
}

pub(crate) fn register(broker: &Broker, domain: &str) -> Answer {
    broker.ask("PUT", &path(domain)).json(&json!({})).send()
}

/// Puts a document, `resources` or `topology`.
pub(crate) fn put(
    broker: &Broker,
    domain: &str,
    slot: &str,
    media_type: &str,
    body: &str,
) -> Answer {
    let path = format!("{}/{slot}", path(domain));
    broker.ask("PUT", &path).body(media_type, body).send()
}

/// A member as the file has it: registered, with both documents.
pub(crate) fn join(broker: &Broker, domain: &str) {
    register(broker, domain).must(201);
    put(broker, domain, "resources", XML, &resources_of(domain)).must(201);
    put(broker, domain, "topology", JSON, &topology_of(domain)).must(201);
}

/// The domains in the network map; it has a PID for the rest of the world, too.
pub(crate) fn members(broker: &Broker) -> Vec<String> {
    let map = broker.get("/networkmap").must(200).json();
    let pids = map["network-map"].as_object().unwrap().keys();
    pids.filter(|pid| !pid.contains('@')).cloned().collect()
}

/// The version of the network map and of the property map.
pub(crate) fn versions(broker: &Broker) -> [String; 2] {
    ["/networkmap", "/propmap/full/inet-ucmspn"]
        .map(|path| broker.get(path).must(200).etag().to_owned())
}

/// The draft's properties of a domain.
pub(crate) fn properties(broker: &Broker, domain: &str) -> Value {
    let map = broker.get("/propmap/full/inet-ucmspn").must(200).json();
    map["property-map"][format!("pid:{domain}")].clone()
}

/// The state of a domain as the list has it; `None` if it is not known.
pub(crate) fn state(broker: &Broker, domain: &str) -> Option<String> {
    let answer = broker.get(&path(domain));
    match answer.status {
        404 => None,
        _ => Some(
            answer.must(200).json()["state"]
                .as_str()
                .unwrap()
                .to_owned(),
        ),
    }
}
