//! Whether what the broker, its ledger and its partners say is the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::buyer::{Buyer, SERVICES, mbps};
use super::partner::Partner;

/// The services of which two say different things, and what.
pub(crate) async fn differences(
    buyer: &Buyer,
    partners: &[Partner],
) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut differ = |service: &str, what: String| {
        found.entry(service.to_owned()).or_default().push(what);
    };
    let services: BTreeMap<String, Value> = buyer
        .list(SERVICES)
        .await
        .into_iter()
        .map(|of| (of["id"].as_str().unwrap().to_owned(), of))
        .collect();
    let is_up = |of: &Value| of["state"] == "active" || of["state"] == "inactive";
    // Who does what for which of our services.
    let mut hosts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for partner in partners {
        for (theirs, one) in partner.services() {
            let domain = partner.domain;
            hosts.entry(one.of.clone()).or_default().push(domain);
            let Some(ours) = services.get(&one.of).filter(|ours| is_up(ours)) else {
                let what = format!("{domain} has {theirs} ({}), and it is not up", one.state);
                differ(&one.of, what);
                continue;
            };
            if ours["state"] != one.state.as_str() {
                let what = format!("{} here, {} at {domain}", ours["state"], one.state);
                differ(&one.of, what);
            }
            let wanted = mbps(ours).map(|mbps| mbps * 1_000_000);
            for flow in one.configuration["flows"].as_array().unwrap() {
                let has = flow["bandwidthBps"].as_u64();
                if has != wanted {
                    differ(
                        &one.of,
                        format!("{wanted:?} bit/s here, {has:?} at {domain}"),
                    );
                }
            }
        }
    }
    for (id, ours) in services.iter().filter(|(_, ours)| is_up(ours)) {
        let at = hosts.remove(id).unwrap_or_default();
        let is_chain = matches!(at.as_slice(), ["AS1", "AS2" | "AS3", "AS4"]);
        if !is_chain {
            differ(
                id,
                format!("it is {} here, and is at {at:?}", ours["state"]),
            );
        }
    }
    let mut held: BTreeSet<String> = BTreeSet::new();
    for reservation in reservations(buyer).await {
        let id = reservation["id"].as_str().unwrap();
        let service = id.split('.').next().unwrap().to_owned();
        if reservation["state"] != "confirmed" {
            differ(
                &service,
                format!("the reservation {id} is {}", reservation["state"]),
            );
        }
        if !services.get(&service).is_some_and(is_up) {
            differ(&service, format!("the reservation {id} is for nothing"));
        }
        if !held.insert(service.clone()) {
            differ(&service, format!("{id} is one reservation too many"));
        }
    }
    for (id, _) in services.iter().filter(|(_, ours)| is_up(ours)) {
        if !held.contains(id) {
            differ(id, "nothing is reserved".to_owned());
        }
    }
    found
}

async fn reservations(buyer: &Buyer) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map_or("", |last| last["id"].as_str().unwrap());
        let path = format!("/broker/v1/reservations?after={after}");
        let page = buyer.must_get(&path).await;
        all.extend(page["reservations"].as_array().unwrap().iter().cloned());
        if page["more"] != true {
            return all;
        }
    }
}
