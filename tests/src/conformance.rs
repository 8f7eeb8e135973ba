//! The conformance server of `waypost-realtime`: the engine without the product.

use std::process::Command;

use waypost_testkit::conformance_binary;

use crate::command::Program;

/// A conformance server that runs; killed at the end.
pub struct ConformanceServer {
    url: String,
    /// Kept for its end.
    _program: Program,
}

impl ConformanceServer {
    /// One that speaks Socket.IO.
    #[must_use]
    #[track_caller]
    pub fn socket_io() -> Self {
        Self::start(&[])
    }

    /// One that speaks bare Engine.IO and echoes every message.
    #[must_use]
    #[track_caller]
    pub fn engine_io() -> Self {
        Self::start(&["--engine"])
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    #[track_caller]
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(conformance_binary());
        let program = Program::run(command.args(["--listen", "127.0.0.1:0"]).args(arguments));
        let url = program.line("address", |line| line.starts_with("http://").then(|| line.to_owned()));
        Self { url, _program: program }
    }
}
