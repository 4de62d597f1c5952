//! Loss of power: what was written since the last sync may be there, or not, or in part and in any order.
//! `kill -9` cannot show this, since the system keeps what was written.

use std::io;
use std::sync::{Arc, Mutex};

use broker::store::file::{Faults, FileStore, Options};
use broker::store::{Batch, TableName};

use crate::{commit, get, open};

const SECTOR: usize = 512;
const SEED: u64 = 0x90e2;

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

/// The file as the disk has it, what is on the way to it, and pictures of what a loss of power could leave.
#[derive(Debug)]
struct Tape {
    durable: Vec<u8>,
    pending: Vec<Change>,
    acknowledged: usize,
    random: fastrand::Rng,
    /// Pictures, with how many batches were acknowledged when they were taken.
    pictures: Vec<(usize, Vec<u8>)>,
}

impl Tape {
    fn apply(image: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Length(len) => image.resize(usize::try_from(*len).unwrap(), 0),
            Change::Write(offset, data) => {
                let from = usize::try_from(*offset).unwrap();
                if image.len() < from + data.len() {
                    image.resize(from + data.len(), 0);
                }
                image[from..from + data.len()].copy_from_slice(data);
            }
        }
    }

    /// The power fails now.
    fn picture(&mut self) {
        let mut image = self.durable.clone();
        for change in &self.pending {
            match change {
                // File systems keep the order of a file's lengths and its data well enough: the length first.
                Change::Length(_) => Self::apply(&mut image, change),
                Change::Write(offset, data) => {
                    for (n, sector) in data.chunks(SECTOR).enumerate() {
                        if self.random.bool() {
                            let offset = offset + (n * SECTOR) as u64;
                            Self::apply(&mut image, &Change::Write(offset, sector.to_vec()));
                        }
                    }
                }
            }
        }
        self.pictures.push((self.acknowledged, image));
    }

    fn note(&mut self, change: Change) {
        if self.random.u8(0..8) == 0 {
            self.picture();
        }
        self.pending.push(change);
    }
}

#[derive(Debug)]
struct Recorder(Mutex<Tape>);

impl Faults for Recorder {
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let change = Change::Write(offset, data.to_vec());
        self.0.lock().unwrap().note(change);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().note(Change::Length(len));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let tape = &mut *self.0.lock().unwrap();
        tape.picture();
        for change in tape.pending.drain(..) {
            Tape::apply(&mut tape.durable, &change);
        }
        Ok(())
    }
}

#[test]
fn acknowledged_batches_survive_the_loss_of_power() {
    const BATCHES: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    open(&path).close().unwrap();
    let recorder = Arc::new(Recorder(Mutex::new(Tape {
        durable: std::fs::read(&path).unwrap(),
        pending: Vec::new(),
        acknowledged: 0,
        random: fastrand::Rng::with_seed(SEED),
        pictures: Vec::new(),
    })));
    let options = Options {
        faults: Some(Arc::clone(&recorder) as Arc<dyn Faults>),
        cache_bytes: 64 << 10,
        ..Options::default()
    };
    let store = FileStore::open(&path, options).unwrap();
    let value = |number: usize| format!("{number} ").repeat(1 + number % 5 * 900);
    for number in 0..BATCHES {
        let mut batch = Batch::new();
        batch.put(TableName::Orders, format!("{number}"), value(number));
        batch.put(TableName::Sagas, format!("{number}"), value(number));
        batch.delete(TableName::Claims, "none");
        commit(&store, batch).unwrap();
        recorder.0.lock().unwrap().acknowledged = number + 1;
    }
    store.close().unwrap();
    let pictures = std::mem::take(&mut recorder.0.lock().unwrap().pictures);
    assert!(pictures.len() > 2 * BATCHES, "{} pictures", pictures.len());
    for (nth, (acknowledged, image)) in pictures.into_iter().enumerate() {
        let path = folder.path().join(format!("picture-{nth}"));
        std::fs::write(&path, image).unwrap();
        let store = open(&path);
        let mut found = 0;
        for number in 0..BATCHES {
            let [order, saga] = [TableName::Orders, TableName::Sagas]
                .map(|table| get(&store, table, &number.to_string()));
            assert_eq!(order, saga, "half a batch, picture {nth}");
            if let Some(record) = order {
                assert_eq!(record.value, value(number));
                assert_eq!(found, number, "a gap, picture {nth}");
                found += 1;
            }
        }
        assert!(
            found >= acknowledged,
            "{found} of {acknowledged}, picture {nth}"
        );
        drop(store);
        std::fs::remove_file(&path).unwrap();
    }
}
