//! A status arrives: applied to its message, or parked until that comes.

use rusqlite::{Connection, OptionalExtension, params};
use waypost_domain::{
    ConversationId, CustomerId, Direction, ErrorDetail, Event, MessageId, MessageState, PhoneNumberId,
    RawJson, Reported, Source, StatusChange, StatusReport, StatusTimes, Timestamp, Wamid,
};

use super::seen::{Seen, Sight, WamidDigest, status_key};
use super::{Appender, ChangeError, Delivery, read_number};
use crate::sqlite::rows::{errors_from_column, errors_to_column, known};
use crate::store::Received;

/// A message as far as a status concerns it.
struct Subject {
    id: MessageId,
    wamid: Wamid,
    conversation: ConversationId,
    customer: CustomerId,
    direction: Direction,
    state: MessageState,
    times: StatusTimes,
}

/// What a status says of its message, whether it came just now or waited.
struct Hop<'a> {
    number: &'a PhoneNumberId,
    reported: &'a Reported,
    participant: Option<&'a str>,
    errors: &'a [ErrorDetail],
    pricing: Option<&'a RawJson>,
    at: Timestamp,
}

impl Appender {
    pub(super) fn receive_status(
        &mut self,
        connection: &Connection,
        delivery: &Delivery,
        report: &StatusReport,
    ) -> Result<Received, ChangeError> {
        let number = self.number(connection, &delivery.app, &report.number, None)?;
        let digest = self.dedup.digest(report.wamid.as_str().as_bytes());
        let what = status_key(&report.reported, report.participant.as_deref());
        let seen = Seen { number, wamid: digest, what: &what, message: None };
        if seen.note(connection, delivery.received)? == Sight::Repeated {
            return Ok(Received::Repeated);
        }
        let Some(seq) = find_message(connection, number, digest)? else {
            park(connection, delivery, report, (number, digest))?;
            return Ok(Received::Parked);
        };
        let hop = Hop {
            number: &report.number,
            reported: &report.reported,
            participant: report.participant.as_deref(),
            errors: &report.errors,
            pricing: report.pricing.as_ref(),
            at: report.at.unwrap_or(delivery.received),
        };
        self.apply(connection, seq, &hop, delivery.received)?;
        Ok(Received::Stored)
    }

    /// Applies what waited for the message `seq`, which was stored just now, in the order in which it came.
    pub(super) fn unpark(
        &mut self,
        connection: &Connection,
        (number, digest): (i64, WamidDigest),
        seq: i64,
        received: Timestamp,
    ) -> Result<(), ChangeError> {
        let parked = read_parked(connection, number, digest)?;
        if parked.is_empty() {
            return Ok(());
        }
        connection
            .prepare_cached("DELETE FROM parked_statuses WHERE number = ?1 AND wamid = ?2")?
            .execute(params![number, digest])?;
        let phone_number = read_number(connection, number)?;
        for row in parked {
            let hop = Hop {
                number: &phone_number,
                reported: &row.reported,
                participant: row.participant.as_deref(),
                errors: &row.errors,
                pricing: row.pricing.as_ref(),
                at: row.at,
            };
            self.apply(connection, seq, &hop, received)?;
        }
        Ok(())
    }

    /// Joins `hop` with the message's state, and writes hop, state and event.
    fn apply(
        &mut self,
        connection: &Connection,
        seq: i64,
        hop: &Hop<'_>,
        received: Timestamp,
    ) -> Result<(), ChangeError> {
        // A message that was erased leaves its mark in `seen` only: there is nothing to change or show.
        let Some(subject) = read_subject(connection, seq)? else { return Ok(()) };
        insert_hop(connection, seq, hop)?;
        let (mut state, mut times) = (subject.state, subject.times);
        // Only what we sent has statuses; a report on something the customer wrote is kept as a hop.
        if subject.direction == Direction::Outbound {
            state = state.after(hop.reported);
            times.note(hop.reported, hop.at);
            update_message(connection, seq, state, &times, hop.errors)?;
        }
        let change = StatusChange {
            message: subject.id,
            wamid: subject.wamid,
            conversation: subject.conversation,
            customer: subject.customer,
            number: hop.number.clone(),
            previous: subject.state,
            state,
            reported: hop.reported.clone(),
            participant: hop.participant.map(Into::into),
            times,
            errors: hop.errors.to_vec(),
            pricing: hop.pricing.cloned(),
            at: hop.at,
        };
        self.journal.write(connection, &Event::Status(Box::new(change)), received)?;
        Ok(())
    }
}

/// The row of the message that `seen` notes under this key.
pub(super) fn find_message(
    connection: &Connection,
    number: i64,
    digest: WamidDigest,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT message FROM seen WHERE number = ?1 AND wamid = ?2 AND what = ''")?
        .query_row(params![number, digest], |row| row.get(0))
        .optional()
}

fn read_subject(connection: &Connection, seq: i64) -> rusqlite::Result<Option<Subject>> {
    connection
        .prepare_cached(
            "SELECT m.id, m.wamid, m.conversation, c.customer, m.source, m.state, m.sent_at, m.delivered_at,
                 m.read_at, m.played_at, m.failed_at
             FROM messages m JOIN conversations c ON c.id = m.conversation WHERE m.seq = ?1",
        )?
        .query_row([seq], |row| {
            let time = |index| {
                Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_millis))
            };
            Ok(Subject {
                id: MessageId::from_bytes(row.get(0)?),
                wamid: known(Wamid::parse(row.get_ref(1)?.as_str()?), "messages.wamid")?,
                conversation: ConversationId::from_bytes(row.get(2)?),
                customer: CustomerId::from_bytes(row.get(3)?),
                direction: known(Source::parse(row.get_ref(4)?.as_str()?), "messages.source")?.direction(),
                state: known(MessageState::parse(row.get_ref(5)?.as_str()?), "messages.state")?,
                times: StatusTimes {
                    sent_at: time(6)?,
                    delivered_at: time(7)?,
                    read_at: time(8)?,
                    played_at: time(9)?,
                    failed_at: time(10)?,
                },
            })
        })
        .optional()
}

fn insert_hop(connection: &Connection, seq: i64, hop: &Hop<'_>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO status_hops (message, status, participant, at, errors, pricing)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            seq,
            hop.reported.as_str(),
            hop.participant.unwrap_or_default(),
            hop.at.as_millis(),
            errors_to_column(hop.errors),
            hop.pricing.map(RawJson::as_str)
        ])?;
    Ok(())
}

fn update_message(
    connection: &Connection,
    seq: i64,
    state: MessageState,
    times: &StatusTimes,
    errors: &[ErrorDetail],
) -> rusqlite::Result<()> {
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
        ])?;
    Ok(())
}

/// A status that waits for its message.
struct ParkedRow {
    reported: Reported,
    participant: Option<Box<str>>,
    at: Timestamp,
    errors: Vec<ErrorDetail>,
    pricing: Option<RawJson>,
}

fn park(
    connection: &Connection,
    delivery: &Delivery,
    report: &StatusReport,
    (number, digest): (i64, WamidDigest),
) -> rusqlite::Result<()> {
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
            report.at.unwrap_or(delivery.received).as_millis(),
            errors_to_column(&report.errors),
            report.pricing.as_ref().map(RawJson::as_str),
            delivery.received.as_millis()
        ])?;
    Ok(())
}

fn read_parked(
    connection: &Connection,
    number: i64,
    digest: WamidDigest,
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
                errors: errors_from_column(row.get_ref(3)?.as_str_or_null()?)?,
                pricing: row.get_ref(4)?.as_str_or_null()?.map(RawJson::new),
            })
        })?
        .collect()
}
