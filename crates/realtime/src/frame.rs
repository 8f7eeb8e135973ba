//! Packets written once, for either transport.

use crate::application::{OffsetMode, View};
use crate::config::{Namespace, Recovery};
use crate::{Emit, Greeting, JournalEvent, JsonObject, Notice, Offset, SocketId, TrailingString};
use std::sync::OnceLock;
use waypost_wire::namespaces;
use waypost_wire::outgoing::Outgoing;
use waypost_wire::socket::{Args, Kind, open_packet, push_json_string, push_values};

/// The Engine.IO type of a message, which every Socket.IO packet is.
const MESSAGE: char = '4';

/// The name of the event that tells a socket how far it is complete.
const POSITION: &str = "position";

/// Which of an event's framings a socket takes: its namespace, its offset mode and its view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    pub(crate) namespace: namespaces::Namespace,
    pub(crate) offsets: OffsetMode,
    pub(crate) view: View,
}

/// A journal event in the rings of all shards, with the framings that somebody has needed so far.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) event: JournalEvent,
    /// Four for each namespace: whichever shard needs one first writes it for all.
    frames: Box<[OnceLock<Outgoing>]>,
    masked: OnceLock<JsonObject>,
}

impl Published {
    pub(crate) fn new(event: JournalEvent, namespaces: usize) -> Published {
        let frames = (0..namespaces * 4).map(|_| OnceLock::new()).collect();
        Published { event, frames, masked: OnceLock::new() }
    }

    fn body(&self, view: View) -> &JsonObject {
        match view {
            View::Full => &self.event.body,
            View::Masked => self.masked.get_or_init(|| (self.event.mask)(&self.event.name, &self.event.body)),
        }
    }

    /// The event as a frame of this framing.
    pub(crate) fn frame(&self, framing: Framing, namespaces: &[Namespace]) -> &Outgoing {
        let at = framing.namespace.index();
        let (mode, trailing) = match framing.offsets {
            OffsetMode::Trailing => (0, true),
            OffsetMode::FieldOnly => (1, false),
        };
        let view = match framing.view {
            View::Full => 0,
            View::Masked => 2,
        };
        self.frames[at * 4 + view + mode].get_or_init(|| {
            let JournalEvent { offset, name, .. } = &self.event;
            let body = self.body(framing.view);
            let mut text = open_event(&namespaces[at].name, name, body.as_bytes().len() + 128);
            text.push(',');
            let open_body = body.as_str().strip_suffix('}').expect("a JsonObject ends so");
            text.push_str(open_body);
            text.push_str(if open_body.trim_end().len() == 1 { "\"offset\":\"" } else { ",\"offset\":\"" });
            text.push_str(&offset.text);
            text.push_str("\"}");
            if trailing {
                push_trailing(&mut text, offset);
            }
            text.push(']');
            Outgoing::text(&text)
        })
    }
}

/// Something of the moment, with the framings that somebody has needed so far: one for each namespace.
#[derive(Debug)]
pub(crate) struct Volatile {
    pub(crate) emit: Emit,
    frames: Box<[OnceLock<Outgoing>]>,
}

impl Volatile {
    pub(crate) fn new(emit: Emit, namespaces: &[Namespace]) -> Result<Volatile, TrailingString> {
        for namespace in namespaces {
            check_tail(namespace, &emit.args)?;
        }
        Ok(Volatile { emit, frames: namespaces.iter().map(|_| OnceLock::new()).collect() })
    }

    /// The event as a frame of this namespace.
    pub(crate) fn frame(&self, namespace: namespaces::Namespace, namespaces: &[Namespace]) -> &Outgoing {
        let at = namespace.index();
        self.frames[at].get_or_init(|| {
            event(&namespaces[at], &self.emit.name, &self.emit.args, Answer::None)
                .expect("`new` has checked its tail for every namespace")
        })
    }
}

/// What an event asks of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing.
    None,
    /// An ack with this number.
    Number(u64),
}

/// An event that carries no offset.
pub(crate) fn event(
    namespace: &Namespace,
    name: &str,
    args: &Args,
    answer: Answer,
) -> Result<Outgoing, TrailingString> {
    check_tail(namespace, args)?;
    let attachments = args.attachments();
    let kind = Kind::Event { attachments: attachments.len() };
    let mut text = open(kind, &namespace.name, name.len() + args.bytes() + 32);
    if let Answer::Number(number) = answer {
        text.push_str(&number.to_string());
    }
    text.push('[');
    push_json_string(&mut text, name);
    text.push_str(if args.values().len() == 0 { "" } else { "," });
    push_values(&mut text, args.values());
    text.push(']');
    Ok(Outgoing::with_attachments(&text, attachments))
}

/// The one rule of how an event of the moment may end.
fn check_tail(namespace: &Namespace, args: &Args) -> Result<(), TrailingString> {
    match namespace.recovery {
        Recovery::On if args.end_with_string() => Err(TrailingString),
        Recovery::On | Recovery::Off => Ok(()),
    }
}

/// The first event after CONNECT, with the position that it ends with.
pub(crate) fn greeting(
    namespace: &str,
    greeting: &Greeting,
    position: Option<(&Offset, OffsetMode)>,
) -> Outgoing {
    let mut text = open_event(namespace, &greeting.name, greeting.body.as_bytes().len() + 64);
    text.push(',');
    text.push_str(greeting.body.as_str());
    if let Some((position, OffsetMode::Trailing)) = position {
        push_trailing(&mut text, position);
    }
    text.push(']');
    Outgoing::text(&text)
}

/// What follows a greeting. It ends with an object.
pub(crate) fn notice(namespace: &str, notice: &Notice) -> Outgoing {
    let mut text = open_event(namespace, &notice.name, notice.body.as_bytes().len() + 8);
    text.push(',');
    text.push_str(notice.body.as_str());
    text.push(']');
    Outgoing::text(&text)
}

/// How far a socket is complete, though it was shown nothing.
pub(crate) fn position(namespace: &str, offsets: OffsetMode, position: &Offset) -> Outgoing {
    let mut text = open_event(namespace, POSITION, position.text.len() * 2 + 24);
    text.push_str(",{\"offset\":\"");
    text.push_str(&position.text);
    text.push_str("\"}");
    if offsets == OffsetMode::Trailing {
        push_trailing(&mut text, position);
    }
    text.push(']');
    Outgoing::text(&text)
}

/// The answer to an event that asked for one. It may end with anything: stock clients look for offsets in events only.
pub(crate) fn ack(namespace: &str, id: u64, answer: &Args) -> Outgoing {
    let attachments = answer.attachments();
    let mut text = open(Kind::Ack { attachments: attachments.len() }, namespace, answer.bytes() + 32);
    text.push_str(&id.to_string());
    text.push('[');
    push_values(&mut text, answer.values());
    text.push(']');
    Outgoing::with_attachments(&text, attachments)
}

/// The CONNECT reply; without a `pid` it has exactly the key `sid`.
pub(crate) fn connect_reply(namespace: &str, id: SocketId, pid: Option<&str>) -> Outgoing {
    let mut text = open(Kind::Connect, namespace, 72);
    text.push_str("{\"sid\":\"");
    text.push_str(&id.to_string());
    if let Some(pid) = pid {
        text.push_str("\",\"pid\":\"");
        text.push_str(pid);
    }
    text.push_str("\"}");
    Outgoing::text(&text)
}

/// A CONNECT_ERROR with a code for programs.
pub(crate) fn refusal(namespace: &str, message: &str, code: &str) -> Outgoing {
    let mut text = open(Kind::ConnectError, namespace, message.len() + code.len() + 40);
    text.push_str("{\"message\":");
    push_json_string(&mut text, message);
    text.push_str(",\"data\":{\"code\":");
    push_json_string(&mut text, code);
    text.push_str("}}");
    Outgoing::text(&text)
}

/// The CONNECT_ERROR that the protocol has for a namespace that is not there.
pub(crate) fn no_such_namespace(namespace: &str) -> Outgoing {
    let mut text = open(Kind::ConnectError, namespace, 40);
    text.push_str("{\"message\":\"Invalid namespace\"}");
    Outgoing::text(&text)
}

/// A DISCONNECT.
pub(crate) fn disconnect(namespace: &str) -> Outgoing {
    Outgoing::text(&open(Kind::Disconnect, namespace, 0))
}

fn open(kind: Kind, namespace: &str, more_bytes: usize) -> String {
    let mut text = String::with_capacity(namespace.len() + more_bytes + 4);
    text.push(MESSAGE);
    open_packet(&mut text, kind, namespace);
    text
}

/// Up to the event's name.
fn open_event(namespace: &str, name: &str, more_bytes: usize) -> String {
    let mut text = open(Kind::Event { attachments: 0 }, namespace, name.len() + more_bytes + 8);
    text.push('[');
    push_json_string(&mut text, name);
    text
}

/// The one place that lets an event end with a string where recovery is on.
fn push_trailing(text: &mut String, offset: &Offset) {
    text.push_str(",\"");
    text.push_str(&offset.text);
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HubConfig, JsonObject, Protocol, Scope};
    use serde_json::value::to_raw_value;

    fn check(body: &'static str, offsets: OffsetMode, namespace: &str, expected: &str) {
        let event = JournalEvent {
            offset: Offset { number: 7, text: "e.7.c".into() },
            name: "said".into(),
            body: JsonObject::new(body).unwrap(),
            scopes: vec![Scope::new("all")],
            except: Vec::new(),
            mask: |_, _| JsonObject::new("{}").unwrap(),
        };
        let namespaces = vec![Namespace::with_recovery("/"), Namespace::with_recovery("/websocket")];
        let config = HubConfig { protocol: Protocol::SocketIo(namespaces), ..HubConfig::default() };
        let namespace = config.rules().namespaces.unwrap().namespace(namespace).unwrap();
        let published = Published::new(event, config.namespaces().len());
        let frame = published.frame(Framing { namespace, offsets, view: View::Full }, config.namespaces());
        assert_eq!(frame, &Outgoing::text(expected));
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

    #[test]
    fn only_without_recovery_may_an_event_of_the_moment_end_with_a_string() {
        let (plain, recovering) = (Namespace::new("/"), Namespace::with_recovery("/"));
        let string_last = Args::new(vec![to_raw_value(&1).unwrap(), to_raw_value("e.7.c").unwrap()]);
        let framed = event(&plain, "a", &string_last, Answer::Number(3));
        assert_eq!(framed, Ok(Outgoing::text("423[\"a\",1,\"e.7.c\"]")));
        assert_eq!(event(&recovering, "a", &string_last, Answer::None), Err(TrailingString));
        let array_last = Args::from(to_raw_value(&["e.7.c"]).unwrap());
        assert!(event(&recovering, "a", &array_last, Answer::None).is_ok());
        assert!(event(&recovering, "a", &Args::default(), Answer::None).is_ok(), "a name is no argument");
    }
}
