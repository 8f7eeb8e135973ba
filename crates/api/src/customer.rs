//! Who customers are: the event that says so, and the bodies of their routes.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use waypost_domain::{AliasKind, CustomerChange, CustomerUpdate, ExternalId};

use crate::time::IsoTime;

/// `whatsappCustomerUpdated`: who a customer is has changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerEvent<'a> {
    /// Our id of the customer; after a merge, of the one that goes on.
    customer_id: String,
    /// `merged`, `unmerged`, `externalId`, `phoneMoved`, `possibleDuplicate` or `duplicateDismissed`.
    change: &'static str,
    /// Whom else it concerns: who was merged into the customer, or is no longer; who had the phone number; who may be, or
    /// is not, the same person.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_customer_id: Option<String>,
    /// `externalId`: the other system's name for the customer; left out where it was taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    /// `phoneMoved`: the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    whatsapp_number: Option<&'a str>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

/// Two are one from now on.
pub(crate) const MERGED: &str = "merged";
/// Two who were one are two again.
pub(crate) const UNMERGED: &str = "unmerged";

impl<'a> CustomerEvent<'a> {
    pub(crate) fn new(update: &'a CustomerUpdate) -> Self {
        let change = &update.change;
        Self {
            customer_id: update.customer.to_string(),
            change: match change {
                CustomerChange::Merged(_) => MERGED,
                CustomerChange::Unmerged(_) => UNMERGED,
                CustomerChange::ExternalId(_) => "externalId",
                CustomerChange::PhoneMoved { .. } => "phoneMoved",
                CustomerChange::PossibleDuplicate(_) => "possibleDuplicate",
                CustomerChange::DuplicateDismissed(_) => "duplicateDismissed",
            },
            other_customer_id: change.other().map(|other| other.to_string()),
            external_id: match change {
                CustomerChange::ExternalId(id) => id.as_ref().map(ExternalId::as_str),
                _ => None,
            },
            whatsapp_number: match change {
                CustomerChange::PhoneMoved { phone, .. } => Some(&phone.value),
                _ => None,
            },
            timestamp: IsoTime(update.at),
        }
    }
}

/// A customer, with all that was merged into it.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerView {
    /// Our id of the customer that goes on, whoever was asked for.
    pub customer_id: String,
    /// The number in digits as WhatsApp writes it, or the BSUID where the number is withheld.
    pub whatsapp_number: String,
    /// The profile name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    /// The username, without `@`. It may go to somebody else: it is for people, never a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// How the contact book of the business's phone calls the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_name: Option<String>,
    /// `wanted` or `stopped`: what the customer last said of marketing messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub marketing: Option<&'static str>,
    /// Another system's name for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The names under which WhatsApp speaks of the customer, the newest first.
    pub aliases: Vec<AliasView>,
    /// Customers that were merged into this one.
    pub merged: Vec<MergedView>,
    /// Phone numbers that this customer had, or has, and that were another's before or are after.
    pub moved_phones: Vec<MovedPhoneView>,
    /// When the customer was first heard of.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: IsoTime,
}

/// A name under which WhatsApp speaks of a customer.
#[derive(Clone, Serialize, ToSchema)]
pub struct AliasView {
    /// `bsuid`, `parent_bsuid`, `phone` or `group`.
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// The name; phone numbers in one form, where WhatsApp has two.
    pub value: String,
}

impl AliasView {
    /// The view of an alias.
    #[must_use]
    pub fn new(kind: AliasKind, value: &str) -> Self {
        Self { kind: kind.as_str(), value: value.to_owned() }
    }
}

/// A customer that was merged into another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergedView {
    /// The customer.
    pub customer_id: String,
    /// Into whom, who may have been merged since.
    pub into: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: IsoTime,
}

/// A phone number that went from one customer to another.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovedPhoneView {
    /// The number.
    pub whatsapp_number: String,
    /// Whose it was until then.
    pub from: String,
    /// Whose it was from then on.
    pub to: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: IsoTime,
}

/// `PATCH /api/customers/{id}`: what is left out stays as it is.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerPatch {
    /// Another system's name for the customer, 1 to 128 characters; `null` takes it off.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub external_id: Option<Option<String>>,
}

/// Tells `null` from what is left out.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `POST /api/customers/{id}/merge`
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct MergeRequest {
    /// Our id of the customer that goes on. Where the two are one already, whichever it is, nothing changes.
    pub into: String,
}

/// A page of those who may be one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DuplicatesPage {
    /// In the order in which they were noted.
    pub data: Vec<DuplicateView>,
    /// The `cursor` of the next page; left out where this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Two who may be one person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DuplicateView {
    /// Names the pair.
    pub id: String,
    /// Our ids of the two, as they are now.
    pub customer_ids: [String; 2],
    /// When it was noted.
    #[schema(value_type = String, format = DateTime)]
    pub noted_at: IsoTime,
}
