//! Answers of the routes that read page by page, but for messages, and what is asked of all of them.
//!
//! A cursor of an answer is taken back under its own name: `before` as `?before=`, `next` as `?cursor=`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waypost_domain::{
    Conversation, ConversationFilter, CustomerName, CustomerRow, CustomerSearch, Page, Responder, ThreadRow,
    Timestamp, Window, window,
};

use crate::cursor::{conversation_cursor, customer_cursor};
use crate::time::IsoTime;

/// The longest content of a message in a list of conversations, in characters.
const PREVIEW_CHARS_MAX: usize = 200;

/// What `GET /api/conversations` takes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConversationQuery {
    /// Only those with this business number.
    pub phone_number_id: Option<String>,
    /// Only those of this assignee.
    pub assignee: Option<String>,
    /// Only those of this team.
    pub team: Option<String>,
    /// Only those with this customer.
    pub customer_id: Option<String>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// 1 to 100; 50 where left out.
    pub limit: Option<String>,
}

/// What `GET /api/conversations/{id}/messages` takes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ThreadQuery {
    /// The `before` of another page: the messages just before it. Without both, the newest.
    pub before: Option<String>,
    /// The `after` of another page: the messages just after it.
    pub after: Option<String>,
    /// 1 to 100; 50 where left out.
    pub limit: Option<String>,
}

/// What `GET /api/customers` takes.
#[derive(Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerQuery {
    /// How the name begins (capitals or not), or a phone number, BSUID or group id.
    pub search: Option<String>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// 1 to 100; 50 where left out.
    pub limit: Option<String>,
}

/// What the other lists take.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// 1 to 100; 50 where left out.
    pub limit: Option<String>,
}

/// What the older reads take.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecentQuery {
    /// `1` to be shown what was cleared, too.
    pub all: Option<String>,
}

/// `PATCH /api/conversations/{id}`: what is left out stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct AssignRequest {
    /// Who is to answer it, in up to 128 characters; `null` for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub assignee: Option<Option<String>>,
    /// Which team is, in up to 128 characters; `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub team: Option<Option<String>>,
}

/// Tells `null`, which is given, from a member that is left out.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A conversation: one customer with one business number.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationBody<'a> {
    /// Our id of it.
    id: String,
    /// Our id of the customer.
    customer_id: String,
    /// The customer's number in digits, or the BSUID where the number is withheld. Never empty.
    whatsapp_number: &'a str,
    /// The customer's profile name.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<&'a str>,
    /// The business number.
    phone_number_id: &'a str,
    /// Who answers it; `null` for nobody.
    assignee: Option<&'a str>,
    /// Which team does; `null` for none.
    team: Option<&'a str>,
    /// `open`: anything may be sent. `closed`: templates only. `unknown`: nothing that the customer did is known.
    window: &'static str,
    /// When the window closes or closed; not where it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    window_expires_at: Option<IsoTime>,
    /// Until when all messages are free of charge, where they are: a free entry point. It opens no window.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    free_until: Option<IsoTime>,
    /// The time by which it is listed: when its newest message was written, or received where a clock went ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_message_at: Option<IsoTime>,
    /// Its newest message; not where a first send is still under way, or another app alone has spoken with the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<MessagePreview<'a>>,
}

impl<'a> ConversationBody<'a> {
    /// The conversation as it is `now`.
    #[must_use]
    pub fn new(conversation: &'a Conversation, now: Timestamp) -> Self {
        let window = Window::at(conversation.opened_at, now);
        let name = |of: &'a Option<Responder>| of.as_ref().map(Responder::as_str);
        Self {
            id: conversation.id.to_string(),
            customer_id: conversation.customer.to_string(),
            whatsapp_number: &conversation.customer_number,
            customer_name: conversation.customer_name.as_ref().map(CustomerName::as_str),
            phone_number_id: conversation.number.as_str(),
            assignee: name(&conversation.assignment.assignee),
            team: name(&conversation.assignment.team),
            window: window.state.as_str(),
            window_expires_at: window.expires_at.map(IsoTime),
            free_until: window::free_until(conversation.referral_answered_at, now).map(IsoTime),
            last_message_at: conversation
                .last_message
                .is_some()
                .then_some(IsoTime(conversation.last_message_at)),
            last_message: conversation.last_message.as_deref().map(MessagePreview::new),
        }
    }
}

/// As much of a message as a list of conversations shows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MessagePreview<'a> {
    /// Our id of the message.
    id: String,
    /// `inbound` or `outbound`.
    direction: &'static str,
    /// Meta's word for the type.
    message_type: &'a str,
    /// What a person would read, its first 200 characters.
    content: String,
    /// As of the message.
    status: &'static str,
    /// When it was edited: `content` is what it says now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<IsoTime>,
    /// When it was deleted for everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<IsoTime>,
    /// WhatsApp's time of the message; ours where that is missing or absurd.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl<'a> MessagePreview<'a> {
    fn new(row: &'a ThreadRow) -> Self {
        let ThreadRow { message, aftermath, .. } = row;
        Self {
            id: message.id.to_string(),
            direction: message.source.direction().as_str(),
            message_type: message.kind.as_str(),
            content: message.content.chars().take(PREVIEW_CHARS_MAX).collect(),
            status: message.state.as_str(),
            edited_at: aftermath.edited_at.map(IsoTime),
            revoked_at: aftermath.revoked_at.map(IsoTime),
            timestamp: IsoTime(message.at),
        }
    }
}

/// A page of conversations, those first in which something was written last.
#[derive(Serialize, ToSchema)]
pub struct ConversationPage<'a> {
    data: Vec<ConversationBody<'a>>,
    /// The `cursor` of the next page; left out where this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<'a> ConversationPage<'a> {
    /// The page as it is `now`.
    #[must_use]
    pub fn new(page: &'a Page<Conversation>, filter: &ConversationFilter, now: Timestamp) -> Self {
        let last = page.rows.last().filter(|_| page.has_more);
        Self {
            data: page.rows.iter().map(|row| ConversationBody::new(row, now)).collect(),
            next: last.map(|row| conversation_cursor(filter, row.place())),
        }
    }
}

/// A customer in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerSummary<'a> {
    /// Our id of the customer.
    id: String,
    /// The number in digits, or the BSUID where the number is withheld. Never empty.
    whatsapp_number: &'a str,
    /// The profile name.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<&'a str>,
    /// When we met first.
    #[schema(value_type = String, format = DateTime)]
    created_at: IsoTime,
}

/// A page of customers: those found by a number or another alias in its order, then those found by name in its order;
/// without a search the newest first.
#[derive(Serialize, ToSchema)]
pub struct CustomerPage<'a> {
    data: Vec<CustomerSummary<'a>>,
    /// The `cursor` of the next page; left out where this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<'a> CustomerPage<'a> {
    /// The page that was found by `search`.
    #[must_use]
    pub fn new(page: &'a Page<CustomerRow>, search: Option<&CustomerSearch>) -> Self {
        let summary = |row: &'a CustomerRow| CustomerSummary {
            id: row.id.to_string(),
            whatsapp_number: &row.number,
            customer_name: row.name.as_ref().map(CustomerName::as_str),
            created_at: IsoTime(row.created_at),
        };
        let last = page.rows.last().filter(|_| page.has_more);
        Self {
            data: page.rows.iter().map(summary).collect(),
            next: last.map(|row| customer_cursor(search, row.place())),
        }
    }
}
