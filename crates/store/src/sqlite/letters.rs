//! What is read for whoever looks after the server.

use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::{AppName, DeadLetterKind, PhoneNumberId, RawJson, Source, Timestamp, WabaId};

use super::rows::known;
use crate::letters::{Letter, LetterHead, LetterId, OurNumber, UnknownMessage};

pub(crate) fn numbers(connection: &Connection) -> rusqlite::Result<Vec<OurNumber>> {
    connection
        .prepare_cached("SELECT phone_number_id, app, waba, claimed FROM numbers ORDER BY id")?
        .query_map([], |row| {
            Ok(OurNumber {
                number: known(PhoneNumberId::parse(row.get_ref(0)?.as_str()?), "numbers.phone_number_id")?,
                app: known(AppName::parse(row.get_ref(1)?.as_str()?), "numbers.app")?,
                waba: row.get_ref(2)?.as_str_or_null()?.and_then(WabaId::parse),
                is_claimed: row.get(3)?,
            })
        })?
        .collect()
}

pub(crate) fn heads(
    connection: &Connection,
    before: LetterId,
    count: usize,
) -> rusqlite::Result<Vec<LetterHead>> {
    connection
        .prepare_cached(
            "SELECT id, received_at, app, kind, reason, length(raw) FROM dead_letters
             WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
        )?
        .query_map(params![before.0, count], head)?
        .collect()
}

pub(crate) fn letter_from(
    connection: &Connection,
    from: LetterId,
    until: LetterId,
) -> rusqlite::Result<Option<Letter>> {
    connection
        .prepare_cached(
            "SELECT id, received_at, app, kind, reason, length(raw), raw, around FROM dead_letters
             WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT 1",
        )?
        .query_row([from.0, until.0], |row| {
            let around = row.get_ref(7)?.as_str_or_null()?.map(RawJson::new);
            Ok(Letter { head: head(row)?, raw: row.get(6)?, around })
        })
        .optional()
}

fn head(row: &Row<'_>) -> rusqlite::Result<LetterHead> {
    Ok(LetterHead {
        id: LetterId(row.get(0)?),
        received: Timestamp::from_millis(row.get(1)?),
        app: known(AppName::parse(row.get_ref(2)?.as_str()?), "dead_letters.app")?,
        kind: known(DeadLetterKind::parse(row.get_ref(3)?.as_str()?), "dead_letters.kind")?,
        reason: row.get(4)?,
        size_bytes: row.get(5)?,
    })
}

pub(crate) fn unknown_messages(connection: &Connection, after: i64) -> rusqlite::Result<Vec<UnknownMessage>> {
    connection
        .prepare_cached(
            "SELECT m.seq, n.phone_number_id, m.source, m.at, m.raw
             FROM unknown_types u JOIN messages m ON m.seq = u.message
             JOIN conversations c ON c.id = m.conversation JOIN numbers n ON n.id = c.number
             WHERE u.message > ?1 AND m.raw IS NOT NULL ORDER BY u.message LIMIT 100",
        )?
        .query_map([after], |row| {
            Ok(UnknownMessage {
                seq: row.get(0)?,
                number: known(PhoneNumberId::parse(row.get_ref(1)?.as_str()?), "numbers.phone_number_id")?,
                source: known(Source::parse(row.get_ref(2)?.as_str()?), "messages.source")?,
                at: Timestamp::from_millis(row.get(3)?),
                raw: RawJson::new(row.get_ref(4)?.as_str()?),
            })
        })?
        .collect()
}
