//! A message of the past arrives: shared by the phone, in any order, beside live ones.
//!
//! It is stored and shown like any other, marked by its source, and moves nothing but its own thread's last time: it opens
//! no window, and whoever looks for what is new does not find it.

use waypost_domain::{
    Event, MessageChange, MessageUpdate, PastBody, PastMessage, ReceivedMessage, Renewal, Reported,
    StatusChange, StatusTimes, Timestamp, Version,
};

use super::Decider;
use super::dedup::{SeenKey, WamidDigest};
use super::item::Delivery;
use super::known::Sighting;
use super::message::Keys;
use super::plan::{Plan, Write};
use super::subject::Subject;
use crate::store::Received;

impl Decider {
    pub(super) fn receive_past<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (delivery, digest, target): (&'a Delivery, WamidDigest, Option<WamidDigest>),
        past: &'a PastMessage,
    ) -> Received {
        let received = &past.message;
        let number = self.number(plan, &delivery.app, &received.number, received.waba.as_ref());
        let key = SeenKey::message(number, digest);
        match self.known.sighting(&key) {
            Some(Sighting { message: Some(seq) }) => return self.fill(plan, seq, past, delivery.received),
            // The message was erased.
            Some(Sighting { message: None }) => return Received::Repeated,
            None => {}
        }
        let sent_at = Some(received.at.unwrap_or(delivery.received));
        let begun = (past.state(), StatusTimes { sent_at, ..StatusTimes::default() });
        self.take_in_message(plan, &Keys { number, digest, target }, (delivery, received), begun)
    }

    /// The message is there: its picture or recording may have come, or how far it was when the chat was shared. What came
    /// live is known better than by the past.
    fn fill<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        seq: i64,
        past: &'a PastMessage,
        received: Timestamp,
    ) -> Received {
        let is_filled = self.fill_placeholder(plan, (seq, past.body()), &past.message, received);
        let Some(subject) = self.known.subject(seq) else { return Received::Repeated };
        let is_raised = subject.past.is_some() && past.state.is_some_and(|state| state > subject.state);
        if is_raised {
            let subject = subject.clone();
            self.raise(plan, (seq, subject), past, received);
        }
        if is_filled || is_raised { Received::Stored } else { Received::Repeated }
    }

    /// Puts a whole message in the place of what only said that there was one; whether it stood there. An edit of it stays.
    pub(super) fn fill_placeholder<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (seq, body): (i64, PastBody),
        message: &'a ReceivedMessage,
        received: Timestamp,
    ) -> bool {
        let Some(subject) = self.known.subject(seq) else { return false };
        if !subject.awaits_media() || body == PastBody::Placeholder {
            return false;
        }
        subject.past = Some(body);
        subject.kind = message.kind.clone();
        let mut version = Version {
            kind: message.kind.clone(),
            content: message.content.clone(),
            detail: self.journal.detail(&message.detail),
        };
        let (written, raw) = (Box::new(version.clone()), Some(&message.raw));
        plan.write(Write::Renewed { seq, at: None, version: written, raw });
        if let Some(caption) = subject.caption.take() {
            version.content = caption;
        }
        let update = MessageUpdate {
            message: subject.id,
            wamid: subject.wamid.clone(),
            conversation: subject.conversation,
            customer: subject.customer,
            number: message.number.clone(),
            change: MessageChange::Renewed { why: Renewal::Media, version: Box::new(version) },
            at: message.at.unwrap_or(received),
        };
        self.note_type(plan, seq, &message.detail);
        self.show(plan, &Event::MessageUpdated(Box::new(update)), received);
        true
    }

    /// It was further than was known: its picture came before its chat.
    fn raise(
        &mut self,
        plan: &mut Plan<'_>,
        (seq, before): (i64, Subject),
        past: &PastMessage,
        received: Timestamp,
    ) {
        let (Some(state), Some(subject)) = (past.state, self.known.subject(seq)) else { return };
        subject.state = state;
        let times = before.times;
        plan.write(Write::MessageState { seq, state, times: Box::new(times), errors: Vec::new() });
        let Some(reported) = Reported::parse(state.as_str()) else { return };
        let change = StatusChange {
            message: before.id,
            wamid: before.wamid,
            conversation: before.conversation,
            customer: before.customer,
            number: past.message.number.clone(),
            previous: before.state,
            state,
            reported,
            participant: None,
            times,
            errors: Vec::new(),
            pricing: None,
            at: past.message.at.unwrap_or(received),
        };
        self.show(plan, &Event::Status(Box::new(change)), received);
    }
}
