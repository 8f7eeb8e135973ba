//! A stock client's session: what it is told of it, and what becomes of its connection.

use serde_json::{Value, json};

use super::{Report, StockClient};
use crate::agent::Agent;
use crate::event::Event;
use crate::journal::number_of;

/// How a client came back.
#[derive(Clone, Debug)]
pub struct Back {
    /// `socket.recovered`.
    pub recovered: bool,
    /// The event `connected`.
    pub connected: Event,
}

impl Back {
    /// Its session was resumed, with these rooms, and by its offset.
    #[track_caller]
    pub fn assert_session(&self, rooms: &[&str], what: &str) {
        assert!(self.recovered, "{what}: {self:?}");
        self.assert_resumed("session", rooms, what);
    }

    /// It has a new session, with these rooms, that goes on where it said.
    #[track_caller]
    pub fn assert_since(&self, rooms: &[&str], what: &str) {
        assert!(!self.recovered, "{what}: {self:?}");
        self.assert_resumed("since", rooms, what);
    }

    /// It has a new session that begins at the head.
    #[track_caller]
    pub fn assert_none(&self, rooms: &[&str], what: &str) {
        assert!(!self.recovered, "{what}: {self:?}");
        assert_eq!(self.connected.text("resumed"), "none", "{what}: {self:?}");
        assert_eq!(self.connected.body().get("from"), None, "{what}: nothing was resumed: {self:?}");
        assert_eq!(self.rooms(), sorted(rooms), "{what}");
        if let Some(offset) = self.connected.args.get(1) {
            assert_eq!(offset, &self.connected.body()["head"], "{what}: {self:?}");
        }
    }

    /// The position resumed from.
    #[must_use]
    pub fn from(&self) -> &str {
        self.connected.text("from")
    }

    #[track_caller]
    fn assert_resumed(&self, resumed: &str, rooms: &[&str], what: &str) {
        let body = self.connected.body();
        assert_eq!(self.connected.text("resumed"), resumed, "{what}: {self:?}");
        assert!(body["from"].is_string() && body["head"].is_string(), "{what}: {self:?}");
        assert!(number_of(&body["from"]) <= number_of(&body["head"]), "{what}: {self:?}");
        if let Some(offset) = self.connected.args.get(1) {
            assert_eq!(offset, &body["from"], "{what}: {self:?}");
        }
        assert_eq!(self.rooms(), sorted(rooms), "{what}");
    }

    fn rooms(&self) -> Vec<String> {
        let rooms = self.connected.body()["rooms"].as_array().expect("rooms are a list");
        sorted(&rooms.iter().filter_map(Value::as_str).collect::<Vec<_>>())
    }
}

fn sorted(rooms: &[&str]) -> Vec<String> {
    let mut rooms: Vec<_> = rooms.iter().map(|room| (*room).to_owned()).collect();
    rooms.sort();
    rooms
}

/// What a client presents when it connects again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The secret name of its session; `None` before it has one.
    pub pid: Option<String>,
    /// The last offset that it was given; `None` before the first.
    pub offset: Option<String>,
}

impl StockClient {
    /// Waits for the next connection and its first event, whatever attempts failed before.
    #[track_caller]
    pub fn back(&mut self) -> Back {
        let recovered = self.take("a connection", |report| match report {
            Report::Connect { recovered, .. } => Some(*recovered),
            _ => None,
        });
        Back { recovered, connected: self.event("connected") }
    }

    /// What the client would present if it connected now.
    #[track_caller]
    pub fn session(&mut self) -> Session {
        self.driven.command("session", json!({}));
        self.take("a session", |report| match report {
            Report::Session(session) => Some(session.clone()),
            _ => None,
        })
    }

    /// Has the client present this when it connects.
    pub fn adopt(&mut self, session: &Session) {
        self.driven.command("adopt", json!({ "pid": session.pid, "offset": session.offset }));
    }

    /// Closes the connection below Socket.IO, after which the client comes back by itself.
    pub fn close_engine(&mut self) {
        self.driven.command("engine_close", json!({}));
    }

    /// From now on, the client's handler throws at this message.
    pub fn throw_at(&mut self, wamid: &str) {
        let at = json!({ "event": "whatsappMessage", "member": "whatsappMessageId", "value": wamid });
        self.driven.command("throw_at", at);
    }

    /// Stops the process of this client, and with it all others that share its [`Agents`](crate::Agents).
    #[track_caller]
    pub fn freeze(&mut self) {
        self.driven.agent().freeze();
    }

    /// Lets that process go on.
    pub fn thaw(&mut self) {
        self.driven.agent().thaw();
    }

    pub(crate) fn agent(&self) -> Agent {
        self.driven.agent().clone()
    }

    pub(crate) fn number(&self) -> u64 {
        self.driven.number()
    }
}
