//! `cargo xtask bench`: builds what is measured and hands it to the load generator.

use std::ffi::OsString;
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result};

use crate::place::{Place, Profile};
use crate::{process, tools};

/// Runs `waypost-bench` with these arguments, and tells it where its servers are.
pub(crate) fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    tools::require_c_compiler()?;
    let servers = match arguments.first().map(String::as_str) {
        Some("fanout") => peers(place)?,
        Some("soak") => vec![("BENCH_FANOUT_BIN", place.build_fanout()?.into_os_string())],
        // It measures what it is built of.
        Some("parse") => Vec::new(),
        Some("rooms") => vec![in_process(place)?],
        Some("instructions") => {
            tools::require_valgrind()?;
            vec![in_process(place)?]
        }
        _ => vec![("TEST_WAYPOST_BIN", place.build_binary(Profile::Release)?.into_os_string())],
    };
    let mut bench = place.cargo();
    bench.args(["run", "--release", "--locked", "--package", "waypost-bench", "--"]).args(arguments);
    let status = bench.envs(servers).stdin(Stdio::null()).status().context("cargo cannot be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The engine's example that serves members in memory.
fn in_process(place: &Place) -> Result<(&'static str, OsString)> {
    Ok(("BENCH_PUBLISH_BIN", place.build_publish()?.into_os_string()))
}

/// The engine's example, and Node's server with its packages.
fn peers(place: &Place) -> Result<Vec<(&'static str, OsString)>> {
    tools::require_node()?;
    let node = place.node_peer();
    process::npm_ci_if_stale(&node)?;
    Ok(vec![
        ("BENCH_FANOUT_BIN", place.build_fanout()?.into_os_string()),
        ("BENCH_NODE_DIR", node.into_os_string()),
    ])
}
