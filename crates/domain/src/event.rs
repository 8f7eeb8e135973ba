//! What somebody may want to see, and who that is.

use std::fmt;
use std::str::FromStr;

use crate::assignment::AssignmentChange;
use crate::change::MessageUpdate;
use crate::identity::CustomerUpdate;
use crate::ids::{CustomerId, PhoneNumberId, WabaId};
use crate::message::{Message, RawJson};
use crate::notice::Notice;
use crate::outbox::OutboxEntry;
use crate::status::StatusChange;
use crate::time::Timestamp;

/// A journal entry, before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message was stored (inbound), accepted by Meta (outbound), or echoed.
    Message(Box<Message>),
    /// A status was seen for the first time.
    Status(Box<StatusChange>),
    /// A message changed after it was shown.
    MessageUpdated(Box<MessageUpdate>),
    /// A send moved on.
    Outbox(Box<OutboxEntry>),
    /// A webhook field other than messages said something.
    Field(Box<FieldNotice>),
    /// Who somebody is has changed.
    Customer(Box<CustomerUpdate>),
    /// A conversation was assigned otherwise.
    Assignment(Box<AssignmentChange>),
}

impl Event {
    /// The customer whom it is about, where it is about one.
    #[must_use]
    pub fn customer(&self) -> Option<CustomerId> {
        match self {
            Self::Message(message) => Some(message.customer),
            Self::Status(status) => Some(status.customer),
            Self::MessageUpdated(update) => Some(update.customer),
            Self::Outbox(entry) => Some(entry.customer),
            Self::Customer(update) => Some(update.customer),
            Self::Assignment(change) => Some(change.customer),
            Self::Field(notice) => notice.customer,
        }
    }

    /// Makes it be about `customer`, who is the one that it was about until a merge.
    pub fn follow(&mut self, customer: CustomerId) {
        match self {
            Self::Message(message) => message.customer = customer,
            Self::Status(status) => status.customer = customer,
            Self::MessageUpdated(update) => update.customer = customer,
            Self::Outbox(entry) => entry.customer = customer,
            Self::Customer(update) => update.customer = customer,
            Self::Assignment(change) => change.customer = customer,
            Self::Field(notice) => notice.customer = Some(customer),
        }
    }

    /// Who is to see it, as things stand after the event. Whoever was merged into its customer is to be added.
    #[must_use]
    pub fn audience(&self) -> Audience {
        match self {
            Self::Message(message) => Audience::of(&message.number, message.customer),
            Self::Status(status) => Audience::of(&status.number, status.customer),
            Self::MessageUpdated(update) => Audience::of(&update.number, update.customer),
            Self::Outbox(entry) => Audience::of(&entry.number, entry.customer),
            Self::Assignment(change) => Audience::of(&change.number, change.customer),
            Self::Field(notice) => Audience(
                std::iter::once(Scope::All)
                    .chain(notice.number.clone().map(Scope::Number))
                    .chain(notice.customer.map(Scope::Customer))
                    .collect(),
            ),
            Self::Customer(update) => {
                let customers = std::iter::once(update.customer).chain(update.change.other());
                Audience(std::iter::once(Scope::All).chain(customers.map(Scope::Customer)).collect())
            }
        }
    }
}

/// A webhook change that is neither message nor status, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldNotice {
    /// Meta's name of the field.
    pub field: Box<str>,
    /// The business number it concerns, where it names one.
    pub number: Option<PhoneNumberId>,
    /// The account it concerns.
    pub waba: Option<WabaId>,
    /// The customer of whom it speaks, where it is known which one that is.
    pub customer: Option<CustomerId>,
    /// What it says, where its shape is known.
    pub notice: Option<Notice>,
    /// The change's `value`, or the item of a list in it, as it came.
    pub raw: RawJson,
    /// When we received it.
    pub at: Timestamp,
}

/// What an event is published to, and what a room stands for. A scope is an address, never a permission.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything.
    All,
    /// Everything of one business number.
    Number(PhoneNumberId),
    /// Everything of one customer.
    Customer(CustomerId),
    /// A name that may one day be a customer's: whoever waits for it is bound to the customer when it comes.
    Name(Box<str>),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Number(number) => write!(f, "number:{}", number.as_str()),
            Self::Customer(customer) => write!(f, "customer:{customer}"),
            Self::Name(name) => write!(f, "name:{name}"),
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(_) => f.write_str("name:hidden"),
            shown => write!(f, "{shown}"),
        }
    }
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a scope")]
pub struct InvalidScope;

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        match text.split_once(':') {
            None if text == "all" => Ok(Self::All),
            Some(("number", id)) => PhoneNumberId::parse(id).map(Self::Number).ok_or(InvalidScope),
            Some(("customer", id)) => id.parse().map(Self::Customer).map_err(|_| InvalidScope),
            Some(("name", name)) if !name.is_empty() => Ok(Self::Name(name.into())),
            _ => Err(InvalidScope),
        }
    }
}

/// The scopes an event is published to. Whoever is in several of them gets it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(pub Vec<Scope>);

impl Audience {
    fn of(number: &PhoneNumberId, customer: CustomerId) -> Self {
        Self(vec![Scope::All, Scope::Number(number.clone()), Scope::Customer(customer)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let customer = CustomerId::from_parts(Timestamp::from_millis(1), 2);
        for scope in [
            Scope::All,
            Scope::Number(PhoneNumberId::parse("100000000000101").unwrap()),
            Scope::Customer(customer),
            Scope::Name("ext:crm:42".into()),
        ] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for text in ["", "everything", "number:", "customer:cus_1", "name:"] {
            assert_eq!(text.parse::<Scope>(), Err(InvalidScope), "{text}");
        }
    }
}
