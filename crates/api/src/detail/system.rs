//! What happened to a customer's account.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::MessageType;
use waypost_domain::detail::{System, SystemChange};

use super::NamesView;
use crate::time::IsoTime;

/// Something that happened to the customer's account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SystemView<'a> {
    /// `number`, `user_id`, `identity`, or WhatsApp's word for what this version does not know.
    change: &'a str,
    /// The names by which the customer goes from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<NamesView<'a>>,
    /// The identity's hash, where its change is what happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a str>,
    /// When the identity changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    identity_at: Option<IsoTime>,
}

impl<'a> SystemView<'a> {
    pub(super) fn new(system: &'a System) -> Self {
        Self {
            change: match &system.change {
                SystemChange::Number => "number",
                SystemChange::UserId => "user_id",
                SystemChange::Identity => "identity",
                SystemChange::Other(kind) => kind.as_ref().map_or("unknown", MessageType::as_str),
            },
            now: system.now.as_ref().map(NamesView::new),
            identity: system.identity.as_ref().map(|hash| hash.as_str()),
            identity_at: system.identity_at.map(IsoTime),
        }
    }
}
