//! The embedded back end: a file for each purpose, each with one writer and a pool of readers.

pub(crate) mod accounts;
mod append;
pub(crate) mod audit;
mod checkpoint;
pub(crate) mod connection;
mod customers;
mod dedup_key;
pub(crate) mod departure;
mod directory;
mod housekeeping;
mod journal;
pub(crate) mod keys;
mod letters;
mod messages;
mod pages;
mod positions;
mod reach;
mod readers;
mod rows;
mod sessions;
mod transaction;
mod writer;

use std::path::Path;
use std::sync::Arc;

use waypost_domain::{
    Conversation, ConversationId, CustomerId, CustomerNotes, CustomerRow, HistorySync, MessageHistory,
    MessageId, Offset, Page, PhoneNumberId, Reach, ThreadRow, Timestamp,
};

use crate::append::Undelivered;
use crate::commit::Commits;
use crate::customers::{CustomerRows, Family, PossibleDuplicate};
use crate::desk::Desk;
use crate::error::ReadError;
use crate::health::Health;
use crate::housekeeping::{Doomed, DoomedSession, Prune, SessionPrune};
use crate::keys::ApiKey;
use crate::letters::{Letter, LetterHead, LetterId, OurNumber, UnknownMessage};
use crate::listing::{ConversationRequest, CustomerRequest, RecentRequest, ThreadRequest};
use crate::options::{Limits, OpenError, Options};
use crate::page::{JournalPage, PageError, PageRequest};
use crate::places::{Families, PlaceRow, PlacesOf};
use crate::position::Gap;
use crate::sessions::{Session, SessionId};
use crate::store::Binding;
use accounts::SqliteAccounts;
use connection::DataDir;
use readers::Readers;
use sessions::writer::SessionWriter;
use writer::Writer;

/// The files of a data directory. All clones are one.
#[derive(Clone)]
pub(crate) struct Sqlite {
    pub(crate) writer: Desk<Writer>,
    readers: Readers,
    pub(crate) session_writer: Desk<SessionWriter>,
    session_readers: Readers,
    pub(crate) accounts: SqliteAccounts,
}

impl Sqlite {
    /// Opens the files and starts their writers; creates what is missing.
    pub(crate) fn open(
        data_dir: &Path,
        options: Options,
        health: Health,
    ) -> Result<(Self, Commits), OpenError> {
        let directory = Arc::new(DataDir::own(data_dir)?);
        let (limits, threads) = (options.limits.clone(), options.threads);

        let session_writer = SessionWriter::open(Arc::clone(&directory), threads)
            .map_err(|error| OpenError::Sessions { path: directory.sessions(), source: Box::new(error) })?;
        let session_writer = Desk::open(session_writer, threads, "waypost-sessions", limits.queue_max)
            .map_err(|source| OpenError::Directory { path: directory.sessions(), source })?;
        let session_readers = Readers::open(&directory.sessions(), limits.readers, threads)?;

        let database = directory.database();
        let (writer, commits) = Writer::open(directory, options, health)?;
        let writer = Desk::open(writer, threads, "waypost-writer", limits.queue_max)
            .map_err(|source| OpenError::Directory { path: database.clone(), source })?;
        let readers = Readers::open(&database, limits.readers, threads)?;
        let accounts = SqliteAccounts::new(database, threads);
        Ok((Self { writer, readers, session_writer, session_readers, accounts }, commits))
    }

    pub(crate) async fn head(&self) -> Result<Offset, ReadError> {
        self.readers.run(journal::read_head).await
    }

    pub(crate) async fn journal_page(
        &self,
        request: PageRequest,
    ) -> Result<Result<JournalPage, PageError>, ReadError> {
        self.readers.run(move |connection| pages::read_page(connection, &request)).await
    }

    pub(crate) async fn has_position(&self, position: Offset) -> Result<bool, ReadError> {
        self.readers
            .run(move |connection| positions::is_there(&*connection.unchecked_transaction()?, &position))
            .await
    }

    pub(crate) async fn gap(&self, from: u64) -> Result<Gap, ReadError> {
        self.readers
            .run(move |connection| positions::read_gap(&*connection.unchecked_transaction()?, from))
            .await
    }

    pub(crate) async fn holders(&self, name: &str) -> Result<Vec<Binding>, ReadError> {
        let name = name.to_owned();
        self.readers.run(move |connection| customers::holders(connection, &name)).await
    }

    pub(crate) async fn family(&self, customer: CustomerId) -> Result<Family, ReadError> {
        self.readers.run(move |connection| customers::family(connection, customer)).await
    }

    pub(crate) async fn families(&self, customers: Vec<CustomerId>) -> Result<Families, ReadError> {
        self.readers.run(move |connection| customers::families(connection, customers)).await
    }

    pub(crate) async fn places(&self, of: PlacesOf) -> Result<Vec<PlaceRow>, ReadError> {
        self.readers.run(move |connection| customers::places(connection, &of)).await
    }

    pub(crate) async fn customer(&self, customer: CustomerId) -> Result<CustomerRows, ReadError> {
        self.readers.run(move |connection| customers::read(connection, customer)).await
    }

    pub(crate) async fn possible_duplicates(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<PossibleDuplicate>, ReadError> {
        self.readers.run(move |connection| customers::possible_duplicates(connection, (after, limit))).await
    }

    pub(crate) async fn numbers(&self) -> Result<Vec<OurNumber>, ReadError> {
        self.readers.run(letters::numbers).await
    }

    pub(crate) async fn dead_letters(
        &self,
        before: LetterId,
        count: usize,
    ) -> Result<Vec<LetterHead>, ReadError> {
        self.readers.run(move |connection| letters::heads(connection, before, count)).await
    }

    pub(crate) async fn dead_letter_from(
        &self,
        from: LetterId,
        until: LetterId,
    ) -> Result<Option<Letter>, ReadError> {
        self.readers.run(move |connection| letters::letter_from(connection, from, until)).await
    }

    pub(crate) async fn unknown_messages(&self, after: i64) -> Result<Vec<UnknownMessage>, ReadError> {
        self.readers.run(move |connection| letters::unknown_messages(connection, after)).await
    }

    pub(crate) async fn has_number(&self, number: PhoneNumberId) -> Result<bool, ReadError> {
        self.readers.run(move |connection| readers::has_number(connection, &number)).await
    }

    pub(crate) async fn customer_notes(&self, customer: CustomerId) -> Result<CustomerNotes, ReadError> {
        self.readers.run(move |connection| readers::customer_notes(connection, customer)).await
    }

    pub(crate) async fn history_sync(&self, number: PhoneNumberId) -> Result<Option<HistorySync>, ReadError> {
        self.readers.run(move |connection| readers::history_sync(connection, &number)).await
    }

    pub(crate) async fn conversations(
        &self,
        request: ConversationRequest,
        reach: Reach,
    ) -> Result<Page<Conversation>, ReadError> {
        self.readers.run(move |connection| messages::read_conversations(connection, &request, &reach)).await
    }

    pub(crate) async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, ReadError> {
        self.readers.run(move |connection| messages::find_conversation(connection, id)).await
    }

    pub(crate) async fn thread(&self, request: ThreadRequest) -> Result<Page<ThreadRow>, ReadError> {
        self.readers.run(move |connection| messages::read_thread(connection, request)).await
    }

    pub(crate) async fn message_history(&self, id: MessageId) -> Result<Option<MessageHistory>, ReadError> {
        self.readers.run(move |connection| messages::find_message_history(connection, id)).await
    }

    pub(crate) async fn recent_messages(
        &self,
        request: RecentRequest,
        reach: Reach,
    ) -> Result<Vec<ThreadRow>, ReadError> {
        self.readers.run(move |connection| messages::read_recent(connection, request, &reach)).await
    }

    pub(crate) async fn customers(
        &self,
        request: CustomerRequest,
        reach: Reach,
    ) -> Result<Page<CustomerRow>, ReadError> {
        self.readers.run(move |connection| directory::read_customers(connection, (&request, &reach))).await
    }

    pub(crate) async fn has_keys(&self) -> Result<bool, ReadError> {
        self.readers.run(|connection| Ok(!keys::list(connection)?.is_empty())).await
    }

    pub(crate) async fn find_key(&self, digest: [u8; 32]) -> Result<Option<ApiKey>, ReadError> {
        self.readers.run(move |connection| keys::find(connection, &digest)).await
    }

    pub(crate) async fn keys_alive(&self, ids: &[&str], now: Timestamp) -> Result<Vec<String>, ReadError> {
        let ids = serde_json::to_string(ids).map_err(ReadError::of)?;
        self.readers.run(move |connection| keys::alive(connection, &ids, now)).await
    }

    pub(crate) async fn find_doomed(
        &self,
        prune: Prune,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Doomed, ReadError> {
        let bound = prune.bound(limits, now);
        self.readers.run(move |connection| housekeeping::find(connection, prune, bound)).await
    }

    pub(crate) async fn find_undelivered(&self, until: Timestamp) -> Result<Vec<Undelivered>, ReadError> {
        self.readers.run(move |connection| housekeeping::find_undelivered(connection, until)).await
    }

    pub(crate) async fn find_session(
        &self,
        session: SessionId,
        alive_since: Timestamp,
    ) -> Result<Option<Session>, ReadError> {
        let find = move |connection: &_| sessions::statements::find(connection, session, alive_since);
        self.session_readers.run(find).await
    }

    pub(crate) async fn find_doomed_sessions(
        &self,
        prune: SessionPrune,
        sessions_max: u64,
        alive_since: Timestamp,
    ) -> Result<Vec<DoomedSession>, ReadError> {
        self.session_readers
            .run(move |connection| sessions::housekeeping::find(connection, prune, sessions_max, alive_since))
            .await
    }
}
