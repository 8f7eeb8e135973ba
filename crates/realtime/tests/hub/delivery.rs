//! Who gets which event: scopes, rooms, binding, order, once each.

use crate::fixture::{World, args_of, event, said};
use waypost_realtime::{Audience, Emit, PublishError, PublishStep, Scope, SocketId};

/// A number that no other socket of the test has seen: the next message, being it, proves that nothing came before.
async fn publish_to_all(world: &mut World) -> String {
    said(world.publish(&["all"]).await)
}

#[tokio::test(start_paused = true)]
async fn several_matching_scopes_make_one_copy() {
    let mut world = World::new();
    let mut client = world.connected(r#"{"scopes":["a","b","all"]}"#).await;
    client.send("420[\"join\",\"again\",\"a\",\"c\"]").await;
    assert_eq!(client.next().await, "430[{\"head\":\"e.100.c\"}]");
    world.publish(&["a", "b", "c"]).await;
    assert_eq!(client.next().await, said(101));
    let last = publish_to_all(&mut world).await;
    assert_eq!(client.next().await, last);
    assert_eq!((world.counts().published, world.counts().delivered), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn one_body_serves_both_kinds_of_client() {
    let mut world = World::new();
    let mut stock = world.connected(r#"{"scopes":["a"]}"#).await;
    let mut plain = world.connected(r#"{"scopes":["a"],"offsets":false}"#).await;
    world.publish_body(&["a"], r#"{"text":"é"}"#).await;
    assert_eq!(stock.next().await, r#"42["said",{"text":"é","offset":"e.101.c"},"e.101.c"]"#);
    assert_eq!(plain.next().await, r#"42["said",{"text":"é","offset":"e.101.c"}]"#);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_left_keeps_the_scopes_of_the_others() {
    let mut world = World::new();
    let mut client = world.connected(r#"{"scopes":["all"]}"#).await;
    client.send("42[\"join\",\"one\",\"a\",\"b\"]").await;
    client.send("42[\"join\",\"two\",\"b\"]").await;
    client.send("420[\"leave\",\"one\"]").await;
    assert_eq!(client.next().await, "430[{\"ok\":true}]");
    world.publish(&["a"]).await;
    world.publish(&["b"]).await;
    assert_eq!(client.next().await, said(102));
    client.send("421[\"leave\",\"two\"]").await;
    assert_eq!(client.next().await, "431[{\"ok\":true}]");
    world.publish(&["b"]).await;
    let last = publish_to_all(&mut world).await;
    assert_eq!(client.next().await, last);
}

#[tokio::test(start_paused = true)]
async fn a_binding_counts_from_the_event_after_it() {
    let mut world = World::new();
    let mut client = world.connected("").await;
    client.send("420[\"join\",\"whom\",\"name:x\"]").await;
    client.next().await;
    let bind = PublishStep::Bind { from: Scope::new("name:x"), to: Scope::new("customer:1") };
    let steps = vec![
        event(101, &["customer:1"], "{}"),
        bind,
        event(102, &["customer:1"], "{}"),
        event(103, &["name:x"], "{}"),
        event(104, &["customer:1"], "{}"),
    ];
    world.publish_steps(steps).await.await;
    assert_eq!(client.next().await, said(102));
    assert_eq!(client.next().await, said(104));
    client.send("421[\"leave\",\"whom\"]").await;
    assert_eq!(client.next().await, "431[{\"ok\":true}]");
    world.publish_steps(vec![event(105, &["customer:1"], "{}")]).await.await;
    assert_eq!(world.counts().delivered, 2);
}

#[tokio::test(start_paused = true)]
async fn every_socket_sees_rising_offsets_and_nothing_from_before_it() {
    let mut world = World::new();
    let mut early = world.connected(r#"{"scopes":["all"]}"#).await;
    for _ in 0..300 {
        world.publish(&["all"]).await;
    }
    let mut late = world.connected(r#"{"scopes":["all"]}"#).await;
    // What was published before is shown to nobody, the number being what counts.
    world.publish_steps(vec![event(250, &["all"], "{\"old\":1}"), event(400, &["all"], "{\"old\":1}")]).await;
    let gap = world.publisher.publish(vec![event(401, &["all"], "{}"), event(403, &["all"], "{}")]).await;
    assert_eq!(gap.unwrap_err(), PublishError::NotNext { head: 401, got: 403 });
    for _ in 0..300 {
        world.publish(&["all"]).await;
    }
    for number in 101..=700 {
        assert_eq!(early.next().await, said(number));
    }
    for number in 401..=700 {
        assert_eq!(late.next().await, said(number));
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_answers_the_head_it_counts_from() {
    let mut world = World::new();
    let mut client = world.connected("").await;
    world.publish(&["a"]).await;
    client.send("420[\"join\",\"room\",\"a\"]").await;
    assert_eq!(client.next().await, "430[{\"head\":\"e.101.c\"}]");
    world.publish(&["a"]).await;
    assert_eq!(client.next().await, said(102));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_joined_again_gets_nothing_of_the_one_before() {
    let mut world = World::new();
    let mut client = world.connected_by_narrow_pipe(r#"{"scopes":["all"]}"#, 400).await;
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(300));
    for _ in 0..5 {
        world.publish_body(&["all"], &body).await;
    }
    client.send("41").await;
    assert_eq!(world.left().await, waypost_realtime::DisconnectReason::ClientDisconnected);
    client.send("40{\"scopes\":[\"all\"]}").await;
    world.publish(&["none"]).await;
    let mut texts = Vec::new();
    while !texts.last().is_some_and(|text: &String| text.starts_with("42[\"connected\"")) {
        texts.push(client.next().await);
    }
    assert!(texts.len() < 5 + 2, "{texts:?}");
    let last = publish_to_all(&mut world).await;
    assert_eq!(client.next().await, last);
}

#[tokio::test(start_paused = true)]
async fn an_emit_reaches_its_audience_once_except_whom_it_leaves_out() {
    let world = World::new();
    let mut a = world.websocket().await;
    a.connect(r#"{"scopes":["x","y"]}"#).await;
    let mut b = world.websocket().await;
    let greeting = b.connect(r#"{"scopes":["x"]}"#).await;
    let mut c = world.connected("").await;
    let emit = |to, except: Vec<SocketId>, n: u64| Emit {
        to,
        except,
        name: "noted".into(),
        args: args_of(&serde_json::json!({ "n": n })),
    };
    let both = || Audience::Scopes(vec![Scope::new("x"), Scope::new("y")]);
    world.hub.emit(emit(both(), Vec::new(), 1)).await.unwrap();
    world.hub.emit(emit(Audience::Everyone, Vec::new(), 2)).await.unwrap();
    for (client, seen) in [(&mut a, vec![1, 2]), (&mut b, vec![1, 2]), (&mut c, vec![2])] {
        for n in seen {
            assert_eq!(client.next().await, format!("42[\"noted\",{{\"n\":{n}}}]"), "{greeting}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_flushed_when_every_shard_has_written_it() {
    let mut world = World::new();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(world.connected(r#"{"scopes":["all"]}"#).await);
    }
    world.publish_steps(vec![event(101, &["all"], "{}")]).await.await;
    assert_eq!(world.counts().delivered, 4);
    for client in &mut clients {
        assert_eq!(client.next().await, said(101));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_left_out_is_so_by_any_of_its_rooms() {
    let mut world = World::new();
    let mut both = world.connected(r#"{"scopes":["team","agent"]}"#).await;
    let mut team = world.connected(r#"{"scopes":["team"]}"#).await;
    let PublishStep::Event(mut left_out) = event(101, &["team"], "{}") else { unreachable!() };
    left_out.except = vec![Scope::new("agent")];
    world.publish_steps(vec![PublishStep::Event(left_out), event(102, &["team"], "{}")]).await;
    assert_eq!(team.next().await, said(101));
    assert_eq!((team.next().await, both.next().await), (said(102), said(102)));
    let mut late = world.connected(r#"{"scopes":["team","agent"],"after":100}"#).await;
    assert_eq!(late.next().await, said(102));
}

#[tokio::test(start_paused = true)]
async fn a_masked_socket_is_shown_the_masked_body_live_and_later() {
    let mut world = World::new();
    let mut full = world.connected(r#"{"scopes":["all"]}"#).await;
    let mut masked = world.connected(r#"{"scopes":["all"],"masked":true}"#).await;
    world.publish_body(&["all"], r#"{"number":"1"}"#).await;
    let mut late = world.connected(r#"{"scopes":["all"],"masked":true,"offsets":false,"after":100}"#).await;
    assert_eq!(full.next().await, r#"42["said",{"number":"1","offset":"e.101.c"},"e.101.c"]"#);
    assert_eq!(masked.next().await, r#"42["said",{"masked":true,"offset":"e.101.c"},"e.101.c"]"#);
    assert_eq!(late.next().await, r#"42["said",{"masked":true,"offset":"e.101.c"}]"#);
}
