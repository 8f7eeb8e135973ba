//! Socket.IO 5: namespaces, acks, the order of events, the application's refusals and faults.

use crate::fixture::World;
use std::time::Duration;
use waypost_realtime::DisconnectReason;

#[tokio::test(start_paused = true)]
async fn the_reply_has_exactly_a_sid_and_the_greeting_the_head() {
    let world = World::new();
    let mut client = world.websocket().await;
    client.send("40").await;
    let reply: serde_json::Value = serde_json::from_str(&client.next().await[2..]).unwrap();
    let id = reply["sid"].as_str().unwrap();
    assert_eq!((reply.as_object().unwrap().len(), id.len()), (1, 20));
    let greeting = client.next().await;
    assert_eq!(greeting, format!("42[\"connected\",{{\"head\":\"e.100.c\",\"id\":\"{id}\"}},\"e.100.c\"]"));
}

#[tokio::test(start_paused = true)]
async fn several_namespaces_live_on_one_connection() {
    let world = World::new();
    let mut client = world.connected("").await;
    client.send("40/websocket,{\"offsets\":false}").await;
    assert!(client.next().await.starts_with("40/websocket,{\"sid\":\""));
    assert!(client.next().await.ends_with("\"}]"), "no trailing offset was asked for");
    client.send("42/websocket,7[\"note\",\"a\"]").await;
    assert_eq!(client.next().await, "43/websocket,7[{\"ok\":true}]");
    client.send("41/websocket,").await;
    assert_eq!(world.left().await, DisconnectReason::ClientDisconnected);
    client.send("420[\"note\",\"b\"]").await;
    assert_eq!(client.next().await, "430[{\"ok\":true}]");
    assert_eq!(world.counts().sockets, 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_say_why_and_leave_the_connection() {
    let world = World::new();
    let mut client = world.websocket().await;
    client.send("40/no,").await;
    assert_eq!(client.next().await, "44/no,{\"message\":\"Invalid namespace\"}");
    client.send("40{\"as\":\"nobody\"}").await;
    assert_eq!(client.next().await, "44{\"message\":\"no \\\"one\\\"\",\"data\":{\"code\":\"nobody\"}}");
    client.connect("").await;
}

#[tokio::test(start_paused = true)]
async fn what_the_application_cannot_decide_closes_the_transport() {
    let world = World::new();
    for (who, seconds) in [("later", 0), ("never", 10), ("bug", 0)] {
        let mut client = world.websocket().await;
        let start = tokio::time::Instant::now();
        client.send(&format!("40{{\"as\":\"{who}\"}}")).await;
        assert_eq!(client.closed().await, Some(1001), "{who}");
        assert_eq!(start.elapsed().as_secs(), seconds, "{who}");
    }
    assert_eq!(world.hub.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_was_left_meanwhile_is_forgotten() {
    let world = World::new();
    let mut client = world.websocket().await;
    client.send("40{\"as\":\"never\"}").await;
    client.send("41").await;
    client.connect("").await;
    assert_eq!(world.counts().sockets, 1);
}

#[tokio::test(start_paused = true)]
async fn events_of_a_socket_are_handled_one_by_one_in_order() {
    let world = World::new();
    let mut client = world.connected("").await;
    client.send("42[\"hold\"]").await;
    for number in 0..10 {
        client.send(&format!("42{number}[\"note\",\"{number}\"]")).await;
    }
    let silence = tokio::time::timeout(Duration::from_secs(5), client.frame()).await;
    assert!(silence.is_err() && world.desk.seen.lock().unwrap().is_empty());
    world.desk.gate.0.add_permits(1);
    for number in 0..10 {
        assert_eq!(client.next().await, format!("43{number}[{{\"ok\":true}}]"));
    }
    let seen = world.desk.seen.lock().unwrap();
    assert_eq!((seen.len(), seen[0].as_str(), seen[10].as_str()), (11, "hold", "note 9"));
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_application_harms_nothing_else() {
    let world = World::new();
    let mut client = world.connected("").await;
    client.send("42[\"bug\"]").await;
    client.send("421[\"note\"]").await;
    assert_eq!(client.next().await, "431[{\"ok\":true}]");
}

#[tokio::test(start_paused = true)]
async fn the_server_may_disconnect_a_socket_and_keep_the_connection() {
    let world = World::new();
    let mut client = world.connected("").await;
    client.send("42[\"kick\"]").await;
    assert_eq!(client.next().await, "41");
    assert_eq!(world.left().await, DisconnectReason::ServerDisconnected);
    client.send("42[\"note\"]").await;
    client.connect("").await;
    assert_eq!(*world.desk.seen.lock().unwrap(), ["kick"]);
}

#[tokio::test(start_paused = true)]
async fn an_emit_goes_to_its_socket_alone() {
    let world = World::new();
    let mut client = world.connected("").await;
    client.send("425[\"whisper\"]").await;
    assert_eq!(client.next().await, "42[\"whispered\",{\"ok\":true}]");
    assert_eq!(client.next().await, "435[{\"ok\":true}]");
}
