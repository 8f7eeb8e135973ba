//! A message arrives: from the customer, or as an echo of what the owner wrote on the phone.

use rusqlite::{Connection, params};
use waypost_domain::{
    Direction, Event, Message, MessageId, MessageState, OutboxId, RawJson, ReceivedMessage, StatusTimes,
    Timestamp, Wamid,
};

use super::customer::Mention;
use super::seen::{Seen, Sight};
use super::status::find_message;
use super::{Appender, ChangeError, Delivery};
use crate::sqlite::rows::{errors_to_column, text_to_column};
use crate::store::Received;

/// Whether a message is an event of its own.
enum Showing {
    AsMessage,
    /// It changes another message.
    Never,
}

impl Appender {
    pub(super) fn receive_message(
        &mut self,
        connection: &Connection,
        delivery: &Delivery,
        received: &ReceivedMessage,
    ) -> Result<Received, ChangeError> {
        let number = self.number(connection, &delivery.app, &received.number, received.waba.as_ref())?;
        let digest = self.dedup.digest(received.wamid.as_str().as_bytes());
        let seq = self.last_message_seq + 1;
        let seen = Seen { number, wamid: digest, what: "", message: Some(seq) };
        if seen.note(connection, delivery.received)? == Sight::Repeated {
            return Ok(Received::Repeated);
        }
        let at = received.at.unwrap_or(delivery.received);
        let mention = Mention {
            aliases: &received.customer,
            name: received.customer_name.as_ref(),
            at: delivery.received,
        };
        let thread = self.thread(connection, number, &mention)?;
        let (id_at, bits) = self.ids.next_parts(delivery.received);
        let (state, times) = match received.source.direction() {
            Direction::Inbound => (
                MessageState::Delivered,
                StatusTimes {
                    sent_at: Some(at),
                    delivered_at: Some(delivery.received),
                    ..StatusTimes::default()
                },
            ),
            Direction::Outbound => (MessageState::Accepted, StatusTimes::default()),
        };
        let message = Message {
            id: MessageId::from_parts(id_at, bits),
            wamid: received.wamid.clone(),
            conversation: thread.conversation,
            customer: thread.customer,
            customer_number: thread.customer_number,
            customer_name: thread.customer_name,
            number: received.number.clone(),
            source: received.source,
            kind: received.kind.clone(),
            content: received.content.clone(),
            state,
            times,
            errors: received.errors.clone(),
            reply_to: received.reply_to.clone(),
            raw: Some(received.raw.clone()),
            outbox: None,
            at,
        };
        let showing = if received.kind.changes_another() { Showing::Never } else { Showing::AsMessage };
        self.write_message(connection, message, &showing, delivery.received)?;
        if received.source.direction() == Direction::Outbound {
            self.unpark(connection, (number, digest), seq, delivery.received)?;
        }
        Ok(Received::Stored)
    }

    /// Stores and shows an accepted send as a message, and gives its row. Where its `wamid` was there already (an
    /// echo was faster), nothing is written, and the row is that one's.
    pub(super) fn store_sent_message(
        &mut self,
        connection: &Connection,
        number: i64,
        message: Message,
        at: Timestamp,
    ) -> Result<i64, ChangeError> {
        let digest = self.dedup.digest(message.wamid.as_str().as_bytes());
        let seq = self.last_message_seq + 1;
        let seen = Seen { number, wamid: digest, what: "", message: Some(seq) };
        if seen.note(connection, at)? == Sight::Repeated
            && let Some(faster) = find_message(connection, number, digest)?
        {
            return Ok(faster);
        }
        self.write_message(connection, message, &Showing::AsMessage, at)?;
        self.unpark(connection, (number, digest), seq, at)?;
        Ok(seq)
    }

    fn write_message(
        &mut self,
        connection: &Connection,
        message: Message,
        showing: &Showing,
        received: Timestamp,
    ) -> Result<(), ChangeError> {
        self.last_message_seq += 1;
        insert_message(connection, self.last_message_seq, &message)?;
        let inbound_at = (message.source.direction() == Direction::Inbound).then_some(message.at.as_millis());
        connection
            .prepare_cached(
                "UPDATE conversations SET last_message_at = max(last_message_at, ?2),
                     last_inbound_at = nullif(max(coalesce(last_inbound_at, 0), coalesce(?3, 0)), 0)
                 WHERE id = ?1",
            )?
            .execute(params![message.conversation.to_bytes(), message.at.as_millis(), inbound_at])?;
        if matches!(showing, Showing::AsMessage) {
            self.journal.write(connection, &Event::Message(Box::new(message)), received)?;
        }
        Ok(())
    }
}

fn insert_message(connection: &Connection, seq: i64, message: &Message) -> rusqlite::Result<()> {
    let times = &message.times;
    connection
        .prepare_cached(
            "INSERT INTO messages (seq, id, conversation, wamid, source, type, content, state, at, sent_at,
                 delivered_at, read_at, played_at, failed_at, reply_to, errors, outbox, raw)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            seq,
            message.id.to_bytes(),
            message.conversation.to_bytes(),
            message.wamid.as_str(),
            message.source.as_str(),
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
        ])?;
    Ok(())
}
