//! A call: what its reports come to, in whatever order they come.

use std::fmt;

use crate::customer::{CustomerAliases, CustomerName};
use crate::ids::{PhoneNumberId, WabaId, Wamid};
use crate::message::{Direction, MessageType, RawJson};
use crate::time::Timestamp;

/// A webhook said something of a call.
#[derive(Clone, PartialEq, Eq)]
pub struct CallReport {
    /// The business number that was called, or that calls.
    pub number: PhoneNumberId,
    /// The account of that number.
    pub waba: Option<WabaId>,
    /// WhatsApp's id of the call (`wacid…`); unique within the number.
    pub id: Wamid,
    /// The other side.
    pub customer: CustomerAliases,
    /// The other side's profile name, where given.
    pub customer_name: Option<CustomerName>,
    /// Who calls whom.
    pub direction: Direction,
    /// What it says of the call.
    pub call: Call,
    /// WhatsApp's time; `None` where it is missing or absurd.
    pub at: Option<Timestamp>,
    /// The item as it came, with what the two sides agreed on to connect.
    pub raw: RawJson,
}

impl CallReport {
    /// When it was, received at `received`: the end of a long talk is later than the call.
    #[must_use]
    pub fn call_at(&self, received: Timestamp) -> Timestamp {
        self.call.began_at.or(self.at).unwrap_or(received)
    }

    /// Whether it gives the business leave to write: by calling us, whether or not we answered, or by answering us.
    #[must_use]
    pub fn opens_window(&self) -> bool {
        self.direction == Direction::Inbound || self.call.was_answered()
    }
}

impl fmt::Debug for CallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallReport")
            .field("number", &self.number)
            .field("direction", &self.direction)
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

/// How far a call got. The order of the variants is the order in which a later one takes the place of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallStage {
    /// One side calls.
    Offered,
    /// The customer's phone rings.
    Ringing,
    /// The customer took it.
    Accepted,
    /// It could not be connected, or nobody answered.
    Failed,
    /// It is over.
    Completed,
    /// The customer would not take it.
    Rejected,
}

impl CallStage {
    const ALL: [Self; 6] =
        [Self::Offered, Self::Ringing, Self::Accepted, Self::Failed, Self::Completed, Self::Rejected];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Ringing => "ringing",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Completed => "completed",
            Self::Rejected => "rejected",
        }
    }

    /// The stage that [`Self::as_str`] names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// A call as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// How far it got.
    pub stage: CallStage,
    /// When the two began to talk.
    pub began_at: Option<Timestamp>,
    /// When they ended.
    pub ended_at: Option<Timestamp>,
    /// How long they talked, in seconds, by WhatsApp's count.
    pub talk_seconds: Option<u32>,
}

impl Call {
    /// A call that got so far.
    #[must_use]
    pub const fn at(stage: CallStage) -> Self {
        Self { stage, began_at: None, ended_at: None, talk_seconds: None }
    }

    /// The type of the message that a call is.
    #[must_use]
    pub fn message_type() -> MessageType {
        MessageType::parse("call").expect("a word of letters")
    }

    /// What is known after `report`, too. The order of reports does not matter, nor how often one comes.
    #[must_use]
    pub fn join(self, report: Self) -> Self {
        let earlier = |one: Option<Timestamp>, other: Option<Timestamp>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            stage: self.stage.max(report.stage),
            began_at: earlier(self.began_at, report.began_at),
            ended_at: self.ended_at.max(report.ended_at),
            talk_seconds: self.talk_seconds.max(report.talk_seconds),
        }
    }

    /// Whether the other side took it, as far as is known.
    #[must_use]
    pub fn was_answered(&self) -> bool {
        self.stage == CallStage::Accepted || self.seconds().is_some()
    }

    /// How long they talked, in seconds; `None` where they did not.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        let counted = || {
            let span_ms = self.ended_at?.as_millis().checked_sub(self.began_at?.as_millis())?;
            u32::try_from(span_ms / 1_000).ok()
        };
        self.talk_seconds.or_else(counted).filter(|seconds| *seconds > 0)
    }

    /// What a person reads of it in the thread.
    #[must_use]
    pub fn content(&self, direction: Direction) -> String {
        if let Some(seconds) = self.seconds() {
            return format!("📞 Call, {}", duration(seconds));
        }
        let ending = match (self.stage, direction) {
            (CallStage::Offered | CallStage::Ringing | CallStage::Accepted, _) => "📞 Call",
            (_, Direction::Inbound) => "📞 Missed call",
            (CallStage::Failed, Direction::Outbound) => "📞 Call, failed",
            (CallStage::Rejected, Direction::Outbound) => "📞 Call, declined",
            (CallStage::Completed, Direction::Outbound) => "📞 Call, not answered",
        };
        ending.to_owned()
    }
}

fn duration(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds} s"),
        _ => format!("{hours} h {minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call() -> impl Strategy<Value = Call> {
        let at = || prop::option::of((0..9_i64).prop_map(|n| Timestamp::from_millis(n * 1_000)));
        (prop::sample::select(CallStage::ALL.to_vec()), at(), at(), prop::option::of(0..9_u32)).prop_map(
            |(stage, began_at, ended_at, talk_seconds)| Call { stage, began_at, ended_at, talk_seconds },
        )
    }

    proptest! {
        #[test]
        fn every_order_and_repetition_of_reports_is_one_call(a in call(), b in call(), c in call()) {
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(a), a);
        }
    }

    #[test]
    fn a_call_is_told_in_words() {
        let talked = |seconds| Call { talk_seconds: Some(seconds), ..Call::at(CallStage::Completed) };
        for (call, direction, expected) in [
            (Call::at(CallStage::Offered), Direction::Inbound, "📞 Call"),
            (talked(125), Direction::Inbound, "📞 Call, 2 min 5 s"),
            (talked(9), Direction::Outbound, "📞 Call, 9 s"),
            (talked(7_325), Direction::Inbound, "📞 Call, 2 h 2 min 5 s"),
            (talked(0), Direction::Inbound, "📞 Missed call"),
            (Call::at(CallStage::Failed), Direction::Inbound, "📞 Missed call"),
            (Call::at(CallStage::Failed), Direction::Outbound, "📞 Call, failed"),
            (Call::at(CallStage::Rejected), Direction::Outbound, "📞 Call, declined"),
            (Call::at(CallStage::Completed), Direction::Outbound, "📞 Call, not answered"),
        ] {
            assert_eq!(call.content(direction), expected);
        }
    }

    #[test]
    fn a_stage_is_read_as_it_is_written() {
        for stage in CallStage::ALL {
            assert_eq!(CallStage::parse(stage.as_str()), Some(stage));
        }
        assert_eq!(CallStage::parse("busy"), None);
    }
}
