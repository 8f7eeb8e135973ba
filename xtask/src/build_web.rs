//! `cargo xtask build-web`: the front-end parts that the binary embeds.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};

use crate::place::Place;
use crate::{process, tools};

/// What the build of a package reads, beside its `node_modules`.
const SOURCES: [&str; 6] =
    ["package.json", "package-lock.json", "build.mjs", "tsconfig.json", "src", "static"];

/// Builds them, whether they have changed or not.
pub(crate) fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    ensure!(arguments.is_empty(), "build-web takes no arguments");
    tools::require_node()?;
    build(&place.test_client())?;
    Ok(ExitCode::SUCCESS)
}

/// Builds them if they are missing or older than what they are built from.
pub(crate) fn build_if_stale(place: &Place) -> Result<()> {
    let package = place.test_client();
    if is_current(&package)? {
        println!("The front-end parts are built.");
        return Ok(());
    }
    tools::require_node()?;
    build(&package)
}

fn build(package: &Path) -> Result<()> {
    process::npm_ci_if_stale(package)?;
    process::run(&mut process::npm(package, &["run", "build"]))
}

fn is_current(package: &Path) -> Result<bool> {
    let mut newest_source = SystemTime::UNIX_EPOCH;
    for source in SOURCES {
        visit(&package.join(source), &mut |time| newest_source = newest_source.max(time))?;
    }
    let mut oldest_built = None::<SystemTime>;
    visit(&package.join("dist"), &mut |time| {
        oldest_built = Some(oldest_built.map_or(time, |oldest| oldest.min(time)));
    })?;
    Ok(oldest_built.is_some_and(|oldest| oldest >= newest_source))
}

/// Calls `found` with the time of every file at or below `path`; there may be none.
fn visit(path: &Path, found: &mut impl FnMut(SystemTime)) -> Result<()> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    if metadata.is_file() {
        found(metadata.modified().with_context(|| path.display().to_string())?);
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        visit(&entry?.path(), found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn write(path: &Path, modified: SystemTime) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = fs::File::create(path).unwrap();
        file.set_modified(modified).unwrap();
    }

    #[test]
    fn what_is_built_is_current_until_a_source_is_newer() {
        let package = tempfile::tempdir().unwrap();
        let (file, at) =
            (|name| package.path().join(name), |s| SystemTime::UNIX_EPOCH + Duration::from_secs(s));
        write(&file("src/deep/main.ts"), at(100));
        assert!(!is_current(package.path()).unwrap(), "nothing is built");
        write(&file("dist/page.js"), at(200));
        write(&file("dist/page.css"), at(201));
        assert!(is_current(package.path()).unwrap());
        write(&file("node_modules/x/index.js"), at(300));
        assert!(is_current(package.path()).unwrap(), "what npm installs is told by the lockfile");
        write(&file("package-lock.json"), at(201));
        assert!(!is_current(package.path()).unwrap(), "the oldest of what is built counts");
    }
}
