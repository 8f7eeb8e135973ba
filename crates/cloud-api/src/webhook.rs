//! A webhook body becomes facts: one pass, each item on its own, so that a broken one never takes its neighbours along.
//!
//! Every level is read leniently: a member of the wrong type counts as broken where it stands, unknown members are
//! stepped over at any depth, of a member that comes twice the last one counts, and an id or a time may be a string
//! or a number. What is broken becomes a dead letter with the bytes as they came; its reason names the place and
//! never a value.

mod broken;
mod call;
mod change;
mod contacts;
mod content;
mod detail;
mod item;
mod message;
mod notice;
mod past;
mod status;
mod ties;

use waypost_domain::{DeadLetter, DeadLetterKind, Fact, Timestamp};

use crate::json;
use crate::shapes::Envelope;
use change::Changes;

/// The `object` of WhatsApp's webhooks.
const OBJECT: &str = "whatsapp_business_account";

/// A byte order mark is no JSON, but a reader may ignore it (RFC 8259, section 8.1), and the message behind it is good.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The facts that a body holds, in its order. `received` is the moment at which it came, against which WhatsApp's
/// times are checked. The signature was verified before.
///
/// - No JSON: one dead letter, `NotJson`. JSON without anything that a webhook holds: one, `Empty`.
/// - A well-formed webhook that is merely empty, and one of another product of Meta's (`object`): nothing.
/// - Otherwise a fact for each message, status and other change, and a dead letter for each that cannot be used.
///
/// Time and memory are linear in the body's length; the depth of its nesting does not matter.
#[must_use]
pub fn parse(body: &[u8], received: Timestamp) -> Vec<Fact> {
    let json = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let json = match std::str::from_utf8(json) {
        Ok(json) => json,
        Err(error) => {
            let reason = format!("body: not UTF-8 after {} bytes", error.valid_up_to());
            return whole(DeadLetterKind::NotJson, reason, body);
        }
    };
    let envelope: Envelope<'_> = match json::parse_object(json) {
        Ok(Some(envelope)) => envelope,
        Ok(None) => return whole(DeadLetterKind::Empty, "body: not an object".to_owned(), body),
        Err(error) => {
            // A syntax error's place is safe to tell; its text would be, too, but only as long as serde_json says so.
            let reason = format!("body: no JSON at line {} column {}", error.line(), error.column());
            return whole(DeadLetterKind::NotJson, reason, body);
        }
    };
    match envelope.object.string().as_deref() {
        Some(OBJECT) => {}
        Some(_another_product) => return Vec::new(),
        None => return whole(DeadLetterKind::Empty, "object: missing or no text".to_owned(), body),
    }
    let Some(entries) = envelope.entry.items() else {
        return whole(DeadLetterKind::Empty, "entry: missing or no list".to_owned(), body);
    };
    let mut changes = Changes::new(received);
    for (index, entry) in entries.into_iter().enumerate() {
        changes.read_entry(index, entry);
    }
    changes
        .into_facts()
        .unwrap_or_else(|| whole(DeadLetterKind::Empty, "entry: holds no usable change".to_owned(), body))
}

fn whole(kind: DeadLetterKind, reason: String, body: &[u8]) -> Vec<Fact> {
    vec![Fact::Dead(DeadLetter { kind, reason, raw: body.to_vec() })]
}
