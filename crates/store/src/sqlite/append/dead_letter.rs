//! What could not be used, kept as it came.

use rusqlite::{Connection, params};
use waypost_domain::DeadLetter;

use super::Delivery;
use crate::store::Received;

pub(super) fn insert(
    connection: &Connection,
    delivery: &Delivery,
    letter: &DeadLetter,
) -> rusqlite::Result<Received> {
    connection
        .prepare_cached(
            "INSERT INTO dead_letters (received_at, app, kind, reason, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            delivery.received.as_millis(),
            delivery.app.as_str(),
            letter.kind.as_str(),
            letter.reason,
            letter.raw
        ])?;
    Ok(Received::Dead)
}
