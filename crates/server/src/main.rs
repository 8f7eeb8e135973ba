//! The binary `waypost`: configuration, wiring, HTTP routes, auth, limits, telemetry, commands, shutdown.
//!
//! Start reading at `routes.rs` (what is served), then `server.rs` (what runs, and how it stops), then `live.rs`.

mod access_tables;
mod accounts;
mod app;
mod audit;
mod cli;
mod clock;
mod commands;
mod config;
mod descriptors;
mod http;
mod limits;
mod listen;
mod live;
mod needs;
mod rights;
mod routes;
mod sealing;
mod server;
mod store_state;
mod telemetry;
mod tokens;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use cli::{Command, ConfigOutput, Invocation};
use config::{Config, Environment, default_file, reference_markdown};

/// Much is allocated on one thread and freed on another (webhooks by the writer, events by the shards), at which the
/// system's allocator spends a tenth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let invocation = Invocation::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    match run(&invocation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody can be told that the message could not be written.
            let (Ok(()) | Err(_)) = writeln!(std::io::stderr(), "waypost: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(invocation: &Invocation) -> anyhow::Result<()> {
    // Whatever is written holds messages or keys: it is its owner's alone, also in a directory that others can enter.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let environment = Environment::of_process();
    let load = || Config::load(&invocation.flags, &environment);
    match &invocation.command {
        Command::Serve => {
            let config = load()?;
            in_runtime(&config, commands::serve::serve(&config))
        }
        Command::Demo => {
            let config = Config::for_demo(&invocation.flags, &environment)?;
            in_runtime(&config.clone(), commands::demo::demo(config))
        }
        Command::Simulate(asked) => {
            let config = load()?;
            in_runtime(&config, commands::simulate::simulate(asked, &config))
        }
        Command::Reprocess(asked) => {
            let config = load()?;
            in_runtime(&config, commands::reprocess::reprocess(asked, &config))
        }
        Command::MigrateStore(asked) => commands::migrate_store::migrate_store(asked, &load()?),
        Command::Admin(command) => commands::admin::admin(command, &load()?),
        Command::MasterKey(command) => commands::master_key::master_key(command, &load()?),
        Command::Audit(command) => commands::audit::audit(command, &load()?),
        Command::Key(command) => commands::key::key(command, &load()?),
        Command::Config(show) => print(&match show.output() {
            ConfigOutput::Effective => load()?.to_toml(),
            ConfigOutput::Default => default_file(),
            ConfigOutput::Reference => reference_markdown(),
        }),
        Command::Openapi => print(&format!("{}\n", routes::description_json())),
        Command::Access => print(&access_tables::markdown()),
    }
}

fn in_runtime(config: &Config, command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    telemetry::start_logs(&config.server.log, config.server.log_format).context("cannot start logging")?;
    // One provider of cryptography for everything that speaks TLS. Only a second call could fail.
    let (Ok(()) | Err(_)) = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(command);
    // What is left of blocking reads ends with the process.
    runtime.shutdown_background();
    result
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to the terminal")
}
