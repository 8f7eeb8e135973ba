//! A plan as few statements: one for each kind of row, whatever the number of rows. Of what is written more than once
//! within the plan, the last counts: a statement may touch a row once only.

use last::Last;
use people::People;
use waypost_domain::{Assignment, LinkPreview, Message, Responder, StatusTimes, Timestamp};

use super::link::Parameter;
use super::rows::to_column;
use crate::append::{Plan, Write};
use crate::columns::{errors_to_column, pricing_to_column, text_to_column};

const CONVERSATIONS: &str = "INSERT INTO conversations (id, customer, number, last_message_at)
     SELECT *, 0 FROM unnest($1::bytea[], $2::bytea[], $3::bigint[])";
const MOVED: &str = "UPDATE conversations c SET last_message_at = greatest(c.last_message_at, u.at),
         last_inbound_at = greatest(c.last_inbound_at, u.inbound_at)
     FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS u (id, at, inbound_at) WHERE c.id = u.id";
const ASSIGNED: &str = "UPDATE conversations c SET assignee = u.assignee, team = u.team
     FROM unnest($1::bytea[], $2::text[], $3::text[]) AS u (id, assignee, team) WHERE c.id = u.id";
const CLEARED: &str = "UPDATE conversations c SET cleared = u.newest
     FROM unnest($1::bytea[], $2::bigint[]) AS u (id, newest) WHERE c.id = u.id";
const REFERRALS: &str = "INSERT INTO referrals (conversation, at)
     SELECT * FROM unnest($1::bytea[], $2::bigint[]) ON CONFLICT DO NOTHING";
const SEEN: &str = "INSERT INTO seen (number, wamid, what, day, message)
     SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[])";
const MESSAGES: &str = "INSERT INTO messages (seq, id, conversation, wamid, source, type, content, state, at,
         sent_at, delivered_at, read_at, played_at, failed_at, reply_to, errors, outbox, raw, metadata, media)
     SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[],
         $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
         $14::bigint[], $15::text[], $16::text[], $17::bytea[], $18::bytea[], $19::bytea[], $20::bytea[])";
const STATES: &str = "UPDATE messages m SET state = u.state, sent_at = u.sent_at, delivered_at = u.delivered_at,
         read_at = u.read_at, played_at = u.played_at, failed_at = u.failed_at,
         errors = coalesce(u.errors, m.errors)
     FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
         $8::text[]) AS u (seq, state, sent_at, delivered_at, read_at, played_at, failed_at, errors)
     WHERE m.seq = u.seq";
const HOPS: &str = "INSERT INTO status_hops (message, status, participant, at, errors, pricing)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bytea[])
     ON CONFLICT DO NOTHING";
/// They are numbered in the order in which they came.
const PARKED: &str =
    "INSERT INTO parked_statuses (number, wamid, status, participant, at, errors, pricing, received_at)
     SELECT number, wamid, status, participant, at, errors, pricing, received_at
     FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bytea[],
         $8::bigint[]) WITH ORDINALITY
         AS u (number, wamid, status, participant, at, errors, pricing, received_at, place) ORDER BY place";
const UNPARKED: &str = "DELETE FROM parked_statuses p
     USING unnest($1::bigint[], $2::bytea[]) AS u (number, wamid)
     WHERE p.number = u.number AND p.wamid = u.wamid";
const SENDS: &str = "INSERT INTO outbox (id, principal, idempotency_key, conversation, state, body, preview,
         created_at, at)
     SELECT id, principal, idempotency_key, conversation, state, body, preview, at, at
     FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::boolean[],
         $8::bigint[]) AS u (id, principal, idempotency_key, conversation, state, body, preview, at)";
const SETTLED: &str = "UPDATE outbox o SET state = u.state, message = u.message, error = u.error, at = u.at
     FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::text[], $5::bigint[])
         AS u (id, state, message, error, at) WHERE o.id = u.id";
const FIELD_REPORTS: &str = "INSERT INTO field_reports (received_at, field, number, waba, raw)
     SELECT received_at, field, number, waba, raw
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[]) WITH ORDINALITY
         AS u (received_at, field, number, waba, raw, place) ORDER BY place";
const JOURNAL: &str = r#"INSERT INTO journal (number, "check", name, audience, body, received_at)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::bigint[])"#;

/// Takes rows apart into one array for each column. Columns come in groups, because tuples end at twelve.
macro_rules! columns {
    ($all:ident, $sql:ident, $rows:expr, |$row:pat_param| $(($($column:ident),+)),+) => {
        let rows = $rows;
        if !rows.is_empty() {
            let ($(($($column,)+),)+): ($(($(columns!(@vec $column),)+),)+) =
                rows.into_iter().map(|$row| ($(($($column,)+),)+)).collect();
            $all.push(Statement { sql: $sql, parameters: vec![$($(Box::new($column) as Parameter),+),+] });
        }
    };
    (@vec $column:ident) => { Vec<_> };
}

mod changes;
mod fields;
mod last;
mod letters;
mod people;

use changes::Changes;
use fields::Fields;
use letters::Letters;

/// A statement and its values.
pub(super) struct Statement {
    pub(super) sql: &'static str,
    pub(super) parameters: Vec<Parameter>,
}

/// What writes the plan, in this order.
pub(super) fn statements(plan: &Plan<'_>) -> Vec<Statement> {
    let mut tables = Tables::default();
    for write in &plan.writes {
        tables.people.put(write);
        tables.threads(write);
        tables.messages(write);
        tables.changes.take(write);
        tables.rest(write);
        tables.fields.take(write);
        tables.letters.take(write);
    }
    for (entry, received) in plan.entries() {
        let name = entry.name.clone().into_owned();
        let row = (to_column(entry.offset.number), i64::from(entry.offset.check), name);
        let columns = (entry.audience.to_string(), entry.body.to_vec(), received.as_millis());
        tables.journal.push((row, columns));
    }
    tables.into_statements()
}

type Id = Vec<u8>;
type Errors = Option<String>;
type Times = [Option<i64>; 5];

/// The rows of each table, as they will be after the plan.
#[derive(Default)]
struct Tables {
    people: People,
    conversations: Vec<(Id, Id, i64)>,
    moved: Last<Id, (Option<i64>, Option<i64>)>,
    assigned: Last<Id, (Option<String>, Option<String>)>,
    cleared: Last<Id, i64>,
    referrals: Vec<(Id, i64)>,
    seen: Vec<(i64, Id, String, i64, Option<i64>)>,
    messages: Vec<MessageRow>,
    states: Last<i64, (&'static str, Times, Errors)>,
    hops: Vec<HopColumns>,
    parked: Vec<ParkedColumns>,
    unparked: Vec<(i64, Id)>,
    changes: Changes,
    sends: Vec<SendColumns>,
    settled: Last<Id, (&'static str, Option<i64>, Errors, i64)>,
    letters: Letters,
    field_reports: Vec<FieldColumns>,
    fields: Fields,
    journal: Vec<EntryColumns>,
}

struct MessageRow {
    seq: i64,
    ids: (Id, Id, String),
    what: (&'static str, String, String, &'static str),
    at: i64,
    times: Times,
    reply_to: Option<String>,
    errors: Errors,
    outbox: Option<Id>,
    raw: Option<Vec<u8>>,
    metadata: Option<Vec<u8>>,
    media: Option<Vec<u8>>,
}

type HopColumns = (i64, String, String, i64, Errors, Option<Vec<u8>>);
type FieldColumns = (i64, String, Option<String>, Option<String>, Vec<u8>);
type EntryColumns = ((i64, i64, String), (String, Vec<u8>, i64));
type ParkedColumns = ((i64, Id, String), (Option<String>, i64, Errors), (Option<Vec<u8>>, i64));
type SendColumns = ((Id, String, String), (Id, &'static str, String), (bool, i64));

impl Tables {
    fn threads(&mut self, write: &Write<'_>) {
        match write {
            Write::Conversation { id, customer, number } => {
                self.conversations.push((id.to_bytes().into(), customer.to_bytes().into(), *number));
            }
            Write::Assigned { id, assignment: Assignment { assignee, team } } => {
                let column = |name: &Option<Responder>| name.as_ref().map(|name| name.as_str().into());
                self.assigned.put(id.to_bytes().into(), (column(assignee), column(team)));
            }
            Write::Cleared { id, newest } => self.cleared.put(id.to_bytes().into(), *newest),
            Write::Referral { conversation, at } => {
                self.referrals.push((conversation.to_bytes().into(), at.as_millis()));
            }
            Write::ConversationMoved { id, at, inbound_at } => {
                let (at, inbound_at) = (at.map(Timestamp::as_millis), inbound_at.map(Timestamp::as_millis));
                let moved = self.moved.of(id.to_bytes().into(), || (at, inbound_at));
                *moved = (moved.0.max(at), moved.1.max(inbound_at));
            }
            _ => {}
        }
    }

    fn messages(&mut self, write: &Write<'_>) {
        match write {
            Write::Seen { key, at, message } => self.seen.push((
                key.number,
                key.wamid.into(),
                text_to_column(key.what()).into_owned(),
                at.day(),
                *message,
            )),
            Write::Message { seq, message } => self.messages.push(message_row(*seq, message)),
            Write::MessageState { seq, state, times, errors } => {
                let columns = (state.as_str(), times_to_columns(times), errors_to_column(errors));
                let known = self.states.of(*seq, || columns.clone());
                // Errors stay until there are others.
                let errors = columns.2.clone().or_else(|| known.2.take());
                *known = (columns.0, columns.1, errors);
            }
            Write::Hop(hop) => self.hops.push((
                hop.message,
                hop.reported.as_str().into(),
                text_to_column(hop.participant.as_deref().unwrap_or_default()).into_owned(),
                hop.at.as_millis(),
                errors_to_column(&hop.errors),
                pricing_to_column(hop.pricing.as_ref()).map(String::into_bytes),
            )),
            Write::Parked { number, wamid, report, received } => {
                let participant =
                    report.participant.as_deref().map(|participant| text_to_column(participant).into_owned());
                let at = report.at.unwrap_or(*received).as_millis();
                self.parked.push((
                    (*number, wamid.to_vec(), report.reported.as_str().into()),
                    (participant, at, errors_to_column(&report.errors)),
                    (
                        pricing_to_column(report.pricing.as_ref()).map(String::into_bytes),
                        received.as_millis(),
                    ),
                ));
            }
            Write::Unparked { number, wamid } => self.unparked.push((*number, wamid.to_vec())),
            _ => {}
        }
    }

    fn rest(&mut self, write: &Write<'_>) {
        match write {
            Write::Send { intent, entry } => self.sends.push((
                (
                    entry.id.to_bytes().into(),
                    intent.principal.as_str().into(),
                    text_to_column(&intent.idempotency_key).into_owned(),
                ),
                (
                    entry.conversation.to_bytes().into(),
                    entry.state.as_str(),
                    text_to_column(&entry.body).into_owned(),
                ),
                (intent.preview == LinkPreview::Shown, entry.at.as_millis()),
            )),
            Write::SendSettled(settled) => {
                let errors = settled.error.as_ref().map(std::slice::from_ref).and_then(errors_to_column);
                self.settled.put(
                    settled.id.to_bytes().into(),
                    (settled.state.as_str(), settled.message, errors, settled.at.as_millis()),
                );
            }
            Write::FieldReport { report, received } => self.field_reports.push((
                received.as_millis(),
                text_to_column(&report.field).into_owned(),
                report.number.as_ref().map(|number| number.as_str().into()),
                report.waba.as_ref().map(|waba| waba.as_str().into()),
                report.raw.as_str().into(),
            )),
            _ => {}
        }
    }

    fn into_statements(self) -> Vec<Statement> {
        let mut all = self.people.into_statements();
        columns!(all, CONVERSATIONS, self.conversations, |(a, b, c)| (a, b, c));
        columns!(all, MOVED, self.moved.rows, |(a, (b, c))| (a, b, c));
        columns!(all, ASSIGNED, self.assigned.rows, |(a, (b, c))| (a, b, c));
        columns!(all, CLEARED, self.cleared.rows, |(a, b)| (a, b));
        columns!(all, REFERRALS, self.referrals, |(a, b)| (a, b));
        columns!(all, SEEN, self.seen, |(a, b, c, d, e)| (a, b, c, d, e));
        columns!(
            all,
            MESSAGES,
            self.messages,
            |MessageRow {
                 seq,
                 ids: (id, conversation, wamid),
                 what: (source, kind, content, state),
                 at,
                 times: [sent, delivered, read, played, failed],
                 reply_to,
                 errors,
                 outbox,
                 raw,
                 metadata,
                 media,
             }| (seq, id, conversation, wamid, source, kind, content, state, at),
            (sent, delivered, read, played, failed, reply_to, errors, outbox),
            (raw, metadata, media)
        );
        columns!(all, STATES, self.states.rows, |(a, (b, [c, d, e, f, g], h))| (a, b, c, d, e, f, g, h));
        columns!(all, HOPS, self.hops, |(a, b, c, d, e, f)| (a, b, c, d, e, f));
        columns!(all, PARKED, self.parked, |((a, b, c), (d, e, f), (g, h))| (a, b, c, d, e, f, g, h));
        columns!(all, UNPARKED, self.unparked, |(a, b)| (a, b));
        self.changes.into_statements(&mut all);
        columns!(all, SENDS, self.sends, |((a, b, c), (d, e, f), (g, h))| (a, b, c, d, e, f, g, h));
        columns!(all, SETTLED, self.settled.rows, |(a, (b, c, d, e))| (a, b, c, d, e));
        self.letters.into_statements(&mut all);
        columns!(all, FIELD_REPORTS, self.field_reports, |(a, b, c, d, e)| (a, b, c, d, e));
        self.fields.into_statements(&mut all);
        columns!(all, JOURNAL, self.journal, |((a, b, c), (d, e, f))| (a, b, c, d, e, f));
        all
    }
}

fn message_row(seq: i64, message: &Message) -> MessageRow {
    MessageRow {
        seq,
        ids: (
            message.id.to_bytes().into(),
            message.conversation.to_bytes().into(),
            message.wamid.as_str().into(),
        ),
        what: (
            message.source.stored(),
            message.kind.as_str().into(),
            text_to_column(&message.content).into_owned(),
            message.state.as_str(),
        ),
        at: message.at.as_millis(),
        times: times_to_columns(&message.times),
        reply_to: message.reply_to.as_ref().map(|wamid| wamid.as_str().into()),
        errors: errors_to_column(&message.errors),
        outbox: message.outbox.map(|id| id.to_bytes().into()),
        raw: message.raw.as_ref().map(|raw| raw.as_str().into()),
        metadata: message.detail.metadata.as_ref().map(|json| json.as_str().into()),
        media: message.detail.media.as_ref().map(|json| json.as_str().into()),
    }
}

fn times_to_columns(times: &StatusTimes) -> Times {
    [times.sent_at, times.delivered_at, times.read_at, times.played_at, times.failed_at]
        .map(|at| at.map(Timestamp::as_millis))
}
