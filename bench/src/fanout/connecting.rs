//! What it costs the server to let a client in, until it has joined its room.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

use super::handshake::{self, Transports};
use super::load::Load;
use super::peer::Server;
use crate::usage::{Usage, Used};

/// So long a server has to put away what the clients of the warm-up have left.
const PUT_AWAY: Duration = Duration::from_secs(1);

/// How many connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// Come first and go again, and are not measured.
    pub(crate) warm_up: usize,
    pub(crate) clients: usize,
}

/// What was measured.
pub(crate) struct Connected {
    clients: usize,
    pub(crate) used: Used,
}

/// Connects them, some at a time, and keeps them until all are there.
pub(crate) fn measure(server: &Server, crowd: Crowd, transports: Transports) -> Result<Connected> {
    drop(handshake::join(server, crowd.warm_up, transports)?);
    Load::new(server, Vec::new())?.idle(PUT_AWAY)?;
    let before = Usage::look(server.pid())?;
    let joined = handshake::join(server, crowd.clients, transports)?;
    let used = Usage::look(server.pid())?.since(&before);
    Ok(Connected { clients: joined.len(), used })
}

impl Connected {
    /// CPU time of the server for each client.
    pub(crate) fn micros(&self) -> f64 {
        self.used.server_exact.as_secs_f64() * 1e6 / self.clients as f64
    }
}

impl fmt::Display for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.used.elapsed.as_secs_f64() * 1e6 / self.clients as f64;
        write!(f, "{:.1} µs CPU each, one in {each:.0} µs; {}", self.micros(), self.used)
    }
}
