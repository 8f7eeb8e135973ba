//! A send: its intent before the call to Meta, its outcome after.

use waypost_domain::{
    AppName, DetailJson, Event, Message, MessageId, MessageState, MessageType, OutboxEntry, OutboxId,
    OutboxState, Recipient, SendIntent, SendOutcome, Source, StatusTimes, Timestamp, Wamid,
};

use super::Decider;
use super::customer::Mention;
use super::dedup::WamidDigest;
use super::plan::{Plan, SettledRow, Write};
use crate::error::SendError;
use crate::store::Intent;

impl Decider {
    /// Stores the wish to send; the same key of the same principal gives what was stored first.
    pub(super) fn intend<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        app: &'a AppName,
        intent: &'a SendIntent,
        at: Timestamp,
    ) -> Result<Intent, SendError> {
        let key = (intent.principal.clone(), intent.idempotency_key.clone());
        if let Some(id) = self.known.send_of(&key) {
            let entry = self.known.send(id).expect("a key leads to its send");
            return Ok(Intent::Repeated(entry.clone()));
        }
        let is_there = match intent.recipient {
            Recipient::Aliases(_) => true,
            Recipient::Customer(customer) => self.known.customer(customer).is_some(),
            Recipient::Thread(customer, conversation) => {
                self.has_thread(customer, (conversation, &intent.number))
            }
        };
        if !is_there {
            return Err(SendError::UnknownCustomer);
        }
        let number = self.number(plan, app, &intent.number, None);
        let thread = match &intent.recipient {
            Recipient::Aliases(aliases) => {
                let mention = Mention { aliases, name: None, username: None, at };
                self.thread(plan, number, &mention)
            }
            Recipient::Customer(customer) => self.thread_of(plan, number, *customer, at),
            Recipient::Thread(customer, conversation) => {
                self.this_thread(plan, (*customer, number), *conversation, at)
            }
        };
        self.move_conversation(plan, (thread.customer, number), thread.conversation, (Some(at), None));
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
        self.known.load_send_of(key, entry.clone());
        plan.write(Write::Send { intent, entry: Box::new(entry.clone()) });
        self.show_send(plan, &entry);
        Ok(Intent::Fresh(entry))
    }

    /// Records how the call to Meta ended; an entry that is accepted or failed already stays as it is.
    pub(super) fn settle(
        &mut self,
        plan: &mut Plan<'_>,
        id: OutboxId,
        (outcome, digest): (&SendOutcome, Option<WamidDigest>),
        at: Timestamp,
    ) -> Result<OutboxEntry, SendError> {
        let mut entry = self.known.send(id).ok_or(SendError::UnknownSend)?.clone();
        if !matches!(entry.state, OutboxState::Sending | OutboxState::Unknown) {
            return Ok(entry);
        }
        entry.at = at;
        let mut row = None;
        (entry.state, entry.error) = match outcome {
            SendOutcome::Accepted { wamid, aliases } => {
                if let Some(aliases) = aliases {
                    // Meta may name the recipient otherwise than we dialled (Brazil's ninth digit).
                    let number = self.known.number(&entry.number).expect("a send has its number").row;
                    self.attach_free(plan, (entry.customer, number), aliases);
                }
                let digest = digest.expect("`Decider::outcome` made one of the `wamid`");
                let seq = self.store_accepted(plan, &entry, (wamid, digest), at);
                row = Some(seq);
                entry.message = self.known.subject(seq).map(|message| (message.id, message.wamid.clone()));
                (OutboxState::Accepted, None)
            }
            SendOutcome::Failed(error) => (OutboxState::Failed, Some(error.clone())),
            SendOutcome::Unknown(error) => (OutboxState::Unknown, Some(error.clone())),
        };
        plan.write(Write::SendSettled(Box::new(SettledRow {
            id,
            state: entry.state,
            message: row,
            error: entry.error.clone(),
            at,
        })));
        self.known.load_send(entry.clone());
        self.show_send(plan, &entry);
        Ok(entry)
    }

    fn show_send(&mut self, plan: &mut Plan<'_>, entry: &OutboxEntry) {
        self.show(plan, &Event::Outbox(Box::new(entry.clone())), entry.at);
    }

    /// Stores the message of an accepted send and shows it; its row. Where an echo of it was faster, the echo's.
    fn store_accepted(
        &mut self,
        plan: &mut Plan<'_>,
        entry: &OutboxEntry,
        (wamid, digest): (&Wamid, WamidDigest),
        at: Timestamp,
    ) -> i64 {
        let number = self.known.number(&entry.number).expect("a send has its number").row;
        let thread = self.thread_of(plan, number, entry.customer, at);
        let (id_at, bits) = self.ids.next_parts(at);
        let message = Message {
            id: MessageId::from_parts(id_at, bits),
            wamid: wamid.clone(),
            conversation: entry.conversation,
            customer: entry.customer,
            customer_number: thread.customer_number,
            customer_name: thread.customer_name,
            username: thread.username,
            number: entry.number.clone(),
            source: Source::Api,
            kind: MessageType::text(),
            content: entry.body.clone(),
            detail: DetailJson::default(),
            state: MessageState::Accepted,
            times: StatusTimes::default(),
            errors: Vec::new(),
            reply_to: None,
            raw: None,
            outbox: Some(entry.id),
            is_late: false,
            at,
        };
        self.store_sent_message(plan, (number, digest), message, at)
    }
}
