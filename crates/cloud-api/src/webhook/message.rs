//! A message item becomes a [`ReceivedMessage`], from the customer or as an echo of what the owner wrote on the phone.

use waypost_domain::detail::Participant;
use waypost_domain::{
    Alias, AliasKind, CustomerAliases, Detail, Direction, MessageType, PhoneNumberId, RawJson,
    ReceivedMessage, Source, Timestamp, WabaId, Wamid,
};

use super::amendment;
use super::contacts::{Contacts, Customer, Names};
use super::content::content;
use super::detail::{detail, new_names};
use crate::errors::error_details;
use crate::json::Node;
use crate::shapes::{Context, MessageItem, System};

/// What the items of one change have in common.
pub(super) struct Surroundings<'a> {
    /// The business number.
    pub(super) number: PhoneNumberId,
    /// The account.
    pub(super) waba: Option<WabaId>,
    /// The people of whom they speak.
    pub(super) contacts: Contacts<'a>,
    /// When the body came.
    pub(super) received: Timestamp,
}

/// Why an item cannot be used: the member that decided, and what was wrong with it. Never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The item is no object.
    NoObject,
    /// The member is not there, `null` or empty.
    Missing(&'static str),
    /// The member is there, and is not what it has to be.
    Unusable(&'static str),
}

impl Flaw {
    /// The flaw of a member that could not be used.
    pub(super) fn of(member: &'static str, node: Node<'_>) -> Self {
        match node.raw() {
            None | Some("null" | "\"\"") => Self::Missing(member),
            Some(_) => Self::Unusable(member),
        }
    }

    /// The reason of a dead letter for the item, or for the object, at `path`.
    pub(super) fn at(self, path: String) -> String {
        match self {
            Self::NoObject => path + ": no object",
            Self::Missing(member) => format!("{path}.{member}: missing"),
            Self::Unusable(member) => format!("{path}.{member}: not usable"),
        }
    }
}

/// The message that an item is. A usable id, type and customer make it one; everything else may be missing, but of a change
/// of another message what it changes.
pub(super) fn message(
    item: Node<'_>,
    source: Source,
    around: &Surroundings<'_>,
) -> Result<ReceivedMessage, Flaw> {
    message_with(item, source, around, |fields| match source.direction() {
        Direction::Outbound => addressee(fields, &around.contacts).ok_or_else(|| Flaw::of("to", fields.to)),
        Direction::Inbound => sender(fields, &around.contacts).ok_or_else(|| Flaw::of("from", fields.from)),
    })
}

/// The message that an item is; `customer` says with whom.
pub(super) fn message_with(
    item: Node<'_>,
    source: Source,
    around: &Surroundings<'_>,
    customer: impl FnOnce(&MessageItem<'_>) -> Result<Customer, Flaw>,
) -> Result<ReceivedMessage, Flaw> {
    let raw = item.raw().ok_or(Flaw::NoObject)?;
    let fields: MessageItem<'_> = item.object().ok_or(Flaw::NoObject)?;
    let wamid = wamid(fields.id)?;
    let kind = fields
        .kind
        .string()
        .and_then(|word| MessageType::parse(&word))
        .ok_or_else(|| Flaw::of("type", fields.kind))?;
    let mut detail = detail_around(&kind, &fields, source, (&around.contacts, around.received));
    if let Some(flaw) = amendment::flaw(&detail, &fields) {
        return Err(flaw);
    }
    amendment::keep_unknown(&mut detail, raw);
    let Customer { aliases: customer, name: customer_name, username } = customer(&fields)?;
    Ok(ReceivedMessage {
        number: around.number.clone(),
        waba: around.waba.clone(),
        wamid,
        customer,
        customer_name,
        username,
        source,
        content: content(kind.as_str(), &fields),
        detail,
        reply_to: quoted(&fields),
        kind,
        errors: error_details(fields.errors),
        at: time(fields.timestamp, around.received),
        raw: RawJson::new(raw),
    })
}

fn detail_around(
    kind: &MessageType,
    fields: &MessageItem<'_>,
    source: Source,
    (contacts, received): (&Contacts<'_>, Timestamp),
) -> Detail {
    let participant = participant(fields, source, contacts).map(Box::new);
    Detail { participant, ..detail(kind, fields, received) }
}

/// The detail of a message of which nothing is known but its item.
pub(super) fn detail_of(
    kind: &MessageType,
    fields: &MessageItem<'_>,
    source: Source,
    received: Timestamp,
) -> Detail {
    detail_around(kind, fields, source, (&Contacts::default(), received))
}

/// WhatsApp's id of an item.
pub(super) fn wamid(id: Node<'_>) -> Result<Wamid, Flaw> {
    id.text().and_then(|text| Wamid::parse(&text)).ok_or_else(|| Flaw::of("id", id))
}

/// WhatsApp's time of an item, where it can be believed.
pub(super) fn time(stamp: Node<'_>, received: Timestamp) -> Option<Timestamp> {
    Timestamp::believable_seconds(stamp.whole_number()?, received)
}

/// Who wrote it.
fn sender(fields: &MessageItem<'_>, contacts: &Contacts<'_>) -> Option<Customer> {
    customer(fields, &author(fields), contacts).or_else(|| subject_of_system_message(fields, contacts))
}

pub(super) fn author<'a>(fields: &MessageItem<'a>) -> Names<'a> {
    Names {
        user_id: fields.from_user_id.text(),
        parent_user_id: fields.from_parent_user_id.text(),
        phone: fields.from.text(),
    }
}

/// Who of a group wrote it. The owner's phone is no participant.
fn participant(fields: &MessageItem<'_>, source: Source, contacts: &Contacts<'_>) -> Option<Participant> {
    group(fields).filter(|_| source.direction() == Direction::Inbound)?;
    let Customer { aliases, name, .. } = contacts.customer(&author(fields))?;
    Some(Participant { aliases, name })
}

/// To whom the owner wrote on the phone.
fn addressee(fields: &MessageItem<'_>, contacts: &Contacts<'_>) -> Option<Customer> {
    customer(fields, &addressed(fields), contacts)
}

pub(super) fn addressed<'a>(fields: &MessageItem<'a>) -> Names<'a> {
    Names {
        user_id: fields.to_user_id.text(),
        parent_user_id: fields.to_parent_user_id.text(),
        phone: fields.to.text(),
    }
}

fn customer(fields: &MessageItem<'_>, names: &Names<'_>, contacts: &Contacts<'_>) -> Option<Customer> {
    if let Some(group) = group(fields) {
        // The customer is the group; the contact's name is that of the member who wrote.
        return Some(Customer::of(CustomerAliases::new([group])?, None));
    }
    contacts.customer(names)
}

fn group(fields: &MessageItem<'_>) -> Option<Alias> {
    Alias::parse(AliasKind::Group, &fields.group_id.text()?)
}

/// A `system` message about somebody without a phone number names no sender (a username adopter who changed the
/// number, Meta's "system" page). The person is the only contact, else whoever the new ids name.
fn subject_of_system_message(fields: &MessageItem<'_>, contacts: &Contacts<'_>) -> Option<Customer> {
    let system: System<'_> = fields.system.object()?;
    if let Some(person) = contacts.only() {
        return Some(Customer::of(person.names().aliases(None)?, Some(person)));
    }
    Some(Customer::of(new_names(&system)?, None))
}

/// The message that this one quotes.
fn quoted(fields: &MessageItem<'_>) -> Option<Wamid> {
    Wamid::parse(&fields.context.object::<Context<'_>>()?.id.text()?)
}
