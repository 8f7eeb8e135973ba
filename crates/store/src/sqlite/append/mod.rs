//! What one transaction does, synchronously: state and journal together. Nothing here waits, commits or publishes;
//! [`super::writer`] does.

pub(crate) mod customer;
mod dead_letter;
mod field;
mod journal;
mod message;
mod seen;
pub(crate) mod send;
mod status;

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use waypost_domain::{AppName, Fact, PhoneNumberId, Timestamp, WabaId};

use crate::commit::{Encode, Step};
use crate::ids::IdSource;
use crate::store::Received;
use customer::KnownThreads;
use journal::Journal;
use seen::DedupKey;

pub(crate) use journal::{read_entry, read_epoch, read_head, read_steps_after};
pub(crate) use seen::load_or_create_key;

/// Why a change could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// The customer named by its id does not exist.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The outbox entry does not exist.
    #[error("there is no such outbox entry")]
    UnknownSend,
    /// The database said no: because of what was to be written, or because it is in trouble.
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
}

/// Where a delivery came from and when.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) app: AppName,
    pub(crate) received: Timestamp,
}

/// The state between two transactions of the one writer, all of which can be rebuilt from the file.
pub(crate) struct Appender {
    ids: IdSource,
    journal: Journal,
    dedup: DedupKey,
    numbers: HashMap<PhoneNumberId, i64>,
    threads: KnownThreads,
    last_message_seq: i64,
}

impl Appender {
    /// Reads the head of what `connection` holds; a new file gets its epoch.
    pub(crate) fn load(
        connection: &Connection,
        mut ids: IdSource,
        encode: Encode,
        dedup_key: [u8; 32],
    ) -> rusqlite::Result<Self> {
        let journal = Journal::load(connection, &mut ids, encode)?;
        Ok(Self {
            ids,
            journal,
            dedup: DedupKey::new(&dedup_key),
            numbers: HashMap::new(),
            threads: KnownThreads::default(),
            last_message_seq: read_last_message_seq(connection)?,
        })
    }

    /// Forgets whatever a transaction that was not committed left here, and reads the file's state again.
    pub(crate) fn reload(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.numbers.clear();
        self.threads = KnownThreads::default();
        self.journal.reload(connection)?;
        self.last_message_seq = read_last_message_seq(connection)?;
        Ok(())
    }

    /// What is to be handed on once the transaction is committed.
    pub(crate) fn take_steps(&mut self) -> Vec<Step> {
        self.journal.take_steps()
    }

    /// Stores one item of a webhook.
    pub(crate) fn receive(
        &mut self,
        connection: &Connection,
        delivery: &Delivery,
        fact: &Fact,
    ) -> Result<Received, ChangeError> {
        match fact {
            Fact::Message(message) => self.receive_message(connection, delivery, message),
            Fact::Status(report) => self.receive_status(connection, delivery, report),
            Fact::Field(report) => self.receive_field(connection, delivery, report),
            Fact::Dead(letter) => Ok(dead_letter::insert(connection, delivery, letter)?),
        }
    }

    /// The row of one of our numbers, created at its first sight with the app that signed for it.
    fn number(
        &mut self,
        connection: &Connection,
        app: &AppName,
        number: &PhoneNumberId,
        waba: Option<&WabaId>,
    ) -> rusqlite::Result<i64> {
        if let Some(&id) = self.numbers.get(number) {
            return Ok(id);
        }
        connection
            .prepare_cached(
                "INSERT INTO numbers (phone_number_id, app, waba) VALUES (?1, ?2, ?3)
             ON CONFLICT (phone_number_id) DO UPDATE SET waba = coalesce(waba, excluded.waba)",
            )?
            .execute(params![number.as_str(), app.as_str(), waba.map(WabaId::as_str)])?;
        let id = connection
            .prepare_cached("SELECT id FROM numbers WHERE phone_number_id = ?1")?
            .query_row([number.as_str()], |row| row.get(0))?;
        if self.numbers.len() == NUMBERS_CACHED_MAX {
            self.numbers.clear();
        }
        self.numbers.insert(number.clone(), id);
        Ok(id)
    }
}

/// A deployment has a handful of numbers; the bound holds whoever invents them (the cache starts anew at it).
const NUMBERS_CACHED_MAX: usize = 10_000;

fn read_last_message_seq(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(seq), 0) FROM messages", [], |row| row.get(0))
}

/// The `phone_number_id` of a row of `numbers`.
fn read_number(connection: &Connection, id: i64) -> rusqlite::Result<PhoneNumberId> {
    let text: Option<String> = connection
        .prepare_cached("SELECT phone_number_id FROM numbers WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    super::rows::known(text.as_deref().and_then(PhoneNumberId::parse), "numbers.phone_number_id")
}
