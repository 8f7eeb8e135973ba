//! What happened to a business number.

use super::Word;
use crate::detail::{Line, Passage};
use crate::time::Timestamp;

/// What a number may send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberLimits {
    /// The number, in digits.
    pub number: Word,
    /// What happened (`ONBOARDING`, `THROUGHPUT_UPGRADE`, …).
    pub event: Word,
    /// How many customers a day may be written to first (`TIER_10K`).
    pub daily_limit: Word,
    /// The limit before, in older webhooks.
    pub old_limit: Word,
    /// The limit now, in older webhooks.
    pub current_limit: Word,
}

/// The name of a number was decided on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberName {
    /// The number, in digits.
    pub number: Word,
    /// How.
    pub decision: Word,
    /// The name that was asked for.
    pub requested: Option<Line>,
    /// Why not.
    pub rejection: Word,
}

/// What the business may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capability {
    /// How many customers a day may be written to first: a tier, or in older webhooks a number.
    pub daily_limit: Word,
    /// How many numbers the business may have.
    pub numbers_per_business: Option<u32>,
    /// How many numbers an account may have.
    pub numbers_per_waba: Option<u32>,
}

/// The username of a business number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusinessUsername {
    /// The number, in digits.
    pub number: Word,
    /// The username; none where it was deleted.
    pub username: Word,
    /// `approved`, `reserved` or `deleted`.
    pub status: Word,
}

/// Something about the PIN of a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityNotice {
    /// The number, in digits.
    pub number: Word,
    /// What (`PIN_CHANGED`, …).
    pub event: Word,
    /// Who asked for it.
    pub requester: Word,
}

/// A customer's chat goes from one app to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// Whether control was passed or taken.
    pub control: Word,
    /// What the app before says to the next one.
    pub metadata: Option<Passage>,
    /// The customer's number, in digits.
    pub customer_number: Word,
    /// When.
    pub at: Option<Timestamp>,
}
