//! What is encoded once, read back by either transport.

use bytes::Bytes;
use waypost_wire::engine::{Packet, PayloadLimits, SEPARATOR, decode_payload};
use waypost_wire::outgoing::Outgoing;
use waypost_wire::websocket::{Opcode, split_frame};

/// A text and its attachments, divided by zero bytes: they stand in the frames and in the payload as they were put in.
pub fn outgoing(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let text = parts.next().and_then(|text| std::str::from_utf8(text).ok());
    let Some(text) = text.filter(|text| !text.contains(SEPARATOR)) else { return };
    let text = format!("4{text}");
    let attachments: Vec<Bytes> = parts.map(Bytes::copy_from_slice).collect();
    let outgoing = Outgoing::with_attachments(&text, &attachments);

    let mut frames = &outgoing.as_frames()[..];
    let mut next_frame = || {
        let (opcode, payload, rest) = split_frame(frames).expect("a frame for each part");
        frames = rest;
        (opcode, payload)
    };
    assert_eq!(next_frame(), (Opcode::Text, text.as_bytes()));
    for attachment in &attachments {
        assert_eq!(next_frame(), (Opcode::Binary, &attachment[..]));
    }
    assert!(frames.is_empty());

    let mut payload = Vec::new();
    outgoing.push_payload(&mut payload);
    assert_eq!(payload.len(), outgoing.payload_bytes());
    let limits = PayloadLimits { payload_bytes_max: payload.len(), packets_max: 1 + attachments.len() };
    let mut packets = decode_payload(&payload, limits).expect("a payload within its limits");
    assert_eq!(packets.next(), Some(Packet::decode(&text)));
    for attachment in &attachments {
        assert_eq!(packets.next(), Some(Ok(Packet::Binary(attachment[..].into()))));
    }
    assert_eq!(packets.next(), None);
}
