//! Socket.IO 5 packets, as they stand inside an Engine.IO text message.
//!
//! Arguments stay the JSON text they came as: whoever wants a value parses it. Binary comes in messages of its own
//! after the packet that announces it; [`Incomplete`] puts the two together.

mod args;

pub use args::{Args, Attached, IllegalAttachments, Incomplete};

use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Most arguments of one event, its name not counted.
pub const ARGUMENTS_MAX: usize = 64;
/// Most binary attachments of one event or ack, either way: the limit of `socket.io-parser` since 4.2.6, whose clients
/// close the connection when a server sends more.
pub const ATTACHMENTS_MAX: usize = 10;
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
    /// `2`, or `5` with attachments: a name and its arguments.
    Event {
        /// How many binary messages follow this packet; at most [`ATTACHMENTS_MAX`].
        attachments: usize,
        /// Asks for an ack with this number.
        id: Option<u64>,
        /// The event's name.
        name: Cow<'a, str>,
        /// What follows the name; at most [`ARGUMENTS_MAX`].
        args: Vec<&'a RawValue>,
    },
    /// `3`, or `6` with attachments: the answer to an event.
    Ack {
        /// How many binary messages follow this packet; at most [`ATTACHMENTS_MAX`].
        attachments: usize,
        /// The number the event asked with.
        id: u64,
        /// At most [`ARGUMENTS_MAX`].
        args: Vec<&'a RawValue>,
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
    /// No number of attachments where one belongs, or more than [`ATTACHMENTS_MAX`].
    #[error("the number of attachments is wrong")]
    AttachmentCount,
    /// A placeholder for no attachment, an attachment that nothing announced, or something else in place of one.
    #[error("an attachment is out of place")]
    Attachment,
    /// The attachments of one packet are longer than their limit.
    #[error("the attachments are too long")]
    AttachmentsTooLong,
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
    /// See [`DecodeError`]. Memory is taken for a pointer to each argument, and for an event's name if it has escapes.
    pub fn decode(text: &'a str) -> Result<Packet<'a>, DecodeError> {
        let kind = *text.as_bytes().first().ok_or(DecodeError::UnknownType)?;
        if !matches!(kind, b'0'..=b'6') {
            return Err(DecodeError::UnknownType);
        }
        let (attachments, rest) = match kind {
            b'5' | b'6' => split_attachments(&text[1..])?,
            _ => (0, &text[1..]),
        };
        let (namespace, rest) = split_namespace(rest);
        if namespace.len() > NAMESPACE_BYTES_MAX {
            return Err(DecodeError::NamespaceTooLong);
        }
        let (id, payload) = split_id(rest)?;
        if id.is_some() && !matches!(kind, b'2' | b'3' | b'5' | b'6') {
            return Err(DecodeError::AckId);
        }
        let body = match kind {
            b'0' if payload.is_empty() => Body::Connect(None),
            b'0' => Body::Connect(Some(object(payload)?)),
            b'1' if payload.is_empty() => Body::Disconnect,
            b'2' | b'5' => {
                let mut values = array(payload, 1 + ARGUMENTS_MAX)?;
                if values.is_empty() {
                    return Err(DecodeError::Payload);
                }
                let name = event_name(values.remove(0))?;
                Body::Event { attachments, id, name, args: values }
            }
            b'3' | b'6' => {
                let id = id.ok_or(DecodeError::AckId)?;
                Body::Ack { attachments, id, args: array(payload, ARGUMENTS_MAX)? }
            }
            b'4' => Body::ConnectError(object(payload)?),
            _ => return Err(DecodeError::Payload),
        };
        Ok(Packet { namespace, body })
    }

    /// Appends the packet's text to `out`.
    pub fn encode_into(&self, out: &mut String) {
        let kind = match self.body {
            Body::Connect(_) => Kind::Connect,
            Body::Disconnect => Kind::Disconnect,
            Body::Event { attachments, .. } => Kind::Event { attachments },
            Body::Ack { attachments, .. } => Kind::Ack { attachments },
            Body::ConnectError(_) => Kind::ConnectError,
        };
        open_packet(out, kind, self.namespace);
        match &self.body {
            Body::Connect(None) | Body::Disconnect => {}
            Body::Connect(Some(json)) | Body::ConnectError(json) => out.push_str(json.get()),
            Body::Event { id, name, args, .. } => {
                if let Some(id) = id {
                    out.push_str(&id.to_string());
                }
                out.push('[');
                push_json_string(out, name);
                out.push_str(if args.is_empty() { "" } else { "," });
                push_values(out, args.iter().copied());
                out.push(']');
            }
            Body::Ack { id, args, .. } => {
                out.push_str(&id.to_string());
                out.push('[');
                push_values(out, args.iter().copied());
                out.push(']');
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
    /// `2`, or `5` where binary messages follow.
    Event {
        /// How many do.
        attachments: usize,
    },
    /// `3`, or `6` where binary messages follow.
    Ack {
        /// How many do.
        attachments: usize,
    },
    /// `4`.
    ConnectError,
}

/// Appends a packet's type and namespace; what follows is the ack id, if any, and the payload.
pub fn open_packet(out: &mut String, kind: Kind, namespace: &str) {
    let (plain, binary, attachments) = match kind {
        Kind::Connect => ('0', '0', 0),
        Kind::Disconnect => ('1', '1', 0),
        Kind::Event { attachments } => ('2', '5', attachments),
        Kind::Ack { attachments } => ('3', '6', attachments),
        Kind::ConnectError => ('4', '4', 0),
    };
    if attachments == 0 {
        out.push(plain);
    } else {
        out.push(binary);
        out.push_str(&attachments.to_string());
        out.push('-');
    }
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
}

/// Appends `values` with commas between them.
pub fn push_values<'a>(out: &mut String, values: impl IntoIterator<Item = &'a RawValue>) {
    for (at, value) in values.into_iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "," });
        out.push_str(value.get());
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

/// `2-/admin,[…]` → 2 and `/admin,[…]`.
fn split_attachments(text: &str) -> Result<(usize, &str), DecodeError> {
    let (count, rest) = text.split_once('-').ok_or(DecodeError::AttachmentCount)?;
    let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let count = count.parse().ok().filter(|count| is_number && *count <= ATTACHMENTS_MAX);
    Ok((count.ok_or(DecodeError::AttachmentCount)?, rest))
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

fn object(payload: &str) -> Result<&RawValue, DecodeError> {
    if !payload.starts_with('{') {
        return Err(DecodeError::Payload);
    }
    serde_json::from_str(payload).map_err(|_| DecodeError::Payload)
}

/// The values of an array of at most `values_max`; more are refused as they come.
fn array(payload: &str, values_max: usize) -> Result<Vec<&RawValue>, DecodeError> {
    // Asked first, because the error that a string is no array would quote it whole.
    if !payload.trim_ascii_start().starts_with('[') {
        return Err(DecodeError::Payload);
    }
    let mut json = serde_json::Deserializer::from_str(payload);
    let values = json.deserialize_seq(Values { values_max }).map_err(|_| DecodeError::Payload)?;
    json.end().map_err(|_| DecodeError::Payload)?;
    Ok(values)
}

/// A string, or a number, which then is named as it is written (Socket.IO 5 lets both be sent).
fn event_name(json: &RawValue) -> Result<Cow<'_, str>, DecodeError> {
    if json.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Ok(Cow::Borrowed(json.get()));
    }
    // Not `&str` first: for a name with escapes, the error would quote it whole, and escape it anew.
    let Text(name) = serde_json::from_str(json.get()).map_err(|_| DecodeError::Payload)?;
    if RESERVED_NAMES.contains(&name.as_ref()) {
        return Err(DecodeError::Payload);
    }
    Ok(name)
}

/// A JSON string that is borrowed unless it has escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Values {
    values_max: usize,
}

impl<'a> Visitor<'a> for Values {
    type Value = Vec<&'a RawValue>;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an array")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut array: S) -> Result<Vec<&'a RawValue>, S::Error> {
        let mut values = Vec::new();
        while values.len() < self.values_max {
            match array.next_element::<&'a RawValue>()? {
                Some(value) => values.push(value),
                None => return Ok(values),
            }
        }
        match array.next_element::<IgnoredAny>()? {
            Some(_) => Err(S::Error::custom("too many values")),
            None => Ok(values),
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
            "51-[\"hello\",{\"_placeholder\":true,\"num\":0}]",
            "51-/admin,456[\"project:delete\",{\"_placeholder\":true,\"num\":0}]",
            "61-/admin,456[{\"_placeholder\":true,\"num\":0}]",
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
            ("5[\"a\"]", DecodeError::AttachmentCount),
            ("5-[\"a\"]", DecodeError::AttachmentCount),
            ("5+1-[\"a\"]", DecodeError::AttachmentCount),
            ("51[\"a\"]", DecodeError::AttachmentCount),
            ("511-[\"a\"]", DecodeError::AttachmentCount),
            ("61-[\"a\"]", DecodeError::AckId),
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
            ("2[null]", DecodeError::Payload),
            ("2[[\"a\"]]", DecodeError::Payload),
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
    fn a_number_may_name_an_event() {
        assert_eq!(again("27[42,1]").as_deref(), Ok("27[\"42\",1]"));
        assert_eq!(again("2[-0.5]").as_deref(), Ok("2[\"-0.5\"]"));
    }

    #[test]
    fn deep_json_is_text_like_any_other() {
        let deep = format!("2[\"a\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(again(&deep), Ok(deep));
    }

    proptest! {
        #[test]
        fn any_event_survives(
            attachments in 0..=ATTACHMENTS_MAX,
            id: Option<u64>,
            name: String,
            texts: Vec<String>,
            namespace in "/[a-z]{0,9}",
        ) {
            prop_assume!(!RESERVED_NAMES.contains(&name.as_str()));
            let args: Vec<Box<RawValue>> =
                texts.iter().take(ARGUMENTS_MAX).map(|t| serde_json::value::to_raw_value(t).unwrap()).collect();
            let body = Body::Event {
                attachments,
                id,
                name: Cow::Borrowed(&name),
                args: args.iter().map(AsRef::as_ref).collect(),
            };
            let mut text = String::new();
            Packet { namespace: &namespace, body }.encode_into(&mut text);
            prop_assert_eq!(again(&text), Ok(text.clone()));
            let Body::Event { attachments: count, id: id2, name: name2, args: args2 } =
                Packet::decode(&text).unwrap().body
            else {
                panic!("not an event")
            };
            prop_assert_eq!((count, id2, name2.as_ref()), (attachments, id, name.as_str()));
            prop_assert_eq!(args2.len(), args.len());
        }

        #[test]
        fn any_ack_survives(
            attachments in 0..=ATTACHMENTS_MAX,
            id: u64,
            texts in prop::collection::vec(".*", 0..=ARGUMENTS_MAX),
            namespace in "/[a-z]{0,9}",
        ) {
            let args: Vec<Box<RawValue>> =
                texts.iter().map(|text| serde_json::value::to_raw_value(text).unwrap()).collect();
            let body = Body::Ack { attachments, id, args: args.iter().map(AsRef::as_ref).collect() };
            let mut text = String::new();
            Packet { namespace: &namespace, body }.encode_into(&mut text);
            let packet = Packet::decode(&text).unwrap();
            prop_assert_eq!(packet.namespace, namespace);
            let Body::Ack { attachments: count, id: id2, args: args2 } = packet.body else {
                panic!("not an ack")
            };
            prop_assert_eq!((count, id2), (attachments, id));
            let came: Vec<String> = args2.iter().map(|arg| serde_json::from_str(arg.get()).unwrap()).collect();
            prop_assert_eq!(came, texts);
        }

        #[test]
        fn any_text_is_refused_or_has_one_encoding(
            text in "[0-9]?(/[a-z]*,)?[0-9]{0,25}[\\[\\]{}\",:a1 ]{0,40}\
                     |[0-6](0-)?[0-9]{0,3}(\\[\"a\"(, ?1)*\\]|\\{\\})?\
                     |.*",
        ) {
            if let Ok(encoded) = again(&text) {
                prop_assert_eq!(again(&encoded), Ok(encoded));
            }
        }
    }
}
