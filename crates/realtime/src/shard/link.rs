//! The transports of one connection: what a waiting poll is, and a WebSocket's bytes.

use super::command::{PollAnswer, PushAnswer};
use super::lanes::{Lanes, Library, Rest};
use crate::ignore::Ignore;
use bytes::Bytes;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use waypost_wire::outgoing::Outgoing;
use waypost_wire::websocket::{CloseCode, Decoder, close_frame};

/// Most frames in one `writev`.
const SLICES_MAX: usize = 64;

/// A byte stream: a TCP socket, an upgraded HTTP connection of any kind, or a pipe of a test.
pub(crate) type Io = Pin<Box<dyn Stream>>;

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

pub(crate) enum Link {
    Polling(Polling),
    WebSocket(WebSocket),
}

/// The requests of a polling client that wait for an answer: at most one of each kind.
#[derive(Default)]
pub(crate) struct Polling {
    pub(crate) poll: Option<PollAnswer>,
    /// A POST whose packets were taken while too many waited already.
    pub(crate) push: Option<PushAnswer>,
}

pub(crate) struct WebSocket {
    io: Io,
    pub(crate) decoder: Decoder,
    /// What is left of the frame being written; nothing may come between.
    rest: Option<Rest>,
    /// The pong, or the answer to a probe. A newer one replaces it (RFC 6455, section 5.5.3).
    reply: Option<Bytes>,
}

/// How far a write came.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) bytes: usize,
    /// Journal events that were written wholly.
    pub(crate) delivered: usize,
    pub(crate) ended: Ended,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing is left.
    #[default]
    Empty,
    /// The peer takes no more for now; the connection's waker is set.
    Blocked,
}

impl WebSocket {
    pub(crate) fn new(io: Io, message_bytes_max: usize) -> WebSocket {
        WebSocket { io, decoder: Decoder::new(message_bytes_max), rest: None, reply: None }
    }

    /// Reads once. `Ready(Ok(0))` is the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        self.io.as_mut().poll_read(cx, &mut buffer).map_ok(|()| buffer.filled().len())
    }

    /// To be sent before anything in the lanes.
    pub(crate) fn reply(&mut self, frame: Bytes) {
        self.reply = Some(frame);
    }

    /// Writes what waits, by as few `writev` as there can be.
    pub(crate) fn write(
        &mut self,
        cx: &mut Context<'_>,
        lanes: &mut Lanes,
        library: Library<'_>,
    ) -> io::Result<Written> {
        let mut written = Written::default();
        while let Some(offered) = self.offer(cx, lanes, library) {
            match offered {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(bytes)) => self.advance(bytes, lanes, library, &mut written),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => {
                    written.ended = Ended::Blocked;
                    return Ok(written);
                }
            }
        }
        // A stream that buffers (TLS) has more to do; for a TCP socket this is nothing.
        if let Poll::Ready(flushed) = self.io.as_mut().poll_flush(cx) {
            flushed?;
        } else {
            written.ended = Ended::Blocked;
        }
        Ok(written)
    }

    /// Offers the stream what waits; `None` when nothing does.
    fn offer(
        &mut self,
        cx: &mut Context<'_>,
        lanes: &Lanes,
        library: Library<'_>,
    ) -> Option<Poll<io::Result<usize>>> {
        // How every write ends, which the iterators below would find out at several times the cost.
        if self.rest.is_none() && self.reply.is_none() && lanes.is_empty() {
            return None;
        }
        let first = self.rest.iter().map(|rest| &rest.bytes).chain(&self.reply);
        let mut waiting = first.chain(lanes.frames(library).map(Outgoing::as_frames));
        let one = waiting.next()?;
        let io = self.io.as_mut();
        // One frame alone, the usual case of an idle connection, goes by the cheaper system call, and without the room
        // for many, which takes longer to clear than all else here.
        Some(match waiting.next() {
            None => io.poll_write(cx, one),
            Some(two) => poll_write_several(io, cx, [one, two].into_iter().chain(waiting)),
        })
    }

    /// Says goodbye as far as the peer takes it at once, and gives the stream up.
    pub(crate) fn finish(mut self, code: CloseCode) {
        let mut cx = Context::from_waker(Waker::noop());
        let goodbye = close_frame(code);
        let rest = self.rest.as_ref().map_or(&[][..], |rest| &rest.bytes);
        let slices = [IoSlice::new(rest), IoSlice::new(&goodbye)];
        if let Poll::Ready(said) = self.io.as_mut().poll_write_vectored(&mut cx, &slices) {
            said.ignore_because("the connection ends either way");
        }
        if let Poll::Ready(shut) = self.io.as_mut().poll_shutdown(&mut cx) {
            shut.ignore_because("dropping the stream closes it as well");
        }
    }

    /// Takes `bytes` off the front of what waited, in the order in which it was offered.
    fn advance(&mut self, bytes: usize, lanes: &mut Lanes, library: Library<'_>, written: &mut Written) {
        written.bytes += bytes;
        let mut left = bytes;
        if let Some(rest) = &mut self.rest {
            let done = left.min(rest.bytes.len());
            left -= done;
            bytes::Buf::advance(&mut rest.bytes, done);
            if !rest.bytes.is_empty() {
                return;
            }
            written.delivered += rest.delivers;
            self.rest = None;
        }
        if let Some(mut reply) = self.reply.take_if(|_| left > 0) {
            let done = left.min(reply.len());
            left -= done;
            bytes::Buf::advance(&mut reply, done);
            if !reply.is_empty() {
                self.rest = Some(Rest { bytes: reply, delivers: 0 });
                return;
            }
        }
        let taken = lanes.take_written(left, library);
        written.delivered += taken.delivered;
        self.rest = taken.rest;
    }
}

fn poll_write_several<'a>(
    io: Pin<&mut dyn Stream>,
    cx: &mut Context<'_>,
    frames: impl Iterator<Item = &'a Bytes>,
) -> Poll<io::Result<usize>> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let mut count = 0;
    for (slice, frame) in slices.iter_mut().zip(frames) {
        *slice = IoSlice::new(frame);
        count += 1;
    }
    io.poll_write_vectored(cx, &slices[..count])
}
