//! What happened to an account, and to what belongs to all of its numbers.

use super::Word;
use crate::detail::{Line, Passage};
use crate::time::Timestamp;

/// Something happened to an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// What (`DISABLED_UPDATE`, `PARTNER_REMOVED`, …).
    pub event: Word,
    /// The country it is about.
    pub country: Word,
    /// Of a ban.
    pub ban: Option<Ban>,
    /// What is no longer allowed, at most [`Restriction::COUNT_MAX`].
    pub restrictions: Vec<Restriction>,
    /// Which rule was broken.
    pub violation: Word,
    /// The account that a partner got or lost.
    pub shared: Option<SharedAccount>,
    /// Why the number left, and by whose doing.
    pub disconnection: Option<Disconnection>,
    /// The tier of prices.
    pub tier: Option<VolumeTier>,
}

/// The account is, or will be, disabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ban {
    /// Where it stands (`SCHEDULE_FOR_DISABLE`, …).
    pub state: Word,
    /// When, in English.
    pub date: Option<Line>,
}

/// Something that an account may not do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restriction {
    /// What.
    pub kind: Word,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl Restriction {
    /// The most that are kept.
    pub const COUNT_MAX: usize = 32;
}

/// An account that is shared with a partner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedAccount {
    /// The account.
    pub waba: Word,
    /// Whose it is.
    pub owner: Word,
    /// The partner's app.
    pub partner_app: Word,
    /// The solution it takes part in.
    pub solution: Word,
}

/// A number left the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disconnection {
    /// Why.
    pub reason: Word,
    /// By whose doing.
    pub initiated_by: Word,
}

/// A tier of prices that depends on volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeTier {
    /// The tier.
    pub tier: Word,
    /// The category of messages.
    pub category: Word,
    /// The region.
    pub region: Word,
    /// The month it holds for.
    pub month: Word,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// Something about an account that somebody should look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountAlert {
    /// What it is about (`PHONE_NUMBER`, …).
    pub entity_kind: Word,
    /// Which one.
    pub entity: Word,
    /// How bad it is.
    pub severity: Word,
    /// Whether it is still so.
    pub status: Word,
    /// What it is.
    pub kind: Word,
    /// In words.
    pub description: Option<Passage>,
}

/// An account was reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountReview {
    /// How that ended.
    pub decision: Word,
}

/// Something about a flow: its state, or how its endpoint does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowNotice {
    /// What (`FLOW_STATUS_CHANGE`, `ENDPOINT_LATENCY`, …).
    pub event: Word,
    /// Which flow.
    pub flow: Word,
    /// In words.
    pub message: Option<Passage>,
    /// Its state before.
    pub old_status: Word,
    /// Its state now.
    pub new_status: Word,
    /// Whether an alert began or ended.
    pub alert_state: Word,
    /// The share of errors, in per cent.
    pub error_rate: Word,
    /// The bound that was crossed.
    pub threshold: Word,
    /// The share of calls that were answered, in per cent.
    pub availability: Word,
    /// The middle of the latencies, in milliseconds.
    pub p50_latency: Word,
    /// The latency that nine of ten calls kept, in milliseconds.
    pub p90_latency: Word,
    /// How many calls it was measured on.
    pub requests: Word,
    /// What is about to happen.
    pub warning: Option<Line>,
}

/// Something happened to a solution of several partners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnerSolution {
    /// What.
    pub event: Word,
    /// Which one.
    pub solution: Word,
    /// Where it stands.
    pub status: Word,
}

/// A way to be paid changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentConfiguration {
    /// Its name.
    pub name: Option<Line>,
    /// Who provides it.
    pub provider: Word,
    /// The business, as the provider knows it.
    pub merchant: Word,
    /// Where it stands.
    pub status: Word,
    /// Since when it is there.
    pub created_at: Option<Timestamp>,
    /// When it was changed.
    pub updated_at: Option<Timestamp>,
}
