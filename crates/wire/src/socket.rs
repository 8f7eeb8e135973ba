//! Socket.IO 5 packets, as they stand inside an Engine.IO text message.
//!
//! Arguments stay the JSON text they came as: whoever wants a value parses it.

use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Most arguments of one event, its name not counted.
pub const ARGUMENTS_MAX: usize = 64;
/// Longest name of a namespace, in bytes.
pub const NAMESPACE_BYTES_MAX: usize = 256;

/// Names of events that the protocol's clients keep for themselves.
const RESERVED_NAMES: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// One Socket.IO packet.
#[derive(Debug, Clone)]
pub struct Packet<'a> {
    /// The namespace, `/` where the text has none.
    pub namespace: &'a str,
    /// What it says.
    pub body: Body<'a>,
}

/// The packet types (Socket.IO 5, "Packet types") and what each carries.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// `0`: the client's credentials, or the server's `{ "sid": … }`. Always an object where present.
    Connect(Option<&'a RawValue>),
    /// `1`.
    Disconnect,
    /// `2`: a name and its arguments.
    Event {
        /// Asks for an ack with this number.
        id: Option<u64>,
        /// The event's name.
        name: Cow<'a, str>,
        /// What follows the name; at most [`ARGUMENTS_MAX`].
        args: Vec<&'a RawValue>,
    },
    /// `3`: the answer to an event.
    Ack {
        /// The number the event asked with.
        id: u64,
        /// A JSON array.
        args: &'a RawValue,
    },
    /// `4`: why a namespace was refused; an object.
    ConnectError(&'a RawValue),
}

/// Why a text is not a Socket.IO packet. The connection is closed for any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first character names no packet type.
    #[error("the packet type is unknown")]
    UnknownType,
    /// A packet that announces binary attachments, which this server takes none of.
    #[error("binary attachments are not taken")]
    Binary,
    /// The name of the namespace is longer than [`NAMESPACE_BYTES_MAX`].
    #[error("the namespace is too long")]
    NamespaceTooLong,
    /// Digits that are no ack id, an ack without one, or one where none belongs.
    #[error("the ack id is wrong")]
    AckId,
    /// Not JSON, or not the JSON that this type carries.
    #[error("the payload is wrong")]
    Payload,
}

impl<'a> Packet<'a> {
    /// Reads one packet.
    ///
    /// # Errors
    /// See [`DecodeError`]; never more memory than a pointer for each argument.
    pub fn decode(text: &'a str) -> Result<Packet<'a>, DecodeError> {
        let kind = *text.as_bytes().first().ok_or(DecodeError::UnknownType)?;
        if !matches!(kind, b'0'..=b'6') {
            return Err(DecodeError::UnknownType);
        }
        if matches!(kind, b'5' | b'6') {
            return Err(DecodeError::Binary);
        }
        let (namespace, rest) = split_namespace(&text[1..]);
        if namespace.len() > NAMESPACE_BYTES_MAX {
            return Err(DecodeError::NamespaceTooLong);
        }
        let (id, payload) = split_id(rest)?;
        if id.is_some() && !matches!(kind, b'2' | b'3') {
            return Err(DecodeError::AckId);
        }
        let body = match kind {
            b'0' if payload.is_empty() => Body::Connect(None),
            b'0' => Body::Connect(Some(raw(payload, '{')?)),
            b'1' if payload.is_empty() => Body::Disconnect,
            b'2' => {
                let Arguments { name, args } = Arguments::parse(payload)?;
                Body::Event { id, name, args }
            }
            b'3' => Body::Ack { id: id.ok_or(DecodeError::AckId)?, args: raw(payload, '[')? },
            b'4' => Body::ConnectError(raw(payload, '{')?),
            _ => return Err(DecodeError::Payload),
        };
        Ok(Packet { namespace, body })
    }

    /// Appends the packet's text to `out`.
    pub fn encode_into(&self, out: &mut String) {
        let kind = match self.body {
            Body::Connect(_) => Kind::Connect,
            Body::Disconnect => Kind::Disconnect,
            Body::Event { .. } => Kind::Event,
            Body::Ack { .. } => Kind::Ack,
            Body::ConnectError(_) => Kind::ConnectError,
        };
        open_packet(out, kind, self.namespace);
        match &self.body {
            Body::Connect(None) | Body::Disconnect => {}
            Body::Connect(Some(json)) | Body::ConnectError(json) => out.push_str(json.get()),
            Body::Event { id, name, args } => {
                if let Some(id) = id {
                    out.push_str(&id.to_string());
                }
                out.push('[');
                push_json_string(out, name);
                for arg in args {
                    out.push(',');
                    out.push_str(arg.get());
                }
                out.push(']');
            }
            Body::Ack { id, args } => {
                out.push_str(&id.to_string());
                out.push_str(args.get());
            }
        }
    }
}

/// The types of packet that a server writes by parts, with [`open_packet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `0`.
    Connect,
    /// `1`.
    Disconnect,
    /// `2`.
    Event,
    /// `3`.
    Ack,
    /// `4`.
    ConnectError,
}

/// Appends a packet's type and namespace; what follows is the ack id, if any, and the payload.
pub fn open_packet(out: &mut String, kind: Kind, namespace: &str) {
    out.push(match kind {
        Kind::Connect => '0',
        Kind::Disconnect => '1',
        Kind::Event => '2',
        Kind::Ack => '3',
        Kind::ConnectError => '4',
    });
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
}

/// Appends `text` as a JSON string, quotes and escapes included.
pub fn push_json_string(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// `/admin,12["a"]` → `/admin` and `12["a"]`; without a leading slash the namespace is `/`.
fn split_namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    text.split_once(',').unwrap_or((text, ""))
}

fn split_id(text: &str) -> Result<(Option<u64>, &str), DecodeError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (id, rest) = text.split_at(digits);
    if id.is_empty() {
        return Ok((None, rest));
    }
    Ok((Some(id.parse().map_err(|_| DecodeError::AckId)?), rest))
}

fn raw(payload: &str, opening: char) -> Result<&RawValue, DecodeError> {
    if !payload.starts_with(opening) {
        return Err(DecodeError::Payload);
    }
    serde_json::from_str(payload).map_err(|_| DecodeError::Payload)
}

/// An event's array: its name, then at most [`ARGUMENTS_MAX`] values of any shape.
struct Arguments<'a> {
    name: Cow<'a, str>,
    args: Vec<&'a RawValue>,
}

impl<'a> Arguments<'a> {
    fn parse(payload: &'a str) -> Result<Arguments<'a>, DecodeError> {
        let mut json = serde_json::Deserializer::from_str(payload);
        let arguments = json.deserialize_seq(ArgumentsVisitor).map_err(|_| DecodeError::Payload)?;
        json.end().map_err(|_| DecodeError::Payload)?;
        Ok(arguments)
    }
}

struct ArgumentsVisitor;

impl<'a> Visitor<'a> for ArgumentsVisitor {
    type Value = Arguments<'a>;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an array that begins with the event's name")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut array: S) -> Result<Arguments<'a>, S::Error> {
        let first: &'a RawValue = array.next_element()?.ok_or_else(|| S::Error::custom("no name"))?;
        let name = match serde_json::from_str::<&'a str>(first.get()) {
            Ok(plain) => Cow::Borrowed(plain),
            // A string with escapes cannot be borrowed; anything but a string fails here again.
            Err(_) => Cow::Owned(serde_json::from_str(first.get()).map_err(S::Error::custom)?),
        };
        if RESERVED_NAMES.contains(&name.as_ref()) {
            return Err(S::Error::custom("a reserved name"));
        }
        let mut args = Vec::new();
        while args.len() < ARGUMENTS_MAX {
            match array.next_element::<&'a RawValue>()? {
                Some(arg) => args.push(arg),
                None => return Ok(Arguments { name, args }),
            }
        }
        match array.next_element::<IgnoredAny>()? {
            Some(_) => Err(S::Error::custom("too many arguments")),
            None => Ok(Arguments { name, args }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn again(text: &str) -> Result<String, DecodeError> {
        let mut out = String::new();
        Packet::decode(text)?.encode_into(&mut out);
        Ok(out)
    }

    #[test]
    fn published_examples_survive_decoding_and_encoding() {
        let table = [
            "0",
            "0{\"token\":\"123\"}",
            "0/admin,",
            "0/admin,{\"sid\":\"oSO0OpakMV_3jnilAAAA\"}",
            "1",
            "1/admin,",
            "2[\"foo\"]",
            "2/admin,[\"bar\"]",
            "212[\"foo\"]",
            "2/admin,456[\"project:delete\",123]",
            "2[\"a\\\"b\",{\"x\":[1,null]},\"y\"]",
            "312[]",
            "3/admin,456[\"ok\"]",
            "4{\"message\":\"Not authorized\"}",
        ];
        for text in table {
            assert_eq!(again(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_not_a_packet_is_refused() {
        let long = format!("0/{},", "n".repeat(NAMESPACE_BYTES_MAX));
        let many = format!("2[\"a\"{}]", ",1".repeat(ARGUMENTS_MAX + 1));
        let table = [
            ("", DecodeError::UnknownType),
            ("abc", DecodeError::UnknownType),
            ("9", DecodeError::UnknownType),
            ("51-[\"a\",{\"_placeholder\":true,\"num\":0}]", DecodeError::Binary),
            (&long, DecodeError::NamespaceTooLong),
            ("299999999999999999999[\"a\"]", DecodeError::AckId),
            ("3[\"a\"]", DecodeError::AckId),
            ("01{}", DecodeError::AckId),
            ("0[]", DecodeError::Payload),
            ("0{", DecodeError::Payload),
            ("1{}", DecodeError::Payload),
            ("2", DecodeError::Payload),
            ("2{}", DecodeError::Payload),
            ("2[]", DecodeError::Payload),
            ("2[1]", DecodeError::Payload),
            ("2[\"a\"]x", DecodeError::Payload),
            ("2[\"disconnect\"]", DecodeError::Payload),
            ("2abc[\"a\"]", DecodeError::Payload),
            (&many, DecodeError::Payload),
        ];
        for (text, error) in table {
            assert_eq!(again(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn deep_json_is_text_like_any_other() {
        let deep = format!("2[\"a\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(again(&deep), Ok(deep));
    }

    proptest! {
        #[test]
        fn any_event_survives(id: Option<u64>, name: String, texts: Vec<String>, namespace in "/[a-z]{0,9}") {
            prop_assume!(!RESERVED_NAMES.contains(&name.as_str()));
            let args: Vec<Box<RawValue>> =
                texts.iter().take(ARGUMENTS_MAX).map(|t| serde_json::value::to_raw_value(t).unwrap()).collect();
            let body = Body::Event { id, name: Cow::Borrowed(&name), args: args.iter().map(AsRef::as_ref).collect() };
            let mut text = String::new();
            Packet { namespace: &namespace, body }.encode_into(&mut text);
            prop_assert_eq!(again(&text), Ok(text.clone()));
            let Body::Event { id: id2, name: name2, args: args2 } = Packet::decode(&text).unwrap().body else {
                panic!("not an event")
            };
            prop_assert_eq!((id2, name2.as_ref(), args2.len()), (id, name.as_str(), args.len()));
        }

        #[test]
        fn any_text_decodes_or_is_refused(text in "[0-9]?(/[a-z]*,)?[0-9]{0,25}[\\[\\]{}\",:a1 ]{0,40}|.*") {
            if let Ok(packet) = Packet::decode(&text) {
                let mut out = String::new();
                packet.encode_into(&mut out);
                prop_assert!(Packet::decode(&out).is_ok());
            }
        }
    }
}
