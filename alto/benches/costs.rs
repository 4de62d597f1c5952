//! What costs cost, at production size: a full cost map of 1,700 PIDs, made and sent; 50 x 50 PIDs of it; and
//! 100 x 100 endpoints among 250,000 prefixes; and the path vectors of 100 x 100 PIDs. Each next to a floor in the same run: a loop by hand for this
//! one question, over a matrix of distances that is there already. Every answer is checked against the floor's:
//! a fast wrong answer fails.
//!
//! `cargo bench -p alto --bench costs`. The figures are explained in docs/performance.md.

use std::hint::black_box;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::{Arc, LazyLock};

use alto::{Ask, Config, Content, Maps, Service, resource};
use divan::Bencher;
use divan::counter::BytesCount;
use idt::search::{Budget, Distances, Metric, PathCaps};
use idt::{DomainTopology, InterLink, Ted, TopologyParts, Update};
use nffg::{Bandwidth, Delay, DomainId, RouterRef};

fn main() {
    // What is measured is right.
    let world = &*WORLD;
    for (ours, floor) in [
        (full_map(world), floor_full(world)),
        (filtered(world), floor_filtered(world)),
        (endpoints(world), floor_endpoints(world)),
    ] {
        assert_eq!(ours, floor, "a fast wrong answer is no result");
    }
    assert_eq!(
        links_on_paths(world),
        hops_by_distance(world),
        "nor is another path"
    );
    divan::main();
}

const PIDS: usize = 1_700;
/// Of each domain: 250,000 in all.
const PREFIXES: usize = 147;

/// A federation of production size: rings with chords, delays of 1 to 20 units.
struct World {
    service: Service,
    maps: Arc<Maps>,
    distances: Distances,
    /// Microseconds from each to each, in the order of names.
    matrix: Vec<u32>,
    names: Vec<String>,
    costs: Vec<u8>,
    endpoints: Vec<u8>,
    /// Path vectors of 100 x 100 PIDs: in aggregates, and link by link.
    path_vectors: [Vec<u8>; 2],
    addresses: [Vec<Ipv4Addr>; 2],
}

fn name(number: usize) -> DomainId {
    format!("AS{}", 10_000 + number)
        .parse()
        .expect("a domain id")
}

/// The prefix number `nth` of a domain: a /24 below 16.0.0.0, spread over all.
fn prefix(domain: usize, nth: usize) -> Ipv4Addr {
    let number = u32::try_from(nth * PIDS + domain).expect("fewer than 2^24 prefixes");
    Ipv4Addr::from_bits((16 << 24) + (number << 8))
}

fn neighbours(domain: usize) -> impl Iterator<Item = (usize, u64)> {
    [1, 7, 61, 409].into_iter().flat_map(move |step| {
        let weight = |from: usize| 100 * (1 + (from * 7 + step) as u64 % 20);
        let before = (domain + PIDS - step) % PIDS;
        [
            ((domain + step) % PIDS, weight(domain)),
            (before, weight(before)),
        ]
    })
}

fn topology(domain: usize, slower: u64) -> DomainTopology {
    let router = |of: usize| format!("to-{of}").parse().expect("a router id");
    let inter_links = neighbours(domain).map(|(to, micros)| InterLink {
        router: router(to),
        remote: RouterRef {
            domain: name(to),
            router: router(domain),
        },
        delay: Some(Delay::from_nanos((micros + slower) * 1000)),
        bandwidth: Some(Bandwidth::from_bits_per_second(micros * 8_000_000)),
        srlgs: Default::default(),
        performance: Default::default(),
    });
    let prefixes = (0..PREFIXES).map(|nth| format!("{}/24", prefix(domain, nth)).parse());
    let parts = TopologyParts {
        inter_links: inter_links.collect(),
        prefixes: prefixes.collect::<Result<_, _>>().expect("prefixes"),
        ..TopologyParts::default()
    };
    DomainTopology::new(name(domain), parts)
}

static TED: LazyLock<Ted> = LazyLock::new(|| {
    let mut ted = Ted::new();
    ted.apply((0..PIDS).map(|domain| Update::Topology(topology(domain, 0))));
    ted
});

fn config() -> Arc<Config> {
    Arc::new(Config {
        server_name: alto::ServerName::default(),
        caps: PathCaps {
            per_pair: 1,
            max_domains: 16,
            work: 0,
        },
        limits: alto::Limits::default(),
    })
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let idt = TED.snapshot();
    let maps = Arc::new(Maps::build(config(), idr::Idr::new().snapshot(), idt, None));
    let distances = Distances::new(Arc::clone(maps.idt().graph().net()));
    let mut budget = Budget::unlimited();
    let distances = distances
        .with_index(Metric::Delay, &mut budget)
        .expect("no limit");
    let all: Vec<u32> = (0..PIDS as u32).collect();
    let nanos = distances
        .table(Metric::Delay, &all, &all, &mut budget)
        .expect("no limit");
    let matrix = nanos.iter().map(|nanos| (nanos / 1000) as u32).collect();
    let names: Vec<String> = maps
        .idt()
        .graph()
        .ids()
        .iter()
        .map(ToString::to_string)
        .collect();
    let some =
        |offset: usize| -> Vec<&str> { (0..50).map(|at| &*names[at * 34 + offset]).collect() };
    let quoted = |names: Vec<&str>| format!("[\"{}\"]", names.join("\",\""));
    let costs = format!(
        r#"{{"cost-type":{{"cost-mode":"numerical","cost-metric":"delay-ow:cur"}},"pids":{{"srcs":{},"dsts":{}}}}}"#,
        quoted(some(0)),
        quoted(some(1))
    );
    let addresses = [3_usize, 5].map(|offset| {
        let address = |at: usize| Ipv4Addr::from_bits(prefix(at * 17 + offset, at).to_bits() + 9);
        (0..100).map(address).collect::<Vec<_>>()
    });
    let typed = |list: &[Ipv4Addr]| {
        let texts: Vec<String> = list
            .iter()
            .map(|address| format!("\"ipv4:{address}\""))
            .collect();
        texts.join(",")
    };
    let endpoints = format!(
        r#"{{"cost-type":{{"cost-mode":"numerical","cost-metric":"delay-ow:cur"}},"endpoints":{{"srcs":[{}],"dsts":[{}]}}}}"#,
        typed(&addresses[0]),
        typed(&addresses[1])
    );
    let hundred =
        |offset: usize| -> Vec<&str> { (0..100).map(|at| &*names[at * 17 + offset]).collect() };
    let path_vectors = ["", ",\"persistent-entity-id\""].map(|more| {
        format!(
            r#"{{"cost-type":{{"cost-mode":"array","cost-metric":"ane-path"}},"ane-property-names":["max-reservable-bandwidth"{more}],"pids":{{"srcs":{},"dsts":{}}}}}"#,
            quoted(hundred(3)),
            quoted(hundred(5))
        )
        .into_bytes()
    });
    World {
        path_vectors,
        service: Service::new(Arc::clone(&maps), distances.clone(), None),
        maps,
        distances,
        matrix,
        costs: costs.into_bytes(),
        endpoints: endpoints.into_bytes(),
        addresses,
        names,
    }
});

const ASK: Ask = Ask {
    client: None,
    now: jiff::Timestamp::UNIX_EPOCH,
    path_work: u64::MAX,
    cost_work: u64::MAX,
    light: false,
};

fn content(service: &Service, id: &str, request: &[u8]) -> Content {
    let resource = resource(id).expect("a resource");
    service.content(resource, request, &ASK).expect("an answer")
}

/// The costs in an answer: what is behind `meta`.
fn behind_meta(text: &[u8], member: &str) -> Vec<u8> {
    let text = std::str::from_utf8(text).expect("JSON");
    let at = text.find(member).expect("the costs") + member.len();
    text.as_bytes()[at..].to_vec()
}

/// A service that has made nothing yet.
fn fresh(world: &World) -> Service {
    Service::new(Arc::clone(&world.maps), world.distances.clone(), None)
}

fn full_map(world: &World) -> Vec<u8> {
    let map = content(&fresh(world), "costmap-delay-ow", b"").to_bytes();
    behind_meta(&map, "\"cost-map\":")
}

fn filtered(world: &World) -> Vec<u8> {
    let map = content(&world.service, "costmap-filtered", &world.costs).to_bytes();
    behind_meta(&map, "\"cost-map\":")
}

fn endpoints(world: &World) -> Vec<u8> {
    let map = content(&world.service, "endpoint-costs", &world.endpoints).to_bytes();
    behind_meta(&map, "\"endpoint-cost-map\":")
}

/// Writes rows of costs with the names at hand.
fn write(out: &mut Vec<u8>, rows: &[(&str, usize)], columns: &[(&str, usize)], matrix: &[u32]) {
    out.push(b'{');
    for (at, (from, row)) in rows.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        write!(out, "{comma}\"{from}\":{{").expect("memory");
        for (at, (to, column)) in columns.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(to.as_bytes());
            out.extend_from_slice(b"\":");
            digits(out, matrix[row * PIDS + column]);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"}}");
}

fn digits(out: &mut Vec<u8>, mut number: u32) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn floor_full(world: &World) -> Vec<u8> {
    let all: Vec<(&str, usize)> = world.names.iter().map(String::as_str).zip(0..).collect();
    let mut out = Vec::with_capacity(48 << 20);
    write(&mut out, &all, &all, &world.matrix);
    out
}

/// Reads the request, too: as much of it as it needs.
fn floor_filtered(world: &World) -> Vec<u8> {
    let request: serde_json::Value = serde_json::from_slice(&world.costs).expect("JSON");
    let side = |name: &str| -> Vec<(&str, usize)> {
        let names = request["pids"][name].as_array().expect("a list");
        let names = names.iter().map(|name| name.as_str().expect("a name"));
        let find = |name: &str| {
            world
                .names
                .binary_search_by(|known| known.as_str().cmp(name))
        };
        let found = names.map(|name| find(name).expect("a PID"));
        found.map(|at| (world.names[at].as_str(), at)).collect()
    };
    let mut out = Vec::with_capacity(64 << 10);
    write(&mut out, &side("srcs"), &side("dsts"), &world.matrix);
    out
}

/// Knows where each address is.
fn floor_endpoints(world: &World) -> Vec<u8> {
    let request: serde_json::Value = serde_json::from_slice(&world.endpoints).expect("JSON");
    let side = |name: &str, addresses: &[Ipv4Addr]| -> Vec<(String, usize)> {
        let texts = request["endpoints"][name].as_array().expect("a list");
        let texts = texts
            .iter()
            .map(|text| text.as_str().expect("text").to_owned());
        let domain = |address: &Ipv4Addr| ((address.to_bits() - (16 << 24)) >> 8) as usize % PIDS;
        texts.zip(addresses.iter().map(domain)).collect()
    };
    let sides = [
        side("srcs", &world.addresses[0]),
        side("dsts", &world.addresses[1]),
    ];
    let [from, to] = [0, 1].map(|at: usize| {
        sides[at]
            .iter()
            .map(|(text, at)| (text.as_str(), *at))
            .collect::<Vec<_>>()
    });
    let mut out = Vec::with_capacity(256 << 10);
    write(&mut out, &from, &to, &world.matrix);
    out
}

/// A full cost map from the index of distances, as it is sent.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn full_1700(bencher: Bencher<'_, '_>) {
    let bytes = content(&WORLD.service, "costmap-delay-ow", b"").len();
    let made = bencher
        .counter(BytesCount::new(bytes))
        .with_inputs(|| fresh(&WORLD));
    made.bench_values(|service| black_box(content(&service, "costmap-delay-ow", b"").len()));
}

/// The same by hand, from a matrix in the order of the text.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn full_1700_floor(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| black_box(floor_full(&WORLD)).len());
}

/// A full map of hops, for which there is no index: 1,700 searches.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn full_1700_without_index(bencher: Bencher<'_, '_>) {
    let made = bencher.with_inputs(|| fresh(&WORLD));
    made.bench_values(|service| black_box(content(&service, "costmap-hopcount", b"").len()));
}

/// A full map of bandwidths: a forest and its 2.9 million pairs.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn full_1700_bandwidth(bencher: Bencher<'_, '_>) {
    let made = bencher.with_inputs(|| fresh(&WORLD));
    made.bench_values(|service| black_box(content(&service, "costmap-bw-available", b"").len()));
}

/// A full map that somebody asked for before.
#[divan::bench]
fn full_1700_again() -> usize {
    content(&WORLD.service, "costmap-delay-ow", b"").len()
}

/// A full map after one link became slower, with the index of the version before: the pairs that it concerns, and
/// the rows that changed.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn full_1700_after_a_change(bencher: Bencher<'_, '_>) {
    content(&WORLD.service, "costmap-delay-ow", b"");
    let mut ted = Ted::new();
    ted.apply((0..PIDS).map(|domain| Update::Topology(topology(domain, 0))));
    let mut slower = topology(0, 0).inter_links().to_vec();
    slower[0].delay = Some(Delay::from_nanos(50_000_000));
    let parts = TopologyParts {
        inter_links: slower,
        prefixes: topology(0, 0).prefixes().to_vec(),
        ..TopologyParts::default()
    };
    ted.apply([Update::Topology(DomainTopology::new(name(0), parts))]);
    let maps = Maps::build(
        config(),
        idr::Idr::new().snapshot(),
        ted.snapshot(),
        Some(&WORLD.maps),
    );
    let maps = Arc::new(maps);
    let distances = WORLD.distances.over(Arc::clone(maps.idt().graph().net()));
    let alone = Service::new(Arc::clone(&maps), distances.clone(), None);
    let after = || Service::new(Arc::clone(&maps), distances.clone(), Some(&WORLD.service));
    assert_eq!(
        content(&after(), "costmap-delay-ow", b"").pieces,
        content(&alone, "costmap-delay-ow", b"").pieces,
        "a fast wrong answer is no result"
    );
    bencher
        .with_inputs(after)
        .bench_values(|service| black_box(content(&service, "costmap-delay-ow", b"").len()));
}

#[divan::bench]
fn filtered_50x50() -> usize {
    content(&WORLD.service, "costmap-filtered", &WORLD.costs).len()
}

#[divan::bench]
fn filtered_50x50_floor() -> usize {
    floor_filtered(&WORLD).len()
}

/// The links on all paths, as the answer link by link tells them.
fn links_on_paths(world: &World) -> u64 {
    let answer = content(
        &world.service,
        "path-vector-costmap",
        &world.path_vectors[1],
    )
    .to_bytes();
    let text = std::str::from_utf8(&answer).expect("UTF-8");
    let costs = text.split("\r\n\r\n").nth(1).expect("the first part");
    let costs = costs.split("\r\n").next().expect("one line");
    let costs: serde_json::Value = serde_json::from_str(costs).expect("JSON");
    let rows = costs["cost-map"].as_object().expect("rows").values();
    let vectors = rows.flat_map(|row| row.as_object().expect("a row").values());
    vectors
        .map(|vector| vector.as_array().expect("a vector").len() as u64)
        .sum()
}

fn hundred(offset: usize) -> Vec<u32> {
    (0..100).map(|at| (at * 17 + offset) as u32).collect()
}

/// The same by distances.
fn hops_by_distance(world: &World) -> u64 {
    let mut budget = Budget::unlimited();
    let table = (world.distances).table(Metric::Hops, &hundred(3), &hundred(5), &mut budget);
    table.expect("no limit").iter().sum()
}

/// Path vectors with what is left of their bottlenecks.
#[divan::bench]
fn path_vectors_100x100() -> usize {
    let request = &WORLD.path_vectors[0];
    content(&WORLD.service, "path-vector-costmap", request).len()
}

/// The same link by link, each with its lasting name.
#[divan::bench]
fn path_vectors_100x100_lasting() -> usize {
    let request = &WORLD.path_vectors[1];
    content(&WORLD.service, "path-vector-costmap", request).len()
}

/// By hand: a search from each source, and the domains of each path written down.
#[divan::bench]
fn path_vectors_100x100_floor() -> usize {
    let net = WORLD.distances.net();
    let mut out = Vec::with_capacity(1 << 20);
    let mut before = vec![u32::MAX; PIDS];
    for source in hundred(3) {
        before.fill(u32::MAX);
        before[source as usize] = source;
        let mut met = vec![source];
        let mut at = 0;
        while let Some(point) = met.get(at).copied() {
            at += 1;
            for next in net.row(point).to {
                if before[*next as usize] == u32::MAX {
                    before[*next as usize] = point;
                    met.push(*next);
                }
            }
        }
        for target in hundred(5) {
            let mut point = target;
            while point != source {
                write!(out, "\"{}\",", WORLD.names[point as usize]).expect("memory");
                point = before[point as usize];
            }
        }
    }
    black_box(out).len()
}

#[divan::bench]
fn endpoints_100x100() -> usize {
    content(&WORLD.service, "endpoint-costs", &WORLD.endpoints).len()
}

#[divan::bench]
fn endpoints_100x100_floor() -> usize {
    floor_endpoints(&WORLD).len()
}
