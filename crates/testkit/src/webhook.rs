//! Webhooks as Meta sends them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::server::NUMBER_ID;

/// The WABA that invented webhooks are about.
const WABA_ID: &str = "200000000000001";

/// What that number shows to people.
const DISPLAY_NUMBER: &str = "15550001001";

/// A text that a customer sent.
#[derive(Clone, Debug)]
pub struct InboundText {
    /// The sender's number and `wa_id`.
    pub from: String,
    /// The sender's profile name.
    pub name: String,
    /// Meta's id of the message.
    pub wamid: String,
    /// The text.
    pub text: String,
    /// When it was sent, in Unix seconds.
    pub timestamp: i64,
}

impl InboundText {
    /// A text sent now by a customer called `Customer` and the number.
    #[must_use]
    pub fn new(from: &str, wamid: &str, text: &str) -> Self {
        Self {
            from: from.to_owned(),
            name: format!("Customer {from}"),
            wamid: wamid.to_owned(),
            text: text.to_owned(),
            timestamp: unix_seconds(),
        }
    }

    /// Text number `index` of a run: its own sender (10,000 different ones), `wamid` and text, the same for the same
    /// `run` and `index`.
    #[must_use]
    pub fn numbered(run: &str, index: usize) -> Self {
        let from = format!("1555{:07}", index % 10_000);
        Self::new(&from, &format!("wamid.{run}-{index}"), &format!("{run} {index}"))
    }
}

/// A status that Meta reports of a message that was sent.
#[derive(Clone, Debug)]
pub struct StatusUpdate {
    /// The message.
    pub wamid: String,
    /// `sent`, `delivered`, `read`, `played` or `failed`, or what a test likes.
    pub status: String,
    /// Whom the message was for.
    pub recipient: String,
    /// When, in Unix seconds.
    pub timestamp: i64,
}

impl StatusUpdate {
    /// A status reported now.
    #[must_use]
    pub fn new(wamid: &str, status: &str, recipient: &str) -> Self {
        Self {
            wamid: wamid.to_owned(),
            status: status.to_owned(),
            recipient: recipient.to_owned(),
            timestamp: unix_seconds(),
        }
    }
}

/// A webhook in the making: each message and each status is a change of its own.
#[derive(Clone, Debug)]
pub struct Webhook {
    number_id: String,
    changes: Vec<Value>,
}

impl Default for Webhook {
    fn default() -> Self {
        Self::new()
    }
}

impl Webhook {
    /// An empty webhook for the number that a [`TestServer`](crate::TestServer) has.
    #[must_use]
    pub fn new() -> Self {
        Self::for_number(NUMBER_ID)
    }

    /// An empty webhook for another number.
    #[must_use]
    pub fn for_number(number_id: &str) -> Self {
        Self { number_id: number_id.to_owned(), changes: Vec::new() }
    }

    /// A webhook with `count` texts, from number `first` of the run on.
    #[must_use]
    pub fn batch(run: &str, first: usize, count: usize) -> Self {
        (first..first + count)
            .fold(Self::new(), |webhook, index| webhook.text(&InboundText::numbered(run, index)))
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, message: &InboundText) -> Self {
        let contact = json!({ "profile": { "name": message.name }, "wa_id": message.from });
        let message = json!({
            "from": message.from,
            "id": message.wamid,
            "timestamp": message.timestamp.to_string(),
            "type": "text",
            "text": { "body": message.text },
        });
        self.message(&contact, &message)
    }

    /// Adds a message of any kind, as Meta writes it.
    #[must_use]
    pub fn message(self, contact: &Value, message: &Value) -> Self {
        self.change(json!({ "contacts": [contact], "messages": [message] }))
    }

    /// Adds a status.
    #[must_use]
    pub fn status(self, update: &StatusUpdate) -> Self {
        let status = json!({
            "id": update.wamid,
            "status": update.status,
            "timestamp": update.timestamp.to_string(),
            "recipient_id": update.recipient,
        });
        self.change(json!({ "statuses": [status] }))
    }

    /// The body to sign and send.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": WABA_ID, "changes": self.changes }],
        })
        .to_string()
        .into_bytes()
    }

    /// Adds a change whose value has `items` beside what every value has.
    fn change(mut self, mut items: Value) -> Self {
        items["messaging_product"] = json!("whatsapp");
        items["metadata"] =
            json!({ "display_phone_number": DISPLAY_NUMBER, "phone_number_id": self.number_id });
        self.changes.push(json!({ "value": items, "field": "messages" }));
        self
    }
}

/// The time of the machine, which is the time of the server under test too.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a server from outside lives in real time, and so do its webhooks"
)]
pub fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock stands after 1970");
    i64::try_from(since.as_secs()).expect("and before the end of time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_as_many_different_messages() {
        let bytes = Webhook::batch("run", 7, 3).to_bytes();
        let body: Value = serde_json::from_slice(&bytes).expect("JSON");
        let changes = body["entry"][0]["changes"].as_array().expect("changes");
        let ids: Vec<&str> =
            changes.iter().filter_map(|change| change["value"]["messages"][0]["id"].as_str()).collect();
        assert_eq!(ids, ["wamid.run-7", "wamid.run-8", "wamid.run-9"]);
    }

    #[test]
    fn a_status_is_shaped_as_meta_shapes_it() {
        let update =
            StatusUpdate { timestamp: 1_794_008_020, ..StatusUpdate::new("wamid.A", "read", "15550002001") };
        let bytes = Webhook::new().status(&update).to_bytes();
        let body: Value = serde_json::from_slice(&bytes).expect("JSON");
        let change = json!({
            "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": DISPLAY_NUMBER, "phone_number_id": NUMBER_ID },
                "statuses": [{
                    "id": "wamid.A",
                    "status": "read",
                    "timestamp": "1794008020",
                    "recipient_id": "15550002001",
                }],
            },
            "field": "messages",
        });
        assert_eq!(body["entry"][0]["changes"][0], change);
    }
}
