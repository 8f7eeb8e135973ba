//! Contact cards.

use super::text::{Line, Link, Passage, Token};
use crate::customer::Alias;

/// A contact card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// How it came to be shared; cards of before 2026 do not say.
    pub origin: Option<CardOrigin>,
    /// What the person is called.
    pub name: Option<Line>,
    /// Where the person works.
    pub company: Option<Line>,
    /// The birthday, as it was written.
    pub birthday: Option<Token>,
    /// At most [`Card::PART_COUNT_MAX`].
    pub phones: Vec<CardPhone>,
    /// At most [`Card::PART_COUNT_MAX`].
    pub emails: Vec<CardEmail>,
    /// Each on one line; at most [`Card::PART_COUNT_MAX`].
    pub addresses: Vec<Line>,
    /// At most [`Card::PART_COUNT_MAX`].
    pub urls: Vec<Link>,
    /// The card as the phone keeps it.
    pub vcard: Option<Passage>,
}

impl Card {
    /// The most cards of one message.
    pub const COUNT_MAX: usize = 64;

    /// The most phones, e-mails, addresses or pages of one card.
    pub const PART_COUNT_MAX: usize = 16;
}

/// How a card came to be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardOrigin {
    /// The customer was asked for the own number and gave it: this card names the sender.
    ContactRequest,
    /// Out of the phone book.
    Other,
}

/// A phone number on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPhone {
    /// The number as it was written.
    pub number: Option<Line>,
    /// The number in WhatsApp, where it has one.
    pub wa_id: Option<Alias>,
    /// What it is for (`CELL`, `WORK`, …).
    pub kind: Option<Token>,
}

/// An e-mail address on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardEmail {
    /// The address.
    pub address: Line,
    /// What it is for (`HOME`, `WORK`, …).
    pub kind: Option<Token>,
}
