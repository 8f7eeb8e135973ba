//! Old chats that the business's phone shares: their messages, and how far the sharing is.

use waypost_domain::notice::HistoryProgress;
use waypost_domain::{Direction, MessageState, PastMessage, Source};

use super::contacts::Names;
use super::message::{Flaw, Surroundings, addressed, author, message, message_with};
use super::notice::count;
use crate::errors::error_details;
use crate::json::Node;
use crate::shapes::{
    ChunkMetadata, HistoryChunk, HistoryContext, HistoryThread, MessageItem, Metadata, ThreadContext, Value,
};

/// Whether the value of a `history` change holds anything: chats, the reason why there are none, or late media.
pub(super) fn holds_history(value: &Value<'_>) -> bool {
    let chunks = value.history.items_or_one();
    let told = chunks.into_iter().filter_map(Node::object).any(|chunk: HistoryChunk<'_>| {
        chunk.threads.items().is_some() || !chunk.errors.items_or_one().is_empty()
    });
    told || value.messages.items().is_some() || value.message_echoes.items().is_some()
}

/// How far the sharing is, and the JSON that says so, without the chats.
pub(super) fn progress(chunk: &HistoryChunk<'_>) -> Option<(HistoryProgress, String)> {
    let errors = error_details(chunk.errors);
    let metadata = chunk.metadata.object::<ChunkMetadata<'_>>();
    if metadata.is_none() && errors.is_empty() {
        return None;
    }
    let metadata = metadata.unwrap_or_default();
    let parts: Vec<String> = [("metadata", chunk.metadata), ("errors", chunk.errors)]
        .into_iter()
        .filter_map(|(name, node)| Some(format!("\"{name}\":{}", node.raw()?)))
        .collect();
    let progress = HistoryProgress {
        phase: count(metadata.phase),
        chunk_order: count(metadata.chunk_order),
        progress: count(metadata.progress),
        errors,
    };
    Some((progress, format!("{{{}}}", parts.join(","))))
}

/// Whose chat it is: the names that hold for all of its messages.
pub(super) struct Thread<'a> {
    id: Names<'a>,
    /// The business number's digits, as it is shown.
    business: Option<Box<str>>,
}

impl<'a> Thread<'a> {
    pub(super) fn of(thread: &HistoryThread<'a>, metadata: Node<'a>) -> Self {
        let context: ThreadContext<'_> = thread.context.object().unwrap_or_default();
        let id = Names {
            user_id: context.user_id.text(),
            parent_user_id: context.parent_user_id.text(),
            phone: context.wa_id.text().or_else(|| thread.id.text()),
        };
        let business = metadata.object::<Metadata<'_>>().and_then(|metadata| metadata.display.text());
        Self { id, business: business.map(|number| digits(&number)) }
    }

    /// Who wrote it. The customer is named by the chat, so that whatever else wrote or was written to is the business.
    fn direction(&self, fields: &MessageItem<'_>) -> Direction {
        let from = fields.from.text().map(|from| digits(&from));
        let to = fields.to.text().map(|to| digits(&to));
        let customer = self.id.phone.as_deref().map(digits);
        let is = |one: &Option<Box<str>>, other: &Option<Box<str>>| one.is_some() && one == other;
        let is_ours = is(&from, &self.business);
        let is_theirs = is(&to, &self.business) || is(&from, &customer);
        let is_addressed = !fields.to.is_null() || !fields.to_user_id.is_null();
        if is_ours || (is_addressed && !is_theirs) { Direction::Outbound } else { Direction::Inbound }
    }
}

/// The message that an item of an old chat is.
pub(super) fn past_message(
    item: Node<'_>,
    thread: &Thread<'_>,
    around: &Surroundings<'_>,
) -> Result<PastMessage, Flaw> {
    let fields: MessageItem<'_> = item.object().ok_or(Flaw::NoObject)?;
    let direction = thread.direction(&fields);
    let message = message_with(item, Source::History(direction), around, |fields| {
        let (own, member) = match direction {
            Direction::Inbound => (author(fields), ("from", fields.from)),
            Direction::Outbound => (addressed(fields), ("to", fields.to)),
        };
        let names = Names {
            user_id: own.user_id.or_else(|| thread.id.user_id.clone()),
            parent_user_id: own.parent_user_id.or_else(|| thread.id.parent_user_id.clone()),
            phone: own.phone.or_else(|| thread.id.phone.clone()),
        };
        around.contacts.customer(&names).ok_or_else(|| Flaw::of(member.0, member.1))
    })?;
    Ok(PastMessage { message, state: state(direction, &fields) })
}

/// A message whose picture or recording came after its chat, or without it.
pub(super) fn late_media(
    item: Node<'_>,
    direction: Direction,
    around: &Surroundings<'_>,
) -> Result<PastMessage, Flaw> {
    let message = message(item, Source::History(direction), around)?;
    Ok(PastMessage { message, state: None })
}

fn state(direction: Direction, fields: &MessageItem<'_>) -> Option<MessageState> {
    let word = fields.history_context.object::<HistoryContext<'_>>()?.status.string()?.to_ascii_uppercase();
    Some(match (direction, word.as_str()) {
        // A customer's message has no more than these two.
        (Direction::Inbound, "READ" | "PLAYED") => MessageState::Read,
        (Direction::Inbound, _) => MessageState::Delivered,
        (Direction::Outbound, "PENDING") => MessageState::Accepted,
        (Direction::Outbound, "SENT") => MessageState::Sent,
        (Direction::Outbound, "ERROR") => MessageState::Failed,
        (Direction::Outbound, "DELIVERED") => MessageState::Delivered,
        (Direction::Outbound, "READ") => MessageState::Read,
        (Direction::Outbound, "PLAYED") => MessageState::Played,
        (Direction::Outbound, _) => return None,
    })
}

fn digits(number: &str) -> Box<str> {
    number.chars().filter(char::is_ascii_digit).collect()
}
