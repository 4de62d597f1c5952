//! The file: who may open it, what is refused, and how older ones become new ones.

use std::path::Path;
use std::process::Command;

use broker::store::file::{Faults, FileStore, Format, Migration, Options, Step};
use broker::store::{Batch, Expected, KeyRange, Store, StoreError, TableName, wait};

use crate::{commit, get, open, put, scan, snapshot};

const ORDERS: TableName = TableName::Orders;

fn options(number: u64, steps: &'static [Step]) -> Options {
    Options {
        format: Format { number, steps },
        ..Options::default()
    }
}

/// The error, and that the file is as it was.
fn refused(path: &Path, options: Options) -> StoreError {
    let before = std::fs::read(path).unwrap();
    let error = FileStore::open(path, options).unwrap_err();
    let after = std::fs::read(path).unwrap();
    assert!(before == after, "{error}: the file was changed");
    assert!(!error.is_transient());
    let text = format!("{error}");
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    error
}

#[test]
fn what_is_kept_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    let version = put(&store, ORDERS, "a", "1");
    store.close().unwrap();
    let store = open(&path);
    assert_eq!(get(&store, ORDERS, "a").unwrap().version, version);
    // Versions go on where they were.
    assert!(put(&store, ORDERS, "b", "2") > version);
}

#[test]
fn only_one_may_have_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    let again = FileStore::open(&path, Options::default()).unwrap_err();
    assert!(matches!(again, StoreError::AlreadyOpen { .. }), "{again}");
    // Another process.
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "format::second_process",
            "--ignored",
            "--nocapture",
        ])
        .env("STORE_SECOND_FILE", &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let expected = format!(
        "refused: the store {} is open in another process; only one may have it",
        path.display()
    );
    assert!(text.contains(&expected), "{text}");
    // Though the lock beside it was taken away, the file's own holds.
    std::fs::remove_file(folder.path().join("store.lock")).unwrap();
    let again = FileStore::open(&path, Options::default()).unwrap_err();
    assert!(matches!(again, StoreError::AlreadyOpen { .. }), "{again}");
    put(&store, ORDERS, "a", "still works");
    store.close().unwrap();
    open(&path);
}

#[test]
#[ignore = "the child of the test above"]
fn second_process() {
    let path = std::env::var("STORE_SECOND_FILE").expect("the parent names the file");
    match FileStore::open(Path::new(&path), Options::default()) {
        Ok(_) => println!("opened"),
        Err(error) => println!("refused: {error}"),
    }
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for (content, reason) in [
        (&b""[..], "is not a broker's store: it is empty"),
        (b"orders = 7\n", "it does not begin as one"),
        (b"SQLite format 3\0and more", "it does not begin as one"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = refused(&path, Options::default());
        assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
    let error = FileStore::open(folder.path(), Options::default()).unwrap_err();
    assert!(error.to_string().ends_with("it is not a file"), "{error}");
    let error = FileStore::open(&folder.path().join("no/store"), Options::default()).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");

    // A database of the same library, of somebody else.
    let path = folder.path().join("foreign");
    let foreign = redb::Database::create(&path).unwrap();
    let table = redb::TableDefinition::<&str, u64>::new("theirs");
    let write = foreign.begin_write().unwrap();
    write.open_table(table).unwrap().insert("a", 1).unwrap();
    write.commit().unwrap();
    drop(foreign);
    let error = refused(&path, Options::default());
    let reason = "it is a redb database of something else";
    assert!(error.to_string().ends_with(reason), "{error}");
}

#[test]
fn a_damaged_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let store = open(&whole);
    for index in 0..40 {
        let value = format!("{index} ").repeat(3_000);
        put(&store, ORDERS, &format!("{index}"), &value);
    }
    store.close().unwrap();
    let whole = std::fs::read(&whole).unwrap();
    let path = folder.path().join("damaged");
    for part in [
        10,
        100,
        4_000,
        4_096,
        50_000,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        std::fs::write(&path, &whole[..part]).unwrap();
        let error = refused(&path, Options::default());
        assert!(
            matches!(
                error,
                StoreError::Damaged { .. } | StoreError::NotAStore { .. }
            ),
            "{part} of {}: {error:?}",
            whole.len()
        );
    }
    // Octets in the middle that are others: refused, or not part of what is kept.
    let mut random = fastrand::Rng::with_seed(11);
    let mut is_refused = 0;
    for _ in 0..60 {
        let mut copy = whole.clone();
        let at = random.usize(9..copy.len());
        copy[at] ^= 1 << random.u8(0..8);
        std::fs::write(&path, &copy).unwrap();
        match FileStore::open(&path, Options::default()) {
            Err(_) => is_refused += 1,
            Ok(store) => {
                for index in 0..40 {
                    let record = get(&store, ORDERS, &index.to_string()).unwrap();
                    assert_eq!(
                        record.value,
                        format!("{index} ").repeat(3_000),
                        "octet {at}"
                    );
                }
            }
        }
    }
    assert!(is_refused > 20, "{is_refused} of 60");
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let newer = Format::CURRENT.number + 1;
    let store = FileStore::open(&path, options(newer, &[])).unwrap();
    put(&store, ORDERS, "a", "from the future");
    store.close().unwrap();
    let error = refused(&path, Options::default());
    assert_eq!(
        error.to_string(),
        format!(
            "the store {} has format {newer}; this broker knows formats up to {}",
            path.display(),
            newer - 1
        )
    );
    let store = FileStore::open(&path, options(newer, &[])).unwrap();
    assert_eq!(get(&store, ORDERS, "a").unwrap().value, "from the future");
}

fn to_two(migration: &mut Migration<'_>) -> Result<(), StoreError> {
    migration.rewrite("orders", |key, value| {
        let text = std::str::from_utf8(value).map_err(|error| error.to_string())?;
        Ok((key != b"drop").then(|| format!("{{\"state\":\"{text}\"}}").into_bytes()))
    })
}

fn to_three(migration: &mut Migration<'_>) -> Result<(), StoreError> {
    migration.remove("services")?;
    migration.rename("partners", "services")
}

const STEPS: &[Step] = &[
    Step {
        from: 1,
        what: "orders are objects",
        apply: to_two,
    },
    Step {
        from: 2,
        what: "partners are services",
        apply: to_three,
    },
];

/// A store of format 1 with more orders than a step looks at together.
fn old_store(path: &Path) -> u64 {
    let store = FileStore::open(path, options(1, &[])).unwrap();
    let mut batch = Batch::new();
    for index in 0..2_500 {
        batch.put(ORDERS, format!("{index:05}"), "acknowledged");
    }
    batch.put(ORDERS, "drop", "acknowledged");
    batch.put(TableName::Partners, "p", "a partner");
    let version = commit(&store, batch).unwrap().version;
    store.close().unwrap();
    version
}

#[test]
fn an_older_file_is_brought_to_the_present_format_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let version = old_store(&path);
    for _ in 0..2 {
        let store = FileStore::open(&path, options(3, STEPS)).unwrap();
        let orders = scan(&*snapshot(&store), ORDERS, KeyRange::all(), 1_000);
        assert_eq!(orders.len(), 2_500);
        let is_new = |(_, value): &(String, String)| value == r#"{"state":"acknowledged"}"#;
        assert!(orders.iter().all(is_new));
        assert_eq!(get(&store, ORDERS, "00007").unwrap().version, version);
        let partner = get(&store, TableName::Services, "p").unwrap();
        assert_eq!(partner.value, "a partner");
        assert_eq!(get(&store, TableName::Partners, "p"), None);
        store.close().unwrap();
    }
    let error = refused(&path, options(2, &STEPS[..1]));
    assert!(matches!(error, StoreError::NewerFormat { found: 3, .. }));
}

#[test]
fn partners_of_format_1_have_a_url_for_each_api_after_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let old = r#"{"domain":"AS2","state":"active","baseUrl":"https://sof.as2.example/","apis":{"serviceOrdering":1},"serviceTypes":["urn:brokermdo:schema:segment:v1"]}"#;
    let store = FileStore::open(&path, options(1, &[])).unwrap();
    let version = put(&store, TableName::Partners, "AS2", old);
    store.close().unwrap();
    let store = open(&path);
    let kept = get(&store, TableName::Partners, "AS2").unwrap();
    assert_eq!(kept.version, version);
    let partner: sof::partner::Partner = serde_json::from_slice(&kept.value).unwrap();
    assert_eq!(
        partner.api_url(sof::mef::Api::ServiceOrdering).unwrap(),
        "https://sof.as2.example/mefApi/interlude/serviceOrderingManagement/v1"
    );
    store.close().unwrap();
    // An older broker would not understand it.
    let error = refused(&path, options(1, &[]));
    assert!(
        matches!(
            error,
            StoreError::NewerFormat {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_step_that_fails_leaves_the_older_file() {
    fn fails(migration: &mut Migration<'_>) -> Result<(), StoreError> {
        to_three(migration)?;
        migration.rewrite("orders", |key, _| match key {
            b"02000" => Err("an order without a state".to_owned()),
            _ => Ok(None),
        })
    }
    const FAILS: &[Step] = &[
        STEPS[0],
        Step {
            from: 2,
            what: "orders have states",
            apply: fails,
        },
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    old_store(&path);
    let error = FileStore::open(&path, options(3, FAILS)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the store {} could not be brought from format 2 to 3 (orders have states)",
            path.display()
        )
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.ends_with("table orders, record 02000: an order without a state"));
    let store = FileStore::open(&path, options(1, &[])).unwrap();
    assert_eq!(get(&store, ORDERS, "drop").unwrap().value, "acknowledged");
    assert_eq!(
        get(&store, TableName::Partners, "p").unwrap().value,
        "a partner"
    );
    store.close().unwrap();
    // Nor is there a way from a format that nobody knows any more.
    let error = refused(&path, options(3, &STEPS[1..]));
    let reason = "its format 1 is too old for this broker";
    assert!(error.to_string().ends_with(reason), "{error}");
}

#[test]
fn a_backup_is_one_state_and_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let copy = folder.path().join("copy");
    let store = open(&path);
    let pair = |number: u64| {
        let mut batch = Batch::new();
        for key in 0..20 {
            batch.put(ORDERS, format!("{key}"), format!("{number}"));
            batch.put(TableName::Meta, format!("{key}"), format!("{number}"));
        }
        commit(&store, batch).unwrap().version
    };
    let first = pair(0);
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let backup = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 1;
            while !is_done.load(std::sync::atomic::Ordering::Acquire) {
                pair(number);
                number += 1;
            }
        });
        let backup = store.backup(&copy);
        is_done.store(true, std::sync::atomic::Ordering::Release);
        backup.unwrap()
    });
    assert_eq!(backup.records, 40);
    assert_eq!(backup.bytes, std::fs::metadata(&copy).unwrap().len());
    let restored = open(&copy);
    let now = snapshot(&restored);
    let all = |table| scan(&*now, table, KeyRange::all(), 100);
    assert_eq!(all(ORDERS), all(TableName::Meta));
    let values: std::collections::BTreeSet<_> = all(ORDERS).into_iter().map(|r| r.1).collect();
    assert_eq!(values.len(), 1, "one state");
    // The copy goes on counting behind what it holds.
    let record = wait(now.get(ORDERS, b"0")).unwrap().unwrap();
    assert!(record.version >= first);
    assert!(put(&restored, ORDERS, "new", "") > record.version);
    let again = store.backup(&copy).unwrap_err();
    assert!(matches!(again, StoreError::Io { .. }), "{again}");
}

#[test]
fn a_start_that_was_cut_short_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::write(folder.path().join("store.new"), b"half of it").unwrap();
    let store = open(&path);
    put(&store, ORDERS, "a", "a");
    assert!(!folder.path().join("store.new").exists());
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    store.backup(&folder.path().join("copy")).unwrap();
    for name in ["store", "store.lock", "copy"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

/// Holds every sync until it is let go, so that a group gathers behind the first.
#[derive(Debug, Default)]
struct Gate {
    is_shut: std::sync::Mutex<bool>,
    changed: std::sync::Condvar,
}

impl Gate {
    fn set(&self, is_shut: bool) {
        *self.is_shut.lock().unwrap() = is_shut;
        self.changed.notify_all();
    }
}

/// Opens the gate when it goes out of scope: a store that is dropped waits for its writer, so a failed assertion
/// behind a shut gate would never be told.
struct OpensAtTheEnd(std::sync::Arc<Gate>);

impl Drop for OpensAtTheEnd {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Faults for Gate {
    fn write(&self, _: u64, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
    fn set_len(&self, _: u64) -> std::io::Result<()> {
        Ok(())
    }
    fn sync(&self) -> std::io::Result<()> {
        let shut = self.is_shut.lock().unwrap();
        drop(self.changed.wait_while(shut, |shut| *shut).unwrap());
        Ok(())
    }
}

#[test]
fn what_waits_is_one_group_each_batch_has_its_own_answer_and_the_queue_is_bounded() {
    use std::task::{Context, Poll, Waker};
    let folder = tempfile::tempdir().unwrap();
    let gate = std::sync::Arc::new(Gate::default());
    let options = Options {
        queue: 10,
        faults: Some(std::sync::Arc::clone(&gate) as std::sync::Arc<dyn Faults>),
        ..Options::default()
    };
    let store = FileStore::open(&folder.path().join("store"), options).unwrap();
    put(&store, ORDERS, "taken", "");
    let _opens = OpensAtTheEnd(std::sync::Arc::clone(&gate));
    let commits = store.stats().commits;
    gate.set(true);
    let batch = |number: usize| {
        let mut batch = Batch::new();
        // Every third one cannot be: its record is there. The first one can: a group without any write needs no
        // sync, so the gate would not hold it.
        let key = match number % 3 {
            2 => "taken".to_owned(),
            _ => format!("{number}"),
        };
        batch.expect(ORDERS, key.clone(), Expected::Absent);
        batch.put(ORDERS, key, "");
        batch
    };
    let mut context = Context::from_waker(Waker::noop());
    let mut answers: Vec<_> = (0..30).map(|number| store.commit(batch(number))).collect();
    for answer in &mut answers {
        // Nothing is acknowledged while the sync is held.
        assert!(matches!(answer.as_mut().poll(&mut context), Poll::Pending));
        assert!(store.stats().queued <= 10);
    }
    // A reader does not wait for it.
    assert!(get(&store, ORDERS, "taken").is_some());
    assert!(get(&store, ORDERS, "1").is_none());
    gate.set(false);
    // Those that found no room move up as they are asked.
    let mut outcomes: Vec<Option<_>> = answers.iter().map(|_| None).collect();
    while outcomes.iter().any(Option::is_none) {
        for (answer, outcome) in answers.iter_mut().zip(&mut outcomes) {
            if outcome.is_none()
                && let Poll::Ready(ready) = answer.as_mut().poll(&mut context)
            {
                *outcome = Some(ready);
            }
        }
        std::thread::yield_now();
    }
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match outcome.unwrap() {
            Ok(_) => assert_ne!(number % 3, 2),
            Err(StoreError::Conflict(_)) => assert_eq!(number % 3, 2),
            Err(other) => panic!("{number}: {other}"),
        }
    }
    drop(answers);
    let stats = store.stats();
    assert_eq!((stats.batches, stats.conflicts), (21, 10));
    assert!(stats.largest_group > 1, "{stats:?}");
    assert!(stats.commits - commits < 20, "{stats:?}");
    let classes: u64 = stats.commit_times.iter().sum();
    assert_eq!(classes, stats.commits);
}
