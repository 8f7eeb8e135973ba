//! What was decided, row by row.

use rusqlite::{Connection, params};
use waypost_domain::{
    ErrorDetail, FieldReport, LinkPreview, Message, MessageState, OutboxEntry, OutboxId, PhoneNumberId,
    RawJson, Responder, SendIntent, StatusReport, StatusTimes, Timestamp, WabaId, Wamid,
};

use super::identity;
use super::{changes, fields, letters};
use crate::append::{HopRow, Plan, SettledRow, WamidDigest, Write};
use crate::columns::{errors_to_column, pricing_to_column, text_to_column};
use crate::sqlite::journal;

pub(super) fn write(connection: &Connection, plan: &Plan<'_>) -> rusqlite::Result<()> {
    for write in &plan.writes {
        write_row(connection, write)?;
    }
    journal::insert(connection, plan.entries())
}

fn write_row(connection: &Connection, write: &Write<'_>) -> rusqlite::Result<()> {
    if identity::write(connection, write)?.is_some() {
        return Ok(());
    }
    match write {
        Write::Conversation { id, customer, number } => connection
            .prepare_cached(
                "INSERT INTO conversations (id, customer, number, last_message_at) VALUES (?1, ?2, ?3, 0)",
            )?
            .execute(params![id.to_bytes(), customer.to_bytes(), number]),
        Write::ConversationMoved { id, at, inbound_at } => connection
            .prepare_cached(
                "UPDATE conversations SET last_message_at = max(last_message_at, coalesce(?2, 0)),
                     last_inbound_at = nullif(max(coalesce(last_inbound_at, 0), coalesce(?3, 0)), 0)
                 WHERE id = ?1",
            )?
            .execute(params![
                id.to_bytes(),
                at.map(Timestamp::as_millis),
                inbound_at.map(Timestamp::as_millis)
            ]),
        Write::Assigned { id, assignment } => connection
            .prepare_cached("UPDATE conversations SET assignee = ?2, team = ?3 WHERE id = ?1")?
            .execute(params![
                id.to_bytes(),
                assignment.assignee.as_ref().map(Responder::as_str),
                assignment.team.as_ref().map(Responder::as_str)
            ]),
        Write::Cleared { id, newest } => connection
            .prepare_cached("UPDATE conversations SET cleared = ?2 WHERE id = ?1")?
            .execute(params![id.to_bytes(), newest]),
        Write::Referral { conversation, at } => connection
            .prepare_cached("INSERT OR IGNORE INTO referrals (conversation, at) VALUES (?1, ?2)")?
            .execute(params![conversation.to_bytes(), at.as_millis()]),
        Write::Seen { key, at, message } => connection
            .prepare_cached(
                "INSERT INTO seen (number, wamid, what, day, message) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![key.number, key.wamid, key.what(), at.day(), message]),
        Write::Message { seq, message } => insert_message(connection, *seq, message),
        Write::MessageState { seq, state, times, errors } => {
            update_message(connection, *seq, *state, times, errors)
        }
        Write::Hop(hop) => insert_hop(connection, hop),
        Write::Parked { number, wamid, report, received } => {
            park(connection, (*number, *wamid), report, *received)
        }
        Write::Unparked { number, wamid } => connection
            .prepare_cached("DELETE FROM parked_statuses WHERE number = ?1 AND wamid = ?2")?
            .execute(params![number, wamid]),
        Write::ChangeParked { .. }
        | Write::ChangesUnparked { .. }
        | Write::ChangeTarget { .. }
        | Write::ChangeRefused { .. }
        | Write::Author { .. }
        | Write::Edited { .. }
        | Write::Revoked { .. }
        | Write::Reaction { .. } => changes::write(connection, write),
        Write::Send { intent, entry } => insert_send(connection, intent, entry),
        Write::SendSettled(settled) => update_send(connection, settled),
        Write::Renewed { .. }
        | Write::Call { .. }
        | Write::SavedName { .. }
        | Write::Marketing { .. }
        | Write::HistorySync { .. } => fields::write_row(connection, write),
        Write::FieldReport { report, received } => insert_field_report(connection, report, *received),
        _ => letters::write(connection, write),
    }?;
    Ok(())
}

fn insert_message(connection: &Connection, seq: i64, message: &Message) -> rusqlite::Result<usize> {
    let times = &message.times;
    connection
        .prepare_cached(
            "INSERT INTO messages (seq, id, conversation, wamid, source, type, content, state, at, sent_at,
                 delivered_at, read_at, played_at, failed_at, reply_to, errors, outbox, raw, metadata, media)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        )?
        .execute(params![
            seq,
            message.id.to_bytes(),
            message.conversation.to_bytes(),
            message.wamid.as_str(),
            message.source.stored(),
            message.kind.as_str(),
            text_to_column(&message.content),
            message.state.as_str(),
            message.at.as_millis(),
            times.sent_at.map(|at| at.as_millis()),
            times.delivered_at.map(|at| at.as_millis()),
            times.read_at.map(|at| at.as_millis()),
            times.played_at.map(|at| at.as_millis()),
            times.failed_at.map(|at| at.as_millis()),
            message.reply_to.as_ref().map(Wamid::as_str),
            errors_to_column(&message.errors),
            message.outbox.map(OutboxId::to_bytes),
            message.raw.as_ref().map(RawJson::as_str),
            message.detail.metadata.as_ref().map(RawJson::as_str),
            message.detail.media.as_ref().map(RawJson::as_str),
        ])
}

fn insert_hop(connection: &Connection, hop: &HopRow) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO status_hops (message, status, participant, at, errors, pricing)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            hop.message,
            hop.reported.as_str(),
            hop.participant.as_deref().unwrap_or_default(),
            hop.at.as_millis(),
            errors_to_column(&hop.errors),
            pricing_to_column(hop.pricing.as_ref())
        ])
}

fn update_message(
    connection: &Connection,
    seq: i64,
    state: MessageState,
    times: &StatusTimes,
    errors: &[ErrorDetail],
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE messages SET state = ?2, sent_at = ?3, delivered_at = ?4, read_at = ?5, played_at = ?6,
                 failed_at = ?7, errors = coalesce(?8, errors)
             WHERE seq = ?1",
        )?
        .execute(params![
            seq,
            state.as_str(),
            times.sent_at.map(|at| at.as_millis()),
            times.delivered_at.map(|at| at.as_millis()),
            times.read_at.map(|at| at.as_millis()),
            times.played_at.map(|at| at.as_millis()),
            times.failed_at.map(|at| at.as_millis()),
            errors_to_column(errors)
        ])
}

fn park(
    connection: &Connection,
    (number, digest): (i64, WamidDigest),
    report: &StatusReport,
    received: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO parked_statuses (number, wamid, status, participant, at, errors, pricing, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            number,
            digest,
            report.reported.as_str(),
            report.participant,
            report.at.unwrap_or(received).as_millis(),
            errors_to_column(&report.errors),
            pricing_to_column(report.pricing.as_ref()),
            received.as_millis()
        ])
}

fn insert_send(connection: &Connection, intent: &SendIntent, entry: &OutboxEntry) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO outbox (id, principal, idempotency_key, conversation, state, body, preview, created_at, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        )?
        .execute(params![
            entry.id.to_bytes(),
            intent.principal.as_str(),
            intent.idempotency_key,
            entry.conversation.to_bytes(),
            entry.state.as_str(),
            text_to_column(&entry.body),
            intent.preview == LinkPreview::Shown,
            entry.at.as_millis()
        ])
}

fn update_send(connection: &Connection, settled: &SettledRow) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("UPDATE outbox SET state = ?2, message = ?3, error = ?4, at = ?5 WHERE id = ?1")?
        .execute(params![
            settled.id.to_bytes(),
            settled.state.as_str(),
            settled.message,
            settled.error.as_ref().and_then(|error| errors_to_column(std::slice::from_ref(error))),
            settled.at.as_millis()
        ])
}

fn insert_field_report(
    connection: &Connection,
    report: &FieldReport,
    received: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO field_reports (received_at, field, number, waba, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            received.as_millis(),
            text_to_column(&report.field),
            report.number.as_ref().map(PhoneNumberId::as_str),
            report.waba.as_ref().map(WabaId::as_str),
            report.raw.as_str()
        ])
}
