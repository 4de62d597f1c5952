//! What a BGP-LS peer costs: 100,000 distinct TE links with delay, as a full table is sent, one
//! NLRI to an UPDATE, of about 300 octets each.
//!
//! `told_first` is decode and insert, `told_again` the same table once more (a peer that returns),
//! `withdrawn` all of it away again, `topology` the conversion of what is there. At the start the
//! memory that the table takes is printed, as the kernel counts it.
//!
//! `cargo bench -p idt --bench bgpls`

use divan::{Bencher, black_box, counter::ItemsCount};
use idt::bgpls::{AdjRib, Attribute, Dialect, Limits, Nlri};
use nffg::DomainId;

const LINKS: u32 = 100_000;
/// As of a domain in production: 10,000 links each way between 1,000 routers.
const DOMAIN_LINKS: u32 = 20_000;

fn main() {
    memory();
    divan::main();
}

fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("short");
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

/// The NLRI and the attribute of one link.
fn link(number: u32) -> (Vec<u8>, Vec<u8>) {
    let node = |kind, id: u32| {
        let id = (id % 1_000).to_be_bytes();
        let router_id = [&[0, 0][..], &id].concat();
        let descriptors = [
            tlv(512, &65_001_u32.to_be_bytes()),
            tlv(513, &[0; 4]),
            tlv(515, &router_id),
        ];
        tlv(kind, &descriptors.concat())
    };
    let (local, remote) = (number, number.wrapping_mul(7).wrapping_add(1));
    let interface = (0x0a00_0000 + 2 * number).to_be_bytes();
    let neighbour = (0x0a00_0001 + 2 * number).to_be_bytes();
    let tlvs = [
        node(256, local),
        node(257, remote),
        tlv(259, &interface),
        tlv(260, &neighbour),
    ];
    let value = [&[2, 0, 0, 0, 0, 0, 0, 0, 7][..], &tlvs.concat()].concat();
    let rate = 1.25e9_f32.to_be_bytes();
    let attribute = [
        tlv(1028, &(0xc000_0000 + local % 1_000).to_be_bytes()),
        tlv(1030, &(0xc000_0000 + remote % 1_000).to_be_bytes()),
        tlv(1088, &[0, 0, 0, 5]),
        tlv(1089, &rate),
        tlv(1090, &rate),
        tlv(1091, &rate.repeat(8)),
        tlv(1092, &[0, 0, 0, 20]),
        tlv(1095, &[0, 0, 10]),
        tlv(1114, &(number & 0xffff).to_be_bytes()),
        tlv(1115, &[0, 0, 3, 0x84, 0, 0, 4, 0xb0]),
        tlv(1116, &[0, 0, 0, 50]),
        tlv(1117, &[0, 0, 0, 3]),
        tlv(1118, &rate),
        tlv(1119, &rate),
        tlv(1120, &[0; 4]),
    ];
    (tlv(2, &value), attribute.concat())
}

fn table(links: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    (0..links).map(link).collect()
}

fn tell(rib: &mut AdjRib, table: &[(Vec<u8>, Vec<u8>)]) -> usize {
    let told = table.iter().map(|(nlri, attribute)| {
        let applied = rib.apply(&[nlri], &[], Some(attribute));
        applied.announced
    });
    told.sum()
}

fn rib() -> AdjRib {
    AdjRib::new(Limits::default(), Dialect::Standard)
}

fn told(table: &[(Vec<u8>, Vec<u8>)]) -> AdjRib {
    let mut rib = rib();
    assert_eq!(tell(&mut rib, table), table.len());
    assert_eq!(rib.len(), table.len());
    rib
}

/// Resident memory in octets; 0 where the system does not tell.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

#[expect(clippy::print_stdout, reason = "a bench talks to a person")]
fn memory() {
    let table = table(LINKS);
    let before = resident();
    let rib = told(&table);
    let links = LINKS as usize;
    println!(
        "{links} links: {} octets of NLRI and attribute each, {} octets of memory each",
        rib.octets() / links,
        resident().saturating_sub(before) / links
    );
    black_box(&rib);
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn told_first(bencher: Bencher<'_, '_>) {
    let table = table(LINKS);
    bencher
        .counter(ItemsCount::new(LINKS))
        .with_inputs(rib)
        .bench_local_values(|mut rib| {
            assert_eq!(tell(&mut rib, &table), table.len());
            rib
        });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn told_again(bencher: Bencher<'_, '_>) {
    let table = table(LINKS);
    let mut rib = told(&table);
    bencher.counter(ItemsCount::new(LINKS)).bench_local(|| {
        rib.mark_stale();
        assert_eq!(tell(&mut rib, &table), table.len());
        assert!(!rib.drop_stale());
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn withdrawn(bencher: Bencher<'_, '_>) {
    let table = table(LINKS);
    let full = told(&table);
    bencher
        .counter(ItemsCount::new(LINKS))
        .with_inputs(|| full.clone())
        .bench_local_values(|mut rib| {
            for (nlri, _) in &table {
                rib.apply(&[], &[nlri], None);
            }
            assert!(rib.is_empty());
            rib
        });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn topology(bencher: Bencher<'_, '_>) {
    let rib = told(&table(DOMAIN_LINKS));
    let domain: DomainId = "AS65001".parse().expect("valid");
    bencher
        .counter(ItemsCount::new(DOMAIN_LINKS))
        .bench_local(|| {
            let topology = rib.to_topology(&domain, &|asn| DomainId::from_asn(asn).ok());
            assert_eq!(topology.intra_links().len(), DOMAIN_LINKS as usize);
            topology
        });
}

#[divan::bench]
fn decode_nlri(bencher: Bencher<'_, '_>) {
    let (nlri, _) = link(7);
    bencher.bench_local(|| Nlri::decode(black_box(&nlri)));
}

#[divan::bench]
fn decode_attribute(bencher: Bencher<'_, '_>) {
    let (_, attribute) = link(7);
    bencher.bench_local(|| Attribute::decode(black_box(&attribute), 1_000));
}
