//! What customers did or want, and how the business's phone calls them.

use waypost_domain::notice::{AutomaticEvent, Preference, SavedContact, UserAction};
use waypost_domain::{CustomerName, Timestamp};

use super::{moment, read, token};
use crate::json::Node;
use crate::shapes::{BookContact, ChangeMetadata, ContactChange, LinkClick};
use crate::webhook::detail::{members, words};
use crate::webhook::message::time;

pub(in crate::webhook) fn preference(item: Node<'_>, received: Timestamp) -> Preference {
    read!(item => Preference {
        category = "category" as token,
        value = "value" as token,
        detail = "detail" as words,
        signup = "signup_id" as token,
        at = "timestamp" as |node| time(node, received),
    })
}

pub(in crate::webhook) fn automatic_event(item: Node<'_>) -> AutomaticEvent {
    read!(item => AutomaticEvent {
        id = "id" as token,
        name = "event_name" as token,
        click = "ctwa_clid" as token,
        at = "timestamp" as moment,
    })
}

pub(in crate::webhook) fn user_action(item: Node<'_>) -> UserAction {
    let outer: LinkClick<'_> = members(item);
    read!(outer.click => UserAction {
        component = "click_component" as token,
        product = "product_id" as token,
        click = "click_id" as token,
        tracking = "tracking_token" as token,
    }, { action: token(outer.action_type), at: moment(outer.timestamp) })
}

/// A contact that was added, changed (which comes as another addition) or removed.
pub(in crate::webhook) fn contact(change: &ContactChange<'_>, received: Timestamp) -> SavedContact {
    let contact: BookContact<'_> = members(change.contact);
    let name = |node: Node<'_>| CustomerName::parse(&node.readable()?);
    let is_removed = change.action.string().as_deref() == Some("remove");
    SavedContact {
        saved_name: name(contact.full_name).or_else(|| name(contact.first_name)).filter(|_| !is_removed),
        action: token(change.action),
        username: token(contact.username),
        at: time(members::<ChangeMetadata<'_>>(change.metadata).timestamp, received),
    }
}
