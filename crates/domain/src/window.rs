//! The customer service window: until when we may write whatever we like, and until when it costs nothing.
//!
//! Whatever a customer writes, and each call, opens a conversation's window for 24 hours, counted from WhatsApp's time
//! of it. The newest counts, in whatever order they come. ("Cloud API: Send messages", customer service windows.)
//!
//! A customer whom an advertisement or a post has sent, and whom we answer within 24 hours, is free of charge for 72
//! hours from that answer: the free entry point. It is money alone and opens no window.

use crate::message::{MessageType, Source};
use crate::time::{DAY_MS, Timestamp};

/// For how long a window stays open.
const OPEN_MS: i64 = DAY_MS;

/// Within what time a referral has to be answered.
pub const ANSWER_WITHIN_MS: i64 = DAY_MS;

/// For how long a free entry point lasts.
const FREE_MS: i64 = 3 * DAY_MS;

/// Whether we may write whatever we like, or templates only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowState {
    /// Whatever we like.
    Open,
    /// Templates only.
    Closed,
    /// We know of nothing that opened it. The customer may have written or called before we were there to see it.
    Unknown,
}

impl WindowState {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

/// A conversation's window at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How it is.
    pub state: WindowState,
    /// When it closes or closed; `None` where it is unknown.
    pub expires_at: Option<Timestamp>,
}

impl Window {
    /// The window as it is `now`, where the newest that opened it counts from `opened_at`.
    #[must_use]
    pub fn at(opened_at: Option<Timestamp>, now: Timestamp) -> Self {
        let Some(opened_at) = opened_at else {
            return Self { state: WindowState::Unknown, expires_at: None };
        };
        let expires_at = opened_at.plus_millis(OPEN_MS);
        let state = if now < expires_at { WindowState::Open } else { WindowState::Closed };
        Self { state, expires_at: Some(expires_at) }
    }
}

/// From when what WhatsApp stamped with `at` counts: a clock that goes ahead of ours must not lengthen a window, nor keep
/// a conversation above all others.
#[must_use]
pub fn counted_from(at: Timestamp, received: Timestamp) -> Timestamp {
    at.min(received)
}

/// Whether a message of this kind opens the window: what the customer wrote, tapped or reacted with, understood or not.
/// Not what changes an older message of theirs, and not what WhatsApp itself says of the customer (`system`).
#[must_use]
pub fn is_opened_by(source: Source, kind: &MessageType) -> bool {
    source == Source::Customer && kind.opens_window() && kind.as_str() != "system"
}

/// Until when it is free of charge, where `answered_at` is our first answer within [`ANSWER_WITHIN_MS`] of the newest
/// referral that has one; `None` where it is not free `now`.
#[must_use]
pub fn free_until(answered_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    answered_at.map(|at| at.plus_millis(FREE_MS)).filter(|until| now < *until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MS;

    const NOON: Timestamp = Timestamp::from_millis(1_794_000_000_000);

    fn hours(hours: i64) -> Timestamp {
        NOON.plus_millis(hours * HOUR_MS)
    }

    #[test]
    fn a_window_is_open_for_a_day_and_closed_from_then_on() {
        for (now, state) in [
            (hours(-1), WindowState::Open),
            (hours(0), WindowState::Open),
            (hours(24).plus_millis(-1), WindowState::Open),
            (hours(24), WindowState::Closed),
            (hours(1_000), WindowState::Closed),
        ] {
            let window = Window::at(Some(NOON), now);
            assert_eq!(window, Window { state, expires_at: Some(hours(24)) }, "{now:?}");
        }
        let unknown = Window { state: WindowState::Unknown, expires_at: None };
        assert_eq!(Window::at(None, NOON), unknown);
    }

    #[test]
    fn a_stamp_from_the_future_counts_from_when_it_was_received() {
        assert_eq!(counted_from(hours(20), hours(1)), hours(1));
        assert_eq!(counted_from(hours(-20), hours(1)), hours(-20));
    }

    #[test]
    fn what_the_customer_does_opens_it_and_what_is_done_to_old_messages_does_not() {
        let opens = |source, kind| is_opened_by(source, &MessageType::parse(kind).unwrap());
        for kind in ["text", "image", "reaction", "button", "interactive", "unsupported", "a_new_one"] {
            assert!(opens(Source::Customer, kind), "{kind}");
            assert!(!opens(Source::PhoneApp, kind) && !opens(Source::Api, kind), "{kind}");
        }
        for kind in ["edit", "revoke", "system"] {
            assert!(!opens(Source::Customer, kind), "{kind}");
        }
    }

    #[test]
    fn an_answer_is_free_for_three_days() {
        assert_eq!(free_until(Some(NOON), hours(71)), Some(hours(72)));
        assert_eq!(free_until(Some(NOON), hours(72)), None);
        assert_eq!(free_until(None, NOON), None);
    }
}
