//! Dead letters, claims, and messages of unknown types.

use rusqlite::{Connection, params};
use waypost_domain::{DeadLetter, RawJson, WabaId};

use crate::append::{Delivery, Write};
use crate::letters::OurNumber;

pub(super) fn write(connection: &Connection, write: &Write<'_>) -> rusqlite::Result<usize> {
    match write {
        Write::Unclaimed => {
            connection.prepare_cached("UPDATE numbers SET claimed = 0 WHERE claimed")?.execute([])
        }
        Write::Claimed { row, claim: number } => claim(connection, *row, number),
        Write::UnknownType { seq } => note_unknown(connection, *seq),
        Write::Understood { seq } => {
            connection.prepare_cached("DELETE FROM unknown_types WHERE message = ?1")?.execute([seq])
        }
        Write::LetterGone { letter } => {
            connection.prepare_cached("DELETE FROM dead_letters WHERE id = ?1")?.execute([letter.0])
        }
        Write::DeadLetter { delivery, letter } => insert(connection, delivery, letter),
        _ => unreachable!("`identity::write` has written it"),
    }
}

fn insert(connection: &Connection, delivery: &Delivery, letter: &DeadLetter) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO dead_letters (received_at, app, kind, reason, raw, around)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            delivery.received.as_millis(),
            delivery.app.as_str(),
            letter.kind.as_str(),
            letter.reason,
            letter.raw,
            letter.around.as_ref().map(RawJson::as_str)
        ])
}

/// The account that another app's deliveries named is not this one's.
fn claim(connection: &Connection, row: i64, claim: &OurNumber) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE numbers SET claimed = 1, app = ?2,
                 waba = coalesce(?3, CASE WHEN app = ?2 THEN waba END) WHERE id = ?1",
        )?
        .execute(params![row, claim.app.as_str(), claim.waba.as_ref().map(WabaId::as_str)])
}

fn note_unknown(connection: &Connection, seq: i64) -> rusqlite::Result<usize> {
    connection.prepare_cached("INSERT INTO unknown_types (message) VALUES (?1)")?.execute([seq])
}
