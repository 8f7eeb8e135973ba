//! Python with the stock clients for it, which the tests drive: in a virtual environment of their own.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::place::{Place, variable};
use crate::tools::{self, Install};
use crate::{Report, process};

/// The oldest Python 3 for which `requirements.txt` names everything.
const MINOR_MIN: u32 = 11;

/// What the packages of Debian and Ubuntu are called.
const SYSTEM_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Written last, so it is not there after an installation that was interrupted.
const COMPLETE: &str = "installed";

/// A Python with the clients, which are installed if they are not; without Python that is a gap in the report. One that
/// `TEST_PYTHON` names is taken as it is.
pub(crate) fn with_clients(place: &Place, install: Install, report: &mut Report) -> Option<PathBuf> {
    let found = match variable("TEST_PYTHON") {
        Some(path) => Ok(PathBuf::from(path)),
        None => system_python(install, report).and_then(|system| {
            let installed = report.step("Install the stock clients for Python", || clients(place, &system));
            installed.ok_or_else(|| "they could not be installed".to_owned())
        }),
    };
    match found {
        Ok(python) => {
            println!("Python: {}", python.display());
            Some(python)
        }
        Err(why) => {
            report.not_run("the tests with stock clients for Python", &why);
            None
        }
    }
}

/// A Python that can make virtual environments, installed if it is missing and may be; else why there is none.
fn system_python(install: Install, report: &mut Report) -> Result<PathBuf, String> {
    let missing = match look() {
        Ok(python) => return Ok(python),
        Err(missing) => missing,
    };
    match (install, tools::cannot_install()) {
        (Install::Never, _) => Err(format!("{missing}; `cargo xtask test --install` installs it")),
        (Install::Missing, Some(why)) => Err(format!("{missing}, and {why}")),
        (Install::Missing, None) => {
            report.step("Install Python", || tools::apt_install(&SYSTEM_PACKAGES));
            look()
        }
    }
}

fn look() -> Result<PathBuf, String> {
    const MISSING: &str = "there is no Python 3.11 or newer (TEST_PYTHON, PATH)";
    let python = process::find_in_path("python3").ok_or(MISSING)?;
    let version = process::output(Command::new(&python).arg("--version")).map_err(|_| MISSING)?;
    if minor(&version).is_none_or(|minor| minor < MINOR_MIN) {
        return Err(format!("{MISSING}, only {}", version.trim()));
    }
    // Debian has both modules in a package of their own.
    if !process::succeeds(Command::new(&python).args(["-c", "import ensurepip, venv"])) {
        return Err("Python cannot make a virtual environment here (python3-venv)".to_owned());
    }
    Ok(python)
}

/// The Python of a virtual environment with what the requirements name, and nothing else.
fn clients(place: &Place, system: &Path) -> Result<PathBuf> {
    let requirements = place.python_requirements();
    let text = fs::read_to_string(&requirements).with_context(|| requirements.display().to_string())?;
    let folder = place.tools().join(folder_name(&text, system));
    let python = folder.join("bin/python");
    if folder.join(COMPLETE).exists() {
        return Ok(python);
    }
    process::run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder))?;
    // As with npm, nothing that is installed is run by that: no package is built here.
    process::run(
        Command::new(&python)
            .args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install"])
            .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
            .arg(&requirements),
    )?;
    fs::write(folder.join(COMPLETE), "").with_context(|| folder.display().to_string())?;
    Ok(python)
}

/// Clones share the folder, and their requirements may differ.
fn folder_name(requirements: &str, system: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    (requirements, system).hash(&mut hasher);
    format!("python-clients-{:016x}", hasher.finish())
}

fn minor(version: &str) -> Option<u32> {
    version.trim().strip_prefix("Python 3.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_python_is_understood() {
        assert_eq!(minor("Python 3.11.7\n"), Some(11));
        assert_eq!(minor("Python 2.7.18"), None);
        assert_eq!(minor("pypy"), None);
    }

    #[test]
    fn other_requirements_are_installed_elsewhere() {
        let system = Path::new("/usr/bin/python3");
        assert_eq!(folder_name("a==1", system), folder_name("a==1", system));
        assert_ne!(folder_name("a==1", system), folder_name("a==2", system));
        assert_ne!(folder_name("a==1", system), folder_name("a==1", Path::new("/opt/python3")));
    }
}
