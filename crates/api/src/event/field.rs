//! `whatsappEvent`: what a webhook field other than messages said.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use waypost_domain::FieldNotice;

use super::raw::raw_value;
use crate::notice::NoticeView;
use crate::time::IsoTime;

/// `whatsappEvent`: what a webhook field other than messages said.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldEvent<'a> {
    /// Meta's name of the field.
    field: &'a str,
    /// The business number it concerns, where it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number_id: Option<&'a str>,
    /// The account it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    waba_id: Option<&'a str>,
    /// Our id of the customer of whom it speaks, where it speaks of one who is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    /// What it says, where its shape is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<NoticeView<'a>>,
    /// What Meta sent: the change's value, or the item of a list in it. Where the field is not known it may be anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    value: Option<&'a RawValue>,
    /// When it was received.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl<'a> FieldEvent<'a> {
    pub(super) fn new(notice: &'a FieldNotice) -> Self {
        Self {
            field: &notice.field,
            phone_number_id: notice.number.as_ref().map(waypost_domain::PhoneNumberId::as_str),
            waba_id: notice.waba.as_ref().map(waypost_domain::WabaId::as_str),
            customer_id: notice.customer.map(|customer| customer.to_string()),
            detail: notice.notice.as_ref().map(NoticeView::new),
            value: raw_value(&notice.raw),
            timestamp: IsoTime(notice.at),
        }
    }
}
