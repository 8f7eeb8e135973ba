use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use waypost_cloud_api::signature::{AppSecrets, SignatureHeader};

use super::*;

const AT_ONCE: Patience =
    Patience { first_pause: Duration::from_millis(1), pause_max: Duration::from_millis(2), attempts_max: 4 };

/// A webhook that answers as told, and passes on what came.
struct Webhook {
    answers: Vec<StatusCode>,
    calls: AtomicUsize,
    came: mpsc::Sender<(HeaderMap, Bytes)>,
}

async fn receive_webhook(State(webhook): State<Arc<Webhook>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    webhook.came.send((headers, body)).await.unwrap();
    let call = webhook.calls.fetch_add(1, Ordering::Relaxed);
    webhook.answers[call.min(webhook.answers.len() - 1)]
}

/// Delivers one status to a webhook that gives `answers`, the last one for ever; what came, and the counters.
async fn deliver_to(answers: &[StatusCode]) -> (Vec<(HeaderMap, Bytes)>, Arc<Counters>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://localhost:{}/whatsapp/webhook", listener.local_addr().unwrap().port());
    let (came, mut received) = mpsc::channel(100);
    let webhook = Arc::new(Webhook { answers: answers.to_vec(), calls: AtomicUsize::new(0), came });
    let router = Router::new().route("/whatsapp/webhook", post(receive_webhook)).with_state(webhook);
    let server = TaskTracker::new().spawn(async { axum::serve(listener, router).await });
    let counters = Arc::new(Counters::default());
    let target = Target::parse(&url).unwrap();
    let post = Post::new(target, "s3cret".to_owned(), AT_ONCE, 1, counters.clone()).unwrap();
    post.deliver(&Delivery { kind: DeliveryKind::Status, body: Bytes::from_static(br#"{"a":"\u00e9"}"#) })
        .await;
    server.abort();
    let mut all = Vec::new();
    while let Ok(one) = received.try_recv() {
        all.push(one);
    }
    (all, counters)
}

#[tokio::test]
async fn a_webhook_is_signed() {
    let (received, counters) = deliver_to(&[StatusCode::OK]).await;
    let (headers, body) = &received[0];
    let signature = SignatureHeader::parse(headers[SIGNATURE_HEADER].as_bytes()).unwrap();
    assert!(AppSecrets::new(["s3cret"]).unwrap().verify(&signature, body).is_ok());
    assert_eq!(headers["content-type"], "application/json");
    let counts = counters.read();
    assert_eq!((received.len(), counts.statuses, counts.retries, counts.last_refusal), (1, 1, 0, None));
}

#[tokio::test]
async fn what_is_not_answered_200_is_sent_again_in_the_same_bytes() {
    let answers = [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::ACCEPTED,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::OK,
    ];
    let (received, counters) = deliver_to(&answers).await;
    assert_eq!(received.len(), 4);
    for (headers, body) in &received {
        assert_eq!(body, &received[0].1);
        assert_eq!(headers[SIGNATURE_HEADER], received[0].0[SIGNATURE_HEADER]);
    }
    let counts = counters.read();
    assert_eq!((counts.statuses, counts.retries, counts.given_up), (1, 3, 0));
}

#[tokio::test]
async fn patience_ends() {
    let (received, counters) = deliver_to(&[StatusCode::UNAUTHORIZED]).await;
    let counts = counters.read();
    assert_eq!((received.len(), counts.statuses, counts.given_up), (4, 0, 1));
    assert_eq!(counts.last_refusal, Some(401));
}

#[tokio::test]
async fn who_does_not_answer_is_asked_again() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let counters = Arc::new(Counters::default());
    let post = Post::new(Target::parse(&url).unwrap(), "s".to_owned(), AT_ONCE, 1, counters.clone()).unwrap();
    post.deliver(&Delivery { kind: DeliveryKind::Message, body: Bytes::new() }).await;
    assert_eq!((counters.read().retries, counters.read().given_up), (3, 1));
}

#[test]
fn pauses_grow_to_their_limit() {
    let pauses: Vec<u128> = (0..7).map(|attempt| Patience::META.pause(attempt).as_millis()).collect();
    assert_eq!(pauses, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    assert_eq!(Patience::META.pause(u32::MAX), Patience::META.pause_max);
}
