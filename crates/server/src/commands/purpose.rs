//! A data directory is a demo's or a server's, and never becomes the other's. What is in PostgreSQL is a server's: a demo
//! never keeps anything there.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::Context as _;
use waypost_store::Place;

/// The file that marks a demo's directory.
const DEMO_MARK: &str = "DEMO";

/// Refuses a directory that a demo made.
pub(crate) fn claim_for_server(place: &Place) -> anyhow::Result<()> {
    let Place::Directory(data_dir) = place else { return Ok(()) };
    anyhow::ensure!(
        !data_dir.join(DEMO_MARK).exists(),
        "{} belongs to a demo: its customers are invented. Choose another directory with --data-dir",
        data_dir.display()
    );
    Ok(())
}

/// Marks a new directory as a demo's; refuses one that holds anything else.
pub(crate) fn claim_for_demo(data_dir: &Path) -> anyhow::Result<()> {
    if data_dir.join(DEMO_MARK).exists() {
        return Ok(());
    }
    let is_free = match std::fs::read_dir(data_dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    anyhow::ensure!(
        is_free,
        "{} is not empty and not a demo's; the demo does not touch it. Choose another directory with --data-dir",
        data_dir.display()
    );
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .with_context(|| format!("cannot make the directory {}", data_dir.display()))?;
    File::create(data_dir.join(DEMO_MARK)).context("cannot mark the directory as a demo's")?;
    Ok(())
}
