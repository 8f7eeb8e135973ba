//! Engine.IO 4: the cases of its published test suite, and the upgrade.

use crate::fixture::{World, config, said};
use bytes::Bytes;
use http::StatusCode;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use waypost_realtime::{DisconnectReason, HubConfig};

const BAD: StatusCode = StatusCode::BAD_REQUEST;

#[tokio::test(start_paused = true)]
async fn a_wrong_request_is_answered_with_the_protocols_code() {
    let world = World::new();
    let unknown_sid = "A".repeat(27);
    let table = [
        ("GET", "EIO=4", "0"),
        ("GET", "EIO=4&transport=abc", "0"),
        ("GET", "transport=polling", "5"),
        ("GET", "EIO=abc&transport=polling", "5"),
        ("GET", "EIO=3&transport=websocket", "5"),
        ("POST", "EIO=4&transport=polling", "2"),
        ("PUT", "EIO=4&transport=polling", "2"),
        ("GET", "EIO=4&transport=websocket", "3"),
        ("GET", "EIO=4&transport=polling&sid=abc", "1"),
        ("GET", &format!("EIO=4&transport=polling&sid={unknown_sid}"), "1"),
        ("POST", &format!("EIO=4&transport=polling&sid={unknown_sid}"), "1"),
        ("PUT", &format!("EIO=4&transport=polling&sid={unknown_sid}"), "3"),
        ("GET", "EIO=4&EIO=3&transport=polling", "3"),
        ("GET", "EIO=4&transport=polling&transport=websocket", "3"),
        ("GET", "EIO=4&transport=polling&j=0", "3"),
    ];
    for (method, query, code) in table {
        let (status, body) = world.request(method, query, "").await;
        assert_eq!(status, BAD, "{method} {query}");
        assert!(body.starts_with(&format!("{{\"code\":{code},\"message\":")), "{method} {query}: {body}");
    }
    for query in ["EIO=4&transport=abc", "EIO=3&transport=websocket", "EIO=4&transport=websocket&sid=abc"] {
        assert_eq!(world.open_websocket(query, 1_024).await.err(), Some(BAD), "{query}");
    }
    assert_eq!(world.hub.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn several_packets_go_in_one_payload_both_ways_and_in_order() {
    let world = World::new();
    let client = world.polling_connected("").await;
    let pushed = client.push("420[\"note\",\"1\"]\x1e421[\"note\",\"2\"]\x1e422[\"note\",\"3\"]").await;
    assert_eq!(pushed.1, "ok");
    let mut answers = String::new();
    while answers.matches("43").count() < 3 {
        answers.push_str(&client.poll().await.1);
        answers.push('\x1e');
    }
    assert_eq!(answers, "430[{\"ok\":true}]\x1e431[{\"ok\":true}]\x1e432[{\"ok\":true}]\x1e");
    assert_eq!(*world.desk.seen.lock().unwrap(), ["note 1", "note 2", "note 3"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_poll_is_one_payload_in_order() {
    let mut world = World::new();
    let client = world.polling_connected(r#"{"scopes":["a"]}"#).await;
    for _ in 0..3 {
        world.publish(&["a"]).await;
    }
    let flushed = world.publish_steps(Vec::new()).await;
    flushed.await;
    let (_, payload) = client.poll().await;
    assert_eq!(payload, [said(101), said(102), said(103)].join("\x1e"));
    assert_eq!(world.counts().delivered, 3);
}

#[tokio::test(start_paused = true)]
async fn two_polls_at_once_end_the_session() {
    let world = World::new();
    let client = world.polling_connected("").await;
    let (first, second) = tokio::join!(biased; client.poll(), client.poll());
    assert_eq!(first, (StatusCode::OK, "1".to_owned()));
    assert_eq!(second.0, BAD);
    assert_eq!(client.poll().await.0, BAD);
    assert_eq!(world.left().await, DisconnectReason::ProtocolError);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_poll_ends_the_session() {
    let world = World::new();
    let client = world.polling_connected("").await;
    assert!(tokio::time::timeout(Duration::from_secs(1), client.poll()).await.is_err());
    assert_eq!(world.left().await, DisconnectReason::TransportClosed);
    assert_eq!(client.poll().await.0, BAD);
}

#[tokio::test(start_paused = true)]
async fn a_bad_packet_ends_the_session() {
    for payload in ["abc", "", "4abc", "42/no,[\"a\"]", "bAQ==", "42[\"a\"]\x1e"] {
        let world = World::new();
        let client = world.polling_connected("").await;
        assert_eq!(client.push(payload).await.0, BAD, "{payload}");
        assert_eq!(client.poll().await.0, BAD, "{payload}");
        assert_eq!(world.left().await, DisconnectReason::ProtocolError);

        let mut client = world.connected("").await;
        client.send(payload).await;
        assert_eq!(client.closed().await, Some(1002), "{payload}");
        assert_eq!(world.left().await, DisconnectReason::ProtocolError);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_may_close_by_either_transport() {
    let world = World::new();
    let client = world.polling_connected("").await;
    let (polled, pushed) = tokio::join!(biased; client.poll(), client.push("1"));
    assert_eq!((polled.1.as_str(), pushed.1.as_str()), ("6", "ok"));
    assert_eq!(client.poll().await.0, BAD);
    assert_eq!(world.left().await, DisconnectReason::TransportClosed);

    let mut client = world.connected("").await;
    client.send("1").await;
    assert_eq!(client.closed().await, Some(1000));
    let mut client = world.connected("").await;
    client.send_frame(0x88, &[0x03, 0xE8]).await;
    assert_eq!(client.closed().await, Some(1000));
    let client = world.connected("").await;
    drop(client);
    for _ in 0..3 {
        assert_eq!(world.left().await, DisconnectReason::TransportClosed);
    }
    assert_eq!(world.hub.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn pings_come_every_interval_and_silence_ends_the_session() {
    let world = World::new();
    let mut client = world.connected("").await;
    let start = tokio::time::Instant::now();
    for beat in 1..=3 {
        assert_eq!(client.frame().await.unwrap().1, "2");
        assert_eq!(start.elapsed().as_secs(), beat * 25);
        client.send("3").await;
    }
    assert_eq!(client.frame().await.unwrap().1, "2");
    assert!(client.closed().await.is_some());
    assert_eq!(start.elapsed().as_secs(), 4 * 25 + 20);
    assert_eq!(world.left().await, DisconnectReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_poll_brings_the_ping_and_silence_ends_the_session() {
    let world = World::new();
    let client = world.polling_connected("").await;
    assert_eq!(client.poll().await.1, "2");
    assert_eq!(client.push("3").await.1, "ok");
    assert_eq!(client.poll().await.1, "2");
    assert_eq!(client.poll().await.1, "1");
    assert_eq!(client.poll().await.0, BAD);
    assert_eq!(world.left().await, DisconnectReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_either_layer_is_answered() {
    let world = World::new();
    let mut client = world.connected("").await;
    client.send("2hello").await;
    assert_eq!(client.next().await, "3hello");
    client.send_frame(0x89, b"are you there").await;
    assert_eq!(client.frame().await.unwrap(), (0x8A, "are you there".into()));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_takes_over_what_waits_and_polling_is_refused_after_it() {
    let mut world = World::new();
    let client = world.polling_connected(r#"{"scopes":["a"]}"#).await;
    let mut socket = client.candidate().await;
    socket.send("2probe").await;
    assert_eq!(socket.next().await, "3probe");
    assert_eq!(client.poll().await.1, "6");
    world.publish(&["a"]).await;
    socket.send("5").await;
    assert_eq!(socket.next().await, said(101));
    socket.send("420[\"note\"]").await;
    assert_eq!(socket.next().await, "430[{\"ok\":true}]");

    assert_eq!(client.poll().await.0, BAD);
    assert_eq!(client.push("3").await.0, BAD);
    assert_eq!(client.candidate().await.closed().await, Some(1000));
    world.publish(&["a"]).await;
    assert_eq!(socket.next().await, said(102));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_abandoned_half_way_goes_on_polling() {
    let mut world = World::new();
    let client = world.polling_connected(r#"{"scopes":["a"]}"#).await;
    let mut socket = client.candidate().await;
    socket.send("2probe").await;
    assert_eq!(socket.next().await, "3probe");
    assert_eq!(client.poll().await.1, "6");
    assert!(socket.closed().await.is_some());

    let mut broken = client.candidate().await;
    broken.send("42[\"note\"]").await;
    assert_eq!(broken.closed().await, Some(1002));
    world.publish(&["a"]).await;
    assert_eq!(client.poll().await.1, said(101));
}

/// `socket.io-client` 4.8 stops to poll at the answer to its probe, and does not go back to it when the WebSocket is
/// closed then: it would notice its end only when a ping is overdue.
#[tokio::test(start_paused = true)]
async fn who_is_sent_away_in_the_middle_of_an_upgrade_goes_over_first() {
    let world = World::new();
    let client = world.polling().await;
    let mut socket = client.candidate().await;
    socket.send("2probe").await;
    assert_eq!(socket.next().await, "3probe");
    assert_eq!(client.push("40{\"as\":\"later\"}").await.0, 200);
    assert_eq!(client.poll().await.1, "6");
    assert_eq!(world.hub.connections(), 1);
    socket.send("5").await;
    assert_eq!(socket.closed().await, Some(1001));
    assert_eq!(world.hub.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_is_sent_away_and_gives_up_its_upgrade_is_told_by_polling() {
    let world = World::new();
    let client = world.polling().await;
    let mut socket = client.candidate().await;
    socket.send("2probe").await;
    assert_eq!(socket.next().await, "3probe");
    assert_eq!(client.push("40{\"as\":\"later\"}").await.0, 200);
    assert_eq!(client.poll().await.1, "6");
    socket.send("42[\"note\"]").await;
    assert_eq!(socket.closed().await, Some(1002));
    assert_eq!(client.poll().await.0, BAD, "its session is gone");
    assert_eq!(world.hub.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_is_sent_away_while_it_connects_is_shown_nothing_before_it_goes() {
    let mut world = World::with(HubConfig { scopes_per_room_max: 1, ..config() });
    let client = world.polling().await;
    let mut socket = client.candidate().await;
    socket.send("2probe").await;
    assert_eq!(socket.next().await, "3probe");
    assert_eq!(client.push(r#"40{"scopes":["a","b"]}"#).await.0, 200);
    assert_eq!(world.left().await, DisconnectReason::Unavailable);
    world.publish(&["a"]).await;
    assert_eq!(client.poll().await.1, "6");
    socket.send("5").await;
    assert_eq!(socket.closed().await, Some(1001));
}

#[tokio::test(start_paused = true)]
async fn a_session_without_a_namespace_ends() {
    let world = World::new();
    let mut client = world.websocket().await;
    let start = tokio::time::Instant::now();
    assert_eq!(client.frame().await.unwrap().1, "2");
    client.send("3").await;
    assert!(client.closed().await.is_some());
    assert_eq!(start.elapsed().as_secs(), 45);
}

#[tokio::test(start_paused = true)]
async fn fragments_and_violations_of_the_websocket_are_told_apart() {
    let world = World::new();
    let mut client = world.connected("").await;
    client.send_frame(0x01, b"420[\"no").await;
    client.send_frame(0x80, b"te\"]").await;
    assert_eq!(client.next().await, "430[{\"ok\":true}]");
    client.send_frame(0x80, b"continues nothing").await;
    assert_eq!(client.closed().await, Some(1002));
    let mut client = world.connected("").await;
    client.send_frame(0x81, &[0xFF]).await;
    assert_eq!(client.closed().await, Some(1007));
}

#[tokio::test(start_paused = true)]
async fn parameters_may_be_percent_encoded() {
    let world = World::new();
    let (status, body) = world.request("GET", "EIO=%34&transport=%70olling&x=%", "").await;
    assert_eq!((status, body.chars().next()), (StatusCode::OK, Some('0')));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_opening_of_a_websocket_is_refused_and_the_version_named() {
    let world = World::new();
    let opening = world.opening("EIO=4&transport=websocket");
    let table = [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", true),
        ("Sec-WebSocket-Version: 13\r\n", "", true),
        ("dGhlIHNhbXBsZSBub25jZQ==", "abc=", false),
        ("dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAA", false),
        ("Sec-WebSocket-Key: ", "Sec-WebSocket-Key: x\r\nSec-WebSocket-Key: ", false),
        ("Connection: keep-alive, Upgrade", "Connection: keep-alive", false),
    ];
    for (right, wrong, names_version) in table {
        let mut client = world.pipe(1_024);
        client.io.write_all(opening.replace(right, wrong).as_bytes()).await.unwrap();
        let head = client.http_head().await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{wrong}: {head}");
        assert_eq!(head.contains("sec-websocket-version: 13\r\n"), names_version, "{wrong}: {head}");
    }
    assert_eq!(world.hub.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_close_is_answered_with_its_own_code() {
    let world = World::new();
    for (payload, code) in
        [(&b"\x13\x87bye"[..], Some(4999)), (b"\x03\xe8", Some(1000)), (b"\x03\xed", Some(1002))]
    {
        let mut client = world.connected("").await;
        client.send_frame(0x88, payload).await;
        assert_eq!(client.closed().await, code, "{payload:?}");
    }
    let mut client = world.connected("").await;
    client.send_frame(0x88, b"").await;
    assert_eq!(client.frame().await, Some((0x88, Bytes::new())));
}
