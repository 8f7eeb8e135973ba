//! A request whose bytes go out when the test says: for bodies that come late, or never.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use waypost_testkit::{TestServer, sign};

use crate::DEADLINE;

/// A request under way.
pub struct RawRequest {
    stream: BufReader<TcpStream>,
}

impl RawRequest {
    /// Connects and sends `head`, to which the empty line is added.
    ///
    /// # Panics
    /// When the server is not there.
    #[must_use]
    pub fn begin(server: SocketAddr, head: &str) -> Self {
        let mut stream = TcpStream::connect(server).expect("the server takes connections");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout can be set");
        stream.write_all(format!("{head}\r\n\r\n").as_bytes()).expect("the head can be sent");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends the head of a rightly signed webhook that will have this body, and returns once the server wants it.
    ///
    /// # Panics
    /// When the server does not ask for the body.
    #[must_use]
    pub fn begin_webhook(server: &TestServer, body: &[u8]) -> Self {
        let head = format!(
            "POST /whatsapp/webhook HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             X-Hub-Signature-256: {}\r\nExpect: 100-continue",
            server.address(),
            body.len(),
            sign(&server.secrets().app_secret, body),
        );
        let mut request = Self::begin(server.address(), &head);
        assert_eq!(request.status(), 100, "the server asks for the body");
        request
    }

    /// Sends further bytes.
    ///
    /// # Errors
    /// When the server has closed the connection.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Waits for the next answer's head; its status.
    ///
    /// # Panics
    /// When there is none in time.
    pub fn status(&mut self) -> u16 {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut head).expect("the server answers");
            assert_ne!(read, 0, "the server closed the connection after {head:?}");
        }
        head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line")
    }

    /// Whatever else comes until the server closes the connection.
    ///
    /// # Panics
    /// When it does not.
    pub fn rest(mut self) -> String {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("the server closes the connection");
        String::from_utf8_lossy(&rest).into_owned()
    }
}
