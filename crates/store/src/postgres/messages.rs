//! Messages and conversations, page by page.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use waypost_domain::{
    Aftermath, Conversation, ConversationId, CustomerId, CustomerName, DetailJson, Message, MessageHistory,
    MessageId, MessageState, MessageType, OutboxId, Page, PageSize, PhoneNumberId, Reach, Reported,
    Responder, Source, StatusHop, StatusTimes, ThreadPlace, ThreadRow, ThreadSpan, Username, Wamid,
};

use super::Postgres;
use super::directory::to_limit;
use super::reach::{covers, covers_number};
use super::rows::{assignment, errors, id, known, optional_id, optional_json, optional_time, pricing, time};
use crate::columns::{reach_to_column, reactions_from_column, wordings_from_column};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::listing::{
    CONVERSATION, CONVERSATION_COLUMNS, Cleared, ConversationRequest, Depth, IS_MESSAGE, Key, MESSAGE,
    MESSAGE_COLUMNS, PARTIES, RECENT_MAX, RecentRequest, ThreadRequest, is_of, referral_answered, top,
    wordings,
};

/// What became of the message `m`: see [`aftermath`].
const AFTERMATH: &str = "m.edited_at, m.revoked_at, (
     SELECT json_agg(json_build_array(r.reactor, r.emoji, r.at) ORDER BY r.at, r.reactor)::text
     FROM reactions r WHERE r.message = m.seq AND r.emoji IS NOT NULL)";

/// What the message `m` said at first, and the edits of it.
const WORDINGS: &str = "m.original, (
     SELECT json_agg(json_build_array(e.content, e.at) ORDER BY e.at, e.seq)::text
     FROM messages e WHERE e.target = m.seq AND e.type = 'edit')";

/// Whether a conversation `c` fits what is asked for: `$4` to `$7`, each of them or NULL, within the reach `$8`.
fn fits(reach: &Reach) -> String {
    format!(
        "($4::text IS NULL OR c.number = (SELECT id FROM numbers WHERE phone_number_id = $4))
         AND ($5::text IS NULL OR c.assignee = $5) AND ($6::text IS NULL OR c.team = $6)
         AND ($7::bytea IS NULL OR {}) AND {}",
        is_of("$7"),
        is_within(reach)
    )
}

/// Whether a conversation `c` is within the reach `$8`, which is NULL for everything.
fn is_within(reach: &Reach) -> String {
    if reach.is_everything() { "$8::text IS NULL".into() } else { covers("c", "$8") }
}

/// Conversations that stand below the place ($1, $2), $3 at most, and for which `condition` holds.
fn picked(key: Key, condition: &str, reach: &Reach) -> String {
    let found_on = |on: &str| {
        format!(
            "SELECT c.* FROM conversations c WHERE {on} AND (c.last_message_at, c.id) < ($1::bigint, $2::bytea)
             AND {condition} ORDER BY c.last_message_at DESC, c.id DESC LIMIT $3::bigint"
        )
    };
    match key {
        Key::Customer => found_on(&is_of("$7")),
        Key::Assignee => found_on("c.assignee = $5"),
        Key::Team => found_on("c.team = $6"),
        Key::Number => found_on("c.number = (SELECT id FROM numbers WHERE phone_number_id = $4)"),
        Key::Nothing => {
            let of_number = found_on("c.number = n.id");
            let numbers =
                if reach.is_everything() { "TRUE".into() } else { covers_number("n.phone_number_id", "$8") };
            format!(
                "SELECT o.* FROM numbers n CROSS JOIN LATERAL ({of_number}) o WHERE {numbers}
                 ORDER BY o.last_message_at DESC, o.id DESC LIMIT $3"
            )
        }
        Key::Holders => {
            let of = |list: &str, found: String| {
                format!(
                    "SELECT i.* FROM jsonb_array_elements_text($8::text::jsonb -> '{list}') AS h (value)
                     CROSS JOIN LATERAL ({found}) i"
                )
            };
            format!(
                "SELECT o.* FROM ({} UNION {}) o ORDER BY o.last_message_at DESC, o.id DESC LIMIT $3",
                of("agents", found_on("c.assignee = h.value")),
                of("teams", found_on("c.team = h.value"))
            )
        }
        Key::People => found_on(
            "c.customer IN (SELECT decode(p.value, 'hex')
                 FROM jsonb_array_elements_text($8::text::jsonb -> 'customers') AS p (value))",
        ),
    }
}

/// Conversations out of the row source `from`, each with its newest message.
fn conversation_query(from: &str) -> String {
    format!(
        "SELECT {CONVERSATION}, {}, {MESSAGE}, {AFTERMATH} FROM {from} c {PARTIES}
         LEFT JOIN LATERAL (
             SELECT s.* FROM messages s WHERE s.conversation = c.id AND {IS_MESSAGE}
             ORDER BY s.at DESC, s.seq DESC LIMIT 1) m ON true",
        referral_answered()
    )
}

pub(super) fn conversations_sql(key: Key, reach: &Reach) -> String {
    let listed = conversation_query(&format!("({})", picked(key, &fits(reach), reach)));
    format!("{listed} ORDER BY c.last_message_at DESC, c.id DESC")
}

pub(super) fn thread_sql(span: ThreadSpan) -> String {
    let (side, order) = match span {
        ThreadSpan::Newest | ThreadSpan::Before(_) => ("<", "DESC"),
        ThreadSpan::After(_) => (">", "ASC"),
    };
    format!(
        "SELECT {MESSAGE}, {AFTERMATH} FROM (
             SELECT s.* FROM messages s
             WHERE s.conversation = $1 AND (s.at, s.seq) {side} ($2::bigint, $3::bigint) AND {IS_MESSAGE}
             ORDER BY s.at {order}, s.seq {order} LIMIT $4::bigint
         ) m JOIN conversations c ON c.id = m.conversation {PARTIES} ORDER BY m.at {order}, m.seq {order}"
    )
}

pub(super) fn recent_sql(request: RecentRequest, reach: &Reach) -> String {
    let key = if request.customer.is_some() { Key::Customer } else { Key::within(reach) };
    let (of_customer, within) = (is_of("$7"), is_within(reach));
    let picked = picked(
        key,
        &format!(
            "($7::bytea IS NULL OR {of_customer}) AND {within} AND ($4::boolean OR c.cleared IS NULL OR EXISTS (
                 SELECT 1 FROM messages s WHERE s.conversation = c.id AND s.seq > c.cleared))"
        ),
        reach,
    );
    format!(
        "SELECT {MESSAGE}, {AFTERMATH} FROM ({picked}) c CROSS JOIN LATERAL (
             SELECT s.* FROM messages s
             WHERE s.conversation = c.id AND {IS_MESSAGE} AND ($4 OR s.seq > coalesce(c.cleared, 0))
             ORDER BY s.at DESC, s.seq DESC LIMIT $5::bigint) m {PARTIES}
         ORDER BY m.at DESC, m.seq DESC LIMIT $6::bigint"
    )
}

impl Postgres {
    pub(crate) async fn conversations(
        &self,
        request: ConversationRequest,
        reach: Reach,
    ) -> Result<Page<Conversation>, ReadError> {
        let (filter, (at, below)) = (&request.filter, top(request.before));
        let limit = limit(request.size);
        let number = filter.number.as_ref().map(PhoneNumberId::as_str);
        let assignee = filter.assignee.as_ref().map(Responder::as_str);
        let team = filter.team.as_ref().map(Responder::as_str);
        let customer = filter.customer.map(CustomerId::to_bytes);
        let customer = customer.as_ref().map(|id| &id[..]);
        let (sql, within) = (conversations_sql(Key::of(filter, &reach), &reach), reach_to_column(&reach));
        let parameters: [&(dyn ToSql + Sync); 8] =
            [&at, &&below[..], &limit, &number, &assignee, &team, &customer, &within];
        self.read(&sql, &parameters, |rows| {
            Ok(Page::out_of(rows.iter().map(conversation).collect::<Result<_, _>>()?, request.size))
        })
        .await
    }

    pub(crate) async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, ReadError> {
        let sql = format!("{} WHERE c.id = $1", conversation_query("conversations"));
        self.read(&sql, &[&&id.to_bytes()[..]], |rows| rows.first().map(conversation).transpose()).await
    }

    pub(crate) async fn thread(&self, request: ThreadRequest) -> Result<Page<ThreadRow>, ReadError> {
        let ThreadRequest { conversation, span, size } = request;
        let (at, seq) = match span {
            ThreadSpan::Newest => (i64::MAX, i64::MAX),
            ThreadSpan::Before(place) | ThreadSpan::After(place) => (place.at.as_millis(), place.arrival),
        };
        let limit = limit(size);
        self.read(&thread_sql(span), &[&&conversation.to_bytes()[..], &at, &seq, &limit], |rows| {
            Ok(Page::out_of(rows.iter().map(|row| thread_row(row, 0)).collect::<Result<_, _>>()?, size))
        })
        .await
    }

    pub(crate) async fn message_history(&self, id: MessageId) -> Result<Option<MessageHistory>, ReadError> {
        let after = MESSAGE_COLUMNS + 5;
        let sql = format!(
            "SELECT {MESSAGE}, {AFTERMATH}, {WORDINGS}, h.status, h.participant, h.at, h.errors, h.pricing
             FROM messages m JOIN conversations c ON c.id = m.conversation {PARTIES}
             LEFT JOIN status_hops h ON h.message = m.seq WHERE m.id = $1 ORDER BY h.at, h.status, h.participant"
        );
        self.read(&sql, &[&&id.to_bytes()[..]], |rows| {
            let Some(first) = rows.first() else { return Ok(None) };
            let mut history = history(first)?;
            for row in rows {
                history.hops.extend(hop(row, after)?);
            }
            Ok(Some(history))
        })
        .await
    }

    pub(crate) async fn recent_messages(
        &self,
        request: RecentRequest,
        reach: Reach,
    ) -> Result<Vec<ThreadRow>, ReadError> {
        let (at, below) = top(None);
        let depth = if request.depth == Depth::Newest { 1 } else { RECENT_MAX };
        let is_shown = request.cleared == Cleared::Shown;
        let customer = request.customer.map(CustomerId::to_bytes);
        let customer = customer.as_ref().map(|id| &id[..]);
        let (sql, within) = (recent_sql(request, &reach), reach_to_column(&reach));
        let parameters: [&(dyn ToSql + Sync); 8] =
            [&at, &&below[..], &RECENT_MAX, &is_shown, &depth, &RECENT_MAX, &customer, &within];
        self.read(&sql, &parameters, |rows| rows.iter().map(|row| thread_row(row, 0)).collect()).await
    }
}

/// One row more than the page has, to see whether there is more.
fn limit(size: PageSize) -> i64 {
    to_limit(size.rows() + 1)
}

fn conversation(row: &Row) -> Result<Conversation, DatabaseError> {
    let after = CONVERSATION_COLUMNS;
    let name: Option<&str> = row.try_get(3)?;
    let last_message = match row.try_get::<_, Option<i64>>(after + 1)? {
        Some(_) => Some(Box::new(thread_row(row, after + 1)?)),
        None => None,
    };
    Ok(Conversation {
        id: ConversationId::from_bytes(id(row, 0)?),
        customer: CustomerId::from_bytes(id(row, 1)?),
        customer_number: row.try_get::<_, &str>(2)?.into(),
        customer_name: name.and_then(CustomerName::parse),
        number: known(PhoneNumberId::parse(row.try_get(4)?), "numbers.phone_number_id")?,
        last_message_at: time(row, 5)?,
        last_message,
        opened_at: optional_time(row, 6)?,
        referral_answered_at: optional_time(row, after)?,
        assignment: assignment(row, 7)?,
    })
}

/// The message in the columns [`MESSAGE`] from `from` on, and what became of it in those behind.
fn thread_row(row: &Row, from: usize) -> Result<ThreadRow, DatabaseError> {
    let message = message(row, from)?;
    let place = ThreadPlace { at: message.at, arrival: row.try_get(from)? };
    Ok(ThreadRow { place, message, aftermath: aftermath(row, from + MESSAGE_COLUMNS)? })
}

/// The message in the columns [`MESSAGE`] from `from` on.
fn message(row: &Row, from: usize) -> Result<Message, DatabaseError> {
    let text = |index: usize| row.try_get::<_, &str>(from + index);
    let optional_text = |index: usize| row.try_get::<_, Option<&str>>(from + index);
    Ok(Message {
        id: MessageId::from_bytes(id(row, from + 1)?),
        wamid: known(Wamid::parse(text(2)?), "messages.wamid")?,
        conversation: ConversationId::from_bytes(id(row, from + 3)?),
        customer: CustomerId::from_bytes(id(row, from + 4)?),
        customer_number: text(5)?.into(),
        customer_name: optional_text(6)?.and_then(CustomerName::parse),
        username: optional_text(24)?.and_then(Username::parse),
        number: known(PhoneNumberId::parse(text(7)?), "numbers.phone_number_id")?,
        source: known(Source::parse(text(8)?), "messages.source")?,
        kind: known(MessageType::parse(text(9)?), "messages.type")?,
        content: text(10)?.into(),
        detail: DetailJson {
            metadata: optional_json(row, from + 22)?,
            media: optional_json(row, from + 23)?,
        },
        state: known(MessageState::parse(text(11)?), "messages.state")?,
        at: time(row, from + 12)?,
        times: StatusTimes {
            sent_at: optional_time(row, from + 13)?,
            delivered_at: optional_time(row, from + 14)?,
            read_at: optional_time(row, from + 15)?,
            played_at: optional_time(row, from + 16)?,
            failed_at: optional_time(row, from + 17)?,
        },
        errors: errors(row, from + 18)?,
        reply_to: optional_text(19)?.and_then(Wamid::parse),
        raw: optional_json(row, from + 20)?,
        is_late: false,
        outbox: optional_id(row, from + 21)?.map(OutboxId::from_bytes),
    })
}

/// A message and what became of it, without what was reported.
fn history(row: &Row) -> Result<MessageHistory, DatabaseError> {
    let (message, after) = (message(row, 0)?, MESSAGE_COLUMNS + 3);
    let edits = wordings_from_column(row.try_get(after + 1)?)?;
    let wordings = wordings(&message, row.try_get(after)?, edits);
    Ok(MessageHistory { message, aftermath: aftermath(row, MESSAGE_COLUMNS)?, wordings, hops: Vec::new() })
}

/// What became of a message, in the columns [`AFTERMATH`] from `from` on.
fn aftermath(row: &Row, from: usize) -> Result<Aftermath, DatabaseError> {
    Ok(Aftermath {
        edited_at: optional_time(row, from)?,
        revoked_at: optional_time(row, from + 1)?,
        reactions: reactions_from_column(row.try_get(from + 2)?)?,
    })
}

/// The status in the columns from `from` on, where there is one.
fn hop(row: &Row, from: usize) -> Result<Option<StatusHop>, DatabaseError> {
    let Some(word) = row.try_get::<_, Option<&str>>(from)? else { return Ok(None) };
    let participant: &str = row.try_get(from + 1)?;
    Ok(Some(StatusHop {
        reported: known(Reported::parse(word), "status_hops.status")?,
        participant: (!participant.is_empty()).then(|| participant.into()),
        at: time(row, from + 2)?,
        errors: errors(row, from + 3)?,
        pricing: pricing(row, from + 4)?,
    }))
}
