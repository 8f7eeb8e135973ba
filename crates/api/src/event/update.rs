//! `whatsappMessageUpdated`: what happened to a message after it was shown.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use waypost_domain::{MessageChange, MessageReaction, MessageUpdate, Reactor};

use super::raw::raw_value;
use crate::detail::{MediaView, MetadataView};
use crate::time::IsoTime;

/// `whatsappMessageUpdated`: once for each change of a message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateEvent<'a> {
    /// Our id of the message.
    id: String,
    /// WhatsApp's id of the message.
    whatsapp_message_id: &'a str,
    /// Our id of the conversation.
    conversation_id: String,
    /// Our id of the customer.
    customer_id: String,
    /// The business number.
    phone_number_id: &'a str,
    /// `edited`, `revoked`, `reaction`, `media`, `reprocessed` or `call`.
    change: &'static str,
    /// What the message says now; not with `revoked` and `reaction`, which leave it as it is.
    #[serde(flatten)]
    version: Option<VersionBody<'a>>,
    /// The reaction that came or was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<ReactionBody<'a>>,
    /// With `reaction`, all reactions that there are now, the newest last.
    #[serde(skip_serializing_if = "Option::is_none")]
    reactions: Option<Vec<ReactionBody<'a>>>,
    /// WhatsApp's time of the change; ours where that is missing or absurd.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

/// What a message says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VersionBody<'a> {
    /// Meta's word for the type.
    message_type: &'a str,
    /// What a person would read.
    content: &'a str,
    /// Detail of the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MetadataView<'_>>)]
    metadata: Option<&'a RawValue>,
    /// The file that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MediaView<'_>>)]
    media: Option<&'a RawValue>,
}

/// What somebody felt about a message.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReactionBody<'a> {
    /// `customer` or `business`.
    by: &'static str,
    /// Who of a group it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<&'a str>,
    /// `null` where it was taken back.
    emoji: Option<&'a str>,
    /// WhatsApp's time of it; ours where that is missing or absurd.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl<'a> UpdateEvent<'a> {
    pub(super) fn new(update: &'a MessageUpdate) -> Self {
        let blank = Self {
            id: update.message.to_string(),
            whatsapp_message_id: update.wamid.as_str(),
            conversation_id: update.conversation.to_string(),
            customer_id: update.customer.to_string(),
            phone_number_id: update.number.as_str(),
            change: "",
            version: None,
            reaction: None,
            reactions: None,
            timestamp: IsoTime(update.at),
        };
        match &update.change {
            MessageChange::Renewed { why, version } => Self {
                change: why.as_str(),
                version: Some(VersionBody {
                    message_type: version.kind.as_str(),
                    content: &version.content,
                    metadata: version.detail.metadata.as_ref().and_then(raw_value),
                    media: version.detail.media.as_ref().and_then(raw_value),
                }),
                ..blank
            },
            MessageChange::Revoked => Self { change: "revoked", ..blank },
            MessageChange::Reaction { reaction, all } => Self {
                change: "reaction",
                reaction: Some(ReactionBody::new(reaction)),
                reactions: Some(all.iter().map(ReactionBody::new).collect()),
                ..blank
            },
        }
    }
}

impl<'a> ReactionBody<'a> {
    pub(crate) fn new(reaction: &'a MessageReaction) -> Self {
        let (by, participant) = match &reaction.by {
            Reactor::Business => ("business", None),
            Reactor::Customer => ("customer", None),
            Reactor::Participant(member) => ("customer", Some(&*member.value)),
        };
        Self {
            by,
            participant,
            emoji: reaction.emoji.as_ref().map(|emoji| emoji.as_str()),
            timestamp: IsoTime(reaction.at),
        }
    }
}
