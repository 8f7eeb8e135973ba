//! A hub with members in memory, and what is done to it.

use crate::desk::{ALL, Desk, HERE, JOIN};
use crate::sink::{Sink, Tap};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use waypost_realtime::{
    HeldRoom, Hub, HubConfig, JournalEvent, JsonObject, Namespace, Offset, Origin, Protocol, PublishError,
    PublishStep, Publisher, Room, Scope, Socket,
};

/// How many ask for their join or leave at a time: as many as a turn takes, so that turns themselves count little.
const ASKERS: usize = 256;
/// Longer than anything here takes, so that no ping comes between.
const PING_INTERVAL: Duration = Duration::from_secs(24 * 3_600);
/// Bytes of an event's text, as an inbound message has with what stands around it.
const TEXT_BYTES: usize = 580;
const SEED: u64 = 7;

pub(crate) struct Scene {
    hub: Hub<Desk>,
    publisher: Publisher,
    number: u64,
    taps: Vec<Arc<Tap>>,
    members: Vec<Member>,
    /// Of the clients' streams, and of the askers.
    tasks: TaskTracker,
    rng: StdRng,
}

/// A socket that is let into rooms from outside, and what its room stands for.
struct Member {
    socket: Socket<Desk>,
    scope: Scope,
}

/// What is asked for every member.
#[derive(Clone, Copy)]
enum Wish {
    Join,
    Leave,
}

impl Scene {
    pub(crate) async fn of_members_in_one_room(members: usize) -> Scene {
        let (mut scene, desk) = Scene::empty(members);
        scene.connect(members, JOIN);
        until(|| desk.joined() == members).await;
        scene
    }

    /// What each member's room will stand for is said by `scope`.
    pub(crate) async fn of_members_in_no_room(members: usize, scope: impl Fn(usize) -> String) -> Scene {
        let (mut scene, desk) = Scene::empty(members);
        scene.connect(members, HERE);
        until(|| desk.kept() == members).await;
        let kept = desk.take_kept().into_iter().enumerate();
        scene.members = kept.map(|(at, socket)| Member { socket, scope: Scope::new(scope(at)) }).collect();
        scene
    }

    fn empty(members: usize) -> (Scene, Arc<Desk>) {
        let desk = Arc::new(Desk::default());
        let protocol = Protocol::SocketIo(vec![Namespace::with_recovery("/")]);
        let config = HubConfig {
            shards: 1,
            protocol,
            connections_max: members,
            ping_interval: PING_INTERVAL,
            ..HubConfig::default()
        };
        // Ids that may be guessed: nobody but this process speaks to it.
        let origin = Origin::empty([7; 32]);
        let (hub, publisher) = Hub::start(config, desk.clone(), origin);
        let scene = Scene {
            hub,
            publisher,
            number: 0,
            taps: Vec::with_capacity(members),
            members: Vec::new(),
            tasks: TaskTracker::new(),
            rng: StdRng::seed_from_u64(SEED),
        };
        (scene, desk)
    }

    fn connect(&mut self, members: usize, event: &str) {
        let router: axum::Router = self.hub.router();
        for _ in 0..members {
            let (sink, tap) = Sink::new(event);
            self.taps.push(tap);
            let service = TowerToHyperService::new(router.clone());
            let connection = http1::Builder::new().serve_connection(TokioIo::new(sink), service);
            self.tasks.spawn(connection.with_upgrades());
        }
    }

    /// Journal events that were written so far.
    pub(crate) fn delivered(&self) -> u64 {
        self.hub.counts().delivered
    }

    /// Publishes in groups of `group`, each when the one before is written. Answers the time of it all.
    pub(crate) async fn publish(&mut self, events: usize, group: usize) -> Result<Duration, PublishError> {
        let mut left = events;
        let start = Instant::now();
        while left > 0 {
            let steps = (0..group.min(left)).map(|_| self.next_event()).collect::<Vec<_>>();
            left -= steps.len();
            self.publisher.publish(steps).await?.await;
        }
        Ok(start.elapsed())
    }

    fn next_event(&mut self) -> PublishStep {
        self.number += 1;
        let text = "x".repeat(TEXT_BYTES);
        PublishStep::Event(JournalEvent {
            offset: Offset { number: self.number, text: format!("1.{}.00000000", self.number).into() },
            name: "whatsappMessage".into(),
            body: JsonObject::new(format!(r#"{{"text":"{text}"}}"#)).expect("an object"),
            scopes: vec![Scope::new(ALL)],
            except: Vec::new(),
            mask: |_, body| body.clone(),
        })
    }

    /// Every member joins its room, in an order of its own. Answers the time of it all.
    pub(crate) async fn join(&mut self) -> Duration {
        self.ask(Wish::Join).await
    }

    /// Every member leaves its room, in an order of its own. Answers the time of it all.
    pub(crate) async fn leave(&mut self) -> Duration {
        self.ask(Wish::Leave).await
    }

    async fn ask(&mut self, wish: Wish) -> Duration {
        self.members.shuffle(&mut self.rng);
        let askers = TaskTracker::new();
        let share = self.members.len().div_ceil(ASKERS);
        let mut asked = Vec::with_capacity(ASKERS);
        let mut members = std::mem::take(&mut self.members);
        while !members.is_empty() {
            let some = members.split_off(members.len().saturating_sub(share));
            asked.push(askers.spawn(some_ask(some, wish)));
        }
        askers.close();
        let start = Instant::now();
        askers.wait().await;
        let took = start.elapsed();
        for some in asked {
            self.members.extend(some.await.expect("an asker ends by itself"));
        }
        took
    }

    /// Every client goes, in an order of its own. Answers the time until the hub has put all of them away.
    pub(crate) async fn disconnect(&mut self) -> Duration {
        self.taps.shuffle(&mut self.rng);
        let start = Instant::now();
        for tap in &self.taps {
            tap.close();
        }
        until(|| self.hub.counts().connections == 0).await;
        start.elapsed()
    }
}

async fn some_ask(members: Vec<Member>, wish: Wish) -> Vec<Member> {
    for Member { socket, scope } in &members {
        match wish {
            Wish::Join => {
                let joined = socket
                    .join(HeldRoom { room: Room::new(ALL), scopes: vec![scope.clone()], from: 0 })
                    .await;
                joined.expect("within the limits, of a socket that is there");
            }
            Wish::Leave => socket.leave(Room::new(ALL)).await.expect("the socket is there"),
        }
    }
    members
}

/// Lets everything else run until it is so.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}
