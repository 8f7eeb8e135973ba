//! Just enough HTTP/1.1 for tests: one request, one answer, one connection; every header in the test's hands, so that a
//! foreign `Host` or a forged `X-Forwarded-For` is a line of it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer of a server on this machine takes longer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request of any method.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A GET.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A POST of that content.
    #[must_use]
    pub fn post(target: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = Self::new("POST", target).header("Content-Type", content_type);
        request.body = body.into();
        request
    }

    /// A POST of JSON.
    #[must_use]
    pub fn post_json(target: &str, body: &serde_json::Value) -> Self {
        Self::with_json("POST", target, body)
    }

    /// A request of any method that brings JSON.
    #[must_use]
    pub fn with_json(method: &str, target: &str, body: &serde_json::Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { body, ..Self::new(method, target).header("Content-Type", "application/json") }
    }

    /// A PATCH with JSON.
    #[must_use]
    pub fn patch_json(target: &str, body: &serde_json::Value) -> Self {
        Self { method: "PATCH".to_owned(), ..Self::post_json(target, body) }
    }

    /// The same with another body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a header. One of the same name is kept beside it; `Host` replaces the default.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds the credential.
    #[must_use]
    pub fn bearer(self, key: &str) -> Self {
        let value = format!("Bearer {key}");
        self.header("Authorization", &value)
    }

    /// Sends it over a new connection and reads the whole answer.
    ///
    /// # Errors
    ///
    /// When the server is not there, closes the connection, takes longer than 30 s, or does not speak HTTP: to a
    /// client of a server that was killed these are all the same, an answer that did not come.
    pub fn send(&self, server: SocketAddr) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_write_timeout(Some(ANSWER_MAX))?;
        stream.set_nodelay(true)?;
        stream.write_all(&self.to_bytes(server))?;
        Answer::read(BufReader::new(stream))
    }

    fn to_bytes(&self, server: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", self.method, self.target);
        if !self.has_header("host") {
            head.push_str(&format!("Host: {server}\r\n"));
        }
        if !self.body.is_empty() && !self.has_header("content-length") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    fn has_header(&self, wanted: &str) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, in order, as they came.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    #[must_use]
    pub fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| &**value)
    }

    /// The body as text, with marks where it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not JSON: the message shows it.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("the answer, status {}, is not JSON ({error}): {}", self.status, self.text())
        })
    }

    fn read(mut stream: impl BufRead) -> io::Result<Self> {
        let status_line = line(&mut stream)?;
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| invalid(&format!("no status line: {status_line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = line(&mut stream)?;
            match line.split_once(':') {
                Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
                None if line.is_empty() => break,
                None => return Err(invalid(&format!("no header: {line:?}"))),
            }
        }
        let mut answer = Self { status, headers, body: Vec::new() };
        answer.body = answer.read_body(stream)?;
        Ok(answer)
    }

    fn read_body(&self, mut stream: impl BufRead) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let size = usize::from_str_radix(&line(&mut stream)?, 16)
                    .map_err(|_| invalid("a chunk without a size"))?;
                let start = body.len();
                body.resize(start + size, 0);
                stream.read_exact(&mut body[start..])?;
                line(&mut stream)?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        match self.header("content-length").map(str::parse) {
            Some(Ok(length)) => {
                body.resize(length, 0);
                stream.read_exact(&mut body)?;
            }
            Some(Err(_)) => return Err(invalid("a Content-Length that is no number")),
            None => {
                stream.read_to_end(&mut body)?;
            }
        }
        Ok(body)
    }
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, status: u16, body: &str) {
        let answer = Answer::read(bytes.as_bytes()).expect("a whole answer");
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
    }

    #[test]
    fn bodies_are_read_by_length_by_chunks_and_to_the_end() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokrest", 200, "ok");
        check(
            "HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            503,
            "abc",
        );
        check("HTTP/1.1 401 Unauthorized\r\n\r\nwho?", 401, "who?");
    }

    #[test]
    fn half_an_answer_is_none() {
        for bytes in ["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"] {
            assert!(Answer::read(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_given_host_replaces_the_default() {
        let server = SocketAddr::from(([127, 0, 0, 1], 1));
        let bytes = Request::get("/x").header("host", "evil.example").to_bytes(server);
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "GET /x HTTP/1.1\r\nConnection: close\r\nhost: evil.example\r\n\r\n"
        );
        let bytes = Request::post("/x", "text/plain", "hi").to_bytes(server);
        let expected = "POST /x HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:1\r\nContent-Length: 2\r\n\
                        Content-Type: text/plain\r\n\r\nhi";
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
    }
}
