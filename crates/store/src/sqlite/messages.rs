//! Messages and conversations, page by page. Indexes are named where the order of a page rests on one: without it SQLite
//! would rather sort than say so.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::{
    Aftermath, Conversation, ConversationId, CustomerId, CustomerName, DetailJson, Message, MessageHistory,
    MessageId, MessageState, MessageType, OutboxId, Page, PhoneNumberId, RawJson, Reach, Reported, Responder,
    Source, StatusHop, StatusTimes, ThreadPlace, ThreadRow, ThreadSpan, Timestamp, Username, Wamid,
};

use super::reach::{covers, covers_number};
use super::rows::{assignment, errors, known, pricing, unreadable};
use crate::columns::{reach_to_column, reactions_from_column, wordings_from_column};
use crate::listing::{
    CONVERSATION, CONVERSATION_COLUMNS, Cleared, ConversationRequest, Depth, IS_MESSAGE, Key, MESSAGE,
    MESSAGE_COLUMNS, PARTIES, RECENT_MAX, RecentRequest, ThreadRequest, is_of, referral_answered, top,
    wordings,
};

/// What became of the message `m`: see [`aftermath`].
const AFTERMATH: &str = "m.edited_at, m.revoked_at, (
     SELECT json_group_array(json_array(r.reactor, r.emoji, r.at)) FROM (
         SELECT * FROM reactions WHERE message = m.seq AND emoji IS NOT NULL ORDER BY at, reactor) r)";

/// What the message `m` said at first, and the edits of it.
const WORDINGS: &str = "m.original, (SELECT json_group_array(json_array(e.content, e.at)) FROM (
     SELECT * FROM messages WHERE target = m.seq AND type = 'edit' ORDER BY at, seq) e)";

/// Whether a conversation `c` fits what is asked for: `?4` to `?7`, each of them or NULL, within the reach `?8`.
fn fits(reach: &Reach) -> String {
    format!(
        "(?4 IS NULL OR c.number = (SELECT id FROM numbers WHERE phone_number_id = ?4))
         AND (?5 IS NULL OR c.assignee = ?5) AND (?6 IS NULL OR c.team = ?6) AND (?7 IS NULL OR {}) AND {}",
        is_of("?7"),
        is_within(reach)
    )
}

/// Whether a conversation `c` is within the reach `?8`, which is NULL for everything.
fn is_within(reach: &Reach) -> String {
    if reach.is_everything() { "?8 IS NULL".into() } else { covers("c", "?8") }
}

/// Conversations that stand below the place (`?1`, `?2`), `?3` at most, and for which `condition` holds.
fn picked(key: Key, condition: &str, reach: &Reach) -> String {
    let ids = |found: String| found.replacen("c.*", "c.id", 1);
    let from = |index: &str, on: &str| {
        format!(
            "SELECT c.* FROM conversations c {index} WHERE {on} AND (c.last_message_at, c.id) < (?1, ?2)
             AND {condition} ORDER BY c.last_message_at DESC, c.id DESC LIMIT ?3"
        )
    };
    let by_time = "INDEXED BY conversations_by_time";
    match key {
        Key::Customer => from("", &is_of("?7")),
        Key::Assignee => from("INDEXED BY conversations_by_assignee", "c.assignee = ?5"),
        Key::Team => from("INDEXED BY conversations_by_team", "c.team = ?6"),
        Key::Number => from(by_time, "c.number = (SELECT id FROM numbers WHERE phone_number_id = ?4)"),
        Key::Nothing => {
            let of_number = ids(from(by_time, "c.number = n.id"));
            let numbers =
                if reach.is_everything() { "TRUE".into() } else { covers_number("n.phone_number_id", "?8") };
            format!(
                "SELECT o.* FROM numbers n CROSS JOIN conversations o WHERE {numbers} AND o.id IN ({of_number})
                 ORDER BY o.last_message_at DESC, o.id DESC LIMIT ?3"
            )
        }
        Key::Holders => {
            let of_agent = from("INDEXED BY conversations_by_assignee", "c.assignee = h.value");
            let of_team = from("INDEXED BY conversations_by_team", "c.team = h.value");
            let of = |list: &str, found: String| {
                format!(
                    "SELECT i.id FROM json_each(?8, '$.{list}') h CROSS JOIN conversations i WHERE i.id IN ({})",
                    ids(found)
                )
            };
            format!(
                "SELECT o.* FROM conversations o WHERE o.id IN ({} UNION {})
                 ORDER BY o.last_message_at DESC, o.id DESC LIMIT ?3",
                of("agents", of_agent),
                of("teams", of_team)
            )
        }
        Key::People => from("", "c.customer IN (SELECT unhex(value) FROM json_each(?8, '$.customers'))"),
    }
}

/// Conversations out of the row source `from`, each with its newest message.
fn conversation_query(from: &str) -> String {
    format!(
        "SELECT {CONVERSATION}, {}, {MESSAGE}, {AFTERMATH} FROM {from} c {PARTIES}
         LEFT JOIN messages m ON m.seq = (
             SELECT s.seq FROM messages s INDEXED BY messages_by_time WHERE s.conversation = c.id AND {IS_MESSAGE}
             ORDER BY s.at DESC, s.seq DESC LIMIT 1)",
        referral_answered()
    )
}

pub(crate) fn conversations_sql(key: Key, reach: &Reach) -> String {
    let listed = conversation_query(&format!("({})", picked(key, &fits(reach), reach)));
    format!("{listed} ORDER BY c.last_message_at DESC, c.id DESC")
}

pub(crate) fn read_conversations(
    connection: &Connection,
    request: &ConversationRequest,
    reach: &Reach,
) -> rusqlite::Result<Page<Conversation>> {
    let (filter, (at, id)) = (&request.filter, top(request.before));
    let rows = connection
        .prepare_cached(&conversations_sql(Key::of(filter, reach), reach))?
        .query_map(
            params![
                at,
                id,
                request.size.rows() + 1,
                filter.number.as_ref().map(PhoneNumberId::as_str),
                filter.assignee.as_ref().map(Responder::as_str),
                filter.team.as_ref().map(Responder::as_str),
                filter.customer.map(CustomerId::to_bytes),
                reach_to_column(reach),
            ],
            conversation,
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Page::out_of(rows, request.size))
}

pub(crate) fn find_conversation(
    connection: &Connection,
    id: ConversationId,
) -> rusqlite::Result<Option<Conversation>> {
    connection
        .prepare_cached(&format!("{} WHERE c.id = ?1", conversation_query("conversations")))?
        .query_row([id.to_bytes()], conversation)
        .optional()
}

pub(crate) fn thread_sql(span: ThreadSpan) -> String {
    let (side, order) = match span {
        ThreadSpan::Newest | ThreadSpan::Before(_) => ("<", "DESC"),
        ThreadSpan::After(_) => (">", "ASC"),
    };
    format!(
        "SELECT {MESSAGE}, {AFTERMATH} FROM (
             SELECT s.* FROM messages s INDEXED BY messages_by_time
             WHERE s.conversation = ?1 AND (s.at, s.seq) {side} (?2, ?3) AND {IS_MESSAGE}
             ORDER BY s.at {order}, s.seq {order} LIMIT ?4
         ) m JOIN conversations c ON c.id = m.conversation {PARTIES} ORDER BY m.at {order}, m.seq {order}"
    )
}

pub(crate) fn read_thread(
    connection: &Connection,
    request: ThreadRequest,
) -> rusqlite::Result<Page<ThreadRow>> {
    let ThreadRequest { conversation, span, size } = request;
    let (at, seq) = match span {
        ThreadSpan::Newest => (i64::MAX, i64::MAX),
        ThreadSpan::Before(place) | ThreadSpan::After(place) => (place.at.as_millis(), place.arrival),
    };
    let rows = connection
        .prepare_cached(&thread_sql(span))?
        .query_map(params![conversation.to_bytes(), at, seq, size.rows() + 1], |row| thread_row(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Page::out_of(rows, size))
}

pub(crate) fn find_message_history(
    connection: &Connection,
    id: MessageId,
) -> rusqlite::Result<Option<MessageHistory>> {
    // The message and its statuses as they were at one moment.
    let snapshot = connection.unchecked_transaction()?;
    let sql = format!(
        "SELECT {MESSAGE}, {AFTERMATH}, {WORDINGS}
         FROM messages m JOIN conversations c ON c.id = m.conversation {PARTIES} WHERE m.id = ?1"
    );
    let found: Option<(i64, MessageHistory)> = snapshot
        .prepare_cached(&sql)?
        .query_row([id.to_bytes()], |row| Ok((row.get(0)?, history(row)?)))
        .optional()?;
    let Some((seq, mut history)) = found else { return Ok(None) };
    history.hops = snapshot
        .prepare_cached(
            "SELECT status, participant, at, errors, pricing FROM status_hops WHERE message = ?1
             ORDER BY at, status, participant",
        )?
        .query_map([seq], |row| {
            let participant = row.get_ref(1)?.as_str()?;
            Ok(StatusHop {
                reported: known(Reported::parse(row.get_ref(0)?.as_str()?), "status_hops.status")?,
                participant: (!participant.is_empty()).then(|| participant.into()),
                at: Timestamp::from_millis(row.get(2)?),
                errors: errors(row.get_ref(3)?.as_str_or_null()?)?,
                pricing: pricing(row.get_ref(4)?.as_str_or_null()?)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(history))
}

pub(crate) fn recent_sql(request: RecentRequest, reach: &Reach) -> String {
    let key = if request.customer.is_some() { Key::Customer } else { Key::within(reach) };
    let (of_customer, within) = (is_of("?7"), is_within(reach));
    let picked = picked(
        key,
        &format!("(?7 IS NULL OR {of_customer}) AND {within} AND (?4 OR c.cleared IS NULL OR EXISTS (
             SELECT 1 FROM messages s INDEXED BY messages_by_time WHERE s.conversation = c.id AND s.seq > c.cleared))"),
        reach,
    );
    format!(
        "SELECT {MESSAGE}, {AFTERMATH} FROM ({picked}) c CROSS JOIN messages m {PARTIES}
         WHERE m.seq IN (
             SELECT s.seq FROM messages s INDEXED BY messages_by_time
             WHERE s.conversation = c.id AND {IS_MESSAGE} AND (?4 OR s.seq > coalesce(c.cleared, 0))
             ORDER BY s.at DESC, s.seq DESC LIMIT ?5)
         ORDER BY m.at DESC, m.seq DESC LIMIT ?6"
    )
}

pub(crate) fn read_recent(
    connection: &Connection,
    request: RecentRequest,
    reach: &Reach,
) -> rusqlite::Result<Vec<ThreadRow>> {
    let (at, id) = top(None);
    let depth = if request.depth == Depth::Newest { 1 } else { RECENT_MAX };
    connection
        .prepare_cached(&recent_sql(request, reach))?
        .query_map(
            params![
                at,
                id,
                RECENT_MAX,
                request.cleared == Cleared::Shown,
                depth,
                RECENT_MAX,
                request.customer.map(CustomerId::to_bytes),
                reach_to_column(reach)
            ],
            |row| thread_row(row, 0),
        )?
        .collect()
}

fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let after = CONVERSATION_COLUMNS;
    let last_message = match row.get_ref(after + 1)? {
        ValueRef::Null => None,
        _ => Some(Box::new(thread_row(row, after + 1)?)),
    };
    Ok(Conversation {
        id: ConversationId::from_bytes(row.get(0)?),
        customer: CustomerId::from_bytes(row.get(1)?),
        customer_number: row.get(2)?,
        customer_name: row.get_ref(3)?.as_str_or_null()?.and_then(CustomerName::parse),
        number: known(PhoneNumberId::parse(row.get_ref(4)?.as_str()?), "numbers.phone_number_id")?,
        last_message_at: Timestamp::from_millis(row.get(5)?),
        last_message,
        opened_at: time(row, 6)?,
        referral_answered_at: time(row, after)?,
        assignment: assignment(row, 7)?,
    })
}

/// The message in the columns [`MESSAGE`] from `from` on, and what became of it in those behind.
fn thread_row(row: &Row<'_>, from: usize) -> rusqlite::Result<ThreadRow> {
    let message = message(row, from)?;
    let place = ThreadPlace { at: message.at, arrival: row.get(from)? };
    Ok(ThreadRow { place, message, aftermath: aftermath(row, from + MESSAGE_COLUMNS)? })
}

/// The message in the columns [`MESSAGE`] from `from` on.
fn message(row: &Row<'_>, from: usize) -> rusqlite::Result<Message> {
    let text = |index: usize| Ok::<_, rusqlite::Error>(row.get_ref(from + index)?.as_str()?);
    let optional_text = |index: usize| Ok::<_, rusqlite::Error>(row.get_ref(from + index)?.as_str_or_null()?);
    Ok(Message {
        id: MessageId::from_bytes(row.get(from + 1)?),
        wamid: known(Wamid::parse(text(2)?), "messages.wamid")?,
        conversation: ConversationId::from_bytes(row.get(from + 3)?),
        customer: CustomerId::from_bytes(row.get(from + 4)?),
        customer_number: row.get(from + 5)?,
        customer_name: optional_text(6)?.and_then(CustomerName::parse),
        username: optional_text(24)?.and_then(Username::parse),
        number: known(PhoneNumberId::parse(text(7)?), "numbers.phone_number_id")?,
        source: known(Source::parse(text(8)?), "messages.source")?,
        kind: known(MessageType::parse(text(9)?), "messages.type")?,
        content: row.get(from + 10)?,
        detail: DetailJson {
            metadata: optional_text(22)?.map(RawJson::new),
            media: optional_text(23)?.map(RawJson::new),
        },
        state: known(MessageState::parse(text(11)?), "messages.state")?,
        at: Timestamp::from_millis(row.get(from + 12)?),
        times: StatusTimes {
            sent_at: time(row, from + 13)?,
            delivered_at: time(row, from + 14)?,
            read_at: time(row, from + 15)?,
            played_at: time(row, from + 16)?,
            failed_at: time(row, from + 17)?,
        },
        errors: errors(optional_text(18)?)?,
        reply_to: optional_text(19)?.and_then(Wamid::parse),
        raw: optional_text(20)?.map(RawJson::new),
        is_late: false,
        outbox: row.get::<_, Option<[u8; 16]>>(from + 21)?.map(OutboxId::from_bytes),
    })
}

/// A message and what became of it, without what was reported.
fn history(row: &Row<'_>) -> rusqlite::Result<MessageHistory> {
    let (message, after) = (message(row, 0)?, MESSAGE_COLUMNS + 3);
    let edits = wordings_from_column(row.get_ref(after + 1)?.as_str_or_null()?).map_err(unreadable)?;
    let wordings = wordings(&message, row.get(after)?, edits);
    Ok(MessageHistory { message, aftermath: aftermath(row, MESSAGE_COLUMNS)?, wordings, hops: Vec::new() })
}

/// What became of a message, in the columns [`AFTERMATH`] from `from` on.
fn aftermath(row: &Row<'_>, from: usize) -> rusqlite::Result<Aftermath> {
    let reactions = reactions_from_column(row.get_ref(from + 2)?.as_str_or_null()?).map_err(unreadable)?;
    Ok(Aftermath { edited_at: time(row, from)?, revoked_at: time(row, from + 1)?, reactions })
}

fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::customer_query;
    use crate::sqlite::connection::{MIGRATIONS, migrate};
    use crate::sqlite::directory::{ALL, BY_ALIAS, BY_NAME, is_within as is_within_customers};
    use waypost_domain::{AssignedTo, ConversationFilter};

    /// The steps of SQLite's plan that look at all of something or sort it.
    fn costly_steps(sql: &str) -> Vec<String> {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &MIGRATIONS).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<Vec<String>>>();
        let is_costly = |step: &String| {
            (step.contains("SCAN") || step.contains("TEMP B-TREE")) && !step.contains("CONSTANT ROW")
        };
        steps.unwrap().into_iter().filter(is_costly).collect()
    }

    const SORT: &str = "USE TEMP B-TREE FOR ORDER BY";
    /// The numbers of those who are one, for a conversation and for its newest message: 32 at most, mostly none.
    const NUMBERS: &str = SORT;
    /// The few reactions to one message, which are read whole then.
    const REACTIONS: &str = SORT;

    #[test]
    fn a_page_is_found_by_indexes_and_neither_scanned_nor_sorted() {
        let place = ThreadPlace { at: Timestamp::from_millis(1), arrival: 1 };
        // What a subquery has cut to a page, `c` or `m`, is read whole.
        for (sql, steps) in [
            (thread_sql(ThreadSpan::Newest), &["SCAN m", NUMBERS, REACTIONS, "SCAN r"][..]),
            (thread_sql(ThreadSpan::After(place)), &["SCAN m", NUMBERS, REACTIONS, "SCAN r"]),
            (
                conversations_sql(Key::Assignee, &Reach::EVERYTHING),
                &["SCAN c", NUMBERS, NUMBERS, REACTIONS, "SCAN r"],
            ),
            (
                conversations_sql(Key::Team, &Reach::EVERYTHING),
                &["SCAN c", NUMBERS, NUMBERS, REACTIONS, "SCAN r"],
            ),
            (
                conversations_sql(Key::Number, &Reach::EVERYTHING),
                &["SCAN c", NUMBERS, NUMBERS, REACTIONS, "SCAN r"],
            ),
            (
                conversation_query("conversations") + " WHERE c.id = ?1",
                &[NUMBERS, NUMBERS, REACTIONS, "SCAN r"],
            ),
            // The aliases of each customer that may be found, and the names of those who are one.
            (customer_query(BY_ALIAS, "?9 IS NULL"), &[SORT, NUMBERS]),
            (customer_query(BY_NAME, "?10 IS NULL"), &[SORT, NUMBERS]),
            // A customer has as many conversations as we have numbers, at most.
            (
                conversations_sql(Key::Customer, &Reach::EVERYTHING),
                &[SORT, "SCAN c", NUMBERS, NUMBERS, REACTIONS, "SCAN r"],
            ),
        ] {
            assert_eq!(costly_steps(&sql), steps, "{sql}");
        }
    }

    /// Somebody with three conversations asked for those with a number, and all of the number were looked through.
    #[test]
    fn what_somebody_who_sees_little_sees_is_found_and_not_looked_for() {
        let of_agent = || Some([AssignedTo::Agent(Responder::parse("eva").unwrap())].into());
        let by_holder = Reach { assigned: of_agent(), ..Reach::EVERYTHING };
        let by_customer =
            Reach { customers: Some([CustomerId::from_bytes([1; 16])].into()), ..Reach::EVERYTHING };
        let number = PhoneNumberId::parse("1");
        let filtered =
            ConversationFilter { number, team: Responder::parse("t"), ..ConversationFilter::default() };
        for (reach, key) in [(&by_holder, Key::Holders), (&by_customer, Key::People)] {
            assert_eq!(
                (Key::of(&ConversationFilter::default(), reach), Key::of(&filtered, reach)),
                (key, key)
            );
            for sql in [conversations_sql(key, reach), customer_query(ALL, &is_within_customers(reach, "?3"))]
            {
                let looks_through = |step: &&String| {
                    let table = step.strip_prefix("SCAN ").unwrap_or_default();
                    ["u", "k", "i", "o"]
                        .iter()
                        .any(|name| table == *name || table.starts_with(&format!("{name} ")))
                };
                let steps = costly_steps(&sql);
                assert_eq!(steps.iter().find(looks_through), None, "{steps:?}: {sql}");
            }
        }
    }

    #[test]
    fn of_all_conversations_a_page_is_found_for_each_number() {
        let recent = RecentRequest { customer: None, depth: Depth::All, cleared: Cleared::Hidden };
        let numbers = "SCAN n USING COVERING INDEX sqlite_autoindex_numbers_1";
        for (sql, steps) in [
            (
                conversations_sql(Key::Nothing, &Reach::EVERYTHING),
                &[numbers, SORT, "SCAN c", NUMBERS, NUMBERS, REACTIONS, "SCAN r"][..],
            ),
            (
                recent_sql(recent, &Reach::EVERYTHING),
                &[numbers, SORT, "SCAN c", NUMBERS, REACTIONS, "SCAN r", SORT],
            ),
        ] {
            assert_eq!(costly_steps(&sql), steps, "{sql}");
        }
    }
}
