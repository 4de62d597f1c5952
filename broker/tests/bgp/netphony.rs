//! netphony's own streams, byte for byte: its OPEN without the four-octet capability, and `AS_PATH`s
//! that RFC 7606 would make withdrawals.

use std::path::Path;

use crate::raw::Raw;
use crate::{Broker, peer};

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/fixtures/third-party/netphony/bgpls"
);

/// Messages of the capture: one each line, a type and hex digits, or hex digits alone.
fn messages(file: &Path) -> Vec<Vec<u8>> {
    std::fs::read_to_string(file)
        .unwrap()
        .lines()
        .filter_map(|line| {
            let digits = line
                .split_whitespace()
                .find(|word| word.starts_with("ffff"))?;
            (0..digits.len() / 2)
                .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok())
                .collect()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn captured_streams_come_through_whole_with_the_lenient_setting() {
    let Ok(folder) = std::fs::read_dir(FOLDER) else {
        println!("SKIPPED: no folder {FOLDER}");
        return;
    };
    let mut files: Vec<_> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "hex"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let stream = messages(&file);
        let open = stream.iter().find(|message| message[18] == 1).unwrap();
        let updates: Vec<_> = stream.iter().filter(|message| message[18] == 2).collect();
        assert!(!updates.is_empty(), "{}", file.display());
        let mut config = peer("127.0.0.2");
        config.remote_as = None;
        config.lenient_as_path = true;
        let mut broker = Broker::start(vec![config]).await;
        let mut raw = Raw::dial("127.0.0.2", broker.address).await;
        raw.establish(open).await;
        assert!(!broker.up().await.four_octet_as);
        for update in &updates {
            raw.send(update).await;
            let heard = broker.update().await;
            assert_eq!(heard.announced.count(), 1);
            assert!(heard.faults.is_empty(), "{:?}", heard.faults);
        }
        println!("{}: {} updates", file.display(), updates.len());
        broker.stopped().await;
    }
}
