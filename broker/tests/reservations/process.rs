//! What else is done to the process.

use std::process::Command;

use super::broker::Broker;

impl Broker {
    /// Has a setting be this from the next start on.
    pub(crate) fn set(&self, key: &str, value: &str) {
        let path = self.folder.path().join("broker.toml");
        let settings = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{key} = {value:?}\n{settings}")).unwrap();
    }

    /// Tells it to stop, and waits until it has; what it has logged.
    pub(crate) fn stop(&mut self) -> String {
        let id = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.unwrap().success());
        assert!(self.process.wait().unwrap().success());
        self.log()
    }

    /// What it has logged since it was started last.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// What a second one with the same settings says, which must not start.
    pub(crate) fn start_again(&self) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_brokerd"))
            .arg("--config")
            .arg(self.folder.path().join("broker.toml"))
            .args(["--listen", "127.0.0.1:0"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    }
}
