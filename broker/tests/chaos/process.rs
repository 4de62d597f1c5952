//! `brokerd` as a process that is killed and started again at the same address, with the same store.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A broker, or none while it is dead.
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    process: Option<Child>,
    /// How often it was started.
    pub(crate) lives: usize,
}

/// A port that nobody has, out of the range that the system gives away: it is still free after a death.
pub(crate) fn free_port() -> u16 {
    for _ in 0..1_000 {
        let port = fastrand::u16(20_000..30_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

impl Broker {
    /// One with these settings, which is not started yet.
    pub(crate) fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("broker.toml"), settings).unwrap();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], free_port())),
            folder,
            process: None,
            lives: 0,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(&mut self) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_brokerd"));
        // Settings of a broker that lives here too are not meant.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BROKERD_") {
                command.env_remove(name);
            }
        }
        let mut process = command
            .arg("--config")
            .arg(self.folder.path().join("broker.toml"))
            .args(["--listen", &self.address.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        self.process = Some(process);
        self.lives += 1;
        assert!(
            line.starts_with("listening on "),
            "it does not start: {line:?}\n{}",
            self.end_of_log()
        );
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let ended = process.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "it ended by itself: {ended:?}\n{}",
            self.end_of_log()
        );
        process.kill().unwrap();
        process.wait().unwrap();
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// All that it has logged in its lives.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The last of what it has logged.
    pub(crate) fn end_of_log(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// What it has logged of something.
    pub(crate) fn log_of(&self, what: &str) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(what)).collect();
        lines.join("\n")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
