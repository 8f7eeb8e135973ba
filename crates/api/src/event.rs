//! Journal events as clients get them. Every field that is not always there is left out, never `null`.

mod access;
mod assignment;
mod field;
mod raw;
mod update;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use waypost_domain::detail::Token;
use waypost_domain::{
    Direction, ErrorDetail, Event, Message, OutboxEntry, Pricing, RawJson, StatusChange, StatusTimes,
};

use crate::customer::CustomerEvent;
use crate::detail::{MediaView, MetadataView, holds_item};
use crate::names;
use crate::time::IsoTime;
pub use access::{AccessEvent, EventSubject};
pub use assignment::ConversationEvent;
pub use field::FieldEvent;
use raw::is_shallow;
pub(crate) use raw::raw_value;
pub(crate) use update::ReactionBody;
pub use update::UpdateEvent;

/// The name and the JSON body of an event, without its offset.
#[must_use]
pub fn encode(event: &Event) -> (&'static str, Vec<u8>) {
    match event {
        Event::Message(message) => (names::MESSAGE, to_json(&MessageEvent::new(message))),
        Event::Status(change) => (names::MESSAGE_STATUS, to_json(&StatusEvent::new(change))),
        Event::MessageUpdated(update) => (names::MESSAGE_UPDATED, to_json(&UpdateEvent::new(update))),
        Event::Outbox(entry) => (names::OUTBOX, to_json(&OutboxEvent::new(entry))),
        Event::Field(notice) => (names::FIELD, to_json(&FieldEvent::new(notice))),
        Event::Customer(update) => (names::CUSTOMER_UPDATED, to_json(&CustomerEvent::new(update))),
        Event::Assignment(change) => (names::CONVERSATION, to_json(&ConversationEvent::new(change))),
        Event::Access(change) => (names::ACCESS, to_json(&AccessEvent::new(change))),
    }
}

fn to_json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("strings, numbers and checked JSON can always be written")
}

/// `whatsappMessage`: a message, exactly once each.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageEvent<'a> {
    /// Our id of the message.
    id: String,
    /// Our id of the conversation.
    conversation_id: String,
    /// Our id of the customer.
    customer_id: String,
    /// The customer's number in digits, or the BSUID where the number is withheld. Never empty.
    whatsapp_number: &'a str,
    /// WhatsApp's id of the message.
    whatsapp_message_id: &'a str,
    /// `agent` or `customer`.
    sender_type: &'static str,
    /// `inbound` or `outbound`.
    direction: &'static str,
    /// `customer`, `agent`, `api`, `phone_app` or `history`.
    source: &'static str,
    /// Meta's word for the type.
    message_type: &'a str,
    /// What a person would read.
    content: &'a str,
    /// Inbound: `delivered`, then `read`. Outbound: `accepted`, `sent`, `delivered`, `read`, `played`, `failed`, `expired`.
    status: &'static str,
    /// The business number.
    phone_number_id: &'a str,
    /// The customer's profile name.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<&'a str>,
    /// The customer's username, without `@`. It may go to somebody else: it is for people, never a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    /// WhatsApp's id of the message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
    #[serde(flatten)]
    times: TimesBody,
    /// What went wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorBody<'a>>,
    /// Detail of the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Metadata<'_>>)]
    metadata: Option<Box<RawValue>>,
    /// The file that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MediaView<'_>>)]
    media: Option<&'a RawValue>,
    /// `true` where a message of a later time stood in the conversation when it came: it belongs above that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<bool>,
    /// Whether it was sent from a template.
    is_template: bool,
    /// WhatsApp's time of the message; ours where that is missing or absurd.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl<'a> MessageEvent<'a> {
    pub(crate) fn new(message: &'a Message) -> Self {
        let direction = message.source.direction();
        Self {
            id: message.id.to_string(),
            conversation_id: message.conversation.to_string(),
            customer_id: message.customer.to_string(),
            whatsapp_number: &message.customer_number,
            whatsapp_message_id: message.wamid.as_str(),
            sender_type: match direction {
                Direction::Inbound => "customer",
                Direction::Outbound => "agent",
            },
            direction: direction.as_str(),
            source: message.source.as_str(),
            message_type: message.kind.as_str(),
            content: &message.content,
            status: message.state.as_str(),
            phone_number_id: message.number.as_str(),
            customer_name: message.customer_name.as_ref().map(waypost_domain::CustomerName::as_str),
            username: message.username.as_ref().map(waypost_domain::Username::as_str),
            reply_to: message.reply_to.as_ref().map(waypost_domain::Wamid::as_str),
            times: TimesBody::new(&message.times),
            errors: ErrorBody::all(&message.errors),
            metadata: metadata(message),
            media: message.detail.media.as_ref().and_then(raw_value),
            late: message.is_late.then_some(true),
            is_template: false,
            timestamp: IsoTime(message.at),
        }
    }
}

/// The typed detail of a message.
#[derive(Serialize, ToSchema)]
struct Metadata<'a> {
    #[serde(flatten)]
    detail: MetadataView<'a>,
    /// The item as Meta sent it. A plain text has none: who wrote it, when and what is all that its item says.
    #[schema(value_type = Option<Object>)]
    raw: Option<&'a RawValue>,
}

/// What was written of the message's detail when it was stored, with the item beside it.
fn metadata(message: &Message) -> Option<Box<RawValue>> {
    let detail = message.detail.metadata.as_ref().map(RawJson::as_str);
    let is_plain_text = detail.is_none() && message.kind.as_str() == "text";
    // What it says now may have come with an item of its own.
    let has_item = is_plain_text || detail.is_some_and(holds_item);
    let raw = message.raw.as_ref().filter(|_| !has_item).map(RawJson::as_str).filter(|raw| is_shallow(raw));
    let json = match (detail, raw) {
        (None, None) => return None,
        (Some(detail), None) => detail.to_owned(),
        (None, Some(raw)) => format!("{{\"raw\":{raw}}}"),
        (Some(detail), Some(raw)) => {
            let members = detail.strip_suffix('}').unwrap_or(detail);
            let comma = if members == "{" { "" } else { "," };
            format!("{members}{comma}\"raw\":{raw}}}")
        }
    };
    RawValue::from_string(json).ok()
}

/// When each status was first reported, by WhatsApp's time.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TimesBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<IsoTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<IsoTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<IsoTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    played_at: Option<IsoTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    failed_at: Option<IsoTime>,
}

impl TimesBody {
    fn new(times: &StatusTimes) -> Self {
        Self {
            sent_at: times.sent_at.map(IsoTime),
            delivered_at: times.delivered_at.map(IsoTime),
            read_at: times.read_at.map(IsoTime),
            played_at: times.played_at.map(IsoTime),
            failed_at: times.failed_at.map(IsoTime),
        }
    }
}

/// An error as Meta reported it ("Cloud API error codes"); negative codes are ours.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody<'a> {
    /// On which to decide.
    code: i64,
    /// The short text.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    /// What happened, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
    /// What helps, for a program: `retry`, `wait`, `template` (only a template can be sent), `change` (not as it is) or
    /// `configure` (somebody has to put something in order). Left out where the code is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
    /// What to do about it, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

impl<'a> ErrorBody<'a> {
    pub(crate) fn new(error: &'a ErrorDetail) -> Self {
        let advice = waypost_domain::advice(error.code);
        Self {
            code: error.code,
            title: error.title.as_deref(),
            details: error.details.as_deref(),
            remedy: advice.map(|advice| advice.remedy.as_str()),
            advice: advice.map(|advice| advice.text),
        }
    }

    pub(crate) fn all(errors: &'a [ErrorDetail]) -> Vec<Self> {
        errors.iter().map(Self::new).collect()
    }
}

/// `whatsappMessageStatus`: once for each first-seen (message, reported status, participant).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusEvent<'a> {
    /// Our id of the message.
    id: String,
    /// WhatsApp's id of the message, as older clients expect.
    message_id: &'a str,
    /// WhatsApp's id of the message.
    whatsapp_message_id: &'a str,
    /// Our id of the conversation.
    conversation_id: String,
    /// Our id of the customer.
    customer_id: String,
    /// The business number.
    phone_number_id: &'a str,
    /// The state after it, which is never lower than before.
    status: &'static str,
    /// What came.
    reported: &'a str,
    /// The state before it.
    previous_status: &'static str,
    /// Who of a group it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<&'a str>,
    #[serde(flatten)]
    times: TimesBody,
    /// What went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorBody<'a>>,
    /// What the message costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pricing: Option<PricingBody<'a>>,
    /// WhatsApp's time of the status; ours where that is missing or absurd.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl<'a> StatusEvent<'a> {
    fn new(change: &'a StatusChange) -> Self {
        Self {
            id: change.message.to_string(),
            message_id: change.wamid.as_str(),
            whatsapp_message_id: change.wamid.as_str(),
            conversation_id: change.conversation.to_string(),
            customer_id: change.customer.to_string(),
            phone_number_id: change.number.as_str(),
            status: change.state.as_str(),
            reported: change.reported.as_str(),
            previous_status: change.previous.as_str(),
            participant: change.participant.as_deref(),
            times: TimesBody::new(&change.times),
            errors: ErrorBody::all(&change.errors),
            pricing: change.pricing.as_ref().map(PricingBody::new),
            timestamp: IsoTime(change.at),
        }
    }
}

/// What a message costs, as WhatsApp says. New words appear without notice.
#[derive(Serialize, ToSchema)]
pub(crate) struct PricingBody<'a> {
    /// Whether it is charged; newer statuses leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    billable: Option<bool>,
    /// `PMP` (per message) or `CBP` (per conversation).
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    /// `regular` (charged), `free_customer_service` or `free_entry_point`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// `service`, `utility`, `marketing`, `authentication`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
}

impl<'a> PricingBody<'a> {
    pub(crate) fn new(pricing: &'a Pricing) -> Self {
        let text = |token: &'a Option<Token>| token.as_ref().map(Token::as_str);
        Self {
            billable: pricing.billable,
            model: text(&pricing.model),
            kind: text(&pricing.kind),
            category: text(&pricing.category),
        }
    }
}

/// `whatsappOutbox`: a step of a send, until Meta accepted or refused it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutboxEvent<'a> {
    /// Our id of the send.
    id: String,
    /// Our id of the conversation.
    conversation_id: String,
    /// Our id of the customer.
    customer_id: String,
    /// The business number it goes out from.
    phone_number_id: &'a str,
    /// `sending`, `accepted`, `failed` or `unknown`.
    state: &'static str,
    /// WhatsApp's id of the message, once accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    whatsapp_message_id: Option<&'a str>,
    /// Why it failed or is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody<'a>>,
    /// When it got into this state.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl<'a> OutboxEvent<'a> {
    fn new(entry: &'a OutboxEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            conversation_id: entry.conversation.to_string(),
            customer_id: entry.customer.to_string(),
            phone_number_id: entry.number.as_str(),
            state: entry.state.as_str(),
            whatsapp_message_id: entry.message.as_ref().map(|(_, wamid)| wamid.as_str()),
            error: entry.error.as_ref().map(ErrorBody::new),
            timestamp: IsoTime(entry.at),
        }
    }
}
