//! What is wanted, found by its keys.

use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::detail::Line;
use waypost_domain::{
    Author, Call, CallStage, ConversationId, CustomerId, DetailJson, MessageId, MessageReaction,
    MessageState, MessageType, OutboxEntry, OutboxId, OutboxState, PhoneNumberId, PrincipalId, RawJson,
    Reactor, Reported, Source, StatusTimes, Timestamp, Wamid,
};

use super::identity::{self, family_of, note_family};
use crate::append::{
    ChangeItem, ChangeKind, Known, KnownCall, KnownConversation, KnownNumber, KnownTalk, ParkedRow,
    ReactionRow, SeenKey, Sighting, Subject, WamidDigest, Wants,
};
use crate::sqlite::rows::{assignment, errors, known, pricing};

/// The columns that [`send_from_row`] reads.
const SEND: &str = concat!(
    "SELECT o.id, o.conversation, c.customer, n.phone_number_id, o.state, m.id, m.wamid, o.error,
         o.body, o.at, ",
    family_of!("c.customer"),
    ", c.assignee, c.team FROM outbox o
     JOIN conversations c ON c.id = o.conversation
     JOIN numbers n ON n.id = c.number
     LEFT JOIN messages m ON m.seq = o.message"
);

/// Loads what is wanted, which leaves no wants.
pub(super) fn load(connection: &Connection, wants: &mut Wants, into: &mut Known) -> rusqlite::Result<()> {
    for number in wants.numbers.drain(..) {
        if let Some(row) = find_number(connection, &number)? {
            into.load_number(number, row);
        }
    }
    identity::load(connection, wants, into)?;
    for (customer, number) in wants.conversations.drain(..) {
        if let Some(conversation) = find_conversation(connection, customer, number)? {
            into.load_conversation((customer, number), conversation);
        }
    }
    for key in wants.seen.drain(..) {
        if let Some(sighting) = find_sighting(connection, &key)? {
            into.load_sighting(key, sighting);
        }
    }
    for seq in wants.messages.drain(..) {
        load_subject(connection, seq, into)?;
    }
    for seq in wants.calls.drain(..) {
        if let Some(call) = find_call(connection, seq)? {
            into.load_call(seq, call);
        }
    }
    for key in wants.parked.drain(..) {
        for row in read_parked(connection, key)? {
            into.load_parked(key, row);
        }
    }
    for seq in wants.reactions.drain(..) {
        for row in read_reactions(connection, seq)? {
            into.load_reaction(seq, row);
        }
    }
    for key in wants.parked_changes.drain(..) {
        for change in read_parked_changes(connection, key)? {
            into.load_parked_change(key, change);
        }
    }
    for id in wants.sends.drain(..) {
        if let Some(entry) = find_send(connection, id, into)? {
            into.load_send(entry);
        }
    }
    for key in wants.sends_by_key.drain(..) {
        if let Some(entry) = find_send_by_key(connection, &key, into)? {
            into.load_send_of(key, entry);
        }
    }
    for id in wants.talks.drain(..) {
        if let Some(talk) = find_talk(connection, id)? {
            into.load_talk(id, talk);
        }
    }
    for letter in wants.letters.drain(..) {
        let sql = "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE id = ?1)";
        if connection.prepare_cached(sql)?.query_row([letter.0], |row| row.get(0))? {
            into.load_letter(letter);
        }
    }
    for seq in wants.unknown_types.drain(..) {
        let sql = "SELECT EXISTS (SELECT 1 FROM unknown_types WHERE message = ?1)";
        if connection.prepare_cached(sql)?.query_row([seq], |row| row.get(0))? {
            into.load_unknown_type(seq);
        }
    }
    wants.settle();
    Ok(())
}

fn find_number(connection: &Connection, number: &PhoneNumberId) -> rusqlite::Result<Option<KnownNumber>> {
    connection
        .prepare_cached("SELECT id, waba IS NOT NULL, scope FROM numbers WHERE phone_number_id = ?1")?
        .query_row([number.as_str()], |row| {
            Ok(KnownNumber { row: row.get(0)?, has_waba: row.get(1)?, scope: row.get(2)? })
        })
        .optional()
}

fn find_conversation(
    connection: &Connection,
    customer: CustomerId,
    number: i64,
) -> rusqlite::Result<Option<KnownConversation>> {
    connection
        .prepare_cached("SELECT id, last_message_at FROM conversations WHERE customer = ?1 AND number = ?2")?
        .query_row(params![customer.to_bytes(), number], |row| {
            Ok(KnownConversation {
                id: ConversationId::from_bytes(row.get(0)?),
                last_message_at: Timestamp::from_millis(row.get(1)?),
            })
        })
        .optional()
}

fn find_talk(connection: &Connection, id: ConversationId) -> rusqlite::Result<Option<KnownTalk>> {
    connection
        .prepare_cached(
            "SELECT c.customer, n.phone_number_id, c.assignee, c.team
             FROM conversations c JOIN numbers n ON n.id = c.number WHERE c.id = ?1",
        )?
        .query_row([id.to_bytes()], |row| {
            Ok(KnownTalk {
                customer: CustomerId::from_bytes(row.get(0)?),
                number: known(PhoneNumberId::parse(row.get_ref(1)?.as_str()?), "numbers.phone_number_id")?,
                assignment: assignment(row, 2)?,
            })
        })
        .optional()
}

fn find_sighting(connection: &Connection, key: &SeenKey) -> rusqlite::Result<Option<Sighting>> {
    connection
        .prepare_cached("SELECT message FROM seen WHERE number = ?1 AND wamid = ?2 AND what = ?3")?
        .query_row(params![key.number, key.wamid, key.what()], |row| Ok(Sighting { message: row.get(0)? }))
        .optional()
}

fn load_subject(connection: &Connection, seq: i64, into: &mut Known) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT m.id, m.wamid, m.conversation, c.customer, m.source, m.state, m.sent_at, m.delivered_at,
             m.read_at, m.played_at, m.failed_at, m.type, m.edited_at, m.edited_by, m.revoked_at,
             iif(m.type = 'media_placeholder' AND m.edited_at IS NOT NULL, m.content, NULL),
             m.author, m.target, ",
        family_of!("c.customer"),
        ", c.assignee, c.team FROM messages m JOIN conversations c ON c.id = m.conversation WHERE m.seq = ?1"
    ))?;
    let mut rows = statement.query([seq])?;
    let Some(row) = rows.next()? else { return Ok(()) };
    let time =
        |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_millis));
    let source = known(Source::parse(row.get_ref(4)?.as_str()?), "messages.source")?;
    let subject = Subject {
        id: MessageId::from_bytes(row.get(0)?),
        wamid: known(Wamid::parse(row.get_ref(1)?.as_str()?), "messages.wamid")?,
        conversation: ConversationId::from_bytes(row.get(2)?),
        customer: CustomerId::from_bytes(row.get(3)?),
        direction: source.direction(),
        author: Author::parse(row.get_ref(16)?.as_str_or_null()?),
        past: Subject::past(source, row.get_ref(11)?.as_str()?),
        state: known(MessageState::parse(row.get_ref(5)?.as_str()?), "messages.state")?,
        times: StatusTimes {
            sent_at: time(6)?,
            delivered_at: time(7)?,
            read_at: time(8)?,
            played_at: time(9)?,
            failed_at: time(10)?,
        },
        kind: known(MessageType::parse(row.get_ref(11)?.as_str()?), "messages.type")?,
        edited: time(12)?.zip(row.get(13)?),
        revoked_at: time(14)?,
        caption: row.get(15)?,
        target: row.get(17)?,
    };
    note_family(row.get_ref(18)?.as_str_or_null()?, into)?;
    into.load_assignment(subject.conversation, assignment(row, 19)?);
    into.load_subject(seq, subject);
    Ok(())
}

fn find_call(connection: &Connection, seq: i64) -> rusqlite::Result<Option<KnownCall>> {
    connection
        .prepare_cached("SELECT stage, at, began_at, ended_at, talk_seconds FROM calls WHERE message = ?1")?
        .query_row([seq], |row| {
            let (began_at, ended_at): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let call = Call {
                stage: known(CallStage::parse(row.get_ref(0)?.as_str()?), "calls.stage")?,
                began_at: began_at.map(Timestamp::from_millis),
                ended_at: ended_at.map(Timestamp::from_millis),
                talk_seconds: row.get(4)?,
            };
            Ok(KnownCall { call, at: Timestamp::from_millis(row.get(1)?) })
        })
        .optional()
}

fn read_parked(
    connection: &Connection,
    (number, digest): (i64, WamidDigest),
) -> rusqlite::Result<Vec<ParkedRow>> {
    connection
        .prepare_cached(
            "SELECT status, participant, at, errors, pricing FROM parked_statuses
             WHERE number = ?1 AND wamid = ?2 ORDER BY id",
        )?
        .query_map(params![number, digest], |row| {
            Ok(ParkedRow {
                reported: known(Reported::parse(row.get_ref(0)?.as_str()?), "parked_statuses.status")?,
                participant: row.get(1)?,
                at: Timestamp::from_millis(row.get(2)?),
                errors: errors(row.get_ref(3)?.as_str_or_null()?)?,
                pricing: pricing(row.get_ref(4)?.as_str_or_null()?)?,
            })
        })?
        .collect()
}

fn read_reactions(connection: &Connection, seq: i64) -> rusqlite::Result<Vec<ReactionRow>> {
    connection
        .prepare_cached(
            "SELECT reactor, emoji, at, wamid FROM reactions WHERE message = ?1 ORDER BY at, wamid",
        )?
        .query_map([seq], |row| {
            let reaction = MessageReaction {
                by: known(Reactor::parse(row.get_ref(0)?.as_str()?), "reactions.reactor")?,
                emoji: row.get_ref(1)?.as_str_or_null()?.and_then(Line::parse),
                at: Timestamp::from_millis(row.get(2)?),
            };
            Ok(ReactionRow { reaction, wamid: row.get(3)? })
        })?
        .collect()
}

fn read_parked_changes(
    connection: &Connection,
    (number, digest): (i64, WamidDigest),
) -> rusqlite::Result<Vec<ChangeItem>> {
    connection
        .prepare_cached(
            "SELECT m.seq, p.change_wamid, c.customer, m.source, m.at, m.type, p.reactor, m.content,
                 m.metadata, m.media, m.author
             FROM parked_changes p JOIN messages m ON m.seq = p.change
             JOIN conversations c ON c.id = m.conversation
             WHERE p.number = ?1 AND p.wamid = ?2 ORDER BY p.change",
        )?
        .query_map(params![number, digest], |row| {
            let json =
                |index| Ok::<_, rusqlite::Error>(row.get_ref(index)?.as_str_or_null()?.map(RawJson::new));
            let reactor = row.get_ref(6)?.as_str_or_null()?;
            let detail = DetailJson { metadata: json(8)?, media: json(9)? };
            let kind = ChangeKind::from_columns(row.get_ref(5)?.as_str()?, reactor, (row.get(7)?, detail));
            Ok(ChangeItem {
                seq: row.get(0)?,
                wamid: row.get(1)?,
                customer: CustomerId::from_bytes(row.get(2)?),
                direction: known(Source::parse(row.get_ref(3)?.as_str()?), "messages.source")?.direction(),
                author: Author::parse(row.get_ref(10)?.as_str_or_null()?),
                at: Timestamp::from_millis(row.get(4)?),
                kind: known(kind, "messages.type")?,
            })
        })?
        .collect()
}

fn find_send_by_key(
    connection: &Connection,
    (principal, key): &(PrincipalId, Box<str>),
    into: &mut Known,
) -> rusqlite::Result<Option<OutboxEntry>> {
    connection
        .prepare_cached(&format!("{SEND} WHERE o.principal = ?1 AND o.idempotency_key = ?2"))?
        .query_row(params![principal.as_str(), key], |row| send_from_row(row, into))
        .optional()
}

fn find_send(
    connection: &Connection,
    id: OutboxId,
    into: &mut Known,
) -> rusqlite::Result<Option<OutboxEntry>> {
    connection
        .prepare_cached(&format!("{SEND} WHERE o.id = ?1"))?
        .query_row([id.to_bytes()], |row| send_from_row(row, into))
        .optional()
}

/// The sends whose call was under way when the process before this one ended.
pub(crate) fn read_under_way(connection: &Connection) -> rusqlite::Result<Vec<OutboxId>> {
    connection
        .prepare("SELECT id FROM outbox WHERE state = 'sending' ORDER BY id")?
        .query_map([], |row| Ok(OutboxId::from_bytes(row.get(0)?)))?
        .collect()
}

fn send_from_row(row: &Row<'_>, into: &mut Known) -> rusqlite::Result<OutboxEntry> {
    note_family(row.get_ref(10)?.as_str_or_null()?, into)?;
    into.load_assignment(ConversationId::from_bytes(row.get(1)?), assignment(row, 11)?);
    let message: Option<[u8; 16]> = row.get(5)?;
    let wamid = row.get_ref(6)?.as_str_or_null()?.and_then(Wamid::parse);
    let mut errors = errors(row.get_ref(7)?.as_str_or_null()?)?;
    Ok(OutboxEntry {
        id: OutboxId::from_bytes(row.get(0)?),
        conversation: ConversationId::from_bytes(row.get(1)?),
        customer: CustomerId::from_bytes(row.get(2)?),
        number: known(PhoneNumberId::parse(row.get_ref(3)?.as_str()?), "numbers.phone_number_id")?,
        state: known(OutboxState::parse(row.get_ref(4)?.as_str()?), "outbox.state")?,
        message: message.map(MessageId::from_bytes).zip(wamid),
        error: errors.pop(),
        body: row.get(8)?,
        at: Timestamp::from_millis(row.get(9)?),
    })
}
