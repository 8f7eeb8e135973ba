//! Where a server has its master key from.

use std::time::Duration;

use super::{MasterKey, program, read_file};
use crate::config::{Config, KeySource};

/// The master key that is configured, if one is. It reads a file or waits for a program: not to be done on a runtime that has
/// anything else to do.
///
/// # Errors
/// Where it cannot be had, or is not kept as it has to be.
pub(crate) fn load(config: &Config) -> anyhow::Result<Option<MasterKey>> {
    let limit = Duration::from_secs(program::PROGRAM_SECONDS_MAX);
    let Some(source) = config.master_key.source() else { return Ok(None) };
    match source {
        KeySource::Key(key) => Ok(key.clone()),
        KeySource::File(path) => read_file(path, config.store.data_dir.as_path()),
        KeySource::Command(words) => program::run(words, limit),
    }
    .map(Some)
}
