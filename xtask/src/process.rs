//! Running other programs, and telling about it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Runs a program to its end, with its output shown. Any status but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", line(command));
    let status = command.stdin(Stdio::null()).status().with_context(|| not_started(command))?;
    if !status.success() {
        bail!("`{}`: {status}", line(command));
    }
    Ok(())
}

/// Runs a program and returns what it printed on its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| not_started(command))?;
    if !output.status.success() {
        bail!("`{}`: {}", line(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` prints UTF-8", line(command)))
}

/// Whether the program can be started and succeeds; prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// npm in a folder. Never runs the scripts of what it installs.
pub(crate) fn npm(folder: &Path, arguments: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args(arguments).env("npm_config_update_notifier", "false");
    npm
}

/// Installs what the lockfile of the folder says, and nothing else.
pub(crate) fn npm_ci(folder: &Path) -> Result<()> {
    run(&mut npm(folder, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
}

/// Installs what the lockfile of the folder says, unless that has been done since it last changed.
pub(crate) fn npm_ci_if_stale(folder: &Path) -> Result<()> {
    let modified = |file: &str| folder.join(file).metadata().and_then(|metadata| metadata.modified()).ok();
    // npm writes this file last, so it is not there after an installation that was interrupted.
    match (modified("node_modules/.package-lock.json"), modified("package-lock.json")) {
        (Some(installed), Some(locked)) if installed >= locked => Ok(()),
        _ => npm_ci(folder),
    }
}

/// The program of that name in `PATH`.
pub(crate) fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn not_started(command: &Command) -> String {
    format!("`{}` cannot be started", line(command))
}

/// The command as a person would type it, more or less.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).expect_err("it fails");
        assert!(error.to_string().contains("sh -c exit 3"), "{error}");
    }

    #[test]
    fn an_absent_program_is_an_error_that_names_it() {
        let error = output(&mut Command::new("waypost-no-such-program")).expect_err("there is none");
        assert!(error.to_string().contains("waypost-no-such-program"), "{error}");
        assert!(!succeeds(&mut Command::new("waypost-no-such-program")));
    }

    #[test]
    fn output_is_returned() {
        assert_eq!(output(Command::new("sh").args(["-c", "echo hello"])).unwrap(), "hello\n");
    }
}
