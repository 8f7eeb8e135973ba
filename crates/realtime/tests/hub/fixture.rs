//! A hub with a small application, and clients that speak the protocol by hand.

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use waypost_realtime::{
    Accepted, Application, Args, ClientEvent, ConnectRequest, Counts, DisconnectReason, Flushed, Greeting,
    GreetingPosition, Hub, HubConfig, JoinError, JournalEvent, JsonObject, Namespace, Offset, OffsetMode,
    Origin, Protocol, PublishStep, Publisher, Refused, Room, Scope, Socket, SocketId,
};

/// Room in each direction of a client's pipe, in bytes.
const PIPE_BYTES: usize = 64 * 1024;
/// How long a test waits, by the paused clock, for what must come.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the application has seen, and what holds it back.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) seen: Mutex<Vec<String>>,
    pub(crate) left: Mutex<Vec<DisconnectReason>>,
    /// `hold` events wait for a permit of it.
    pub(crate) gate: Gate,
    /// Rung at every `left`.
    bell: Notify,
}

pub(crate) struct Gate(pub(crate) Semaphore);

impl Default for Gate {
    fn default() -> Gate {
        Gate(Semaphore::new(0))
    }
}

impl Application for Desk {
    type Handshake = ();
    type Connection = ();

    fn handshake(&self, request: &http::request::Parts) -> Result<(), axum::response::Response> {
        match request.headers.get("x-refuse") {
            None => Ok(()),
            Some(_) => {
                Err(axum::response::Response::builder().status(401).body(Body::empty()).expect("a constant"))
            }
        }
    }

    async fn connect(&self, _: Arc<()>, request: ConnectRequest) -> Result<Accepted<()>, Refused> {
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
        Ok(Accepted { connection: (), offsets, rooms: vec![(Room::new("first"), scopes)] })
    }

    fn greet(&self, socket: SocketId, (): &(), head: Option<&Offset>) -> Greeting {
        let head = head.map(|head| head.text.to_string());
        let body = object(&serde_json::json!({ "id": socket.to_string(), "head": head }));
        Greeting { name: "connected".into(), body, position: GreetingPosition::Head }
    }

    /// `join room scope…`, `leave room`, `whisper`, `hold`, `kick`, `bug`; anything else is only noted.
    async fn event(&self, socket: Socket<Desk>, event: ClientEvent) {
        let args: Vec<String> =
            event.args.values().map(|arg| serde_json::from_str(arg.get()).unwrap_or_default()).collect();
        let mut answer = serde_json::json!({ "ok": true });
        match (event.name.as_str(), args.as_slice()) {
            ("join", [room, scopes @ ..]) => {
                let scopes = scopes.iter().map(|scope| Scope::new(scope.as_str())).collect();
                answer = match socket.join(Room::new(room.as_str()), scopes).await {
                    Ok(joined) => {
                        serde_json::json!({ "head": joined.head.map(|head| head.text.to_string()) })
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

    fn disconnected(&self, _: SocketId, (): &(), why: DisconnectReason) {
        self.left.lock().unwrap().push(why);
        self.bell.notify_one();
    }
}

/// A hub, its publisher and its application.
pub(crate) struct World {
    pub(crate) hub: Hub<Desk>,
    pub(crate) publisher: Publisher,
    pub(crate) desk: Arc<Desk>,
    tasks: TaskTracker,
    number: u64,
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
        let origin = Origin { head: Some(offset(100)), seed: [1; 32] };
        let (hub, publisher) = Hub::start(config, desk.clone(), origin);
        World { hub, publisher, desk, tasks: TaskTracker::new(), number: 100 }
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

    /// A request in process; answers status and body.
    pub(crate) async fn request(&self, method: &str, query: &str, body: &str) -> (StatusCode, String) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/socket.io/?{query}"))
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = tokio::time::timeout(PATIENCE, self.hub.router::<()>().oneshot(request)).await;
        let response = response.expect("an answer").unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A polling session without a namespace.
    pub(crate) async fn polling(&self) -> PollingClient<'_> {
        let (status, body) = self.request("GET", "EIO=4&transport=polling", "").await;
        assert_eq!(status, 200, "{body}");
        let open: Value = serde_json::from_str(body.strip_prefix('0').expect("an open packet")).unwrap();
        PollingClient { world: self, sid: open["sid"].as_str().unwrap().to_owned() }
    }

    /// A polling session connected to `/`, with its greeting taken.
    pub(crate) async fn polling_connected(&self, auth: &str) -> PollingClient<'_> {
        let client = self.polling().await;
        assert_eq!(client.push(&format!("40{auth}")).await, (StatusCode::OK, "ok".to_owned()));
        let (_, greeting) = client.poll().await;
        assert!(
            greeting.starts_with("40{\"sid\":") && greeting.contains("\x1e42[\"connected\""),
            "{greeting}"
        );
        client
    }

    /// A WebSocket session without a namespace, with the open packet taken.
    pub(crate) async fn websocket(&self) -> Client {
        let mut client = self.open_websocket("EIO=4&transport=websocket", PIPE_BYTES).await.expect("a 101");
        let open = client.next().await;
        assert!(open.starts_with("0{\"sid\":"), "{open}");
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

    /// The opening handshake of a WebSocket; the status if it is refused.
    pub(crate) async fn open_websocket(&self, query: &str, pipe_bytes: usize) -> Result<Client, StatusCode> {
        let (near, far) = tokio::io::duplex(pipe_bytes);
        let service = TowerToHyperService::new(self.hub.router::<()>());
        let http = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
        self.tasks.spawn(http.with_upgrades());
        let mut client = Client { io: near, received: Vec::new() };
        let request = format!(
            "GET /socket.io/?{query} HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        client.io.write_all(request.as_bytes()).await.unwrap();
        let head = client.http_head().await;
        match head.split(' ').nth(1).unwrap() {
            "101" => {
                assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
                Ok(client)
            }
            status => Err(status.parse().unwrap()),
        }
    }
}

pub(crate) struct PollingClient<'a> {
    pub(crate) world: &'a World,
    pub(crate) sid: String,
}

impl PollingClient<'_> {
    pub(crate) async fn poll(&self) -> (StatusCode, String) {
        self.world.request("GET", &format!("EIO=4&transport=polling&sid={}", self.sid), "").await
    }

    pub(crate) async fn push(&self, payload: &str) -> (StatusCode, String) {
        self.world.request("POST", &format!("EIO=4&transport=polling&sid={}", self.sid), payload).await
    }

    /// Opens a WebSocket for this session.
    pub(crate) async fn candidate(&self) -> Client {
        let query = format!("EIO=4&transport=websocket&sid={}", self.sid);
        self.world.open_websocket(&query, PIPE_BYTES).await.expect("a 101")
    }
}

/// The client's side of a WebSocket.
pub(crate) struct Client {
    pub(crate) io: DuplexStream,
    received: Vec<u8>,
}

impl Client {
    /// Connects `/` and takes the reply and the greeting, which it answers.
    pub(crate) async fn connect(&mut self, auth: &str) -> String {
        self.send(&format!("40{auth}")).await;
        let reply = self.next().await;
        assert!(reply.starts_with("40{\"sid\":\""), "{reply}");
        let greeting = self.next().await;
        assert!(greeting.starts_with("42[\"connected\",{"), "{greeting}");
        greeting
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_frame(0x81, text.as_bytes()).await;
    }

    pub(crate) async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u8::try_from(payload.len()) {
            Ok(short @ 0..=125) => frame.push(0x80 | short),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.io.write_all(&frame).await.unwrap();
    }

    /// The next text message, pings of Engine.IO answered and left out.
    pub(crate) async fn next(&mut self) -> String {
        loop {
            match self.frame().await {
                Some((0x81, text)) if text == "2" => self.send("3").await,
                Some((0x81, text)) => return String::from_utf8(text.to_vec()).expect("UTF-8"),
                other => panic!("no text message but {other:?}"),
            }
        }
    }

    /// Waits for the end of the stream; answers the close frame's code, if one came.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        while let Some((first, payload)) = self.frame().await {
            if first == 0x88 {
                code = Some(u16::from_be_bytes([payload[0], payload[1]]));
            }
        }
        code
    }

    /// The next frame's first byte and payload; `None` at the end of the stream.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Bytes)> {
        loop {
            if let Some((first, payload, used)) = split_frame(&self.received) {
                self.received.drain(..used);
                return Some((first, payload));
            }
            if self.read().await == 0 {
                return None;
            }
        }
    }

    async fn read(&mut self) -> usize {
        let mut buffer = [0; 4_096];
        let read = tokio::time::timeout(PATIENCE, self.io.read(&mut buffer)).await.expect("bytes come");
        let bytes = read.unwrap_or(0);
        self.received.extend(&buffer[..bytes]);
        bytes
    }

    async fn http_head(&mut self) -> String {
        loop {
            if let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
            }
            assert_ne!(self.read().await, 0, "the stream ends in an HTTP head");
        }
    }
}

fn split_frame(bytes: &[u8]) -> Option<(u8, Bytes, usize)> {
    let (start, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).unwrap()),
        short => (2, usize::from(short)),
    };
    let payload = bytes.get(start..start + length)?;
    Some((bytes[0], Bytes::copy_from_slice(payload), start + length))
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
