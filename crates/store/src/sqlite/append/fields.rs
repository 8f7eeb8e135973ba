//! What fields other than messages say of customers, numbers and calls. Of two that say different things the newest counts, and of
//! two of one second the one that is greater as text, so that their order means nothing.

use rusqlite::{Connection, params};
use waypost_domain::notice::HistoryProgress;
use waypost_domain::{CustomerId, CustomerName, MarketingChoice, RawJson, Timestamp, Version};

use crate::append::{KnownCall, Write};
use crate::columns::text_to_column;

/// One of the rows that are written here.
pub(super) fn write_row(connection: &Connection, write: &Write<'_>) -> rusqlite::Result<usize> {
    match write {
        Write::Renewed { seq, at, version, raw } => renew(connection, *seq, *at, version, *raw),
        Write::Call { seq, known, report, received } => {
            save_call(connection, *seq, known)?;
            insert_call_report(connection, *seq, &report.raw, *received)
        }
        Write::SavedName { customer, name, at } => save_name(connection, *customer, *name, *at),
        Write::Marketing { customer, choice, at } => save_choice(connection, *customer, *choice, *at),
        Write::HistorySync { number, progress, at } => save_progress(connection, *number, progress, *at),
        _ => Ok(0),
    }
}

fn save_name(
    connection: &Connection,
    customer: CustomerId,
    name: Option<&CustomerName>,
    at: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE customers SET saved_name = ?2, saved_name_at = ?3
             WHERE id = ?1 AND (coalesce(saved_name_at, 0), coalesce(saved_name, '')) < (?3, coalesce(?2, ''))",
        )?
        .execute(params![customer.to_bytes(), name.map(CustomerName::as_str), at.as_millis()])
}

fn save_choice(
    connection: &Connection,
    customer: CustomerId,
    choice: MarketingChoice,
    at: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE customers SET marketing = ?2, marketing_at = ?3
             WHERE id = ?1 AND (coalesce(marketing_at, 0), coalesce(marketing, '')) < (?3, ?2)",
        )?
        .execute(params![customer.to_bytes(), choice.as_str(), at.as_millis()])
}

fn save_progress(
    connection: &Connection,
    number: i64,
    progress: &HistoryProgress,
    at: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO history_syncs (number, phase, progress, declined_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET
                 phase = coalesce(max(phase, excluded.phase), phase, excluded.phase),
                 progress = coalesce(max(progress, excluded.progress), progress, excluded.progress),
                 declined_at = coalesce(max(declined_at, excluded.declined_at), declined_at,
                     excluded.declined_at)",
        )?
        .execute(params![
            number,
            progress.phase,
            progress.progress,
            progress.is_declined().then_some(at.as_millis())
        ])
}

/// The message says something else now.
fn renew(
    connection: &Connection,
    seq: i64,
    at: Option<Timestamp>,
    version: &Version,
    raw: Option<&RawJson>,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE messages SET type = ?2, content = iif(edited_at IS NULL, ?3, content),
                 original = iif(edited_at IS NULL, original, ?3),
                 metadata = iif(edited_at IS NULL, ?4, metadata),
                 media = iif(edited_at IS NULL, ?5, coalesce(media, ?5)), at = coalesce(?6, at),
                 sent_at = CASE WHEN sent_at IS NOT NULL THEN coalesce(?6, sent_at) END, raw = coalesce(?7, raw)
             WHERE seq = ?1",
        )?
        .execute(params![
            seq,
            version.kind.as_str(),
            text_to_column(&version.content),
            version.detail.metadata.as_ref().map(RawJson::as_str),
            version.detail.media.as_ref().map(RawJson::as_str),
            at.map(Timestamp::as_millis),
            raw.map(RawJson::as_str)
        ])
}

fn save_call(connection: &Connection, seq: i64, known: &KnownCall) -> rusqlite::Result<usize> {
    let call = &known.call;
    connection
        .prepare_cached(
            "INSERT INTO calls (message, stage, at, began_at, ended_at, talk_seconds)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET stage = excluded.stage, at = excluded.at, began_at = excluded.began_at,
                 ended_at = excluded.ended_at, talk_seconds = excluded.talk_seconds",
        )?
        .execute(params![
            seq,
            call.stage.as_str(),
            known.at.as_millis(),
            call.began_at.map(Timestamp::as_millis),
            call.ended_at.map(Timestamp::as_millis),
            call.talk_seconds
        ])
}

fn insert_call_report(
    connection: &Connection,
    seq: i64,
    raw: &RawJson,
    received: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("INSERT INTO call_reports (message, received_at, raw) VALUES (?1, ?2, ?3)")?
        .execute(params![seq, received.as_millis(), raw.as_str()])
}
