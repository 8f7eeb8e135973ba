//! What happens at each limit: full tables, slow clients, floods, the drain.

use crate::fixture::{World, args_of, config, event, said};
use http::StatusCode;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use waypost_realtime::{Audience, DisconnectReason, Emit, HubConfig};

const AUTH: &str = r#"{"scopes":["all"]}"#;

fn long_body() -> String {
    format!("{{\"text\":\"{}\"}}", "x".repeat(400))
}

#[tokio::test(start_paused = true)]
async fn a_full_table_refuses_with_503_until_somebody_leaves() {
    let world = World::with(HubConfig { connections_max: 2, ..config() });
    let first = world.connected("").await;
    let _second = world.connected("").await;
    assert_eq!(world.hub.connections(), 2);
    let (status, _) = world.request("GET", "EIO=4&transport=polling", "").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let refused = world.open_websocket("EIO=4&transport=websocket", 1_024).await;
    assert_eq!(refused.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(world.counts().handshakes_refused, 2);
    drop(first);
    world.left().await;
    world.connected("").await;
}

#[tokio::test(start_paused = true)]
async fn too_many_rooms_or_scopes_are_refused_and_change_nothing() {
    let world = World::with(HubConfig { rooms_per_socket_max: 2, scopes_per_room_max: 2, ..config() });
    let mut client = world.connected(AUTH).await;
    let table = [
        ("[\"join\",\"b\",\"1\",\"2\",\"3\"]", "{\"error\":\"scopes\"}"),
        ("[\"join\",\"b\",\"1\"]", "{\"head\":\"e.100.c\"}"),
        ("[\"join\",\"c\",\"1\"]", "{\"error\":\"rooms\"}"),
        ("[\"join\",\"b\",\"2\"]", "{\"head\":\"e.100.c\"}"),
    ];
    for (event, answer) in table {
        client.send(&format!("420{event}")).await;
        assert_eq!(client.next().await, format!("430[{answer}]"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_closed_after_the_stall_timeout() {
    let mut world = World::with(HubConfig { stall_timeout: Duration::from_secs(7), ..config() });
    let _slow = world.connected_by_narrow_pipe(AUTH, 300).await;
    let start = tokio::time::Instant::now();
    world.publish_body(&["all"], &long_body()).await;
    assert_eq!(world.left().await, DisconnectReason::Slow);
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn control_overtakes_the_journal_between_frames() {
    let mut world = World::new();
    let mut client = world.connected_by_narrow_pipe(AUTH, 600).await;
    for _ in 0..10 {
        world.publish_body(&["all"], &long_body()).await;
    }
    client.send("427[\"note\"]").await;
    while world.desk.seen.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    world.publish_steps(Vec::new()).await.await;
    let mut offsets = Vec::new();
    let mut before_ack = None;
    while offsets.len() < 10 {
        let text = client.next().await;
        match text.as_str() {
            "437[{\"ok\":true}]" => before_ack = Some(offsets.len()),
            event => offsets.push(event[event.len() - 6..event.len() - 3].to_owned()),
        }
    }
    assert!(before_ack.is_some_and(|count| (1..=3).contains(&count)), "{before_ack:?}");
    assert!(offsets.is_sorted(), "{offsets:?}");
}

#[tokio::test(start_paused = true)]
async fn of_volatile_events_the_newest_win() {
    let mut world = World::with(HubConfig { volatile_queue_events_max: 2, ..config() });
    let mut client = world.connected_by_narrow_pipe(AUTH, 300).await;
    world.publish_body(&["all"], &long_body()).await;
    for n in 0..5 {
        let args = args_of(&serde_json::json!({ "n": n }));
        let emit = Emit { to: Audience::Everyone, except: Vec::new(), name: "noted".into(), args };
        world.hub.emit(emit).await.unwrap();
    }
    world.publish_steps(Vec::new()).await.await;
    assert!(client.next().await.starts_with("42[\"said\""));
    assert_eq!(client.next().await, "42[\"noted\",{\"n\":3}]");
    assert_eq!(client.next().await, "42[\"noted\",{\"n\":4}]");
    assert_eq!(world.counts().volatile_dropped, 3);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_control_closes() {
    let world = World::with(HubConfig { control_queue_bytes_max: 2_000, ..config() });
    let mut client = world.connected_by_narrow_pipe("", 600).await;
    while world.hub.connections() > 0 {
        client.send(&format!("2{}", "x".repeat(100))).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(world.left().await, DisconnectReason::Slow);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_events_is_held_back_and_loses_none() {
    let world = World::with(HubConfig { inbound_events_max: 3, ..config() });
    let client = world.polling_connected("").await;
    let payload: Vec<String> = (0..10).map(|n| format!("42[\"note\",\"{n}\"]")).collect();
    let flood = format!("42[\"hold\"]\x1e{}", payload.join("\x1e"));
    let push = client.push(&flood);
    tokio::pin!(push);
    assert!(
        tokio::time::timeout(Duration::from_secs(5), &mut push).await.is_err(),
        "held while too many wait"
    );
    world.desk.gate.0.add_permits(1);
    assert_eq!(push.await.1, "ok");
    while world.desk.seen.lock().unwrap().len() < 11 {
        tokio::task::yield_now().await;
    }

    let mut client = world.connected("").await;
    client.send("42[\"hold\"]").await;
    for n in 0..2_000 {
        let sent =
            tokio::time::timeout(Duration::from_millis(1), client.send(&format!("42[\"note\",\"{n:060}\"]")))
                .await;
        if sent.is_err() {
            return assert!(n > 3);
        }
    }
    panic!("the pipe was never full: the flood was read");
}

#[tokio::test(start_paused = true)]
async fn payloads_over_their_limits_are_refused() {
    let config = HubConfig { payload_bytes_max: 1_000, payload_packets_max: 3, ..config() };
    let world = World::with(config);
    let client = world.polling_connected("").await;
    assert_eq!(client.push(&"4".repeat(1_001)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(client.push("3\x1e3\x1e3\x1e3").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.left().await, DisconnectReason::ProtocolError);
    let mut client = world.connected("").await;
    client.send(&"4".repeat(1_001)).await;
    assert_eq!(client.closed().await, Some(1009));
}

#[tokio::test(start_paused = true)]
async fn a_polling_answer_is_cut_at_its_limit_between_packets() {
    let mut world = World::with(HubConfig { payload_bytes_max: 1_000, ..config() });
    let client = world.polling_connected(AUTH).await;
    for _ in 0..5 {
        world.publish_body(&["all"], &long_body()).await;
    }
    world.publish_steps(Vec::new()).await.await;
    let mut counts = Vec::new();
    while counts.iter().sum::<usize>() < 5 {
        counts.push(client.poll().await.1.split('\x1e').count());
    }
    assert_eq!(counts, [2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_spreads_the_closes_and_refuses_newcomers() {
    let mut world = World::with(HubConfig { shards: 1, ..config() });
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(world.connected(AUTH).await);
    }
    let start = tokio::time::Instant::now();
    let hub = world.hub.clone();
    let drain = hub.drain(Duration::from_secs(8));
    let watch = async {
        let mut ends = Vec::new();
        for client in &mut clients {
            while let Some((first, payload)) = client.frame().await {
                assert_ne!(payload, "41", "a DISCONNECT would keep stock clients away");
                assert!(first == 0x88 || payload == "2" || payload == said(101));
            }
            ends.push(start.elapsed().as_secs());
        }
        ends
    };
    let newcomer = async {
        let (status, _) = world.request("GET", "EIO=4&transport=polling", "").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    };
    let ((), ends, ()) = tokio::join!(biased; drain, watch, newcomer);
    assert_eq!(ends, [2, 4, 6, 8]);
    assert_eq!(world.hub.connections(), 0);
    assert_eq!(*world.desk.left.lock().unwrap(), [DisconnectReason::Drained; 4]);
    assert!(world.publisher.publish(vec![event(101, &["all"], "{}")]).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_a_client_buffered_while_it_was_offline_may_come_at_once() {
    let world = World::new();
    let client = world.polling_connected("").await;
    let payload = vec!["42[\"note\"]"; 5_000].join("\x1e");
    assert_eq!(client.push(payload).await, (StatusCode::OK, "ok".to_owned()));
    while world.desk.seen.lock().unwrap().len() < 5_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_body_is_no_long_one() {
    let world = World::new();
    let polling = world.polling_connected("").await;
    let mut client = world.pipe(1_024);
    let head = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
        polling.sid
    );
    client.io.write_all(head.as_bytes()).await.unwrap();
    assert!(client.http_head().await.starts_with("HTTP/1.1 400 "));
}
