//! Where things are: this repository, the folder that child builds go to, and the variables that xtask heeds.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;

/// The package of the protocol engine.
const ENGINE: &str = "waypost-realtime";

/// The folders of this run.
pub(crate) struct Place {
    root: PathBuf,
    target: PathBuf,
}

impl Place {
    /// From where cargo says that xtask's manifest is.
    pub(crate) fn find() -> Result<Self> {
        // The variable comes first: a target folder that clones share may hold an xtask that another one compiled.
        let manifest = variable("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask lies in the repository")?.to_owned();
        let target = match (variable("CARGO_TARGET_DIR"), cache_dir()) {
            (Some(target), _) => env::current_dir()?.join(target),
            (None, Some(cache)) => cache.join("waypost/target"),
            (None, None) => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The npm package whose files the binary embeds.
    pub(crate) fn test_client(&self) -> PathBuf {
        self.root.join("packages/test-client")
    }

    /// The npm package with the stock clients that tests drive.
    pub(crate) fn stock_clients(&self) -> PathBuf {
        self.root.join("tests/clients")
    }

    /// Where the fuzzer keeps what it has found for a target. Not in the repository: it is much, and little of it new.
    pub(crate) fn fuzz_inputs(&self, target: &str) -> PathBuf {
        self.target.join("fuzz-inputs").join(target)
    }

    /// What the stock clients for Python are installed from.
    pub(crate) fn python_requirements(&self) -> PathBuf {
        self.stock_clients().join("python/requirements.txt")
    }

    /// Where tools for the tests are kept for all clones.
    pub(crate) fn tools(&self) -> PathBuf {
        cache_dir().map_or_else(|| self.root.join("target/tools"), |cache| cache.join("waypost/tools"))
    }

    /// The npm package of Node's server, which the fan-out benchmark measures beside ours.
    pub(crate) fn node_peer(&self) -> PathBuf {
        self.root.join("bench/peers/node")
    }

    /// The binary, as `cargo build` leaves it.
    pub(crate) fn binary(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.folder()).join(format!("waypost{}", env::consts::EXE_SUFFIX))
    }

    /// Cargo in this repository, with the target folder that all child builds share.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // What cargo has set for xtask itself would make child builds look different from those of a shell.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        cargo
    }

    /// Builds the binary and returns where it is.
    pub(crate) fn build_binary(&self, profile: Profile) -> Result<PathBuf> {
        let mut cargo = self.cargo();
        cargo.args(["build", "--locked", "--package", "waypost-server", "--bin", "waypost"]);
        if profile == Profile::Release {
            cargo.arg("--release");
        }
        process::run(&mut cargo)?;
        Ok(self.binary(profile))
    }

    /// Builds the conformance server of the engine and returns where it is.
    pub(crate) fn build_conformance(&self) -> Result<PathBuf> {
        self.build_example(ENGINE, "conformance", Profile::Dev)
    }

    /// Builds the engine's server for the fan-out benchmark and returns where it is.
    pub(crate) fn build_fanout(&self) -> Result<PathBuf> {
        self.build_example(ENGINE, "fanout", Profile::Release)
    }

    /// Builds the engine's program for the benchmarks without sockets and returns where it is.
    pub(crate) fn build_publish(&self) -> Result<PathBuf> {
        self.build_example(ENGINE, "publish", Profile::Release)
    }

    /// Builds what finds or starts the PostgreSQL for tests and returns where it is.
    pub(crate) fn build_postgres_finder(&self) -> Result<PathBuf> {
        self.build_example("waypost-testkit", "postgres", Profile::Dev)
    }

    fn build_example(&self, package: &str, name: &str, profile: Profile) -> Result<PathBuf> {
        let mut cargo = self.cargo();
        cargo.args(["build", "--locked", "--package", package, "--example", name]);
        if profile == Profile::Release {
            cargo.arg("--release");
        }
        process::run(&mut cargo)?;
        let folder = self.target.join(profile.folder()).join("examples");
        Ok(folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
    }
}

/// How the binary is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For the demonstration and the tests.
    Dev,
    /// For benchmarks.
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// A variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether this is a run of continuous integration, in which a test that cannot be run is a failure.
pub(crate) fn is_ci() -> bool {
    variable("CI").is_some_and(|value| value == "true" || value == "1")
}

fn cache_dir() -> Option<PathBuf> {
    variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")))
}
