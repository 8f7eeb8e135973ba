//! `cargo xtask generate`: the committed files that are made from something else.

mod third_party;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::place::{Place, Profile};
use crate::process;

/// A file, and what it is made by.
struct Generated {
    path: &'static str,
    make: fn(&Sources<'_>) -> Result<String>,
}

/// What files are made from.
struct Sources<'a> {
    root: &'a Path,
    binary: &'a Path,
    test_client: &'a Path,
}

/// Written by hand, but for the tables between two marks.
const SECURITY: &str = "docs/SECURITY.md";
const TABLES_BEGIN: &str = "<!-- generated: who may what -->\n";
const TABLES_END: &str = "<!-- end of what is generated -->\n";

const FILES: [Generated; 4] = [
    Generated { path: "THIRD_PARTY.md", make: |from| third_party::notices(from.test_client) },
    Generated { path: "docs/CONFIGURATION.md", make: |from| ask(from.binary, &["config", "--reference"]) },
    Generated { path: "docs/openapi.json", make: |from| ask(from.binary, &["openapi"]) },
    Generated { path: SECURITY, make: |from| with_tables(from.root, &ask(from.binary, &["access"])?) },
];

/// Writes the files, or with `--check` says which are out of date.
pub(crate) fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let check_only = match words.as_slice() {
        [] => false,
        ["--check"] => true,
        _ => bail!("usage: cargo xtask generate [--check]"),
    };
    process::npm_ci_if_stale(&place.test_client())?;
    let binary = place.build_binary(Profile::Dev)?;
    if check_only {
        check(place, &binary)?;
    } else {
        write(place, &binary)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(place: &Place, binary: &Path) -> Result<()> {
    let sources = Sources { root: place.root(), binary, test_client: &place.test_client() };
    for file in &FILES {
        let text = (file.make)(&sources).with_context(|| file.path)?;
        let path = place.root().join(file.path);
        let changed = fs::read_to_string(&path).ok().as_ref() != Some(&text);
        if changed {
            fs::write(&path, text).with_context(|| file.path)?;
        }
        println!("{} {}", if changed { "written:  " } else { "unchanged:" }, file.path);
    }
    Ok(())
}

/// An error that names every file that differs from what would be written.
pub(crate) fn check(place: &Place, binary: &Path) -> Result<()> {
    let sources = Sources { root: place.root(), binary, test_client: &place.test_client() };
    let mut wrong = Vec::new();
    for file in &FILES {
        let committed = fs::read_to_string(place.root().join(file.path)).ok();
        match (file.make)(&sources) {
            Ok(text) if committed.as_ref() == Some(&text) => println!("current: {}", file.path),
            Ok(_) if committed.is_none() => wrong.push(format!("{} is missing", file.path)),
            Ok(_) => wrong.push(format!("{} is out of date", file.path)),
            Err(error) => wrong.push(format!("{} cannot be made: {error:#}", file.path)),
        }
    }
    if !wrong.is_empty() {
        bail!("{}; `cargo xtask generate` writes them", wrong.join("; "));
    }
    Ok(())
}

fn ask(binary: &Path, arguments: &[&str]) -> Result<String> {
    process::output(Command::new(binary).args(arguments))
}

/// The page with these tables between its marks.
fn with_tables(root: &Path, tables: &str) -> Result<String> {
    let page = fs::read_to_string(root.join(SECURITY)).context(SECURITY)?;
    let (before, rest) = page.split_once(TABLES_BEGIN).context("there is no mark before the tables")?;
    let (_, after) = rest.split_once(TABLES_END).context("there is no mark after the tables")?;
    Ok(format!("{before}{TABLES_BEGIN}{tables}{TABLES_END}{after}"))
}
