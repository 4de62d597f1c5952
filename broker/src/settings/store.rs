//! Where the store is.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the store is: in a file, or in memory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "PathBuf", into = "PathBuf")]
pub enum StorePlace {
    /// Nowhere: it ends with the process.
    Memory,
    /// In this file. One that is called `memory` is `./memory`.
    File(PathBuf),
}

/// The word for [`StorePlace::Memory`].
const MEMORY: &str = "memory";

impl From<PathBuf> for StorePlace {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == MEMORY {
            Self::Memory
        } else {
            Self::File(path)
        }
    }
}

impl From<StorePlace> for PathBuf {
    fn from(place: StorePlace) -> Self {
        match place {
            StorePlace::Memory => MEMORY.into(),
            StorePlace::File(path) => path,
        }
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str(MEMORY),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
