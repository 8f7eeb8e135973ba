//! Products, carts, and what brought a customer here.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use waypost_domain::detail::{Order, OrderLine, Price, Product, Promotion, Referral, ReferralSource};

use super::json_number;

/// A product of a catalogue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_id: Option<&'a str>,
    /// The product's number in the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<&'a str>,
}

impl<'a> ProductView<'a> {
    pub(super) fn new(product: &'a Product) -> Self {
        Self {
            catalog_id: product.catalog.as_ref().map(|catalog| catalog.as_str()),
            product_id: product.product.as_ref().map(|product| product.as_str()),
        }
    }
}

/// A cart that the customer sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_id: Option<&'a str>,
    /// What the customer wrote to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    items: Vec<OrderLineView<'a>>,
}

impl<'a> OrderView<'a> {
    pub(super) fn new(order: &'a Order) -> Self {
        Self {
            catalog_id: order.catalog.as_ref().map(|catalog| catalog.as_str()),
            note: order.note.as_ref().map(|note| note.as_str()),
            items: order.lines.iter().map(OrderLineView::new).collect(),
        }
    }
}

/// One line of a cart.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrderLineView<'a> {
    /// The product's number in the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    /// What one costs, in units of the currency: a decimal number as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    price: Option<Box<RawValue>>,
    /// Three letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

impl<'a> OrderLineView<'a> {
    fn new(line: &'a OrderLine) -> Self {
        Self {
            product_id: line.product.as_ref().map(|product| product.as_str()),
            quantity: line.quantity,
            price: line.price.as_ref().map(Price::as_str).map(str::to_owned).and_then(json_number),
            currency: line.currency.as_ref().map(|currency| currency.as_str()),
        }
    }
}

/// The advertisement or post that made the customer write.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReferralView<'a> {
    /// `ad` or `post`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headline: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    /// `image` or `video`: what it showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<&'a str>,
    /// Meta's id of the click.
    #[serde(skip_serializing_if = "Option::is_none")]
    ctwa_clid: Option<&'a str>,
    /// What greeted the customer in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    welcome: Option<&'a str>,
}

impl<'a> ReferralView<'a> {
    pub(super) fn new(referral: &'a Referral) -> Self {
        let (media_type, media_url, thumbnail) = match &referral.promotion {
            None => (None, None, None),
            Some(Promotion::Image { url }) => (Some("image"), url.as_ref(), None),
            Some(Promotion::Video { url, thumbnail }) => (Some("video"), url.as_ref(), thumbnail.as_ref()),
        };
        Self {
            source_type: referral.source.map(|source| match source {
                ReferralSource::Ad => "ad",
                ReferralSource::Post => "post",
            }),
            source_id: referral.source_id.as_ref().map(|id| id.as_str()),
            source_url: referral.source_url.as_ref().map(|url| url.as_str()),
            headline: referral.headline.as_ref().map(|headline| headline.as_str()),
            body: referral.body.as_ref().map(|body| body.as_str()),
            media_type,
            media_url: media_url.map(|url| url.as_str()),
            thumbnail_url: thumbnail.map(|url| url.as_str()),
            ctwa_clid: referral.click.as_ref().map(|click| click.as_str()),
            welcome: referral.welcome.as_ref().map(|welcome| welcome.as_str()),
        }
    }
}
