//! A message arrives: from the customer, or as an echo of what the owner wrote on the phone.

use waypost_domain::window::{counted_from, is_opened_by};
use waypost_domain::{
    Author, ConversationId, CustomerId, Direction, Event, Message, MessageId, MessageState, MessageType,
    PastBody, ReceivedMessage, Source, StatusTimes, Timestamp,
};

use super::Decider;
use super::change::change_item;
use super::customer::Mention;
use super::dedup::{SeenKey, WamidDigest};
use super::item::Delivery;
use super::known::Sighting;
use super::plan::{Plan, Write};
use super::subject::Subject;
use super::tie::{LinkOf, linked_names};
use crate::store::Received;

/// By what a message is found, and what it changes.
pub(super) struct Keys {
    /// The row of our number.
    pub(super) number: i64,
    pub(super) digest: WamidDigest,
    /// Of the message that it changes.
    pub(super) target: Option<WamidDigest>,
}

/// Notes that the customer did something `at` a time of WhatsApp's that opens the window.
pub(super) fn open_window(plan: &mut Plan<'_>, id: ConversationId, (at, received): (Timestamp, Timestamp)) {
    let inbound_at = Some(counted_from(at, received));
    plan.write(Write::ConversationMoved { id, at: None, inbound_at });
}

/// Whether a message is an event of its own.
pub(super) enum Showing {
    AsMessage,
    /// It changes another message.
    Never,
}

impl Showing {
    pub(super) fn of(kind: &MessageType) -> Self {
        if kind.changes_another() { Self::Never } else { Self::AsMessage }
    }
}

impl Decider {
    pub(super) fn receive_message<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (delivery, digest, target): (&'a Delivery, WamidDigest, Option<WamidDigest>),
        received: &'a ReceivedMessage,
    ) -> Received {
        let number = self.number(plan, &delivery.app, &received.number, received.waba.as_ref());
        let key = SeenKey::message(number, digest);
        if let Some(before) = self.known.sighting(&key) {
            self.reopen_window(plan, number, (delivery, received));
            let body = PastBody::of(received.kind.as_str());
            let is_filled = before
                .message
                .is_some_and(|seq| self.fill_placeholder(plan, (seq, body), received, delivery.received));
            return if is_filled { Received::Stored } else { Received::Repeated };
        }
        let at = received.at.unwrap_or(delivery.received);
        let begun = match received.source.direction() {
            Direction::Inbound => {
                let (sent_at, delivered_at) = (Some(at), Some(delivery.received));
                (MessageState::Delivered, StatusTimes { sent_at, delivered_at, ..StatusTimes::default() })
            }
            Direction::Outbound => (MessageState::Accepted, StatusTimes::default()),
        };
        self.take_in_message(plan, &Keys { number, digest, target }, (delivery, received), begun)
    }

    /// Stores and shows a message that is new, live or of the past, and does what waited for it or what it changes: it is
    /// kept as a dead letter, too, where it may not change that.
    pub(super) fn take_in_message<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        &Keys { number, digest, target }: &Keys,
        (delivery, received): (&'a Delivery, &'a ReceivedMessage),
        (state, times): (MessageState, StatusTimes),
    ) -> Received {
        let seq = self.known.next_message();
        self.see(plan, SeenKey::message(number, digest), delivery.received, Some(seq));
        if let Some(names) = linked_names(received) {
            let scope = self.known.scope_of(number);
            self.link(plan, &LinkOf { scope, to: Some(number), at: delivery.received }, &names);
        }
        let at = received.at.unwrap_or(delivery.received);
        let (aliases, name) = (&received.customer, received.customer_name.as_ref());
        let mention = Mention { aliases, name, username: received.username.as_ref(), at: delivery.received };
        let thread = self.thread(plan, number, &mention);
        let (id_at, bits) = self.ids.next_parts(delivery.received);
        let message = Message {
            id: MessageId::from_parts(id_at, bits),
            wamid: received.wamid.clone(),
            conversation: thread.conversation,
            customer: thread.customer,
            customer_number: thread.customer_number,
            customer_name: thread.customer_name,
            username: thread.username,
            number: received.number.clone(),
            source: received.source,
            kind: received.kind.clone(),
            content: received.content.clone(),
            detail: self.journal.detail(&received.detail),
            state,
            times,
            errors: received.errors.clone(),
            reply_to: received.reply_to.clone(),
            raw: Some(received.raw.clone()),
            outbox: None,
            // What is shared of the past is late as a whole.
            is_late: !received.source.is_past() && at.seconds() < thread.last_message_at.seconds(),
            at,
        };
        let change = change_item(received, &message, (seq, digest));
        if received.detail.referral.is_some() && received.source == Source::Customer {
            let at = counted_from(at, delivery.received);
            plan.write(Write::Referral { conversation: message.conversation, at });
        }
        self.write_message(plan, (number, seq, message), &Showing::of(&received.kind), delivery.received);
        self.note_author(plan, seq, Author::of(received));
        self.note_type(plan, seq, &received.detail);
        if received.source.direction() == Direction::Outbound {
            self.unpark(plan, (number, digest), (seq, &received.number), delivery.received);
        }
        match (change, target) {
            (Some(change), Some(target)) => {
                self.change(plan, (number, target), (change, &received.number), delivery.received)
            }
            _ => {
                self.unpark_changes(plan, (number, digest), (seq, &received.number), delivery.received);
                Received::Stored
            }
        }
    }

    /// Whoever shared the past may have been faster with a message than the live webhook, and opened no window by it.
    fn reopen_window(
        &self,
        plan: &mut Plan<'_>,
        number: i64,
        (delivery, received): (&Delivery, &ReceivedMessage),
    ) {
        if !is_opened_by(received.source, &received.kind) {
            return;
        }
        let Some(customer) = self.known_holder(&received.customer, number) else { return };
        let mut family = self.known.merges.family(customer);
        if let Some(known) = family.find_map(|member| self.known.conversation(member, number)) {
            let at = received.at.unwrap_or(delivery.received);
            open_window(plan, known.id, (at, delivery.received));
        }
    }

    /// Stores and shows an accepted send as a message, and gives its row. Where its `wamid` was there already (an
    /// echo was faster), nothing is written, and the row is that one's.
    pub(super) fn store_sent_message(
        &mut self,
        plan: &mut Plan<'_>,
        (number, digest): (i64, WamidDigest),
        message: Message,
        at: Timestamp,
    ) -> i64 {
        let key = SeenKey::message(number, digest);
        if let Some(Sighting { message: Some(faster) }) = self.known.sighting(&key) {
            return faster;
        }
        let seq = self.known.next_message();
        self.see(plan, key, at, Some(seq));
        let phone_number = message.number.clone();
        self.write_message(plan, (number, seq, message), &Showing::AsMessage, at);
        self.unpark(plan, (number, digest), (seq, &phone_number), at);
        self.unpark_changes(plan, (number, digest), (seq, &phone_number), at);
        seq
    }

    pub(super) fn write_message(
        &mut self,
        plan: &mut Plan<'_>,
        (number, seq, message): (i64, i64, Message),
        showing: &Showing,
        received: Timestamp,
    ) {
        let subject = Subject {
            id: message.id,
            wamid: message.wamid.clone(),
            conversation: message.conversation,
            customer: message.customer,
            direction: message.source.direction(),
            author: Author::Side,
            kind: message.kind.clone(),
            past: Subject::past(message.source, message.kind.as_str()),
            state: message.state,
            times: message.times,
            edited: None,
            caption: None,
            revoked_at: None,
            target: None,
        };
        self.known.load_subject(seq, subject);
        let said_at = (!message.kind.changes_another()).then(|| counted_from(message.at, received));
        let opened_at =
            is_opened_by(message.source, &message.kind).then(|| counted_from(message.at, received));
        self.move_conversation(plan, (message.customer, number), message.conversation, (said_at, opened_at));
        let mut message = Box::new(message);
        if matches!(showing, Showing::AsMessage) {
            let event = Event::Message(message);
            self.show(plan, &event, received);
            let Event::Message(shown) = event else { unreachable!("it was made of the message") };
            message = shown;
        }
        plan.write(Write::Message { seq, message });
    }

    /// Notes when something was said in a conversation, and when by the customer. Neither time goes back.
    pub(super) fn move_conversation(
        &mut self,
        plan: &mut Plan<'_>,
        key: (CustomerId, i64),
        id: ConversationId,
        (at, inbound_at): (Option<Timestamp>, Option<Timestamp>),
    ) {
        if at.is_none() && inbound_at.is_none() {
            return;
        }
        if let Some(at) = at {
            self.known.move_conversation(key, (id, at));
        }
        plan.write(Write::ConversationMoved { id, at, inbound_at });
    }

    /// Whether it came before; if not, it has come now.
    pub(super) fn is_repeated(&mut self, plan: &mut Plan<'_>, key: SeenKey, at: Timestamp) -> bool {
        if self.known.sighting(&key).is_some() {
            return true;
        }
        self.see(plan, key, at, None);
        false
    }

    pub(super) fn see(&mut self, plan: &mut Plan<'_>, key: SeenKey, at: Timestamp, message: Option<i64>) {
        self.known.load_sighting(key.clone(), Sighting { message });
        plan.write(Write::Seen { key, at, message });
    }
}
