//! `cargo xtask fuzz`: the fuzzer on the targets of `fuzz/`, for as long as one likes.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};

use crate::place::Place;
use crate::process;

const SECONDS_DEFAULT: u32 = 60;

/// What is to be fuzzed, and for how long.
#[derive(Debug, PartialEq, Eq)]
struct Order<'a> {
    /// All of them, if none is named.
    target: Option<&'a str>,
    /// For each.
    seconds: u32,
}

/// Runs the fuzzer until a target breaks or the time is over. What it found on its way stays in the target folder, so
/// that the next run goes on from there, and what reaches new code is then added to the committed inputs.
pub(crate) fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    let order = read(arguments)?;
    ensure!(
        process::succeeds(place.cargo().args(["fuzz", "--version"])),
        "cargo-fuzz is not installed: `cargo install cargo-fuzz --locked`"
    );
    let targets = targets(place)?;
    if let Some(target) = order.target {
        ensure!(targets.iter().any(|name| name == target), "no `{target}`; there are {}", targets.join(", "));
    }
    for target in targets.iter().filter(|name| order.target.is_none_or(|target| target == *name)) {
        fuzz(place, target, order.seconds)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(arguments: &[String]) -> Result<Order<'_>> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (target, seconds) = match words.as_slice() {
        [] => (None, None),
        ["--seconds", seconds] => (None, Some(seconds)),
        [target] if !target.starts_with('-') => (Some(*target), None),
        [target, "--seconds", seconds] => (Some(*target), Some(seconds)),
        _ => bail!("usage: cargo xtask fuzz [TARGET] [--seconds N]"),
    };
    let seconds = seconds.map_or(Ok(SECONDS_DEFAULT), |seconds| seconds.parse()).context("--seconds")?;
    Ok(Order { target, seconds })
}

fn targets(place: &Place) -> Result<Vec<String>> {
    let listed = process::output(place.cargo().args(["fuzz", "list"]))?;
    Ok(listed.lines().map(str::to_owned).collect())
}

fn fuzz(place: &Place, target: &str, seconds: u32) -> Result<()> {
    let committed = place.root().join("fuzz/corpus").join(target);
    let found = place.fuzz_inputs(target);
    fs::create_dir_all(&found).with_context(|| found.display().to_string())?;
    let fuzzer = || {
        let mut cargo = place.cargo();
        // The sanitizer that is the default needs a nightly compiler, and finds what safe code cannot do.
        cargo.args(["fuzz", "run", "--sanitizer", "none", target]);
        cargo
    };
    let limit = format!("-max_total_time={seconds}");
    // New inputs go to the first folder.
    process::run(fuzzer().arg(&found).arg(&committed).args(["--", &limit]))?;
    // The fewest, by code that is reached and not by how often: else every run would have hundreds to add.
    let fewest = ["--", "-set_cover_merge=1", "-use_counters=0"];
    process::run(fuzzer().arg(&committed).arg(&found).args(fewest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(words: &[&str]) -> Option<(Option<String>, u32)> {
        let arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        read(&arguments).ok().map(|order| (order.target.map(str::to_owned), order.seconds))
    }

    #[test]
    fn a_target_and_a_time_may_be_named() {
        assert_eq!(order(&[]), Some((None, SECONDS_DEFAULT)));
        assert_eq!(order(&["webhook"]), Some((Some("webhook".to_owned()), SECONDS_DEFAULT)));
        assert_eq!(order(&["--seconds", "5"]), Some((None, 5)));
        assert_eq!(order(&["webhook", "--seconds", "5"]), Some((Some("webhook".to_owned()), 5)));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for words in [&["--second"][..], &["webhook", "5"], &["--seconds", "soon"], &["--seconds", "-1"]] {
            assert_eq!(order(words), None, "{words:?}");
        }
    }
}
