//! A JSON object as bytes that were written once.

use bytes::Bytes;

/// The text of one JSON object: the body of an event, or the answer of an ack.
///
/// That it is an object is what keeps an event from ending with a string: a stock client takes a trailing string
/// argument for an offset. Only the framing of journal events and of the greeting appends one.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonObject(Bytes);

/// The bytes are not a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object")]
pub struct NotAnObject;

impl JsonObject {
    /// Takes `text` as it is. The whole text is checked in debug builds, its two ends and its encoding always:
    /// bodies are written by this program, not by clients.
    ///
    /// # Errors
    /// When it does not begin with `{` and end with `}`, or is not UTF-8.
    pub fn new(text: impl Into<Bytes>) -> Result<JsonObject, NotAnObject> {
        let bytes = text.into();
        let text = std::str::from_utf8(&bytes).map_err(|_| NotAnObject)?;
        if text.len() < 2 || !text.starts_with('{') || !text.ends_with('}') {
            return Err(NotAnObject);
        }
        debug_assert!(
            serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok(),
            "a body must be JSON"
        );
        Ok(JsonObject(bytes))
    }

    /// The object's text, UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The object's text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("`new` has checked it")
    }
}

/// Its length: what it says may be personal.
impl std::fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a JSON object of {} bytes", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_are_bodies() {
        for text in ["", "{", "[]", "\"a\"", "1", " {}"] {
            assert_eq!(JsonObject::new(text), Err(NotAnObject), "{text}");
        }
        assert_eq!(JsonObject::new("{\"a\":1}").unwrap().as_str(), "{\"a\":1}");
    }
}
