//! Webhooks that `testkit` does not build, of messages that the owner wrote on the phone; and deliveries that must
//! be answered well.

use std::io;
use std::net::SocketAddr;

use serde_json::json;
use waypost_testkit::{
    Answer, InboundText, NUMBER_ID, Request, StatusUpdate, TestServer, Webhook, sign, unix_seconds,
};

/// Delivers a webhook, rightly signed, that the server has to take.
///
/// # Panics
/// When it is not answered with 200.
#[track_caller]
pub fn deliver(server: &TestServer, body: &[u8]) {
    let answer = server.deliver_bytes(body).expect("the server answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Posts a webhook to a server whose value is in other hands, rightly signed.
///
/// # Errors
/// When the server is gone: whatever the reason, there was no answer.
pub fn post_webhook(server: SocketAddr, app_secret: &str, body: &[u8]) -> io::Result<Answer> {
    Request::post("/whatsapp/webhook", "application/json", body)
        .header("X-Hub-Signature-256", &sign(app_secret, body))
        .send(server)
}

/// Delivers a text of a customer that the server has to take.
///
/// # Panics
/// When it is not answered with 200.
#[track_caller]
pub fn deliver_text(server: &TestServer, from: &str, wamid: &str) {
    let message = InboundText::new(from, wamid, &format!("text of {wamid}"));
    deliver(server, &Webhook::new().text(&message).to_bytes());
}

/// A text that the owner wrote on the phone: an outbound message, so one that has statuses.
#[must_use]
pub fn echo(to: &str, wamid: &str, text: &str) -> Vec<u8> {
    let item = json!({
        "from": "15550001001",
        "to": to,
        "id": wamid,
        "timestamp": unix_seconds().to_string(),
        "type": "text",
        "text": { "body": text },
    });
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550001001", "phone_number_id": NUMBER_ID },
        "contacts": [{ "wa_id": to }],
        "message_echoes": [item],
    });
    json!({
        "object": "whatsapp_business_account",
        "entry": [{
            "id": "200000000000001",
            "changes": [{ "value": value, "field": "smb_message_echoes" }],
        }],
    })
    .to_string()
    .into_bytes()
}

/// A webhook with one status, reported now.
#[must_use]
pub fn status_of(wamid: &str, status: &str, recipient: &str) -> Webhook {
    Webhook::new().status(&StatusUpdate::new(wamid, status, recipient))
}
