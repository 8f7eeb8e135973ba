//! What an event or an ack carries: JSON values, and the binary attachments that stand in them.

use super::{ATTACHMENTS_MAX, DecodeError, Text};
use bytes::Bytes;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The arguments of one event, or of the answer to one.
///
/// A value is the JSON text it came as or is to go as: whoever wants what it says parses it. Where binary stands in
/// a value, the text has `{"_placeholder":true,"num":n}` for the attachment `n` (Socket.IO 5, "Binary event").
#[derive(Clone, Default)]
pub struct Args {
    values: Vec<Box<RawValue>>,
    attachments: Vec<Bytes>,
}

/// Why attachments cannot go with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IllegalAttachments {
    /// More than [`ATTACHMENTS_MAX`].
    #[error("there are too many attachments")]
    TooMany,
    /// A placeholder stands for none of them, or a value is nested more than 128 deep.
    #[error("a placeholder stands for no attachment")]
    Placeholder,
}

impl Args {
    /// Values without attachments.
    #[must_use]
    pub fn new(values: Vec<Box<RawValue>>) -> Args {
        Args { values, attachments: Vec::new() }
    }

    /// Values with the attachments that their placeholders stand for.
    ///
    /// # Errors
    /// See [`IllegalAttachments`]; without attachments, values may say what they like.
    pub fn with_attachments(
        values: Vec<Box<RawValue>>,
        attachments: Vec<Bytes>,
    ) -> Result<Args, IllegalAttachments> {
        if attachments.len() > ATTACHMENTS_MAX {
            return Err(IllegalAttachments::TooMany);
        }
        if !attachments.is_empty() && !values.iter().all(|value| is_legal(value, attachments.len())) {
            return Err(IllegalAttachments::Placeholder);
        }
        Ok(Args { values, attachments })
    }

    /// The value at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&RawValue> {
        self.values.get(index).map(AsRef::as_ref)
    }

    /// All values.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &RawValue> {
        self.values.iter().map(AsRef::as_ref)
    }

    /// The attachments, by their numbers.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// How much text and binary it is, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let values = self.values.iter().map(|value| value.get().len());
        values.chain(self.attachments.iter().map(Bytes::len)).sum()
    }

    /// Whether the last value is a JSON string.
    #[must_use]
    pub fn end_with_string(&self) -> bool {
        self.values.last().is_some_and(|value| value.get().starts_with('"'))
    }
}

impl From<Box<RawValue>> for Args {
    fn from(value: Box<RawValue>) -> Args {
        Args::new(vec![value])
    }
}

/// A packet whose attachments are still to come: what it says, and the bytes that have come.
pub struct Incomplete {
    values: Vec<Box<RawValue>>,
    attachments: Vec<Bytes>,
    missing: usize,
    bytes_left: usize,
}

impl Incomplete {
    /// Waits for `missing` attachments of `bytes_max` bytes together. Nothing is reserved for what has not come.
    ///
    /// # Errors
    /// When a placeholder is for none of them.
    pub fn new(
        values: Vec<Box<RawValue>>,
        missing: usize,
        bytes_max: usize,
    ) -> Result<Incomplete, DecodeError> {
        if !values.iter().all(|value| is_legal(value, missing)) {
            return Err(DecodeError::Attachment);
        }
        Ok(Incomplete { values, attachments: Vec::new(), missing, bytes_left: bytes_max })
    }

    /// Takes the next attachment; answers everything once that was the last one.
    ///
    /// # Errors
    /// When the attachments are longer than their limit.
    pub fn attach(mut self, attachment: Bytes) -> Result<Attached, DecodeError> {
        self.bytes_left =
            self.bytes_left.checked_sub(attachment.len()).ok_or(DecodeError::AttachmentsTooLong)?;
        self.attachments.push(attachment);
        self.missing = self.missing.saturating_sub(1);
        Ok(match self.missing {
            0 => Attached::Complete(Args { values: self.values, attachments: self.attachments }),
            _ => Attached::Incomplete(self),
        })
    }
}

/// How much there is of it: what clients say may be personal, or a secret.
impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values, {} attachments", self.values.len(), self.attachments.len())
    }
}

impl fmt::Debug for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values, {} attachments to come", self.values.len(), self.missing)
    }
}

/// What an attachment has brought about.
#[derive(Debug)]
pub enum Attached {
    /// That was the last one.
    Complete(Args),
    /// More are to come.
    Incomplete(Incomplete),
}

/// Whether each placeholder in `value` is for one of `attachments`. It allocates nothing but the text of keys that
/// have escapes.
fn is_legal(value: &RawValue, attachments: usize) -> bool {
    let mut json = serde_json::Deserializer::from_str(value.get());
    Placeholders { attachments }.deserialize(&mut json).is_ok()
}

/// Walks a value; fails at a placeholder for nothing.
#[derive(Clone, Copy)]
struct Placeholders {
    attachments: usize,
}

/// What a member of an object is, as far as placeholders go.
enum Seen {
    True,
    Number(u64),
    Other,
}

impl<'a> DeserializeSeed<'a> for Placeholders {
    type Value = Seen;

    fn deserialize<D: serde::Deserializer<'a>>(self, json: D) -> Result<Seen, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Placeholders {
    type Value = Seen;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Seen, E> {
        Ok(if value { Seen::True } else { Seen::Other })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Seen, E> {
        Ok(Seen::Number(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut array: S) -> Result<Seen, S::Error> {
        while array.next_element_seed(self)?.is_some() {}
        Ok(Seen::Other)
    }

    fn visit_map<M: MapAccess<'a>>(self, mut object: M) -> Result<Seen, M::Error> {
        let mut is_placeholder = false;
        let mut number = None;
        while let Some(Text(key)) = object.next_key()? {
            let value = object.next_value_seed(self)?;
            match (key.as_ref(), value) {
                ("_placeholder", value) => is_placeholder = matches!(value, Seen::True),
                ("num", Seen::Number(value)) => number = usize::try_from(value).ok(),
                ("num", _) => number = None,
                _ => {}
            }
        }
        if is_placeholder && number.is_none_or(|number| number >= self.attachments) {
            return Err(M::Error::custom(IllegalAttachments::Placeholder));
        }
        Ok(Seen::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn a_placeholder_must_be_for_an_attachment_wherever_it_stands() {
        let legal = [
            r#"{"_placeholder":true,"num":1}"#,
            r#"[[{"a":{"num":0,"_placeholder":true}}]]"#,
            r#"{"_placeholder":false,"num":9}"#,
            r#"{"_placeholder":"true"}"#,
            r#"[1,-1,0.5,null,true,"x",{}]"#,
        ];
        for json in legal {
            assert!(Args::with_attachments(vec![value(json)], vec![Bytes::new(); 2]).is_ok(), "{json}");
        }
        let illegal = [
            r#"{"_placeholder":true,"num":2}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":0.5}"#,
            r#"{"_placeholder":true,"num":"0"}"#,
            r#"[{"a":[{"_placeholder":true}]}]"#,
            r#"{"\u005fplaceholder":true}"#,
        ];
        for json in illegal {
            let refused = Args::with_attachments(vec![value("1"), value(json)], vec![Bytes::new(); 2]);
            assert_eq!(refused.err(), Some(IllegalAttachments::Placeholder), "{json}");
        }
    }

    #[test]
    fn what_stock_clients_would_close_for_is_not_made() {
        let many = |count| Args::with_attachments(Vec::new(), vec![Bytes::new(); count]).err();
        assert_eq!((many(10), many(11)), (None, Some(IllegalAttachments::TooMany)));
    }

    #[test]
    fn what_has_no_attachments_may_say_placeholder() {
        let args = Args::with_attachments(vec![value(r#"{"_placeholder":true,"num":7}"#)], Vec::new());
        assert_eq!(args.unwrap().values().len(), 1);
    }

    #[test]
    fn attachments_come_one_by_one_within_their_bytes() {
        let values = || vec![value(r#"{"_placeholder":true,"num":1}"#)];
        let waiting = Incomplete::new(values(), 2, 5).unwrap();
        let Ok(Attached::Incomplete(waiting)) = waiting.attach(Bytes::from_static(b"abc")) else {
            panic!("one is missing")
        };
        let Ok(Attached::Complete(args)) = waiting.attach(Bytes::from_static(b"de")) else {
            panic!("none is missing")
        };
        assert_eq!(args.attachments(), [Bytes::from_static(b"abc"), Bytes::from_static(b"de")]);
        let waiting = Incomplete::new(values(), 2, 5).unwrap();
        let refused = waiting.attach(Bytes::from_static(b"abcdef")).err();
        assert_eq!(refused, Some(DecodeError::AttachmentsTooLong));
        assert_eq!(Incomplete::new(values(), 1, 5).err(), Some(DecodeError::Attachment));
    }

    #[test]
    fn a_deep_value_with_attachments_is_refused_not_followed() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Args::with_attachments(vec![value(&deep)], vec![Bytes::new()]).is_err());
    }
}
