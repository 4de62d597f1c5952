//! Scenarios: folders of data with a `scenario.toml` that says what is what. Those of this crate are
//! built into the program, so that it works from any directory; any other folder is loaded from disk.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use nffg::DomainId;
use serde::{Deserialize, Deserializer, Serialize};

mod embedded;

/// The file that makes a folder a scenario.
const MANIFEST: &str = "scenario.toml";

/// A scenario: its manifest, and where its files are.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The folder's name: `3as`.
    name: String,
    files: Files,
    manifest: Manifest,
}

#[derive(Clone, Debug)]
enum Files {
    Embedded(embedded::Folder),
    Folder(PathBuf),
}

/// What `scenario.toml` says. File names are relative to its folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// One line for people.
    pub title: String,
    /// Where the scenario comes from.
    pub source: String,
    /// What the expected answers are called: answers equal "the draft".
    pub reference: String,
    /// What is asked.
    pub request: Request,
    /// The property map that must come.
    pub property_map: Expectation,
    /// The path vectors that must come.
    pub path_vectors: Expectation,
    /// The placements that must come.
    pub placements: Expectation,
    /// Requests that must be refused.
    #[serde(default)]
    pub refused: Vec<Refused>,
    /// What is ordered, where that is wished.
    pub order: Option<Ordering>,
    /// The members of the federation.
    pub domains: Vec<Domain>,
}

/// What is ordered, besides the graph of the request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ordering {
    /// How the service is changed.
    pub change: Change,
    /// What each domain's agreement says that it costs; where nothing is said, 1 for everything.
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    /// Orders that meet a domain without room.
    #[serde(default)]
    pub full: Vec<Full>,
}

/// A change of the service: a link of the graph gets a bandwidth.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The link.
    pub link: String,
    /// In Mbit/s.
    pub mbps: u64,
}

/// What a segment costs, in units of account.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Each segment.
    pub segment: f64,
    /// Each function.
    pub function: f64,
}

impl Default for Price {
    fn default() -> Self {
        Self {
            segment: 1.0,
            function: 1.0,
        }
    }
}

/// An order that meets a domain without room.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Full {
    /// What it is called.
    pub title: String,
    /// The domain whose cpu is all taken by something that the broker does not know of.
    #[serde(deserialize_with = "domain_id")]
    pub domain: DomainId,
    /// The file with what is ordered: `sg`, `constraints`, `objective`. It asks that domain for cpu.
    pub request: String,
    /// How the order must end.
    pub ends: Ends,
}

/// How an order ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// Another chain does it.
    Completed,
    /// Nobody does it.
    Failed,
}

impl Ends {
    /// The order's state.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// The service graph that is asked about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// A whole request of the draft's form.
    pub draft: String,
    /// The same service graph as ESCAPE NFFG.
    pub nffg: Option<String>,
    /// How many placements to ask for.
    pub placements: u32,
}

/// An answer that must come.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// What it is called.
    pub title: String,
    /// The file that has it. Of a property map and a cost map every member must be equal that the file
    /// has; placements are a list of walks, by rank and then by requirement.
    pub expected: String,
}

/// A request that must be refused with an ALTO error (RFC 7285 §8.5).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// What it is called.
    pub title: String,
    /// The file that has it, sent as it is.
    pub request: String,
    /// The error's code.
    pub code: String,
    /// The field that the error must name.
    pub field: Option<String>,
    /// The value that the error must name.
    pub value: Option<String>,
}

/// A member of the federation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Its id.
    #[serde(deserialize_with = "domain_id")]
    pub id: DomainId,
    /// What its ESCAPE answers to `get-config`: Virtualizer XML.
    pub resources: String,
    /// What its netphony answers: UNIFY JSON.
    pub topology: String,
    /// Where to emulate its MdO.
    pub emulator: SocketAddr,
}

fn domain_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DomainId, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It is neither built in nor a folder.
    #[error("'{name}' is no scenario: neither one of {known}, nor a folder with a {MANIFEST}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A file of it cannot be read.
    #[error("cannot read {file}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Its manifest is wrong.
    #[error("{file} is wrong")]
    Manifest {
        /// The manifest.
        file: String,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// It has no such domain.
    #[error("scenario {scenario} has no domain {domain}; it has {known}")]
    NoSuchDomain {
        /// The scenario.
        scenario: String,
        /// What was asked for.
        domain: DomainId,
        /// What there is.
        known: String,
    },
}

impl Scenario {
    /// The names of the scenarios that are built in.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        embedded::SCENARIOS.iter().map(|(name, _)| *name)
    }

    /// A built-in scenario by its name, or one from a folder.
    ///
    /// # Errors
    /// It is neither, or its manifest is wrong.
    pub fn open(name_or_folder: &str) -> Result<Self, ScenarioError> {
        let embedded = embedded::SCENARIOS
            .iter()
            .find(|(name, _)| *name == name_or_folder);
        if let Some((name, folder)) = embedded {
            return Self::new((*name).to_owned(), Files::Embedded(folder));
        }
        let folder = Path::new(name_or_folder);
        if !folder.join(MANIFEST).is_file() {
            let known: Vec<&str> = Self::built_in().collect();
            let (name, known) = (name_or_folder.to_owned(), known.join(", "));
            return Err(ScenarioError::Unknown { name, known });
        }
        // Children are told this path, and files are read again later: it must not depend on where
        // anybody stands.
        let folder = folder
            .canonicalize()
            .map_err(|source| ScenarioError::Read {
                file: name_or_folder.to_owned(),
                source,
            })?;
        let name = folder.file_name().map_or_else(
            || name_or_folder.to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Self::new(name, Files::Folder(folder))
    }

    fn new(name: String, files: Files) -> Result<Self, ScenarioError> {
        let wrong = |source: toml::de::Error| ScenarioError::Manifest {
            file: format!("{name}/{MANIFEST}"),
            source: Box::new(source),
        };
        let text = files.read(MANIFEST)?;
        let manifest = toml::from_str(&String::from_utf8_lossy(&text)).map_err(wrong)?;
        Ok(Self {
            name,
            files,
            manifest,
        })
    }

    /// The folder's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What to hand to [`Scenario::open`] to get this scenario again, in another process too.
    #[must_use]
    pub fn argument(&self) -> String {
        match &self.files {
            Files::Embedded(_) => self.name.clone(),
            Files::Folder(folder) => folder.display().to_string(),
        }
    }

    /// What `scenario.toml` says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// One of its domains.
    ///
    /// # Errors
    /// It has no such domain.
    pub fn domain(&self, id: &DomainId) -> Result<&Domain, ScenarioError> {
        self.manifest
            .domains
            .iter()
            .find(|domain| domain.id == *id)
            .ok_or_else(|| {
                let known: Vec<&str> = self
                    .manifest
                    .domains
                    .iter()
                    .map(|one| one.id.as_str())
                    .collect();
                ScenarioError::NoSuchDomain {
                    scenario: self.name.clone(),
                    domain: id.clone(),
                    known: known.join(", "),
                }
            })
    }

    /// A file of its folder, as it is now: a folder's files may change while it is in use.
    ///
    /// # Errors
    /// There is no such file, or it cannot be read.
    pub fn read(&self, file: &str) -> Result<Cow<'static, [u8]>, ScenarioError> {
        self.files.read(file)
    }
}

impl Files {
    fn read(&self, file: &str) -> Result<Cow<'static, [u8]>, ScenarioError> {
        match self {
            Self::Embedded(folder) => folder
                .iter()
                .find(|(name, _)| *name == file)
                .map(|(_, content)| Cow::Borrowed(*content))
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)),
            Self::Folder(folder) => std::fs::read(folder.join(file)).map(Cow::Owned),
        }
        .map_err(|source| ScenarioError::Read {
            file: file.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_is_what_the_folders_hold() {
        for (name, files) in embedded::SCENARIOS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            let mut on_disk: Vec<String> = std::fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|file| !file.ends_with(".py") && !file.starts_with("__"))
                .collect();
            on_disk.sort();
            let mut built_in: Vec<&str> = files.iter().map(|(file, _)| *file).collect();
            built_in.sort_unstable();
            assert_eq!(
                built_in, on_disk,
                "src/scenario/embedded.rs does not list {name} as it is"
            );
        }
    }

    #[test]
    fn every_file_that_a_manifest_names_is_there() {
        for name in Scenario::built_in() {
            let scenario = Scenario::open(name).unwrap();
            let manifest = scenario.manifest();
            let mut named = vec![
                &manifest.request.draft,
                &manifest.property_map.expected,
                &manifest.path_vectors.expected,
                &manifest.placements.expected,
            ];
            named.extend(&manifest.request.nffg);
            named.extend(manifest.refused.iter().map(|refused| &refused.request));
            let full = manifest.order.iter().flat_map(|order| &order.full);
            named.extend(full.map(|full| &full.request));
            named.extend(
                manifest
                    .domains
                    .iter()
                    .flat_map(|one| [&one.resources, &one.topology]),
            );
            for file in named {
                assert!(scenario.read(file).is_ok(), "{name}: {file}");
            }
        }
    }

    #[test]
    fn a_folder_is_loaded_from_disk_and_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let built_in = Scenario::open("3as").unwrap();
        std::fs::write(
            folder.path().join(MANIFEST),
            built_in.read(MANIFEST).unwrap(),
        )
        .unwrap();
        let scenario = Scenario::open(folder.path().to_str().unwrap()).unwrap();
        assert!(matches!(
            scenario.read("x"),
            Err(ScenarioError::Read { .. })
        ));
        std::fs::write(folder.path().join("x"), "1").unwrap();
        assert_eq!(&*scenario.read("x").unwrap(), b"1");
        assert_eq!(
            Scenario::open(&scenario.argument()).unwrap().name(),
            scenario.name()
        );
    }

    #[test]
    fn what_is_no_scenario_is_told_with_what_there_is() {
        let error = Scenario::open("4as").unwrap_err();
        assert_eq!(
            error.to_string(),
            "'4as' is no scenario: neither one of 3as, 7as, nor a folder with a scenario.toml"
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(MANIFEST), "title = 1").unwrap();
        let error = Scenario::open(folder.path().to_str().unwrap()).unwrap_err();
        assert!(matches!(error, ScenarioError::Manifest { .. }), "{error}");
    }
}
