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
    "media",
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
    let shown = members.iter().filter_map(|(name, value)| {
        let stands_in = REPLACED.iter().find(|(replaced, _)| replaced == name);
        let value = match stands_in {
            Some((_, stands_in)) => members.get(*stands_in)?.clone(),
            None if SHOWN.contains(&name.as_str()) => mask(value),
            None => return None,
        };
        Some((name.clone(), value))
    });
    shown.collect()
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
}
