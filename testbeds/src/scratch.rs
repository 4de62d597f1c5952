//! Folders for what one run writes.

use std::path::Path;

use anyhow::{Context as _, anyhow};

/// Does `work` with a folder of its own, which goes with it; where it fails, the folder stays and the error says where.
///
/// # Errors
/// Those of the work, and that no folder can be made.
pub(crate) async fn within<T>(
    name: &str,
    work: impl AsyncFnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = tempfile::Builder::new()
        .prefix(&format!("testbed-{name}-"))
        .tempdir()
        .context("cannot make a temporary folder")?;
    work(folder.path()).await.map_err(|error| {
        let kept = folder.keep();
        anyhow!(
            "{error:#}\nLogs and settings are kept in {}",
            kept.display()
        )
    })
}
