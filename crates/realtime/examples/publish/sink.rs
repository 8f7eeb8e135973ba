//! A client in memory: it says what its script says, and takes whatever it is sent.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const OPENING: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: sink\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: d2F5cG9zdC1iZW5jaC0wMQ==\r\n\r\n";

/// The server's end of such a client.
pub(crate) struct Sink {
    script: VecDeque<Line>,
    tap: Arc<Tap>,
}

/// A client's end, from outside.
#[derive(Default)]
pub(crate) struct Tap {
    closed: AtomicBool,
    /// Whoever reads and found nothing. Held for one look.
    reader: Mutex<Option<Waker>>,
}

/// What the client says, when it has heard something.
struct Line {
    after: Option<&'static [u8]>,
    bytes: Vec<u8>,
}

impl Sink {
    /// A client that connects `/` and then sends this event.
    pub(crate) fn new(event: &str) -> (Sink, Arc<Tap>) {
        let tap = Arc::new(Tap::default());
        let script = [
            Line { after: None, bytes: OPENING.as_bytes().to_vec() },
            Line { after: Some(b"0{"), bytes: masked("40") },
            Line { after: Some(b"40{"), bytes: masked(event) },
        ];
        (Sink { script: script.into(), tap: tap.clone() }, tap)
    }

    /// Whether the next line may be said, now that this was heard.
    fn hear(&mut self, bytes: &[u8]) {
        let Some(line) = self.script.front_mut() else { return };
        let awaited =
            line.after.is_some_and(|after| bytes.windows(after.len()).any(|window| window == after));
        if awaited {
            line.after = None;
            self.tap.wake();
        }
    }
}

impl Tap {
    /// The client goes: its end of the stream is closed.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl AsyncRead for Sink {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        *self.tap.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        if self.tap.closed.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        match self.script.pop_front_if(|line| line.after.is_none()) {
            // Whoever reads has more room than any line needs.
            Some(line) => {
                buffer.put_slice(&line.bytes);
                Poll::Ready(Ok(()))
            }
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Sink {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.hear(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut taken = 0;
        for slice in slices {
            self.hear(slice);
            taken += slice.len();
        }
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A short text as a client sends it, masked with zeros.
fn masked(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126);
    let length = length.expect("the script's events are short");
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}
