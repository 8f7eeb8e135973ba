//! `cargo xtask demo`: from a fresh clone to a page with messages, in one command.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::build_web;
use crate::place::{Place, Profile};
use crate::tools;

/// Builds what is not built and runs `waypost demo` until it ends.
pub(crate) fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    let arguments = match arguments {
        [first, rest @ ..] if first == "--" => rest,
        all => all,
    };
    tools::require_c_compiler()?;
    build_web::build_if_stale(place)?;
    let binary = place.build_binary(Profile::Dev)?;
    println!("$ waypost demo {}", arguments.join(" "));
    become_program(Command::new(&binary).arg("demo").args(arguments))
        .with_context(|| format!("{} cannot be started", binary.display()))
}

/// Turns this process into the program, so that Ctrl-C and signals reach it and nothing else.
#[cfg(unix)]
fn become_program(command: &mut Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> std::io::Result<ExitCode> {
    let status = command.status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
