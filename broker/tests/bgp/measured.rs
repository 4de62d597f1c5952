//! What RFC 8571 tells of a link, from the octets of a session to the cost maps of a real daemon, and to who
//! watches them.

use serde_json::{Value, json};

use crate::maps::{NEIGHBOUR, Speaker, session, settings};
use crate::process::Brokerd;
use crate::raw::{link, tlv};
use crate::{PATIENCE, THEIR_AS};

const COST_MAP_FILTER: &str = "application/alto-costmapfilter+json";
const TIPS_PARAMS: &str = "application/alto-tipsparams+json";

/// All seven: flags and 24 bits each but for bandwidths, which are floats.
fn measured(loss: u32) -> Vec<u8> {
    let float = |kind, bytes: f32| tlv(kind, &bytes.to_be_bytes());
    let bounds = [4_000_u32, 9_000].map(u32::to_be_bytes).concat();
    [
        tlv(1114, &5_000_u32.to_be_bytes()),
        tlv(1115, &bounds),
        tlv(1116, &700_u32.to_be_bytes()),
        // With the A flag: beyond the threshold, and what is measured all the same.
        tlv(1117, &(0x8000_0000 | loss).to_be_bytes()),
        float(1118, 4_000_000.0),
        float(1119, 2_000_000.0),
        float(1120, 2_000_000.0),
    ]
    .concat()
}

async fn costs(brokerd: &Brokerd) -> Value {
    let metrics = [
        "delay-ow:cur",
        "delay-ow:min",
        "delay-ow:max",
        "delay-rt:max",
        "delay-variation:cur",
        "lossrate:cur",
        "bw-residual",
        "bw-available",
        "tput:cur",
    ];
    let types = metrics.map(|metric| json!({"cost-metric": metric, "cost-mode": "numerical"}));
    let from = format!("AS{THEIR_AS}");
    let to = format!("AS{NEIGHBOUR}");
    let request = json!({"multi-cost-types": types, "pids": {"srcs": [from], "dsts": [to]}});
    let path = "/costmap/filtered";
    let answer = brokerd.post_json(path, COST_MAP_FILTER, &request).await;
    answer["cost-map"][from][to].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc8571_what_is_measured_of_a_link_is_in_the_cost_maps() {
    let peer = settings("", &["address = '127.0.0.117'"]);
    let brokerd = Brokerd::start("127.0.0.107", &peer);
    brokerd.register(&format!("AS{NEIGHBOUR}")).await;
    let mut raw = session("127.0.0.117", brokerd.bgp, 0).await;
    let outside = link(2, NEIGHBOUR, 9);
    raw.announce(&outside, &measured(1_000)).await;
    let id = format!("AS{THEIR_AS}");
    let is_told = |told: &Value| told["links"] == 1;
    brokerd.until(&id, "the link is told", is_told).await;
    // There is no word of the way back: it is taken to be alike. 1460 bytes / 10 ms * sqrt(1.5 / 0.00003) is
    // more than there is.
    assert_eq!(
        costs(&brokerd).await,
        json!([
            5_000, 4_000, 9_000, 18_000, 700, 0.003, 4_000_000, 2_000_000, 2_000_000
        ])
    );

    // Who watches is told when nothing else is other than the loss.
    let watched = json!({"resource-id": "costmap-lossrate"});
    let view = brokerd.post_json("/tips", TIPS_PARAMS, &watched).await;
    let uri = view["tips-view-uri"].as_str().unwrap();
    let path = uri.find("/tips/").map(|at| uri[at..].to_owned()).unwrap();
    let end = &view["tips-view-summary"]["updates-graph-summary"]["end-seq"];
    let end = end.as_u64().unwrap();
    let whole = brokerd.get_json(&format!("{path}/ug/0/{end}")).await;
    let to = format!("AS{NEIGHBOUR}");
    assert_eq!(whole["cost-map"][&id][&to], 0.003);
    raw.announce(&outside, &measured(1_000_000)).await;
    let next = format!("{path}/ug/{end}/{}", end + 1);
    let patch = tokio::time::timeout(PATIENCE, brokerd.get(&next)).await;
    let patch = patch.unwrap();
    assert!(patch.contains("3") && !patch.contains("0.003"), "{patch}");
    assert_eq!(
        costs(&brokerd).await,
        // 1460 bytes / 10 ms * sqrt(1.5 / 0.03).
        json!([
            5_000,
            4_000,
            9_000,
            18_000,
            700,
            3,
            4_000_000,
            2_000_000,
            1_032_375.875
        ])
    );
    let map = brokerd.get_json("/costmap/full/lossrate").await;
    assert_eq!(map["cost-map"][&id][&to], 3);
}
