//! The topology over BGP-LS instead of REST: the same answers, and what a session that ends, comes back,
//! or tells something new does to the maps.

use crate::common::*;

fn neighbours(running: &Running, domain: &str) -> serde_json::Value {
    running.ask(&["domain", domain])["neighbours"].clone()
}

#[test]
fn both_scenarios_give_the_same_answers() {
    let heard = "AS2 is fresh    heard by bgp-ls: 127.0.0.12; pull: resources";
    gives_the_same_answers("bgp-ls", heard);
}

#[cfg(unix)]
#[test]
fn a_session_that_ends_is_stale_at_once_then_gone_and_comes_back_with_the_same_vtag() {
    let feed = ["3as", "--feed", "bgp-ls", "--hold", "3s", "--expire", "9s"];
    let running = Running::start(&feed);
    let map = || running.ask(&["propmap", "--rfc9240"]);
    let before = map();
    signal("TERM", running.mdo("AS2")["pid"].as_u64().unwrap());
    let session = || running.ask(&["domain", "AS2"])["sources"][0].clone();
    wait_for("the session is lost", || {
        (session()["state"] == "stale").then_some(())
    });
    assert!(
        session()["last-error"]
            .as_str()
            .is_some_and(|why| !why.is_empty()),
        "{}",
        session()
    );
    assert_eq!(map(), before, "what is stale is served");
    wait_for("AS2 has left the graph", || {
        (neighbours(&running, "AS1") == serde_json::json!([])).then_some(())
    });

    let command = running.mdo("AS2")["command"].as_str().unwrap();
    assert!(command.contains("--bgp-ls"), "{command}");
    let _mdo = revive(&running, "AS2");
    wait_for("AS2 is back", || (map() == before).then_some(()));
}

#[test]
fn a_link_that_is_withdrawn_leaves_the_graph() {
    let folder = copy_of("3as");
    let path = folder.path().to_str().unwrap().to_owned();
    let running = Running::start(&["run", "--scenario", &path, "--feed", "bgp-ls"]);
    assert_eq!(
        neighbours(&running, "AS2"),
        serde_json::json!(["AS1", "AS3"])
    );
    let file = folder.path().join("AS2.topology.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let links = document["links"]["link"].as_array_mut().unwrap();
    links.retain(|link| !link["dst"].as_str().unwrap().contains("AS3"));
    std::fs::write(&file, document.to_string()).unwrap();
    wait_for("one neighbour is left", || {
        (neighbours(&running, "AS2") == serde_json::json!(["AS1"])).then_some(())
    });
    std::fs::write(&file, text).unwrap();
    wait_for("the link is back", || {
        (neighbours(&running, "AS2") == serde_json::json!(["AS1", "AS3"])).then_some(())
    });
}

/// What RFC 8571 has a place for comes through a session as it was in the export.
#[test]
fn costs_of_what_is_measured_of_links_are_those_of_the_exports() {
    let of = |feed: &str| {
        let running = Running::start(&["7as", "--feed", feed]);
        let map = |metric: &str| {
            let asked = ["alto", "costmap", "--metric", metric];
            running.ask(&asked)["cost-map"].clone()
        };
        [
            "delay-ow:cur",
            "delay-ow:min",
            "delay-ow:max",
            "delay-rt:max",
            "delay-variation:cur",
            "lossrate:cur",
            "bw-residual",
            "bw-available",
            "tput:cur",
        ]
        .map(map)
    };
    let heard = of("bgp-ls");
    assert_eq!(heard, of("pull"));
    let [
        _,
        min,
        max,
        _,
        variation,
        loss,
        residual,
        available,
        throughput,
    ] = heard;
    let (from, to) = ("AS1", "AS121");
    assert_eq!(
        [&min, &max, &variation].map(|map| &map[from][to]),
        [216, 280, 16]
    );
    assert_eq!(loss[from][to], 0.012);
    // The widest path of all, and what a flow gets on the link itself.
    assert_eq!(residual[from][to], 1_250_000_000);
    assert!(available[from][to].as_f64() < residual[from][to].as_f64());
    assert!(throughput[from][to].as_f64() < available[from][to].as_f64());
}
