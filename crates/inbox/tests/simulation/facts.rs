//! What customers write. Some are known by their phone, some by an id first and by their phone later.

use waypost_domain::{
    Alias, AliasKind, CustomerAliases, CustomerName, Detail, Fact, MessageType, PhoneNumberId, RawJson,
    ReceivedMessage, Reported, Source, StatusReport, Timestamp, Wamid,
};

use crate::dice::Dice;

const CUSTOMERS: usize = 6;
/// From this one on they have an id.
const FIRST_WITH_ID: usize = 4;

/// Every name under which somebody may be asked for.
pub(crate) fn names() -> Vec<String> {
    (0..CUSTOMERS).map(phone).chain((FIRST_WITH_ID..CUSTOMERS).map(id)).collect()
}

fn phone(customer: usize) -> String {
    format!("1555000200{customer}")
}

fn id(customer: usize) -> String {
    format!("US.{customer}")
}

/// Webhooks, the messages of which are numbered.
#[derive(Default)]
pub(crate) struct Customers {
    messages: usize,
}

impl Customers {
    /// The items of one webhook.
    pub(crate) fn write(&mut self, dice: &mut Dice, items: usize, now: Timestamp) -> Vec<Fact> {
        (0..items).map(|_| self.item(dice, now)).collect()
    }

    fn item(&mut self, dice: &mut Dice, now: Timestamp) -> Fact {
        if self.messages > 0 && dice.one_in(5) {
            let message = dice.between(self.messages.saturating_sub(5), self.messages);
            return status(message, dice.pick(&["sent", "delivered", "read"]), now);
        }
        // Some come twice.
        if self.messages == 0 || !dice.one_in(12) {
            self.messages += 1;
        }
        let customer = dice.below(CUSTOMERS);
        let text = "x".repeat(dice.pick(&[1, 20, 300]));
        let aliases = aliases(customer, dice.one_in(2));
        message(self.messages, aliases, &text, now)
    }
}

fn aliases(customer: usize, has_phone: bool) -> CustomerAliases {
    let alias = |kind, value: &str| Alias::parse(kind, value).unwrap();
    let phone = alias(AliasKind::Phone, &phone(customer));
    if customer < FIRST_WITH_ID {
        return CustomerAliases::new([phone]).unwrap();
    }
    let id = alias(AliasKind::Bsuid, &id(customer));
    let aliases = if has_phone { vec![id, phone] } else { vec![id] };
    CustomerAliases::new(aliases).unwrap()
}

fn wamid(message: usize) -> Wamid {
    Wamid::parse(&format!("wamid.{message}")).unwrap()
}

fn number() -> PhoneNumberId {
    PhoneNumberId::parse("100000000000101").unwrap()
}

fn message(message: usize, customer: CustomerAliases, text: &str, now: Timestamp) -> Fact {
    // What the owner writes on the phone is followed by statuses.
    let source = if message.is_multiple_of(3) { Source::PhoneApp } else { Source::Customer };
    Fact::Message(Box::new(ReceivedMessage {
        number: number(),
        waba: None,
        wamid: wamid(message),
        customer,
        customer_name: CustomerName::parse("Ana"),
        username: None,
        source,
        kind: MessageType::text(),
        content: format!("{message} {text}"),
        detail: Detail::text(),
        reply_to: None,
        errors: Vec::new(),
        at: Some(now),
        raw: RawJson::new("{}"),
    }))
}

fn status(message: usize, word: &str, now: Timestamp) -> Fact {
    Fact::Status(Box::new(StatusReport {
        number: number(),
        wamid: wamid(message),
        reported: Reported::parse(word).unwrap(),
        customer: None,
        participant: None,
        errors: Vec::new(),
        pricing: None,
        at: Some(now),
        raw: RawJson::new("{}"),
    }))
}
