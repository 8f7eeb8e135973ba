//! Messages as they are read: page by page, or one with all that was reported of it.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::{
    Aftermath, ConversationId, Message, MessageHistory, Page, StatusHop, ThreadPlace, ThreadRow, ThreadSpan,
};

use crate::cursor::thread_cursor;
use crate::event::{ErrorBody, MessageEvent, PricingBody, ReactionBody};
use crate::time::IsoTime;

/// A page of messages in the order of the thread, the oldest first.
#[derive(Serialize, ToSchema)]
pub struct MessagePage<'a> {
    data: Vec<ThreadMessage<'a>>,
    /// What to ask for what stands before this page; left out where nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// What to ask for what stands, or will stand, after this page; left out where there is no message at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

impl<'a> MessagePage<'a> {
    /// The page that was asked for by `span`.
    #[must_use]
    pub fn new(page: &'a Page<ThreadRow>, conversation: ConversationId, span: ThreadSpan) -> Self {
        let first = page.rows.first().map(|row| row.place);
        let last = page.rows.last().map(|row| row.place);
        let (before, after): (Option<ThreadPlace>, Option<ThreadPlace>) = match span {
            ThreadSpan::Newest => (first.filter(|_| page.has_more), last),
            ThreadSpan::Before(asked) => (first.filter(|_| page.has_more), last.or(Some(asked))),
            // What it was asked to stand after does, so something stands before it.
            ThreadSpan::After(asked) => (first.or(Some(asked)), last.or(Some(asked))),
        };
        let cursor = |place| thread_cursor(conversation, place);
        Self {
            data: page.rows.iter().map(|row| ThreadMessage::new(&row.message, &row.aftermath)).collect(),
            before: before.map(cursor),
            after: after.map(cursor),
        }
    }
}

/// A message as it was shown, with what became of it since.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThreadMessage<'a> {
    #[serde(flatten)]
    message: MessageEvent<'a>,
    /// When it was edited: `content` is what it says now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<IsoTime>,
    /// When it was deleted for everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<IsoTime>,
    /// All reactions that there are now, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<ReactionBody<'a>>,
}

impl<'a> ThreadMessage<'a> {
    pub(crate) fn new(message: &'a Message, aftermath: &'a Aftermath) -> Self {
        Self {
            message: MessageEvent::new(message),
            edited_at: aftermath.edited_at.map(IsoTime),
            revoked_at: aftermath.revoked_at.map(IsoTime),
            reactions: aftermath.reactions.iter().map(ReactionBody::new).collect(),
        }
    }
}

/// What a message said at some time.
#[derive(Serialize, ToSchema)]
struct WordingBody<'a> {
    /// What a person would read.
    content: &'a str,
    /// From when on, by WhatsApp's time; ours where that is missing or absurd.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

/// A message with all that was reported of it.
#[derive(Serialize, ToSchema)]
pub struct MessageBody<'a> {
    #[serde(flatten)]
    message: ThreadMessage<'a>,
    /// All that it said, by time; left out where it was never edited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<WordingBody<'a>>,
    /// What Meta reported of it, by time.
    statuses: Vec<HopBody<'a>>,
}

impl<'a> MessageBody<'a> {
    /// The message with its history.
    #[must_use]
    pub fn new(history: &'a MessageHistory) -> Self {
        Self {
            message: ThreadMessage::new(&history.message, &history.aftermath),
            versions: (history.wordings.iter())
                .map(|wording| WordingBody { content: &wording.content, timestamp: IsoTime(wording.at) })
                .collect(),
            statuses: history.hops.iter().map(HopBody::new).collect(),
        }
    }
}

/// One report of a message's status.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HopBody<'a> {
    /// What came, in Meta's word.
    reported: &'a str,
    /// Who of a group it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<&'a str>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorBody<'a>>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pricing: Option<PricingBody<'a>>,
    /// WhatsApp's time of it; ours where that is missing or absurd.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl<'a> HopBody<'a> {
    fn new(hop: &'a StatusHop) -> Self {
        Self {
            reported: hop.reported.as_str(),
            participant: hop.participant.as_deref(),
            errors: ErrorBody::all(&hop.errors),
            pricing: hop.pricing.as_ref().map(PricingBody::new),
            timestamp: IsoTime(hop.at),
        }
    }
}
