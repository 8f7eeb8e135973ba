//! Every case that the published Engine.IO suite names, against the conformance server's Engine.IO alone.

use crate::echo::{self, Echo};
use http::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use waypost_realtime::{Hub, Origin, Protocol};
use waypost_testkit::hub_client::{Client, Door, PIPE_BYTES, PollingClient, pass, run_until_it_waits};

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const BY_WEBSOCKET: &str = "EIO=4&transport=websocket";

fn door() -> Door {
    let origin = Origin::empty([1; 32]);
    let (hub, _publisher) = Hub::start(echo::config(Protocol::EngineIo), Arc::new(Echo), origin);
    Door::new("/engine.io/", hub.router())
}

async fn upgraded(client: &PollingClient) -> Client {
    let mut socket = client.candidate().await;
    socket.send("2probe").await;
    assert_eq!(socket.frame().await, Some((0x81, "3probe".into())));
    socket.send("5").await;
    socket
}

async fn echoes(socket: &mut Client, text: &str) {
    socket.send(&format!("4{text}")).await;
    assert_eq!(socket.next().await, format!("4{text}"));
}

#[tokio::test(start_paused = true)]
async fn a_session_opens_by_polling() {
    let (status, body) = door().request("GET", "EIO=4&transport=polling", "").await;
    assert_eq!(status, StatusCode::OK);
    let open: serde_json::Value = serde_json::from_str(body.strip_prefix('0').unwrap()).unwrap();
    let keys: Vec<&String> = open.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
    assert_eq!((open["pingInterval"].as_u64(), open["pingTimeout"].as_u64()), (Some(300), Some(200)));
    assert_eq!((open["maxPayload"].as_u64(), &open["upgrades"]), (Some(1_000_000), &["websocket"].into()));
}

#[tokio::test(start_paused = true)]
async fn a_session_opens_by_websocket() {
    let mut socket = door().open_websocket(BY_WEBSOCKET, PIPE_BYTES).await.unwrap();
    let open: serde_json::Value = serde_json::from_str(&socket.next().await[1..]).unwrap();
    assert_eq!(open["upgrades"], serde_json::json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_with_bad_parameters_is_refused() {
    let door = door();
    for query in ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"] {
        assert_eq!(door.request("GET", query, "").await.0, BAD, "{query}");
    }
    for method in ["POST", "PUT"] {
        assert_eq!(door.request(method, "EIO=4&transport=polling", "").await.0, BAD, "{method}");
    }
    for query in ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"] {
        assert_eq!(door.open_websocket(query, PIPE_BYTES).await.err(), Some(BAD), "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_go_and_come_by_polling() {
    let client = door().polling().await;
    let table = [
        ("4hello", "4hello"),
        ("4test1\x1e4test2\x1e4test3", "4test1\x1e4test2\x1e4test3"),
        ("4hello\x1ebAQIDBA==", "4hello\x1ebAQIDBA=="),
        ("b", "b"),
    ];
    for (payload, echo) in table {
        assert_eq!(client.push(payload).await, (StatusCode::OK, "ok".to_owned()), "{payload}");
        assert_eq!(client.poll().await, (StatusCode::OK, echo.to_owned()), "{payload}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_go_and_come_by_websocket() {
    let mut socket = door().open_websocket(BY_WEBSOCKET, PIPE_BYTES).await.unwrap();
    socket.next().await;
    echoes(&mut socket, "hello").await;
    socket.send_frame(0x82, &[1, 2, 3, 4]).await;
    assert_eq!(socket.frame().await, Some((0x82, vec![1, 2, 3, 4].into())));
}

#[tokio::test(start_paused = true)]
async fn a_bad_packet_closes_the_session() {
    let door = door();
    for payload in [&b"abc"[..], b"", b"4ok\x1e", b"b!", b"4\xff", b"0{}"] {
        let client = door.polling().await;
        assert_eq!(client.push(payload).await.0, BAD, "{payload:?}");
        assert_eq!(client.poll().await.0, BAD, "{payload:?}");
    }
    for text in ["abc", "", "0{}"] {
        let mut socket = door.open_websocket(BY_WEBSOCKET, PIPE_BYTES).await.unwrap();
        socket.next().await;
        socket.send(text).await;
        assert_eq!(socket.closed().await, Some(1002), "{text:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_poll_closes_the_session() {
    let client = door().polling().await;
    let (first, second) = tokio::join!(biased; client.poll(), client.poll());
    assert_eq!((first.0, first.1.as_str(), second.0), (StatusCode::OK, "1", BAD));
    assert_eq!(client.poll().await.0, BAD);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_poll_closes_the_session() {
    let client = door().polling().await;
    let mut poll = Box::pin(client.poll());
    assert!(run_until_it_waits(&mut poll).await.is_none(), "it waits");
    drop(poll);
    assert_eq!(client.poll().await.0, BAD);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays_and_one_that_does_not_is_closed() {
    let door = door();
    let client = door.polling().await;
    for _ in 0..3 {
        assert_eq!(client.poll().await.1, "2");
        assert_eq!(client.push("3").await.1, "ok");
    }
    assert_eq!((client.poll().await.1.as_str(), client.poll().await.1.as_str()), ("2", "1"));
    assert_eq!(client.poll().await.0, BAD);

    let mut socket = door.open_websocket(BY_WEBSOCKET, PIPE_BYTES).await.unwrap();
    socket.next().await;
    for _ in 0..3 {
        assert_eq!(socket.frame().await, Some((0x81, "2".into())));
        socket.send("3").await;
    }
    assert_eq!(socket.frame().await, Some((0x81, "2".into())));
    assert!(socket.closed().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_poll_after_the_ping_timeout_finds_no_session() {
    for late_ms in [0, 1, 50] {
        let client = door().polling().await;
        pass(Duration::from_millis(300 + 200 + late_ms)).await;
        assert_eq!(client.poll().await.0, BAD, "{late_ms} ms after it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_packet_ends_the_session() {
    let door = door();
    let client = door.polling().await;
    let (polled, pushed) = tokio::join!(biased; client.poll(), client.push("1"));
    assert_eq!((polled.1.as_str(), pushed.1.as_str()), ("6", "ok"));
    assert_eq!(client.poll().await.0, BAD);

    let mut socket = door.open_websocket(BY_WEBSOCKET, PIPE_BYTES).await.unwrap();
    socket.next().await;
    socket.send("1").await;
    assert_eq!(socket.closed().await, Some(1000));
}

#[tokio::test(start_paused = true)]
async fn polling_goes_over_to_a_websocket() {
    let client = door().polling().await;
    let mut socket = upgraded(&client).await;
    echoes(&mut socket, "hello").await;
}

#[tokio::test(start_paused = true)]
async fn polls_after_an_upgrade_are_refused_and_harm_nothing() {
    let client = door().polling().await;
    let mut socket = upgraded(&client).await;
    echoes(&mut socket, "over").await;
    assert_eq!((client.poll().await.0, client.push("4x").await.0), (BAD, BAD));
    echoes(&mut socket, "hello").await;
}

#[tokio::test(start_paused = true)]
async fn a_second_websocket_after_an_upgrade_is_closed_and_harms_nothing() {
    let client = door().polling().await;
    let mut socket = upgraded(&client).await;
    echoes(&mut socket, "over").await;
    assert_eq!(client.candidate().await.closed().await, Some(1000));
    echoes(&mut socket, "hello").await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_with_packets_in_flight_loses_and_reorders_none() {
    let client = door().polling().await;
    let mut socket = client.candidate().await;
    let mut received = Vec::new();
    for n in 0..20 {
        assert_eq!(client.push(format!("4{n}")).await.1, "ok");
        match n {
            5 => socket.send("2probe").await,
            10 => assert_eq!(socket.frame().await, Some((0x81, "3probe".into()))),
            _ => {}
        }
        if n % 4 == 3 {
            received.push(client.poll().await.1);
        }
    }
    // What the client pushes last is on its way while the upgrade packet overtakes it.
    client.push("420\x1e421").await;
    socket.send("5").await;
    let mut last = received.join("\x1e");
    while !last.ends_with("422") {
        if last.ends_with("421") {
            socket.send("422").await;
        }
        last = format!("{last}\x1e{}", socket.next().await);
    }
    let expected: Vec<String> = (0..=22).map(|n| format!("4{n}")).collect();
    let seen: Vec<&str> = last.split('\x1e').filter(|packet| *packet != "6").collect();
    assert_eq!(seen, expected);
}
