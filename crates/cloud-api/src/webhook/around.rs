//! What stands around an item that cannot be used: a webhook body of its own with a hole for it, so that a later version can
//! read the item as if it came by itself.
//!
//! The hole is the first `null`: before it stand only words of ours.

use waypost_domain::RawJson;

use super::OBJECT;
use super::contacts::Company;
use crate::json::Node;
use crate::shapes::{HistoryThread, Value};

/// The most that is kept of what stands around an item, in bytes; contacts beyond it are left out, since an item names its
/// sender itself.
const CONTACTS_BYTES_MAX: usize = 2 << 10;
/// Names, numbers and times are short; a longer member is no such.
const MEMBER_BYTES_MAX: usize = 1 << 10;

/// What the changes of an entry have in common.
#[derive(Clone, Copy)]
pub(super) struct EntryMembers<'a> {
    pub(super) id: Node<'a>,
    pub(super) time: Node<'a>,
}

impl EntryMembers<'_> {
    /// Around an entry that is none.
    pub(super) fn around_entry() -> RawJson {
        RawJson::new(format!("{{\"object\":\"{OBJECT}\",\"entry\":[null]}}"))
    }

    /// Around a whole change.
    pub(super) fn around_change(self) -> RawJson {
        self.body("null")
    }

    /// Around what goes into the value's member `path`, as in `{"messages":[null]}`.
    pub(super) fn around_item(self, field: Node<'_>, value: &Value<'_>, list: &str) -> RawJson {
        let inner = list.split_once('.');
        let (outer, list) = inner.map_or((None, list), |(outer, list)| (Some(outer), list));
        let open = outer.map(|outer| format!("\"{outer}\":{{")).unwrap_or_default();
        let close = if outer.is_some() { "}" } else { "" };
        self.around_member(&format!("{open}\"{list}\":[null]{close}"), field, value)
    }

    /// Around an old chat.
    pub(super) fn around_thread(self, field: Node<'_>, value: &Value<'_>) -> RawJson {
        self.around_member("\"history\":[{\"threads\":[null]}]", field, value)
    }

    /// Around a message of an old chat.
    pub(super) fn around_past(
        self,
        field: Node<'_>,
        value: &Value<'_>,
        thread: &HistoryThread<'_>,
    ) -> RawJson {
        let mut hole = "\"history\":[{\"threads\":[{\"messages\":[null]".to_owned();
        push(&mut hole, "id", thread.id, MEMBER_BYTES_MAX);
        push(&mut hole, "context", thread.context, MEMBER_BYTES_MAX);
        hole.push_str("}]}]");
        self.around_member(&hole, field, value)
    }

    fn around_member(self, hole: &str, field: Node<'_>, value: &Value<'_>) -> RawJson {
        let mut change = format!("{{\"value\":{{{hole}");
        push(&mut change, "metadata", value.metadata, MEMBER_BYTES_MAX);
        push(&mut change, "recipient", value.recipient, MEMBER_BYTES_MAX);
        push_contacts(&mut change, value);
        change.push('}');
        push(&mut change, "field", field, MEMBER_BYTES_MAX);
        change.push('}');
        self.body(&change)
    }

    fn body(self, change: &str) -> RawJson {
        let mut body = format!("{{\"object\":\"{OBJECT}\",\"entry\":[{{\"changes\":[{change}]");
        push(&mut body, "id", self.id, MEMBER_BYTES_MAX);
        push(&mut body, "time", self.time, MEMBER_BYTES_MAX);
        body.push_str("}]}");
        RawJson::new(body)
    }
}

/// Adds the contacts. One that stood beside several items must not be taken for the sender of this one when the two are alone:
/// another that says nothing goes with it.
fn push_contacts(json: &mut String, value: &Value<'_>) {
    match (value.contacts.items_or_one().as_slice(), Company::of(value)) {
        ([sole], Company::Several) => {
            if let Some(raw) = sole.raw().filter(|raw| raw.len() <= CONTACTS_BYTES_MAX) {
                json.push_str(",\"contacts\":[");
                json.push_str(raw);
                json.push_str(",{}]");
            }
        }
        _ => push(json, "contacts", value.contacts, CONTACTS_BYTES_MAX),
    }
}

/// Adds a member behind another.
fn push(json: &mut String, name: &str, node: Node<'_>, bytes_max: usize) {
    if let Some(raw) = node.raw().filter(|raw| raw.len() <= bytes_max) {
        json.push_str(",\"");
        json.push_str(name);
        json.push_str("\":");
        json.push_str(raw);
    }
}

/// The body that an item came in, as far as it was kept.
#[must_use]
pub fn restore(around: &RawJson, item: &[u8]) -> Vec<u8> {
    let (before, after) = around.as_str().split_once("null").unwrap_or((around.as_str(), ""));
    [before.as_bytes(), item, after.as_bytes()].concat()
}
