//! The clients and the posters of a server: one thread, one epoll, one buffer for all reads.
//!
//! A client costs as little as can be, so that what is measured is the server: a frame is found by its header, a message
//! by its first bytes, and the clock is read once for each read.

use std::collections::VecDeque;
use std::fmt;
use std::io::{ErrorKind, Read, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use tokio::time::Instant;

use super::handshake::{Joined, masked};
use super::ledger::Ledger;
use super::message::{Request, number_of};
use super::peer::Server;
use crate::client::first_frame;
use crate::http::answer_length;

/// Connections for POSTs, each with one under way at most: the backlog of a burst.
const POSTERS: usize = 32;
/// Holds what a socket may have at once; what is more is read in turns.
const BUFFER_BYTES: usize = 256 * 1024;
/// Events taken at once.
const EVENTS: usize = 1_024;
/// The longest time in which nothing at all comes while something is waited for.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// When messages are posted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Whenever one of the posters has its answer.
    BackToBack,
    /// So many a second, however long answers take.
    PerSecond(u32),
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackToBack => f.write_str("back to back"),
            Self::PerSecond(rate) => write!(f, "at {rate}/s"),
        }
    }
}

/// Sockets of one server.
pub(crate) struct Load {
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    server: SocketAddr,
    clients: Vec<Socket>,
    /// None while nothing is published: a server may close an idle connection.
    posters: Vec<Socket>,
    /// Posters without a request under way, the one that has rested longest first.
    free: VecDeque<usize>,
    request: Request,
    pong: Vec<u8>,
}

struct Socket {
    stream: TcpStream,
    /// The beginning of what has not wholly come.
    rest: Vec<u8>,
}

impl Load {
    /// These clients of the server.
    pub(crate) fn new(server: &Server, joined: Vec<Joined>) -> Result<Self> {
        let poll = Poll::new()?;
        let mut clients = Vec::with_capacity(joined.len());
        for (token, Joined { stream, rest }) in joined.into_iter().enumerate() {
            clients.push(Socket::register(&poll, Token(token), stream, rest)?);
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            server: server.address(1),
            clients,
            posters: Vec::new(),
            free: VecDeque::new(),
            request: Request::new(),
            pong: masked("3")?,
        })
    }

    /// Posts so many messages and waits until every client has them all.
    ///
    /// It never sleeps meanwhile: on loopback it is the server's write that wakes a sleeping reader, which costs a
    /// third of that write in a virtual machine and is no work of a server whose clients are elsewhere.
    pub(crate) fn publish(&mut self, messages: usize, pace: Pace) -> Result<Ledger> {
        self.open_posters()?;
        let mut ledger = Ledger::new(self.clients.len(), messages, POSTERS);
        let start = Instant::now();
        let mut last_came = start;
        while !ledger.is_complete() || self.free.len() < POSTERS {
            let until_due = loop {
                match self.until_due(&ledger, pace, start)? {
                    Some(Duration::ZERO) => self.post(&mut ledger)?,
                    other => break other,
                }
            };
            if self.turn(Duration::ZERO, &mut ledger)? || until_due.is_some() {
                last_came = Instant::now();
            }
            ensure!(last_came.elapsed() < SILENCE_MAX, "nothing comes any more: {}", ledger.progress());
        }
        Ok(ledger)
    }

    /// Answers pings, and takes a message for an error.
    pub(crate) fn idle(&mut self, time: Duration) -> Result<()> {
        self.posters.clear();
        let end = Instant::now() + time;
        let mut nothing = Ledger::new(self.clients.len(), 0, POSTERS);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.turn(left, &mut nothing)?;
        }
    }

    /// The clients' sockets, to be ended one way or another.
    pub(crate) fn into_streams(self) -> impl Iterator<Item = TcpStream> {
        self.clients.into_iter().map(|client| client.stream)
    }

    fn open_posters(&mut self) -> Result<()> {
        for poster in self.posters.len()..POSTERS {
            let stream = std::net::TcpStream::connect(self.server)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let token = Token(self.clients.len() + poster);
            self.posters.push(Socket::register(&self.poll, token, stream, Vec::new())?);
        }
        self.free = (0..POSTERS).collect();
        Ok(())
    }

    /// How long until the next message is to be sent; `None` when an answer has to come first, or none is left.
    fn until_due(&self, ledger: &Ledger, pace: Pace, start: Instant) -> Result<Option<Duration>> {
        if !ledger.has_more() {
            return Ok(None);
        }
        let Pace::PerSecond(rate) = pace else {
            return Ok(if self.free.is_empty() { None } else { Some(Duration::ZERO) });
        };
        let due = start + Duration::from_secs(ledger.sent() as u64) / rate;
        let left = due.saturating_duration_since(Instant::now());
        ensure!(!left.is_zero() || !self.free.is_empty(), "the server does not keep up with {rate} a second");
        Ok(Some(left))
    }

    fn post(&mut self, ledger: &mut Ledger) -> Result<()> {
        let poster = self.free.pop_front().context("a poster is free")?;
        let Some(number) = ledger.send(poster, Instant::now()) else { return Ok(()) };
        let request = self.request.numbered(number);
        let written = self.posters[poster].stream.write(request)?;
        ensure!(written == request.len(), "a socket with nothing in it did not take a request");
        Ok(())
    }

    /// Waits for events and takes what has come; says whether anything has.
    fn turn(&mut self, wait: Duration, ledger: &mut Ledger) -> Result<bool> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            polled => polled?,
        }
        for event in &self.events {
            let Token(token) = event.token();
            match self.clients.get_mut(token) {
                Some(client) => {
                    let mut pings = 0;
                    client.read(&mut self.buffer, |bytes, at| {
                        let Some((text, length)) = first_frame(bytes)? else { return Ok(None) };
                        match number_of(text)? {
                            Some(number) => ledger.receive(token, number, at)?,
                            None => pings += control(text)?,
                        }
                        Ok(Some(length))
                    })?;
                    for _ in 0..pings {
                        client.stream.write_all(&self.pong)?;
                    }
                }
                None => {
                    let poster = token - self.clients.len();
                    let free = &mut self.free;
                    self.posters[poster].read(&mut self.buffer, |bytes, _| {
                        let length = answer_length(bytes)?.filter(|length| *length <= bytes.len());
                        if length.is_some() {
                            let is_ok = bytes.starts_with(b"HTTP/1.1 200 ");
                            ensure!(is_ok, "not 200: {}", String::from_utf8_lossy(bytes));
                            free.push_back(poster);
                        }
                        Ok(length)
                    })?;
                }
            }
        }
        Ok(!self.events.is_empty())
    }
}

impl Socket {
    fn register(poll: &Poll, token: Token, stream: std::net::TcpStream, rest: Vec<u8>) -> Result<Self> {
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, token, Interest::READABLE)?;
        Ok(Self { stream, rest })
    }

    /// Hands on what has come, with the time at which its read returned, as long as `take` finds something whole at its
    /// beginning and says how long that is.
    fn read(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8], Instant) -> Result<Option<usize>>,
    ) -> Result<()> {
        loop {
            let kept = self.rest.len();
            ensure!(kept < buffer.len(), "a frame is larger than the buffer");
            buffer[..kept].copy_from_slice(&self.rest);
            let read = match self.stream.read(&mut buffer[kept..]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Ok(0) => bail!("the server closed a connection"),
                read => read.context("the server broke a connection")?,
            };
            let at = Instant::now();
            let received = &buffer[..kept + read];
            let mut used = 0;
            while let Some(length) = take(&received[used..], at)? {
                used += length;
            }
            self.rest.clear();
            self.rest.extend_from_slice(&received[used..]);
            // With epoll, a read that could have had more has taken all there was.
            if kept + read < buffer.len() {
                return Ok(());
            }
        }
    }
}

/// What is no message: a ping counts one, an event of another name nothing, and everything else is the end.
fn control(text: &[u8]) -> Result<usize> {
    match text {
        b"2" => Ok(1),
        b"6" => Ok(0),
        event if event.starts_with(b"42") => Ok(0),
        other => bail!("a client received {}", String::from_utf8_lossy(other)),
    }
}
