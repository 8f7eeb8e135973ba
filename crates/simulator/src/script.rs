//! What happens, and when: who writes which line, what becomes of each send, who answers it. Pure: given a seed,
//! the moments at which it is asked and the sends that were accepted, it always tells the same story.
//!
//! Ask [`Script::next_due`] when to come back, and then [`Script::pop_due`] for what is to be delivered.

mod talks;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use waypost_domain::Timestamp;

use crate::agenda::Agenda;
use crate::answer::{Answer, answer_to};
use crate::business::Business;
use crate::cast::{self, Customer, Line};
use crate::chances::Chances;
use crate::dice::Dice;
use crate::fate::{self, Hop, Report};
use crate::graph::{AcceptedSend, SentContent};
use crate::payload::{self, Content, Reported, Written};
use crate::wamid::{Author, Wamids};
use talks::Talks;

/// The highest rate of customers' messages.
pub const RATE_PER_S_MAX: f64 = 20_000.0;
/// How many statuses, answers and redeliveries wait at most. What comes on top is dropped and counted.
const PLANNED_MAX: usize = 100_000;
/// After a stall customers do not make up for more silence than this: it would come as one burst.
const CATCH_UP_MAX: Duration = Duration::from_secs(1);
/// How long a customer thinks about an answer, after having read.
const ANSWERED_AFTER_MS: std::ops::Range<u64> = 1_200..6_000;
/// From a delivery to its repetition.
const REDELIVERED_AFTER_MS: std::ops::Range<u64> = 500..5_000;

/// A moment, by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Since the start; never goes back.
    pub elapsed: Duration,
    /// What a calendar says.
    pub wall: Timestamp,
}

/// What a script is made of.
#[derive(Clone, Debug)]
pub struct ScriptSettings {
    /// To whom customers write.
    pub business: Business,
    /// Customers' messages a second, on average: 0 (they only answer) to [`RATE_PER_S_MAX`].
    pub rate_per_s: f64,
    /// Determines everything but the ids.
    pub seed: u64,
    /// Together with the seed it determines the ids: a second run must not repeat those of the first.
    pub start: Timestamp,
    /// How often the unusual happens.
    pub chances: Chances,
}

/// One webhook to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What is inside.
    pub kind: DeliveryKind,
    /// The body, whose bytes are signed and sent.
    pub body: Bytes,
}

/// What a webhook brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryKind {
    /// A message of a customer.
    Message,
    /// A status of a send.
    Status,
}

/// The story, told step by step.
#[derive(Debug)]
pub struct Script {
    settings: ScriptSettings,
    dice: Dice,
    wamids: Wamids,
    talks: Talks,
    /// By position in the cast: what a reaction would be under.
    last_messages: Vec<LastMessage>,
    /// `None` where customers only answer.
    next_line_at: Option<Duration>,
    agenda: Agenda<Planned>,
    sends: u64,
}

/// The last message of a chat, as the customer sees it.
#[derive(Clone, Debug)]
enum LastMessage {
    None,
    Own(String),
    Agents(String),
}

#[derive(Debug)]
enum Planned {
    Status { send: Arc<AcceptedSend>, report: Report, happened: Duration },
    Answer { position: usize, answer: Answer, to: Arc<AcceptedSend> },
    Again(Delivery),
}

impl Script {
    /// A story that begins. A rate that is no rate counts as 0: [`crate::Simulation::start`] refuses it before.
    #[must_use]
    pub fn new(settings: ScriptSettings) -> Self {
        let mut dice = Dice::seeded(settings.seed);
        let talks = Talks::begin(&mut dice);
        let next_line_at = is_rate(settings.rate_per_s).then(|| dice.gap(settings.rate_per_s));
        Self {
            dice,
            wamids: Wamids::new(Author::Customer, settings.seed, settings.start),
            talks,
            last_messages: vec![LastMessage::None; cast::customers().len()],
            next_line_at,
            agenda: Agenda::new(PLANNED_MAX),
            sends: 0,
            settings,
        }
    }

    /// Since the start, when something is to be delivered next. `None`: not before a send is accepted.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        [self.agenda.next_at(), self.next_line_at].into_iter().flatten().min()
    }

    /// How many statuses, answers and redeliveries were dropped, since too many waited.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.agenda.dropped()
    }

    /// Notes what will become of a send. Its fate depends on the seed and on how many were accepted before it,
    /// not on when.
    pub fn accept(&mut self, elapsed: Duration, send: AcceptedSend) {
        let mut dice = Dice::apart(self.settings.seed, self.sends);
        self.sends += 1;
        let hops = match send.content {
            SentContent::Reaction => fate::of_reaction(&mut dice, &self.settings.chances),
            SentContent::Text(_) | SentContent::Other => fate::of_message(&mut dice, &self.settings.chances),
        };
        let send = Arc::new(send);
        for Hop { report, happened, arrives } in &hops {
            let status =
                Planned::Status { send: send.clone(), report: *report, happened: elapsed + *happened };
            self.agenda.plan(elapsed + *arrives, status);
        }
        let read = hops.iter().find(|hop| hop.report == Report::Read);
        if let (Some(position), SentContent::Text(text), Some(read)) =
            (cast::position(&send.to), &send.content, read)
            && dice.chance(self.settings.chances.answered)
        {
            let answer = answer_to(text, cast::customer(position).tongue, &mut dice);
            let at = elapsed + read.happened + dice.millis(ANSWERED_AFTER_MS);
            self.agenda.plan(at, Planned::Answer { position, answer, to: send.clone() });
        }
    }

    /// What is due at `now`, one delivery a call, the earliest first; `None` when nothing is left.
    pub fn pop_due(&mut self, now: Moment) -> Option<Delivery> {
        let due = self.next_due().filter(|due| *due <= now.elapsed)?;
        if self.next_line_at == Some(due) {
            let from = due.max(now.elapsed.saturating_sub(CATCH_UP_MAX));
            self.next_line_at = Some(from + self.dice.gap(self.settings.rate_per_s));
            return Some(self.say_next_line(now));
        }
        Some(match self.agenda.pop()? {
            Planned::Status { send, report, happened } => self.report(&send, report, happened, now),
            Planned::Answer { position, answer, to } => self.say_answer(position, answer, &to.wamid, now),
            Planned::Again(delivery) => delivery,
        })
    }

    fn say_next_line(&mut self, now: Moment) -> Delivery {
        let (position, line) = self.talks.next_line(&mut self.dice);
        let media = self.dice.bits();
        let last = self.last_messages[position].clone();
        let quoted = match (&last, line) {
            (LastMessage::Agents(id), Line::Button { .. }) => Some(id.as_str()),
            _ => None,
        };
        let delivery = self.say(position, &Content::Line { line, media, reacted_to: last.id() }, quoted, now);
        if self.dice.chance(self.settings.chances.redelivered) {
            let at = now.elapsed + self.dice.millis(REDELIVERED_AFTER_MS);
            self.agenda.plan(at, Planned::Again(delivery.clone()));
        }
        delivery
    }

    fn say_answer(&mut self, position: usize, answer: Answer, to: &str, now: Moment) -> Delivery {
        match answer {
            Answer::Text(text) => self.say(position, &Content::Text(text), None, now),
            Answer::Quoting(text) => self.say(position, &Content::Text(text), Some(to), now),
            Answer::Reaction(emoji) => {
                self.say(position, &Content::Reaction { message_id: to, emoji }, None, now)
            }
        }
    }

    fn say(&mut self, position: usize, content: &Content<'_>, quoted: Option<&str>, now: Moment) -> Delivery {
        let customer: &'static Customer = cast::customer(position);
        let id = self.wamids.fresh(customer.wa_id);
        let written = Written { customer, id: &id, at: now.wall, content, quoted };
        let body = payload::message(&self.settings.business, &written);
        if !content.is_reaction() {
            self.last_messages[position] = LastMessage::Own(id);
        }
        Delivery { kind: DeliveryKind::Message, body }
    }

    fn report(&mut self, send: &AcceptedSend, report: Report, happened: Duration, now: Moment) -> Delivery {
        let position = cast::position(&send.to);
        if let (Report::Read, Some(position)) = (report, position) {
            self.last_messages[position] = LastMessage::Agents(send.wamid.clone());
        }
        let ago_ms = i64::try_from(now.elapsed.saturating_sub(happened).as_millis()).unwrap_or(i64::MAX);
        let reported = Reported {
            wamid: &send.wamid,
            to: &send.to,
            customer: position.map(cast::customer),
            callback_data: send.callback_data.as_deref(),
            report,
            at: now.wall.plus_millis(-ago_ms),
        };
        let body = payload::status(&self.settings.business, &reported);
        Delivery { kind: DeliveryKind::Status, body }
    }
}

impl LastMessage {
    /// Empty where there is none: no talk begins with a reaction.
    fn id(&self) -> &str {
        match self {
            Self::None => "",
            Self::Own(id) | Self::Agents(id) => id,
        }
    }
}

/// Whether customers write by themselves at this rate.
pub(crate) fn is_rate(rate_per_s: f64) -> bool {
    rate_per_s > 0.0 && rate_per_s <= RATE_PER_S_MAX
}

#[cfg(test)]
mod tests;
