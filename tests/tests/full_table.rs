//! A server that has as many connections as it may: one more is refused, the others do not notice.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use waypost_testkit::{Request, ServerOptions, TestServer};
use waypost_tests::DEADLINE;

/// The system lets the server have this many open files: 113 of them for live connections.
const OPEN_FILES: u32 = 200;
const LIVE: usize = 113;

/// Opens a WebSocket and reads up to the end of what is answered at once; the status, and the open connection.
fn open_websocket(server: &TestServer) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(server.address()).expect("the server takes connections");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout can be set");
    let request = format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address()
    );
    stream.write_all(request.as_bytes()).expect("the request can be sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer's head");
        head.extend(byte);
    }
    (String::from_utf8(head).expect("a head is text"), stream)
}

/// Whether the open packet has come, and a ping is answered.
fn is_alive(stream: &mut TcpStream) -> bool {
    let mut frame = [0; 2];
    stream.read_exact(&mut frame).expect("the open packet");
    let mut open = vec![0; usize::from(frame[1])];
    stream.read_exact(&mut open).expect("the open packet");
    // A masked text frame: `2`, Engine.IO's ping.
    stream.write_all(&[0x81, 0x81, 0, 0, 0, 0, b'2']).expect("a ping can be sent");
    let mut pong = [0; 3];
    stream.read_exact(&mut pong).expect("the pong");
    open.starts_with(b"0{") && pong == [0x81, 1, b'3']
}

#[test]
fn a_full_table_refuses_with_503_and_leaves_the_others_unharmed() {
    let server = ServerOptions::new().open_files_max(OPEN_FILES).start();
    let mut connected: Vec<TcpStream> = (0..LIVE)
        .map(|number| {
            let (head, stream) = open_websocket(&server);
            assert!(head.starts_with("HTTP/1.1 101 "), "connection {number}: {head}");
            stream
        })
        .collect();
    for _ in 0..30 {
        let (head, _) = open_websocket(&server);
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert!(head.to_lowercase().contains("retry-after: "), "{head}");
    }
    assert_eq!(server.send(&Request::get("/healthz")).expect("an answer").status, 200);
    for (number, stream) in connected.iter_mut().enumerate() {
        assert!(is_alive(stream), "connection {number}");
    }
}
