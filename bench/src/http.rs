//! As little HTTP/1.1 as a load generator needs: requests are ready bytes, and of an answer only the status and the end
//! are looked for. Keep-alive; the server under test always says `Content-Length`.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// The longest answer to a webhook. Refusals are problem details, with a body.
const ANSWER_BYTES_MAX: usize = 4_096;

/// A connection that has one request under way at most.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Box<[u8; ANSWER_BYTES_MAX]>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server).await.context("the server does not accept a connection")?;
        Self::over(stream)
    }

    /// Opens one from another address of this machine, so as another client.
    pub(crate) async fn open_from(client: Ipv4Addr, server: SocketAddr) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddrV4::new(client, 0).into())?;
        Self::over(socket.connect(server).await.context("the server does not accept a connection")?)
    }

    fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Box::new([0; ANSWER_BYTES_MAX]) })
    }

    /// Sends the request and waits for a 200; any other answer is an error.
    pub(crate) async fn post(&mut self, request: &[u8]) -> Result<()> {
        self.send(request, |answer| {
            let is_ok = answer.starts_with(b"HTTP/1.1 200 ");
            ensure!(is_ok, "not 200: {}", String::from_utf8_lossy(answer));
            Ok(())
        })
        .await
    }

    /// Sends the request and waits for an answer, which is looked at by `check`.
    pub(crate) async fn send(
        &mut self,
        request: &[u8],
        mut check: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            ensure!(read > 0, "the server closed the connection (or its answer is too long)");
            filled += read;
            let answer = &self.buffer[..filled];
            if let Some(length) = answer_length(answer)?
                && filled >= length
            {
                check(answer)?;
                ensure!(filled == length, "more than one answer to one request");
                return Ok(());
            }
        }
    }
}

/// The length of head and body together, once the head is there.
pub(crate) fn answer_length(answer: &[u8]) -> Result<Option<usize>> {
    let Some(head) = memchr::memmem::find(answer, b"\r\n\r\n") else { return Ok(None) };
    match content_length(&answer[..head])? {
        Some(length) => Ok(Some(head + 4 + length)),
        None => bail!("an answer without Content-Length: {}", String::from_utf8_lossy(&answer[..head])),
    }
}

/// The lengths of a request's head, and of head and body together, once the head is there. Without `Content-Length` there
/// is no body.
pub(crate) fn request_length(request: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = memchr::memmem::find(request, b"\r\n\r\n") else { return Ok(None) };
    let head = end + 4;
    Ok(Some((head, head + content_length(&request[..end])?.unwrap_or(0))))
}

fn content_length(head: &[u8]) -> Result<Option<usize>> {
    for line in head.split(|byte| *byte == b'\n') {
        let Some((name, value)) = line.split_at_checked(b"content-length:".len()) else { continue };
        if name.eq_ignore_ascii_case(b"content-length:") {
            return Ok(Some(str::from_utf8(value)?.trim().parse()?));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{answer_length, request_length};

    #[test]
    fn the_end_of_an_answer_is_found() {
        for (answer, length) in [
            ("HTTP/1.1 200 OK\r\ncontent-le", None),
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\ndate: now\r\n\r\n", Some(49)),
            ("HTTP/1.1 401 No\r\nContent-Length: 12\r\n\r\n{", Some(51)),
        ] {
            assert_eq!(answer_length(answer.as_bytes()).unwrap(), length, "{answer}");
        }
        assert!(answer_length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_may_have_no_body() {
        assert_eq!(request_length(b"GET / HTTP/1.1\r\n\r\n").unwrap(), Some((18, 18)));
        assert_eq!(
            request_length(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab").unwrap(),
            Some((38, 41))
        );
        assert_eq!(request_length(b"POST / HTTP/1.1\r\n").unwrap(), None);
    }
}
