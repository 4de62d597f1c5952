//! The real `brokerctl`, against a real `brokerd` or alone: what a person types, reads and gets as exit
//! code.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod alto;
mod dns;
mod member;
mod orders;
mod placements;
mod validate;
mod watch;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// The program under test, without what the environment says.
fn brokerctl(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brokerctl"));
    command
        .env_remove("BROKERCTL_SERVER")
        .env_remove("BROKERCTL_TOKEN")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a program printed and how it ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
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

impl Ended {
    /// The standard output of a program that ended well.
    fn good(self) -> String {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (Some(0), ""),
            "{}",
            self.stdout
        );
        self.stdout
    }

    fn json(self) -> Value {
        serde_json::from_str(&self.good()).unwrap()
    }

    /// The standard error of a program that ended so.
    fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self.stderr
    }
}

fn run(args: &[&str]) -> Ended {
    brokerctl(args).output().unwrap().into()
}

/// The same with a text on standard input.
fn run_with(args: &[&str], input: &str) -> Ended {
    let mut process = brokerctl(args).stdin(Stdio::piped()).spawn().unwrap();
    // One that has seen enough does not read to the end.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    process.wait_with_output().unwrap().into()
}

/// Asks until the answer is there.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / POLL.as_millis() {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(POLL);
    }
    panic!("in time: {what}");
}

/// A running `brokerctl`, killed when dropped.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// The next line of its standard output.
    fn line(&mut self) -> String {
        first_line(self.0.stdout.as_mut().unwrap())
    }

    /// The next line of its standard error.
    fn complaint(&mut self) -> String {
        first_line(self.0.stderr.as_mut().unwrap())
    }

    /// Tells it to end, as a service manager would.
    fn terminate(&self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    fn ended(mut self) -> Option<i32> {
        wait_for("brokerctl ends", || self.0.try_wait().unwrap()).code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A line, and not a byte more: what follows stays in the pipe.
fn first_line(from: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while from.read(&mut byte).unwrap() > 0 && byte != *b"\n" {
        line.extend(byte);
    }
    String::from_utf8(line).unwrap()
}

/// A running `brokerd`, killed when dropped.
struct Broker {
    process: Child,
    url: String,
    settings: tempfile::NamedTempFile,
}

impl Broker {
    /// One with these settings, on a free port.
    fn start(settings: &str) -> Self {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(settings.as_bytes()).unwrap();
        let (process, url) = Self::spawn(file.path(), "127.0.0.1:0");
        Self {
            process,
            url,
            settings: file,
        }
    }

    fn spawn(settings: &std::path::Path, listen: &str) -> (Child, String) {
        let mut process = Command::new(env!("CARGO_BIN_EXE_brokerd"))
            .arg("--config")
            .arg(settings)
            .args(["--listen", listen])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();
        (process, url.to_owned())
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was; it has forgotten what was pushed.
    fn again(&mut self) {
        let address = self.url.strip_prefix("http://").unwrap().to_owned();
        (self.process, self.url) = Self::spawn(self.settings.path(), &address);
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = brokerctl(args);
        command.env("BROKERCTL_SERVER", &self.url);
        command
    }

    fn ctl(&self, args: &[&str]) -> Ended {
        self.command(args).output().unwrap().into()
    }

    fn ctl_as(&self, token: &str, args: &[&str]) -> Ended {
        let mut command = self.command(args);
        command.env("BROKERCTL_TOKEN", token);
        command.output().unwrap().into()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder of files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            std::fs::write(folder.0.path().join(name), text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn whole(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}

const BRIEF: &str = "\
entry-point: http://mdo.as7.example:8888/escape
cpu: 50
mem: 60 GB
nf: [NF1, NF3]
port: [SAP1]
prefixes: [198.51.100.0/24]
neighbours: [AS2]
";

/// A Virtualizer with this much cpu.
fn virtualizer(cpu: u32) -> String {
    let mut text = String::new();
    write!(
        text,
        "<virtualizer>\n  <id>v</id>\n  <nodes>\n    <node>\n      <id>pop</id>\n      \
         <resources><cpu>{cpu}</cpu></resources>\n    </node>\n  </nodes>\n</virtualizer>\n"
    )
    .unwrap();
    text
}
