//! Every case that the published Socket.IO suite names, against the conformance server.

use crate::echo::{self, Echo};
use bytes::Bytes;
use std::sync::Arc;
use waypost_realtime::{Hub, Origin};
use waypost_testkit::hub_client::{Client, Door, PIPE_BYTES};

fn door() -> Door {
    let origin = Origin::empty([1; 32]);
    let (hub, _publisher) = Hub::start(echo::config(echo::namespaces()), Arc::new(Echo), origin);
    Door::new("/socket.io/", hub.router())
}

/// A WebSocket whose open packet was taken.
async fn opened() -> Client {
    let mut socket = door().open_websocket("EIO=4&transport=websocket", PIPE_BYTES).await.unwrap();
    assert!(socket.next().await.starts_with('0'));
    socket
}

/// One that is connected to the main namespace.
async fn connected() -> Client {
    let mut socket = opened().await;
    connect(&mut socket, "", "{}").await;
    socket
}

/// Connects `namespace` (`/custom,`, or nothing for the main one) and takes the reply and the greeting.
async fn connect(socket: &mut Client, namespace: &str, auth: &str) {
    let payload = if auth == "{}" { "" } else { auth };
    socket.send(&format!("40{namespace}{payload}")).await;
    let reply = socket.next().await;
    let json = reply.strip_prefix(&format!("40{namespace}")).unwrap();
    let reply: serde_json::Value = serde_json::from_str(json).unwrap();
    let keys: Vec<&String> = reply.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["sid"]);
    assert_eq!(socket.next().await, format!("42{namespace}[\"auth\",{auth}]"));
}

async fn check(sent: &str, received: &str) {
    let mut socket = connected().await;
    socket.send(sent).await;
    assert_eq!(socket.next().await, received);
}

/// Sends `text` and two attachments, and expects `answer` and the same two.
async fn check_binary(text: &str, answer: &str) {
    let mut socket = connected().await;
    let attachments = [&[1_u8, 2, 3][..], &[4, 5, 6]];
    socket.send(text).await;
    for attachment in attachments {
        socket.send_frame(0x82, attachment).await;
    }
    assert_eq!(socket.next().await, answer);
    for attachment in attachments {
        assert_eq!(socket.frame().await, Some((0x82, Bytes::copy_from_slice(attachment))));
    }
}

#[tokio::test(start_paused = true)]
async fn the_main_and_a_custom_namespace_connect_with_and_without_a_payload() {
    for namespace in ["", "/custom,"] {
        for auth in ["{}", "{\"token\":\"123\"}"] {
            connect(&mut opened().await, namespace, auth).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_namespace_is_refused() {
    let mut socket = opened().await;
    socket.send("40/random").await;
    assert_eq!(socket.next().await, "44/random,{\"message\":\"Invalid namespace\"}");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_handshake_closes() {
    let mut socket = opened().await;
    socket.send("4abc").await;
    assert_eq!(socket.closed().await, Some(1002));
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_handshake_is_closed() {
    let mut socket = opened().await;
    let start = tokio::time::Instant::now();
    while let Some((0x81, packet)) = socket.frame().await {
        assert_eq!(packet, "2");
        socket.send("3").await;
    }
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn leaving_the_main_namespace_keeps_the_connection() {
    let mut socket = connected().await;
    socket.send("41").await;
    assert_eq!(socket.frame().await, Some((0x81, "2".into())));
}

#[tokio::test(start_paused = true)]
async fn leaving_a_custom_namespace_keeps_the_main_one() {
    let mut socket = connected().await;
    connect(&mut socket, "/custom,", "{}").await;
    socket.send("41/custom,").await;
    socket.send("42[\"message\"]").await;
    assert_eq!(socket.next().await, "42[\"message-back\"]");
}

#[tokio::test(start_paused = true)]
async fn packets_come_back_with_the_same_arguments() {
    check("42[\"message\",1,\"2\",{\"3\":[true]}]", "42[\"message-back\",1,\"2\",{\"3\":[true]}]").await;
    check("42[\"message\",\"last\"]", "42[\"message-back\",\"last\"]").await;
}

#[tokio::test(start_paused = true)]
async fn an_ack_brings_the_same_arguments() {
    check("42456[\"message-with-ack\",1,\"2\",{\"3\":[false]}]", "43456[1,\"2\",{\"3\":[false]}]").await;
    check("420[\"message-with-ack\"]", "430[]").await;
}

#[tokio::test(start_paused = true)]
async fn the_server_asks_and_tells_what_was_answered() {
    let mut socket = connected().await;
    for (number, answer) in ["1,\"2\",{\"3\":[true]}", "null"].into_iter().enumerate() {
        socket.send("42[\"emit-with-ack\",7,{\"a\":[]}]").await;
        assert_eq!(socket.next().await, format!("42{number}[\"emit-with-ack\",7,{{\"a\":[]}}]"));
        socket.send(&format!("43{number}[{answer}]")).await;
        assert_eq!(socket.next().await, format!("42[\"emit-with-ack\",{answer}]"));
    }
}

#[tokio::test(start_paused = true)]
async fn binary_packets_come_back_with_their_attachments() {
    let places = "{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}";
    check_binary(&format!("452-[\"message\",{places}]"), &format!("452-[\"message-back\",{places}]")).await;
    check_binary(&format!("452-789[\"message-with-ack\",{places}]"), &format!("462-789[{places}]")).await;
}

#[tokio::test(start_paused = true)]
async fn the_answer_of_a_client_may_be_binary() {
    let mut socket = connected().await;
    socket.send("42[\"emit-with-ack\"]").await;
    assert_eq!(socket.next().await, "420[\"emit-with-ack\"]");
    socket.send("461-0[{\"_placeholder\":true,\"num\":0}]").await;
    socket.send_frame(0x82, &[7; 9]).await;
    assert_eq!(socket.next().await, "451-[\"emit-with-ack\",{\"_placeholder\":true,\"num\":0}]");
    assert_eq!(socket.frame().await, Some((0x82, vec![7; 9].into())));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_is_not_waited_for_without_end() {
    let mut socket = connected().await;
    socket.send("42[\"emit-with-ack\"]").await;
    assert_eq!(socket.next().await, "420[\"emit-with-ack\"]");
    let start = tokio::time::Instant::now();
    assert_eq!(socket.next().await, "42[\"error\",\"no answer came in time\"]");
    assert_eq!(start.elapsed().as_secs(), 10);
    socket.send("430[\"late\"]").await;
    socket.send("42[\"message\"]").await;
    assert_eq!(socket.next().await, "42[\"message-back\"]");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_protocol_closes() {
    let table = [
        ("an unknown packet type", "4abc"),
        ("a bad payload", "42{}"),
        ("a bad ack id", "42abc[\"message-with-ack\",1,\"2\",{\"3\":[false]}]"),
        ("an attachment too many", "50-[\"message\"]"),
        ("a number of attachments that is none", "45x-[\"message\"]"),
        ("a namespace that is not connected", "42/custom,[\"message\"]"),
    ];
    for (what, text) in table {
        let mut socket = connected().await;
        socket.send(text).await;
        assert_eq!(socket.closed().await, Some(1002), "{what}");
    }
    let mut socket = connected().await;
    socket.send_frame(0x82, b"nothing announced this").await;
    assert_eq!(socket.closed().await, Some(1002));
}

#[tokio::test(start_paused = true)]
async fn binary_goes_by_polling_too() {
    let client = door().polling().await;
    client.push("40").await;
    let (_, greeting) = client.poll().await;
    assert!(greeting.ends_with("\x1e42[\"auth\",{}]"), "{greeting}");
    let packet = "451-[\"message\",{\"_placeholder\":true,\"num\":0}]\x1ebAQIDBA==";
    assert_eq!(client.push(packet).await.1, "ok");
    assert_eq!(client.poll().await.1, packet.replace("message", "message-back"));
}
