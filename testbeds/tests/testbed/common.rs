//! What the tests of the `testbed` program share. Nothing here sleeps for a fixed time: it polls, with
//! deadlines that a loaded machine meets.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testbeds::scenario::Scenario;

/// Longer than anything here takes on the slowest machine that we care for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// The program under test, without what the environment says.
pub(crate) fn testbed() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    command
        .env_remove("BROKERCTL_SERVER")
        .env_remove("BROKERCTL_TOKEN")
        .stdin(Stdio::null());
    command
}

/// What a program printed and how it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

pub(crate) fn run(args: &[&str]) -> Ended {
    testbed().args(args).output().unwrap().into()
}

/// A scenario with `--check`, on addresses that nobody else has.
pub(crate) fn check(args: &[&str]) -> Ended {
    let mut all = args.to_vec();
    all.extend(["--check", "--free-ports", "--listen", "127.0.0.1:0"]);
    run(&all)
}

/// Both scenarios, fed in this way, pass the checks that they pass in any way; `heard` is what is said of AS2.
pub(crate) fn gives_the_same_answers(feed: &str, heard: &str) {
    for (scenario, all) in [
        ("3as", "all 6 checks passed"),
        ("7as", "all 4 checks passed"),
    ] {
        let ended = check(&[scenario, "--feed", feed]);
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains(all), "{}", ended.stdout);
        assert!(ended.stdout.contains(heard), "{}", ended.stdout);
    }
}

/// Asks until the answer is there.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..DEADLINE.as_millis() / POLL.as_millis() {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(POLL);
    }
    panic!("{what}: not within {} s", DEADLINE.as_secs());
}

/// A process that is killed when the test is done with it.
pub(crate) struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A scenario that serves, as its `--json` document tells it.
pub(crate) struct Running {
    pub(crate) process: Killed,
    pub(crate) document: Value,
    /// Its temporary files: a process that is killed leaves them behind.
    _scratch: TempDir,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let mut process = testbed()
            .env("TMPDIR", scratch.path())
            .args(args)
            .args(["--json", "--free-ports", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let process = Killed(process);
        let mut text = String::new();
        // The document is pretty: its last line is a brace alone.
        while !text.ends_with("\n}\n") {
            let line = lines
                .next()
                .expect("testbed ended before it served")
                .unwrap();
            text.push_str(&line);
            text.push('\n');
        }
        // The pipe stays open, or the testbed would take us for gone.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            document: serde_json::from_str(&text).unwrap(),
            _scratch: scratch,
        }
    }

    pub(crate) fn server(&self) -> &str {
        self.document["broker"]["url"].as_str().unwrap()
    }

    pub(crate) fn mdo(&self, domain: &str) -> &Value {
        let mdos = self.document["mdos"].as_array().unwrap();
        mdos.iter().find(|mdo| mdo["domain"] == domain).unwrap()
    }

    /// The process ids of everything that the testbed started.
    pub(crate) fn children(&self) -> Vec<u64> {
        let mdos = self.document["mdos"].as_array().unwrap();
        let sofs = self.document["sofs"].as_array();
        let all = mdos.iter().chain(sofs.into_iter().flatten());
        let all = all.chain([&self.document["broker"]]);
        all.map(|child| child["pid"].as_u64().unwrap()).collect()
    }

    /// `brokerctl` against this broker.
    pub(crate) fn brokerctl(&self, args: &[&str]) -> Ended {
        let mut command = testbed();
        command
            .args(["brokerctl", "--server", self.server()])
            .args(args);
        command.output().unwrap().into()
    }

    /// The JSON of `brokerctl --json`.
    pub(crate) fn ask(&self, args: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(args);
        let ended = self.brokerctl(&all);
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{args:?}: {}", ended.stderr))
    }

    /// The state of a domain, in the broker's word for it.
    pub(crate) fn state(&self, domain: &str) -> String {
        self.ask(&["domain", domain])["state"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// The line that brings an MdO back, run as a person would.
pub(crate) fn revive(running: &Running, domain: &str) -> Killed {
    let command = running.mdo(domain)["command"].as_str().unwrap();
    let mdo = Command::new("sh")
        .args(["-c", &format!("exec {command}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Killed(mdo)
}

/// The domains that the broker knows.
pub(crate) fn known(running: &Running) -> Vec<String> {
    let all = running.ask(&["domains"]);
    let all = all["domains"].as_array().unwrap();
    all.iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The members in the maps.
pub(crate) fn members(running: &Running) -> Vec<String> {
    let map = running.ask(&["propmap"]);
    let map = map["property-map"].as_object().unwrap();
    map.keys().cloned().collect()
}

/// Sends a signal by its name: TERM, INT, KILL.
pub(crate) fn signal(name: &str, pid: u64) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -s {name} {pid}");
}

/// Whether there is such a process, a zombie apart.
pub(crate) fn lives(pid: u64) -> bool {
    let ps = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&ps.stdout);
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// A copy of a built-in scenario's folder, to be changed.
pub(crate) fn copy_of(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder_of(name)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

pub(crate) fn folder_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A file of a built-in scenario, for programs that want a path.
pub(crate) fn file(name: &str, file: &str) -> String {
    folder_of(name).join(file).to_str().unwrap().to_owned()
}

/// A JSON file of a built-in scenario.
pub(crate) fn json(name: &str, file: &str) -> Value {
    let scenario = Scenario::open(name).unwrap();
    serde_json::from_slice(&scenario.read(file).unwrap()).unwrap()
}

/// Replaces text that must be in a file.
pub(crate) fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{} has no {from}", file.display());
    std::fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// Runs a program that may not be installed; `None`, told plainly, if it is not.
pub(crate) fn if_installed(program: &str, args: &[&str]) -> Option<Ended> {
    match Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
    {
        Ok(output) => Some(output.into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("SKIPPED: {program} is not installed");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// Reads a process's output to its end.
pub(crate) fn read_all(source: &mut impl Read) -> String {
    let mut text = String::new();
    source.read_to_string(&mut text).unwrap();
    text
}
