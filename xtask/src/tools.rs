//! The programs that are needed beside cargo: looked for, and where asked for, installed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::Report;
use crate::place::variable;
use crate::process;

/// The oldest Node.js that will do.
const NODE_MAJOR_MIN: u32 = 20;

/// Where Chromium may be in `PATH`.
const CHROMIUM_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Whether packages of the system may be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Install {
    /// Only looked for.
    Never,
    /// Installed where they are missing.
    Missing,
}

/// Without a C compiler nothing is built: SQLite and the TLS library are in C.
pub(crate) fn require_c_compiler() -> Result<()> {
    let compiler = variable("CC").unwrap_or_else(|| "cc".into());
    if process::succeeds(Command::new(&compiler).arg("--version")) {
        return Ok(());
    }
    bail!(
        "no C compiler ({} does not run): install one, on Debian and Ubuntu with `apt-get install gcc libc6-dev`",
        compiler.display()
    );
}

/// Without Node.js and npm there is no page and there are no stock clients.
pub(crate) fn require_node() -> Result<()> {
    const ADVICE: &str = "Node.js 20 or newer and npm are needed for the front-end parts: see nodejs.org";
    let version = process::output(Command::new("node").arg("--version")).context(ADVICE)?;
    let major = node_major(&version).with_context(|| format!("`node --version` printed {version:?}"))?;
    if major < NODE_MAJOR_MIN {
        bail!("{ADVICE} (this is {})", version.trim());
    }
    if !process::succeeds(Command::new("npm").arg("--version")) {
        bail!("npm does not run. {ADVICE}");
    }
    println!("Node.js {}", version.trim());
    Ok(())
}

/// Without valgrind no instructions are counted.
pub(crate) fn require_valgrind() -> Result<()> {
    // To ask them for their versions would not do: `callgrind_annotate --version` fails when it has said it.
    for program in ["valgrind", "callgrind_annotate"] {
        if process::find_in_path(program).is_none() {
            bail!("no `{program}`: install valgrind, on Debian and Ubuntu with `apt-get install valgrind`");
        }
    }
    Ok(())
}

/// The browser for the browser tests, installed if it is missing and may be; else its absence is a gap in the report.
pub(crate) fn chromium(install: Install, report: &mut Report) -> Option<PathBuf> {
    if let Some(path) = find_chromium() {
        println!("Chromium: {}", path.display());
        return Some(path);
    }
    let why = match install {
        Install::Never => {
            "there is no Chromium (TEST_CHROMIUM, PATH); `cargo xtask test --install` installs it".to_owned()
        }
        Install::Missing => match cannot_install() {
            Some(why) => format!("there is no Chromium, and {why}"),
            None => {
                report.step("Install Chromium", || {
                    apt_install(&["chromium", "fonts-liberation", "fonts-noto-color-emoji"])
                });
                match find_chromium() {
                    Some(path) => return Some(path),
                    None => "Chromium could not be installed".to_owned(),
                }
            }
        },
    };
    report.not_run("the tests in a browser", &why);
    None
}

fn find_chromium() -> Option<PathBuf> {
    match variable("TEST_CHROMIUM") {
        Some(path) => Some(PathBuf::from(path)),
        None => CHROMIUM_NAMES.into_iter().find_map(process::find_in_path),
    }
}

/// Why nothing can be installed here, if so.
pub(crate) fn cannot_install() -> Option<&'static str> {
    if process::find_in_path("apt-get").is_none() {
        return Some("there is no apt-get to install it with");
    }
    let user = process::output(Command::new("id").arg("-u")).unwrap_or_default();
    (user.trim() != "0").then_some("only root can install it")
}

/// Installs packages of the system.
pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    process::run(apt().args(["--quiet", "update"]))?;
    process::run(apt().args(["--quiet", "--yes", "--no-install-recommends", "install"]).args(packages))
}

fn node_major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_understood() {
        assert_eq!(node_major("v20.20.2\n"), Some(20));
        assert_eq!(node_major("v9.0.0"), Some(9));
        assert_eq!(node_major("20"), None);
    }
}
