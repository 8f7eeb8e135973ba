//! Products, orders, and the advertisements that bring customers.

use waypost_domain::detail::{Order, OrderLine, Price, Product, Promotion, Referral, ReferralSource};

use super::{members, opaque, words};
use crate::json::Node;
use crate::shapes;

/// The product that is asked about, where any is named.
pub(super) fn product(node: Node<'_>) -> Option<Product> {
    let product: shapes::Product<'_> = node.object()?;
    let (catalog, product) = (opaque(product.catalog_id), opaque(product.product));
    (catalog.is_some() || product.is_some()).then_some(Product { catalog, product })
}

pub(super) fn order(node: Node<'_>) -> Order {
    let order: shapes::Order<'_> = members(node);
    let items = order.product_items.items_or_one().into_iter().filter_map(Node::object);
    Order {
        catalog: opaque(order.catalog_id),
        note: words(order.text),
        lines: items.take(Order::LINE_COUNT_MAX).map(|item| line(&item)).collect(),
    }
}

fn line(item: &shapes::OrderItem<'_>) -> OrderLine {
    OrderLine {
        product: opaque(item.product),
        quantity: item.quantity.whole_number().and_then(|quantity| u32::try_from(quantity).ok()),
        price: item.price.text().and_then(|price| Price::parse(&price)),
        currency: opaque(item.currency),
    }
}

/// An object makes a referral, whatever is in it: it says that the chat is not of the customer's own accord.
pub(super) fn referral(node: Node<'_>) -> Option<Referral> {
    let referral: shapes::Referral<'_> = node.object()?;
    Some(Referral {
        source: match referral.source_type.string().as_deref() {
            Some("ad") => Some(ReferralSource::Ad),
            Some("post") => Some(ReferralSource::Post),
            _ => None,
        },
        source_id: opaque(referral.source_id),
        source_url: opaque(referral.source_url),
        headline: words(referral.headline),
        body: words(referral.body),
        promotion: promotion(&referral),
        click: opaque(referral.click),
        welcome: words(members::<shapes::Welcome<'_>>(referral.welcome).text),
    })
}

fn promotion(referral: &shapes::Referral<'_>) -> Option<Promotion> {
    match referral.media_type.string()?.as_ref() {
        "image" => Some(Promotion::Image { url: opaque(referral.image_url) }),
        "video" => {
            let (url, thumbnail) = (opaque(referral.video_url), opaque(referral.thumbnail_url));
            Some(Promotion::Video { url, thumbnail })
        }
        _ => None,
    }
}
