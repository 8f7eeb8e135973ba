//! The lower bound of a fan-out: a server of which nothing is left but the writes.
//!
//! One thread, one epoll, the sockets in a `Vec`. What is POSTed becomes one frame, shared by all; what has come in one
//! turn leaves for each socket by one `writev`; what a socket does not take is kept for it. There are no rooms, no
//! pings, no limits, no checks of what a client says: it answers the benchmark's own clients and nobody else.
//!
//! It stands on mio, which is epoll without `unsafe` code here and already part of tokio.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Read as _, Write as _};
use std::rc::Rc;

use anyhow::{Context as _, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::http::request_length;

const LISTENER: Token = Token(usize::MAX);
/// Events taken at once.
const EVENTS: usize = 1_024;
const BUFFER_BYTES: usize = 64 * 1024;
/// The answer to the key that every client of the benchmark sends, which does not look at it.
const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                          Sec-WebSocket-Accept: xxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n\r\n";
const OPEN: &str =
    r#"0{"sid":"bare","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
/// The first byte of a frame with a whole text.
const TEXT: u8 = 0x81;

/// A frame as it goes to everybody.
type Frame = Rc<[u8]>;

/// Serves until it is killed.
#[expect(clippy::print_stdout, reason = "the address is what the benchmark needs to connect")]
pub(crate) fn run() -> Result<()> {
    let mut listener = TcpListener::bind("0.0.0.0:0".parse()?)?;
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("http://127.0.0.1:{}", listener.local_addr()?.port());
    let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
    let (connections, fresh, posted) = (Vec::new(), Vec::new(), Vec::new());
    Bare { poll, listener, buffer, connections, fresh, posted }.serve()
}

struct Bare {
    poll: Poll,
    listener: TcpListener,
    buffer: Box<[u8]>,
    /// By their tokens. The place of one that is gone stays empty.
    connections: Vec<Option<Connection>>,
    /// What was POSTed in this turn, and on which connections.
    fresh: Vec<Frame>,
    posted: Vec<usize>,
}

struct Connection {
    stream: TcpStream,
    speaks: Speaks,
    /// The beginning of what has not wholly come.
    rest: Vec<u8>,
    /// What the socket did not take, and how much of the first it took.
    waiting: VecDeque<Frame>,
    taken: usize,
}

#[derive(PartialEq, Eq)]
enum Speaks {
    Http,
    WebSocket,
}

impl Bare {
    fn serve(mut self) -> Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(at) => {
                        if event.is_readable() {
                            self.read(at)?;
                        }
                        if event.is_writable()
                            && let Some(connection) = &mut self.connections[at]
                        {
                            connection.write_waiting()?;
                        }
                    }
                }
            }
            self.flush()?;
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let (mut stream, _) = match self.listener.accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                accepted => accepted?,
            };
            stream.set_nodelay(true)?;
            let token = Token(self.connections.len());
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, token, interest)?;
            let (rest, waiting) = (Vec::new(), VecDeque::new());
            self.connections.push(Some(Connection { stream, speaks: Speaks::Http, rest, waiting, taken: 0 }));
        }
    }

    /// Reads until less comes than could have, which with epoll is the end of what there is.
    fn read(&mut self, at: usize) -> Result<()> {
        while let Some(connection) = &mut self.connections[at] {
            let kept = connection.rest.len();
            self.buffer[..kept].copy_from_slice(&connection.rest);
            let room = self.buffer.len() - kept;
            let read = match connection.stream.read(&mut self.buffer[kept..]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // Whoever is gone is gone, politely or not.
                Ok(0) | Err(_) => {
                    self.connections[at] = None;
                    return Ok(());
                }
                Ok(read) => read,
            };
            let received = &self.buffer[..kept + read];
            let mut used = 0;
            while let Some(length) = connection.take(&received[used..], &mut self.fresh)? {
                if connection.speaks == Speaks::Http {
                    self.posted.push(at);
                }
                used += length;
            }
            connection.rest.clear();
            connection.rest.extend_from_slice(&received[used..]);
            if read < room {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Everything of this turn to everybody, then the answers.
    fn flush(&mut self) -> Result<()> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let slices: Vec<IoSlice<'_>> = self.fresh.iter().map(|frame| IoSlice::new(frame)).collect();
        for connection in self.connections.iter_mut().flatten() {
            if connection.speaks == Speaks::WebSocket {
                connection.write(&self.fresh, &slices)?;
            }
        }
        self.fresh.clear();
        for at in self.posted.drain(..) {
            if let Some(connection) = &mut self.connections[at] {
                connection.stream.write_all(OK)?;
            }
        }
        Ok(())
    }
}

impl Connection {
    /// The length of the first request or frame, if it has wholly come; what it asks for is done.
    fn take(&mut self, bytes: &[u8], fresh: &mut Vec<Frame>) -> Result<Option<usize>> {
        if self.speaks == Speaks::WebSocket {
            return self.take_frame(bytes);
        }
        let Some((head, length)) = request_length(bytes)? else { return Ok(None) };
        let Some(request) = bytes.get(..length) else { return Ok(None) };
        if request.starts_with(b"POST ") {
            fresh.push(event(&request[head..])?);
        } else {
            self.speaks = Speaks::WebSocket;
            self.stream.write_all(&[UPGRADED, &frame(OPEN.as_bytes())?].concat())?;
        }
        Ok(Some(length))
    }

    /// The clients mask with zeros, so that their texts are read as they come.
    fn take_frame(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        let &[_, length, ..] = bytes else { return Ok(None) };
        let length = 6 + usize::from(length & 0x7f);
        let Some(text) = bytes.get(6..length) else { return Ok(None) };
        if text.starts_with(b"40") {
            self.stream.write_all(&frame(br#"40{"sid":"bare"}"#)?)?;
        } else if let Some(ask) = text.strip_prefix(b"42") {
            let id = ask.split(|byte| *byte == b'[').next().unwrap_or_default();
            self.stream.write_all(&frame(&[b"43", id, b"[]"].concat())?)?;
        }
        Ok(Some(length))
    }

    fn write(&mut self, fresh: &[Frame], slices: &[IoSlice<'_>]) -> Result<()> {
        let mut written = 0;
        if self.waiting.is_empty() {
            written = match write(&mut self.stream, slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                written => written?,
            };
        }
        for frame in fresh {
            match written.checked_sub(frame.len()) {
                Some(beyond) => written = beyond,
                None => {
                    if self.waiting.is_empty() {
                        self.taken = std::mem::take(&mut written);
                    }
                    self.waiting.push_back(Frame::clone(frame));
                }
            }
        }
        Ok(())
    }

    fn write_waiting(&mut self) -> Result<()> {
        while let Some(first) = self.waiting.front() {
            let behind = self.waiting.iter().skip(1).map(|frame| &frame[..]);
            let slices: Vec<_> =
                std::iter::once(&first[self.taken..]).chain(behind).map(IoSlice::new).collect();
            self.taken += match write(&mut self.stream, &slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                written => written?,
            };
            while let Some(first) = self.waiting.front()
                && self.taken >= first.len()
            {
                self.taken -= first.len();
                self.waiting.pop_front();
            }
        }
        Ok(())
    }
}

/// By the system call that is cheaper for one frame alone, or by the one that takes several.
fn write(stream: &mut TcpStream, slices: &[IoSlice<'_>]) -> std::io::Result<usize> {
    match slices {
        [only] => stream.write(only),
        several => stream.write_vectored(several),
    }
}

/// The event with this body, as the other servers frame it.
fn event(body: &[u8]) -> Result<Frame> {
    Ok(frame(&[br#"42["whatsappMessage","#, body, b"]"].concat())?.into())
}

fn frame(text: &[u8]) -> Result<Vec<u8>> {
    let length = u16::try_from(text.len()).context("a longer text than the benchmark has")?;
    Ok(match u8::try_from(length) {
        Ok(short @ ..126) => [&[TEXT, short], text].concat(),
        _ => [&[TEXT, 126][..], &length.to_be_bytes(), text].concat(),
    })
}
