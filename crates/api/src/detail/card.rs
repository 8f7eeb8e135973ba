//! Contact cards.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::detail::{Card, CardEmail, CardOrigin, CardPhone};

/// A contact card that was shared.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CardView<'a> {
    /// `contact_request` (the sender's own number, asked for) or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<&'a str>,
    /// As it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    birthday: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phones: Vec<CardPhoneView<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<CardEmailView<'a>>,
    /// Each on one line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    urls: Vec<&'a str>,
    /// The card as the phone keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    vcard: Option<&'a str>,
}

impl<'a> CardView<'a> {
    pub(super) fn new(card: &'a Card) -> Self {
        Self {
            origin: card.origin.map(|origin| match origin {
                CardOrigin::ContactRequest => "contact_request",
                CardOrigin::Other => "other",
            }),
            name: card.name.as_ref().map(|name| name.as_str()),
            company: card.company.as_ref().map(|company| company.as_str()),
            birthday: card.birthday.as_ref().map(|birthday| birthday.as_str()),
            phones: card.phones.iter().map(CardPhoneView::new).collect(),
            emails: card.emails.iter().map(CardEmailView::new).collect(),
            addresses: card.addresses.iter().map(|address| address.as_str()).collect(),
            urls: card.urls.iter().map(|url| url.as_str()).collect(),
            vcard: card.vcard.as_ref().map(|vcard| vcard.as_str()),
        }
    }
}

/// A phone number on a card.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CardPhoneView<'a> {
    /// As it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    /// The number in WhatsApp, in digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    whatsapp_number: Option<&'a str>,
    /// What it is for: `CELL`, `WORK`, ….
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

impl<'a> CardPhoneView<'a> {
    fn new(phone: &'a CardPhone) -> Self {
        Self {
            number: phone.number.as_ref().map(|number| number.as_str()),
            whatsapp_number: phone.wa_id.as_ref().map(|alias| &*alias.value),
            kind: phone.kind.as_ref().map(|kind| kind.as_str()),
        }
    }
}

/// An e-mail address on a card.
#[derive(Serialize, ToSchema)]
struct CardEmailView<'a> {
    address: &'a str,
    /// What it is for: `HOME`, `WORK`, ….
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

impl<'a> CardEmailView<'a> {
    fn new(email: &'a CardEmail) -> Self {
        Self { address: email.address.as_str(), kind: email.kind.as_ref().map(|kind| kind.as_str()) }
    }
}
