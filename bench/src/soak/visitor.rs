//! Clients that come half way, and the ways to go.

use std::io::{ErrorKind, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{SendFlags, Shutdown, send, shutdown};

use crate::fanout::handshake::{Stream, masked, poll_request, push_request, session_id, upgrade_request};

/// Comes as far as it does, and returns the sockets that it has open then.
pub(crate) type Visit = fn(SocketAddr) -> Result<Vec<TcpStream>>;

/// Each leaves the server at another step.
pub(crate) const VISITS: [Visit; 11] = [
    silent,
    head_cut,
    body_cut,
    polling_without_connect,
    websocket_without_connect,
    poll_cancelled,
    gone_between_polls,
    candidate_silent,
    candidate_probed,
    frame_cut,
    never_reading,
];

/// How a client goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// DISCONNECT, and the WebSocket's goodbye.
    Politely,
    /// The WebSocket's goodbye alone.
    ByGoodbye,
    /// The end of its stream.
    ByEnd,
    /// RST: the kernel is told to forget the connection.
    ByReset,
}

/// A close frame of a client with the code 1000, masked with zeros.
const GOODBYE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 3, 232];

impl Leave {
    /// For those that have a WebSocket and a namespace: all the ways in turn.
    pub(crate) fn of_a_member(number: usize) -> Self {
        [Self::Politely, Self::ByGoodbye, Self::ByEnd, Self::ByReset][number % 4]
    }

    pub(crate) fn abruptly_or_not(number: usize) -> Self {
        if number.is_multiple_of(2) { Self::ByEnd } else { Self::ByReset }
    }

    /// Says what is to be said. The socket is closed when the caller drops it, at once.
    pub(crate) fn end(self, stream: &impl AsFd) -> Result<()> {
        match self {
            Self::Politely => {
                say(stream, &masked("41")?)?;
                say(stream, &GOODBYE)
            }
            Self::ByGoodbye => say(stream, &GOODBYE),
            Self::ByEnd => match shutdown(stream, Shutdown::Write) {
                // The server was first.
                Err(rustix::io::Errno::NOTCONN) => Ok(()),
                shut => shut.context("a client cannot end its stream"),
            },
            Self::ByReset => {
                set_socket_linger(stream, Some(Duration::ZERO)).context("a client cannot be reset")
            }
        }
    }
}

/// A server that was first to close is not an error of the client's.
fn say(stream: &impl AsFd, bytes: &[u8]) -> Result<()> {
    match send(stream, bytes, SendFlags::NOSIGNAL).map_err(std::io::Error::from) {
        Err(error) if [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()) => Ok(()),
        said => said.map(|_| ()).context("a client cannot say goodbye"),
    }
}

/// Opens a socket and says nothing.
fn silent(server: SocketAddr) -> Result<Vec<TcpStream>> {
    Ok(vec![Stream::open(server)?.stream])
}

/// Half the head of a request.
fn head_cut(server: SocketAddr) -> Result<Vec<TcpStream>> {
    let mut stream = Stream::open(server)?;
    let request = poll_request(server, "");
    stream.write(&request[..request.len() / 2])?;
    Ok(vec![stream.stream])
}

/// A POST that announces more than it sends.
fn body_cut(server: SocketAddr) -> Result<Vec<TcpStream>> {
    let (mut stream, sid) = polling(server)?;
    let request = push_request(server, &sid, r#"40{"a":"long one"}"#);
    stream.write(&request[..request.len() - 5])?;
    Ok(vec![stream.stream])
}

/// A session without a namespace.
fn polling_without_connect(server: SocketAddr) -> Result<Vec<TcpStream>> {
    Ok(vec![polling(server)?.0.stream])
}

fn websocket_without_connect(server: SocketAddr) -> Result<Vec<TcpStream>> {
    Ok(vec![websocket(server, "")?.stream])
}

/// Goes while its poll waits.
fn poll_cancelled(server: SocketAddr) -> Result<Vec<TcpStream>> {
    let (mut stream, sid) = polling_connected(server)?;
    stream.write(&poll_request(server, &sid))?;
    Ok(vec![stream.stream])
}

/// Goes while no poll waits, which the server sees at its ping.
fn gone_between_polls(server: SocketAddr) -> Result<Vec<TcpStream>> {
    Ok(vec![polling_connected(server)?.0.stream])
}

/// An upgrade without its probe.
fn candidate_silent(server: SocketAddr) -> Result<Vec<TcpStream>> {
    let (mut polling, sid) = polling_connected(server)?;
    polling.write(&poll_request(server, &sid))?;
    let candidate = websocket(server, &sid)?;
    Ok(vec![polling.stream, candidate.stream])
}

/// An upgrade that ends after its probe.
fn candidate_probed(server: SocketAddr) -> Result<Vec<TcpStream>> {
    let (mut polling, sid) = polling_connected(server)?;
    polling.write(&poll_request(server, &sid))?;
    let mut candidate = websocket(server, &sid)?;
    candidate.send("2probe")?;
    candidate.text("3probe")?;
    Ok(vec![candidate.stream, polling.stream])
}

/// A member that goes in the middle of a frame.
fn frame_cut(server: SocketAddr) -> Result<Vec<TcpStream>> {
    let mut stream = member(server)?;
    let frame = masked(r#"42["join"]"#)?;
    stream.stream.write_all(&frame[..frame.len() - 4])?;
    Ok(vec![stream.stream])
}

/// A member that takes nothing of what it is sent.
fn never_reading(server: SocketAddr) -> Result<Vec<TcpStream>> {
    Ok(vec![member(server)?.stream])
}

fn polling(server: SocketAddr) -> Result<(Stream, String)> {
    let mut stream = Stream::open(server)?;
    stream.write(&poll_request(server, ""))?;
    let sid = session_id(&stream.answer()?)?;
    Ok((stream, sid))
}

fn polling_connected(server: SocketAddr) -> Result<(Stream, String)> {
    let (mut stream, sid) = polling(server)?;
    stream.write(&push_request(server, &sid, "40"))?;
    stream.answer()?;
    stream.write(&poll_request(server, &sid))?;
    stream.answer()?;
    Ok((stream, sid))
}

fn websocket(server: SocketAddr, sid: &str) -> Result<Stream> {
    let mut stream = Stream::open(server)?;
    stream.write(&upgrade_request(server, sid))?;
    stream.upgraded()?;
    Ok(stream)
}

fn member(server: SocketAddr) -> Result<Stream> {
    let mut stream = websocket(server, "")?;
    stream.send("40")?;
    stream.text("40{")?;
    stream.send(r#"420["join"]"#)?;
    stream.text("430[")?;
    Ok(stream)
}
