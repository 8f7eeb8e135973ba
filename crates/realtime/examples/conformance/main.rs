//! The server that the protocol's published test suites are pointed at:
//! `cargo run --release -p waypost-realtime --example conformance`, with `--engine` for the Engine.IO suite.
//!
//! It listens on 127.0.0.1:3000, or where `--listen ADDRESS` says, and prints its address when it does.

mod echo;

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use waypost_realtime::{Connections, Hub, Origin, Protocol, ServeConfig, serve};

/// Where the suites look.
const LISTEN: &str = "127.0.0.1:3000";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the address is what a person or a test needs to connect")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut protocol = echo::namespaces();
    let mut listen = LISTEN.to_owned();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--engine" => protocol = Protocol::EngineIo,
            "--listen" => listen = arguments.next().ok_or("--listen needs an address")?,
            unknown => {
                return Err(format!("unknown argument {unknown}; known are --engine and --listen").into());
            }
        }
    }
    let listen: SocketAddr = listen.parse().map_err(|error| format!("--listen {listen}: {error}"))?;
    // A server that matters draws its seed from the machine's randomness; here the ids may be guessed.
    let origin = Origin { head: None, seed: [7; 32] };
    let (hub, _publisher) = Hub::start(echo::config(protocol), Arc::new(echo::Echo), origin);
    let listener = TcpListener::bind(listen).await?;
    println!("http://{}", listener.local_addr()?);
    let connections = Connections::new(ServeConfig::default(), CancellationToken::new());
    serve(listener, hub.router(), connections).await;
    Ok(())
}
