//! A stock Engine.IO client: `engine.io-client` from npm, driven by `clients/engine-agent.mjs`.

use serde_json::{Value, json};

use crate::agent::Driven;
use crate::options::Variant;
use crate::packages::{Agents, engine_package};

/// What a client reports.
#[derive(Debug)]
enum Report {
    Open(String),
    Upgrade(String),
    Message(Value),
    Ping,
    Close(String),
    Error(String),
}

/// A client of bare Engine.IO that runs; it closes with this value.
pub struct EngineClient {
    driven: Driven<Report>,
}

impl EngineClient {
    /// Starts a client of that version. What is sent at once leaves with the first request after the handshake.
    #[must_use]
    pub fn start(agents: &Agents, version: &str, url: &str, variant: Variant) -> Self {
        let mut options = json!({});
        if let Some(transports) = variant.transports() {
            options["transports"] = transports;
        }
        let start = json!({ "package": engine_package(version), "url": url, "options": options });
        Self { driven: Driven::start(agents.engine(), start, report) }
    }

    /// Sends a text, or bytes as `{ "base64": "…" }`.
    pub fn send(&mut self, message: &Value) {
        self.driven.command("send", json!({ "message": message }));
    }

    /// Waits for the next message.
    #[track_caller]
    pub fn message(&mut self) -> Value {
        self.driven.take("a message", |report| match report {
            Report::Message(message) => Some(message.clone()),
            Report::Error(error) => panic!("the client failed: {error}"),
            Report::Close(reason) => panic!("the connection was closed: {reason}"),
            _ => None,
        })
    }

    /// Waits for the transport with which the connection begins.
    #[track_caller]
    pub fn opened_by(&mut self) -> String {
        self.driven.take("an open transport", |report| match report {
            Report::Open(transport) => Some(transport.clone()),
            _ => None,
        })
    }

    /// Waits for an upgrade; the new transport.
    #[track_caller]
    pub fn upgraded_to(&mut self) -> String {
        self.driven.take("an upgrade", |report| match report {
            Report::Upgrade(transport) => Some(transport.clone()),
            _ => None,
        })
    }

    /// Waits for the next heartbeat of the server.
    #[track_caller]
    pub fn pinged(&mut self) {
        self.driven.take("a ping", |report| match report {
            Report::Ping => Some(()),
            Report::Close(reason) => panic!("the connection was closed: {reason}"),
            _ => None,
        });
    }

    /// Closes the connection, as the program itself would; the reason that the client gives for its end.
    #[track_caller]
    pub fn close(&mut self) -> String {
        self.driven.command("disconnect", json!({}));
        self.driven.take("the end of the connection", |report| match report {
            Report::Close(reason) => Some(reason.clone()),
            _ => None,
        })
    }
}

fn report(line: &Value) -> Report {
    let text = |member: &str| match line[member].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("the agent reported no {member}: {line}"),
    };
    match line["kind"].as_str() {
        Some("open") => Report::Open(text("transport")),
        Some("upgrade") => Report::Upgrade(text("transport")),
        Some("message") => Report::Message(line["message"].clone()),
        Some("ping") => Report::Ping,
        Some("close") => Report::Close(text("reason")),
        Some("error") => Report::Error(text("message")),
        _ => panic!("the agent reported {line}"),
    }
}
