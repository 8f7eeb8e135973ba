//! A send: its intent before the call to Meta, its outcome after.

use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::{
    AppName, ConversationId, CustomerId, Event, LinkPreview, Message, MessageId, MessageState, MessageType,
    OutboxEntry, OutboxId, OutboxState, PhoneNumberId, Recipient, SendIntent, SendOutcome, Source,
    StatusTimes, Timestamp, Wamid,
};

use super::customer::Mention;
use super::{Appender, ChangeError};
use crate::sqlite::rows::{errors_from_column, errors_to_column, known, text_to_column};
use crate::store::Intent;

/// The columns that [`entry_from_row`] reads.
const ENTRY: &str =
    "SELECT o.id, o.conversation, c.customer, n.phone_number_id, o.state, m.id, m.wamid, o.error,
         o.body, o.at
     FROM outbox o
     JOIN conversations c ON c.id = o.conversation
     JOIN numbers n ON n.id = c.number
     LEFT JOIN messages m ON m.seq = o.message";

impl Appender {
    /// Stores the wish to send; the same key of the same principal gives what was stored first.
    pub(crate) fn intend(
        &mut self,
        connection: &Connection,
        app: &AppName,
        intent: &SendIntent,
        at: Timestamp,
    ) -> Result<Intent, ChangeError> {
        if let Some(entry) = find_by_key(connection, intent)? {
            return Ok(Intent::Repeated(entry));
        }
        let number = self.number(connection, app, &intent.number, None)?;
        let thread = match &intent.recipient {
            Recipient::Aliases(aliases) => {
                let mention = Mention { aliases, name: None, at };
                self.thread(connection, number, &mention)?
            }
            Recipient::Customer(customer) => {
                if !customer_exists(connection, *customer)? {
                    return Err(ChangeError::UnknownCustomer);
                }
                self.thread_of(connection, number, *customer, at)?
            }
        };
        let (id_at, bits) = self.ids.next_parts(at);
        let entry = OutboxEntry {
            id: OutboxId::from_parts(id_at, bits),
            conversation: thread.conversation,
            customer: thread.customer,
            number: intent.number.clone(),
            state: OutboxState::Sending,
            message: None,
            error: None,
            body: intent.body.clone(),
            at,
        };
        insert_entry(connection, intent, &entry)?;
        self.journal.write(connection, &Event::Outbox(Box::new(entry.clone())), at)?;
        Ok(Intent::Fresh(entry))
    }

    /// Records how the call to Meta ended; an entry that is accepted or failed already stays as it is.
    pub(crate) fn settle(
        &mut self,
        connection: &Connection,
        id: OutboxId,
        outcome: &SendOutcome,
        at: Timestamp,
    ) -> Result<OutboxEntry, ChangeError> {
        let entry = read_entry(connection, id)?.ok_or(ChangeError::UnknownSend)?;
        if !matches!(entry.state, OutboxState::Sending | OutboxState::Unknown) {
            return Ok(entry);
        }
        let (state, error, message) = match outcome {
            SendOutcome::Accepted { wamid, aliases } => {
                if let Some(aliases) = aliases {
                    // Meta may name the recipient otherwise than we dialled (Brazil's ninth digit).
                    self.attach_free(connection, entry.customer, aliases)?;
                }
                (OutboxState::Accepted, None, Some(self.store_accepted(connection, &entry, wamid, at)?))
            }
            SendOutcome::Failed(error) => (OutboxState::Failed, Some(error), None),
            SendOutcome::Unknown(error) => (OutboxState::Unknown, Some(error), None),
        };
        connection
            .prepare_cached("UPDATE outbox SET state = ?2, message = ?3, error = ?4, at = ?5 WHERE id = ?1")?
            .execute(params![
                id.to_bytes(),
                state.as_str(),
                message,
                error.and_then(|error| errors_to_column(std::slice::from_ref(error))),
                at.as_millis()
            ])?;
        let entry = read_entry(connection, id)?.ok_or(ChangeError::UnknownSend)?;
        self.journal.write(connection, &Event::Outbox(Box::new(entry.clone())), at)?;
        Ok(entry)
    }

    /// Stores the message of an accepted send and shows it; its row. Where an echo of it was faster, the echo's.
    fn store_accepted(
        &mut self,
        connection: &Connection,
        entry: &OutboxEntry,
        wamid: &Wamid,
        at: Timestamp,
    ) -> Result<i64, ChangeError> {
        let number = read_number_row(connection, &entry.number)?;
        let thread = self.thread_of(connection, number, entry.customer, at)?;
        let (id_at, bits) = self.ids.next_parts(at);
        let message = Message {
            id: MessageId::from_parts(id_at, bits),
            wamid: wamid.clone(),
            conversation: entry.conversation,
            customer: entry.customer,
            customer_number: thread.customer_number,
            customer_name: thread.customer_name,
            number: entry.number.clone(),
            source: Source::Api,
            kind: MessageType::text(),
            content: entry.body.clone(),
            state: MessageState::Accepted,
            times: StatusTimes::default(),
            errors: Vec::new(),
            reply_to: None,
            raw: None,
            outbox: Some(entry.id),
            at,
        };
        self.store_sent_message(connection, number, message, at)
    }
}

fn insert_entry(connection: &Connection, intent: &SendIntent, entry: &OutboxEntry) -> rusqlite::Result<()> {
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
        ])?;
    Ok(())
}

fn find_by_key(connection: &Connection, intent: &SendIntent) -> rusqlite::Result<Option<OutboxEntry>> {
    connection
        .prepare_cached(&format!("{ENTRY} WHERE o.principal = ?1 AND o.idempotency_key = ?2"))?
        .query_row(params![intent.principal.as_str(), intent.idempotency_key], entry_from_row)
        .optional()
}

fn read_entry(connection: &Connection, id: OutboxId) -> rusqlite::Result<Option<OutboxEntry>> {
    connection
        .prepare_cached(&format!("{ENTRY} WHERE o.id = ?1"))?
        .query_row([id.to_bytes()], entry_from_row)
        .optional()
}

/// The sends whose call was under way when the process before this one ended.
pub(crate) fn read_under_way(connection: &Connection) -> rusqlite::Result<Vec<OutboxId>> {
    connection
        .prepare("SELECT id FROM outbox WHERE state = 'sending' ORDER BY id")?
        .query_map([], |row| Ok(OutboxId::from_bytes(row.get(0)?)))?
        .collect()
}

fn entry_from_row(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    let message: Option<[u8; 16]> = row.get(5)?;
    let wamid = row.get_ref(6)?.as_str_or_null()?.and_then(Wamid::parse);
    let mut errors = errors_from_column(row.get_ref(7)?.as_str_or_null()?)?;
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

fn customer_exists(connection: &Connection, customer: CustomerId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM customers WHERE id = ?1)")?
        .query_row([customer.to_bytes()], |row| row.get(0))
}

fn read_number_row(connection: &Connection, number: &PhoneNumberId) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT id FROM numbers WHERE phone_number_id = ?1")?
        .query_row([number.as_str()], |row| row.get(0))
}
