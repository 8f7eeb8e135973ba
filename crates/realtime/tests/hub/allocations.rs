//! What a publish and a delivery allocate, so that it does not creep back; and what is left after many have come and
//! gone.

use crate::fixture::{World, event};
use allocation_counter::{AllocationInfo, measure};
use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;
use waypost_realtime::{DisconnectReason, HubConfig, PublishStep};
use waypost_testkit::hub_client::Client;

const AUTH: &str = r#"{"scopes":["all"]}"#;
/// Events that are published in one measurement.
const EVENTS: usize = 100;

/// How the events of a measurement come.
#[derive(Clone, Copy)]
enum Manner {
    /// Each alone, when the one before has been taken.
    Lonely,
    /// All in one group.
    Burst,
}

/// A hub with clients that have taken everything so far.
struct Scene {
    runtime: Runtime,
    world: World,
    clients: Vec<Client>,
    next: u64,
}

impl Scene {
    fn new(clients: usize) -> Scene {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let runtime = runtime.unwrap();
        let (world, clients) = runtime.block_on(async {
            let world = World::with(HubConfig { shards: 1, ..HubConfig::default() });
            let mut connected = Vec::new();
            for _ in 0..clients {
                connected.push(world.connected(AUTH).await);
            }
            (world, connected)
        });
        Scene { runtime, world, clients, next: 101 }
    }

    /// Publishes the events and has every client take them; answers what was allocated, the steps not counted.
    fn measure(&mut self, manner: Manner) -> AllocationInfo {
        let first = self.next;
        self.next += EVENTS as u64;
        let steps: Vec<PublishStep> =
            (first..self.next).map(|number| event(number, &["all"], "{\"text\":\"hello\"}")).collect();
        let groups: Vec<Vec<PublishStep>> = match manner {
            Manner::Lonely => steps.into_iter().map(|step| vec![step]).collect(),
            Manner::Burst => vec![steps],
        };
        let mut buffer = vec![0; 64 * 1024];
        let Scene { runtime, world, clients, .. } = self;
        measure(|| {
            runtime.block_on(async {
                for group in groups {
                    let frames_bytes = group.len() * frame_bytes();
                    world.publisher.publish(group).await.unwrap();
                    for client in &mut *clients {
                        let mut left = frames_bytes;
                        while left > 0 {
                            left -= client.io.read(&mut buffer).await.unwrap();
                        }
                    }
                }
            });
        })
    }
}

/// The length of one of the events as it is read: all offsets here have three digits.
fn frame_bytes() -> usize {
    let text = r#"42["said",{"text":"hello","offset":"e.101.c"}]"#;
    2 + text.len()
}

/// Allocations of each publish, and of each delivery, from two scenes that differ in their clients.
fn allocations(manner: Manner) -> (f64, f64) {
    let (few, many) = (20_u32, 120_u32);
    let [with_few, with_many] = [few, many].map(|clients| {
        let mut scene = Scene::new(clients as usize);
        scene.measure(manner);
        let counted = scene.measure(manner).count_total;
        f64::from(u32::try_from(counted).unwrap()) / EVENTS as f64
    });
    let each_delivery = (with_many - with_few) / f64::from(many - few);
    (with_few - each_delivery * f64::from(few), each_delivery)
}

#[test]
fn a_delivery_allocates_nothing() {
    let (publish, delivery) = allocations(Manner::Lonely);
    assert!(delivery < 0.01, "a lonely delivery allocates {delivery:.3} times");
    assert!(publish < 20.0, "a lonely publish allocates {publish:.1} times");
    let (publish, delivery) = allocations(Manner::Burst);
    assert!(delivery < 0.01, "a delivery of a burst allocates {delivery:.3} times");
    assert!(publish < 6.0, "a publish of a burst allocates {publish:.1} times");
}

#[test]
fn what_comes_and_goes_leaves_nothing() {
    let mut scene = Scene::new(0);
    let round = |scene: &mut Scene| {
        let next = scene.next;
        scene.next += 1;
        let world = &mut scene.world;
        measure(|| {
            scene.runtime.block_on(async {
                for number in 0..20 {
                    let mut client = world.connected(AUTH).await;
                    let polling = world.polling_connected(AUTH).await;
                    client.send(&format!("420[\"join\",\"room\",\"{number}\",\"shared\"]")).await;
                    client.next().await;
                    polling.push("1").await;
                    drop(client);
                    assert_eq!(world.left().await, DisconnectReason::TransportClosed);
                    assert_eq!(world.left().await, DisconnectReason::TransportClosed);
                }
                world.publisher.publish(vec![event(next, &["all"], "{}")]).await.unwrap().await;
            });
        })
    };
    for _ in 0..3 {
        round(&mut scene);
    }
    let kept: i64 = (0..5).map(|_| round(&mut scene).bytes_current).sum();
    // Each round leaves one event in the ring, which is there to stay until newer ones push it out.
    assert!(kept < 5 * 2_000, "{kept} bytes stay after 200 connections");
}
