//! Items that are nothing but a change of another message: without the name of that message, and an edit without what it
//! says now, they are none.

use waypost_domain::detail::Typed;
use waypost_domain::{Detail, RawJson};

use super::message::Flaw;
use crate::json::Node;
use crate::shapes::{Amendment, MessageItem, Reaction};

/// Why an item that is nothing but a change cannot be used; `None` of one that can, and of every other message.
pub(super) fn flaw(detail: &Detail, fields: &MessageItem<'_>) -> Option<Flaw> {
    match &detail.typed {
        Typed::Reaction(reaction) if reaction.target.is_none() => {
            let Some(item) = fields.reaction.object::<Reaction<'_>>() else {
                return Some(Flaw::of("reaction", fields.reaction));
            };
            Some(Flaw::of("reaction.message_id", item.message_id))
        }
        Typed::Revoke(revoke) if revoke.target.is_none() => {
            let Some(item) = fields.revoke.object::<Amendment<'_>>() else {
                return Some(Flaw::of("revoke", fields.revoke));
            };
            Some(Flaw::of("revoke.original_message_id", item.original_message_id))
        }
        Typed::Edit(edit) if edit.target.is_none() || edit.edited.is_none() => {
            let Some(item) = fields.edit.object::<Amendment<'_>>() else {
                return Some(Flaw::of("edit", fields.edit));
            };
            let named = edit.target.is_some();
            Some(if named {
                words(item.message)
            } else {
                Flaw::of("edit.original_message_id", item.original_message_id)
            })
        }
        _ => None,
    }
}

/// What is wrong with the new words of an edit.
fn words(message: Node<'_>) -> Flaw {
    let Some(item) = message.object::<MessageItem<'_>>() else { return Flaw::of("edit.message", message) };
    match item.kind.string().as_deref() {
        Some("text") => Flaw::of("edit.message.text", item.text),
        Some("image") => Flaw::of("edit.message.image", item.image),
        Some("video") => Flaw::of("edit.message.video", item.video),
        Some("document") => Flaw::of("edit.message.document", item.document),
        _ => Flaw::of("edit.message.type", item.kind),
    }
}

/// Keeps the item of an edit whose new words have a type that is not known, to be understood later.
pub(super) fn keep_unknown(detail: &mut Detail, item: &str) {
    if let Typed::Edit(edit) = &mut detail.typed
        && let Some(Typed::Unknown(_)) = edit.edited.as_deref()
    {
        edit.raw = Some(RawJson::new(item));
    }
}
