//! A hub with a small application.

use axum::body::Body;
use http::StatusCode;
use serde_json::Value;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, Semaphore};
use waypost_realtime::{
    Accepted, Application, Args, ClientAddress, ClientEvent, ConnectRequest, Counts, DisconnectReason,
    Flushed, Greeting, HeldRoom, Hub, HubConfig, JoinError, JournalEvent, JsonObject, Namespace, Notice,
    Offset, OffsetMode, Origin, Page, PageRequest, PageUnavailable, Protocol, PublishStep, Publisher,
    Refused, Replay, Room, Scope, Socket, SocketId, Start, View,
};
use waypost_testkit::hub_client::{Client, Door, PATIENCE, PollingClient};

/// More pages of the journal than any test reads.
const PAGES: usize = 1_000_000;

/// What the application has seen, and what holds it back.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) seen: Mutex<Vec<String>>,
    pub(crate) left: Mutex<Vec<DisconnectReason>>,
    /// `hold` events wait for a permit of it.
    pub(crate) gate: Gate,
    /// All that was published.
    pub(crate) journal: Mutex<Vec<JournalEvent>>,
    /// Each page of the journal takes a permit of it.
    pub(crate) pages: Gate,
    /// Who was greeted last.
    pub(crate) met: Mutex<Option<SocketId>>,
    /// Rung at every `left`.
    bell: Notify,
}

/// What the application thinks of a socket when it is to be greeted.
pub(crate) enum Guest {
    Wanted,
    Unwanted,
    /// It is told something with its greeting.
    Noticed,
}

pub(crate) struct Gate(pub(crate) Semaphore);

impl Default for Gate {
    fn default() -> Gate {
        Gate(Semaphore::new(0))
    }
}

impl Application for Desk {
    type Handshake = ();
    type Connection = Guest;

    fn handshake(&self, request: &http::request::Parts) -> Result<(), axum::response::Response> {
        if let Some(ClientAddress(address)) = request.extensions.get() {
            self.seen.lock().unwrap().push(format!("from {address}"));
        }
        match request.headers.get("x-refuse") {
            None => Ok(()),
            Some(_) => {
                Err(axum::response::Response::builder().status(401).body(Body::empty()).expect("a constant"))
            }
        }
    }

    async fn connect(&self, _: Arc<()>, request: ConnectRequest) -> Result<Accepted<Guest>, Refused> {
        let auth: Value =
            request.auth.map_or(Value::Null, |auth| serde_json::from_str(auth.get()).expect("checked"));
        match auth["as"].as_str() {
            Some("nobody") => {
                return Err(Refused::Final { message: "no \"one\"".into(), code: "nobody".into() });
            }
            Some("later") => return Err(Refused::Later),
            Some("never") => std::future::pending().await,
            Some("bug") => panic!("a bug of the application"),
            _ => {}
        }
        let scopes = auth["scopes"].as_array().cloned().unwrap_or_default();
        let scopes = scopes.iter().filter_map(Value::as_str).map(Scope::new).collect();
        let offsets = if auth["offsets"] == false { OffsetMode::FieldOnly } else { OffsetMode::Trailing };
        let start = match auth["after"].as_u64() {
            Some(number) => Start::After(offset(number)),
            None => Start::Head,
        };
        if auth["held"] == true {
            self.gate.0.acquire().await.expect("never closed").forget();
        }
        Ok(Accepted {
            connection: match auth["as"].as_str() {
                Some("unwanted") => Guest::Unwanted,
                Some("noticed") => Guest::Noticed,
                _ => Guest::Wanted,
            },
            offsets,
            start,
            replay: if auth["asks"] == true { Replay::Asked } else { Replay::Shortest },
            view: if auth["masked"] == true { View::Masked } else { View::Full },
            rooms: vec![HeldRoom {
                room: Room::new("first"),
                scopes,
                from: auth["from"].as_u64().unwrap_or(0),
            }],
            decided_at: auth["decided_at"].as_u64().unwrap_or(u64::MAX),
            pid: auth["pid"].as_str().map(Into::into),
        })
    }

    fn greet(&self, socket: SocketId, guest: &Guest, head: &Offset) -> Option<Greeting> {
        if let Guest::Unwanted = guest {
            return None;
        }
        *self.met.lock().unwrap() = Some(socket);
        let body = object(&serde_json::json!({ "id": socket.to_string(), "head": *head.text }));
        let mut greeting = Greeting::with_position("connected", body);
        if let Guest::Noticed = guest {
            greeting.notice = Some(Notice { name: "noticed".into(), body: object(&serde_json::json!({})) });
            greeting.aside = Some(Notice { name: "aside".into(), body: object(&serde_json::json!({})) });
        }
        Some(greeting)
    }

    /// What was published.
    async fn page(&self, _: Arc<Guest>, request: PageRequest) -> Result<Page, PageUnavailable> {
        self.pages.0.acquire().await.expect("never closed").forget();
        let journal = self.journal.lock().unwrap();
        let first = journal.first().map_or(u64::MAX, |event| event.offset.number);
        if request.after + 1 < first {
            return Err(PageUnavailable);
        }
        let wanted =
            journal.iter().filter(|event| (request.after + 1..=request.until).contains(&event.offset.number));
        let page: Vec<&JournalEvent> = wanted.take(request.events_max).collect();
        let complete_to = page.last().map_or(request.after, |event| event.offset.number);
        let is_for_it =
            |event: &JournalEvent| event.scopes.iter().any(|scope| request.scopes.contains(scope));
        let events = page.into_iter().filter(|event| is_for_it(event)).cloned().collect();
        Ok(Page { events, complete_to })
    }

    /// `join room scope…`, `leave room`, `whisper`, `hold`, `kick`, `bug`; anything else is only noted.
    async fn event(&self, socket: Socket<Desk>, event: ClientEvent) {
        let args: Vec<String> =
            event.args.values().map(|arg| serde_json::from_str(arg.get()).unwrap_or_default()).collect();
        let mut answer = serde_json::json!({ "ok": true });
        match (event.name.as_str(), args.as_slice()) {
            ("join", [room, scopes @ ..]) => {
                let scopes = scopes.iter().map(|scope| Scope::new(scope.as_str())).collect();
                answer = match socket.join(HeldRoom { room: Room::new(room.as_str()), scopes, from: 0 }).await
                {
                    Ok(joined) => {
                        serde_json::json!({ "head": *joined.head.text })
                    }
                    Err(JoinError::TooManyRooms) => serde_json::json!({ "error": "rooms" }),
                    Err(JoinError::TooManyScopes) => serde_json::json!({ "error": "scopes" }),
                    Err(JoinError::Closed) => return,
                };
            }
            ("leave", [room]) => socket.leave(Room::new(room.as_str())).await.expect("the socket is there"),
            ("whisper", _) => socket.emit("whispered", &args_of(&answer)).await.expect("the hub is there"),
            ("hold", _) => self.gate.0.acquire().await.expect("never closed").forget(),
            ("kick", _) => socket.disconnect().await.expect("the hub is there"),
            ("bug", _) => panic!("a bug of the application"),
            _ => {}
        }
        self.seen.lock().unwrap().push(format!("{} {}", event.name, args.join(" ")).trim().to_owned());
        if let Some(ack) = event.ack {
            ack.send(args_of(&answer)).await.expect("the hub is there");
        }
    }

    fn disconnected(&self, _: SocketId, _: &Guest, why: DisconnectReason) {
        self.left.lock().unwrap().push(why);
        self.bell.notify_one();
    }
}

/// A hub, its publisher and its application.
pub(crate) struct World {
    pub(crate) hub: Hub<Desk>,
    pub(crate) publisher: Publisher,
    pub(crate) desk: Arc<Desk>,
    door: Door,
    number: u64,
}

impl Deref for World {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

pub(crate) fn config() -> HubConfig {
    let namespaces = ["/", "/websocket"].map(Namespace::with_recovery);
    HubConfig { shards: 2, protocol: Protocol::SocketIo(namespaces.into()), ..HubConfig::default() }
}

impl World {
    pub(crate) fn new() -> World {
        World::with(config())
    }

    /// A hub whose journal begins at offset 100.
    pub(crate) fn with(config: HubConfig) -> World {
        let desk = Arc::new(Desk::default());
        desk.pages.0.add_permits(PAGES);
        let origin = Origin { head: offset(100), seed: [1; 32] };
        let (hub, publisher) = Hub::start(config, desk.clone(), origin);
        let door = Door::new("/socket.io/", hub.router());
        World { hub, publisher, desk, door, number: 100 }
    }

    /// Publishes one event in a group of its own; answers its number.
    pub(crate) async fn publish(&mut self, scopes: &[&str]) -> u64 {
        self.publish_body(scopes, "{}").await
    }

    pub(crate) async fn publish_body(&mut self, scopes: &[&str], body: &str) -> u64 {
        self.number += 1;
        let step = event(self.number, scopes, body);
        self.publish_steps(vec![step]).await;
        self.number
    }

    pub(crate) async fn publish_steps(&mut self, steps: Vec<PublishStep>) -> Flushed {
        let events = steps.iter().filter_map(|step| match step {
            PublishStep::Event(event) => Some(event.clone()),
            PublishStep::Bind { .. } => None,
        });
        self.desk.journal.lock().unwrap().extend(events);
        self.publisher.publish(steps).await.expect("the hub is there")
    }

    pub(crate) fn counts(&self) -> Counts {
        self.hub.counts()
    }

    /// Waits until the application has heard of a socket's end.
    pub(crate) async fn left(&self) -> DisconnectReason {
        let wait = async {
            loop {
                if let Some(why) = self.desk.left.lock().unwrap().pop() {
                    return why;
                }
                self.desk.bell.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("a socket ends")
    }

    /// A polling session connected to `/`, with its greeting taken.
    pub(crate) async fn polling_connected(&self, auth: &str) -> PollingClient {
        let client = self.polling().await;
        assert_eq!(client.push(&format!("40{auth}")).await, (StatusCode::OK, "ok".to_owned()));
        let (_, greeting) = client.poll().await;
        assert!(
            greeting.starts_with("40{\"sid\":") && greeting.contains("\x1e42[\"connected\""),
            "{greeting}"
        );
        client
    }

    /// A WebSocket session connected to `/`, with its greeting taken.
    pub(crate) async fn connected(&self, auth: &str) -> Client {
        let mut client = self.websocket().await;
        client.connect(auth).await;
        client
    }

    /// One whose pipe takes only `pipe_bytes` until the client reads.
    pub(crate) async fn connected_by_narrow_pipe(&self, auth: &str, pipe_bytes: usize) -> Client {
        let mut client = self.open_websocket("EIO=4&transport=websocket", pipe_bytes).await.expect("a 101");
        client.next().await;
        client.connect(auth).await;
        client
    }
}

pub(crate) fn offset(number: u64) -> Offset {
    Offset { number, text: format!("e.{number}.c").into() }
}

pub(crate) fn event(number: u64, scopes: &[&str], body: &str) -> PublishStep {
    PublishStep::Event(JournalEvent {
        offset: offset(number),
        name: "said".into(),
        body: JsonObject::new(body.to_owned()).unwrap(),
        scopes: scopes.iter().copied().map(Scope::new).collect(),
        except: Vec::new(),
        mask: |_, _| JsonObject::new("{\"masked\":true}").unwrap(),
    })
}

/// How [`event`] with an empty body reaches a socket of `/`.
pub(crate) fn said(number: u64) -> String {
    format!("42[\"said\",{{\"offset\":\"e.{number}.c\"}},\"e.{number}.c\"]")
}

/// One argument.
pub(crate) fn args_of(json: &Value) -> Args {
    serde_json::value::to_raw_value(json).unwrap().into()
}

fn object(json: &Value) -> JsonObject {
    JsonObject::new(json.to_string()).unwrap()
}
