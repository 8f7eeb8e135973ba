//! The server that the protocol's published test suites are pointed at:
//! `cargo run --release -p waypost-realtime --example conformance`, with `--engine` for the Engine.IO suite.
//!
//! It listens on 127.0.0.1:3000, or where `--listen ADDRESS` says, and prints its address when it does.

mod echo;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use waypost_realtime::{Connections, Hub, Origin, Protocol, ServeConfig, serve};

const USAGE: &str = "usage: conformance [--engine] [--listen ADDRESS]

  --engine          speak Engine.IO alone, at /engine.io/, and echo every message
  --listen ADDRESS  where to listen, such as 127.0.0.1:0 for any free port [default: 127.0.0.1:3000]";

/// Where the suites look.
const LISTEN: &str = "127.0.0.1:3000";

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a person reads why it does not start")]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the address is what a person or a test needs to connect")]
async fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let mut protocol = echo::namespaces();
    let mut listen = LISTEN.to_owned();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--engine" => protocol = Protocol::EngineIo,
            "--listen" => listen = arguments.next().ok_or("--listen needs an address")?,
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            unknown => return Err(format!("unknown argument {unknown}\n\n{USAGE}")),
        }
    }
    let address: SocketAddr = listen
        .parse()
        .map_err(|_| format!("--listen {listen}: not an address with a port, such as 127.0.0.1:3000"))?;
    let listener =
        TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("http://{}", listener.local_addr().map_err(|error| error.to_string())?);
    // A server that matters draws its seed from the machine's randomness; here the ids may be guessed.
    let origin = Origin::empty([7; 32]);
    let (hub, _publisher) = Hub::start(echo::config(protocol), Arc::new(echo::Echo), origin);
    serve(listener, hub.router(), Connections::new(ServeConfig::default(), CancellationToken::new())).await;
    Ok(())
}
