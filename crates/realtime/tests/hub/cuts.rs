//! Streams that arrive in two pieces, or end, at every byte of a handshake, an upgrade and a burst.

use crate::fixture::{World, said};
use tokio::io::AsyncWriteExt;
use waypost_realtime::DisconnectReason;
use waypost_testkit::hub_client::{Client, PIPE_BYTES, PollingClient, client_frame, settle};

const AUTH: &str = r#"{"scopes":["a"]}"#;

/// What a client sends, as bytes, and what each cut of it must come to.
struct Stream(Vec<u8>);

impl Stream {
    fn new(parts: &[&[u8]]) -> Stream {
        Stream(parts.concat())
    }

    /// Sends all of it in two pieces, the server having taken the first before the second comes.
    async fn send_cut(&self, at: usize, client: &mut Client) {
        let (first, second) = self.0.split_at(at);
        client.io.write_all(first).await.unwrap();
        settle().await;
        client.io.write_all(second).await.unwrap();
    }

    /// Sends it up to `at` and is gone.
    async fn send_broken(&self, at: usize, mut client: Client) {
        client.io.write_all(&self.0[..at]).await.unwrap();
        settle().await;
        drop(client);
        settle().await;
    }

    fn cuts(&self) -> impl Iterator<Item = usize> {
        0..=self.0.len()
    }
}

fn text(text: &str) -> Vec<u8> {
    client_frame(0x81, text.as_bytes())
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_be_cut_anywhere() {
    let world = World::new();
    let opening = world.opening("EIO=4&transport=websocket");
    let stream = Stream::new(&[opening.as_bytes(), &text("40{\"token\":\"é\"}"), &text("2still")]);
    for at in stream.cuts() {
        let mut client = world.pipe(PIPE_BYTES);
        stream.send_cut(at, &mut client).await;
        assert!(client.http_head().await.starts_with("HTTP/1.1 101 "), "cut at {at}");
        assert!(client.next().await.starts_with("0{\"sid\":"), "cut at {at}");
        let mut packets = [client.next().await, client.next().await, client.next().await];
        packets.sort();
        assert_eq!(packets[0], "3still", "cut at {at}");
        assert!(packets[1].starts_with("40{\"sid\":"), "cut at {at}");
        assert!(packets[2].starts_with("42[\"connected\""), "cut at {at}");
        drop(client);
        assert_eq!(world.left().await, DisconnectReason::TransportClosed, "cut at {at}");
    }
    for at in stream.cuts() {
        stream.send_broken(at, world.pipe(PIPE_BYTES)).await;
        assert_eq!((world.hub.connections(), world.counts().sockets), (0, 0), "ended at {at}");
    }
}

/// A candidate's stream for `client`.
fn upgrade_stream(world: &World, client: &PollingClient) -> (Stream, usize) {
    let opening = world.opening(&format!("EIO=4&transport=websocket&sid={}", client.sid));
    let parts = [opening.as_bytes(), &text("2probe"), &text("5"), &text("420[\"note\"]")];
    let until_upgraded = parts[..3].iter().map(|part| part.len()).sum();
    (Stream::new(&parts), until_upgraded)
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_may_be_cut_anywhere() {
    let world = World::new();
    let length = upgrade_stream(&world, &world.polling_connected(AUTH).await).0.0.len();
    for at in 0..=length {
        let client = world.polling_connected(AUTH).await;
        let (stream, _) = upgrade_stream(&world, &client);
        let mut socket = world.pipe(PIPE_BYTES);
        stream.send_cut(at, &mut socket).await;
        assert!(socket.http_head().await.starts_with("HTTP/1.1 101 "), "cut at {at}");
        assert_eq!(socket.next().await, "3probe", "cut at {at}");
        assert_eq!(socket.next().await, "430[{\"ok\":true}]", "cut at {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_ends_half_way_leaves_the_polling_session_whole() {
    let mut world = World::new();
    let length = upgrade_stream(&world, &world.polling_connected(AUTH).await).0.0.len();
    for at in 0..=length {
        let client = world.polling_connected(AUTH).await;
        let (stream, until_upgraded) = upgrade_stream(&world, &client);
        stream.send_broken(at, world.pipe(PIPE_BYTES)).await;
        let number = world.publish(&["a"]).await;
        if at < until_upgraded {
            assert_eq!(client.poll().await.1, said(number), "ended at {at}");
        } else {
            assert_eq!(client.poll().await.0, 400, "the session went over and ended at {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_may_be_cut_anywhere() {
    let world = World::new();
    let long = format!("422[\"note\",\"{}\"]", "x".repeat(150));
    let stream = Stream::new(&[
        &text("420[\"note\"]"),
        &client_frame(0x01, b"421[\"no"),
        &client_frame(0x89, b"ping"),
        &client_frame(0x00, b""),
        &client_frame(0x80, "te\",\"é\"]".as_bytes()),
        &text(&long),
        &text("451-3[\"note\",{\"_placeholder\":true,\"num\":0}]"),
        &client_frame(0x82, &[0, 255, 0x81]),
        &text("2"),
        &text("424[\"note\"]"),
    ]);
    let mut client = world.connected("").await;
    for at in stream.cuts() {
        stream.send_cut(at, &mut client).await;
        let mut acks = Vec::new();
        while acks.len() < 5 {
            match client.frame().await.expect("the connection stays") {
                (0x81, packet) if packet.starts_with(b"43") => acks.push(packet[2]),
                (0x81, packet) => assert!(packet == "3" || packet == "2", "cut at {at}: {packet:?}"),
                (first, packet) => assert_eq!((first, packet), (0x8A, "ping".into()), "cut at {at}"),
            }
        }
        assert_eq!(acks, *b"01234", "cut at {at}");
    }
    for at in stream.cuts() {
        stream.send_broken(at, world.connected("").await).await;
        assert_eq!(world.hub.connections(), 1, "ended at {at}: only the one from before is there");
    }
    drop(client);
}
