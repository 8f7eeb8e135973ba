//! One store over two back ends: what each has to be able to do, and which one does it.

use tokio::sync::oneshot;
use waypost_domain::{
    Conversation, ConversationId, CustomerId, CustomerNotes, CustomerRow, HistorySync, MessageHistory,
    MessageId, Offset, Page, PhoneNumberId, Reach, ThreadRow, Timestamp,
};

use crate::append::Undelivered;
use crate::customers::{CustomerRows, Family, PossibleDuplicate};
use crate::error::ReadError;
use crate::housekeeping::{Doomed, DoomedSession, Prune, SessionPrune};
use crate::job::Job;
use crate::keys::ApiKey;
use crate::letters::{Letter, LetterHead, LetterId, OurNumber, UnknownMessage};
use crate::listing::{ConversationRequest, CustomerRequest, RecentRequest, ThreadRequest};
use crate::options::Limits;
use crate::page::{JournalPage, PageError, PageRequest};
use crate::places::{Families, PlaceRow, PlacesOf};
use crate::position::Gap;
use crate::postgres::Postgres;
use crate::session_job::SessionJob;
use crate::sessions::{Session, SessionId};
use crate::sqlite::Sqlite;
use crate::store::Binding;

/// The database behind a store. All clones are one.
#[derive(Clone)]
pub(crate) enum BackEnd {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Writes each question once, for all back ends.
macro_rules! ask_back_end {
    ($($(#[$doc:meta])* fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*) => {
        impl BackEnd {
            $(
                $(#[$doc])*
                pub(crate) async fn $name(&self $(, $argument: $type)*) -> $answer {
                    match self {
                        Self::Sqlite(back) => back.$name($($argument),*).await,
                        Self::Postgres(back) => back.reading(back.$name($($argument),*)).await,
                    }
                }
            )*
        }
    };
}

ask_back_end! {
    fn head(&self) -> Result<Offset, ReadError>;
    fn journal_page(&self, request: PageRequest) -> Result<Result<JournalPage, PageError>, ReadError>;
    /// Whether a position is one of this journal after which nothing is missing.
    fn has_position(&self, position: Offset) -> Result<bool, ReadError>;
    /// What there is from an entry on.
    fn gap(&self, from: u64) -> Result<Gap, ReadError>;
    /// A handful at most.
    fn holders(&self, name: &str) -> Result<Vec<Binding>, ReadError>;
    fn family(&self, customer: CustomerId) -> Result<Family, ReadError>;
    fn families(&self, customers: Vec<CustomerId>) -> Result<Families, ReadError>;
    fn places(&self, of: PlacesOf) -> Result<Vec<PlaceRow>, ReadError>;
    fn customer(&self, customer: CustomerId) -> Result<CustomerRows, ReadError>;
    fn possible_duplicates(&self, after: u64, limit: usize) -> Result<Vec<PossibleDuplicate>, ReadError>;
    fn numbers(&self) -> Result<Vec<OurNumber>, ReadError>;
    fn dead_letters(&self, before: LetterId, count: usize) -> Result<Vec<LetterHead>, ReadError>;
    fn dead_letter_from(&self, from: LetterId, until: LetterId) -> Result<Option<Letter>, ReadError>;
    /// A hundred at most, those stored first before others.
    fn unknown_messages(&self, after: i64) -> Result<Vec<UnknownMessage>, ReadError>;
    fn has_number(&self, number: PhoneNumberId) -> Result<bool, ReadError>;
    fn customer_notes(&self, customer: CustomerId) -> Result<CustomerNotes, ReadError>;
    fn history_sync(&self, number: PhoneNumberId) -> Result<Option<HistorySync>, ReadError>;
    fn conversations(&self, request: ConversationRequest, reach: Reach) -> Result<Page<Conversation>, ReadError>;
    fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, ReadError>;
    /// From the span's end that is nearest to where it begins.
    fn thread(&self, request: ThreadRequest) -> Result<Page<ThreadRow>, ReadError>;
    fn message_history(&self, id: MessageId) -> Result<Option<MessageHistory>, ReadError>;
    fn recent_messages(&self, request: RecentRequest, reach: Reach) -> Result<Vec<ThreadRow>, ReadError>;
    fn customers(&self, request: CustomerRequest, reach: Reach) -> Result<Page<CustomerRow>, ReadError>;
    fn has_keys(&self) -> Result<bool, ReadError>;
    fn find_key(&self, digest: [u8; 32]) -> Result<Option<ApiKey>, ReadError>;
    fn keys_alive(&self, ids: &[&str], now: Timestamp) -> Result<Vec<String>, ReadError>;
    /// A few rows that are due, the oldest first.
    fn find_doomed(&self, prune: Prune, limits: &Limits, now: Timestamp) -> Result<Doomed, ReadError>;
    /// A few messages of ours that are from before `until` and were never said to be delivered, the oldest first.
    fn find_undelivered(&self, until: Timestamp) -> Result<Vec<Undelivered>, ReadError>;
    /// A session that was seen since.
    fn find_session(&self, session: SessionId, alive_since: Timestamp) -> Result<Option<Session>, ReadError>;
    /// A few sessions that are due, those seen longest ago first.
    fn find_doomed_sessions(
        &self,
        prune: SessionPrune,
        sessions_max: u64,
        alive_since: Timestamp
    ) -> Result<Vec<DoomedSession>, ReadError>;
}

impl BackEnd {
    /// Hands in a job and gives its answer; `None` where the writer could not do it or is gone.
    pub(crate) async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        match self {
            Self::Sqlite(back) => back.writer.ask(job).await,
            Self::Postgres(back) => back.writer.ask(job).await,
        }
    }

    /// The same, for sessions.
    pub(crate) async fn ask_sessions<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<T>) -> SessionJob,
    ) -> Option<T> {
        match self {
            Self::Sqlite(back) => back.session_writer.ask(job).await,
            Self::Postgres(back) => back.session_writer.ask(job).await,
        }
    }
}
