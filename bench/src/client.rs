//! A Socket.IO client with as little between the socket and the clock as can be: WebSocket only, namespace `/`, the
//! general room. What it receives is timed first and understood afterwards.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Holds the events of many commits.
const BUFFER_BYTES: usize = 256 * 1024;

const TEXT_FRAME: u8 = 0x81;

/// A client that has joined the room of all messages.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Box<[u8]>,
    filled: usize,
}

impl Client {
    /// Connects as a stock client does, with a key, and joins.
    pub(crate) async fn join(server: SocketAddr, api_key: &str) -> Result<Self> {
        let mut client = Self::connect(server, api_key).await?;
        client.send(r#"420["joinWhatsAppGeneral"]"#).await?;
        client.expect(r#"430[{"ok":true"#).await?;
        Ok(client)
    }

    /// Connects as a stock client does, with a key.
    pub(crate) async fn connect(server: SocketAddr, api_key: &str) -> Result<Self> {
        let stream = TcpStream::connect(server).await.context("the server does not accept a client")?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream, buffer: vec![0; BUFFER_BYTES].into_boxed_slice(), filled: 0 };
        client.upgrade(server).await?;
        client.expect("0{").await?;
        client.send(&format!(r#"40{{"token":"{api_key}"}}"#)).await?;
        client.expect("40").await?;
        Ok(client)
    }

    /// Waits for text frames, answers pings, and hands every other frame on with the time at which the read that
    /// completed it returned.
    pub(crate) async fn read(&mut self, mut take: impl FnMut(Instant, &[u8])) -> Result<()> {
        let read = self.stream.read(&mut self.buffer[self.filled..]).await?;
        let at = Instant::now();
        ensure!(read > 0, "the server closed a client's connection");
        self.filled += read;
        let mut start = 0;
        let mut pings = 0;
        while let Some((text, length)) = first_frame(&self.buffer[start..self.filled])? {
            match text {
                b"2" => pings += 1,
                event => take(at, event),
            }
            start += length;
        }
        self.buffer.copy_within(start..self.filled, 0);
        self.filled -= start;
        ensure!(self.filled < self.buffer.len(), "a frame is larger than the client's buffer");
        for _ in 0..pings {
            self.send("3").await?;
        }
        Ok(())
    }

    async fn upgrade(&mut self, server: SocketAddr) -> Result<()> {
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: d2F5cG9zdC1iZW5jaC0wMQ==\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            let read = self.stream.read(&mut self.buffer[self.filled..]).await?;
            ensure!(read > 0, "the server closed the connection during the upgrade");
            self.filled += read;
            let answer = &self.buffer[..self.filled];
            let Some(end) = memchr::memmem::find(answer, b"\r\n\r\n") else { continue };
            ensure!(answer.starts_with(b"HTTP/1.1 101 "), "no upgrade: {}", String::from_utf8_lossy(answer));
            self.buffer.copy_within(end + 4..self.filled, 0);
            self.filled -= end + 4;
            return Ok(());
        }
    }

    /// Reads until a frame begins so. What comes with it is of the time before the measurement.
    pub(crate) async fn expect(&mut self, beginning: &str) -> Result<()> {
        let mut found = first_frame(&self.buffer[..self.filled])?
            .is_some_and(|(text, _)| text.starts_with(beginning.as_bytes()));
        while !found {
            self.read(|_, text| found |= text.starts_with(beginning.as_bytes()))
                .await
                .with_context(|| format!("waiting for {beginning}"))?;
        }
        Ok(())
    }

    /// Sends a short text. The mask of zeros is a mask, and needs no arithmetic.
    pub(crate) async fn send(&mut self, text: &str) -> Result<()> {
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 126);
        let length = length.context("the bench sends short frames only")?;
        let frame = [&[TEXT_FRAME, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        Ok(self.stream.write_all(&frame).await?)
    }
}

/// The text of the first frame and the frame's length, if it is all there (RFC 6455, 5.2; a server does not mask).
pub(crate) fn first_frame(bytes: &[u8]) -> Result<Option<(&[u8], usize)>> {
    let &[kind, short, ref rest @ ..] = bytes else { return Ok(None) };
    ensure!(kind == TEXT_FRAME, "not a whole text frame: {kind:#04x}");
    let (header, length) = match (short, rest) {
        (126, [high, low, ..]) => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        (127, _) => anyhow::bail!("a frame of more than 64 KiB"),
        (126, _) => return Ok(None),
        (length, _) => (2, usize::from(length)),
    };
    Ok(bytes.get(header..header + length).map(|text| (text, header + length)))
}

#[cfg(test)]
mod tests {
    use super::first_frame;

    #[test]
    fn a_frame_is_read_when_it_is_whole() {
        let long = [&[0x81, 126, 1, 0][..], &[b'x'; 256], &[0x81]].concat();
        assert_eq!(first_frame(&long).unwrap(), Some((&[b'x'; 256][..], 260)));
        assert_eq!(first_frame(&long[..259]).unwrap(), None);
        assert_eq!(first_frame(&long[..3]).unwrap(), None);
        assert_eq!(first_frame(&[0x81, 1, b'2']).unwrap(), Some((&b"2"[..], 3)));
        assert!(first_frame(&[0x88, 0]).is_err());
    }
}
