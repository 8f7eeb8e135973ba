//! The servers that are compared, each a process on a core of its own that prints its address when it listens.

use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use super::handshake::Transports;
use crate::machine::{LOAD_CORE, SERVER_CORE, pin_to};

/// A server to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Peer {
    /// Our engine, without a store.
    Ours,
    /// Node's `socket.io`.
    Node,
    /// The lower bound: see `bare.rs`.
    Bare,
}

/// All of them, in the order of the table's columns.
pub(crate) const PEERS: [Peer; 3] = [Peer::Ours, Peer::Node, Peer::Bare];

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "ours",
            Self::Node => "node",
            Self::Bare => "bare",
        })
    }
}

impl Peer {
    /// The lower bound knows no polling.
    pub(crate) fn speaks(self, transports: Transports) -> bool {
        self != Self::Bare || transports == Transports::WebSocket
    }
}

/// Where the servers are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Programs {
    /// The example `fanout` of `waypost-realtime`, a release build.
    #[arg(long, value_name = "FILE", env = "BENCH_FANOUT_BIN", hide = true)]
    fanout_bin: PathBuf,
    /// The folder of Node's server, with its packages installed.
    #[arg(long, value_name = "DIR", env = "BENCH_NODE_DIR", hide = true)]
    node_dir: PathBuf,
}

/// A running server. It is killed when this is dropped.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    pub(crate) fn start(peer: Peer, programs: &Programs) -> Result<Self> {
        let command = match peer {
            Peer::Ours => Command::new(&programs.fanout_bin),
            Peer::Node => {
                let mut node = Command::new("node");
                node.arg(programs.node_dir.join("server.mjs")).env("NODE_ENV", "production");
                node
            }
            Peer::Bare => {
                let mut bare = Command::new(std::env::current_exe()?);
                bare.arg("bare");
                bare
            }
        };
        Self::spawn(command, &peer.to_string())
    }

    /// Any program that prints its address when it listens.
    pub(crate) fn spawn(mut command: Command, name: &str) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        // The child inherits the core of the thread that starts it, and sees no other.
        pin_to(SERVER_CORE)?;
        let process = command.spawn().with_context(|| format!("the server `{name}` cannot be started"));
        pin_to(LOAD_CORE)?;
        let mut server = Self { process: process?, port: 0 };
        let mut line = String::new();
        let output = server.process.stdout.take().context("the server's output is piped")?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        server.port = port.with_context(|| format!("the server `{name}` printed {line:?}"))?;
        Ok(server)
    }

    /// Its address on loopback number `net`: it listens on all of 127.0.0.0/8.
    pub(crate) fn address(&self, net: u8) -> SocketAddr {
        SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, net), self.port).into()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and nothing is left to do then.
        let (Ok(()) | Err(_)) = self.process.kill();
        let (Ok(_) | Err(_)) = self.process.wait();
    }
}
