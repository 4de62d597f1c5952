//! What a version costs the store: a full cost map of 1,700 PIDs, 2.9 million pairs, of which one row
//! changed, or one member of each; a network map of 250,000 prefixes, of which one moved.

use std::hint::black_box;

use alto::Content;
use alto::updates::{Bounds, Forms, History, Snapshot};
use bytes::Bytes;
use divan::Bencher;

fn main() {
    divan::main();
}

const PIDS: usize = 1_700;
const PREFIXES: usize = 250_000;

/// As full cost maps are made: a piece for each row. `first` is in the row of the first source.
fn cost_map(first: u32) -> Vec<Bytes> {
    cost_map_of(first, |source, _| source == 0)
}

/// `cost` is where `is_there` says so, by source and destination.
fn cost_map_of(first: u32, is_there: impl Fn(usize, usize) -> bool) -> Vec<Bytes> {
    let rows = (0..PIDS).map(|source| {
        let cost = |to: usize| if is_there(source, to) { first } else { 5 };
        let costs: Vec<String> = (0..PIDS)
            .map(|to| format!("\"AS{to:04}\":{}.25", cost(to)))
            .collect();
        let comma = if source == 0 { "" } else { "," };
        Bytes::from(format!("{comma}\"AS{source:04}\":{{{}}}", costs.join(",")))
    });
    let head = format!("{{\"meta\":{{\"version\":{first}}},\"cost-map\":{{");
    let tail = Bytes::from_static(b"}}");
    [head.into()]
        .into_iter()
        .chain(rows)
        .chain([tail])
        .collect()
}

fn network_map(moved: usize) -> Vec<Bytes> {
    let in_pid = PREFIXES / PIDS;
    let pids = (0..PIDS).map(|pid| {
        let prefixes = (0..in_pid).filter(|at| pid != 0 || *at != moved);
        let prefixes: Vec<String> = prefixes
            .map(|at| format!("\"10.{}.{}.0/24\"", pid % 256, at))
            .collect();
        format!("\"AS{pid:04}\":{{\"ipv4\":[{}]}}", prefixes.join(","))
    });
    let pids: Vec<String> = pids.collect();
    vec![format!("{{\"meta\":{{}},\"network-map\":{{{}}}}}", pids.join(",")).into()]
}

fn snapshot(pieces: &[Bytes], tag: u32) -> Snapshot {
    Snapshot::from(Content {
        media_type: "application/alto-costmap+json".into(),
        // As a resource that is asked by GET has one already.
        tag: Some(tags().swap_remove(tag as usize)),
        pieces: pieces.to_vec(),
    })
}

fn tags() -> Vec<alto::Tag> {
    let of = |text: &'static str| {
        Snapshot::from(Content {
            media_type: "application/json".into(),
            tag: None,
            pieces: vec![text.into()],
        })
        .tag
    };
    vec![of("1"), of("2")]
}

fn bench(bencher: Bencher<'_, '_>, from: &[Bytes], to: &[Bytes]) {
    let bounds = Bounds {
        versions: 64,
        bytes: 1 << 30,
    };
    let history = History::new(snapshot(from, 0), Some(Forms::Both), bounds);
    let told = {
        let mut history = history.clone();
        assert!(history.push(snapshot(to, 1)));
        history
            .since(1)
            .map_or(0, |way| way.iter().map(|increment| increment.len()).sum())
    };
    assert!(
        told > 0 && told < history.latest().content.len() / 100,
        "{told}"
    );
    bencher
        .with_inputs(|| history.clone())
        .bench_values(|mut history| history.push(black_box(snapshot(to, 1))));
}

#[divan::bench]
fn a_row_of_a_cost_map_that_shares_the_others(bencher: Bencher<'_, '_>) {
    let from = cost_map(3);
    let mut to = from.clone();
    for (to, new) in to.iter_mut().zip(cost_map(4)) {
        if *to != new {
            *to = new;
        }
    }
    bench(bencher, &from, &to);
}

#[divan::bench]
fn a_row_of_a_cost_map_that_shares_nothing(bencher: Bencher<'_, '_>) {
    bench(bencher, &cost_map(3), &cost_map(4));
}

/// As the link to a domain that has no other changes the costs to it.
#[divan::bench]
fn a_column_of_a_cost_map(bencher: Bencher<'_, '_>) {
    let column = |cost| cost_map_of(cost, |_, to| to == 800);
    bench(bencher, &column(3), &column(4));
}

#[divan::bench]
fn a_prefix_of_a_network_map(bencher: Bencher<'_, '_>) {
    bench(bencher, &network_map(3), &network_map(90));
}
