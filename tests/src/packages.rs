//! Which stock clients the tests drive: what `clients/package.json` and `clients/python/requirements.in` name.

use std::cell::OnceCell;
use std::process::Command;

use waypost_testkit::{clients_dir, python};

use crate::agent::Agent;

/// A stock Socket.IO client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// `socket.io-client` of npm, at this version.
    JavaScript(&'static str),
    /// `python-socketio` with threads, over `requests` and `websocket-client`.
    PythonThreads,
    /// `python-socketio` with asyncio, over `aiohttp`.
    PythonAsyncio,
}

impl Package {
    /// The version of `socket.io-client` that people install today.
    pub const CURRENT: Self = Self::JavaScript("4.8.4");

    /// Versions of `socket.io-client` that differ in what they do on the wire or with it.
    ///
    /// 4.0 is the oldest of its kind (Engine.IO client 5); 4.4 came with Engine.IO client 6; 4.5 splits its payloads by
    /// `maxPayload`; 4.6 remembers offsets for recovery and repeats emits; 4.7 and 4.8 choose transports anew.
    pub const JAVA_SCRIPT: [Self; 6] = [
        Self::JavaScript("4.0.2"),
        Self::JavaScript("4.4.1"),
        Self::JavaScript("4.5.4"),
        Self::JavaScript("4.6.2"),
        Self::JavaScript("4.7.5"),
        Self::CURRENT,
    ];

    /// Those that remember their offset and present it when they come back.
    pub const RECOVERING: [Self; 3] = [Self::JavaScript("4.6.2"), Self::JavaScript("4.7.5"), Self::CURRENT];

    /// Both clients of `python-socketio`.
    pub const PYTHON: [Self; 2] = [Self::PythonThreads, Self::PythonAsyncio];

    /// All that can be run here: without Python, those of npm.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let python = python().map(|_| Self::PYTHON);
        Self::JAVA_SCRIPT.into_iter().chain(python.into_iter().flatten()).collect()
    }

    /// By which name its agent loads it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::JavaScript(version) => format!("socket.io-client-{version}"),
            Self::PythonThreads => "threads".to_owned(),
            Self::PythonAsyncio => "asyncio".to_owned(),
        }
    }
}

/// Versions of `engine.io-client` that differ in what they do on the wire: 6.0 knows no `maxPayload`, 6.2 does, 6.4 is
/// the last before transports are chosen anew, and the newest.
pub const ENGINE_IO_VERSIONS: [&str; 4] = ["6.0.3", "6.2.3", "6.4.0", "6.6.8"];

/// The name of that version of `engine.io-client`, by which its agent loads it.
pub(crate) fn engine_package(version: &str) -> String {
    format!("engine.io-client-{version}")
}

/// The processes in which the clients of a test run: one for each language, started when the first client needs it.
#[derive(Default)]
pub struct Agents {
    java_script: OnceCell<Agent>,
    python: OnceCell<Agent>,
    engine: OnceCell<Agent>,
}

impl Agents {
    /// The one for Engine.IO clients, with every version loaded: a client whose neighbours are loaded while it runs may
    /// miss heartbeats as short as those of the conformance server.
    #[must_use]
    pub fn of_every_engine() -> Self {
        let agents = Self::default();
        for version in ENGINE_IO_VERSIONS {
            agents.engine().load(&engine_package(version));
        }
        agents
    }

    /// The process that drives this package.
    pub(crate) fn of(&self, package: Package) -> Agent {
        let agent = match package {
            Package::JavaScript(_) => self.java_script.get_or_init(|| Agent::start(&mut node("agent.mjs"))),
            Package::PythonThreads | Package::PythonAsyncio => self.python.get_or_init(|| {
                let python = python().expect("a test of Python asks whether it is there");
                Agent::start(Command::new(python).arg(clients_dir().join("python/agent.py")))
            }),
        };
        agent.clone()
    }

    /// The process that drives `engine.io-client`.
    pub(crate) fn engine(&self) -> Agent {
        self.engine.get_or_init(|| Agent::start(&mut node("engine-agent.mjs"))).clone()
    }
}

fn node(script: &str) -> Command {
    let mut node = Command::new("node");
    node.current_dir(clients_dir()).arg(script);
    node
}
