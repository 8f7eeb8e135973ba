//! Webhook bodies in Meta's shapes (`cloud-api.md`, 2 to 4), and in the form in which Meta writes them on the wire.

mod wire_form;

use bytes::Bytes;
use serde_json::{Value, json};
use waypost_domain::Timestamp;

use crate::business::Business;
use crate::cast::{Customer, Line};
use crate::fate::Report;
use crate::graph::Address;

/// A message of a customer, complete but for the envelope.
pub(crate) struct Written<'a> {
    pub(crate) customer: &'static Customer,
    pub(crate) id: &'a str,
    pub(crate) at: Timestamp,
    /// The type's name and the object under it.
    pub(crate) content: &'a Content<'a>,
    /// The message of the agent that it quotes.
    pub(crate) quoted: Option<&'a str>,
}

/// What a message consists of.
pub(crate) enum Content<'a> {
    Text(&'a str),
    Reaction {
        message_id: &'a str,
        emoji: &'a str,
    },
    /// A line of a talk. `media` numbers what is attached, `reacted_to` is the id that a reaction is under.
    Line {
        line: Line,
        media: u64,
        reacted_to: &'a str,
    },
}

impl Content<'_> {
    /// A reaction is no message of its own: nobody reacts to it.
    pub(crate) fn is_reaction(&self) -> bool {
        matches!(self, Self::Reaction { .. } | Self::Line { line: Line::Reaction(_), .. })
    }
}

/// The body of the webhook that brings a message.
pub(crate) fn message(business: &Business, written: &Written<'_>) -> Bytes {
    let (kind, content) = content(written.content);
    let mut message = json!({
        "from": written.customer.wa_id,
        "from_user_id": written.customer.bsuid,
        "id": written.id,
        "timestamp": seconds(written.at),
        "type": kind,
    });
    message[kind] = content;
    if let Some(quoted) = written.quoted {
        message["context"] = json!({ "from": business.display_phone_number, "id": quoted });
    }
    envelope(business, "messages", message, Some(contact(written.customer)))
}

/// A status of a send.
pub(crate) struct Reported<'a> {
    pub(crate) wamid: &'a str,
    pub(crate) to: &'a Address,
    pub(crate) customer: Option<&'static Customer>,
    pub(crate) callback_data: Option<&'a str>,
    pub(crate) report: Report,
    pub(crate) at: Timestamp,
}

/// The body of the webhook that brings a status.
pub(crate) fn status(business: &Business, reported: &Reported<'_>) -> Bytes {
    let name = match reported.report {
        Report::Sent => "sent",
        Report::Delivered => "delivered",
        Report::Read => "read",
        Report::Failed(_) => "failed",
    };
    let mut status = json!({ "id": reported.wamid, "status": name, "timestamp": seconds(reported.at) });
    match reported.to {
        Address::Phone(digits) => status["recipient_id"] = json!(digits),
        Address::Bsuid(bsuid) => status["recipient_user_id"] = json!(bsuid),
    }
    if let Some(data) = reported.callback_data {
        status["biz_opaque_callback_data"] = json!(data);
    }
    if let Report::Failed(failure) = reported.report {
        // Of a failed send Meta says no more about the recipient than the sender did.
        status["errors"] = json!([{
            "code": failure.code,
            "title": failure.title,
            "message": failure.title,
            "error_data": { "details": failure.details },
            "href": "/documentation/business-messaging/whatsapp/support/error-codes",
        }]);
        return envelope(business, "statuses", status, None);
    }
    let mut contact = reported.customer.map(contact);
    if let Some(contact) = &mut contact {
        status["recipient_user_id"] = contact["user_id"].clone();
        if let (Report::Sent, Some(profile)) = (reported.report, contact["profile"].as_object_mut()) {
            // Usernames come from `delivered` on (`cloud-api.md`, 2.3).
            profile.remove("username");
        }
    }
    if matches!(reported.report, Report::Sent | Report::Delivered) {
        status["pricing"] =
            json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "service" });
    }
    envelope(business, "statuses", status, contact)
}

/// An entry of `contacts`.
fn contact(customer: &Customer) -> Value {
    let mut profile = json!({ "name": customer.name });
    if let Some(username) = customer.username {
        profile["username"] = json!(username);
    }
    json!({ "profile": profile, "wa_id": customer.wa_id, "user_id": customer.bsuid })
}

fn envelope(business: &Business, list: &str, item: Value, contact: Option<Value>) -> Bytes {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": business.display_phone_number,
            "phone_number_id": business.phone_number_id.as_str(),
        },
    });
    value[list] = Value::Array(vec![item]);
    if let Some(contact) = contact {
        value["contacts"] = Value::Array(vec![contact]);
    }
    wire_form::write(&json!({
        "object": "whatsapp_business_account",
        "entry": [{
            "id": business.waba_id.as_str(),
            "changes": [{ "value": value, "field": "messages" }],
        }],
    }))
}

fn content(content: &Content<'_>) -> (&'static str, Value) {
    match *content {
        Content::Text(body) => ("text", json!({ "body": body })),
        Content::Reaction { message_id, emoji } => reaction(message_id, emoji),
        Content::Line { line, media, reacted_to } => line_content(line, media, reacted_to),
    }
}

fn reaction(message_id: &str, emoji: &str) -> (&'static str, Value) {
    ("reaction", json!({ "message_id": message_id, "emoji": emoji }))
}

fn line_content(line: Line, media: u64, reacted_to: &str) -> (&'static str, Value) {
    match line {
        Line::Text(body) => ("text", json!({ "body": body })),
        Line::Photo(caption) => {
            let mut image = attached("image/jpeg", media);
            image["caption"] = json!(caption);
            ("image", image)
        }
        Line::Voice => {
            let mut audio = attached("audio/ogg; codecs=opus", media);
            audio["voice"] = json!(true);
            ("audio", audio)
        }
        Line::Place { name, address, latitude, longitude } => (
            "location",
            json!({ "name": name, "address": address, "latitude": latitude, "longitude": longitude }),
        ),
        Line::Reaction(emoji) => reaction(reacted_to, emoji),
        Line::Button { text, payload } => ("button", json!({ "text": text, "payload": payload })),
        Line::Card { formatted_name, first_name, wa_id } => (
            "contacts",
            json!([{
                "name": { "formatted_name": formatted_name, "first_name": first_name },
                "phones": [{ "phone": format!("+{wa_id}"), "wa_id": wa_id, "type": "CELL" }],
            }]),
        ),
    }
}

/// A media object. Nothing can be fetched under its URL: `.example` belongs to nobody.
fn attached(mime_type: &str, media: u64) -> Value {
    use base64::Engine as _;
    let digest: Vec<u8> = (0..4).flat_map(|part| crate::dice::mix(media ^ part).to_be_bytes()).collect();
    let id = format!("6{:014}", media % 100_000_000_000_000);
    json!({
        "mime_type": mime_type,
        "sha256": base64::engine::general_purpose::STANDARD.encode(digest),
        "url": format!("https://lookaside.example/whatsapp_business/attachments/?mid={id}"),
        "id": id,
    })
}

fn seconds(at: Timestamp) -> String {
    at.as_millis().div_euclid(1_000).to_string()
}
