//! Child processes that cannot outlive us.
//!
//! Three things see to it. Dropping a [`Child`] kills it, which covers every way out of our own code.
//! A child's standard input is a pipe that we hold and never write to; when we are killed outright,
//! the system closes it, and the child, started with `--tied`, ends ([`die_with_parent`]). And a child
//! has a process group of its own, so that Ctrl-C reaches us alone and we end things in order.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{self, ChildStdin, ChildStdout};
use url::Url;

/// How long a child has to say where it listens: a loaded machine may take its time.
const START: Duration = Duration::from_secs(30);
/// How long a child has to end by itself.
const STOP: Duration = Duration::from_secs(2);
/// How much of a log is worth showing.
const LAST_LINES: usize = 12;

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// As one would type it in a shell.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shell_word(&self.program.to_string_lossy()))?;
        for arg in &self.args {
            write!(f, " {}", shell_word(&arg.to_string_lossy()))?;
        }
        Ok(())
    }
}

/// A word as a POSIX shell takes it: in single quotes, unless it is plain.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=@,+%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A child that has said where it listens.
#[derive(Debug)]
pub struct Child {
    name: String,
    process: process::Child,
    pid: u32,
    /// Closing it ends the child.
    stdin: Option<ChildStdin>,
    url: Url,
    log: PathBuf,
}

/// Why a child is not up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It could not be run at all.
    #[error("cannot run {command}")]
    Spawn {
        /// What was run.
        command: String,
        /// Why not.
        source: io::Error,
    },
    /// Its log file could not be made.
    #[error("cannot write {}", log.display())]
    Log {
        /// The file.
        log: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It ended before it listened.
    #[error("{name} ended at once{}{}", status_words(*status), last_words(log))]
    Ended {
        /// The child.
        name: String,
        /// How, where known.
        status: Option<ExitStatus>,
        /// Its log.
        log: PathBuf,
    },
    /// It did not listen in time.
    #[error("{name} did not listen within {} s{}", START.as_secs(), last_words(log))]
    Late {
        /// The child.
        name: String,
        /// Its log.
        log: PathBuf,
    },
}

fn status_words(status: Option<ExitStatus>) -> String {
    status.map_or_else(String::new, |status| format!(" ({status})"))
}

/// The end of a log, indented, for a message.
fn last_words(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "; it logged nothing".to_owned();
    }
    let last = lines.iter().skip(lines.len().saturating_sub(LAST_LINES));
    let shown: Vec<String> = last.map(|line| format!("\n    {line}")).collect();
    format!("; the end of {}:{}", log.display(), shown.concat())
}

impl Child {
    /// Runs `command` and waits until it has printed `listening on URL`. What it writes to standard
    /// error goes to the file `log`.
    ///
    /// # Errors
    /// See [`StartError`]; the child is not left behind.
    pub async fn start(name: &str, command: &Command, log: &Path) -> Result<Self, StartError> {
        let file = File::create(log).map_err(|source| StartError::Log {
            log: log.to_owned(),
            source,
        })?;
        let mut builder = process::Command::new(&command.program);
        builder
            .args(&command.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true);
        // A scenario means its own settings, not those of a broker that lives here too.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BROKERD_") {
                builder.env_remove(name);
            }
        }
        #[cfg(unix)]
        builder.process_group(0);
        let spawn = |source| StartError::Spawn {
            command: command.to_string(),
            source,
        };
        let mut process = builder.spawn().map_err(spawn)?;
        let stdin = process.stdin.take();
        let pid = process.id().unwrap_or_default();
        let stdout = process
            .stdout
            .take()
            .ok_or_else(|| spawn(io::ErrorKind::BrokenPipe.into()))?;
        match tokio::time::timeout(START, listening_on(stdout)).await {
            Ok(Some(url)) => Ok(Self {
                name: name.to_owned(),
                process,
                pid,
                stdin,
                url,
                log: log.to_owned(),
            }),
            Ok(None) => {
                // Its output has ended, so it is about to end itself.
                let ended = tokio::time::timeout(STOP, process.wait()).await;
                let status = ended.ok().and_then(Result::ok);
                Err(StartError::Ended {
                    name: name.to_owned(),
                    status,
                    log: log.to_owned(),
                })
            }
            Err(_) => Err(StartError::Late {
                name: name.to_owned(),
                log: log.to_owned(),
            }),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its log is.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it has ended by itself, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// The end of its log, for a message.
    #[must_use]
    pub fn last_words(&self) -> String {
        last_words(&self.log)
    }

    /// Ends it: by closing its input, or, if it does not listen to that, by force.
    pub async fn stop(mut self) {
        self.stdin = None;
        if tokio::time::timeout(STOP, self.process.wait())
            .await
            .is_err()
        {
            // Gone already is as good.
            let _ = self.process.kill().await;
        }
    }
}

/// The URL of the line `... listening on URL`; `None` if the output ends without one. What comes
/// after that line is read and forgotten, so that the child never waits for us.
async fn listening_on(stdout: ChildStdout) -> Option<Url> {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let url = line
            .split_once("listening on ")
            .map(|(_, url)| Url::parse(url.trim()));
        if let Some(Ok(url)) = url {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some(url);
        }
    }
    None
}

/// Makes this process end when its standard input does, that is, when its parent is gone.
#[expect(
    clippy::exit,
    reason = "the parent is gone: there is nobody to tell and nothing to keep"
)]
pub fn die_with_parent() {
    std::thread::spawn(|| {
        let mut input = io::stdin().lock();
        let mut buffer = [0; 64];
        while input.read(&mut buffer).is_ok_and(|count| count > 0) {}
        std::process::exit(0);
    });
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        Command {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
        }
    }

    fn log() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        (folder, log)
    }

    #[tokio::test]
    async fn a_child_tells_where_it_listens_and_ends_with_its_input() {
        let (_folder, log) = log();
        let script =
            "echo hello; echo x listening on http://127.0.0.1:1; cat >/dev/null; echo bye >&2";
        let mut child = Child::start("it", &shell(script), &log).await.unwrap();
        assert_eq!(child.url().as_str(), "http://127.0.0.1:1/");
        assert_eq!(child.ended(), None);
        child.stop().await;
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "bye\n");
    }

    #[tokio::test]
    async fn a_child_that_ends_at_once_is_told_with_its_last_words() {
        let (_folder, log) = log();
        let script = "for i in $(seq 20); do echo line $i >&2; done; exit 3";
        let error = Child::start("it", &shell(script), &log)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("it ended at once (exit status: 3); the end of "),
            "{error}"
        );
        assert!(
            error.contains("\n    line 9\n") && error.ends_with("\n    line 20"),
            "{error}"
        );
        assert!(!error.contains("line 8\n"), "{error}");
    }

    #[tokio::test]
    async fn what_cannot_be_run_is_told() {
        let (_folder, log) = log();
        let command = Command {
            program: "/no/such program".into(),
            args: vec!["it's".into()],
        };
        let error = Child::start("it", &command, &log).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            r"cannot run '/no/such program' 'it'\''s'"
        );
    }
}
