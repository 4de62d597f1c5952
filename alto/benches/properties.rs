//! What property maps cost, at the size of the Internet: the full map of 78,643 domains after a change of one,
//! next to copying its octets and to `serde_json` writing it whole; and 100 addresses among 250,000 prefixes.
//! What a change gives is checked against a map made anew: a fast wrong answer fails.
//!
//! `cargo bench -p alto --bench properties`. The figures are explained in docs/performance.md.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use alto::{Ask, Config, Content, Maps, Service, resource};
use divan::Bencher;
use divan::counter::BytesCount;
use idr::{Domain, Idr};
use idt::search::{Distances, PathCaps};
use idt::{DomainTopology, Ted, TopologyParts, Update};
use nffg::{BisBis, ResourceView, Resources};

fn main() {
    divan::main();
}

const DOMAINS: usize = 78_643;
const PIDS: usize = 1_700;
const PREFIXES: usize = 250_000;

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

/// A domain with as much to tell as makes 10.9 MB of all.
fn domain(number: usize, cpu: &str) -> idr::Update {
    let told = |text: &str| Some(text.parse().expect("a quantity"));
    let node = BisBis {
        id: "n".parse().expect("an id"),
        name: None,
        node_type: None,
        resources: Resources {
            cpu: told(cpu),
            mem: told("256"),
            storage: told("1024"),
        },
        supported: vec!["NF1".parse().expect("a type")],
        running: Vec::new(),
        ports: Vec::new(),
        links: Vec::new(),
    };
    let view = ResourceView {
        nodes: vec![node],
        ..ResourceView::default()
    };
    let id = format!("AS{}", number + 1).parse().expect("an id");
    let entry_point = Some("http://192.0.2.10:8888/".parse().expect("a URL"));
    idr::Update::Put(Domain::from_view(id, entry_point, view).expect("a domain"))
}

/// All of them, and with one other.
static RESOURCES: LazyLock<[Arc<idr::Snapshot>; 2]> = LazyLock::new(|| {
    let mut idr = Idr::new();
    idr.apply((0..DOMAINS).map(|number| domain(number, "64")));
    let before = idr.snapshot();
    idr.apply([domain(DOMAINS / 2, "48")]);
    [before, idr.snapshot()]
});

fn maps(resources: usize, previous: Option<&Maps>) -> Maps {
    static TOPOLOGY: LazyLock<Arc<idt::Snapshot>> = LazyLock::new(|| Ted::new().snapshot());
    let idr = Arc::clone(&RESOURCES[resources]);
    Maps::build(config(), idr, Arc::clone(&TOPOLOGY), previous)
}

static BEFORE: LazyLock<Maps> = LazyLock::new(|| {
    let maps = maps(0, None);
    let size = maps.property_map().bytes.len();
    assert!((10_000_000..12_000_000).contains(&size), "{size}");
    maps
});

/// From the resources as they are now to the octets that are sent.
#[divan::bench]
fn full_78643_after_a_change(bencher: Bencher<'_, '_>) {
    let after = maps(1, Some(&BEFORE));
    assert_eq!(after.property_map(), maps(1, None).property_map());
    assert_ne!(after.property_map().tag, BEFORE.property_map().tag);
    let size = BytesCount::new(after.property_map().bytes.len());
    bencher.counter(size).bench(|| {
        let after = maps(1, Some(black_box(&BEFORE)));
        black_box(after.property_map().bytes.len());
        after
    });
}

/// The floor: as many octets to another place, new memory and all.
#[divan::bench]
fn full_78643_memcpy(bencher: Bencher<'_, '_>) {
    let bytes = &BEFORE.property_map().bytes;
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| black_box(bytes).to_vec());
}

/// The anchor.
#[divan::bench]
fn full_78643_serde_json(bencher: Bencher<'_, '_>) {
    let bytes = &BEFORE.property_map().bytes;
    let value: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| serde_json::to_vec(black_box(&value)));
}

#[divan::bench]
fn full_78643_anew(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let maps = maps(0, None);
        black_box(maps.property_map().bytes.len());
        maps
    });
}

fn prefix(domain: usize, nth: usize) -> std::net::Ipv4Addr {
    let number = (domain * (PREFIXES / PIDS + 1) + nth) as u32;
    std::net::Ipv4Addr::from_bits(0x0a00_0000 + (number << 8))
}

static ADDRESSES: LazyLock<Service> = LazyLock::new(|| {
    let mut ted = Ted::new();
    ted.apply((0..PIDS).map(|domain| {
        let in_domain = PREFIXES / PIDS + usize::from(domain < PREFIXES % PIDS);
        let prefixes = (0..in_domain).map(|nth| {
            let net = ipnet::Ipv4Net::new(prefix(domain, nth), 24);
            net.expect("a prefix").into()
        });
        let parts = TopologyParts {
            prefixes: prefixes.collect(),
            ..TopologyParts::default()
        };
        let id = format!("AS{}", domain + 1).parse().expect("an id");
        Update::Topology(DomainTopology::new(id, parts))
    }));
    let maps = Maps::build(config(), Idr::new().snapshot(), ted.snapshot(), None);
    let distances = Distances::new(Arc::clone(maps.idt().graph().net()));
    Service::new(Arc::new(maps), distances, None)
});

const ASK: Ask = Ask {
    client: None,
    now: jiff::Timestamp::UNIX_EPOCH,
    path_work: 0,
    cost_work: u64::MAX,
    light: false,
};

fn answer(id: &str, request: &[u8]) -> Content {
    let resource = resource(id).expect("a resource");
    ADDRESSES
        .content(resource, request, &ASK)
        .expect("an answer")
}

fn asked(len: usize) -> Vec<u8> {
    let entities = (0..len).map(|at| format!("\"ipv4:{}\"", prefix(at * 16, at % 100)));
    let entities: Vec<String> = entities.collect();
    format!(r#"{{"entities":[{}],"properties":[]}}"#, entities.join(",")).into_bytes()
}

/// Of 250,000 prefixes.
#[divan::bench]
fn filtered_100_addresses(bencher: Bencher<'_, '_>) {
    let request = asked(100);
    let text = answer("properties-filtered", &request).to_bytes();
    let text = String::from_utf8(text.to_vec()).expect("text");
    assert!(text.contains("\"networkmap.pid\":\"AS1585\""), "{text}");
    bencher.bench(|| answer("properties-filtered", black_box(&request)));
}

/// As many, by the older service.
#[divan::bench]
fn endpoint_properties_100_addresses(bencher: Bencher<'_, '_>) {
    let request = String::from_utf8(asked(100)).expect("text");
    let request = request.replace("entities", "endpoints").replace(
        "\"properties\":[]",
        "\"properties\":[\"networkmap.pid\",\"networkmap-role.pid\"]",
    );
    answer("endpoint-properties", request.as_bytes());
    bencher.bench(|| answer("endpoint-properties", black_box(request.as_bytes())));
}

/// Made once per version, and then shared.
#[divan::bench(sample_count = 10)]
fn addresses_250000_anew(bencher: Bencher<'_, '_>) {
    let maps = ADDRESSES.maps();
    bencher
        .with_inputs(|| {
            let (idr, idt) = (Arc::clone(maps.idr()), Arc::clone(maps.idt()));
            let maps = Arc::new(Maps::build(config(), idr, idt, None));
            let distances = Distances::new(Arc::clone(maps.idt().graph().net()));
            Service::new(maps, distances, None)
        })
        .bench_values(|service| {
            let resource = resource("address-properties").expect("a resource");
            let content = service.content(resource, b"", &ASK);
            content.map(|content| content.len())
        });
}

/// Every time after.
#[divan::bench]
fn addresses_250000_again() -> usize {
    answer("address-properties", b"").len()
}
