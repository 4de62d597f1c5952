//! AS1 with SAP1, AS4 with SAP2, an NF in AS2 and AS3, which both join AS1 and AS4: over AS2 it is faster,
//! over AS3 there is more room. All of it in files.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::broker::{Answer, Broker, eventually};

pub(crate) const RESERVATIONS: &str = "/broker/v1/reservations";

pub(crate) struct Federation {
    pub(crate) broker: Broker,
    folder: TempDir,
}

fn to(domain: &str, delay: u32, bandwidth: u32) -> Value {
    json!({"domain": domain, "delay": delay, "bandwidth": bandwidth})
}

impl Federation {
    /// A broker with these settings besides.
    pub(crate) fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (id, document) in [
            (
                "AS1",
                json!({"port": ["SAP1"], "neighbours": [to("AS2", 1, 100), to("AS3", 5, 1000)]}),
            ),
            (
                "AS2",
                json!({"nf": ["NF"], "cpu": 4, "neighbours": [to("AS1", 1, 100), to("AS4", 2, 100)]}),
            ),
            (
                "AS3",
                json!({"nf": ["NF"], "cpu": 8, "neighbours": [to("AS1", 5, 1000), to("AS4", 5, 1000)]}),
            ),
            (
                "AS4",
                json!({"port": ["SAP2"], "neighbours": [to("AS2", 2, 100), to("AS3", 5, 1000)]}),
            ),
        ] {
            let path = folder.path().join(format!("{id}.json"));
            std::fs::write(path, document.to_string()).unwrap();
        }
        let path = folder.path().display().to_string();
        let limits = "[limits]\nrequests_per_second = 10000\nburst = 10000\n";
        let broker = Broker::start(&format!("files.folder = {path:?}\n{settings}\n{limits}"));
        let all = Self { broker, folder };
        all.await_ready();
        all
    }

    pub(crate) fn await_ready(&self) {
        eventually("the broker is ready", || {
            (self.broker.get("/readyz").status == 200).then_some(())
        });
    }

    /// Has AS2 tell this of itself.
    pub(crate) fn rewrite(&self, id: &str, document: &Value) {
        let path = self.folder.path().join(format!("{id}.json"));
        let new = self.folder.path().join(".new");
        std::fs::write(&new, document.to_string()).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.broker.ask("POST", path).json(body).send()
    }

    pub(crate) fn reserve(&self, body: &Value) -> Answer {
        self.post(RESERVATIONS, body)
    }

    /// The host of the NF in the best placement; `None` if there is none.
    pub(crate) fn best(&self, body: &Value) -> Option<String> {
        let answer = self.post("/broker/v1/placements", body).must(200).json();
        let host = answer["placements"][0]["nodes"]["A"].as_str();
        host.map(str::to_owned)
    }

    /// The value of a metric.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.broker.get("/metrics").must(200);
        let line = text.text().lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
            .unwrap_or(0.0)
    }

    /// What is held, as the list has it.
    pub(crate) fn held(&self) -> Vec<Value> {
        let list = self.broker.get(RESERVATIONS).must(200).json();
        list["reservations"].as_array().unwrap().clone()
    }
}

/// SAP1 - A - SAP2, A with so many cores, so many Mbit/s to it and from it.
pub(crate) fn graph(cpu: u32, bandwidth: u32) -> Value {
    json!({
        "node_nfs": [{"id": "A", "functional_type": "NF",
                      "specification": {"resources": {"cpu": cpu}}}],
        "node_saps": [{"id": "SAP1"}, {"id": "SAP2"}],
        "edge_sg_nexthops": [
            {"id": 1, "src_node": "SAP1", "dst_node": "A", "bandwidth": bandwidth},
            {"id": 2, "src_node": "A", "dst_node": "SAP2", "bandwidth": bandwidth}],
        "edge_reqs": [{"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2]}],
    })
}

/// A request for that.
pub(crate) fn request(cpu: u32, bandwidth: u32) -> Value {
    json!({"sg": graph(cpu, bandwidth)})
}
