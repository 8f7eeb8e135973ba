//! The lattice of a message's states. A status never takes a message back.
//!
//! Meta delivers statuses in any order, more than once, and leaves some out. The states form one chain, and a
//! report joins with what is there (the higher wins), so that every order and repetition ends in the same state:
//!
//! `accepted < sent < expired < failed < delivered < read < played`
//!
//! `failed` stands above `sent` (a message that was sent and failed has failed) and below `delivered` (with several
//! devices one may fail and another deliver: it was delivered, and the error stays on record).

use crate::ids::{ConversationId, CustomerId, MessageId, PhoneNumberId, Wamid};
use crate::message::ErrorDetail;
use crate::pricing::Pricing;
use crate::time::Timestamp;

/// Where a message stands. The order of the variants is the order of the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageState {
    /// Meta took it (HTTP 200 with a `wamid`).
    Accepted,
    /// It left Meta's servers: one tick.
    Sent,
    /// Nothing was heard of it for so long that Meta has given up.
    Expired,
    /// It could not be sent or delivered.
    Failed,
    /// It is on a device: two ticks. An inbound message starts here.
    Delivered,
    /// It was shown in an open chat: blue ticks. An inbound one: we marked it read.
    Read,
    /// A voice note was played.
    Played,
}

impl MessageState {
    const ALL: [Self; 7] =
        [Self::Accepted, Self::Sent, Self::Expired, Self::Failed, Self::Delivered, Self::Read, Self::Played];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
        }
    }

    /// The state that [`Self::as_str`] names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The state after `reported`: the join of both.
    #[must_use]
    pub fn after(self, reported: &Reported) -> Self {
        reported.state().map_or(self, |state| self.max(state))
    }
}

/// For how long WhatsApp tries to deliver a message, in days; after that it gives up without a word ("Messages", time to
/// live). A status that comes later still counts.
pub const DELIVERY_DAYS_MAX: i64 = 30;

/// What a status webhook said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reported {
    /// `sent`
    Sent,
    /// `delivered`
    Delivered,
    /// `read`
    Read,
    /// `played`
    Played,
    /// `failed`
    Failed,
    /// `deleted`: the business deleted it for everyone. Recorded, and moves nothing.
    Deleted,
    /// `warning`: something about it is amiss. Recorded, and moves nothing.
    Warning,
    /// `expired`, mostly ours: nothing was heard of it for as long as WhatsApp tries to deliver it.
    Expired,
    /// Whatever comes later: recorded, and moves nothing. Cut to 64 characters.
    Other(Box<str>),
}

impl Reported {
    /// The report that a word stands for; `None` where there is no word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            "failed" => Self::Failed,
            "deleted" => Self::Deleted,
            "warning" => Self::Warning,
            "expired" => Self::Expired,
            other => {
                let word: Box<str> = other.chars().filter(|c| !c.is_control()).take(64).collect();
                return (!word.is_empty()).then_some(Self::Other(word));
            }
        })
    }

    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
            Self::Warning => "warning",
            Self::Expired => "expired",
            Self::Other(word) => word,
        }
    }

    fn state(&self) -> Option<MessageState> {
        Some(match self {
            Self::Sent => MessageState::Sent,
            Self::Delivered => MessageState::Delivered,
            Self::Read => MessageState::Read,
            Self::Played => MessageState::Played,
            Self::Failed => MessageState::Failed,
            Self::Expired => MessageState::Expired,
            Self::Deleted | Self::Warning | Self::Other(_) => return None,
        })
    }
}

/// When each status was first reported, by WhatsApp's time. `read` implies `delivered`, but no time is invented for
/// what was only implied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusTimes {
    /// First `sent`; for an inbound message, when the customer wrote it.
    pub sent_at: Option<Timestamp>,
    /// First `delivered`; for an inbound message, when we received it.
    pub delivered_at: Option<Timestamp>,
    /// First `read`.
    pub read_at: Option<Timestamp>,
    /// First `played`.
    pub played_at: Option<Timestamp>,
    /// First `failed`.
    pub failed_at: Option<Timestamp>,
}

impl StatusTimes {
    /// Notes that `reported` happened at `at`. The earliest of several wins (several people of a group read it), so
    /// that their order does not matter.
    pub fn note(&mut self, reported: &Reported, at: Timestamp) {
        let slot = match reported {
            Reported::Sent => &mut self.sent_at,
            Reported::Delivered => &mut self.delivered_at,
            Reported::Read => &mut self.read_at,
            Reported::Played => &mut self.played_at,
            Reported::Failed => &mut self.failed_at,
            Reported::Deleted | Reported::Warning | Reported::Expired | Reported::Other(_) => return,
        };
        *slot = Some(slot.map_or(at, |known| known.min(at)));
    }
}

/// A status that was seen for the first time, with the state after it: an event.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The message it is about.
    pub message: MessageId,
    /// WhatsApp's id of that message.
    pub wamid: Wamid,
    /// The message's conversation.
    pub conversation: ConversationId,
    /// The message's customer.
    pub customer: CustomerId,
    /// The business number.
    pub number: PhoneNumberId,
    /// The state before.
    pub previous: MessageState,
    /// The state after, which is never lower.
    pub state: MessageState,
    /// What came.
    pub reported: Reported,
    /// Who of a group it is about.
    pub participant: Option<Box<str>>,
    /// All times that are known after it.
    pub times: StatusTimes,
    /// What went wrong, as reported.
    pub errors: Vec<ErrorDetail>,
    /// What the message costs.
    pub pricing: Option<Pricing>,
    /// WhatsApp's time of the status, ours where that is missing or absurd.
    pub at: Timestamp,
}

crate::debug_shows! {
    StatusChange: message wamid conversation customer number previous state reported times at;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reported() -> impl Strategy<Value = Reported> {
        prop::sample::select(vec!["sent", "delivered", "read", "played", "failed", "deleted", "new-word"])
            .prop_map(|word| Reported::parse(word).unwrap())
    }

    fn fold(reports: &[(Reported, i64)]) -> (MessageState, StatusTimes) {
        let mut times = StatusTimes::default();
        let state = reports.iter().fold(MessageState::Accepted, |state, (reported, at)| {
            times.note(reported, Timestamp::from_millis(*at));
            state.after(reported)
        });
        (state, times)
    }

    proptest! {
        #[test]
        fn every_order_and_repetition_ends_in_one_state(
            (reports, shuffled) in prop::collection::vec((reported(), 0..5_i64), 0..12)
                .prop_flat_map(|reports| {
                    let twice: Vec<_> = reports.iter().chain(&reports).cloned().collect();
                    (Just(reports), Just(twice).prop_shuffle())
                })
        ) {
            prop_assert_eq!(fold(&reports), fold(&shuffled));
        }

        #[test]
        fn a_status_never_goes_back(reports in prop::collection::vec(reported(), 0..12)) {
            let mut state = MessageState::Accepted;
            for reported in reports {
                let next = state.after(&reported);
                prop_assert!(next >= state);
                state = next;
            }
        }
    }

    #[test]
    fn the_cases_of_metas_page() {
        let end = |words: &[&str]| {
            words
                .iter()
                .fold(MessageState::Accepted, |state, word| state.after(&Reported::parse(word).unwrap()))
        };
        assert_eq!(end(&["read", "sent", "delivered", "delivered"]), MessageState::Read);
        assert_eq!(end(&["sent", "failed"]), MessageState::Failed);
        assert_eq!(end(&["failed", "sent"]), MessageState::Failed);
        assert_eq!(end(&["failed", "delivered"]), MessageState::Delivered);
        assert_eq!(end(&["read", "failed"]), MessageState::Read);
        assert_eq!(end(&["deleted", "hologram"]), MessageState::Accepted);
    }

    #[test]
    fn state_words_are_read_as_they_are_written() {
        for state in MessageState::ALL {
            assert_eq!(MessageState::parse(state.as_str()), Some(state));
        }
        assert_eq!(MessageState::parse("queued"), None);
    }
}
