//! The pool of readers, and what is read beside the appends.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use tokio::sync::Semaphore;
use waypost_domain::{
    CustomerId, CustomerName, CustomerNotes, HistorySync, MarketingChoice, PhoneNumberId, Timestamp,
};

use super::connection::{open_to_read, settle_close};
use crate::error::ReadError;
use crate::options::Threads;

/// Connections that read one file.
#[derive(Clone)]
pub(crate) struct Readers(Pool);

#[derive(Clone)]
enum Pool {
    /// Each is used by one caller at a time, on threads that may block.
    Threads {
        idle: Arc<Mutex<Vec<Connection>>>,
        /// As many permits as there are connections: who has one finds one idle.
        permits: Arc<Semaphore>,
    },
    /// Guards the one connection for one read, on the caller's thread.
    Caller(Arc<Mutex<Connection>>),
}

impl Readers {
    /// Opens `count` connections; one is enough where the callers' threads read.
    pub(crate) fn open(database: &Path, count: usize, threads: Threads) -> rusqlite::Result<Self> {
        let open = || {
            let connection = open_to_read(database)?;
            settle_close(&connection, threads)?;
            Ok::<_, rusqlite::Error>(connection)
        };
        Ok(Self(match threads {
            Threads::Own => {
                let idle = (0..count).map(|_| open()).collect::<rusqlite::Result<Vec<_>>>()?;
                let permits = Arc::new(Semaphore::new(idle.len()));
                Pool::Threads { idle: Arc::new(Mutex::new(idle)), permits }
            }
            Threads::Caller => Pool::Caller(Arc::new(Mutex::new(open()?))),
        }))
    }

    /// Runs `read` on a connection of its own; waits for one where all are busy.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (idle, permits) = match &self.0 {
            Pool::Caller(connection) => {
                return Ok(read(&connection.lock().unwrap_or_else(PoisonError::into_inner))?);
            }
            Pool::Threads { idle, permits } => (Arc::clone(idle), Arc::clone(permits)),
        };
        let permit = permits.acquire_owned().await.map_err(|_| ReadError::Closed)?;
        let reading = tokio::task::spawn_blocking(move || {
            // The permit lives as long as the read, also where the caller has gone away.
            let _permit = permit;
            let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let result = read(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Some(result)
        });
        let result = reading.await.ok().flatten().ok_or(ReadError::Closed)?;
        Ok(result?)
    }
}

pub(crate) fn has_number(connection: &Connection, number: &PhoneNumberId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM numbers WHERE phone_number_id = ?1)")?
        .query_row([number.as_str()], |row| row.get(0))
}

/// The newest notes of all that are one with the customer.
pub(crate) fn customer_notes(
    connection: &Connection,
    customer: CustomerId,
) -> rusqlite::Result<CustomerNotes> {
    let newest = |value: &str, at: &str| {
        let sql = format!(
            "WITH now (id) AS (SELECT coalesce((SELECT survivor FROM merges WHERE customer = ?1), ?1))
             SELECT {value} FROM customers
             WHERE id IN (SELECT id FROM now UNION SELECT customer FROM merges WHERE survivor = (SELECT id FROM now))
                 AND {at} IS NOT NULL
             ORDER BY {at} DESC, coalesce({value}, '') DESC LIMIT 1"
        );
        let found: Option<Option<String>> =
            connection.prepare_cached(&sql)?.query_row([customer.to_bytes()], |row| row.get(0)).optional()?;
        Ok::<_, rusqlite::Error>(found.flatten())
    };
    Ok(CustomerNotes {
        saved_name: newest("saved_name", "saved_name_at")?.and_then(|name| CustomerName::parse(&name)),
        marketing: newest("marketing", "marketing_at")?.and_then(|choice| MarketingChoice::parse(&choice)),
    })
}

pub(crate) fn history_sync(
    connection: &Connection,
    number: &PhoneNumberId,
) -> rusqlite::Result<Option<HistorySync>> {
    connection
        .prepare_cached(
            "SELECT h.phase, h.progress, h.declined_at FROM history_syncs h JOIN numbers n ON n.id = h.number
             WHERE n.phone_number_id = ?1",
        )?
        .query_row([number.as_str()], |row| {
            let declined_at: Option<i64> = row.get(2)?;
            Ok(HistorySync {
                phase: row.get(0)?,
                progress: row.get(1)?,
                declined_at: declined_at.map(Timestamp::from_millis),
            })
        })
        .optional()
}
