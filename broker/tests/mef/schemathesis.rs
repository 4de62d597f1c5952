//! The served APIs under schemathesis (PyPI), which makes requests of MEF's documents, good ones and bad ones, and holds what
//! comes back against them. docs/sof.md says how to run it by hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use broker::clock::instant;

use super::broker::Broker;
use super::document::{SERVED, folder, path_of};

const PROGRAM: &str = "schemathesis";

/// One document takes a quarter of this or less.
const PATIENCE: Duration = Duration::from_secs(300);

/// Examples of each operation, where the environment does not say.
const EXAMPLES: u32 = 5;

fn is_installed() -> bool {
    let version = Command::new(PROGRAM).arg("--version").output();
    if version.is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{PROGRAM} must be there in CI"
    );
    println!("skipped: {PROGRAM} is not installed (pip install {PROGRAM})");
    false
}

/// A document against what is served; what it says if it finds a fault.
fn run(document: &Path, base: &str) -> Result<String, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mef/schemathesis");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let examples = std::env::var("SCHEMATHESIS_EXAMPLES");
    let mut process = Command::new(PROGRAM)
        .arg("--config-file")
        .arg(here.join("schemathesis.toml"))
        .arg("run")
        .arg(document)
        .args(["--url", base])
        .args(["--phases", "coverage,fuzzing,stateful"])
        .args(["--workers", "1", "--seed", "1"])
        // How fast it makes requests is a matter of the machine.
        .args(["--suppress-health-check", "all"])
        .arg("--max-examples")
        .arg(examples.unwrap_or_else(|_| EXAMPLES.to_string()))
        .env("SCHEMATHESIS_HOOKS", here.join("hooks.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_COLOR", "1")
        // It leaves what it learned where it runs.
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&log).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = instant();
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break Some(status);
        }
        if began.elapsed() > PATIENCE {
            process.kill().unwrap();
            process.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let said = std::fs::read_to_string(&log).unwrap();
    match status {
        Some(status) if status.success() => Ok(said),
        Some(status) => Err(format!("{status}\n{said}")),
        None => Err(format!("not done after {PATIENCE:?}\n{said}")),
    }
}

#[test]
fn schemathesis_finds_no_fault_at_the_three_reference_points() {
    let Some(folder) = folder() else { return };
    if !is_installed() {
        return;
    }
    // Whoever is on this machine runs a broker without principals.
    let broker = Broker::start("[limits]\nrequests_per_second = 100000\nburst = 100000\n");
    for (at, file, api) in SERVED {
        let document: PathBuf = path_of(&folder, at, file);
        let base = format!("http://{}/mefApi/{at}/{api}", broker.address);
        let began = instant();
        match run(&document, &base) {
            Ok(said) => {
                let cases = said
                    .lines()
                    .find(|line| line.contains("generated"))
                    .unwrap();
                println!("{at} {api}: {} in {:?}", cases.trim(), began.elapsed());
            }
            Err(said) => panic!("{at} {api}\n{said}"),
        }
    }
    // Good orders were among them, and were taken.
    let path = "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder?limit=0";
    let taken = broker.get(path);
    let taken: u32 = taken.header("x-total-count").unwrap().parse().unwrap();
    assert!(taken > 10, "{taken} orders were taken");
}
