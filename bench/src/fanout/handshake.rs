//! Connecting, in waves: a wave's clients take each step together, so that a server has some of them at once and one
//! thread with blocking sockets is enough.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::peer::Server;
use crate::client::first_frame;
use crate::http::answer_length;

/// Clients are spread over 127.0.0.2 to 127.0.0.9.
pub(crate) const NETS: std::ops::RangeInclusive<u8> = 2..=9;
/// How long a step of a server may take.
const STEP_MAX: Duration = Duration::from_secs(20);
/// Clients of a wave. Node's server ends the poll of an upgrading client at the next tenth of a second, for which a wave
/// waits together.
const WEBSOCKET_WAVE: usize = 16;
const UPGRADE_WAVE: usize = 128;
/// Read at a time.
const BUFFER_BYTES: usize = 4_096;

/// How clients come to their WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transports {
    /// At once.
    WebSocket,
    /// As stock clients do by themselves: polling, CONNECT by a POST, then the upgrade.
    Default,
}

impl fmt::Display for Transports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WebSocket => "WebSocket only",
            Self::Default => "default transports",
        })
    }
}

/// A connected client that has joined the room.
pub(crate) struct Joined {
    pub(crate) stream: TcpStream,
    /// What has come behind the answer to the join.
    pub(crate) rest: Vec<u8>,
}

/// Connects so many and lets each join.
pub(crate) fn join(server: &Server, count: usize, transports: Transports) -> Result<Vec<Joined>> {
    let addresses: Vec<_> = NETS.cycle().map(|net| server.address(net)).take(count).collect();
    let mut joined = Vec::with_capacity(count);
    match transports {
        Transports::WebSocket => {
            for wave in addresses.chunks(WEBSOCKET_WAVE) {
                joined.extend(join_at_once(wave)?);
            }
        }
        Transports::Default => {
            for wave in addresses.chunks(UPGRADE_WAVE) {
                joined.extend(join_by_polling(wave)?);
            }
        }
    }
    Ok(joined)
}

fn join_at_once(wave: &[SocketAddr]) -> Result<Vec<Joined>> {
    let mut clients = Vec::with_capacity(wave.len());
    for address in wave {
        let mut client = Stream::open(*address)?;
        client.write(&upgrade_request(*address, ""))?;
        clients.push(client);
    }
    for client in &mut clients {
        client.upgraded()?;
        client.text("0{")?;
        client.send("40")?;
    }
    for client in &mut clients {
        client.text("40{")?;
        client.send(r#"420["join"]"#)?;
    }
    clients.into_iter().map(Stream::joined).collect()
}

fn join_by_polling(wave: &[SocketAddr]) -> Result<Vec<Joined>> {
    let mut polls = Vec::with_capacity(wave.len());
    for address in wave {
        let mut poll = Stream::open(*address)?;
        poll.write(&poll_request(*address, ""))?;
        polls.push(poll);
    }
    let mut sids = Vec::with_capacity(wave.len());
    for (poll, address) in polls.iter_mut().zip(wave) {
        let sid = session_id(&poll.answer()?)?;
        poll.write(&push_request(*address, &sid, "40"))?;
        sids.push(sid);
    }
    for ((poll, address), sid) in polls.iter_mut().zip(wave).zip(&sids) {
        poll.answer()?;
        poll.write(&poll_request(*address, sid))?;
    }
    let mut clients = Vec::with_capacity(wave.len());
    for ((poll, address), sid) in polls.iter_mut().zip(wave).zip(&sids) {
        let answer = poll.answer()?;
        ensure!(answer.starts_with("40{"), "not a CONNECT reply: {answer}");
        // The poll that waits while the upgrade is tried.
        poll.write(&poll_request(*address, sid))?;
        let mut client = Stream::open(*address)?;
        client.write(&upgrade_request(*address, sid))?;
        clients.push(client);
    }
    for client in &mut clients {
        client.upgraded()?;
        client.send("2probe")?;
    }
    for (client, poll) in clients.iter_mut().zip(&mut polls) {
        client.text("3probe")?;
        poll.answer()?;
        client.send("5")?;
        client.send(r#"420["join"]"#)?;
    }
    clients.into_iter().map(Stream::joined).collect()
}

pub(crate) fn session_id(answer: &str) -> Result<String> {
    let (_, rest) = answer.split_once(r#""sid":""#).context("a handshake without a session id")?;
    let (sid, _) = rest.split_once('"').context("a handshake without a session id")?;
    Ok(format!("&sid={sid}"))
}

pub(crate) fn poll_request(address: SocketAddr, sid: &str) -> String {
    format!("GET /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: {address}\r\n\r\n")
}

pub(crate) fn push_request(address: SocketAddr, sid: &str, payload: &str) -> String {
    let length = payload.len();
    format!(
        "POST /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: {address}\r\n\
         Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {length}\r\n\r\n{payload}"
    )
}

pub(crate) fn upgrade_request(address: SocketAddr, sid: &str) -> String {
    format!(
        "GET /socket.io/?EIO=4&transport=websocket{sid} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: d2F5cG9zdC1iZW5jaC0wMQ==\r\n\r\n"
    )
}

/// A short text as a client sends it. The mask of zeros is a mask, and needs no arithmetic.
pub(crate) fn masked(text: &str) -> Result<Vec<u8>> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126);
    let length = length.context("the bench sends short frames only")?;
    Ok([&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat())
}

/// A socket, and what has come on it and is not yet read.
pub(crate) struct Stream {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

impl Stream {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).context("the server does not accept a client")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(STEP_MAX))?;
        Ok(Self { stream, received: Vec::new() })
    }

    pub(crate) fn write(&mut self, request: &str) -> Result<()> {
        Ok(self.stream.write_all(request.as_bytes())?)
    }

    pub(crate) fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.stream.write_all(&masked(text)?)?)
    }

    pub(crate) fn upgraded(&mut self) -> Result<()> {
        let end = loop {
            match memchr::memmem::find(&self.received, b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.read()?,
            }
        };
        let head = self.take(end);
        ensure!(head.starts_with("HTTP/1.1 101 "), "no upgrade: {head}");
        Ok(())
    }

    /// The body of a 200.
    pub(crate) fn answer(&mut self) -> Result<String> {
        let length = loop {
            match answer_length(&self.received)? {
                Some(length) if length <= self.received.len() => break length,
                _ => self.read()?,
            }
        };
        let answer = self.take(length);
        ensure!(answer.starts_with("HTTP/1.1 200 "), "not 200: {answer}");
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        body.context("an answer without an end of its head")
    }

    /// Waits for a text that begins so; others are passed over.
    pub(crate) fn text(&mut self, beginning: &str) -> Result<()> {
        loop {
            match first_frame(&self.received)?.map(|(text, length)| (text.to_owned(), length)) {
                None => self.read().with_context(|| format!("waiting for {beginning}"))?,
                Some((text, length)) => {
                    self.received.drain(..length);
                    if text.starts_with(beginning.as_bytes()) {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn joined(mut self) -> Result<Joined> {
        self.text("430[")?;
        self.stream.set_nonblocking(true)?;
        Ok(Joined { stream: self.stream, rest: self.received })
    }

    fn read(&mut self) -> Result<()> {
        let mut buffer = [0; BUFFER_BYTES];
        let read = self.stream.read(&mut buffer).context("the server does not answer a client")?;
        if read == 0 {
            bail!("the server closed a client's connection");
        }
        self.received.extend_from_slice(&buffer[..read]);
        Ok(())
    }

    fn take(&mut self, length: usize) -> String {
        let taken: Vec<u8> = self.received.drain(..length).collect();
        String::from_utf8_lossy(&taken).into_owned()
    }
}
