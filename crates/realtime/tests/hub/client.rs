//! Clients that speak the protocol by hand, over in-memory pipes and requests in process.

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
pub(crate) const PIPE_BYTES: usize = 64 * 1024;
/// How long a test waits, by the paused clock, for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// The HTTP side of a hub.
#[derive(Clone)]
pub(crate) struct Door {
    path: &'static str,
    router: axum::Router,
    tasks: TaskTracker,
}

impl Door {
    pub(crate) fn new(path: &'static str, router: axum::Router) -> Door {
        Door { path, router, tasks: TaskTracker::new() }
    }

    /// A request in process; answers status and body.
    pub(crate) async fn request(
        &self,
        method: &str,
        query: &str,
        body: impl AsRef<[u8]>,
    ) -> (StatusCode, String) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}?{query}", self.path))
            .body(Body::from(body.as_ref().to_vec()))
            .unwrap();
        let response = tokio::time::timeout(PATIENCE, self.router.clone().oneshot(request)).await;
        let response = response.expect("an answer").unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A polling session without a namespace.
    pub(crate) async fn polling(&self) -> PollingClient {
        let (status, body) = self.request("GET", "EIO=4&transport=polling", "").await;
        assert_eq!(status, 200, "{body}");
        self.session(&body)
    }

    /// The polling session that this answer to a handshake has opened.
    pub(crate) fn session(&self, body: &str) -> PollingClient {
        let open: Value = serde_json::from_str(body.strip_prefix('0').expect("an open packet")).unwrap();
        PollingClient { door: self.clone(), sid: open["sid"].as_str().unwrap().to_owned() }
    }

    /// A WebSocket session without a namespace, with the open packet taken.
    pub(crate) async fn websocket(&self) -> Client {
        let mut client = self.open_websocket("EIO=4&transport=websocket", PIPE_BYTES).await.expect("a 101");
        let open = client.next().await;
        assert!(open.starts_with("0{\"sid\":"), "{open}");
        client
    }

    /// The client's end of a connection to the HTTP server.
    pub(crate) fn pipe(&self, pipe_bytes: usize) -> Client {
        let (near, far) = tokio::io::duplex(pipe_bytes);
        let service = TowerToHyperService::new(self.router.clone());
        let http = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
        self.tasks.spawn(http.with_upgrades());
        Client { io: near, received: Vec::new(), _door: self.clone() }
    }

    /// The request that opens a WebSocket.
    pub(crate) fn opening(&self, query: &str) -> String {
        format!(
            "GET {}?{query} HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.path
        )
    }

    /// Opens a WebSocket; the status if it is refused.
    pub(crate) async fn open_websocket(&self, query: &str, pipe_bytes: usize) -> Result<Client, StatusCode> {
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
pub(crate) struct PollingClient {
    door: Door,
    pub(crate) sid: String,
}

impl PollingClient {
    pub(crate) async fn poll(&self) -> (StatusCode, String) {
        self.door.request("GET", &format!("EIO=4&transport=polling&sid={}", self.sid), "").await
    }

    pub(crate) async fn push(&self, payload: impl AsRef<[u8]>) -> (StatusCode, String) {
        self.door.request("POST", &format!("EIO=4&transport=polling&sid={}", self.sid), payload).await
    }

    /// Opens a WebSocket for this session.
    pub(crate) async fn candidate(&self) -> Client {
        let query = format!("EIO=4&transport=websocket&sid={}", self.sid);
        self.door.open_websocket(&query, PIPE_BYTES).await.expect("a 101")
    }
}

/// The client's side of a WebSocket.
pub(crate) struct Client {
    pub(crate) io: DuplexStream,
    received: Vec<u8>,
    /// A hub ends when nobody has a handle of it any more.
    _door: Door,
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
        self.io.write_all(&client_frame(first, payload)).await.unwrap();
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

    /// The next bytes of the stream, whatever they are.
    pub(crate) async fn read_exactly(&mut self, count: usize) -> Vec<u8> {
        while self.received.len() < count {
            assert_ne!(self.read().await, 0, "the stream ends early");
        }
        self.received.drain(..count).collect()
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

    pub(crate) async fn http_head(&mut self) -> String {
        loop {
            if let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
            }
            assert_ne!(self.read().await, 0, "the stream ends in an HTTP head");
        }
    }
}

/// Lets everything run until all of it waits.
pub(crate) async fn settle() {
    pass(Duration::from_millis(1)).await;
}

/// Lets `time` pass on the paused clock, from one deadline to the next.
pub(crate) async fn pass(time: Duration) {
    let passed = tokio::time::timeout(time, std::future::pending::<()>()).await;
    assert!(passed.is_err(), "what is pending never ends");
}

/// Lets `future` run until everything waits; answers what it came to, if it has.
pub(crate) async fn run_until_it_waits<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::time::timeout(Duration::from_millis(1), future).await.ok()
}

/// A client's frame, masked with zeros.
pub(crate) fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
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

fn split_frame(bytes: &[u8]) -> Option<(u8, Bytes, usize)> {
    let (start, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).unwrap()),
        short => (2, usize::from(short)),
    };
    let payload = bytes.get(start..start + length)?;
    Some((bytes[0], Bytes::copy_from_slice(payload), start + length))
}
