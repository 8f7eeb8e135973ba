//! A webhook body becomes facts: one pass, each item on its own, so that a broken one never takes its neighbours along.
//!
//! Every level is read leniently: a member of the wrong type counts as broken where it stands, unknown members are
//! stepped over at any depth, of a member that comes twice the last one counts, and an id or a time may be a string
//! or a number. What is broken becomes a dead letter with the bytes as they came; its reason names the place and
//! never a value.

mod amendment;
mod around;
mod broken;
mod call;
mod change;
mod contacts;
mod content;
mod detail;
mod errors;
mod item;
mod message;
mod notice;
mod past;
mod reading;
mod status;
mod ties;

use waypost_domain::{
    AppName, Claims, DeadLetter, DeadLetterKind, Detail, Fact, MessageType, PhoneNumberId, Source, Timestamp,
    Typed, WabaId,
};

use crate::json;
use crate::shapes::{Envelope, MessageItem};

pub use around::restore;
use change::Changes;

/// The `object` of WhatsApp's webhooks.
const OBJECT: &str = "whatsapp_business_account";

/// A byte order mark is no JSON, but a reader may ignore it (RFC 8259, section 8.1), and the message behind it is good.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The field of the fact that says that the test of Meta's dashboard came.
pub const TEST_FIELD: &str = "waypost_test";

/// Who signed a body, and for whom the numbers in it may be.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Whose secret signed it.
    pub app: &'a AppName,
    /// The numbers that are bound to an app and an account.
    pub claims: &'a Claims,
}

/// What a body holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Its facts, in its order.
    pub facts: Vec<Fact>,
    /// The changes that were not for the signer to say, by number and by what is foreign: each is in a dead letter.
    pub foreign: Vec<Foreign>,
}

/// Changes of a number that is claimed for somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What is foreign about them.
    pub kind: DeadLetterKind,
    /// The number.
    pub number: PhoneNumberId,
    /// The account that the first of them named.
    pub waba: Option<WabaId>,
    /// How many there are in the body.
    pub changes: u64,
}

/// The facts that a body of the one app holds, where no number is claimed: see [`parse_signed`].
#[must_use]
pub fn parse(body: &[u8], received: Timestamp) -> Vec<Fact> {
    parse_with(body, received, None).facts
}

/// The facts that a body holds, in its order. `received` is the moment at which it came, against which WhatsApp's
/// times are checked. The signature was verified before.
///
/// - No JSON: one dead letter, `NotJson`. JSON without anything that a webhook holds: one, `Empty`.
/// - A well-formed webhook that is merely empty, and one of another product of Meta's (`object`): nothing.
/// - A change of a claimed number that is not for the signer to say: one dead letter.
/// - An entry of the dashboard's test: one fact of the field [`TEST_FIELD`].
/// - Otherwise a fact for each message, status and other change, and a dead letter for each that cannot be used.
///
/// There are at most 100 dead letters of parts of a body, and one with all the rest. Time and memory are linear in the body's length; the depth of its nesting does not matter.
#[must_use]
pub fn parse_signed(body: &[u8], received: Timestamp, signed: Signed<'_>) -> Parsed {
    parse_with(body, received, Some(signed))
}

/// What a message or an edit says, read again out of its item; `None` where this version does not know its type either.
#[must_use]
pub fn read_again(item: &str, source: Source, received: Timestamp) -> Option<(MessageType, String, Detail)> {
    let fields: MessageItem<'_> = json::parse_object(item).ok()??;
    let kind = MessageType::parse(&fields.kind.string()?)?;
    let detail = message::detail_of(&kind, &fields, source, received);
    let is_known = match &detail.typed {
        Typed::Unknown(_) => false,
        Typed::Edit(edit) => {
            edit.edited.as_deref().is_some_and(|edited| !matches!(edited, Typed::Unknown(_)))
        }
        _ => true,
    };
    is_known.then(|| (kind.clone(), content::content(kind.as_str(), &fields), detail))
}

fn parse_with(body: &[u8], received: Timestamp, signed: Option<Signed<'_>>) -> Parsed {
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
        Some(_another_product) => return Parsed::default(),
        None => return whole(DeadLetterKind::Empty, "object: missing or no text".to_owned(), body),
    }
    let Some(entries) = envelope.entry.items() else {
        return whole(DeadLetterKind::Empty, "entry: missing or no list".to_owned(), body);
    };
    let mut changes = Changes::new(received, signed);
    for (index, entry) in entries.into_iter().enumerate() {
        changes.read_entry(index, entry);
    }
    changes
        .into_parsed()
        .unwrap_or_else(|| whole(DeadLetterKind::Empty, "entry: holds no usable change".to_owned(), body))
}

fn whole(kind: DeadLetterKind, reason: String, body: &[u8]) -> Parsed {
    let letter = DeadLetter { kind, reason, raw: body.to_vec(), around: None };
    Parsed { facts: vec![Fact::Dead(letter)], foreign: Vec::new() }
}
