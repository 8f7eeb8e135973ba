//! What a person would read of a message, for every type that Meta documents.
//!
//! What has no words of its own, or lacks them, gets a placeholder in brackets. The raw item keeps the rest.

use waypost_domain::detail::Point;

use crate::json::Node;
use crate::shapes::{
    Amendment, Button, Card, CardName, CardPhone, Interactive, Location, Media, MessageItem, Order,
    OrderItem, Reaction, Reply, System, Text,
};

/// The readable content of a message of type `kind`.
pub(super) fn content(kind: &str, message: &MessageItem<'_>) -> String {
    if kind != "edit" {
        return content_of_other(kind, message);
    }
    // An edit carries the message as it is now. An edit within an edit is no message: hostile nesting stops here.
    let edited =
        message.edit.object::<Amendment<'_>>().and_then(|edit| edit.message.object::<MessageItem<'_>>());
    edited
        .and_then(|edited| Some(content_of_other(&edited.kind.string()?, &edited)))
        .unwrap_or_else(|| placeholder(kind))
}

fn content_of_other(kind: &str, message: &MessageItem<'_>) -> String {
    let words = match kind {
        "text" => text(message.text),
        "image" => media(message.image),
        "video" => media(message.video),
        "document" => media(message.document),
        "audio" => audio(message.audio),
        "location" => location(message.location),
        "contacts" => cards(message.contacts),
        "interactive" => interactive(message.interactive),
        "button" => button(message.button),
        "reaction" => return reaction(message.reaction),
        "order" => order(message.order),
        "system" => system(message.system),
        _ => None,
    };
    words.unwrap_or_else(|| placeholder(kind))
}

fn placeholder(kind: &str) -> String {
    match kind {
        "contacts" => "[contact]".to_owned(),
        "media_placeholder" => "[media]".to_owned(),
        "unsupported" | "unknown" => "[unsupported message]".to_owned(),
        "revoke" => "[deleted message]".to_owned(),
        "text" | "image" | "video" | "document" | "audio" | "sticker" | "location" | "interactive"
        | "button" | "order" | "system" | "edit" | "request_welcome" | "template" => format!("[{kind}]"),
        kind => format!("[{kind}: a kind of message that is not known here yet]"),
    }
}

/// The words of a member, where there are any.
fn words(node: Node<'_>) -> Option<String> {
    node.readable().filter(|text| !text.is_empty()).map(Into::into)
}

/// A text is kept as it is, an empty one too.
fn text(node: Node<'_>) -> Option<String> {
    let body = match node.object::<Text<'_>>() {
        Some(text) => text.body,
        None => node,
    };
    body.readable().map(Into::into)
}

fn media(node: Node<'_>) -> Option<String> {
    let media: Media<'_> = node.object()?;
    words(media.caption).or_else(|| words(media.filename))
}

fn audio(node: Node<'_>) -> Option<String> {
    node.object::<Media<'_>>()?.voice.is_true().then(|| "[voice message]".to_owned())
}

fn location(node: Node<'_>) -> Option<String> {
    let location: Location<'_> = node.object()?;
    let named = joined([words(location.name), words(location.address)]);
    let coordinates = || {
        let point = Point::parse(&location.latitude.text()?, &location.longitude.text()?)?;
        Some(format!("{}, {}", point.latitude, point.longitude))
    };
    Some(format!("📍 {}", named.or_else(coordinates)?))
}

fn cards(node: Node<'_>) -> Option<String> {
    joined(node.items_or_one().into_iter().map(|card| card_name(card.object()?)))
}

fn card_name(card: Card<'_>) -> Option<String> {
    let name: CardName<'_> = card.name.object().unwrap_or_default();
    words(name.formatted)
        .or_else(|| {
            let names: Vec<String> = [name.first, name.last].into_iter().filter_map(words).collect();
            (!names.is_empty()).then(|| names.join(" "))
        })
        .or_else(|| {
            let phones = card.phones.items_or_one();
            phones
                .into_iter()
                .filter_map(Node::object)
                .find_map(|phone: CardPhone<'_>| words(phone.phone).or_else(|| words(phone.wa_id)))
        })
}

fn interactive(node: Node<'_>) -> Option<String> {
    let interactive: Interactive<'_> = node.object()?;
    let chosen = [interactive.button_reply, interactive.list_reply].into_iter().find_map(reply);
    let filled = || reply(interactive.nfm_reply).and_then(|form| words(form.body));
    let permission = || {
        let response = words(reply(interactive.call_permission_reply)?.response)?;
        Some(format!("[call permission: {response}]"))
    };
    chosen.and_then(|row| words(row.title)).or_else(filled).or_else(permission)
}

fn reply(node: Node<'_>) -> Option<Reply<'_>> {
    node.object()
}

fn button(node: Node<'_>) -> Option<String> {
    let button: Button<'_> = node.object()?;
    words(button.text).or_else(|| words(button.payload))
}

/// The emoji, or nothing where the reaction was taken back.
fn reaction(node: Node<'_>) -> String {
    node.object::<Reaction<'_>>().and_then(|reaction| words(reaction.emoji)).unwrap_or_default()
}

fn order(node: Node<'_>) -> Option<String> {
    let order: Order<'_> = node.object()?;
    let lines = order.product_items.items_or_one().into_iter().map(|item| {
        let item: OrderItem<'_> = item.object()?;
        let product = words(item.product)?;
        Some(
            words(item.quantity)
                .map_or_else(|| product.clone(), |quantity| format!("{quantity} × {product}")),
        )
    });
    let cart = joined(lines).map(|lines| format!("🛒 {lines}"));
    let parts: Vec<String> = [cart, words(order.text)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// WhatsApp's own words, else what happened.
fn system(node: Node<'_>) -> Option<String> {
    let system: System<'_> = node.object()?;
    let change = || match system.kind.string()?.as_ref() {
        "user_changed_number" | "customer_changed_number" | "user_changed_user_id" => {
            Some("[number changed]".to_owned())
        }
        "customer_identity_changed" => Some("[identity changed]".to_owned()),
        _ => None,
    };
    words(system.body).or_else(change)
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
