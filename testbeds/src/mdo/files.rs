//! The emulated MdO as one that writes its exports into a folder, where the broker looks for them
//! (`files.folder`). When it is told to stop it takes them away.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;

use crate::scenario::{Domain, Scenario};

/// How often the exports are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// An MdO that writes files.
#[derive(Debug)]
pub struct Exporter {
    scenario: Scenario,
    domain: Domain,
    folder: PathBuf,
    /// What was written last.
    written: [Option<Vec<u8>>; 2],
}

impl Exporter {
    /// The MdO of `domain`, which will write into `folder`.
    #[must_use]
    pub fn new(scenario: Scenario, domain: Domain, folder: PathBuf) -> Self {
        Self {
            scenario,
            domain,
            folder,
            written: [None, None],
        }
    }

    /// The names of the files begin with the domain, as the broker wants them to.
    fn names(&self) -> [String; 2] {
        ["resources.xml", "topology.json"].map(|name| format!("{}.{name}", self.domain.id))
    }

    /// Writes what is other than before. Who reads meanwhile has the old file or the new one, whole.
    ///
    /// # Errors
    /// An export cannot be read, or a file not be written.
    pub fn write(&mut self) -> anyhow::Result<()> {
        let names = self.names();
        let exports = [&self.domain.resources, &self.domain.topology];
        for ((export, name), written) in exports.into_iter().zip(names).zip(&mut self.written) {
            let text = self.scenario.read(export)?;
            if written.as_deref() == Some(&*text) {
                continue;
            }
            let new = self.folder.join(format!(".{name}.new"));
            std::fs::write(&new, &text)
                .and_then(|()| std::fs::rename(&new, self.folder.join(&name)))
                .with_context(|| format!("cannot write {name} in {}", self.folder.display()))?;
            *written = Some(text.into_owned());
        }
        Ok(())
    }

    /// Writes for ever.
    pub async fn run(&mut self) {
        loop {
            sleep(LOOK).await;
            // A file that is being written is read whole the next time.
            let _ = self.write();
        }
    }

    /// Takes the files away.
    ///
    /// # Errors
    /// As the system says; a file that is gone already is none.
    pub fn leave(&mut self) -> io::Result<()> {
        for name in self.names() {
            match std::fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.written = [None, None];
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_written_and_all_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let scenario = Scenario::open("3as").unwrap();
        let domain = scenario.domain(&"AS2".parse().unwrap()).unwrap().clone();
        let topology = domain.topology.clone();
        let mut exporter = Exporter::new(scenario.clone(), domain, folder.path().to_owned());
        exporter.write().unwrap();
        let names = || {
            let entries = std::fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names(), ["AS2.resources.xml", "AS2.topology.json"]);
        let path = folder.path().join("AS2.topology.json");
        assert_eq!(
            std::fs::read(&path).unwrap(),
            *scenario.read(&topology).unwrap()
        );
        // What did not change is left alone.
        std::fs::write(&path, "edited").unwrap();
        exporter.write().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"edited");
        exporter.leave().unwrap();
        exporter.leave().unwrap();
        assert!(names().is_empty());
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let scenario = Scenario::open("3as").unwrap();
        let domain = scenario.domain(&"AS2".parse().unwrap()).unwrap().clone();
        let mut exporter = Exporter::new(scenario, domain, "/no/such/folder".into());
        let error = exporter.write().unwrap_err().to_string();
        assert_eq!(error, "cannot write AS2.resources.xml in /no/such/folder");
    }
}
