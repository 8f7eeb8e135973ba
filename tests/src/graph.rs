//! A Graph API whose every answer the test decides, and when: the call is in the test's hands until then.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use serde_json::{Value, json};

use crate::DEADLINE;

/// More calls than any test has waiting.
const CALLS_MAX: usize = 1_024;

/// A Graph API on loopback.
pub struct Graph {
    address: SocketAddr,
    calls: Receiver<GraphCall>,
}

/// A call that waits for its answer. Dropped, it is never answered: the connection closes.
#[derive(Debug)]
pub struct GraphCall {
    /// The path that was called.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: String,
    /// The body.
    pub body: Value,
    stream: TcpStream,
}

impl Graph {
    /// Listens.
    ///
    /// # Panics
    /// When the machine has no free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (sender, calls) = mpsc::sync_channel(CALLS_MAX);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                thread::spawn(move || {
                    if let Some(call) = GraphCall::read(stream) {
                        // Nobody is there to take it once the test has ended.
                        drop(sender.send(call));
                    }
                });
            }
        });
        Self { address, calls }
    }

    /// The value of `WAYPOST_GRAPH_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next call.
    #[track_caller]
    pub fn call(&self) -> GraphCall {
        self.calls.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("nobody called the Graph API"))
    }

    /// The next call, however long that takes; `None` when the Graph API is gone.
    #[must_use]
    pub fn next_call(&self) -> Option<GraphCall> {
        self.calls.recv().ok()
    }

    /// Says that there was no further call.
    #[track_caller]
    pub fn assert_not_called(&self) {
        if let Ok(call) = self.calls.try_recv() {
            panic!("the Graph API was called once more: {}", call.body);
        }
    }
}

impl GraphCall {
    /// Answers as Meta does when it takes a message.
    pub fn accept(self, wamid: &str) {
        let to = self.body["to"].clone();
        self.answer(
            200,
            &json!({
                "messaging_product": "whatsapp",
                "contacts": [{ "input": to, "wa_id": to }],
                "messages": [{ "id": wamid }],
            }),
        );
    }

    /// Answers as Meta does when it refuses a message for good.
    pub fn refuse(self, code: i64, message: &str) {
        self.answer(
            400,
            &json!({ "error": {
                "message": format!("(#{code}) {message}"), "type": "OAuthException", "code": code,
                "error_data": { "messaging_product": "whatsapp", "details": message }, "fbtrace_id": "Atest",
            } }),
        );
    }

    /// Answers anything.
    pub fn answer(mut self, status: u16, body: &Value) {
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: \
             close\r\n\r\n{body}",
            body.len()
        );
        // The caller may have been killed meanwhile, which is what some tests are about.
        drop(self.stream.write_all(answer.as_bytes()));
    }

    fn read(stream: TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut line = || {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            Some(line.trim_end().to_owned())
        };
        let path = line()?.split(' ').nth(1)?.to_owned();
        let (mut length, mut authorization) = (0, String::new());
        loop {
            let header = line()?;
            let Some((name, value)) = header.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "authorization" => value.trim().clone_into(&mut authorization),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { path, authorization, body: serde_json::from_slice(&body).ok()?, stream })
    }
}
