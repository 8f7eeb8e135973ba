//! `cargo xtask bench`: builds the release binary and hands it to the load generator.

use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result};

use crate::place::{Place, Profile};
use crate::tools;

/// Runs `waypost-bench` with these arguments and `TEST_WAYPOST_BIN`.
pub(crate) fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    tools::require_c_compiler()?;
    let binary = place.build_binary(Profile::Release)?;
    let mut bench = place.cargo();
    bench.args(["run", "--release", "--locked", "--package", "waypost-bench", "--"]).args(arguments);
    let status = bench
        .env("TEST_WAYPOST_BIN", binary)
        .stdin(Stdio::null())
        .status()
        .context("cargo cannot be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
