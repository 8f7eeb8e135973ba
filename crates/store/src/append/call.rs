//! A call: one message in the thread, whatever the number and order of its reports.

use waypost_domain::detail::Context;
use waypost_domain::window::counted_from;
use waypost_domain::{
    Call, CallReport, Detail, Direction, Event, Message, MessageChange, MessageId, MessageState,
    MessageUpdate, Renewal, Source, StatusTimes, Timestamp, Typed, Version,
};

use super::Decider;
use super::customer::Mention;
use super::dedup::{SeenKey, WamidDigest};
use super::item::Delivery;
use super::known::Sighting;
use super::message::{Showing, open_window};
use super::plan::{Plan, Write};
use super::subject::KnownCall;
use crate::store::Received;

impl Decider {
    pub(super) fn receive_call<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (delivery, digest): (&'a Delivery, WamidDigest),
        report: &'a CallReport,
    ) -> Received {
        let received = delivery.received;
        let number = self.number(plan, &delivery.app, &report.number, report.waba.as_ref());
        let key = SeenKey::message(number, digest);
        match self.known.sighting(&key) {
            Some(Sighting { message: Some(seq) }) => {
                self.go_on_with_call(plan, (seq, number), report, received)
            }
            // The message was erased.
            Some(Sighting { message: None }) => Received::Repeated,
            None => {
                let seq = self.known.next_message();
                self.see(plan, key, received, Some(seq));
                self.begin_call(plan, (seq, number), report, received);
                self.unpark_changes(plan, (number, digest), (seq, &report.number), received);
                Received::Stored
            }
        }
    }

    fn begin_call<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (seq, number): (i64, i64),
        report: &'a CallReport,
        received: Timestamp,
    ) {
        let mention = Mention {
            aliases: &report.customer,
            name: report.customer_name.as_ref(),
            username: None,
            at: received,
        };
        let thread = self.thread(plan, number, &mention);
        let at = report.call_at(received);
        let (source, times) = match report.direction {
            Direction::Inbound => {
                let times =
                    StatusTimes { sent_at: Some(at), delivered_at: Some(received), ..StatusTimes::default() };
                (Source::Customer, times)
            }
            Direction::Outbound => (Source::Api, StatusTimes::default()),
        };
        let version = self.version_of_call(report.call, report.direction);
        let (id_at, bits) = self.ids.next_parts(received);
        let conversation = thread.conversation;
        let message = Message {
            id: MessageId::from_parts(id_at, bits),
            wamid: report.id.clone(),
            conversation,
            customer: thread.customer,
            customer_number: thread.customer_number,
            customer_name: thread.customer_name,
            username: thread.username,
            number: report.number.clone(),
            source,
            kind: version.kind,
            content: version.content,
            detail: version.detail,
            // How it went is told by its content: no status follows that it could wait for, or miss for so long as to expire.
            state: MessageState::Delivered,
            times,
            errors: Vec::new(),
            reply_to: None,
            raw: Some(report.raw.clone()),
            outbox: None,
            is_late: at.seconds() < thread.last_message_at.seconds(),
            at,
        };
        self.write_message(plan, (number, seq, message), &Showing::AsMessage, received);
        if report.opens_window() {
            open_window(plan, conversation, (at, received));
        }
        self.note_call(plan, (seq, KnownCall { call: report.call, at }), report, received);
    }

    fn go_on_with_call<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (seq, number): (i64, i64),
        report: &'a CallReport,
        received: Timestamp,
    ) -> Received {
        let (Some(subject), Some(known)) = (self.known.subject(seq).cloned(), self.known.call(seq)) else {
            return Received::Repeated;
        };
        let at = report.call_at(received);
        let joined = KnownCall { call: known.call.join(report.call), at: known.at.min(at) };
        if joined == known {
            return Received::Repeated;
        }
        let (talk, counted) = ((subject.customer, number), counted_from(at, received));
        let opened_at = report.opens_window().then_some(counted);
        self.move_conversation(plan, talk, subject.conversation, (Some(counted), opened_at));
        self.note_call(plan, (seq, joined), report, received);
        let version = self.version_of_call(joined.call, subject.direction);
        plan.write(Write::Renewed {
            seq,
            at: Some(joined.at),
            version: Box::new(version.clone()),
            raw: None,
        });
        let update = MessageUpdate {
            message: subject.id,
            wamid: subject.wamid,
            conversation: subject.conversation,
            customer: subject.customer,
            number: report.number.clone(),
            change: MessageChange::Renewed { why: Renewal::Call, version: Box::new(version) },
            at: report.at.unwrap_or(received),
        };
        self.show(plan, &Event::MessageUpdated(Box::new(update)), received);
        Received::Stored
    }

    fn note_call<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (seq, known): (i64, KnownCall),
        report: &'a CallReport,
        received: Timestamp,
    ) {
        self.known.load_call(seq, known);
        plan.write(Write::Call { seq, known, report, received });
    }

    /// What the message says of a call.
    fn version_of_call(&self, call: Call, direction: Direction) -> Version {
        let detail = Detail {
            typed: Typed::Call(call),
            context: Context::default(),
            referral: None,
            participant: None,
        };
        Version {
            kind: Call::message_type(),
            content: call.content(direction),
            detail: self.journal.detail(&detail),
        }
    }
}
