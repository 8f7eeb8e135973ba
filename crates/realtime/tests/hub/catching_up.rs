//! Sockets that are behind: they were slow, or begin in the past. Each gets what it missed, once and in order.

use crate::fixture::{World, config, event, said};
use std::time::Duration;
use waypost_realtime::{DisconnectReason, HubConfig, PublishStep, Scope};
use waypost_testkit::hub_client::{Client, pass, settle};

const AUTH: &str = r#"{"scopes":["all"]}"#;

fn long_body() -> String {
    format!("{{\"text\":\"{}\"}}", "x".repeat(400))
}

fn after(number: u64) -> String {
    format!("{{\"scopes\":[\"all\"],\"after\":{number}}}")
}

/// A ring of four events and pages of three, so that most of what is missed comes from the journal.
fn small() -> HubConfig {
    HubConfig { ring_events_max: 4, page_events_max: 3, journal_queue_events_max: 3, ..config() }
}

async fn assert_gets(client: &mut Client, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let text = client.next().await;
        assert!(text.ends_with(&format!("\"e.{number}.c\"]")), "{text} instead of {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_socket_reads_on_where_it_was_and_the_others_notice_nothing() {
    for config in [small(), HubConfig { journal_queue_events_max: 10, ..config() }] {
        let mut world = World::with(config);
        let mut slow = world.connected_by_narrow_pipe(AUTH, 1_024).await;
        let mut brisk = world.connected(AUTH).await;
        for number in 101..=150 {
            world.publish_body(&["all"], &long_body()).await;
            assert_gets(&mut brisk, number..=number).await;
        }
        assert_gets(&mut slow, 101..=150).await;
        settle().await;
        let counts = world.counts();
        assert_eq!((counts.slow_closed, counts.connections), (0, 2));
        assert!(counts.fell_behind >= 1 && counts.fell_behind == counts.caught_up, "{counts:?}");
        let next = world.publish(&["all"]).await;
        assert_eq!((slow.next().await, brisk.next().await), (said(next), said(next)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_published_while_a_page_is_read_follows_it() {
    let mut world = World::with(small());
    for _ in 0..20 {
        world.publish(&["all"]).await;
    }
    world.desk.pages.0.forget_permits(usize::MAX);
    let mut client = world.websocket().await;
    client.connect(&after(105)).await;
    for _ in 0..20 {
        world.desk.pages.0.add_permits(1);
        world.publish(&["all"]).await;
        settle().await;
    }
    assert_gets(&mut client, 106..=140).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_begins_in_the_past_gets_the_bytes_that_others_got_live() {
    for (config, offsets) in [(small(), true), (small(), false), (config(), true), (config(), false)] {
        let mut world = World::with(config);
        let auth = |rest: &str| format!("{{\"scopes\":[\"all\"],\"offsets\":{offsets}{rest}}}");
        let mut live = world.connected(&auth("")).await;
        for _ in 0..20 {
            world.publish_body(&["other", "all"], r#"{"text":"é"}"#).await;
        }
        let mut shown = Vec::new();
        for _ in 0..20 {
            shown.push(live.next().await);
        }
        let mut late = world.websocket().await;
        late.connect(&auth(",\"after\":110")).await;
        for text in &shown[10..] {
            assert_eq!(&late.next().await, text);
        }
        let mut late = world.polling_connected(&auth(",\"after\":110")).await;
        let mut polled = Vec::new();
        while polled.len() < 10 {
            let (_, payload) = late.poll().await;
            polled.extend(payload.split('\x1e').map(str::to_owned));
        }
        assert_eq!(polled, shown[10..]);
        late = world.polling_connected(&auth("")).await;
        let next = world.publish(&["all"]).await;
        assert!(late.poll().await.1.contains(&format!("\"e.{next}.c\"")), "the one before was the last");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_is_cut_at_any_byte_goes_on_without_a_hole_or_a_copy() {
    let mut world = World::with(small());
    for _ in 0..12 {
        world.publish(&["all"]).await;
    }
    let frame_bytes = said(101).len() + 2;
    for cut in 0..=12 * frame_bytes {
        let mut client = world.websocket().await;
        client.connect(&after(100)).await;
        let received = client.read_exactly(cut).await;
        drop(client);
        let whole = received.len() / frame_bytes;
        for (number, frame) in (101..).zip(received.chunks_exact(frame_bytes)) {
            assert_eq!(&frame[2..], said(number).as_bytes());
        }
        let mut client = world.websocket().await;
        client.connect(&after(100 + whole as u64)).await;
        assert_gets(&mut client, 101 + whole as u64..=112).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_the_past_only_what_a_room_had_since_it_was_joined_is_shown() {
    let mut world = World::with(small());
    for _ in 0..20 {
        world.publish(&["all"]).await;
    }
    let mut client = world.websocket().await;
    client.connect(r#"{"scopes":["all"],"after":105,"from":117}"#).await;
    assert_gets(&mut client, 118..=120).await;
    client.send("420[\"join\",\"more\",\"b\"]").await;
    assert_eq!(client.next().await, "430[{\"head\":\"e.120.c\"}]");
    world.publish(&["b"]).await;
    assert_eq!(client.next().await, said(121));
}

#[tokio::test(start_paused = true)]
async fn a_room_from_ahead_of_the_head_waits_for_its_position() {
    let mut world = World::with(small());
    let mut client = world.websocket().await;
    client.connect(r#"{"scopes":["all"],"after":103,"from":105}"#).await;
    for _ in 0..7 {
        world.publish(&["all"]).await;
    }
    assert_gets(&mut client, 106..=107).await;
}

#[tokio::test(start_paused = true)]
async fn a_binding_that_is_published_during_a_connect_is_made_up_for() {
    for (binds_max, is_closed) in [(10, false), (0, true)] {
        let mut world = World::with(HubConfig { binds_max, ..small() });
        let mut client = world.websocket().await;
        client.send(r#"40{"scopes":["name:x"],"decided_at":100,"held":true,"after":100}"#).await;
        settle().await;
        let bind = PublishStep::Bind { from: Scope::new("name:x"), to: Scope::new("customer:1") };
        let before = event(101, &["customer:1"], "{}");
        world.publish_steps(vec![before, bind, event(102, &["customer:1"], "{}")]).await.await;
        world.desk.gate.0.add_permits(1);
        if is_closed {
            assert_eq!(client.closed().await, Some(1_001));
            continue;
        }
        assert!(client.next().await.starts_with("40{"));
        client.next().await;
        assert_eq!(client.next().await, said(102));
        world.publish_steps(vec![event(103, &["customer:1"], "{}")]).await;
        assert_eq!(client.next().await, said(103));
    }
}

#[tokio::test(start_paused = true)]
async fn many_that_begin_far_back_in_the_ring_all_catch_up() {
    let mut world = World::with(HubConfig { shards: 1, ..config() });
    for _ in 0..6_000 {
        world.publish(&["none"]).await;
    }
    let last = world.publish(&["all"]).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = world.websocket().await;
        client.send(&format!("40{}", after(100))).await;
        clients.push(client);
    }
    for client in &mut clients {
        assert!(client.next().await.starts_with("40{"));
        client.next().await;
        assert_eq!(client.next().await, said(last));
    }
    let next = world.publish(&["all"]).await;
    for client in &mut clients {
        assert_eq!(client.next().await, said(next));
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_had_closes_the_transport() {
    let mut world = World::with(small());
    for _ in 0..20 {
        world.publish(&["all"]).await;
    }
    let mut client = world.websocket().await;
    client.connect(&after(3)).await;
    assert_eq!(client.closed().await, Some(1_001));
    assert_eq!(world.left().await, DisconnectReason::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_stuck_sockets_cost_the_others_nothing() {
    let mut world = World::with(HubConfig { shards: 1, page_reads_max: 1, ..small() });
    let mut stuck = Vec::new();
    for _ in 0..100 {
        stuck.push(world.connected_by_narrow_pipe(AUTH, 512).await);
    }
    let mut brisk = world.connected(AUTH).await;
    let pages = world.desk.pages.0.available_permits();
    for number in 101..=200 {
        world.publish_body(&["all"], &long_body()).await;
        assert_gets(&mut brisk, number..=number).await;
    }
    assert_eq!(world.desk.pages.0.available_permits(), pages, "nobody reads for who takes nothing");
    for client in &mut stuck {
        assert_gets(client, 101..=200).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pages_that_nobody_takes_make_others_wait_until_they_are_given_up() {
    let stall_timeout = Duration::from_secs(7);
    let mut world = World::with(HubConfig { shards: 1, pages_held_max: 1, stall_timeout, ..small() });
    for _ in 0..20 {
        world.publish_body(&["all"], &long_body()).await;
    }
    let _stuck = world.connected_by_narrow_pipe(&after(100), 512).await;
    settle().await;
    let start = tokio::time::Instant::now();
    let mut brisk = world.websocket().await;
    brisk.connect(&after(100)).await;
    assert_gets(&mut brisk, 101..=120).await;
    assert_eq!(start.elapsed().as_secs(), 6, "when the other is closed as stuck");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_socket_is_told_how_far_it_is_complete() {
    let config = HubConfig { position_events: 10, position_age: Duration::from_secs(60), ..config() };
    let mut world = World::with(config);
    let mut quiet = world.connected(r#"{"scopes":["a"]}"#).await;
    let mut plain = world.connected(r#"{"scopes":["a"],"offsets":false}"#).await;
    for _ in 0..10 {
        world.publish(&["b"]).await;
    }
    let told = tokio::join!(quiet.next(), plain.next());
    assert_eq!(told.0, r#"42["position",{"offset":"e.110.c"},"e.110.c"]"#);
    assert_eq!(told.1, r#"42["position",{"offset":"e.110.c"}]"#);
    // One event is not many: it is the time that tells.
    let since = tokio::time::Instant::now();
    world.publish(&["b"]).await;
    let told = tokio::join!(quiet.next(), plain.next());
    assert_eq!(told.0, r#"42["position",{"offset":"e.111.c"},"e.111.c"]"#);
    assert_eq!(told.1, r#"42["position",{"offset":"e.111.c"}]"#);
    assert!((60..=110).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
    // Whoever is complete is told nothing.
    tokio::select! {
        text = quiet.next() => panic!("{text}"),
        text = plain.next() => panic!("{text}"),
        () = pass(Duration::from_secs(200)) => {}
    }
    let next = world.publish(&["a"]).await;
    assert_eq!(quiet.next().await, said(next));
}

#[tokio::test(start_paused = true)]
async fn a_position_never_overtakes_an_event() {
    let config = HubConfig { position_events: 1, stall_timeout: Duration::from_secs(600), ..config() };
    let mut world = World::with(config);
    let mut slow = world.connected_by_narrow_pipe(AUTH, 600).await;
    for _ in 0..10 {
        world.publish_body(&["all"], &long_body()).await;
    }
    world.publish(&["other"]).await;
    // A ping is due, and answered by nobody yet.
    pass(Duration::from_secs(26)).await;
    assert_gets(&mut slow, 101..=110).await;
    assert_eq!(slow.next().await, r#"42["position",{"offset":"e.111.c"},"e.111.c"]"#);
}

/// Whoever remembers the position has got the notice: else a cut between the two would leave it untold for ever.
#[tokio::test(start_paused = true)]
async fn what_is_noticed_comes_before_the_position() {
    let world = World::new();
    for (offsets, position) in [
        (true, r#"42["position",{"offset":"e.100.c"},"e.100.c"]"#),
        (false, r#"42["position",{"offset":"e.100.c"}]"#),
    ] {
        let mut client = world.websocket().await;
        client.send(&format!(r#"40{{"scopes":[],"as":"noticed","offsets":{offsets}}}"#)).await;
        client.next().await;
        assert!(client.next().await.ends_with("}]"), "the greeting has no position");
        assert_eq!(client.next().await, r#"42["noticed",{}]"#);
        assert_eq!(client.next().await, position);
        assert_eq!(client.next().await, r#"42["aside",{}]"#);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pid_is_told_to_who_remembers_offsets() {
    let world = World::new();
    for (auth, has_pid) in [
        (r#"{"scopes":[],"pid":"secret"}"#, true),
        (r#"{"scopes":[],"pid":"secret","offsets":false}"#, false),
        (r#"{"scopes":[]}"#, false),
    ] {
        let mut client = world.websocket().await;
        client.send(&format!("40{auth}")).await;
        let reply = client.next().await;
        assert_eq!(reply.ends_with(r#"","pid":"secret"}"#), has_pid, "{reply}");
        assert!(client.next().await.starts_with("42[\"connected\""));
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_disconnected_from_outside_gets_nothing_more() {
    let mut world = World::new();
    let mut client = world.websocket().await;
    let greeting = client.connect(AUTH).await;
    world.publish(&["all"]).await;
    assert_eq!(client.next().await, said(101));
    let id = world.desk.met.lock().unwrap().take().expect("one was greeted");
    assert!(greeting.contains(&id.to_string()));
    world.hub.disconnect(id).await.unwrap();
    world.publish(&["all"]).await;
    assert_eq!(client.next().await, "41");
    assert_eq!(world.left().await, DisconnectReason::ServerDisconnected);
    world.hub.disconnect(id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_not_wanted_any_more_is_closed_without_a_word() {
    let world = World::new();
    let mut client = world.websocket().await;
    client.send(r#"40{"scopes":[],"as":"unwanted"}"#).await;
    assert_eq!(client.closed().await, Some(1_001));
    assert_eq!((world.counts().sockets, world.desk.left.lock().unwrap().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_has_to_ask_is_not_shown_what_the_answer_leaves_out() {
    let mut world = World::with(config());
    for _ in 0..5 {
        world.publish(&["all"]).await;
    }
    for event in world.desk.journal.lock().unwrap().iter_mut().filter(|event| event.offset.number == 103) {
        event.scopes.clear();
    }
    let mut remembers = world.connected(&after(101)).await;
    assert_gets(&mut remembers, 102..=105).await;
    let mut asks = world.connected(r#"{"scopes":["all"],"after":101,"asks":true}"#).await;
    assert_gets(&mut asks, 102..=102).await;
    assert_gets(&mut asks, 104..=105).await;
    let next = world.publish(&["all"]).await;
    assert_eq!(asks.next().await, said(next));
}

#[tokio::test(start_paused = true)]
async fn a_slow_socket_that_has_to_ask_asks_for_what_it_missed() {
    let mut world = World::with(HubConfig { journal_queue_events_max: 10, ..config() });
    let auth = r#"{"scopes":["all"],"asks":true}"#;
    let mut slow = world.connected_by_narrow_pipe(auth, 1_024).await;
    for _ in 101..=150 {
        world.publish_body(&["all"], &long_body()).await;
    }
    for event in world.desk.journal.lock().unwrap().iter_mut().filter(|event| event.offset.number == 149) {
        event.scopes.clear();
    }
    assert_gets(&mut slow, 101..=148).await;
    assert_gets(&mut slow, 150..=150).await;
    let next = world.publish(&["all"]).await;
    assert_eq!(slow.next().await, said(next));
}
