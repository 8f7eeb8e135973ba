//! How a stock client connects.

use serde_json::{Value, json};
use waypost_testkit::TestServer;

use crate::cable::Cable;
use crate::client::StockClient;
use crate::packages::{Agents, Package};

/// A way in which stock clients connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Polling first, then an upgrade to WebSocket.
    Default,
    /// WebSocket from the start.
    WebSocketOnly,
    /// Polling for ever.
    PollingOnly,
    /// The default transports, in the namespace of older deployments.
    OlderNamespace,
}

impl Variant {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Default, Self::WebSocketOnly, Self::PollingOnly, Self::OlderNamespace];

    /// Those that differ in their transports.
    pub const TRANSPORTS: [Self; 3] = [Self::Default, Self::WebSocketOnly, Self::PollingOnly];

    /// The transports that a client is told to use; `None` leaves that to it.
    pub(crate) fn transports(self) -> Option<Value> {
        match self {
            Self::Default | Self::OlderNamespace => None,
            Self::WebSocketOnly => Some(json!(["websocket"])),
            Self::PollingOnly => Some(json!(["polling"])),
        }
    }
}

/// How a client connects.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    package: Package,
    url: String,
    namespace: &'static str,
    options: Value,
}

impl ClientOptions {
    /// The defaults of the package, and the server's key.
    #[must_use]
    pub fn new(server: &TestServer) -> Self {
        // The pause before a client comes back is bounded, so that tests of restarts are short.
        Self::at(server.url())
            .option("auth", json!({ "token": server.secrets().api_key }))
            .option("reconnectionDelayMax", json!(1000))
    }

    /// The defaults of the package, with the server's key, over a cable.
    #[must_use]
    pub fn over(cable: &Cable, server: &TestServer) -> Self {
        Self { url: cable.url(), ..Self::new(server) }
    }

    /// The defaults of the package, with any server.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { package: Package::CURRENT, url: url.into(), namespace: "/", options: json!({}) }
    }

    /// Another package than the current `socket.io-client`.
    #[must_use]
    pub fn package(mut self, package: Package) -> Self {
        self.package = package;
        self
    }

    /// As the variant says.
    #[must_use]
    pub fn variant(mut self, variant: Variant) -> Self {
        if let Some(transports) = variant.transports() {
            self.options["transports"] = transports;
        }
        if variant == Variant::OlderNamespace {
            self.namespace = "/websocket";
        }
        self
    }

    /// Another namespace than `/`.
    #[must_use]
    pub fn namespace(mut self, namespace: &'static str) -> Self {
        self.namespace = namespace;
        self
    }

    /// Sets an option of `io()`.
    #[must_use]
    pub fn option(mut self, name: &str, value: Value) -> Self {
        self.options[name] = value;
        self
    }

    /// Sets a member of `auth`, beside those it has.
    #[must_use]
    pub fn auth(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.options["auth"][name] = value.into();
        self
    }

    /// In Python: a handler of exactly one argument for this event, as people write it.
    #[must_use]
    pub fn one_argument(self, event: &str) -> Self {
        self.option("oneArgument", json!([event]))
    }

    /// Starts the client in a process of its own; what comes of it is reported.
    ///
    /// # Panics
    /// When Node.js or the package is missing: `cargo xtask test` installs the package.
    #[must_use]
    pub fn start(self) -> StockClient {
        self.start_in(&Agents::default())
    }

    /// Starts the client in the process that the test has for its language.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_in(self, agents: &Agents) -> StockClient {
        let start = json!({
            "package": self.package.name(),
            "url": self.url,
            "namespace": self.namespace,
            "options": self.options,
        });
        StockClient::start(agents.of(self.package), start)
    }

    /// Starts the client over the connection of another: only the namespace and `auth` are its own.
    #[must_use]
    pub fn start_beside(self, other: &StockClient) -> StockClient {
        let start = json!({
            "package": self.package.name(),
            "url": self.url,
            "namespace": self.namespace,
            "options": self.options,
            "beside": other.number(),
        });
        StockClient::start(other.agent(), start)
    }

    /// Starts the client and waits until it is connected.
    #[must_use]
    #[track_caller]
    pub fn connect(self) -> StockClient {
        let mut client = self.start();
        client.connected();
        client
    }
}
