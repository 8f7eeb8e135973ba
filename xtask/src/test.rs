//! `cargo xtask test`: every test there is, step by step, and an account of what could not be tested.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::Report;
use crate::place::{self, Place, Profile};
use crate::postgres::Server;
use crate::report::Gaps;
use crate::tools::{self, Install};
use crate::{generate, process, python};

/// The tests from outside that are run once more with the server on PostgreSQL: those whose outcome the store decides, in
/// what is stored, shown, replayed or refused. Left out are commands and pages (no store, or the files of a data
/// directory), the engine's own clients, and the older versions and other languages of the clients, for which one store is
/// like the other. The store's suite and the simulation choose their store themselves.
const ON_POSTGRES: [&str; 17] = [
    "access",
    "durability",
    "fixtures",
    "master_key",
    "matrix",
    "recovery",
    "recovery_gaps",
    "recovery_rooms",
    "recovery_server",
    "recovery_since",
    "recovery_slow",
    "rooms",
    "sending",
    "sending_refusals",
    "sideways",
    "statuses",
    "webhook_door",
];

/// Runs all steps. Steps that need a failed one are left out; the others go on.
pub(crate) fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let install = match words.as_slice() {
        [] => Install::Never,
        ["--install"] => Install::Missing,
        _ => bail!("usage: cargo xtask test [--install]"),
    };
    tools::require_c_compiler()?;
    tools::require_node()?;
    let mut report = Report::default();
    let chromium = tools::chromium(install, &mut report);
    let python = python::with_clients(place, install, &mut report);
    front_end(place, &mut report);
    report.step("The fuzzer's inputs", || process::run(&mut fuzz_inputs(place)));
    // The binary is built after the page, which it embeds.
    if let Some(binary) = report.step("Build waypost", || tested_binary(place)) {
        report.step("Generated files are current", || generate::check(place, &binary));
        report.step("Examples in the documentation", || {
            process::run(place.cargo().args(["test", "--workspace", "--locked", "--doc", "--quiet"]))
        });
        let conformance = report.step("Build the conformance server", || {
            place.build_conformance().and_then(|built| set_aside(place, &built))
        });
        let postgres = Server::find(place, install, &mut report);
        let runner = Runner::find(place);
        let mut environment = environment(place, binary, Found { conformance, chromium, python });
        environment.push(("TEST_POSTGRES_URL", Server::variable(postgres.as_ref()).into()));
        report.step("Rust tests", || process::run(runner.tests(place).envs(environment.clone())));
        if postgres.is_some() {
            environment.push(("TEST_STORE", "postgres".into()));
            report.step("Tests from outside, on PostgreSQL", || {
                process::run(runner.chosen_tests(place, &ON_POSTGRES).envs(environment))
            });
        }
    }
    report.finish(if place::is_ci() { Gaps::Refused } else { Gaps::Told })?;
    Ok(ExitCode::SUCCESS)
}

fn front_end(place: &Place, report: &mut Report) {
    let package = place.test_client();
    if report.step("Install the page's packages", || process::npm_ci(&package)).is_some() {
        for (title, script) in
            [("Check the page's types", "check"), ("Build the page", "build"), ("Test the page", "test")]
        {
            report.step(title, || process::run(&mut process::npm(&package, &["run", script])));
        }
    }
    report.step("Install the stock clients", || process::npm_ci(&place.stock_clients()));
}

/// The committed inputs of the fuzzer, as ordinary tests: without its runtime, which is in C++.
fn fuzz_inputs(place: &Place) -> Command {
    let mut cargo = place.cargo();
    cargo.args([
        "test",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--locked",
        "--no-default-features",
        "--quiet",
    ]);
    cargo
}

fn tested_binary(place: &Place) -> Result<PathBuf> {
    set_aside(place, &place.build_binary(Profile::Dev)?)
}

/// Copies what was built: the test build may write its own over the original, and a target folder that clones share may
/// be written by another.
fn set_aside(place: &Place, built: &Path) -> Result<PathBuf> {
    let folder = place.root().join("target/tested");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let copy = folder.join(built.file_name().context("a binary has a name")?);
    // A binary that still runs cannot be written, but its name can be taken.
    if copy.exists() {
        fs::remove_file(&copy).with_context(|| copy.display().to_string())?;
    }
    fs::copy(built, &copy).with_context(|| format!("{} to {}", built.display(), copy.display()))?;
    Ok(copy)
}

/// What may be missing; the report says so.
#[derive(Default)]
struct Found {
    conformance: Option<PathBuf>,
    chromium: Option<PathBuf>,
    python: Option<PathBuf>,
}

/// What `testkit` reads.
fn environment(place: &Place, binary: PathBuf, found: Found) -> Vec<(&'static str, OsString)> {
    let mut variables: Vec<(&str, OsString)> =
        vec![("TEST_WAYPOST_BIN", binary.into()), ("TEST_CLIENTS_DIR", place.stock_clients().into())];
    let optional = [
        ("TEST_CONFORMANCE_BIN", found.conformance),
        ("TEST_CHROMIUM", found.chromium),
        ("TEST_PYTHON", found.python),
    ];
    variables.extend(optional.into_iter().filter_map(|(name, path)| Some((name, path?.into()))));
    variables
}

/// What runs the Rust tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    /// cargo-nextest, with `.config/nextest.toml`: a limit on every test, and a limit on how many servers run at once.
    Nextest,
    /// `cargo test`, where nextest is not installed.
    Cargo,
}

impl Runner {
    fn find(place: &Place) -> Self {
        let has_nextest = process::succeeds(place.cargo().args(["nextest", "--version"]));
        if has_nextest { Self::Nextest } else { Self::Cargo }
    }

    fn tests(self, place: &Place) -> Command {
        let mut cargo = place.cargo();
        match self {
            Self::Nextest => cargo.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]),
            Self::Cargo => {
                println!(
                    "(cargo-nextest is not installed: tests run under `cargo test`, which limits no test's time.)"
                );
                cargo.args([
                    "test",
                    "--workspace",
                    "--locked",
                    "--no-fail-fast",
                    "--lib",
                    "--bins",
                    "--tests",
                ])
            }
        };
        cargo
    }

    /// These files of tests. All packages are named, so that their dependencies have the features with which they were
    /// built for all tests.
    fn chosen_tests(self, place: &Place, names: &[&str]) -> Command {
        let mut cargo = place.cargo();
        cargo.args(match self {
            Self::Nextest => ["nextest", "run"].as_slice(),
            Self::Cargo => &["test"],
        });
        cargo.args(["--workspace", "--locked", "--no-fail-fast"]);
        cargo.args(names.iter().flat_map(|name| ["--test", name]));
        cargo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_named_to_the_tests() {
        let place = Place::find().unwrap();
        let names = |found: Found| {
            let variables = environment(&place, "waypost".into(), found);
            variables.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(Found::default()), ["TEST_WAYPOST_BIN", "TEST_CLIENTS_DIR"]);
        let chromium = Found { chromium: Some("/usr/bin/chromium".into()), ..Found::default() };
        assert_eq!(names(chromium), ["TEST_WAYPOST_BIN", "TEST_CLIENTS_DIR", "TEST_CHROMIUM"]);
        let python = Found { python: Some("/usr/bin/python3".into()), ..Found::default() };
        assert_eq!(names(python), ["TEST_WAYPOST_BIN", "TEST_CLIENTS_DIR", "TEST_PYTHON"]);
    }

    #[test]
    fn the_tests_that_are_run_on_postgresql_are_there() {
        let place = Place::find().unwrap();
        for name in ON_POSTGRES {
            let is_there = |file: String| place.root().join("tests/tests").join(file).exists();
            assert!(is_there(format!("{name}.rs")) || is_there(format!("{name}/main.rs")), "{name}");
        }
    }

    #[test]
    fn an_argument_that_is_not_known_is_refused() {
        let place = Place::find().unwrap();
        assert!(run(&place, &["--instal".to_owned()]).is_err());
    }
}
