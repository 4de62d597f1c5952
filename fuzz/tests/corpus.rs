//! The targets without libFuzzer: every file of a target's corpus, and some thousand mutations of them that
//! are the same in every run.

use std::path::Path;

use brokermdo_fuzz::TARGETS;

const MUTATIONS: u32 = 10_000;

/// Pieces that mean something to a decoder and that chance would hardly hit upon.
const PIECES: [&[u8]; 24] = [
    b"null",
    b"-1",
    b"1e999",
    b"0.5",
    b"18446744073709551616",
    b"[]",
    b"{}",
    b"\"\"",
    b"\\u0000",
    b"NF1",
    b"SAP1",
    b"AS1",
    b"0.0.0.1",
    b"<a/>",
    b"</node>",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"&#13;",
    b"&amp;",
    b"\xff",
    b"\xc3\xa9",
    b"Gbyte",
    b"]/",
];

/// xorshift64*: good enough, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        usize::try_from(number).unwrap() % bound.max(1)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        from..(from + self.below(48)).min(length)
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let length = bytes.len();
        let range = self.range(length);
        match self.below(6) {
            0 if length > 0 => bytes[range.start.min(length - 1)] = self.below(256) as u8,
            1 => drop(bytes.drain(range)),
            2 => {
                let piece = bytes[range].to_vec();
                let at = self.below(length + 1);
                bytes.splice(at..at, piece);
            }
            3 => {
                let end = (range.start + self.below(6)).min(length);
                bytes.splice(
                    range.start..end,
                    PIECES[self.below(PIECES.len())].iter().copied(),
                );
            }
            4 => {
                let piece = other[self.range(other.len())].to_vec();
                bytes.splice(range, piece);
            }
            _ => bytes.truncate(self.below(length + 1)),
        }
    }
}

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let files = folder
        .read_dir()
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| (file.display().to_string(), std::fs::read(file).unwrap()))
        .collect()
}

#[test]
fn every_corpus_and_its_mutations() {
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has a corpus");
        for (file, bytes) in &corpus {
            println!("{name}: {file}");
            target(bytes);
        }
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..MUTATIONS {
            let (file, bytes) = &corpus[random.below(corpus.len())];
            let mut bytes = bytes.clone();
            for _ in 0..=random.below(4) {
                let other = random.below(corpus.len());
                random.mutate(&mut bytes, &corpus[other].1);
            }
            // Printed only if the test fails: the input to put into the corpus then.
            println!("{name}: round {round} of {file}: {}", bytes.escape_ascii());
            target(&bytes);
        }
    }
}
