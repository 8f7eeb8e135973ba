//! A status arrives: applied to its message, or parked until that comes.

use std::sync::Arc;

use waypost_domain::{
    Direction, Event, MessageState, PhoneNumberId, Reported, StatusChange, StatusReport, Timestamp,
};

use super::Decider;
use super::dedup::{SeenKey, WamidDigest};
use super::item::{Delivery, Undelivered};
use super::known::Sighting;
use super::plan::{HopRow, Plan, Write};
use super::subject::{ParkedRow, Subject};
use crate::store::Received;

impl Decider {
    pub(super) fn receive_status<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (delivery, digest, what): (&'a Delivery, WamidDigest, &Arc<str>),
        report: &'a StatusReport,
    ) -> Received {
        let number = self.number(plan, &delivery.app, &report.number, None);
        let key = SeenKey { number, wamid: digest, status: Some(Arc::clone(what)) };
        if self.is_repeated(plan, key, delivery.received) {
            return Received::Repeated;
        }
        if let Some(aliases) = &report.customer {
            self.learn_names(plan, number, aliases);
        }
        let hop = ParkedRow {
            reported: report.reported.clone(),
            participant: report.participant.clone(),
            at: report.at.unwrap_or(delivery.received),
            errors: report.errors.clone(),
            pricing: report.pricing.clone(),
        };
        match self.known.sighting(&SeenKey::message(number, digest)) {
            Some(Sighting { message: Some(seq) }) => {
                self.apply(plan, (seq, &report.number), hop, delivery.received);
                Received::Stored
            }
            Some(Sighting { message: None }) | None => {
                self.known.park((number, digest), hop);
                plan.write(Write::Parked { number, wamid: digest, report, received: delivery.received });
                Received::Parked
            }
        }
    }

    /// Nothing was heard of a message for so long that WhatsApp has given up; whether it still waited for its delivery.
    pub(super) fn expire(&mut self, plan: &mut Plan<'_>, undelivered: &Undelivered, at: Timestamp) -> bool {
        let waits = |subject: &Subject| matches!(subject.state, MessageState::Accepted | MessageState::Sent);
        if !self.known.subject(undelivered.seq).is_some_and(|subject| waits(subject)) {
            return false;
        }
        let hop = ParkedRow {
            reported: Reported::Expired,
            participant: None,
            at,
            errors: Vec::new(),
            pricing: None,
        };
        self.apply(plan, (undelivered.seq, &undelivered.number), hop, at);
        true
    }

    /// Applies what waited for the message `seq`, which was stored just now, in the order in which it came.
    pub(super) fn unpark(
        &mut self,
        plan: &mut Plan<'_>,
        (number, digest): (i64, WamidDigest),
        message: (i64, &PhoneNumberId),
        received: Timestamp,
    ) {
        let parked = self.known.take_parked((number, digest));
        if parked.is_empty() {
            return;
        }
        plan.write(Write::Unparked { number, wamid: digest });
        for hop in parked {
            self.apply(plan, message, hop, received);
        }
    }

    /// Joins `hop` with the message's state, and writes hop, state and event.
    fn apply(
        &mut self,
        plan: &mut Plan<'_>,
        (seq, number): (i64, &PhoneNumberId),
        hop: ParkedRow,
        received: Timestamp,
    ) {
        // A message that was erased leaves its mark in `seen` only, and what the customer wrote has no statuses: there is
        // nothing to change or show.
        let Some(subject) =
            self.known.subject(seq).filter(|subject| subject.direction == Direction::Outbound)
        else {
            return;
        };
        let previous = subject.state;
        let failed_at = subject.times.failed_at;
        subject.state = previous.after(&hop.reported);
        subject.times.note(&hop.reported, hop.at);
        // Of several failures the first tells why; what else is amiss stands with its own report.
        let is_failure = hop.reported == Reported::Failed && failed_at.is_none_or(|first| hop.at < first);
        let errors = if is_failure { hop.errors.clone() } else { Vec::new() };
        let (state, times) = (subject.state, Box::new(subject.times));
        plan.write(Write::MessageState { seq, state, times, errors });
        let change = StatusChange {
            message: subject.id,
            wamid: subject.wamid.clone(),
            conversation: subject.conversation,
            customer: subject.customer,
            number: number.clone(),
            previous,
            state: subject.state,
            reported: hop.reported,
            participant: hop.participant,
            times: subject.times,
            errors: hop.errors,
            pricing: hop.pricing,
            at: hop.at,
        };
        let event = Event::Status(Box::new(change));
        self.show(plan, &event, received);
        let Event::Status(change) = event else { unreachable!("it was made of the change") };
        plan.write(Write::Hop(Box::new(HopRow {
            message: seq,
            reported: change.reported,
            participant: change.participant,
            at: change.at,
            errors: change.errors,
            pricing: change.pricing,
        })));
    }
}
