//! Peers that mean harm, or are broken: each is bounded and closed with the right code, and nobody else notices.

use crate::fixture::{World, config, said};
use http::StatusCode;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use waypost_realtime::{DisconnectReason, HubConfig};
use waypost_testkit::hub_client::{Client, PIPE_BYTES, client_frame};

const AUTH: &str = r#"{"scopes":["all"]}"#;

/// A hub with somebody on it who means no harm.
struct Scene {
    world: World,
    other: Client,
}

impl Scene {
    async fn with(config: HubConfig) -> Scene {
        let world = World::with(config);
        let other = world.connected(AUTH).await;
        Scene { world, other }
    }

    async fn new() -> Scene {
        Scene::with(config()).await
    }

    /// The other one is still there, alone, and is shown what is published.
    async fn is_unharmed(&mut self) {
        let number = self.world.publish(&["all"]).await;
        assert_eq!(self.other.next().await, said(number));
        assert_eq!(self.world.hub.connections(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_packets_in_one_payload_close_before_the_first_is_taken() {
    let mut scene = Scene::new().await;
    let client = scene.world.polling_connected("").await;
    let payload = vec!["42[\"note\"]"; 10_000].join("\x1e");
    assert_eq!(client.push(payload).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(scene.world.left().await, DisconnectReason::ProtocolError);
    assert!(scene.world.desk.seen.lock().unwrap().is_empty());
    scene.is_unharmed().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_packets_by_websocket_are_taken_at_the_pace_of_the_application() {
    let mut scene = Scene::new().await;
    let mut client = scene.world.connected("").await;
    let burst = client_frame(0x81, b"42[\"note\"]").repeat(10_000);
    client.io.write_all(&burst).await.unwrap();
    while scene.world.desk.seen.lock().unwrap().len() < 10_000 {
        tokio::task::yield_now().await;
    }
    drop(client);
    scene.world.left().await;
    scene.is_unharmed().await;
}

#[tokio::test(start_paused = true)]
async fn a_giant_frame_is_refused_by_its_header() {
    let mut scene = Scene::new().await;
    for length in [1_000_001, u64::from(u32::MAX), u64::MAX >> 1] {
        let mut client = scene.world.connected("").await;
        let header = [&[0x82, 0xFF][..], &length.to_be_bytes(), &[0; 4]].concat();
        client.io.write_all(&header).await.unwrap();
        assert_eq!(client.closed().await, Some(1009), "{length}");
        assert_eq!(scene.world.left().await, DisconnectReason::ProtocolError);
    }
    scene.is_unharmed().await;
}

#[tokio::test(start_paused = true)]
async fn fragments_without_end_close_when_they_are_too_long_together() {
    let mut scene = Scene::with(HubConfig { payload_bytes_max: 10_000, ..config() }).await;
    let mut client = scene.world.connected("").await;
    client.send_frame(0x01, &[b'4'; 1_000]).await;
    for _ in 0..9 {
        client.send_frame(0x00, &[b'4'; 1_000]).await;
    }
    client.send_frame(0x89, b"still open").await;
    assert_eq!(client.frame().await, Some((0x8A, "still open".into())));
    client.send_frame(0x00, b"4").await;
    assert_eq!(client.closed().await, Some(1009));
    assert_eq!(scene.world.left().await, DisconnectReason::ProtocolError);
    scene.is_unharmed().await;
}

#[tokio::test(start_paused = true)]
async fn empty_fragments_without_end_last_no_longer_than_the_ping_timeout() {
    let scene = Scene::new().await;
    let mut client = scene.world.connected("").await;
    let start = Instant::now();
    client.send_frame(0x01, b"").await;
    let fragments = client_frame(0x00, b"").repeat(1_000);
    while client.io.write_all(&fragments).await.is_ok() {
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    assert_eq!(start.elapsed().as_secs(), 45, "a ping cannot be answered inside a message of text");
    assert_eq!(scene.world.left().await, DisconnectReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_never_ends_is_closed_by_the_ping_timeout() {
    let mut scene = Scene::new().await;
    let mut client = scene.world.connected("").await;
    let start = Instant::now();
    client.io.write_all(&client_frame(0x81, &[b'4'; 900])[..400]).await.unwrap();
    let mut drip = tokio::time::interval(Duration::from_secs(1));
    let drips = async {
        loop {
            drip.tick().await;
            if client.io.write_all(b"4").await.is_err() {
                return;
            }
        }
    };
    let other = async {
        while start.elapsed().as_secs() < 46 {
            assert_eq!(scene.other.frame().await, Some((0x81, "2".into())));
            scene.other.send("3").await;
        }
    };
    tokio::join!(drips, other);
    assert_eq!(scene.world.left().await, DisconnectReason::PingTimeout);
    scene.is_unharmed().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_answered_408() {
    let mut scene = Scene::new().await;
    let polling = scene.world.polling_connected("").await;
    let mut client = scene.world.pipe(PIPE_BYTES);
    let head = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={} HTTP/1.1\r\nHost: test\r\nContent-Length: 500\r\n\r\n42",
        polling.sid
    );
    client.io.write_all(head.as_bytes()).await.unwrap();
    let start = Instant::now();
    assert!(client.http_head().await.starts_with("HTTP/1.1 408 "));
    assert_eq!(start.elapsed().as_secs(), 30);
    polling.push("1").await;
    scene.is_unharmed().await;
}

#[tokio::test(start_paused = true)]
async fn attachments_are_bounded_together() {
    let mut scene = Scene::with(HubConfig { attachments_bytes_max: 1_000, ..config() }).await;
    let announcement = "452-[\"note\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    let mut client = scene.world.connected("").await;
    client.send(announcement).await;
    client.send_frame(0x82, &[0; 600]).await;
    client.send_frame(0x82, &[0; 600]).await;
    assert_eq!(client.closed().await, Some(1002));
    assert_eq!(scene.world.left().await, DisconnectReason::ProtocolError);
    let client = scene.world.polling_connected("").await;
    let long = "A".repeat(1_600);
    assert_eq!(client.push(format!("{announcement}\x1eb{long}")).await.0, StatusCode::BAD_REQUEST);
    scene.world.left().await;
    scene.is_unharmed().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_costs_its_queues_and_no_more() {
    let mut scene = Scene::with(HubConfig { control_queue_bytes_max: 10_000, ..config() }).await;
    let mut client = scene.world.connected_by_narrow_pipe("", 1_000).await;
    let echo = client_frame(0x81, format!("2{}", "x".repeat(500)).as_bytes());
    let mut sent = 0;
    while client.io.write_all(&echo).await.is_ok() {
        sent += 1;
        assert!(sent < 100, "what is sent back is bounded");
    }
    assert_eq!(scene.world.left().await, DisconnectReason::Slow);
    scene.is_unharmed().await;
}

#[tokio::test(start_paused = true)]
async fn many_candidates_for_one_session_are_refused_but_the_first() {
    let mut scene = Scene::new().await;
    let client = scene.world.polling_connected("").await;
    let mut first = client.candidate().await;
    for _ in 0..100 {
        assert_eq!(client.candidate().await.closed().await, Some(1000));
    }
    first.send("2probe").await;
    assert_eq!(first.next().await, "3probe");
    first.send("5").await;
    first.send("420[\"note\"]").await;
    assert_eq!(first.next().await, "430[{\"ok\":true}]");
    drop(first);
    scene.world.left().await;
    scene.is_unharmed().await;
}
