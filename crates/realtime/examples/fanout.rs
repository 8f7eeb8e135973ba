//! What `cargo xtask bench fanout` measures: the hub alone, without a store. Prints its address when it listens.
//!
//! A client sends `join`, answered by an ack, and gets every event that is POSTed to `/publish` from then on: one JSON
//! object, or an array of them, which are published as one group. The answer comes when every connection was written.
//! `/counts` says what is there now, a name and a number a line. With `--hasty` it waits seconds for clients where it
//! would wait tens of seconds, for `cargo xtask bench soak`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use waypost_realtime::{
    Accepted, Application, Args, ClientEvent, ConnectRequest, Connections, DisconnectReason, Flushed,
    Greeting, HeldRoom, Hub, HubConfig, JournalEvent, JsonObject, Namespace, Offset, OffsetMode, Origin,
    Protocol, PublishStep, Publisher, Refused, Room, Scope, ServeConfig, Socket, SocketId,
};

/// As in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The room, and the scope that it stands for.
const ALL: &str = "all";
const EVENT: &str = "whatsappMessage";

struct Fanout;

impl Application for Fanout {
    type Handshake = ();
    type Connection = ();

    fn handshake(&self, _: &http::request::Parts) -> Result<(), axum::response::Response> {
        Ok(())
    }

    async fn connect(&self, _: Arc<()>, _: ConnectRequest) -> Result<Accepted<()>, Refused> {
        Ok(Accepted::at_head((), OffsetMode::Trailing))
    }

    fn greet(&self, _: SocketId, (): &(), _: &Offset) -> Option<Greeting> {
        let body = JsonObject::new("{}").expect("an object");
        Some(Greeting::with_position("connected", body))
    }

    async fn event(&self, socket: Socket<Fanout>, event: ClientEvent) {
        if event.name != "join" {
            return;
        }
        let joined =
            socket.join(HeldRoom { room: Room::new(ALL), scopes: vec![Scope::new(ALL)], from: 0 }).await;
        let answer = if joined.is_ok() { r#"{"ok":true}"# } else { r#"{"ok":false}"# };
        let answer = Args::from(RawValue::from_string(answer.into()).expect("JSON, as it stands above"));
        if let Some(ack) = event.ack
            && ack.send(answer).await.is_err()
        {
            tracing::debug!("the hub has ended before an answer");
        }
    }

    fn disconnected(&self, _: SocketId, (): &(), _: DisconnectReason) {}
}

/// The journal, of which there is nothing but its last number.
struct Journal {
    publisher: Publisher,
    number: u64,
}

impl Journal {
    async fn publish(&mut self, bodies: Vec<JsonObject>) -> Result<Flushed, StatusCode> {
        let events = bodies.into_iter().map(|body| {
            self.number += 1;
            let offset = Offset { number: self.number, text: format!("1.{}.00000000", self.number).into() };
            let scopes = vec![Scope::new(ALL)];
            PublishStep::Event(JournalEvent {
                offset,
                name: EVENT.into(),
                body,
                scopes,
                except: Vec::new(),
                mask: |_, body| body.clone(),
            })
        });
        let events = events.collect();
        self.publisher.publish(events).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// Guards the order of publishing, over the wait for a place in a shard's inbox, and is therefore tokio's.
type Shared = Arc<Mutex<Journal>>;

async fn publish(State(journal): State<Shared>, body: Bytes) -> StatusCode {
    let Some(bodies) = objects(&body) else { return StatusCode::BAD_REQUEST };
    let published = journal.lock().await.publish(bodies).await;
    match published {
        Ok(flushed) => {
            flushed.await;
            StatusCode::OK
        }
        Err(status) => status,
    }
}

fn objects(body: &[u8]) -> Option<Vec<JsonObject>> {
    if !body.starts_with(b"[") {
        // A copy: `body` is a piece of what hyper has read, and the ring would keep all of that (10 KB an event).
        return Some(vec![JsonObject::new(Bytes::copy_from_slice(body)).ok()?]);
    }
    let several: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
    several.into_iter().map(|one| JsonObject::new(one.get().to_owned()).ok()).collect()
}

/// What a soak wants to see return to where it was.
async fn counts(State(hub): State<Hub<Fanout>>) -> String {
    let counts = hub.counts();
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    format!(
        "connections {}\nsockets {}\ntasks {tasks}\nslow_closed {}\nhandshakes_refused {}\n",
        counts.connections, counts.sockets, counts.slow_closed, counts.handshakes_refused
    )
}

/// How long clients may take for what they have to do.
fn limits() -> (HubConfig, ServeConfig) {
    let (hub, serve) = (HubConfig::default(), ServeConfig::default());
    if !std::env::args().any(|argument| argument == "--hasty") {
        return (hub, serve);
    }
    let hub = HubConfig {
        ping_interval: Duration::from_secs(5),
        ping_timeout: Duration::from_secs(4),
        connect_timeout: Duration::from_secs(3),
        upgrade_timeout: Duration::from_secs(2),
        request_deadline: Duration::from_secs(2),
        ..hub
    };
    (hub, ServeConfig { head_timeout: Duration::from_secs(2), ..serve })
}

/// The benchmark gives it one core, for which tokio's runtime of one thread is the better one: the other, with one
/// worker, runs the shard as soon as the first of several publishers has woken it, so that little is coalesced (1.4 µs
/// of CPU for a delivery in a burst instead of 0.6).
fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}

#[expect(clippy::print_stdout, reason = "the address is what the benchmark needs to connect")]
async fn serve() -> std::io::Result<()> {
    let protocol = Protocol::SocketIo(vec![Namespace::with_recovery("/")]);
    let (limits, serve_limits) = limits();
    let config = HubConfig { shards: 1, protocol, ..limits };
    // Ids that may be guessed: this serves a benchmark on loopback.
    let origin = Origin::empty([7; 32]);
    let (hub, publisher) = Hub::start(config, Arc::new(Fanout), origin);
    let journal = Arc::new(Mutex::new(Journal { publisher, number: 0 }));
    let router = Router::new().route("/publish", post(publish)).with_state(journal);
    let router = router.merge(Router::new().route("/counts", get(counts)).with_state(hub.clone()));
    let router = router.merge(hub.router());

    let listener = TcpListener::bind("0.0.0.0:0").await?;
    println!("http://127.0.0.1:{}", listener.local_addr()?.port());
    waypost_realtime::serve(listener, router, Connections::new(serve_limits, CancellationToken::new())).await;
    Ok(())
}
