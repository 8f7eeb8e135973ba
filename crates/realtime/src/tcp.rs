//! An accepted TCP socket, with what goes with it for its whole life.

use bytes::Bytes;
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

/// A socket that speaks HTTP first and may become a WebSocket.
#[derive(Debug)]
pub(crate) struct Tcp {
    stream: TcpStream,
    /// What HTTP has read too far: these bytes come first.
    early: Bytes,
    /// Its place among the connections of the server, given back when the socket is closed.
    _place: Option<OwnedSemaphorePermit>,
}

impl Tcp {
    /// A socket that somebody else has accepted and counts.
    pub(crate) fn new(stream: TcpStream) -> Tcp {
        Tcp { stream, early: Bytes::new(), _place: None }
    }

    pub(crate) fn in_place(stream: TcpStream, place: OwnedSemaphorePermit) -> Tcp {
        Tcp { stream, early: Bytes::new(), _place: Some(place) }
    }

    /// The same, with bytes that were read from it already.
    pub(crate) fn with_early(mut self, early: Bytes) -> Tcp {
        self.early = early;
        self.forget_read();
        self
    }

    /// Lets go of bytes that are used up: what is left of them, though empty, would hold the whole buffer that HTTP has
    /// read into for the connection's life.
    fn forget_read(&mut self) {
        if self.early.is_empty() {
            self.early = Bytes::new();
        }
    }

    /// Bounds what the kernel holds: what it holds back for a slow client can neither be overtaken nor taken back.
    pub(crate) fn bound_buffers(&self, send_buffer_bytes: usize, unsent_bytes_max: u32) -> io::Result<()> {
        let socket = SockRef::from(&self.stream);
        socket.set_send_buffer_size(send_buffer_bytes)?;
        #[cfg(target_os = "linux")]
        socket.set_tcp_notsent_lowat(unsent_bytes_max)?;
        Ok(())
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let take = self.early.len().min(buffer.remaining());
        buffer.put_slice(&self.early.split_to(take));
        self.forget_read();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn bytes_that_were_read_early_hold_no_buffer_once_they_are_used_up() {
        const BUFFER_BYTES: usize = 8 * 1024;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for early in ["", "early"] {
            let mut buffer = BytesMut::with_capacity(BUFFER_BYTES);
            buffer.extend_from_slice(early.as_bytes());
            let stream = TcpStream::connect(address).await.unwrap();
            let mut tcp = Tcp::new(stream).with_early(buffer.split().freeze());
            tcp.read_exact(&mut vec![0; early.len()]).await.unwrap();
            assert!(buffer.try_reclaim(BUFFER_BYTES), "after {early:?}");
        }
    }
}
