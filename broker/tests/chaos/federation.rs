//! AS1 with SAP1, AS4 with SAP2, an NF in AS2 and AS3, which both join AS1 and AS4: over AS2 it is faster, over AS3 there is
//! more room. All of it in files, so that a broker that was restarted knows it at once.

use std::path::Path;

use serde_json::{Value, json};

pub(crate) const DOMAINS: [&str; 4] = ["AS1", "AS2", "AS3", "AS4"];

fn to(domain: &str, delay: u32) -> Value {
    json!({"domain": domain, "delay": delay, "bandwidth": 1_000_000})
}

/// Writes what each domain tells. AS2 has room for so many functions.
pub(crate) fn write(folder: &Path, room: usize) {
    let documents = [
        json!({"port": ["SAP1"], "neighbours": [to("AS2", 1), to("AS3", 5)]}),
        json!({"nf": ["NF"], "cpu": room, "neighbours": [to("AS1", 1), to("AS4", 2)]}),
        json!({"nf": ["NF"], "cpu": 100_000, "neighbours": [to("AS1", 5), to("AS4", 5)]}),
        json!({"port": ["SAP2"], "neighbours": [to("AS2", 2), to("AS3", 5)]}),
    ];
    for (domain, document) in DOMAINS.iter().zip(documents) {
        std::fs::write(folder.join(format!("{domain}.json")), document.to_string()).unwrap();
    }
}

/// A partner of the settings, with an agreement.
pub(crate) fn partner(domain: &str, url: &str, tests: bool) -> String {
    let tests = if tests {
        ", service_function_testing = 3"
    } else {
        ""
    };
    format!(
        "[[sof.partners]]\nid = '{domain}'\nbase_url = '{url}'\n\
         apis = {{ service_ordering = 1, service_inventory = 2{tests} }}\n\
         service_types = ['urn:brokermdo:schema:segment:v1']\n\
         [[sof.partners.agreements]]\nid = 'a'\nservice_type = 'urn:brokermdo:schema:segment:v1'\n\
         valid_from = '2020-01-01T00:00:00Z'\n"
    )
}

/// What brokers here are in a hurry about, besides `[sof.work]`.
pub(crate) const HASTE: &str = "[limits]\nrequests_per_second = 100000\nburst = 100000\n\
     [liveness]\nhold = '1h'\nexpire = '2h'\n\
     [reservations]\nholds_per_holder = 100000\nholds = 100000\nper_holder = 100000\nall = 100000\n\
     [sof.interlude]\ntimeout = '1s'\nconnect_timeout = '1s'\nretry_after = '30ms'\nin_flight = 64\nopen = '200ms'\n\
     longest_open = '1s'\nkeep = '500ms'\ntest_timeout = '8s'\ntest_poll = '20ms'\n";
