//! Products, orders, and what brought a customer here.

use super::text::{Line, Link, Passage, Token};

/// A product of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The catalogue.
    pub catalog: Option<Token>,
    /// The product's number in it (`product_retailer_id`).
    pub product: Option<Token>,
}

/// A cart that the customer sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The catalogue.
    pub catalog: Option<Token>,
    /// What the customer wrote to it.
    pub note: Option<Passage>,
    /// What is in it, at most [`Order::LINE_COUNT_MAX`].
    pub lines: Vec<OrderLine>,
}

impl Order {
    /// The most lines of one order.
    pub const LINE_COUNT_MAX: usize = 256;
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The product's number in the catalogue.
    pub product: Option<Token>,
    /// How many.
    pub quantity: Option<u32>,
    /// What one costs, in units of the currency.
    pub price: Option<Price>,
    /// The currency's three letters.
    pub currency: Option<Token>,
}

/// An amount of money as a decimal number, exactly as it was written: 39.9 is no binary fraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price(Box<str>);

impl Price {
    /// `None` where the text is anything but up to 32 digits, with a minus before and a point among them at most.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (digits.len() <= 33 && is_number(whole) && is_number(fraction)).then(|| Self(text.into()))
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What made a customer write: an advertisement or a post that opens a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// What it was.
    pub source: Option<ReferralSource>,
    /// Its id.
    pub source_id: Option<Token>,
    /// Its page.
    pub source_url: Option<Link>,
    /// Its headline.
    pub headline: Option<Line>,
    /// Its text.
    pub body: Option<Passage>,
    /// What it showed.
    pub promotion: Option<Promotion>,
    /// The click, by which Meta counts what comes of it. Placements in WhatsApp's own status have none.
    pub click: Option<Token>,
    /// What greeted the customer in the chat.
    pub welcome: Option<Passage>,
}

/// Where a referral comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferralSource {
    /// An advertisement.
    Ad,
    /// A post.
    Post,
}

/// What an advertisement or a post showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// A picture.
    Image {
        /// Where it is.
        url: Option<Link>,
    },
    /// A film.
    Video {
        /// Where it is.
        url: Option<Link>,
        /// A picture of it.
        thumbnail: Option<Link>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_a_decimal_number() {
        for text in ["0", "39.9", "-5", "12345678901234567890.12"] {
            assert_eq!(Price::parse(text).unwrap().as_str(), text);
        }
        for text in ["", ".", "5.", ".5", "1e3", "1,5", "--1", "€5", &"9".repeat(34)] {
            assert_eq!(Price::parse(text), None, "{text}");
        }
    }
}
