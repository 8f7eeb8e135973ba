//! Packets written once, as WebSocket frames whose payload polling can use as well.

use crate::application::{GreetingPosition, OffsetMode};
use crate::{Emit, Greeting, JournalEvent, JsonObject, Offset, SocketId};
use std::sync::{Arc, OnceLock};
use waypost_wire::session::Namespace;
use waypost_wire::socket::{Kind, open_packet, push_json_string};
use waypost_wire::websocket::TextFrame;

/// The Engine.IO type of a message, which every Socket.IO packet is.
const MESSAGE: char = '4';

/// Which of an event's framings a socket takes: its namespace and its offset mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    pub(crate) namespace: Namespace,
    pub(crate) offsets: OffsetMode,
}

/// A journal event in the rings of all shards, with the framings that somebody has needed so far.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) event: JournalEvent,
    /// Two for each namespace: whichever shard needs one first writes it for all.
    frames: Box<[OnceLock<TextFrame>]>,
}

impl Published {
    pub(crate) fn new(event: JournalEvent, namespaces: usize) -> Published {
        Published { event, frames: (0..namespaces * 2).map(|_| OnceLock::new()).collect() }
    }

    /// The event as a frame of this framing.
    pub(crate) fn frame(&self, framing: Framing, namespaces: &[Arc<str>]) -> &TextFrame {
        let at = framing.namespace.index();
        let (slot, trailing) = match framing.offsets {
            OffsetMode::Trailing => (at * 2, true),
            OffsetMode::FieldOnly => (at * 2 + 1, false),
        };
        self.frames[slot].get_or_init(|| {
            let JournalEvent { offset, name, body, .. } = &self.event;
            let mut text = open_event(&namespaces[at], name, body.as_bytes().len() + 128);
            let open_body = body.as_str().strip_suffix('}').expect("a JsonObject ends so");
            text.push_str(open_body);
            text.push_str(if open_body.trim_end().len() == 1 { "\"offset\":\"" } else { ",\"offset\":\"" });
            text.push_str(&offset.text);
            text.push_str("\"}");
            if trailing {
                push_trailing(&mut text, offset);
            }
            text.push(']');
            TextFrame::new(&text)
        })
    }
}

/// Something of the moment, with the framings that somebody has needed so far: one for each namespace.
#[derive(Debug)]
pub(crate) struct Volatile {
    pub(crate) emit: Emit,
    frames: Box<[OnceLock<TextFrame>]>,
}

impl Volatile {
    pub(crate) fn new(emit: Emit, namespaces: usize) -> Volatile {
        Volatile { emit, frames: (0..namespaces).map(|_| OnceLock::new()).collect() }
    }

    /// The event as a frame of this namespace.
    pub(crate) fn frame(&self, namespace: Namespace, namespaces: &[Arc<str>]) -> &TextFrame {
        let at = namespace.index();
        self.frames[at].get_or_init(|| event(&namespaces[at], &self.emit.name, &self.emit.body))
    }
}

/// An event that carries no offset. Its argument is an object, so it cannot be taken for one.
pub(crate) fn event(namespace: &str, name: &str, body: &JsonObject) -> TextFrame {
    let mut text = open_event(namespace, name, body.as_bytes().len());
    text.push_str(body.as_str());
    text.push(']');
    TextFrame::new(&text)
}

/// The first event after CONNECT.
pub(crate) fn greeting(
    namespace: &str,
    greeting: &Greeting,
    offsets: OffsetMode,
    head: Option<&Offset>,
) -> TextFrame {
    let mut text = open_event(namespace, &greeting.name, greeting.body.as_bytes().len() + 64);
    text.push_str(greeting.body.as_str());
    if let (GreetingPosition::Head, OffsetMode::Trailing, Some(head)) = (greeting.position, offsets, head) {
        push_trailing(&mut text, head);
    }
    text.push(']');
    TextFrame::new(&text)
}

/// The answer to an event that asked for one.
pub(crate) fn ack(namespace: &str, id: u64, answer: &JsonObject) -> TextFrame {
    let mut text = open(Kind::Ack, namespace, answer.as_bytes().len() + 32);
    text.push_str(&id.to_string());
    text.push('[');
    text.push_str(answer.as_str());
    text.push(']');
    TextFrame::new(&text)
}

/// The CONNECT reply; a connection without recovery has exactly this key.
pub(crate) fn connect_reply(namespace: &str, id: SocketId) -> TextFrame {
    let mut text = open(Kind::Connect, namespace, 32);
    text.push_str("{\"sid\":\"");
    text.push_str(&id.to_string());
    text.push_str("\"}");
    TextFrame::new(&text)
}

/// A CONNECT_ERROR with a code for programs.
pub(crate) fn refusal(namespace: &str, message: &str, code: &str) -> TextFrame {
    let mut text = open(Kind::ConnectError, namespace, message.len() + code.len() + 40);
    text.push_str("{\"message\":");
    push_json_string(&mut text, message);
    text.push_str(",\"data\":{\"code\":");
    push_json_string(&mut text, code);
    text.push_str("}}");
    TextFrame::new(&text)
}

/// The CONNECT_ERROR that the protocol has for a namespace that is not there.
pub(crate) fn no_such_namespace(namespace: &str) -> TextFrame {
    let mut text = open(Kind::ConnectError, namespace, 40);
    text.push_str("{\"message\":\"Invalid namespace\"}");
    TextFrame::new(&text)
}

/// A DISCONNECT.
pub(crate) fn disconnect(namespace: &str) -> TextFrame {
    TextFrame::new(&open(Kind::Disconnect, namespace, 0))
}

fn open(kind: Kind, namespace: &str, more_bytes: usize) -> String {
    let mut text = String::with_capacity(namespace.len() + more_bytes + 4);
    text.push(MESSAGE);
    open_packet(&mut text, kind, namespace);
    text
}

fn open_event(namespace: &str, name: &str, more_bytes: usize) -> String {
    let mut text = open(Kind::Event, namespace, name.len() + more_bytes + 8);
    text.push('[');
    push_json_string(&mut text, name);
    text.push(',');
    text
}

/// The one place that ends an event with a string.
fn push_trailing(text: &mut String, offset: &Offset) {
    text.push_str(",\"");
    text.push_str(&offset.text);
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HubConfig;
    use crate::Scope;

    fn check(body: &'static str, offsets: OffsetMode, namespace: &str, expected: &str) {
        let event = JournalEvent {
            offset: Offset { number: 7, text: "e.7.c".into() },
            name: "said".into(),
            body: JsonObject::new(body).unwrap(),
            scopes: vec![Scope::new("all")],
        };
        let config = HubConfig { namespaces: vec!["/".into(), "/websocket".into()], ..HubConfig::default() };
        let namespace = config.rules().namespace(namespace).unwrap();
        let published = Published::new(event, config.namespaces.len());
        let frame = published.frame(Framing { namespace, offsets }, &config.namespaces);
        assert_eq!(std::str::from_utf8(frame.payload()), Ok(expected));
    }

    #[test]
    fn an_event_is_framed_by_namespace_and_offset_mode() {
        check("{\"a\":1}", OffsetMode::Trailing, "/", r#"42["said",{"a":1,"offset":"e.7.c"},"e.7.c"]"#);
        check(
            "{\"a\":1}",
            OffsetMode::FieldOnly,
            "/websocket",
            r#"42/websocket,["said",{"a":1,"offset":"e.7.c"}]"#,
        );
        check("{}", OffsetMode::FieldOnly, "/", r#"42["said",{"offset":"e.7.c"}]"#);
    }
}
