//! Topologies of the world: the formats, the files that are there, what becomes of them as federations, and
//! made ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod as_rel;
mod federation;
mod formats;
mod open;
mod published;
mod synthetic;

use std::path::{Path, PathBuf};

use testbeds::world::World;

/// A file of this folder's `files`.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/world/files")
        .join(name)
}

/// A world from such a file.
fn world(name: &str) -> World {
    World::open(file(name)).unwrap()
}

/// An error with its sources, as people see it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
