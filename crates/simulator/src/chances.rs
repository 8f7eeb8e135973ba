//! How often the unusual happens.

/// Probabilities, from 0 (never) to 1 (always).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chances {
    /// A send that was accepted is reported as `failed` in the end.
    pub failed: f64,
    /// `delivered` never comes, since the chat was open: `read` implies it.
    pub delivered_skipped: f64,
    /// `read` comes half a minute or more after `delivered`.
    pub late: f64,
    /// One of the statuses arrives twice.
    pub repeated: f64,
    /// One of the statuses arrives after the one that followed it.
    pub out_of_order: f64,
    /// The first status sets out before the Graph API has answered the send.
    pub before_answer: f64,
    /// The customer answers what the agent wrote.
    pub answered: f64,
    /// A customer's message is delivered twice, in the same bytes.
    pub redelivered: f64,
}

impl Chances {
    /// As Meta on an eventful day: a minute of watching shows something of everything.
    pub const LIVELY: Self = Self {
        failed: 0.05,
        delivered_skipped: 0.12,
        late: 0.08,
        repeated: 0.12,
        out_of_order: 0.12,
        before_answer: 0.05,
        answered: 0.65,
        redelivered: 0.03,
    };

    /// Everything once, in order, without failures or answers.
    pub const PLAIN: Self = Self {
        failed: 0.0,
        delivered_skipped: 0.0,
        late: 0.0,
        repeated: 0.0,
        out_of_order: 0.0,
        before_answer: 0.0,
        answered: 0.0,
        redelivered: 0.0,
    };
}
