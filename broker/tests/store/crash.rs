//! `kill -9` at any instant: what was acknowledged is there, whole, and of the rest all or nothing.
//!
//! The parent starts this test binary again as the child, which writes with several threads and tells each
//! acknowledged batch on its output. Rounds: `STORE_CRASH_ROUNDS`, 100 by default.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use broker::store::{Batch, KeyRange, Store, TableName, wait};

use crate::{commit, open, snapshot};

const SEED: u64 = 0x0b20_4e12;
const FILE: &str = "STORE_CRASH_FILE";
const TABLES: [TableName; 3] = [TableName::Orders, TableName::Sagas, TableName::Outbox];
const THREADS: u64 = 3;

#[test]
fn acknowledged_batches_survive_kill_9() {
    let rounds = std::env::var("STORE_CRASH_ROUNDS").map_or(100, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    let mut total = 0;
    for round in 0..rounds {
        // A new file now and then: the first start is an instant too, and looking through a large one is slow.
        let path = folder.path().join(format!("store-{}", round / 20));
        if round % 20 == 0 {
            total += acknowledged.len() as u64;
            acknowledged.clear();
        }
        kill_at_random(&path, round, &mut random, &mut acknowledged);
        let store = open(&path);
        check(&store, &acknowledged, round);
        store.close().unwrap();
    }
    total += acknowledged.len() as u64;
    assert!(total > rounds, "{total} batches in {rounds} rounds");
}

/// Runs the child until some batches are acknowledged, and a little longer.
fn kill_at_random(
    path: &Path,
    round: u64,
    random: &mut fastrand::Rng,
    acknowledged: &mut BTreeMap<String, u64>,
) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--ignored", "--nocapture"])
        .env(FILE, path)
        .env("STORE_CRASH_ROUND", round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // None: the child dies while it opens the file, perhaps while it puts it in order.
    let wanted = random.usize(0..12);
    let spins = random.u32(0..400_000);
    let mut seen = 0;
    let mut lines = lines.map_while(Result::ok);
    while seen < wanted {
        let line = lines.next().expect("the child lives until it is killed");
        seen += usize::from(note(&line, acknowledged));
    }
    (0..spins).for_each(|spin| _ = std::hint::black_box(spin));
    child.kill().unwrap();
    child.wait().unwrap();
    // What it told before it died counts too.
    lines.for_each(|line| _ = note(&line, acknowledged));
}

/// `ack KEY VERSION`, whole.
fn note(line: &str, acknowledged: &mut BTreeMap<String, u64>) -> bool {
    let Some((key, version)) = line
        .strip_prefix("ack ")
        .and_then(|line| line.strip_suffix(" ."))
        .and_then(|line| line.split_once(' '))
    else {
        return false;
    };
    let known = acknowledged.insert(key.to_owned(), version.parse().unwrap());
    assert_eq!(known, None, "{key} was acknowledged twice");
    true
}

fn check(store: &dyn Store, acknowledged: &BTreeMap<String, u64>, round: u64) {
    let now = snapshot(store);
    let [orders, sagas, outbox] = TABLES.map(|table| {
        let mut found = BTreeMap::new();
        let mut rest = Some(KeyRange::all());
        while let Some(range) = rest {
            let page = wait(now.scan(table, &range, 1_000)).unwrap();
            for (key, record) in page.records {
                let key = String::from_utf8(key.to_vec()).unwrap();
                assert_eq!(record.value, value(&key), "{key} in {table}, round {round}");
                found.insert(key, record.version);
            }
            rest = page.next;
        }
        found
    });
    for (key, version) in acknowledged {
        assert_eq!(orders.get(key), Some(version), "{key}, round {round}");
    }
    // Whole batches only, of whatever is there.
    assert_eq!(orders, sagas, "round {round}");
    assert_eq!(orders, outbox, "round {round}");
}

/// Some values reach over several pages.
fn value(key: &str) -> Vec<u8> {
    let repeats = key.bytes().map(usize::from).sum::<usize>() % 7 * 150;
    key.repeat(repeats + 1).into_bytes()
}

#[test]
#[ignore = "the child of the test above: it writes until it is killed"]
fn child() {
    let path = std::env::var(FILE).expect("the parent names the file");
    let round = std::env::var("STORE_CRASH_ROUND").unwrap();
    let store = open(Path::new(&path));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, round) = (&store, &round);
            scope.spawn(move || {
                for number in 0_u64.. {
                    let key = format!("{round}/{thread}/{number}");
                    let mut batch = Batch::new();
                    for table in TABLES {
                        batch.put(table, key.clone(), value(&key));
                    }
                    let version = commit(store, batch).unwrap().version;
                    let line = format!("ack {key} {version} .\n");
                    let mut output = std::io::stdout().lock();
                    output.write_all(line.as_bytes()).unwrap();
                    output.flush().unwrap();
                }
            });
        }
    });
}
