//! How the value of a field is read.

use super::item::List;
use super::notice::notice;
use crate::json::Node;

/// What the value of a field holds.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// Messages and what belongs to them.
    Messages(&'static [List]),
    /// Old chats.
    History,
    /// Items that are told one by one.
    Lists(&'static [List]),
    /// Copies of what another app deals with.
    Standby,
    /// One thing, or something that is not known here.
    Whole,
}

impl Reading {
    pub(super) fn of(field: &str) -> Self {
        match field {
            "messages" => Self::Messages(&[List::Messages, List::Statuses]),
            "smb_message_echoes" => Self::Messages(&[List::Echoes]),
            "history" => Self::History,
            "calls" => Self::Lists(&[List::Calls, List::CallStatuses]),
            "smb_app_state_sync" => Self::Lists(&[List::ContactBook]),
            "user_preferences" => Self::Lists(&[List::Preferences]),
            "user_id_update" => Self::Lists(&[List::UserIds]),
            "automatic_events" => Self::Lists(&[List::AutomaticEvents]),
            "standby" => Self::Standby,
            _ if field.starts_with("group_") => Self::Lists(&[List::Groups]),
            _ => Self::Whole,
        }
    }

    /// Whether nothing is known of a field's value, which may be anything then. Any other is an object.
    pub(super) fn is_unknown(field: &str) -> bool {
        matches!(Self::of(field), Self::Whole) && notice(field, Node::default()).is_none()
    }
}
