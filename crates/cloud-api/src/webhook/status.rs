//! A status item becomes a [`StatusReport`].

use waypost_domain::detail::Opaque;
use waypost_domain::{CustomerAliases, Pricing, RawJson, Reported, StatusReport};

use super::contacts::{Contacts, Names};
use super::message::{Flaw, Surroundings, time, wamid};
use crate::errors::error_details;
use crate::json::Node;
use crate::shapes::{self, Conversation, StatusItem};

/// The longest id of a participant that is kept, in characters.
const PARTICIPANT_CHARS_MAX: usize = 256;

/// The status that an item is. A usable id and word make it one; everything else may be missing.
pub(super) fn status(item: Node<'_>, around: &Surroundings<'_>) -> Result<StatusReport, Flaw> {
    let raw = item.raw().ok_or(Flaw::NoObject)?;
    let fields: StatusItem<'_> = item.object().ok_or(Flaw::NoObject)?;
    let wamid = wamid(fields.id)?;
    let reported = fields
        .status
        .string()
        .and_then(|word| Reported::parse(&word))
        .ok_or_else(|| Flaw::of("status", fields.status))?;
    let participant = participant(&fields);
    let customer = recipient(&fields, &around.contacts).filter(|_| participant.is_none());
    Ok(StatusReport {
        number: around.number.clone(),
        wamid,
        reported,
        customer,
        participant,
        errors: error_details(fields.errors),
        pricing: pricing(&fields),
        at: time(fields.timestamp, around.received),
        raw: RawJson::new(raw),
    })
}

/// Whom the message was sent to. A group's statuses are about its members, and its id looks like a phone number.
fn recipient(fields: &StatusItem<'_>, contacts: &Contacts<'_>) -> Option<CustomerAliases> {
    if fields.recipient_type.string().is_some_and(|kind| kind == "group") {
        return None;
    }
    let parents = [fields.recipient_parent_user_id, fields.recipient_parent_user_id_too];
    let names = Names {
        user_id: fields.recipient_user_id.text(),
        parent_user_id: parents.into_iter().find_map(Node::text),
        phone: fields.recipient_id.text(),
    };
    Some(contacts.customer(&names)?.aliases)
}

/// Who of a group it is about. The phone number comes first, because older reports of a group have nothing else.
fn participant(fields: &StatusItem<'_>) -> Option<Box<str>> {
    let id = [fields.participant_id, fields.participant_id_too, fields.participant_user_id]
        .into_iter()
        .find_map(Node::text)?;
    let id: String = id.chars().filter(|c| !c.is_control()).take(PARTICIPANT_CHARS_MAX).collect();
    (!id.is_empty()).then(|| id.into())
}

/// What the message costs, which group statuses have inside `conversation`.
fn pricing(fields: &StatusItem<'_>) -> Option<Pricing> {
    let nested = || fields.conversation.object::<Conversation<'_>>()?.pricing.object();
    let said: shapes::Pricing<'_> = fields.pricing.object().or_else(nested)?;
    let word = |node: Node<'_>| Opaque::parse(&node.text()?);
    let is_free = || said.billable.is_false().then_some(false);
    Some(Pricing {
        billable: said.billable.is_true().then_some(true).or_else(is_free),
        model: word(said.model),
        kind: word(said.kind),
        category: word(said.category),
    })
}
