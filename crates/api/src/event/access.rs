//! `whatsappAccess`: somebody may see a conversation from now on, or no longer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waypost_domain::{AccessChange, AccessTurn, ConversationId, CustomerId, PhoneNumberId};

use crate::customer::{MERGED, UNMERGED};
use crate::names;
use crate::time::IsoTime;

/// `whatsappAccess`: to those whose rights hang on who answers a conversation, when they gain or lose it by an assignment.
/// What was written before is read by REST.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessEvent {
    /// Our id of the conversation.
    conversation_id: String,
    /// `granted` or `revoked`.
    change: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl AccessEvent {
    pub(super) fn new(change: &AccessChange) -> Self {
        Self {
            conversation_id: change.conversation.to_string(),
            change: match change.turn {
                AccessTurn::Granted => GRANTED,
                AccessTurn::Revoked => REVOKED,
            },
            timestamp: IsoTime(change.at),
        }
    }
}

const GRANTED: &str = "granted";
const REVOKED: &str = "revoked";

/// What an event is about, read from its body, for who asks the policy about an event of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSubject {
    /// The conversation, where it is of one.
    pub conversation: Option<ConversationId>,
    /// The customer, where it is about one; both, where it says that they are one, or two again.
    pub customers: Vec<CustomerId>,
    /// The business number, where it names one.
    pub number: Option<PhoneNumberId>,
    /// What it tells of somebody's rights, where it does.
    pub turn: Option<AccessTurn>,
}

impl EventSubject {
    /// Of the event of this name with this body.
    ///
    /// # Errors
    /// When the body is none of [`encode`](super::encode).
    pub fn read(name: &str, body: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct About<'a> {
            #[serde(borrow)]
            conversation_id: Option<Cow<'a, str>>,
            #[serde(borrow)]
            customer_id: Option<Cow<'a, str>>,
            #[serde(borrow)]
            other_customer_id: Option<Cow<'a, str>>,
            #[serde(borrow)]
            phone_number_id: Option<Cow<'a, str>>,
            #[serde(borrow)]
            change: Option<Cow<'a, str>>,
        }
        let about: About<'_> = serde_json::from_slice(body)?;
        let is_of_both = name == names::CUSTOMER_UPDATED
            && about.change.as_deref().is_some_and(|change| [MERGED, UNMERGED].contains(&change));
        let other = about.other_customer_id.filter(|_| is_of_both);
        let turn = about.change.filter(|_| name == names::ACCESS);
        Ok(Self {
            conversation: about.conversation_id.and_then(|id| id.parse().ok()),
            customers: about.customer_id.iter().chain(&other).filter_map(|id| id.parse().ok()).collect(),
            number: about.phone_number_id.and_then(|id| PhoneNumberId::parse(&id)),
            turn: turn.map(|change| match &*change {
                GRANTED => AccessTurn::Granted,
                _ => AccessTurn::Revoked,
            }),
        })
    }
}
