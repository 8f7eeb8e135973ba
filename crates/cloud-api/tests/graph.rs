//! The Graph client against a server that answers, refuses, breaks off, or stays silent.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waypost_cloud_api::graph::{self, GraphClient, GraphSettings, GraphSetupError, OutgoingText};
use waypost_cloud_api::{AccessToken, graph::address};
use waypost_domain::{
    Alias, AliasKind, CustomerAliases, ErrorDetail, LinkPreview, OutboxId, PhoneNumberId, SendOutcome,
    Timestamp,
};

const TOKEN: &str = "EAAGtoken";

fn settings(base_url: String) -> GraphSettings {
    GraphSettings {
        base_url,
        version: "v26.0".to_owned(),
        token: AccessToken::parse(TOKEN).unwrap(),
        connect_timeout: Duration::from_secs(10),
        call_timeout: Duration::from_secs(10),
    }
}

async fn send(settings: GraphSettings) -> SendOutcome {
    let client = GraphClient::new(settings).unwrap();
    let to = Alias::parse(AliasKind::Phone, "15550002001").unwrap();
    let callback = OutboxId::from_parts(Timestamp::from_millis(1), 2);
    let text = OutgoingText { to: &to, body: "Grüße", preview: LinkPreview::Shown, callback };
    client.send_text(&PhoneNumberId::parse("100000000000101").unwrap(), &text).await
}

/// One request, as it came.
async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request broke off");
    }
}

/// Sends to a server that answers with `response` and closes. Gives the request and the outcome.
async fn exchange(response: &[u8]) -> (String, SendOutcome) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = request(&mut stream).await;
        // A client that has read enough may close before everything is written.
        drop(stream.write_all(response).await);
        request
    };
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::join!(server, send(settings(url)))
}

fn http(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

async fn outcome(status: &str, body: &str) -> SendOutcome {
    exchange(&http(status, body)).await.1
}

fn failed_code(outcome: &SendOutcome) -> Option<i64> {
    if let SendOutcome::Failed(error) = outcome { Some(error.code) } else { None }
}

fn unknown_code(outcome: &SendOutcome) -> Option<i64> {
    if let SendOutcome::Unknown(error) = outcome { Some(error.code) } else { None }
}

#[tokio::test]
async fn an_accepted_send_has_its_wamid_and_what_meta_calls_the_customer() {
    let body = r#"{"messaging_product":"whatsapp","contacts":[{"input":"+15550002001","wa_id":"15550002091",
        "user_id":"US.7"}],"messages":[{"id":"wamid.X","message_status":"accepted"}]}"#;
    let (request, outcome) = exchange(&http("200 OK", body)).await;
    let SendOutcome::Accepted { wamid, aliases } = outcome else { panic!("{outcome:?}") };
    assert_eq!(wamid.as_str(), "wamid.X");
    let aliases = aliases.unwrap();
    assert_eq!(&*aliases.of_kind(AliasKind::Phone).unwrap().value, "15550002091");
    assert_eq!(&*aliases.of_kind(AliasKind::Bsuid).unwrap().value, "US.7");

    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v26.0/100000000000101/messages HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer EAAGtoken"), "{head}");
    assert!(head.contains(concat!("user-agent: waypost/", env!("CARGO_PKG_VERSION"))), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["to"], "+15550002001");
    assert_eq!(body["text"], serde_json::json!({ "body": "Grüße", "preview_url": true }));
}

#[tokio::test]
async fn an_accepted_send_needs_no_contact() {
    let outcome = outcome("200 OK", r#"{"messages":[{"id":"wamid.X"}],"contacts":null}"#).await;
    assert!(matches!(outcome, SendOutcome::Accepted { aliases: None, .. }), "{outcome:?}");
}

#[tokio::test]
async fn metas_error_is_a_failure_with_any_http_status() {
    let body = r#"{"error":{"message":"(#131047) Late","type":"OAuthException","code":131047,
        "error_data":{"messaging_product":"whatsapp","details":"24 hours"},"fbtrace_id":"A"}}"#;
    for status in ["400 Bad Request", "500 Internal Server Error", "200 OK"] {
        let expected = ErrorDetail {
            code: 131_047,
            title: Some("(#131047) Late".to_owned()),
            details: Some("24 hours".to_owned()),
        };
        assert_eq!(outcome(status, body).await, SendOutcome::Failed(expected), "{status}");
    }
}

#[tokio::test]
async fn a_fault_without_metas_error_is_unknown() {
    for status in ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable"] {
        let outcome = outcome(status, "<html>Sorry</html>").await;
        assert_eq!(unknown_code(&outcome), Some(graph::UNREADABLE_ANSWER), "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_200_that_cannot_be_read_is_unknown() {
    for body in ["", "<html>", "{}", "[]", r#"{"messages":[]}"#, r#"{"messages":[{"id":""}]}"#] {
        let outcome = outcome("200 OK", body).await;
        assert_eq!(unknown_code(&outcome), Some(graph::UNREADABLE_ANSWER), "{body}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_refusal_without_metas_reason_is_a_failure() {
    for status in ["403 Forbidden", "404 Not Found", "413 Content Too Large"] {
        let outcome = outcome(status, "<html>No</html>").await;
        assert_eq!(failed_code(&outcome), Some(graph::REFUSED_WITHOUT_REASON), "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = elsewhere.local_addr().unwrap();
    let response = format!("HTTP/1.1 307 X\r\nlocation: http://{location}/\r\ncontent-length: 0\r\n\r\n");
    tokio::select! {
        _ = elsewhere.accept() => panic!("followed"),
        (_, outcome) = exchange(response.as_bytes()) => {
            assert_eq!(failed_code(&outcome), Some(graph::REFUSED_WITHOUT_REASON), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_closes_after_the_request_is_unknown() {
    for response in [&b""[..], b"HTTP/1.1 2"] {
        let (_, outcome) = exchange(response).await;
        assert_eq!(unknown_code(&outcome), Some(graph::NO_ANSWER), "{outcome:?}");
    }
    let (_, outcome) = exchange(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"messages\":[").await;
    assert_eq!(unknown_code(&outcome), Some(graph::UNREADABLE_ANSWER), "{outcome:?}");
}

#[tokio::test]
async fn silence_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        // Held open until the client has gone.
        stream.read_buf(&mut Vec::new()).await
    };
    let impatient = GraphSettings { call_timeout: Duration::from_millis(100), ..settings(url) };
    let (_, outcome) = tokio::join!(server, send(impatient));
    assert_eq!(unknown_code(&outcome), Some(graph::NO_ANSWER), "{outcome:?}");
}

#[tokio::test]
async fn a_refused_connection_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = send(settings(url)).await;
    assert_eq!(failed_code(&outcome), Some(graph::NOT_SENT), "{outcome:?}");
}

#[tokio::test]
async fn a_failed_handshake_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(stream.write_all(b"HTTP/1.1 400 this is not TLS\r\n\r\n").await);
    };
    let ((), outcome) = tokio::join!(server, send(settings(url)));
    assert_eq!(failed_code(&outcome), Some(graph::NOT_SENT), "{outcome:?}");
}

#[tokio::test]
async fn an_oversized_answer_is_not_read_to_its_end() {
    let body = format!(r#"{{"padding":"{}","messages":[{{"id":"wamid.X"}}]}}"#, "x".repeat(1 << 20));
    let outcome = outcome("200 OK", &body).await;
    assert_eq!(unknown_code(&outcome), Some(graph::UNREADABLE_ANSWER), "{outcome:?}");
}

#[test]
fn unusable_settings_are_refused() {
    for url in ["", "graph.facebook.com", "ftp://graph.facebook.com", "data:text/plain,x", "https://"] {
        let made = GraphClient::new(settings(url.to_owned()));
        assert!(matches!(made, Err(GraphSetupError::Url)), "{url}");
    }
    for version in ["", "26.0", "v26", "v26.0/../x", "v.0"] {
        let settings = GraphSettings {
            version: version.to_owned(),
            ..settings("https://graph.facebook.com".to_owned())
        };
        assert!(matches!(GraphClient::new(settings), Err(GraphSetupError::Version)), "{version}");
    }
    for token in ["", "with space", "new\nline", "ünicode"] {
        assert!(AccessToken::parse(token).is_none(), "{token}");
    }
}

#[test]
fn the_token_is_not_shown() {
    let settings = settings("https://graph.facebook.com/".to_owned());
    let shown = format!("{settings:?} {:?}", GraphClient::new(settings.clone()).unwrap());
    assert!(!shown.contains(TOKEN) && shown.contains("https://graph.facebook.com/v26.0"), "{shown}");
}

#[test]
fn a_group_is_written_to_before_a_phone_and_a_phone_before_a_bsuid() {
    let alias = |kind, value| Alias::parse(kind, value).unwrap();
    let (bsuid, phone) = (alias(AliasKind::Bsuid, "US.7"), alias(AliasKind::Phone, "15550002001"));
    let kind = |aliases: Vec<Alias>| address(&CustomerAliases::new(aliases).unwrap()).kind;
    assert_eq!(kind(vec![bsuid.clone(), phone.clone()]), AliasKind::Phone);
    assert_eq!(kind(vec![bsuid, phone, alias(AliasKind::Group, "g")]), AliasKind::Group);
    assert_eq!(kind(vec![alias(AliasKind::ParentBsuid, "US.ENT.8")]), AliasKind::ParentBsuid);
}
