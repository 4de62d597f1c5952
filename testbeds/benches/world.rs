//! What a topology of the size of the Internet costs: an AS graph of 79,000 domains and 571,000 links read
//! from decompressed octets, and a made one of 75,000 domains.
//!
//! The graph is CAIDA's of September 2025 where it is found in `shared/data` of a folder above; elsewhere the
//! made one in the same form. At the start both are printed with a checksum, so that two runs are known to
//! have done the same.
//!
//! `cargo bench -p testbeds --bench world`

use std::io::Read;
use std::path::Path;

use divan::{Bencher, black_box, counter::BytesCount};
use testbeds::world::{Format, Limits, Relationship, World, synthetic};

const FILE: &str = "shared/data/topologies/as-graph/20250901.as-rel2.txt.bz2";
const SEED: u64 = 1;
const DOMAINS: usize = 75_000;

#[expect(clippy::print_stdout, reason = "a bench talks to a person")]
fn main() {
    let (text, from) = as_rel2();
    println!("as_rel2: {from}, {}", summary(&read(&text)));
    println!("synthetic: {}", summary(&synthetic(SEED, DOMAINS)));
    divan::main();
}

/// The octets of an AS graph, and where they are from.
fn as_rel2() -> (Vec<u8>, &'static str) {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above
        .map(|folder| folder.join(FILE))
        .find(|file| file.is_file());
    let Some(file) = found else {
        let text = synthetic(SEED, DOMAINS)
            .to_as_rel2()
            .expect("AS numbers and relationships");
        return (text.into_bytes(), "made");
    };
    let file = std::fs::File::open(file).expect("the file can be read");
    let mut text = Vec::new();
    let read = bzip2::read::MultiBzDecoder::new(file).read_to_end(&mut text);
    read.expect("the file can be decompressed");
    (text, "CAIDA")
}

fn read(text: &[u8]) -> World {
    let world = Format::AsRelationships.parse(text, &Limits::default());
    world.expect("AS relationships")
}

fn summary(world: &World) -> String {
    let sum = world.links().fold(0_u64, |sum, link| {
        let transit = u64::from(link.relationship == Some(Relationship::ProviderOf));
        let delay = link.delay_there.map_or(0, |delay| delay.as_nanos());
        let link = u64::from(link.a) << 32 | u64::from(link.b) << 1 | transit;
        sum.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ link ^ delay.rotate_left(40)
    });
    let (nodes, links) = (world.node_count(), world.link_count());
    format!("{nodes} nodes, {links} links, checksum {sum:016x}")
}

#[divan::bench]
fn parse_as_rel2(bencher: Bencher<'_, '_>) {
    let (text, _) = as_rel2();
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench(|| read(black_box(&text)));
}

#[divan::bench]
fn make(bencher: Bencher<'_, '_>) {
    bencher.bench(|| synthetic(black_box(SEED), DOMAINS));
}

/// The topologies of all domains, with what is made at first use.
#[divan::bench(sample_count = 10)]
fn topologies(bencher: Bencher<'_, '_>) {
    let world = synthetic(SEED, DOMAINS);
    bencher.with_inputs(|| world.clone()).bench_refs(|world| {
        let nodes = u32::try_from(world.node_count()).expect("75,000");
        let told = (0..nodes).filter_map(|node| world.topology_of(node));
        told.map(|topology| topology.inter_links().len())
            .sum::<usize>()
    });
}
