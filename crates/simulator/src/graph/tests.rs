use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt as _;
use waypost_domain::{PhoneNumberId, Timestamp};

use super::*;
use crate::wamid::Author;

const PATH: &str = "/v26.0/100000000000101/messages";

struct Api {
    router: Router,
    accepted: mpsc::Receiver<AcceptedSend>,
    counters: Arc<Counters>,
}

fn api(access_token: Option<&str>) -> Api {
    let (sender, accepted) = mpsc::channel(1);
    let counters = Arc::new(Counters::default());
    let router = router(Graph {
        phone_number_id: PhoneNumberId::parse("100000000000101").unwrap(),
        access_token: access_token.map(str::to_owned),
        wamids: Wamids::new(Author::Business, 1, Timestamp::from_millis(0)),
        accepted: sender,
        counters: counters.clone(),
    });
    Api { router, accepted, counters }
}

impl Api {
    async fn post(&self, path: &str, token: Option<&str>, body: String) -> (StatusCode, Value) {
        let mut request = Request::post(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

fn text_to(to: &str, body: &str) -> Value {
    json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "text",
        "text": { "body": body, "preview_url": false }, "biz_opaque_callback_data": "out_1" })
}

#[tokio::test]
async fn a_text_is_accepted_and_handed_on() {
    let mut api = api(None);
    let (status, answer) = api.post(PATH, None, text_to("+1 (555) 010-0101", "Hi").to_string()).await;
    let wamid = answer["messages"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(status, StatusCode::OK);
    assert!(wamid.starts_with("wamid.HBgL"), "{wamid}");
    assert_eq!(
        answer,
        json!({ "messaging_product": "whatsapp",
            "contacts": [{ "input": "+1 (555) 010-0101", "wa_id": "15550100101" }],
            "messages": [{ "id": wamid }] })
    );
    let expected = AcceptedSend {
        wamid,
        to: Address::Phone("15550100101".to_owned()),
        content: SentContent::Text("Hi".to_owned()),
        callback_data: Some("out_1".to_owned()),
    };
    assert_eq!(api.accepted.try_recv(), Ok(expected));
}

#[tokio::test]
async fn a_send_to_a_bsuid_is_answered_with_it() {
    let api = api(None);
    let body = json!({ "messaging_product": "whatsapp", "recipient": "US.70000000000000100101",
        "text": { "body": "Hi" } });
    let (_, answer) = api.post(PATH, None, body.to_string()).await;
    assert_eq!(
        answer["contacts"],
        json!([{ "input": "US.70000000000000100101", "user_id": "US.70000000000000100101" }])
    );
}

#[tokio::test]
async fn marking_read_succeeds_and_is_no_send() {
    let mut api = api(None);
    let body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x",
        "typing_indicator": { "type": "text" } });
    let (status, answer) = api.post(PATH, None, body.to_string()).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "success": true })));
    assert!(api.accepted.try_recv().is_err());
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_as_meta_tells_it() {
    let without = |name: &str| {
        let mut body = text_to("+15550100101", "Hi");
        body.as_object_mut().unwrap().remove(name);
        body.to_string()
    };
    let with = |name: &str, value: Value| {
        let mut body = text_to("+15550100101", "Hi");
        body[name] = value;
        body.to_string()
    };
    let cases = [
        ("no JSON", "{".to_owned(), 100),
        ("no object", "[]".to_owned(), 100),
        ("no product", without("messaging_product"), 100),
        ("no recipient", without("to"), 100),
        ("no text", without("text"), 131_008),
        ("a text that is none", with("text", json!("Hi")), 131_008),
        ("an empty text", with("text", json!({ "body": "" })), 100),
        ("a long text", with("text", json!({ "body": "é".repeat(4_097) })), 100),
        ("an unknown type", with("type", json!("telegram")), 131_009),
        ("no number", with("to", json!("call me")), 131_009),
        ("a long callback", with("biz_opaque_callback_data", json!("x".repeat(513))), 131_009),
        ("an unknown status", with("status", json!("unread")), 131_009),
    ];
    let api = api(None);
    for (case, body, code) in cases.clone() {
        let (status, answer) = api.post(PATH, None, body).await;
        assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{case}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("(#{code}) ")), "{case}: {message}");
    }
    assert_eq!(api.counters.read().sends_refused, cases.len() as u64);
}

#[tokio::test]
async fn the_longest_text_is_counted_in_characters() {
    let (status, _) =
        api(None).post(PATH, None, text_to("+15550100101", &"é".repeat(4_096)).to_string()).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn the_token_is_checked_where_one_is_configured() {
    let api = api(Some("good"));
    for (token, expected, code) in [(None, 401, json!(104)), (Some("bad"), 401, json!(190))] {
        let (status, answer) = api.post(PATH, token, text_to("+15550100101", "Hi").to_string()).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (expected, &code));
    }
    let (status, _) = api.post(PATH, Some("good"), text_to("+15550100101", "Hi").to_string()).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn another_number_or_path_is_unknown() {
    let api = api(None);
    for (path, code, subcode) in [
        ("/v26.0/42/messages", json!(100), json!(33)),
        ("/latest/100000000000101/messages", json!(2500), Value::Null),
        ("/v26.0/100000000000101/calls", json!(2500), Value::Null),
    ] {
        let (status, answer) = api.post(path, None, text_to("+15550100101", "Hi").to_string()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!((&answer["error"]["code"], &answer["error"]["error_subcode"]), (&code, &subcode));
    }
}

#[tokio::test]
async fn who_sends_faster_than_the_script_reads_is_told_so() {
    let api = api(None);
    let body = text_to("+15550100101", "Hi").to_string();
    assert_eq!(api.post(PATH, None, body.clone()).await.0, StatusCode::OK);
    let (status, answer) = api.post(PATH, None, body).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!(130_429)));
}
