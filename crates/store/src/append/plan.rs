//! What was decided: rows to write, in order, and what is to be handed on once they are committed.

use waypost_domain::notice::HistoryProgress;
use waypost_domain::{
    Alias, AppName, Assignment, Author, CallReport, ConversationId, CustomerId, CustomerName, DeadLetter,
    ErrorDetail, FieldReport, MarketingChoice, Message, MessageState, OutboxEntry, OutboxId, OutboxState,
    PhoneNumberId, Pricing, RawJson, Reported, SendIntent, StatusReport, StatusTimes, Timestamp, Username,
    Version, WabaId,
};

use super::change::{ChangeItem, ReactionRow};
use super::dedup::{SeenKey, WamidDigest};
use super::holders::HolderRow;
use super::item::Delivery;
use super::scopes::ScopeName;
use super::subject::KnownCall;
use crate::commit::{CommittedEvent, Step};
use crate::letters::{LetterId, OurNumber};

/// What a group comes to.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    pub(crate) writes: Vec<Write<'a>>,
    /// Names that are bound, and the journal's entries: these are to be written too.
    pub(super) steps: Vec<Step>,
    /// When what the entries come from was received, one by one.
    pub(super) received: Vec<Timestamp>,
}

impl<'a> Plan<'a> {
    pub(super) fn write(&mut self, write: Write<'a>) {
        self.writes.push(write);
    }

    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.steps.is_empty()
    }

    /// The journal's entries, each with when what it comes from was received.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&CommittedEvent, Timestamp)> {
        let entries = self.steps.iter().filter_map(|step| match step {
            Step::Event(entry) => Some(entry),
            Step::Bind { .. } => None,
        });
        entries.zip(self.received.iter().copied())
    }

    /// What is to be handed on once the plan is committed.
    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

/// One row that is written.
pub(crate) enum Write<'a> {
    Number {
        row: i64,
        number: &'a PhoneNumberId,
        app: &'a AppName,
        waba: Option<&'a WabaId>,
        scope: i64,
    },
    NumberWaba {
        row: i64,
        waba: &'a WabaId,
    },
    Scope {
        row: i64,
        name: ScopeName,
    },
    /// What was a scope of its own is part of another.
    ScopeUnited {
        row: i64,
        into: i64,
    },
    Customer {
        id: CustomerId,
        /// What is shown as the customer's number.
        number: Box<str>,
        /// The journal's entry after which that came to be.
        number_since: u64,
        name: Option<CustomerName>,
        at: Timestamp,
    },
    CustomerName {
        id: CustomerId,
        name: CustomerName,
    },
    CustomerUsername {
        id: CustomerId,
        username: Username,
    },
    CustomerNumber {
        id: CustomerId,
        number: Box<str>,
        since: u64,
    },
    /// The name is the customer's from here on, whoever had it in this scope.
    Alias {
        alias: Alias,
        row: HolderRow,
    },
    /// Nobody holds the name in this scope any more.
    AliasGone {
        alias: Alias,
        scope: i64,
    },
    /// A customer is merged into another, or no longer.
    Redirect {
        customer: CustomerId,
        to: Option<Redirect>,
    },
    /// A customer that was merged before goes on as somebody else, since that one was merged too, or is no longer.
    Rerouted {
        customer: CustomerId,
        now: CustomerId,
    },
    /// A phone number is somebody else's.
    PhoneMoved(Box<PhoneMove>),
    /// Two may be one.
    Duplicate {
        entry: u64,
        customers: (CustomerId, CustomerId),
        at: Timestamp,
    },
    DuplicateDismissed {
        entry: u64,
        at: Timestamp,
    },
    Conversation {
        id: ConversationId,
        customer: CustomerId,
        /// The row of our number.
        number: i64,
    },
    /// Something was written in it; neither time goes back.
    ConversationMoved {
        id: ConversationId,
        at: Option<Timestamp>,
        inbound_at: Option<Timestamp>,
    },
    Assigned {
        id: ConversationId,
        assignment: Assignment,
    },
    /// The older reads show what is stored after the row `newest`.
    Cleared {
        id: ConversationId,
        newest: i64,
    },
    /// An advertisement or a post sent the customer.
    Referral {
        conversation: ConversationId,
        at: Timestamp,
    },
    Seen {
        key: SeenKey,
        at: Timestamp,
        /// The message's row, for the message itself.
        message: Option<i64>,
    },
    Message {
        seq: i64,
        message: Box<Message>,
    },
    /// A member of a group wrote the message.
    Author {
        seq: i64,
        author: Author,
    },
    /// The message says something else now.
    Renewed {
        seq: i64,
        /// When it was, where that is known better: when it was sent, too.
        at: Option<Timestamp>,
        version: Box<Version>,
        /// The item that says so, where it takes the place of the one before.
        raw: Option<&'a RawJson>,
    },
    /// A call is so far, by this report.
    Call {
        /// The message's row.
        seq: i64,
        known: KnownCall,
        report: &'a CallReport,
        received: Timestamp,
    },
    MessageState {
        seq: i64,
        state: MessageState,
        times: Box<StatusTimes>,
        /// None leaves those that are there.
        errors: Vec<ErrorDetail>,
    },
    Hop(Box<HopRow>),
    /// A change waits for the message with this digest.
    ChangeParked {
        number: i64,
        wamid: WamidDigest,
        change: Box<ChangeItem>,
        received: Timestamp,
    },
    /// All changes that waited for the message are taken out.
    ChangesUnparked {
        number: i64,
        wamid: WamidDigest,
    },
    /// The row `change` has changed the message `target`.
    ChangeTarget {
        change: i64,
        target: i64,
    },
    /// The row `change` may not change the message that it names: its item is a dead letter, too.
    ChangeRefused {
        change: i64,
        /// What is wrong, and where.
        reason: String,
        received: Timestamp,
    },
    /// The message says something else now; what it said at first is kept.
    Edited {
        seq: i64,
        edited: (Timestamp, WamidDigest),
        version: Box<Version>,
    },
    Revoked {
        seq: i64,
        at: Timestamp,
    },
    Reaction {
        seq: i64,
        row: Box<ReactionRow>,
    },
    Parked {
        number: i64,
        wamid: WamidDigest,
        report: &'a StatusReport,
        received: Timestamp,
    },
    /// All that waited for the message is taken out.
    Unparked {
        number: i64,
        wamid: WamidDigest,
    },
    Send {
        intent: &'a SendIntent,
        entry: Box<OutboxEntry>,
    },
    SendSettled(Box<SettledRow>),
    /// How the business's phone calls a customer. The newest counts.
    SavedName {
        customer: CustomerId,
        name: Option<&'a CustomerName>,
        at: Timestamp,
    },
    /// Whether a customer wants marketing messages. The newest counts.
    Marketing {
        customer: CustomerId,
        choice: MarketingChoice,
        at: Timestamp,
    },
    /// How far the sharing of a number's old chats is. The highest counts.
    HistorySync {
        /// The row of our number.
        number: i64,
        progress: &'a HistoryProgress,
        at: Timestamp,
    },
    /// No number is claimed any more.
    Unclaimed,
    /// The number is its app's and its account's.
    Claimed {
        row: i64,
        claim: &'a OurNumber,
    },
    /// The message has a type that is not known.
    UnknownType {
        seq: i64,
    },
    Understood {
        seq: i64,
    },
    LetterGone {
        letter: LetterId,
    },
    DeadLetter {
        delivery: &'a Delivery,
        letter: &'a DeadLetter,
    },
    FieldReport {
        report: &'a FieldReport,
        received: Timestamp,
    },
}

/// Whom a customer was merged into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redirect {
    /// Directly.
    pub(crate) into: CustomerId,
    /// Who goes on: that one, or whom that one was merged into.
    pub(crate) now: CustomerId,
    pub(crate) at: Timestamp,
}

/// A phone number went over to somebody else.
#[derive(Clone, Debug)]
pub(crate) struct PhoneMove {
    /// The journal's entry that says so.
    pub(crate) entry: u64,
    pub(crate) phone: Alias,
    pub(crate) from: CustomerId,
    pub(crate) to: CustomerId,
    pub(crate) at: Timestamp,
}

/// A status of a message.
pub(crate) struct HopRow {
    /// The message's row.
    pub(crate) message: i64,
    pub(crate) reported: Reported,
    pub(crate) participant: Option<Box<str>>,
    pub(crate) at: Timestamp,
    pub(crate) errors: Vec<ErrorDetail>,
    pub(crate) pricing: Option<Pricing>,
}

/// A send after its call.
pub(crate) struct SettledRow {
    pub(crate) id: OutboxId,
    pub(crate) state: OutboxState,
    /// The message's row.
    pub(crate) message: Option<i64>,
    pub(crate) error: Option<ErrorDetail>,
    pub(crate) at: Timestamp,
}
