//! The message that is published, about 600 bytes of JSON as an inbound message is, and its number.

use anyhow::{Context as _, Result};

/// What a message is on the wire up to its number.
const BEGINNING: &[u8] = br#"42["whatsappMessage",{"n":""#;
/// Its number is so long, so that a request is patched in place.
const DIGITS: usize = 8;
/// The body before and after the number. The number comes first, so that clients find it at a fixed place.
const BODY: [&str; 2] = [
    r#"{"n":""#,
    concat!(
        r#"","messageId":"018f2f6e-54d1-7cc0-a3b1-2f7d4b9f0c11","wamid":"wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQzQTdG"#,
        r#"NTk4QzQxQUQ4NjQ5QkE2MgA=","conversationId":"018f2f6e-54d1-7cc0-a3b1-2f7d4b9f0c12","customer":{"#,
        r#""customerId":"018f2f6e-54d1-7cc0-a3b1-2f7d4b9f0c13","phone":"+15550001234","name":"Ada Example"},"#,
        r#""phoneNumberId":"100000000000101","direction":"inbound","type":"text","content":{"body":"Good morning! "#,
        r#"I ordered two lamps on Monday and the tracking page still says that the parcel has not left. Could you "#,
        r#"look where it is?"},"status":"received","timestamp":"2026-01-05T08:30:00.000Z"}"#,
    ),
];

/// A POST of one message, written once and renumbered for each.
pub(crate) struct Request {
    bytes: Vec<u8>,
    number_at: usize,
}

impl Request {
    pub(crate) fn new() -> Self {
        let length = BODY[0].len() + DIGITS + BODY[1].len();
        let mut bytes = format!(
            "POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{}",
            BODY[0]
        )
        .into_bytes();
        let number_at = bytes.len();
        bytes.extend([b'0'; DIGITS]);
        bytes.extend(BODY[1].as_bytes());
        Self { bytes, number_at }
    }

    /// The request with this number, of at most eight digits.
    pub(crate) fn numbered(&mut self, number: usize) -> &[u8] {
        let digits = format!("{number:0DIGITS$}");
        self.bytes[self.number_at..self.number_at + DIGITS].copy_from_slice(&digits.as_bytes()[..DIGITS]);
        &self.bytes
    }
}

/// The number of a message; `None` for every other event.
pub(crate) fn number_of(text: &[u8]) -> Result<Option<usize>> {
    let Some(rest) = text.strip_prefix(BEGINNING) else { return Ok(None) };
    let digits = rest.get(..DIGITS).context("a message ends in its number")?;
    let is_whole = text.ends_with(b"]") && rest.len() > BODY[1].len();
    anyhow::ensure!(is_whole, "a message was cut: {}", String::from_utf8_lossy(text));
    Ok(Some(str::from_utf8(digits)?.parse().context("a message without its number")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_posted_is_found_again() {
        let mut request = Request::new();
        let request = request.numbered(1_234);
        let (head, length) = crate::http::request_length(request).unwrap().unwrap();
        assert_eq!(length, request.len());
        let body = str::from_utf8(&request[head..]).unwrap();
        assert!((550..700).contains(&body.len()), "{}", body.len());
        serde_json::from_str::<serde_json::Value>(body).unwrap();
        for event in [
            format!(r#"42["whatsappMessage",{body}]"#),
            format!(r#"42["whatsappMessage",{body},"1.1235.00000000"]"#),
        ] {
            assert_eq!(number_of(event.as_bytes()).unwrap(), Some(1_234));
            assert!(number_of(&event.as_bytes()[..200]).is_err());
        }
        assert_eq!(number_of(br#"42["connected",{}]"#).unwrap(), None);
    }
}
