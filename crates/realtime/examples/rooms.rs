//! A small server with rooms, to try any Socket.IO 4 client against: `cargo run -p waypost-realtime --example rooms`.
//!
//! A client sends `join` or `leave` with a room's name and `say` with `{ room, … }`; who is in the room gets `said`
//! with that object, its offset, and the offset once more as the last argument. `echo` answers through its ack.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use waypost_realtime::{
    Accepted, Application, ClientEvent, ConnectRequest, Connections, DisconnectReason, Greeting, HeldRoom,
    Hub, HubConfig, JournalEvent, JsonObject, Namespace, Offset, OffsetMode, Origin, Protocol, PublishStep,
    Refused, Room, Scope, ServeConfig, Socket, SocketId, serve,
};

/// Most sayings that wait to be published; over it, who says one waits for his answer.
const SAYINGS_MAX: usize = 1_024;

/// What it understands, for whoever tries it.
const EVENTS: &str = "
send (with a callback for the answer)    and get
  join, leave      'room'                { ok }
  say              { room: 'room', … }   { ok }; who is in the room gets `said` with the object and its offset
  echo             anything              { ok, echo }
  leave me                               a disconnect";

struct Rooms {
    sayings: mpsc::Sender<(Scope, JsonObject)>,
}

impl Application for Rooms {
    type Handshake = ();
    type Connection = ();

    fn handshake(&self, _: &http::request::Parts) -> Result<(), axum::response::Response> {
        Ok(())
    }

    async fn connect(&self, _: Arc<()>, request: ConnectRequest) -> Result<Accepted<()>, Refused> {
        let auth = request.auth.map_or(Value::Null, |auth| argument(&auth));
        if auth["token"] == "bad" {
            return Err(Refused::Final { message: "bad token".into(), code: "token".into() });
        }
        let offsets =
            if auth["offsets"] == Value::Bool(false) { OffsetMode::FieldOnly } else { OffsetMode::Trailing };
        Ok(Accepted::at_head((), offsets))
    }

    fn greet(&self, socket: SocketId, (): &(), _: &Offset) -> Option<Greeting> {
        let body = object(&serde_json::json!({ "clientId": socket.to_string() }));
        Some(Greeting::with_position("connected", body))
    }

    async fn event(&self, socket: Socket<Rooms>, event: ClientEvent) {
        let first = event.args.get(0).map_or(Value::Null, argument);
        let answer = match event.name.as_str() {
            "join" => {
                let name = first.as_str().unwrap_or_default();
                let joined = socket
                    .join(HeldRoom { room: Room::new(name), scopes: vec![Scope::new(name)], from: 0 })
                    .await;
                serde_json::json!({ "ok": joined.is_ok(), "room": name })
            }
            "leave" => {
                let left = socket.leave(Room::new(first.as_str().unwrap_or_default())).await;
                serde_json::json!({ "ok": left.is_ok() })
            }
            "say" if first.is_object() => {
                let scope = Scope::new(first["room"].as_str().unwrap_or_default());
                let said = self.sayings.send((scope, object(&first))).await;
                serde_json::json!({ "ok": said.is_ok() })
            }
            "echo" => serde_json::json!({ "ok": true, "echo": first }),
            "leave me" => {
                if socket.disconnect().await.is_err() {
                    tracing::debug!("the hub has ended before it could disconnect a socket");
                }
                return;
            }
            _ => serde_json::json!({ "ok": false, "error": "unknown event" }),
        };
        if let Some(ack) = event.ack
            && ack.send(to_raw_value(&answer).expect("a `Value` can always be written").into()).await.is_err()
        {
            tracing::debug!("the hub has ended before an answer");
        }
    }

    fn disconnected(&self, socket: SocketId, (): &(), why: DisconnectReason) {
        tracing::debug!(%socket, ?why, "gone");
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the address is what a person or a test needs to connect")]
async fn main() -> std::io::Result<()> {
    let (sayings, mut waiting) = mpsc::channel::<(Scope, JsonObject)>(SAYINGS_MAX);
    let protocol = Protocol::SocketIo(vec![Namespace::with_recovery("/")]);
    let config = HubConfig { protocol, ..HubConfig::default() };
    // A server that matters draws its seed from the machine's randomness; here the ids may be guessed.
    let origin = Origin::empty([7; 32]);
    let (hub, mut publisher) = Hub::start(config, Arc::new(Rooms { sayings }), origin);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}\n{EVENTS}", listener.local_addr()?);
    let publish = async {
        let mut number = 0;
        while let Some((scope, body)) = waiting.recv().await {
            number += 1;
            let offset = Offset { number, text: format!("example.{number}").into() };
            let event = JournalEvent {
                offset,
                name: "said".into(),
                body,
                scopes: vec![scope],
                except: Vec::new(),
                mask: |_, body| body.clone(),
            };
            if publisher.publish(vec![PublishStep::Event(event)]).await.is_err() {
                break;
            }
        }
    };
    let stop = CancellationToken::new();
    let connections = Connections::new(ServeConfig::default(), stop.clone());
    let serving = serve(listener, hub.router(), connections);
    let stopping = async {
        if tokio::signal::ctrl_c().await.is_ok() {
            hub.drain(Duration::from_secs(1)).await;
        }
        stop.cancel();
    };
    tokio::select! {
        ((), ()) = async { tokio::join!(serving, stopping) } => {}
        () = publish => {}
    }
    Ok(())
}

fn argument(json: &RawValue) -> Value {
    serde_json::from_str(json.get()).unwrap_or_default()
}

fn object(json: &Value) -> JsonObject {
    JsonObject::new(json.to_string()).expect("`json!` with braces, or checked to be an object")
}
