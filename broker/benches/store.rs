//! What durability costs: batches per second that are acknowledged durably, by how many write at once, next
//! to a floor (4 kB appended to a file and synced, one after the other); what reading costs while that goes
//! on; and how long a file takes to open. Rounds of each are taken in turn, and medians reported.
//!
//! `cargo bench -p broker --bench store`. The figures are explained in docs/store.md.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reports on standard output, and stops at the first fault"
)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use broker::store::file::{FileStore, Options};
use broker::store::{Batch, Expected, Store, TableName, wait};

/// As in `brokerd`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WRITERS: [usize; 3] = [1, 16, 256];
const ROUNDS: usize = 7;
const VALUE: usize = 1_000;

fn main() {
    // `cargo test --benches` wants to know that it runs, not how fast.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (round, records) = if is_bench {
        (Duration::from_millis(1_000), 100_000)
    } else {
        (Duration::from_millis(20), 1_000)
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Arc::new(FileStore::open(&path, Options::default()).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();

    let mut floor = Vec::new();
    let mut rates = [const { Vec::new() }; WRITERS.len()];
    let mut groups = [const { Vec::new() }; WRITERS.len()];
    let mut appended = File::create(folder.path().join("floor")).unwrap();
    let mut first_key = 0;
    for _ in 0..ROUNDS {
        floor.push(syncs(&mut appended, round));
        for (index, &writers) in WRITERS.iter().enumerate() {
            let before = store.stats();
            let rate = runtime.block_on(commits(&store, writers, first_key, round));
            let after = store.stats();
            first_key += 1;
            rates[index].push(rate);
            let batches = (after.batches - before.batches) as f64;
            groups[index].push(batches / (after.commits - before.commits) as f64);
        }
    }
    let floor = median(floor);
    println!(
        "{ROUNDS} rounds in turn, medians; a batch makes an order and a saga of {VALUE} B each"
    );
    println!("{:34} {floor:>10.0} /s", "floor: 4 kB appended and synced");
    for ((writers, rates), groups) in WRITERS.into_iter().zip(rates).zip(groups) {
        let (rate, group) = (median(rates), median(groups));
        println!(
            "{:34} {rate:>10.0} /s {:>8.2} x floor, {group:.1} a sync",
            format!("durable batches, {writers} writers"),
            rate / floor
        );
    }

    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        idle.push(reads(&*store, round));
        let is_done = Arc::new(AtomicBool::new(false));
        let writing = runtime.spawn({
            let (store, is_done) = (Arc::clone(&store), Arc::clone(&is_done));
            first_key += 1;
            let from = first_key;
            async move {
                while !is_done.load(Relaxed) {
                    commits(&store, 16, from, Duration::from_millis(10)).await;
                }
            }
        });
        busy.push(reads(&*store, round));
        is_done.store(true, Relaxed);
        runtime.block_on(writing).unwrap();
    }
    for (name, rounds) in [("alone", idle), ("while 16 write", busy)] {
        let (p50, p99): (Vec<f64>, Vec<f64>) = rounds.into_iter().unzip();
        println!(
            "{:34} {:>10.2} us p50 {:>8.2} us p99",
            format!("snapshot and get, {name}"),
            median(p50),
            median(p99)
        );
    }
    drop(store);
    opening(&folder.path().join("large"), records);
}

/// Appends and syncs one after the other; per second.
fn syncs(file: &mut File, round: Duration) -> f64 {
    let began = now();
    let mut count = 0;
    while began.elapsed() < round {
        file.write_all(&[7; 4_096]).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}

/// So many tasks commit one batch after the other; acknowledged batches per second.
async fn commits(store: &Arc<FileStore>, writers: usize, first_key: usize, round: Duration) -> f64 {
    let began = now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut count = 0_u32;
                while began.elapsed() < round {
                    let nanos = began.elapsed().as_nanos();
                    let key = format!("{first_key}/{writer}/{nanos}/{count}");
                    let mut batch = Batch::new();
                    batch.expect(TableName::Orders, key.clone(), Expected::Absent);
                    batch.put(TableName::Orders, key.clone(), vec![b'o'; VALUE]);
                    batch.put(TableName::Sagas, key, vec![b's'; VALUE]);
                    // A key may come again when a background round is short and the clock coarse.
                    if store.commit(batch).await.is_ok() {
                        count += 1;
                    }
                }
                count
            })
        })
        .collect();
    let mut count = 0.0;
    for task in tasks {
        count += f64::from(task.await.unwrap());
    }
    count / began.elapsed().as_secs_f64()
}

/// Takes a snapshot and reads one record of those written, again and again; microseconds, p50 and p99.
fn reads(store: &dyn Store, round: Duration) -> (f64, f64) {
    let page = {
        let snapshot = wait(store.snapshot()).unwrap();
        let all = broker::store::KeyRange::all();
        wait(snapshot.scan(TableName::Orders, &all, 1_000)).unwrap()
    };
    let keys: Vec<_> = page.records.into_iter().map(|(key, _)| key).collect();
    let mut times = Vec::new();
    let began = now();
    while began.elapsed() < round {
        for key in &keys {
            let start = now();
            let snapshot = wait(store.snapshot()).unwrap();
            let record = wait(snapshot.get(TableName::Orders, key)).unwrap().unwrap();
            times.push(start.elapsed());
            assert_eq!(
                record.value.len(),
                VALUE,
                "a fast wrong answer is no result"
            );
        }
    }
    times.sort_unstable();
    let micros = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1e6;
    (micros(times.len() / 2), micros(times.len() * 99 / 100))
}

/// How long a file takes to open that was closed in order, with and without a check, and one that was not.
fn opening(path: &Path, records: usize) {
    let store = FileStore::open(path, Options::default()).unwrap();
    for from in (0..records).step_by(1_000) {
        let mut batch = Batch::new();
        for key in from..from + 1_000 {
            batch.put(TableName::Orders, format!("{key:08}"), vec![b'o'; VALUE]);
        }
        wait(store.commit(batch)).unwrap();
    }
    // Nobody writes now, so the file is what a killed process would leave.
    let crashed = path.with_extension("crashed");
    std::fs::copy(path, &crashed).unwrap();
    drop(store);
    let megabytes = std::fs::metadata(path).unwrap().len() as f64 / 1e6;
    let open = |path: &Path, verify| {
        let options = Options {
            verify,
            ..Options::default()
        };
        let began = now();
        let store = FileStore::open(path, options).unwrap();
        let took = began.elapsed();
        drop(store);
        took.as_secs_f64() * 1e3
    };
    println!(
        "opening {megabytes:.0} MB: {:.0} ms checked, {:.0} ms unchecked, {:.0} ms after a crash",
        open(path, true),
        open(path, false),
        open(&crashed, true)
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
fn now() -> Instant {
    Instant::now()
}
