//! Whatever rooms there are and whatever is published: one copy each, in order; and what the lanes promise to slow,
//! stuck and fast connections.

use crate::fixture::{World, args_of, config, event};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;
use waypost_realtime::{Audience, DisconnectReason, Emit, HubConfig};
use waypost_testkit::hub_client::{Client, PollingClient};

/// The rooms of one client, each with its scopes.
type Rooms = Vec<BTreeSet<u8>>;

/// Any client of a test, by either transport.
enum Either {
    WebSocket(Client),
    Polling(PollingClient, Vec<String>),
}

impl Either {
    async fn send(&mut self, packet: &str) {
        match self {
            Either::WebSocket(client) => client.send(packet).await,
            Either::Polling(client, _) => assert_eq!(client.push(packet).await.1, "ok"),
        }
    }

    async fn next(&mut self) -> String {
        match self {
            Either::WebSocket(client) => client.next().await,
            Either::Polling(client, waiting) => {
                if waiting.is_empty() {
                    let (_, payload) = client.poll().await;
                    waiting.extend(payload.rsplit('\x1e').map(str::to_owned));
                }
                waiting.pop().expect("a payload has a packet")
            }
        }
    }
}

/// Joins every room; answers the client once the last join is done.
async fn join(world: &World, number: usize, rooms: &Rooms) -> Either {
    let auth = r#"{"scopes":["last"],"offsets":false}"#;
    let mut client = if number.is_multiple_of(2) {
        Either::WebSocket(world.connected(auth).await)
    } else {
        Either::Polling(world.polling_connected(auth).await, Vec::new())
    };
    for (room, scopes) in rooms.iter().enumerate() {
        let scopes: String = scopes.iter().map(|scope| format!(",\"{scope}\"")).collect();
        client.send(&format!("420[\"join\",\"room {room}\"{scopes}]")).await;
        assert!(client.next().await.starts_with("430[{\"head\":"));
    }
    client
}

/// The numbers of the events that a client is shown, up to the one that ends the test.
async fn shown(client: &mut Either, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let packet = client.next().await;
        let number =
            packet.strip_prefix("42[\"said\",{\"offset\":\"e.").and_then(|rest| rest.split('.').next());
        numbers.push(number.unwrap_or_else(|| panic!("{packet}")).parse().unwrap());
    }
    numbers
}

async fn check_copies(clients: &[Rooms], publishes: &[BTreeSet<u8>]) {
    let mut world = World::new();
    let mut connected = Vec::new();
    for (number, rooms) in clients.iter().enumerate() {
        connected.push(join(&world, number, rooms).await);
    }
    let numbered = (101..).zip(publishes);
    let steps = numbered.clone().map(|(number, scopes)| {
        let names: Vec<String> = scopes.iter().map(u8::to_string).collect();
        event(number, &names.iter().map(String::as_str).collect::<Vec<_>>(), "{}")
    });
    let last = 101 + publishes.len() as u64;
    let steps: Vec<_> = steps.chain([event(last, &["last"], "{}")]).collect();
    for group in steps.chunks(3) {
        world.publish_steps(group.to_vec()).await;
    }
    for (client, rooms) in connected.iter_mut().zip(clients) {
        let wanted: BTreeSet<u8> = rooms.iter().flatten().copied().collect();
        let matching = numbered.clone().filter(|(_, scopes)| !wanted.is_disjoint(scopes));
        let expected: Vec<u64> = matching.map(|(number, _)| number).chain([last]).collect();
        assert_eq!(shown(client, last).await, expected, "{rooms:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_rooms_it_is_in_a_connection_gets_one_copy(
        clients in prop::collection::vec(
            prop::collection::vec(prop::collection::btree_set(0..6_u8, 0..4), 0..4), 1..5),
        publishes in prop::collection::vec(prop::collection::btree_set(0..6_u8, 0..4), 0..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(check_copies(&clients, &publishes));
    }
}

const AUTH: &str = r#"{"scopes":["all"]}"#;

/// The number of the journal event in `packet`, if it is one.
fn number_of(packet: &str) -> Option<u64> {
    let (_, text) = packet.strip_prefix("42[\"said\",")?.rsplit_once("\"e.")?;
    text.split('.').next()?.parse().ok()
}

#[tokio::test(start_paused = true)]
async fn a_fast_a_slow_and_a_stuck_connection_each_see_what_the_lanes_promise() {
    let mut world = World::with(HubConfig { volatile_queue_events_max: 4, ..config() });
    let mut fast = world.connected(AUTH).await;
    let mut slow = world.connected_by_narrow_pipe(AUTH, 2_000).await;
    let mut stuck = world.connected_by_narrow_pipe(AUTH, 2_000).await;
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(500));
    for n in 0..100 {
        world.publish_body(&["all"], &body).await;
        let args = args_of(&serde_json::json!({ "n": n }));
        let emit = Emit { to: Audience::Everyone, except: Vec::new(), name: "noted".into(), args };
        world.hub.emit(emit).await.unwrap();
        assert_eq!(number_of(&fast.next().await), Some(101 + n));
        assert_eq!(fast.next().await, format!("42[\"noted\",{{\"n\":{n}}}]"));
        if n == 50 {
            slow.send("427[\"note\"]").await;
        }
    }
    // The slow one: every journal event, in order; the answer as soon as what was being written is; of the volatile
    // ones the newest.
    let (mut journal, mut noted, mut answered_after) = (Vec::new(), Vec::new(), None);
    while noted.last() != Some(&"42[\"noted\",{\"n\":99}]".to_owned()) {
        let packet = slow.next().await;
        match number_of(&packet) {
            Some(number) => journal.push(number),
            None if packet.starts_with("437") => answered_after = Some(journal.len()),
            None => noted.push(packet),
        }
    }
    assert_eq!(journal, (101..=200).collect::<Vec<_>>());
    assert!(answered_after.is_some_and(|events| events < 10), "{answered_after:?}");
    assert!(noted.len() < 15, "{noted:?}");
    // The stuck one: closed when it has taken nothing for long, after a beginning without a hole.
    let start = tokio::time::Instant::now();
    tokio::join!(async { assert_eq!(world.left().await, DisconnectReason::Slow) }, async {
        while fast.frame().await.is_some_and(|(_, ping)| ping != "2") {}
    },);
    assert!(start.elapsed() <= Duration::from_secs(30));
    let mut before = 100;
    while let Some((0x81, packet)) = stuck.frame().await {
        if let Some(number) = number_of(std::str::from_utf8(&packet).unwrap()) {
            assert_eq!(number, before + 1);
            before = number;
        }
    }
    assert!((101..200).contains(&before), "{before}");
}

#[tokio::test(start_paused = true)]
async fn a_ping_gets_through_a_backlog_of_ten_megabytes() {
    let config = HubConfig { stall_timeout: Duration::from_secs(60), ..config() };
    let mut world = World::with(config);
    let mut client = world.connected_by_narrow_pipe(AUTH, 40_000).await;
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(10_500));
    for _ in 0..1_000 {
        world.publish_body(&["all"], &body).await;
    }
    // Nothing is read until the ping is due.
    tokio::time::advance(Duration::from_secs(26)).await;
    world.publish_steps(Vec::new()).await.await;
    let mut bytes = 0;
    loop {
        let (_, packet) = client.frame().await.expect("the connection stays");
        if packet == "2" {
            break;
        }
        bytes += packet.len();
    }
    assert!(bytes < 60_000, "only what was written before stands in front of it: {bytes}");
    client.send("3").await;
    let mut left = 1_000 - bytes / 10_500;
    while left > 0 {
        left -= usize::from(client.frame().await.expect("the connection stays").1.len() > 10_000);
    }
}
