//! BGP-LS ingest: 100,000 distinct TE links over one session, from the first octet sent until all of them
//! are in the topology that requests are answered from. Session, writer and publication are the daemon's
//! own; the sender is a thread that writes prepared UPDATEs as fast as they are taken.
//!
//! `cargo bench -p broker --bench bgpls`. The figures are explained in docs/performance.md.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::bgp::{PeerId, Speaker};
use broker::ingest::{Inbox, Ingest, SourceKey, SourceKind, run};
use broker::metrics::Metrics;
use broker::published::Published;
use broker::reservations::Desk;
use broker::settings::{Overrides, Settings, load};
use idt::bgpls::{
    Attribute, IgpRouterId, LinkDelay, LinkDescriptors, LinkNlri, Nlri, NodeDescriptors,
    ProtocolId, Source,
};
use nffg::{Bandwidth, Delay, DomainId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// As in `brokerd`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ROUNDS: usize = 5;

#[expect(
    clippy::print_stdout,
    reason = "a benchmark reports on standard output"
)]
fn main() {
    // `cargo test --benches` wants to know that it runs, not how fast.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let links = if is_bench { 100_000 } else { 1_000 };
    let updates = updates(links);
    let octets: usize = updates.len();
    println!(
        "{links} links, {} octets each on the wire, {ROUNDS} rounds",
        octets / links
    );
    let mut rounds: Vec<(Duration, Duration, u64)> =
        (0..ROUNDS).map(|_| round(&updates, links)).collect();
    let memory = rounds.first().map_or(0, |round| round.2);
    rounds.sort_unstable();
    let (seen, again, _) = rounds[ROUNDS / 2];
    let rate = |took: Duration| links as f64 / took.as_secs_f64();
    println!(
        "first table, sent to visible   {seen:>10.1?}  {:>9.0} links/s (median)",
        rate(seen)
    );
    println!(
        "the same again, sent to taken  {again:>10.1?}  {:>9.0} links/s (median)",
        rate(again)
    );
    println!(
        "resident memory gained         {:>7} octets a link (first round)",
        memory / links as u64
    );
}

/// How long until all links are visible, how long until the same were taken again, and the memory.
fn round(updates: &[u8], links: usize) -> (Duration, Duration, u64) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let settings = settings();
    let domain: DomainId = "AS65001".parse().expect("a domain");
    let config = alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    };
    let published = Arc::new(Published::new(config));
    let stop = CancellationToken::new();
    let before = resident();
    let address = runtime.block_on(async {
        let peer = settings.domains[0].bgp_ls[0].session(&settings.bgp);
        let speaker = Speaker::bind(settings.bgp.listen, vec![peer])
            .await
            .expect("a speaker");
        let address = speaker.local_addr().expect("it listens");
        let ingest = Ingest::new(&settings.domains, settings.rules());
        let (_inbox, commands) = Inbox::new();
        let (inputs, received) = mpsc::channel(1024);
        let (events, told) = mpsc::channel(64);
        let source = SourceKey {
            domain: domain.clone(),
            kind: SourceKind::BgpLs(PEER),
        };
        let sources = [(PeerId::new(PEER), broker::bgp_feed::Speaks::Domain(source))]
            .into_iter()
            .collect();
        tokio::spawn(run(
            ingest,
            Desk::default(),
            received,
            commands,
            Arc::clone(&published),
            Arc::new(Metrics::new()),
            stop.clone(),
        ));
        tokio::spawn(broker::bgp_feed::run(told, sources, inputs));
        tokio::spawn(speaker.run(events, stop.clone()));
        address
    });
    let mut stream = established(address);
    let count = || {
        let maps = published.maps();
        maps.idt()
            .topology(&domain)
            .map_or(0, |topology| topology.intra_links().len())
    };
    let began = now();
    stream.write_all(updates).expect("sent");
    while count() < links {
        std::thread::sleep(Duration::from_micros(200));
    }
    let seen = began.elapsed();
    assert_eq!(count(), links, "each link once");
    let gained = resident().saturating_sub(before);
    // The same again, and one new link behind it as a mark.
    let began = now();
    stream.write_all(updates).expect("sent");
    stream.write_all(&update(links as u32)).expect("sent");
    while count() == links {
        std::thread::sleep(Duration::from_micros(200));
    }
    let again = began.elapsed();
    stop.cancel();
    runtime.shutdown_timeout(Duration::from_secs(1));
    (seen, again, gained)
}

fn settings() -> Settings {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let text = "[bgp]\nlisten = '127.0.0.1:0'\n[[domains]]\nid = 'AS65001'\n[[domains.bgp_ls]]\naddress = '127.0.0.1'\n";
    std::fs::write(file.path(), text).expect("written");
    load(Some(file.path()), &Overrides::default()).expect("valid settings")
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
fn now() -> Instant {
    Instant::now()
}

/// Resident memory of this process in octets; zero where the system does not tell.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|field| field.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

/// A session in the state Established (RFC 4271 §8).
fn established(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    let mut open = vec![4, 0xfd, 0xe9, 0, 180, 192, 0, 2, 1, 16, 2, 14];
    // Multiprotocol (16388, 71) and four-octet AS 65001.
    open.extend([1, 4, 0x40, 0x04, 0, 71, 65, 4, 0, 0, 0xfd, 0xe9]);
    open[9] = 14;
    open[11] = 12;
    stream.write_all(&message(1, &open)).expect("sent");
    for _ in 0..2 {
        let mut head = [0; 19];
        stream.read_exact(&mut head).expect("a message");
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[16], head[17]])) - 19];
        stream.read_exact(&mut body).expect("its body");
        assert!(
            matches!(head[18], 1 | 4),
            "message type {}: {body:?}",
            head[18]
        );
        if head[18] == 1 {
            stream.write_all(&message(4, &[])).expect("sent");
        }
    }
    stream
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xff; 16];
    out.extend(u16::try_from(19 + body.len()).expect("short").to_be_bytes());
    out.push(kind);
    out.extend_from_slice(body);
    out
}

fn updates(links: usize) -> Vec<u8> {
    (0..u32::try_from(links).expect("not that many"))
        .flat_map(update)
        .collect()
}

/// One TE link with delay, as a router of a thousand tells it: each has its own pair of addresses.
fn update(number: u32) -> Vec<u8> {
    let node = |id: u32| NodeDescriptors {
        asn: Some(65001),
        igp_router_id: Some(IgpRouterId::V4(Ipv4Addr::from(0x0a00_0000 + id))),
        ..NodeDescriptors::default()
    };
    let (src, dst) = (number % 1000, (number % 1000 + 1 + number / 1000) % 1000);
    let dst = if src == dst { (dst + 1) % 1000 } else { dst };
    let interface = 0x6440_0000 + 2 * number;
    let nlri = Nlri::Link(LinkNlri {
        source: Source {
            protocol: ProtocolId::OSPF_V2,
            identifier: 0,
        },
        local: node(src),
        remote: node(dst),
        link: LinkDescriptors {
            ipv4_interface: vec![Ipv4Addr::from(interface)],
            ipv4_neighbour: vec![Ipv4Addr::from(interface + 1)],
            ..LinkDescriptors::default()
        },
        other: Vec::new(),
    });
    let bandwidth = Bandwidth::from_bits_per_second(10_000_000_000);
    let attribute = Attribute {
        max_bandwidth: Some(bandwidth),
        reservable_bandwidth: Some(bandwidth),
        unreserved_bandwidth: Some([bandwidth; 8]),
        te_metric: Some(10),
        igp_metric: Some(10),
        // Parallel links of one pair of routers must differ to be told apart.
        delay: Some(LinkDelay {
            delay: Delay::from_nanos(u64::from(number + 1) * 1000),
            anomalous: false,
        }),
        ..Attribute::default()
    };
    let (nlri, attribute) = (
        nlri.encode().expect("fits"),
        attribute.encode().expect("fits"),
    );
    let mut attributes = vec![0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9];
    let mut long = |code: u8, value: &[&[u8]]| {
        let length: usize = value.iter().map(|part| part.len()).sum();
        attributes.extend([0x90, code]);
        attributes.extend(u16::try_from(length).expect("short").to_be_bytes());
        value
            .iter()
            .for_each(|part| attributes.extend_from_slice(part));
    };
    long(14, &[&[0x40, 0x04, 71, 4, 0, 0, 0, 0, 0], &nlri]);
    long(29, &[&attribute]);
    let mut body = vec![0, 0];
    body.extend(
        u16::try_from(attributes.len())
            .expect("short")
            .to_be_bytes(),
    );
    body.extend(attributes);
    message(2, &body)
}
