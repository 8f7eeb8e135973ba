//! The binary `waypost`.

#[allow(dead_code, unused_imports, reason = "until the server is wired, most settings have no reader")]
mod config;

mod cli;

use std::io::Write as _;
use std::process::ExitCode;

use cli::{Command, ConfigOutput, Invocation};
use config::{Config, Environment, default_file, reference_markdown};

fn main() -> ExitCode {
    let invocation = Invocation::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let config = || match invocation.command {
        Command::Demo => Config::for_demo(&invocation.flags, &Environment::of_process()),
        _ => Config::load(&invocation.flags, &Environment::of_process()),
    };
    let output = match &invocation.command {
        Command::Config(show) => show.output(),
        _ => ConfigOutput::Effective,
    };
    let text = match output {
        ConfigOutput::Effective => config().map(|config| config.to_toml()),
        ConfigOutput::Default => Ok(default_file()),
        ConfigOutput::Reference => Ok(reference_markdown()),
    };
    let written = match &text {
        Ok(text) => std::io::stdout().write_all(text.as_bytes()),
        Err(problems) => writeln!(std::io::stderr(), "waypost: {problems}"),
    };
    if text.is_ok() && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
