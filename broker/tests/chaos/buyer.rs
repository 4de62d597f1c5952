//! Who orders, over HTTP, from a broker that may be dead.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) const ORDERS: &str = "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder";
pub(crate) const SERVICES: &str = "/mefApi/legato/serviceInventory/v7/service";

/// What became of a request.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// An answer.
    Answer(u16, Value),
    /// None, or half of one.
    Nothing,
}

#[derive(Clone)]
pub(crate) struct Buyer {
    client: reqwest::Client,
    base: String,
}

impl Buyer {
    pub(crate) fn at(address: SocketAddr) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            client,
            base: format!("http://{address}"),
        }
    }

    async fn send(request: reqwest::RequestBuilder) -> Told {
        let Ok(answer) = request.send().await else {
            return Told::Nothing;
        };
        let status = answer.status().as_u16();
        match answer.bytes().await {
            Ok(body) => Told::Answer(status, serde_json::from_slice(&body).unwrap_or_default()),
            Err(_) => Told::Nothing,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        Self::send(self.client.get(format!("{}{path}", self.base))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Told {
        let request = self.client.post(format!("{}{path}", self.base));
        Self::send(request.json(body)).await
    }

    /// What is there, once the broker is.
    pub(crate) async fn must_get(&self, path: &str) -> Value {
        for _ in 0..1_000 {
            match self.get(path).await {
                Told::Answer(200, body) => return body,
                Told::Answer(503, _) | Told::Nothing => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Told::Answer(status, body) => panic!("GET {path}: {status} {body}"),
            }
        }
        panic!("GET {path}: no answer");
    }

    /// A list, whole.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = self
                .must_get(&format!("{path}?limit=100&offset={}", all.len()))
                .await;
            let page = page.as_array().unwrap().clone();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// Waits until the broker knows the federation.
    pub(crate) async fn until_ready(&self) {
        for _ in 0..1_000 {
            if matches!(self.get("/readyz").await, Told::Answer(200, _)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the broker does not become ready");
    }

    /// Waits until the broker orders from all these.
    pub(crate) async fn until_active(&self, partners: &[&str]) {
        let mut last = Value::Null;
        for _ in 0..1_000 {
            let mut active = 0;
            for partner in partners {
                last = self
                    .must_get(&format!("/broker/v1/partners/{partner}"))
                    .await;
                active += usize::from(last["state"] == "active");
            }
            if active == partners.len() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not all are active: {last:#}");
    }
}

/// SAP1 - A - SAP2 with so many Mbit/s.
fn graph(mbps: u32) -> Value {
    json!({
        "@type": "urn:brokermdo:schema:service-graph:v1",
        "objective": "delay",
        "sg": {
            "node_nfs": [{"id": "A", "functional_type": "NF", "specification": {"resources": {"cpu": 1}}}],
            "node_saps": [{"id": "SAP1"}, {"id": "SAP2"}],
            "edge_sg_nexthops": [
                {"id": 1, "src_node": "SAP1", "dst_node": "A", "bandwidth": mbps},
                {"id": 2, "src_node": "A", "dst_node": "SAP2", "bandwidth": mbps}],
            "edge_reqs": [{"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2]}],
        },
    })
}

fn order(action: &str, service: Value) -> Value {
    json!({
        "requestedStartDate": "2026-01-01T00:00:00Z",
        "requestedCompletionDate": "2126-01-01T00:00:00Z",
        "serviceOrderItem": [{"id": "1", "action": action, "service": service}],
    })
}

pub(crate) fn add(mbps: u32) -> Value {
    order("add", json!({"serviceConfiguration": graph(mbps)}))
}

pub(crate) fn modify(service: &str, mbps: u32, state: &str) -> Value {
    let asked = json!({"id": service, "state": state, "serviceConfiguration": graph(mbps)});
    order("modify", asked)
}

pub(crate) fn delete(service: &str) -> Value {
    order("delete", json!({"id": service}))
}

/// The Mbit/s of a service of the broker.
pub(crate) fn mbps(service: &Value) -> Option<u64> {
    service["serviceConfiguration"]["sg"]["edge_sg_nexthops"][0]["bandwidth"].as_u64()
}
