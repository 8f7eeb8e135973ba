//! What is shown to whoever may see conversations, but not with whom: no number, no id of WhatsApp's, nothing raw.

use serde_json::{Map, Value};

/// The fields that are shown. What is not named here is left out, so that a field which is added later is hidden until
/// somebody decides otherwise.
const SHOWN: &[&str] = &[
    "assignee",
    "at",
    "by",
    "change",
    "code",
    "content",
    "conversationId",
    "createdAt",
    "customerId",
    "customerIds",
    "customerName",
    "data",
    "deliveredAt",
    "direction",
    "editedAt",
    "emoji",
    "error",
    "errors",
    "failedAt",
    "field",
    "freeUntil",
    "id",
    "into",
    "isTemplate",
    "lastMessage",
    "lastMessageAt",
    "late",
    "marketing",
    "merged",
    "message",
    "messageType",
    "mimeType",
    "next",
    "notedAt",
    "otherCustomerId",
    "phoneNumberId",
    "playedAt",
    "previousAssignee",
    "previousStatus",
    "previousTeam",
    "reaction",
    "reactions",
    "readAt",
    "reported",
    "revokedAt",
    "savedName",
    "senderType",
    "sentAt",
    "source",
    "state",
    "status",
    "statuses",
    "success",
    "team",
    "templateName",
    "timestamp",
    "title",
    "username",
    "versions",
    "window",
    "windowExpiresAt",
];

/// Fields that older clients rely on, each with the field of ours that stands in for it.
const REPLACED: &[(&str, &str)] =
    &[("whatsappNumber", "customerId"), ("whatsappMessageId", "id"), ("messageId", "id")];

/// The masked view of a body: an event's or an answer's.
#[must_use]
pub fn mask(body: &Value) -> Value {
    match body {
        Value::Object(members) => Value::Object(mask_members(members)),
        Value::Array(items) => Value::Array(items.iter().map(mask).collect()),
        plain => plain.clone(),
    }
}

/// The masked view of a body that is written as JSON already.
///
/// # Errors
/// When it is no JSON.
pub fn mask_json(body: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&mask(&serde_json::from_slice(body)?))
}

fn mask_members(members: &Map<String, Value>) -> Map<String, Value> {
    let words = words_instead(members);
    let shown = members.iter().filter_map(|(name, value)| {
        let stands_in = REPLACED.iter().find(|(replaced, _)| replaced == name);
        let value = match (stands_in, name.as_str()) {
            (Some((_, stands_in)), _) => members.get(*stands_in)?.clone(),
            (None, "content") => words.clone().map_or_else(|| mask(value), Value::String),
            // What it said before is in the same words.
            (None, "versions") if words.is_some() => return None,
            (None, "media") => mask_file(value),
            (None, name) if SHOWN.contains(&name) => mask(value),
            (None, _) => return None,
        };
        Some((name.clone(), value))
    });
    shown.collect()
}

/// What is shown of a message whose words are not its writer's: WhatsApp's own sentence about somebody's account has their
/// numbers in it, and a contact card without a name is called by its phone number.
fn words_instead(members: &Map<String, Value>) -> Option<String> {
    let detail = |name: &str| members.get("metadata").and_then(|metadata| metadata.get(name));
    match members.get("messageType")?.as_str()? {
        "system" => {
            let change = detail("system").and_then(|system| system.get("change")?.as_str());
            Some(match change {
                Some("number" | "user_id") => "[number changed]".to_owned(),
                Some("identity") => "[identity changed]".to_owned(),
                _ => "[system]".to_owned(),
            })
        }
        "contacts" => {
            let cards = detail("contacts").and_then(Value::as_array);
            let names = cards.into_iter().flatten().filter_map(|card| card.get("name")?.as_str());
            // A phone calls by the number whoever is not in its contacts.
            let names: Vec<&str> = names.filter(|name| name.chars().any(char::is_alphabetic)).collect();
            Some(if names.is_empty() { "[contact]".to_owned() } else { names.join(", ") })
        }
        _ => None,
    }
}

/// Of a file only what it is: its id is WhatsApp's, and its name and address are details.
fn mask_file(file: &Value) -> Value {
    let kind = file.get("mimeType").map(|kind| ("mimeType".to_owned(), kind.clone()));
    Value::Object(kind.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_fields_are_in_order_and_none_is_there_twice() {
        assert!(SHOWN.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(REPLACED.iter().all(|(name, _)| !SHOWN.contains(name)));
    }

    #[test]
    fn what_names_somebody_is_left_out_or_replaced_by_an_id_of_ours() {
        let body = json!({
            "id": "msg_1", "customerId": "cus_1", "whatsappNumber": "4915", "whatsappMessageId": "wamid.x",
            "content": "hello", "replyTo": "wamid.y", "metadata": { "raw": { "from": "4915" } },
            "reactions": [{ "by": "customer", "participant": "4915", "emoji": "👍" }],
            "errors": [{ "code": 1, "title": "t", "details": "to 4915" }],
        });
        let masked = json!({
            "id": "msg_1", "customerId": "cus_1", "whatsappNumber": "cus_1", "whatsappMessageId": "msg_1",
            "content": "hello", "reactions": [{ "by": "customer", "emoji": "👍" }],
            "errors": [{ "code": 1, "title": "t" }],
        });
        assert_eq!(mask(&body), masked);
        assert_eq!(mask(&json!({ "data": [{ "aliases": ["4915"] }] })), json!({ "data": [{}] }));
    }

    /// WhatsApp writes "User Ana changed from 4915 to 4916".
    #[test]
    fn words_that_are_not_the_writers_are_not_shown() {
        let card = |name: &str| json!({ "name": name, "phones": [{ "number": "+4915" }] });
        for (kind, detail, shown) in [
            ("system", json!({ "system": { "change": "number" } }), "[number changed]"),
            ("system", json!({ "system": { "change": "user_id" } }), "[number changed]"),
            ("system", json!({ "system": { "change": "identity" } }), "[identity changed]"),
            ("system", Value::Null, "[system]"),
            ("contacts", json!({ "contacts": [card("Jo Doe"), card("+4916"), card("Eva")] }), "Jo Doe, Eva"),
            ("contacts", json!({ "contacts": [{ "phones": [{ "number": "+4915" }] }] }), "[contact]"),
            ("contacts", Value::Null, "[contact]"),
            ("text", Value::Null, "from 4915 to 4916"),
        ] {
            let body = json!({ "messageType": kind, "content": "from 4915 to 4916", "metadata": detail });
            assert_eq!(mask(&body), json!({ "messageType": kind, "content": shown }), "{body}");
        }
        let edited = json!({ "messageType": "contacts", "versions": [{ "content": "+4915" }] });
        assert_eq!(mask(&edited), json!({ "messageType": "contacts" }));
    }

    #[test]
    fn of_a_file_only_its_type_is_shown() {
        let media = json!({ "type": "image", "id": "8000", "url": "https://x", "mimeType": "image/jpeg" });
        assert_eq!(
            mask(&json!({ "media": media, "change": "media" })),
            json!({ "media": { "mimeType": "image/jpeg" }, "change": "media" })
        );
    }
}
