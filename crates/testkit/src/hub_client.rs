//! Clients of a hub that speak its protocol by hand, over in-memory pipes and requests in process, on a paused clock.
//!
//! It knows a hub by its routes only.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and what it is made of too")]

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Room in each direction of a client's pipe, in bytes.
pub const PIPE_BYTES: usize = 64 * 1024;
/// How long a test waits, by the paused clock, for what must come.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The HTTP side of a hub.
#[derive(Clone, Debug)]
pub struct Door {
    path: &'static str,
    router: axum::Router,
    tasks: TaskTracker,
}

impl Door {
    /// The door that has this path, with the slash at its end.
    #[must_use]
    pub fn new(path: &'static str, router: axum::Router) -> Door {
        Door { path, router, tasks: TaskTracker::new() }
    }

    /// A request in process that is answered soon; answers status and body.
    pub async fn request(&self, method: &str, query: &str, body: impl AsRef<[u8]>) -> (StatusCode, String) {
        tokio::time::timeout(PATIENCE, self.answer(method, query, body)).await.expect("an answer")
    }

    /// The answer to a request in process, however long that takes: status and body.
    pub async fn answer(&self, method: &str, query: &str, body: impl AsRef<[u8]>) -> (StatusCode, String) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}?{query}", self.path))
            .body(Body::from(body.as_ref().to_vec()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A polling session without a namespace.
    pub async fn polling(&self) -> PollingClient {
        let (status, body) = self.request("GET", "EIO=4&transport=polling", "").await;
        assert_eq!(status, 200, "{body}");
        self.session(&body)
    }

    /// The polling session that this answer to a handshake has opened.
    #[must_use]
    pub fn session(&self, body: &str) -> PollingClient {
        let open: Value = serde_json::from_str(body.strip_prefix('0').expect("an open packet")).unwrap();
        PollingClient { door: self.clone(), sid: open["sid"].as_str().unwrap().to_owned() }
    }

    /// A WebSocket session without a namespace, with the open packet taken.
    pub async fn websocket(&self) -> Client {
        let mut client = self.open_websocket("EIO=4&transport=websocket", PIPE_BYTES).await.expect("a 101");
        let open = client.next().await;
        assert!(open.starts_with("0{\"sid\":"), "{open}");
        client
    }

    /// The client's end of a connection to the HTTP server.
    #[must_use]
    pub fn pipe(&self, pipe_bytes: usize) -> Client {
        let (near, far) = tokio::io::duplex(pipe_bytes);
        let service = TowerToHyperService::new(self.router.clone());
        let http = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
        self.tasks.spawn(http.with_upgrades());
        Client { io: near, received: Vec::new(), _door: self.clone() }
    }

    /// The request that opens a WebSocket.
    #[must_use]
    pub fn opening(&self, query: &str) -> String {
        format!(
            "GET {}?{query} HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.path
        )
    }

    /// Opens a WebSocket.
    ///
    /// # Errors
    /// The status, where it is refused.
    pub async fn open_websocket(&self, query: &str, pipe_bytes: usize) -> Result<Client, StatusCode> {
        let mut client = self.pipe(pipe_bytes);
        client.io.write_all(self.opening(query).as_bytes()).await.unwrap();
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

/// A polling session.
#[derive(Debug)]
pub struct PollingClient {
    door: Door,
    /// The session's id.
    pub sid: String,
}

impl PollingClient {
    /// One poll.
    pub async fn poll(&self) -> (StatusCode, String) {
        self.door.request("GET", &format!("EIO=4&transport=polling&sid={}", self.sid), "").await
    }

    /// One payload to the server.
    pub async fn push(&self, payload: impl AsRef<[u8]>) -> (StatusCode, String) {
        self.door.request("POST", &format!("EIO=4&transport=polling&sid={}", self.sid), payload).await
    }

    /// Opens a WebSocket for this session.
    pub async fn candidate(&self) -> Client {
        let query = format!("EIO=4&transport=websocket&sid={}", self.sid);
        self.door.open_websocket(&query, PIPE_BYTES).await.expect("a 101")
    }
}

/// The client's side of a WebSocket.
#[derive(Debug)]
pub struct Client {
    /// The stream itself.
    pub io: DuplexStream,
    received: Vec<u8>,
    /// A hub ends when nobody has a handle of it any more.
    _door: Door,
}

impl Client {
    /// Connects `/` and takes the reply and the greeting, which it answers.
    pub async fn connect(&mut self, auth: &str) -> String {
        self.send(&format!("40{auth}")).await;
        let reply = self.next().await;
        assert!(reply.starts_with("40{\"sid\":\""), "{reply}");
        let greeting = self.next().await;
        assert!(greeting.starts_with("42[\"connected\",{"), "{greeting}");
        greeting
    }

    /// Sends a text message.
    pub async fn send(&mut self, text: &str) {
        self.send_frame(0x81, text.as_bytes()).await;
    }

    /// Sends a frame that begins with the byte `first`.
    pub async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        self.io.write_all(&client_frame(first, payload)).await.unwrap();
    }

    /// The next text message, pings of Engine.IO answered and left out.
    pub async fn next(&mut self) -> String {
        loop {
            match self.frame().await {
                Some((0x81, text)) if text == "2" => self.send("3").await,
                Some((0x81, text)) => return String::from_utf8(text.to_vec()).expect("UTF-8"),
                other => panic!("no text message but {other:?}"),
            }
        }
    }

    /// Waits for the end of the stream; answers the close frame's code, if one came.
    pub async fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        while let Some((first, payload)) = self.frame().await {
            if first == 0x88 {
                code = Some(u16::from_be_bytes([payload[0], payload[1]]));
            }
        }
        code
    }

    /// The next bytes of the stream, whatever they are.
    pub async fn read_exactly(&mut self, count: usize) -> Vec<u8> {
        while self.received.len() < count {
            assert_ne!(self.read().await, 0, "the stream ends early");
        }
        self.received.drain(..count).collect()
    }

    /// The next frame's first byte and payload; `None` at the end of the stream.
    pub async fn frame(&mut self) -> Option<(u8, Bytes)> {
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

    /// The head of the answer to an upgrade.
    pub async fn http_head(&mut self) -> String {
        loop {
            if let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
            }
            assert_ne!(self.read().await, 0, "the stream ends in an HTTP head");
        }
    }
}

/// Lets everything run until all of it waits.
pub async fn settle() {
    pass(Duration::from_millis(1)).await;
}

/// Lets `time` pass on the paused clock, from one deadline to the next.
pub async fn pass(time: Duration) {
    let passed = tokio::time::timeout(time, std::future::pending::<()>()).await;
    assert!(passed.is_err(), "what is pending never ends");
}

/// Lets `future` run until everything waits; answers what it came to, if it has.
pub async fn run_until_it_waits<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::time::timeout(Duration::from_millis(1), future).await.ok()
}

/// A client's frame, masked with zeros.
#[must_use]
pub fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..=125), _) => frame.push(0x80 | short),
        (_, Ok(medium)) => {
            frame.push(0x80 | 126);
            frame.extend(medium.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// The first frame of `bytes`: its first byte, its payload, and how many bytes it takes; `None` while some are missing.
#[must_use]
pub fn split_frame(bytes: &[u8]) -> Option<(u8, Bytes, usize)> {
    let (start, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).unwrap()),
        short => (2, usize::from(short)),
    };
    let payload = bytes.get(start..start + length)?;
    Some((bytes[0], Bytes::copy_from_slice(payload), start + length))
}
