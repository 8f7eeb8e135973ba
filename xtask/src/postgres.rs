//! The PostgreSQL for a run of tests: one that is there, or one that is started for the time of the run.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::Report;
use crate::place::Place;
use crate::tools::{self, Install};

/// What the package of Debian and Ubuntu is called.
const SYSTEM_PACKAGES: [&str; 1] = ["postgresql"];

/// What tests read instead of an address, where there is none and that has been reported.
const NONE: &str = "none";

/// A server that tests may use. One that was started for the run ends with this value, or with xtask, however that ends.
pub(crate) struct Server {
    url: String,
    finder: Child,
}

impl Server {
    /// Looks for one, and starts one where there is none; else its absence is a gap in the report.
    pub(crate) fn find(place: &Place, install: Install, report: &mut Report) -> Option<Self> {
        let finder = report.step("Build what finds PostgreSQL", || place.build_postgres_finder())?;
        let why = match look(&finder) {
            Ok(server) => return Some(server),
            Err(why) => why,
        };
        let why = match (install, tools::cannot_install()) {
            (Install::Never, _) => format!("{why}; `cargo xtask test --install` installs it"),
            (Install::Missing, Some(cannot)) => format!("{why}, and {cannot}"),
            (Install::Missing, None) => {
                report.step("Install PostgreSQL", || tools::apt_install(&SYSTEM_PACKAGES));
                match look(&finder) {
                    Ok(server) => return Some(server),
                    Err(why) => why,
                }
            }
        };
        report.not_run("the tests on PostgreSQL", &why);
        None
    }

    /// What tests read as `TEST_POSTGRES_URL`.
    pub(crate) fn variable(server: Option<&Self>) -> &str {
        server.map_or(NONE, |server| &server.url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is what it waits for; its status would tell nothing.
        drop(self.finder.stdin.take());
        drop(self.finder.wait());
    }
}

/// What the finder finds; or why there is none.
fn look(finder: &Path) -> Result<Server, String> {
    let (url, what, finder) = ask(finder).map_err(|error| format!("{error:#}"))?;
    if url.is_empty() {
        return Err(what);
    }
    println!("PostgreSQL for the tests: {what}");
    Ok(Server { url, finder })
}

fn ask(finder: &Path) -> Result<(String, String, Child)> {
    let mut child = Command::new(finder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| finder.display().to_string())?;
    let stdout = child.stdout.take().context("stdout is piped")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut line = || lines.next().context("it says nothing").and_then(|line| Ok(line?));
    Ok((line()?, line()?, child))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn finder(script: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("finder");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn one_that_is_found_is_kept_until_it_is_dropped() {
        let folder = finder("echo postgres://here; echo the one; cat; touch \"$0.ended\"");
        let server = look(&folder.path().join("finder")).unwrap();
        assert_eq!(Server::variable(Some(&server)), "postgres://here");
        assert!(!folder.path().join("finder.ended").exists());
        drop(server);
        assert!(folder.path().join("finder.ended").exists());
    }

    #[test]
    fn where_there_is_none_the_reason_is_told() {
        let folder = finder("echo; echo 'there is none'; exit 1");
        assert_eq!(look(&folder.path().join("finder")).err().as_deref(), Some("there is none"));
        assert_eq!(Server::variable(None), "none");
    }
}
