//! Peers without end: sessions that open and close, attributes that change and change, routes that are
//! ever new. Memory stays bounded, and everybody else is served.

use std::net::SocketAddr;

use fastrand::Rng;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::process::{Brokerd, assert_flat};
use crate::raw::{
    Open, Raw, announce, attribute, keepalive, mandatory, message, node, reach, tlv, unreach,
    update,
};

/// Peers of the domain that does not rest.
const PEERS: usize = 350;
/// Sessions that a peer may have at once before it is slowed down.
const ROUNDS: usize = 6;
/// Routes that are kept of a peer.
const ROUTES: usize = 50;

/// The address of one of many peers.
fn address(peer: usize) -> String {
    format!("127.1.{}.{}", peer / 200, peer % 200 + 1)
}

fn domain(id: &str, peers: impl IntoIterator<Item = String>, routes: usize) -> String {
    let mut text = format!("[[domains]]\nid = '{id}'\n");
    for peer in peers {
        text += &format!("[[domains.bgp_ls]]\naddress = '{peer}'\nmax_routes = {routes}\n");
    }
    text
}

async fn session(from: &str, to: SocketAddr) -> Raw {
    let open = Open {
        hold_time: 0,
        ..Open::default()
    };
    let mut raw = Raw::dial(from, to).await;
    raw.establish(&open.bytes()).await;
    raw
}

/// A peer of another domain that says one thing now and then. Each time that is seen.
struct Quiet {
    raw: Raw,
    said: u32,
}

impl Quiet {
    const ID: &str = "AS65250";
    const ADDRESS: &str = "127.0.0.90";

    fn settings() -> String {
        domain(Self::ID, [Self::ADDRESS.to_owned()], 1_000)
    }

    async fn start(brokerd: &Brokerd) -> Self {
        let raw = session(Self::ADDRESS, brokerd.bgp).await;
        Self { raw, said: 0 }
    }

    /// Tells of one more router; over HTTP it is there.
    async fn is_served(&mut self, brokerd: &Brokerd) {
        self.said += 1;
        self.raw.send(&announce(self.said)).await;
        let said = self.said;
        brokerd
            .until(Self::ID, "the quiet peer is heard", |told| {
                told["routers"] == said && told["state"] == "fresh"
            })
            .await;
    }
}

/// One whole session: it comes up, tells, and is gone, with a word or without.
async fn open_and_close(peer: usize, round: usize, to: SocketAddr) {
    let mut raw = session(&address(peer), to).await;
    let mut said = Vec::new();
    let number = |route: usize| u32::try_from(peer * 100 + route).unwrap();
    for route in 0..ROUTES / 2 {
        let name = format!("round-{round}-router-{route}");
        said.extend(update(&[
            reach(&[node(number(route))]),
            mandatory(),
            crate::raw::name(&name),
        ]));
    }
    // And some that it never told before.
    for route in 0..5 {
        said.extend(announce(number(ROUTES + 5 * round + route)));
    }
    match round % 3 {
        0 => said.extend(update(&[unreach(&[])])),
        1 => said.extend(message(crate::raw::NOTIFICATION, &[6, 4])),
        _ => {}
    }
    // It may be gone already: that is the point.
    let _ = raw.stream.write_all(&said).await;
}

/// Has all peers do it, some at a time: the kernel drops what waits too long to be accepted, and the peer
/// would try again a second later.
async fn each_peer<F>(mut act: impl FnMut(usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let peers: Vec<usize> = (0..PEERS).collect();
    for some in peers.chunks(50) {
        let acts: JoinSet<()> = some.iter().map(|peer| act(*peer)).collect();
        timeout(2 * PATIENCE, acts.join_all()).await.unwrap();
    }
}

/// 2,100 sessions of 350 peers, and 3,500 connections more that come too soon.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_open_and_close_without_end() {
    let peers = (0..PEERS).map(address);
    let settings = domain("AS65251", peers, ROUTES) + &Quiet::settings();
    let mut brokerd = Brokerd::start("127.0.0.80", &settings);
    let mut quiet = Quiet::start(&brokerd).await;
    let mut early = None;
    for round in 0..ROUNDS {
        each_peer(|peer| open_and_close(peer, round, brokerd.bgp)).await;
        brokerd
            .until("AS65251", "all have come and gone", |told| {
                let sources = told["sources"].as_array().unwrap();
                sources.iter().all(|source| source["state"] == "stale")
            })
            .await;
        quiet.is_served(&brokerd).await;
        if round == 1 {
            early = brokerd.resident();
        }
    }
    // Now they are slowed: connections are closed, or wait and are given up.
    let to = brokerd.bgp;
    each_peer(|peer| async move {
        for _ in 0..10 {
            if let Ok(mut raw) = Raw::try_dial(&address(peer), to).await {
                let _ = raw.stream.write_all(&crate::raw::open()).await;
            }
        }
    })
    .await;
    quiet.is_served(&brokerd).await;
    assert!(brokerd.is_alive());
    assert_flat("thousands of sessions", early, brokerd.resident());
    let told = brokerd.domain("AS65251").await;
    let sources = told["sources"].as_array().unwrap();
    assert_eq!(sources.len(), PEERS);
    for source in sources {
        let routes = source["routes"].as_u64().unwrap();
        assert!((1..=ROUTES as u64).contains(&routes), "{source:#}");
    }
}

/// Sends what `next` makes until it has made `messages`; the same number of the quiet peer's words is
/// heard in between. Resident memory after the first tenth and at the end.
async fn flood(
    brokerd: &Brokerd,
    quiet: &mut Quiet,
    raw: &mut Raw,
    messages: usize,
    mut next: impl FnMut(usize) -> Vec<u8>,
) -> (Option<u64>, Option<u64>) {
    let mut early = None;
    for tenth in 0..10 {
        for some in 0..10 {
            let from = (10 * tenth + some) * messages / 100;
            let said: Vec<u8> = (from..from + messages / 100).flat_map(&mut next).collect();
            let sent = timeout(2 * PATIENCE, raw.stream.write_all(&said)).await;
            sent.expect("it reads on").unwrap();
        }
        quiet.is_served(brokerd).await;
        if tenth == 0 {
            early = brokerd.resident();
        }
    }
    (early, brokerd.resident())
}

/// Waits until all that the peer has said is taken: one more router among its routes.
async fn taken(brokerd: &Brokerd, raw: &mut Raw, routes: usize) {
    raw.send(&keepalive()).await;
    raw.send(&announce(99_999)).await;
    brokerd
        .until("AS65252", "all is taken", |told| {
            told["sources"][0]["routes"] == routes
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_that_change_without_end() {
    const ROUTERS: u32 = 200;
    let loud = "127.0.0.91";
    let settings = domain("AS65252", [loud.to_owned()], 1_000) + &Quiet::settings();
    let brokerd = Brokerd::start("127.0.0.81", &settings);
    let mut quiet = Quiet::start(&brokerd).await;
    let mut raw = session(loud, brokerd.bgp).await;
    let mut rng = Rng::with_seed(1);
    let (early, late) = flood(&brokerd, &mut quiet, &mut raw, 40_000, |_| {
        // A TLV that nobody knows, with more or less in it.
        let odd: Vec<u8> = (0..rng.usize(..3_000)).map(|_| rng.u8(..)).collect();
        let name = tlv(1026, format!("r{}", rng.u64(..)).as_bytes());
        update(&[
            reach(&[node(rng.u32(..ROUTERS))]),
            mandatory(),
            attribute(0x80, 29, &[name, tlv(65_000, &odd)].concat()),
        ])
    })
    .await;
    assert_flat("attributes that change", early, late);
    taken(&brokerd, &mut raw, ROUTERS as usize + 1).await;
    raw.stays_up().await;
}

/// A router with 2,000 octets more that nobody knows (RFC 9552 §5.1: no fault).
fn large(at: usize) -> Vec<u8> {
    let node = node(u32::try_from(100_000 + at).unwrap());
    let (_, value) = node.split_at(4);
    tlv(1, &[value, &tlv(60_000, &[0; 2_000])].concat())
}

/// Of routes that are ever new as many are kept as the settings say; of those that come and go none.
#[tokio::test(flavor = "multi_thread")]
async fn routes_that_are_new_without_end() {
    const KEPT: usize = 2_000;
    let loud = "127.0.0.92";
    let settings = domain("AS65252", [loud.to_owned()], KEPT) + &Quiet::settings();
    let brokerd = Brokerd::start("127.0.0.82", &settings);
    let mut quiet = Quiet::start(&brokerd).await;
    let mut raw = session(loud, brokerd.bgp).await;
    let come_and_go = |at: usize| {
        [
            update(&[reach(&[large(at)]), mandatory()]),
            // One that it never told, and one of a type that is no topology's.
            update(&[unreach(&[node(1), tlv(99, b"?")])]),
            update(&[unreach(&[large(at)])]),
        ]
        .concat()
    };
    let (early, late) = flood(&brokerd, &mut quiet, &mut raw, 20_000, come_and_go).await;
    assert_flat("routes that come and go", early, late);
    taken(&brokerd, &mut raw, 1).await;

    // While there is room memory does grow: the first tenth is for that.
    let (early, late) = flood(&brokerd, &mut quiet, &mut raw, 40_000, |at| {
        update(&[reach(&[large(at)]), mandatory()])
    })
    .await;
    assert_flat("routes that are ever new", early, late);
    let told = brokerd.domain("AS65252").await;
    assert_eq!(told["routers"], KEPT);
    let why = told["sources"][0]["last-error"].as_str().unwrap();
    assert!(why.contains("over the limits of this peer"), "{why}");
    raw.stays_up().await;
}
