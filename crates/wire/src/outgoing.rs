//! A message encoded once, for whichever transport it goes by.

use crate::engine::SEPARATOR;
use crate::websocket::{FRAME_HEADER_BYTES_MAX, FrameHeader, Opcode, split_frame};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// One packet, ready to be shared by any number of connections: its text and its attachments as the WebSocket frames
/// that carry them, in one piece, so that nothing comes between them. A polling answer is made from the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing(Bytes);

impl Outgoing {
    /// An Engine.IO packet in its text form, without attachments.
    #[must_use]
    pub fn text(text: &str) -> Outgoing {
        Outgoing::with_attachments(text, &[])
    }

    /// An Engine.IO packet in its text form, and the binary messages that follow it.
    #[must_use]
    pub fn with_attachments(text: &str, attachments: &[Bytes]) -> Outgoing {
        let all_bytes = text.len() + attachments.iter().map(Bytes::len).sum::<usize>();
        let mut frames = Vec::with_capacity(all_bytes + FRAME_HEADER_BYTES_MAX * (1 + attachments.len()));
        push_frame(&mut frames, Opcode::Text, text.as_bytes());
        for attachment in attachments {
            push_frame(&mut frames, Opcode::Binary, attachment);
        }
        Outgoing(Bytes::from(frames))
    }

    /// A binary message alone.
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Outgoing {
        let mut frames = Vec::with_capacity(bytes.len() + FRAME_HEADER_BYTES_MAX);
        push_frame(&mut frames, Opcode::Binary, bytes);
        Outgoing(Bytes::from(frames))
    }

    /// All frames, as a WebSocket carries them.
    #[must_use]
    pub fn as_frames(&self) -> &Bytes {
        &self.0
    }

    /// How long [`Outgoing::push_payload`] makes a payload that is empty, in bytes.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        let parts = Parts(&self.0).map(|part| match part {
            Part::Text(text) => text.len(),
            Part::Binary(bytes) => 1 + bytes.len().div_ceil(3) * 4,
        });
        parts.map(|bytes| bytes + SEPARATOR.len_utf8()).sum::<usize>().saturating_sub(SEPARATOR.len_utf8())
    }

    /// Appends the packet to a polling payload, after a separator if something is there already; binary as base64.
    pub fn push_payload(&self, payload: &mut Vec<u8>) {
        for part in Parts(&self.0) {
            if !payload.is_empty() {
                payload.extend_from_slice(SEPARATOR.encode_utf8(&mut [0; 4]).as_bytes());
            }
            match part {
                Part::Text(text) => payload.extend_from_slice(text),
                Part::Binary(bytes) => {
                    payload.push(b'b');
                    payload.extend_from_slice(STANDARD.encode(bytes).as_bytes());
                }
            }
        }
    }
}

fn push_frame(frames: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    frames.extend_from_slice(FrameHeader::new(opcode, payload.len()).as_bytes());
    frames.extend_from_slice(payload);
}

/// The payloads of the frames of an [`Outgoing`]: text and binary ones, whole.
struct Parts<'a>(&'a [u8]);

enum Part<'a> {
    Text(&'a [u8]),
    Binary(&'a [u8]),
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let (opcode, payload, rest) = split_frame(self.0)?;
        self.0 = rest;
        Some(match opcode {
            Opcode::Binary => Part::Binary(payload),
            Opcode::Text | Opcode::Close | Opcode::Pong => Part::Text(payload),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(outgoing: &Outgoing) -> String {
        let mut payload = Vec::new();
        outgoing.push_payload(&mut payload);
        assert_eq!(payload.len(), outgoing.payload_bytes());
        String::from_utf8(payload).unwrap()
    }

    #[test]
    fn a_text_is_the_same_by_either_transport() {
        for bytes in [0, 1, 125, 126, 65_535, 65_536] {
            let text = "x".repeat(bytes);
            let outgoing = Outgoing::text(&text);
            assert_eq!(payload(&outgoing), text);
            assert!(outgoing.as_frames().ends_with(text.as_bytes()));
        }
    }

    #[test]
    fn attachments_follow_their_packet() {
        let attachments = [Bytes::from_static(&[1, 2, 3, 4]), Bytes::new(), Bytes::from_static(&[1])];
        let outgoing = Outgoing::with_attachments("453-[\"a\"]", &attachments);
        assert_eq!(payload(&outgoing), "453-[\"a\"]\x1ebAQIDBA==\x1eb\x1ebAQ==");
        let frames = [&b"\x81\x09453-[\"a\"]"[..], b"\x82\x04\x01\x02\x03\x04", b"\x82\x00", b"\x82\x01\x01"];
        assert_eq!(outgoing.as_frames(), &frames.concat());
    }

    #[test]
    fn a_binary_message_needs_no_text() {
        assert_eq!(payload(&Outgoing::binary(&[1, 2, 3, 4])), "bAQIDBA==");
    }

    #[test]
    fn packets_are_separated_in_a_payload() {
        let mut payload = Vec::new();
        Outgoing::text("2").push_payload(&mut payload);
        Outgoing::text("6").push_payload(&mut payload);
        assert_eq!(payload, b"2\x1e6");
    }
}
