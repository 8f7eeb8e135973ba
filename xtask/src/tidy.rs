//! `cargo xtask tidy`: the rules of this repository that neither compiler nor clippy keeps.
//!
//! A check is a function of the [`Tree`] that returns what is wrong, and lives in a file with tests that show that it
//! can fail. Exceptions are lists in those files, each entry with its reason.

mod blobs;
mod dependencies;
mod edges;
mod licences;
mod links;
mod markers;
mod metadata;
mod packages;
mod sizes;
mod sleeps;
mod tree;

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};

use crate::place::Place;
use tree::Tree;

/// What is wrong, and where: `path: what` or `path:line: what`.
type Problem = String;

/// A rule and what checks it.
struct Check {
    rule: &'static str,
    check: fn(&Tree) -> Vec<Problem>,
}

const CHECKS: [Check; 11] = [
    Check { rule: "a crate knows only what the design lets it know", check: edges::check },
    Check { rule: "what must be pure depends on nothing that is not", check: edges::check_purity },
    Check { rule: "every dependency is used", check: dependencies::check },
    Check { rule: "dependencies have licences that we may use", check: licences::check },
    Check { rule: "every package says what it is for", check: packages::check },
    Check { rule: "no leftovers of work in progress", check: markers::check },
    Check { rule: "no test sleeps", check: sleeps::check },
    Check { rule: "files have at most 400 lines", check: sizes::check_files },
    Check {
        rule: "functions have at most 70 lines (TypeScript; clippy checks Rust)",
        check: sizes::check_functions,
    },
    Check { rule: "nothing large is committed but fixtures", check: blobs::check },
    Check { rule: "links in documents lead somewhere", check: links::check },
];

/// Runs all checks; an error if any has found something.
pub(crate) fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    ensure!(arguments.is_empty(), "tidy takes no arguments");
    let tree = Tree::read(place)?;
    let mut count = 0;
    for Check { rule, check } in CHECKS {
        let problems = check(&tree);
        println!("{:>6} {rule}", if problems.is_empty() { "ok" } else { "WRONG" });
        for problem in &problems {
            println!("         {problem}");
        }
        count += problems.len();
    }
    if count > 0 {
        bail!("{count} things are untidy");
    }
    Ok(ExitCode::SUCCESS)
}
