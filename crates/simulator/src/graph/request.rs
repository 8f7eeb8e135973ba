//! The body of a send, checked as Meta checks it.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::{Address, SentContent};

/// The longest text, in characters.
const TEXT_CHARS_MAX: usize = 4_096;
/// The longest `biz_opaque_callback_data`, in characters.
const CALLBACK_CHARS_MAX: usize = 512;
/// How many digits a phone number has, at least and at most (E.164 has 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;
/// The longest BSUID, in bytes: country, `ENT`, dots and 128 characters.
const BSUID_BYTES_MAX: usize = 136;

/// The types that are known, of which only text is looked into.
const TYPES: [&str; 11] = [
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
];

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// `status: read`, with or without a typing indicator.
    MarkRead,
    Send(Send),
}

/// A message to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Send {
    /// `to` or `recipient` as it came.
    pub(super) input: String,
    pub(super) to: Address,
    pub(super) content: SentContent,
    pub(super) callback_data: Option<String>,
    kind: String,
}

impl Send {
    /// Templates are told their state with the id.
    pub(super) fn is_template(&self) -> bool {
        self.kind == "template"
    }
}

/// Reads the body of a call.
pub(super) fn parse(body: &[u8]) -> Result<Call, Refusal> {
    let body: Map<String, Value> = serde_json::from_slice(body).map_err(|_no_object| Refusal::Unreadable)?;
    if text(&body, "messaging_product") != Some("whatsapp") {
        return Err(Refusal::Required("messaging_product"));
    }
    if let Some(status) = body.get("status") {
        return mark_read(&body, status);
    }
    let (input, to) = address(&body)?;
    let kind = text(&body, "type").unwrap_or("text").to_owned();
    if !TYPES.contains(&kind.as_str()) {
        return Err(Refusal::Invalid("The type is not one of the types of a message."));
    }
    let content = content(&body, &kind)?;
    let callback_data = text(&body, "biz_opaque_callback_data").map(str::to_owned);
    if callback_data.as_ref().is_some_and(|data| data.chars().count() > CALLBACK_CHARS_MAX) {
        return Err(Refusal::Invalid("biz_opaque_callback_data has more than 512 characters."));
    }
    Ok(Call::Send(Send { input, to, content, callback_data, kind }))
}

fn mark_read(body: &Map<String, Value>, status: &Value) -> Result<Call, Refusal> {
    if status != "read" {
        return Err(Refusal::Invalid("The only status is read."));
    }
    if text(body, "message_id").is_none_or(str::is_empty) {
        return Err(Refusal::Required("message_id"));
    }
    Ok(Call::MarkRead)
}

/// `to` wins where both are given.
fn address(body: &Map<String, Value>) -> Result<(String, Address), Refusal> {
    if let Some(to) = text(body, "to") {
        let plain = to.strip_prefix('+').unwrap_or(to);
        let digits: String = plain.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
        let usable = PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let invalid = Refusal::Invalid("The recipient is not a valid phone number.");
        return if usable { Ok((to.to_owned(), Address::Phone(digits))) } else { Err(invalid) };
    }
    let recipient = text(body, "recipient").ok_or(Refusal::Required("to"))?;
    let country = recipient.split_once('.').map(|(country, _)| country);
    let usable = recipient.len() <= BSUID_BYTES_MAX
        && country.is_some_and(|country| country.len() == 2)
        && recipient.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if !usable {
        return Err(Refusal::Invalid("The recipient is not a business-scoped user id."));
    }
    Ok((recipient.to_owned(), Address::Bsuid(recipient.to_owned())))
}

fn content(body: &Map<String, Value>, kind: &str) -> Result<SentContent, Refusal> {
    let given = body.get(kind).filter(|given| given.is_object() || given.is_array());
    let given = given.ok_or_else(|| Refusal::Missing(format!("Parameter of type {kind} is missing.")))?;
    match kind {
        "text" => {
            let text = given.get("body").and_then(Value::as_str).unwrap_or_default();
            if text.is_empty() {
                return Err(Refusal::Required("text['body']"));
            }
            if text.chars().count() > TEXT_CHARS_MAX {
                return Err(Refusal::TextTooLong);
            }
            Ok(SentContent::Text(text.to_owned()))
        }
        "reaction" => Ok(SentContent::Reaction),
        _ => Ok(SentContent::Other),
    }
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}
