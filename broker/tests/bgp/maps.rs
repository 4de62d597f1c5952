//! From what a peer says to what the maps have: the cases that any speaker must come through, here with
//! a raw one, and in `gobgp_maps` with GoBGP.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::THEIR_AS;
use crate::raw::{
    Open, Raw, attribute, bandwidth, delay, keepalive, link, mandatory, node, prefix, reach, tlv,
    unreach, update,
};
use crate::writer::Writer;

/// A neighbour of the domain that speaks.
pub(crate) const NEIGHBOUR: u32 = 65_020;

/// Somebody who speaks BGP-LS, in session with the broker.
pub(crate) trait Speaker {
    /// Whether it hands on the TLVs of RFC 8571.
    const TELLS_DELAY: bool;

    /// Announces one NLRI with the TLVs of attribute 29.
    async fn announce(&mut self, nlri: &[u8], attribute: &[u8]);

    /// Withdraws one NLRI.
    async fn withdraw(&mut self, nlri: &[u8]);
}

/// The settings of the domain that speaks, with these lines about each of its peers.
pub(crate) fn settings(general: &str, peers: &[&str]) -> String {
    let peers: String = peers
        .iter()
        .map(|peer| format!("[[domains.bgp_ls]]\n{peer}\n"))
        .collect();
    format!(
        "{general}[[domains]]\nid = 'AS{THEIR_AS}'\n{peers}\
         [[domains]]\nid = 'AS{NEIGHBOUR}'\npush = true\n"
    )
}

/// What the maps have of the domain, in text: routers, links and prefixes. Of the names only the last
/// digits, delays in microseconds, bandwidths in Mbit/s.
pub(crate) fn shown(writer: &Writer) -> [Vec<String>; 3] {
    let Some(topology) = writer.topology() else {
        return Default::default();
    };
    let short = |router: &nffg::RouterId| router.as_str().trim_start_matches(['0', '.']).to_owned();
    let measures = |delay: Option<nffg::Delay>, bandwidth: Option<nffg::Bandwidth>| {
        let delay = delay.map(|delay| format!(" {}us", delay.as_nanos() / 1_000));
        let rate = bandwidth.map(|rate| format!(" {}M", rate.bits_per_second() / 1_000_000));
        delay.unwrap_or_default() + &rate.unwrap_or_default()
    };
    let inside = topology.intra_links().iter().map(|link| {
        let measures = measures(link.delay, link.bandwidth);
        format!("{}>{}{measures}", short(&link.src), short(&link.dst))
    });
    let outside = topology.inter_links().iter().map(|link| {
        let measures = measures(link.delay, link.bandwidth);
        let remote = short(&link.remote.router);
        format!(
            "{}>{}:{remote}{measures}",
            short(&link.router),
            link.remote.domain
        )
    });
    let map: serde_json::Value =
        serde_json::from_slice(&writer.maps().network_map().bytes).unwrap();
    let prefixes = map["network-map"][format!("AS{THEIR_AS}")]["ipv4"].as_array();
    let prefixes = prefixes.into_iter().flatten();
    [
        topology.routers().iter().map(short).collect(),
        inside.chain(outside).collect(),
        prefixes
            .map(|prefix| prefix.as_str().unwrap().to_owned())
            .collect(),
    ]
}

/// Waits until the maps have just this.
pub(crate) async fn until(
    writer: &Writer,
    what: &str,
    routers: &[&str],
    links: &[&str],
    prefixes: &[&str],
) {
    let wanted = [routers, links, prefixes];
    writer
        .until(what, |writer| {
            let has = shown(writer);
            has.iter().zip(wanted).all(|(has, wanted)| has == wanted)
        })
        .await;
}

/// Waits until the first domain's sources are in these states.
pub(crate) async fn until_states(writer: &Writer, states: &[&str]) {
    writer
        .until(&format!("{states:?}"), |writer| writer.states() == states)
        .await;
}

/// The maps after each of: nodes, links and prefixes announced, with attributes; told again with others;
/// withdrawn one by one.
pub(crate) async fn told_and_withdrawn<S: Speaker>(writer: &Writer, speaker: &mut S) {
    // A speaker that leaves out delays leaves them out everywhere.
    let link_text = |link: &str, delay: u32, rate: &str| {
        let delay = if S::TELLS_DELAY {
            format!(" {delay}us")
        } else {
            String::new()
        };
        format!("{link}{delay} {rate}")
    };
    let te = |micros, octets| [bandwidth(octets), delay(micros)].concat();
    let (inside, back) = (link(1, THEIR_AS, 2), link(2, THEIR_AS, 1));
    let outside = link(2, NEIGHBOUR, 9);

    speaker.announce(&node(1), &tlv(1026, b"r1")).await;
    until(writer, "a router", &["1"], &[], &[]).await;
    speaker.announce(&node(2), &tlv(1026, b"r2")).await;
    until(writer, "two routers", &["1", "2"], &[], &[]).await;
    speaker.announce(&inside, &te(230, 1.25e9)).await;
    let first = link_text("1>2", 230, "10000M");
    until(writer, "a link", &["1", "2"], &[&first], &[]).await;
    speaker.announce(&back, &te(250, 1.25e8)).await;
    let second = link_text("2>1", 250, "1000M");
    until(writer, "its reverse", &["1", "2"], &[&first, &second], &[]).await;
    speaker.announce(&outside, &te(900, 1.25e8)).await;
    let third = link_text("2>AS65020:9", 900, "1000M");
    let links = [&*first, &second, &third];
    until(writer, "a link to another domain", &["1", "2"], &links, &[]).await;
    speaker
        .announce(&prefix(1, [10, 1, 0]), &tlv(1155, &[0, 0, 0, 5]))
        .await;
    let prefixes = ["10.1.0.0/24"];
    until(writer, "a prefix", &["1", "2"], &links, &prefixes).await;

    // RFC 4271 §9.1: told again, it replaces what was told, attribute included.
    speaker.announce(&inside, &te(110, 1.25e7)).await;
    let changed = link_text("1>2", 110, "100M");
    let links = [&*changed, &second, &third];
    until(
        writer,
        "another delay and bandwidth",
        &["1", "2"],
        &links,
        &prefixes,
    )
    .await;
    speaker.announce(&back, &tlv(1092, &[0, 0, 0, 5])).await;
    let links = [&*changed, "2>1", &third];
    until(
        writer,
        "neither of them any more",
        &["1", "2"],
        &links,
        &prefixes,
    )
    .await;

    speaker.withdraw(&prefix(1, [10, 1, 0])).await;
    until(writer, "the prefix is gone", &["1", "2"], &links, &[]).await;
    speaker.withdraw(&outside).await;
    let links = [&*changed, "2>1"];
    until(
        writer,
        "so is the link to the other domain",
        &["1", "2"],
        &links,
        &[],
    )
    .await;
    speaker.withdraw(&inside).await;
    until(writer, "so is one within", &["1", "2"], &["2>1"], &[]).await;
    speaker.withdraw(&node(1)).await;
    speaker.withdraw(&node(2)).await;
    speaker.withdraw(&back).await;
    until(writer, "so is all", &[], &[], &[]).await;
}

/// Two speakers of one domain, the first of them that which counts (the lower address).
pub(crate) async fn told_by_two<S: Speaker>(writer: &Writer, first: &mut S, second: &mut S) {
    let rates = [1.25e9, 1.25e8];
    let (inside, back) = (link(1, THEIR_AS, 2), link(2, THEIR_AS, 1));
    let shared = [node(1), node(2)];
    for router in &shared {
        first
            .announce(router, &tlv(1026, b"as the first has it"))
            .await;
        second
            .announce(router, &tlv(1026, b"as the second has it"))
            .await;
    }
    second.announce(&inside, &bandwidth(rates[1])).await;
    until(
        writer,
        "one tells the link",
        &["1", "2"],
        &["1>2 1000M"],
        &[],
    )
    .await;
    first.announce(&inside, &bandwidth(rates[0])).await;
    until(
        writer,
        "the first counts",
        &["1", "2"],
        &["1>2 10000M"],
        &[],
    )
    .await;
    // What the first does not tell of it, the second does.
    first.announce(&inside, &tlv(1092, &[0, 0, 0, 5])).await;
    until(
        writer,
        "the second adds to it",
        &["1", "2"],
        &["1>2 1000M"],
        &[],
    )
    .await;
    first.announce(&inside, &bandwidth(rates[0])).await;
    until(writer, "the first again", &["1", "2"], &["1>2 10000M"], &[]).await;
    // What only one tells is there too.
    second.announce(&node(3), &[]).await;
    first.announce(&back, &bandwidth(rates[0])).await;
    let links = ["1>2 10000M", "2>1 10000M"];
    until(writer, "all of both", &["1", "2", "3"], &links, &[]).await;

    // One withdraws: the other's word stands.
    first.withdraw(&inside).await;
    let links = ["1>2 1000M", "2>1 10000M"];
    until(writer, "the first withdraws", &["1", "2", "3"], &links, &[]).await;
    for router in &shared {
        first.withdraw(router).await;
    }
    first.withdraw(&back).await;
    until(writer, "all of it", &["1", "2", "3"], &["1>2 1000M"], &[]).await;
    second.withdraw(&inside).await;
    second.withdraw(&node(3)).await;
    until(writer, "and the second most of it", &["1", "2"], &[], &[]).await;
}

impl Speaker for Raw {
    const TELLS_DELAY: bool = true;

    async fn announce(&mut self, nlri: &[u8], tlvs: &[u8]) {
        let reach = reach(&[nlri.to_vec()]);
        let attributes = [reach, mandatory(), attribute(0x80, 29, tlvs)];
        self.send(&update(&attributes)).await;
    }

    async fn withdraw(&mut self, nlri: &[u8]) {
        self.send(&update(&[unreach(&[nlri.to_vec()])])).await;
    }
}

pub(crate) async fn session(from: &str, to: SocketAddr, hold_time: u16) -> Raw {
    let open = Open {
        hold_time,
        ..Open::default()
    };
    let mut raw = Raw::dial(from, to).await;
    raw.establish(&open.bytes()).await;
    raw
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_tells_that_dials_us() {
    let writer = Writer::start("127.0.0.101", &settings("", &["address = '127.0.0.111'"])).await;
    let mut raw = session("127.0.0.111", writer.bgp, 0).await;
    told_and_withdrawn(&writer, &mut raw).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_tells_that_we_dial() {
    let listener = TcpListener::bind("127.0.0.112:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = format!("address = '127.0.0.112'\nport = {port}\nlocal_address = '127.0.0.102'");
    let writer = Writer::start("127.0.0.102", &settings("", &[&peer])).await;
    let mut raw = Raw::accept(&listener).await;
    raw.establish(
        &Open {
            hold_time: 0,
            ..Open::default()
        }
        .bytes(),
    )
    .await;
    told_and_withdrawn(&writer, &mut raw).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_peers_tell_of_one_topology() {
    let peers = ["address = '127.0.0.113'", "address = '127.0.0.114'"];
    let writer = Writer::start("127.0.0.103", &settings("", &peers)).await;
    let mut first = session("127.0.0.113", writer.bgp, 0).await;
    let mut second = session("127.0.0.114", writer.bgp, 0).await;
    told_by_two(&writer, &mut first, &mut second).await;

    // One whose session is lost: what it told is stale, and counts after what the other tells.
    let inside = link(1, THEIR_AS, 2);
    first.announce(&inside, &bandwidth(1.25e9)).await;
    first.announce(&node(4), &[]).await;
    second.announce(&inside, &bandwidth(1.25e8)).await;
    let routers = ["1", "2", "4"];
    until(&writer, "both tell it", &routers, &["1>2 10000M"], &[]).await;
    drop(first);
    until_states(&writer, &["stale", "fresh"]).await;
    until(
        &writer,
        "the fresh one counts",
        &routers,
        &["1>2 1000M"],
        &[],
    )
    .await;
    let mut first = session("127.0.0.113", writer.bgp, 0).await;
    first.announce(&inside, &bandwidth(1.25e9)).await;
    until(&writer, "the first is back", &routers, &["1>2 10000M"], &[]).await;
    first.send(&update(&[unreach(&[])])).await;
    let routers = ["1", "2"];
    until(&writer, "and has told all", &routers, &["1>2 10000M"], &[]).await;
}

/// Killed, back with other words: until it has told all, what it told before stands.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_tells_that_is_killed_and_restarts() {
    let general = "settle = '500ms'\n[liveness]\nhold = '30s'\nexpire = '60s'\n";
    let writer = Writer::start(
        "127.0.0.105",
        &settings(general, &["address = '127.0.0.115'"]),
    )
    .await;
    let mut raw = session("127.0.0.115", writer.bgp, 0).await;
    raw.announce(&link(1, THEIR_AS, 2), &delay(230)).await;
    raw.announce(&link(2, THEIR_AS, 1), &delay(230)).await;
    let links = ["1>2 230us", "2>1 230us"];
    until(&writer, "told", &["1", "2"], &links, &[]).await;
    drop(raw);
    until_states(&writer, &["stale"]).await;
    until(&writer, "still served", &["1", "2"], &links, &[]).await;
    let mut raw = session("127.0.0.115", writer.bgp, 0).await;
    until_states(&writer, &["fresh"]).await;
    raw.announce(&link(1, THEIR_AS, 2), &delay(110)).await;
    // Without a word that it has told all it is given the time to settle.
    until(
        &writer,
        "what it did not tell again is gone",
        &["1", "2"],
        &["1>2 110us"],
        &[],
    )
    .await;
    raw.send(&keepalive()).await;
    until_states(&writer, &["fresh"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_told_that_falls_silent() {
    let general = "[pull]\ninterval = '500ms'\n[liveness]\nhold = '1s'\nexpire = '2s'\n";
    let writer = Writer::start(
        "127.0.0.106",
        &settings(general, &["address = '127.0.0.116'"]),
    )
    .await;
    let mut raw = session("127.0.0.116", writer.bgp, 3).await;
    raw.announce(&link(1, THEIR_AS, 2), &delay(230)).await;
    until(&writer, "told", &["1", "2"], &["1>2 230us"], &[]).await;
    // RFC 4271 §6.5. Its session is up for three seconds, and what it told is good for as long.
    let (code, subcode, _) = raw.notified().await;
    assert_eq!((code, subcode), (4, 0));
    until_states(&writer, &["stale"]).await;
    until(&writer, "still served", &["1", "2"], &["1>2 230us"], &[]).await;
    until_states(&writer, &["gone"]).await;
    until(&writer, "out of the maps", &[], &[], &[]).await;
    let mut raw = session("127.0.0.116", writer.bgp, 0).await;
    raw.announce(&link(1, THEIR_AS, 2), &delay(230)).await;
    until(&writer, "back", &["1", "2"], &["1>2 230us"], &[]).await;
    until_states(&writer, &["fresh"]).await;
}
