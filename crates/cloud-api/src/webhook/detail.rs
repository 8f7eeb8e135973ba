//! What a message is in detail, out of its item.
//!
//! Nothing here fails: what is missing, of the wrong type or beyond its limit is left out, and the rest is read. The
//! raw item keeps it all.

mod cards;
mod commerce;
mod media;
mod replies;

use waypost_domain::detail::{
    Context, Detail, Edit, Forwarded, Item, Location, Opaque, Point, QuickReply, Reaction, Revoke, System,
    SystemChange, Text, Typed, Unsupported, Words,
};
use waypost_domain::{Alias, CustomerAliases, LinkPreview, MessageType, Timestamp, Wamid};

use super::contacts::{self, Names};
use super::message::time;
use crate::json::{Node, Shape};
use crate::shapes::{self, MessageItem};

/// The detail of a message of type `kind`, but for the participant.
pub(super) fn detail(kind: &MessageType, fields: &MessageItem<'_>, received: Timestamp) -> Detail {
    let typed = match kind.as_str() {
        "edit" => Typed::Edit(edit(fields.edit, received)),
        _ => typed(kind, fields, received),
    };
    Detail {
        typed,
        context: context(fields.context),
        referral: commerce::referral(fields.referral).map(Box::new),
        participant: None,
    }
}

/// What the type of a message says, where it is no edit.
fn typed(kind: &MessageType, fields: &MessageItem<'_>, received: Timestamp) -> Typed {
    let media = |media| Typed::Media(Box::new(media));
    match kind.as_str() {
        "text" => Typed::Text(text(fields, received)),
        "image" => media(media::image(fields.image)),
        "video" => media(media::video(fields.video)),
        "audio" => media(media::audio(fields.audio)),
        "document" => media(media::document(fields.document)),
        "sticker" => media(media::sticker(fields.sticker)),
        "location" => Typed::Location(Box::new(location(fields.location))),
        "contacts" => Typed::Contacts(cards::cards(fields.contacts, fields.origin)),
        "interactive" => Typed::Reply(Box::new(replies::reply(fields.interactive))),
        "button" => Typed::QuickReply(quick_reply(fields.button)),
        "reaction" => Typed::Reaction(reaction(fields.reaction)),
        "order" => Typed::Order(Box::new(commerce::order(fields.order))),
        "system" => Typed::System(Box::new(system(fields, received))),
        "revoke" => Typed::Revoke(revoke(fields.revoke)),
        "unsupported" | "unknown" => Typed::Unsupported(unsupported(fields.unsupported)),
        "request_welcome" => Typed::RequestWelcome,
        "media_placeholder" => Typed::MediaPlaceholder,
        _ => Typed::Unknown(kind.clone()),
    }
}

/// The members of an object; none where it is no object.
pub(super) fn members<'a, T: Shape<'a>>(node: Node<'a>) -> T {
    node.object().unwrap_or_default()
}

pub(super) fn words<const CHARS_MAX: usize>(node: Node<'_>) -> Option<Words<CHARS_MAX>> {
    Words::parse(&node.readable()?)
}

pub(super) fn opaque<const BYTES_MAX: usize>(node: Node<'_>) -> Option<Opaque<BYTES_MAX>> {
    Opaque::parse(&node.text()?)
}

fn word(node: Node<'_>) -> Option<MessageType> {
    MessageType::parse(&node.string()?)
}

fn wamid(node: Node<'_>) -> Option<Wamid> {
    Wamid::parse(&node.text()?)
}

fn phone(node: Node<'_>) -> Option<Alias> {
    contacts::phone(&node.text()?)
}

fn text(fields: &MessageItem<'_>, received: Timestamp) -> Text {
    let words: shapes::Text<'_> = members(fields.text);
    let shown = words.preview_url.is_true().then_some(LinkPreview::Shown);
    Text {
        preview: shown.or_else(|| words.preview_url.is_false().then_some(LinkPreview::Hidden)),
        item: if is_plain(fields, &words, received) { Item::Told } else { Item::SaysMore },
    }
}

/// Whether a text says all that its item does: who wrote it to whom, when, and the words. Whatever else stands there, and what
/// of this cannot be read, can only be seen in the item.
fn is_plain(fields: &MessageItem<'_>, words: &shapes::Text<'_>, received: Timestamp) -> bool {
    let MessageItem { id, kind, timestamp, text, history_context, .. } = *fields;
    let names = [
        fields.from,
        fields.from_user_id,
        fields.from_parent_user_id,
        fields.to,
        fields.to_user_id,
        fields.to_parent_user_id,
    ];
    let told = names.into_iter().chain([id, kind, timestamp, text, history_context]);
    let past: shapes::HistoryContext<'_> = members(history_context);
    told.filter(|node| !node.is_null()).count() == fields.told
        && names.iter().all(|name| name.is_null() || name.text().is_some())
        && (timestamp.is_null() || time(timestamp, received).is_some())
        && (history_context.is_null() || (past.told == 1 && past.status.string().is_some()))
        && words.told == 1
        && words.body.is_string()
}

fn location(node: Node<'_>) -> Location {
    let location: shapes::Location<'_> = members(node);
    let point = || Point::parse(&location.latitude.text()?, &location.longitude.text()?);
    Location {
        point: point(),
        name: words(location.name),
        address: words(location.address),
        url: opaque(location.url),
    }
}

fn quick_reply(node: Node<'_>) -> QuickReply {
    let button: shapes::Button<'_> = members(node);
    QuickReply { text: words(button.text), payload: opaque(button.payload) }
}

fn reaction(node: Node<'_>) -> Reaction {
    let reaction: shapes::Reaction<'_> = members(node);
    Reaction { target: wamid(reaction.message_id), emoji: words(reaction.emoji) }
}

fn edit(node: Node<'_>, received: Timestamp) -> Edit {
    let edit: shapes::Amendment<'_> = members(node);
    let edited = edit.message.object::<MessageItem<'_>>().and_then(|message| {
        // An edit within an edit is no message: hostile nesting stops here.
        let kind = word(message.kind).filter(|kind| kind.as_str() != "edit")?;
        let holder = match kind.as_str() {
            "text" => message.text,
            "image" => message.image,
            "video" => message.video,
            "document" => message.document,
            _ => message.kind,
        };
        // Without what it says now, a placeholder would take the place of the words that it had.
        if holder.is_null() {
            return None;
        }
        Some(Box::new(typed(&kind, &message, received)))
    });
    Edit { target: wamid(edit.original_message_id), edited, raw: None }
}

fn revoke(node: Node<'_>) -> Revoke {
    Revoke { target: wamid(members::<shapes::Amendment<'_>>(node).original_message_id) }
}

fn unsupported(node: Node<'_>) -> Unsupported {
    Unsupported { kind: word(members::<shapes::Unsupported<'_>>(node).kind) }
}

fn system(fields: &MessageItem<'_>, received: Timestamp) -> System {
    let system: shapes::System<'_> = members(fields.system);
    let identity: shapes::Identity<'_> = members(fields.identity);
    let kind = word(system.kind);
    System {
        change: match kind.as_ref().map(MessageType::as_str) {
            Some("user_changed_number" | "customer_changed_number") => SystemChange::Number,
            Some("user_changed_user_id") => SystemChange::UserId,
            Some("customer_identity_changed") => SystemChange::Identity,
            _ => SystemChange::Other(kind),
        },
        now: new_names(&system),
        identity: opaque(identity.hash).or_else(|| opaque(system.identity)),
        identity_at: time(identity.created_timestamp, received),
    }
}

/// The names by which somebody goes after a change.
pub(super) fn new_names(system: &shapes::System<'_>) -> Option<CustomerAliases> {
    let names = Names {
        user_id: system.user_id.text(),
        parent_user_id: system.parent_user_id.text(),
        phone: system.wa_id.text().or_else(|| system.new_wa_id.text()),
    };
    names.aliases(None)
}

fn context(node: Node<'_>) -> Context {
    let context: shapes::Context<'_> = members(node);
    let frequently = context.frequently_forwarded.is_true().then_some(Forwarded::Frequently);
    Context {
        quoted_author: phone(context.from),
        forwarded: frequently.or_else(|| context.forwarded.is_true().then_some(Forwarded::Seldom)),
        product: commerce::product(context.referred_product),
    }
}
