//! A reaction, an edit or a revoke arrives: it changes the message that it names, or waits for it.
//!
//! Of several edits the one that was made last counts, and of several reactions of one person too, by WhatsApp's time and
//! then by what tells two items apart: whatever order they come in, they end in the same.

use waypost_domain::detail::{Line, Typed};
use waypost_domain::{
    Author, CustomerId, DetailJson, Direction, Event, Message, MessageChange, MessageReaction, MessageUpdate,
    PhoneNumberId, Reactor, ReceivedMessage, Renewal, Timestamp, Version, Wamid,
};

use super::Decider;
use super::dedup::{SeenKey, WamidDigest};
use super::known::{Sighting, loaded};
use super::plan::{Plan, Write};
use super::subject::Subject;
use crate::store::Received;

/// An item that changes a message.
#[derive(Clone, Debug)]
pub(crate) struct ChangeItem {
    /// Its own row among the messages.
    pub(crate) seq: i64,
    pub(crate) wamid: WamidDigest,
    pub(crate) customer: CustomerId,
    pub(crate) direction: Direction,
    pub(crate) author: Author,
    pub(crate) at: Timestamp,
    pub(crate) kind: ChangeKind,
}

/// What an item changes.
#[derive(Clone)]
pub(crate) enum ChangeKind {
    Edit { content: String, detail: DetailJson },
    Revoke,
    Reaction { by: Reactor, emoji: Option<Line> },
}

/// A reaction, and the item that it came with.
#[derive(Clone, Debug)]
pub(crate) struct ReactionRow {
    pub(crate) reaction: MessageReaction,
    pub(crate) wamid: WamidDigest,
}

/// The message that an item changes; `None` also of an edit that does not say what the message is now.
pub(super) fn target(received: &ReceivedMessage) -> Option<&Wamid> {
    match &received.detail.typed {
        Typed::Reaction(reaction) => reaction.target.as_ref(),
        Typed::Edit(edit) => edit.edited.as_ref().and(edit.target.as_ref()),
        Typed::Revoke(revoke) => revoke.target.as_ref(),
        _ => None,
    }
}

/// The change that an item is, which was stored as `message` in the row `seq`.
pub(super) fn change_item(
    received: &ReceivedMessage,
    message: &Message,
    (seq, wamid): (i64, WamidDigest),
) -> Option<ChangeItem> {
    let kind = match &received.detail.typed {
        Typed::Reaction(reaction) => {
            ChangeKind::Reaction { by: reactor(received), emoji: reaction.emoji.clone() }
        }
        Typed::Edit(edit) if edit.edited.is_some() => {
            ChangeKind::Edit { content: message.content.clone(), detail: message.detail.clone() }
        }
        Typed::Revoke(_) => ChangeKind::Revoke,
        _ => return None,
    };
    Some(ChangeItem {
        seq,
        wamid,
        customer: message.customer,
        direction: message.source.direction(),
        author: Author::of(received),
        at: message.at,
        kind,
    })
}

fn reactor(received: &ReceivedMessage) -> Reactor {
    // In its one form: a member has one reaction, however WhatsApp writes the number.
    let member =
        || Some(received.detail.participant.as_ref()?.aliases.iter().next()?.canonical().into_owned());
    match received.source.direction() {
        Direction::Outbound => Reactor::Business,
        Direction::Inbound => member().map_or(Reactor::Customer, Reactor::Participant),
    }
}

impl Decider {
    /// Remembers who of a group wrote a message.
    pub(super) fn note_author(&mut self, plan: &mut Plan<'_>, seq: i64, author: Author) {
        if let (Author::Member(_), Some(subject)) = (&author, self.known.subject(seq)) {
            subject.author = author.clone();
            plan.write(Write::Author { seq, author });
        }
    }

    /// Applies a change that was stored just now to the message that it names; where that is not there yet, it waits.
    pub(super) fn change(
        &mut self,
        plan: &mut Plan<'_>,
        (number, target): (i64, WamidDigest),
        (change, phone_number): (ChangeItem, &PhoneNumberId),
        received: Timestamp,
    ) -> Received {
        match self.known.sighting(&SeenKey::message(number, target)) {
            Some(Sighting { message: Some(seq) }) => {
                self.apply_change(plan, (seq, phone_number), change, received)
            }
            Some(Sighting { message: None }) | None => {
                plan.write(Write::ChangeParked {
                    number,
                    wamid: target,
                    change: Box::new(change.clone()),
                    received,
                });
                self.known.park_change((number, target), change);
                Received::Stored
            }
        }
    }

    /// Applies what waited for the message `seq`, which was stored just now.
    pub(super) fn unpark_changes(
        &mut self,
        plan: &mut Plan<'_>,
        (number, digest): (i64, WamidDigest),
        message: (i64, &PhoneNumberId),
        received: Timestamp,
    ) {
        let parked = self.known.take_parked_changes((number, digest));
        if parked.is_empty() {
            return;
        }
        plan.write(Write::ChangesUnparked { number, wamid: digest });
        for change in parked {
            self.apply_change(plan, message, change, received);
        }
    }

    /// Changes the message `seq`, where whoever asks for it may.
    fn apply_change(
        &mut self,
        plan: &mut Plan<'_>,
        (seq, number): (i64, &PhoneNumberId),
        change: ChangeItem,
        received: Timestamp,
    ) -> Received {
        // A message that was erased leaves its mark in `seen` only.
        let Some(subject) = loaded(self.known.messages.get_mut(&seq)) else { return Received::Stored };
        let merges = &self.known.merges;
        let is_in_thread = merges.now(subject.customer) == merges.now(change.customer);
        let refusal = if is_in_thread { change.refusal(subject) } else { Some(ELSEWHERE) };
        if let Some(refusal) = refusal {
            let reason = format!("{}: {refusal}", change.kind.target_member());
            plan.write(Write::ChangeRefused { change: change.seq, reason, received });
            return Received::Dead;
        }
        let mut update = MessageUpdate {
            message: subject.id,
            wamid: subject.wamid.clone(),
            conversation: subject.conversation,
            customer: subject.customer,
            number: number.clone(),
            change: MessageChange::Revoked,
            at: change.at,
        };
        plan.write(Write::ChangeTarget { change: change.seq, target: seq });
        let shown = match change.kind {
            ChangeKind::Edit { content, detail } => {
                let detail = self.journal.beside_author(detail, &subject.author);
                let version = Box::new(Version { kind: subject.kind.clone(), content, detail });
                let is_shown = put_edit(plan, (seq, subject), (change.at, change.wamid), &version);
                is_shown.then_some(MessageChange::Renewed { why: Renewal::Edited, version })
            }
            ChangeKind::Revoke => {
                let before = subject.revoked_at;
                if before.is_none_or(|before| change.at < before) {
                    subject.revoked_at = Some(change.at);
                    plan.write(Write::Revoked { seq, at: change.at });
                }
                before.is_none().then_some(MessageChange::Revoked)
            }
            ChangeKind::Reaction { by, emoji } => {
                let reaction = MessageReaction { by, emoji, at: change.at };
                self.react(plan, seq, ReactionRow { reaction, wamid: change.wamid })
            }
        };
        self.known.note_target(change.seq, seq);
        if let Some(shown) = shown {
            update.change = shown;
            self.show(plan, &Event::MessageUpdated(Box::new(update)), received);
        }
        Received::Stored
    }

    /// Puts a reaction in the place of the one that its person had; nothing, where that is newer.
    fn react(&mut self, plan: &mut Plan<'_>, seq: i64, row: ReactionRow) -> Option<MessageChange> {
        let all = self.known.reactions(seq);
        if let Some(place) = all.iter().position(|had| had.reaction.by == row.reaction.by) {
            if all[place].rank() > row.rank() {
                return None;
            }
            all.remove(place);
        }
        let place = all.partition_point(|other| other.rank() < row.rank());
        all.insert(place, row.clone());
        let all = all.iter().map(|row| &row.reaction).filter(|reaction| reaction.emoji.is_some());
        let change = MessageChange::Reaction { reaction: row.reaction.clone(), all: all.cloned().collect() };
        plan.write(Write::Reaction { seq, row: Box::new(row) });
        Some(change)
    }
}

/// Puts the words of an edit in the place of those that are there, unless a newer one did; whether that is to be shown.
pub(super) fn put_edit(
    plan: &mut Plan<'_>,
    (seq, subject): (i64, &mut Subject),
    edited: (Timestamp, WamidDigest),
    version: &Version,
) -> bool {
    if subject.edited.is_some_and(|newest| newest > edited) {
        return false;
    }
    subject.edited = Some(edited);
    subject.caption = subject.awaits_media().then(|| version.content.clone());
    plan.write(Write::Edited { seq, edited, version: Box::new(version.clone()) });
    // What was deleted for everyone is not shown again.
    subject.revoked_at.is_none()
}

/// Why a change is refused whose message is in a thread with somebody else.
const ELSEWHERE: &str = "a message of another conversation";

impl ChangeItem {
    /// Why it may not change a message of its thread: only words that its own author wrote.
    fn refusal(&self, subject: &Subject) -> Option<&'static str> {
        let is_own = self.direction == subject.direction && self.author.is(&subject.author);
        match self.kind {
            _ if subject.kind.changes_another() => Some("no message, but a change of one"),
            ChangeKind::Edit { .. } | ChangeKind::Revoke if !is_own => {
                Some("a message that somebody else wrote")
            }
            _ => None,
        }
    }
}

impl ChangeKind {
    /// A change that waits, as its item was stored.
    pub(crate) fn from_columns(
        kind: &str,
        reactor: Option<&str>,
        (content, detail): (String, DetailJson),
    ) -> Option<Self> {
        match kind {
            "edit" => Some(Self::Edit { content, detail }),
            "revoke" => Some(Self::Revoke),
            "reaction" => {
                Some(Self::Reaction { by: Reactor::parse(reactor?)?, emoji: Line::parse(&content) })
            }
            _ => None,
        }
    }

    /// Where the item names the message.
    const fn target_member(&self) -> &'static str {
        match self {
            Self::Edit { .. } => "edit.original_message_id",
            Self::Revoke => "revoke.original_message_id",
            Self::Reaction { .. } => "reaction.message_id",
        }
    }

    /// Who reacted, where it is a reaction.
    pub(crate) fn reactor(&self) -> Option<&Reactor> {
        match self {
            Self::Reaction { by, .. } => Some(by),
            Self::Edit { .. } | Self::Revoke => None,
        }
    }
}

impl ReactionRow {
    /// By which of two reactions of one person the later is told. Within one second, one that was taken back counts:
    /// people do that more often than the reverse.
    fn rank(&self) -> (Timestamp, bool, WamidDigest) {
        (self.reaction.at, self.reaction.emoji.is_none(), self.wamid)
    }
}

impl std::fmt::Debug for ChangeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Edit { .. } => "Edit",
            Self::Revoke => "Revoke",
            Self::Reaction { .. } => "Reaction",
        })
    }
}
