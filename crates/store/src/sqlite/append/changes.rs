//! What reactions, edits and revokes change.

use rusqlite::{Connection, params};
use waypost_domain::{DeadLetterKind, RawJson, Reactor, Timestamp};

use crate::append::{ChangeItem, ReactionRow, WamidDigest, Write};
use crate::columns::text_to_column;

/// Writes what a change comes to; how many rows it touched.
pub(super) fn write(connection: &Connection, write: &Write<'_>) -> rusqlite::Result<usize> {
    match write {
        Write::ChangeParked { number, wamid, change, received } => {
            park_change(connection, (*number, *wamid), change, *received)
        }
        Write::ChangesUnparked { number, wamid } => connection
            .prepare_cached("DELETE FROM parked_changes WHERE number = ?1 AND wamid = ?2")?
            .execute(params![number, wamid]),
        Write::ChangeTarget { change, target } => connection
            .prepare_cached("UPDATE messages SET target = ?2 WHERE seq = ?1")?
            .execute([change, target]),
        Write::ChangeRefused { change, reason, received } => refuse(connection, *change, (reason, *received)),
        Write::Author { seq, author } => connection
            .prepare_cached("UPDATE messages SET author = ?2 WHERE seq = ?1")?
            .execute(params![seq, author.to_text()]),
        Write::Edited { seq, edited: (at, wamid), version } => connection
            .prepare_cached(
                "UPDATE messages SET original = coalesce(original, content), content = ?2, metadata = ?3,
                     media = coalesce(?4, media), edited_at = ?5, edited_by = ?6
                 WHERE seq = ?1",
            )?
            .execute(params![
                seq,
                text_to_column(&version.content),
                version.detail.metadata.as_ref().map(RawJson::as_str),
                version.detail.media.as_ref().map(RawJson::as_str),
                at.as_millis(),
                wamid
            ]),
        Write::Revoked { seq, at } => connection
            .prepare_cached("UPDATE messages SET revoked_at = ?2 WHERE seq = ?1")?
            .execute(params![seq, at.as_millis()]),
        Write::Reaction { seq, row } => put_reaction(connection, *seq, row),
        _ => unreachable!("the caller hands on changes"),
    }
}

fn park_change(
    connection: &Connection,
    (number, digest): (i64, WamidDigest),
    change: &ChangeItem,
    received: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO parked_changes (number, wamid, change, change_wamid, reactor, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            number,
            digest,
            change.seq,
            change.wamid,
            change.kind.reactor().map(Reactor::to_text),
            received.as_millis()
        ])
}

/// Keeps the item of a change as a dead letter, too.
fn refuse(
    connection: &Connection,
    change: i64,
    (reason, received): (&str, Timestamp),
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO dead_letters (received_at, app, kind, reason, raw)
             SELECT ?2, n.app, ?3, ?4, CAST(coalesce(m.raw, '') AS BLOB)
             FROM messages m JOIN conversations c ON c.id = m.conversation JOIN numbers n ON n.id = c.number
             WHERE m.seq = ?1",
        )?
        .execute(params![change, received.as_millis(), DeadLetterKind::NotAllowed.as_str(), reason])
}

/// One reaction a person: the one before goes.
fn put_reaction(connection: &Connection, seq: i64, row: &ReactionRow) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO reactions (message, reactor, emoji, at, wamid) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET emoji = excluded.emoji, at = excluded.at, wamid = excluded.wamid",
        )?
        .execute(params![
            seq,
            row.reaction.by.to_text(),
            row.reaction.emoji.as_ref().map(|emoji| text_to_column(emoji.as_str())),
            row.reaction.at.as_millis(),
            row.wamid
        ])
}
