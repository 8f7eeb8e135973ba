//! Engine.IO 4 packets, alone (a WebSocket text frame) and several in one polling payload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::fmt::Write as _;

/// What stands between two packets of one polling payload (Engine.IO 4, "Payload").
pub const SEPARATOR: char = '\x1e';

/// One Engine.IO packet. Text borrows from what was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: the handshake, JSON; only a server sends it.
    Open(&'a str),
    /// `1`: the other side closes.
    Close,
    /// `2`: a heartbeat, or with `probe` the first packet of an upgrade.
    Ping(&'a str),
    /// `3`: the answer to a ping, with the ping's own text.
    Pong(&'a str),
    /// `4`: a message, which is a Socket.IO packet.
    Text(&'a str),
    /// A binary message: `b` and base64 in a polling payload, a binary frame on a WebSocket.
    Binary(Cow<'a, [u8]>),
    /// `5`: the client goes over to the WebSocket for good.
    Upgrade,
    /// `6`: says nothing; it ends a waiting poll.
    Noop,
}

/// What may be in one polling payload.
#[derive(Debug, Clone, Copy)]
pub struct PayloadLimits {
    /// Longest payload, in bytes.
    pub payload_bytes_max: usize,
    /// Most packets in one payload.
    pub packets_max: usize,
}

/// Why bytes are not Engine.IO. The session is closed for any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing where a packet should stand.
    #[error("the packet is empty")]
    Empty,
    /// The first character names no packet type.
    #[error("the packet type is unknown")]
    UnknownType,
    /// A packet that carries no text came with some.
    #[error("the packet has text after it")]
    TrailingText,
    /// What follows `b` is not base64.
    #[error("the binary packet is not base64")]
    Base64,
    /// A payload that is not text.
    #[error("the payload is not UTF-8")]
    NotUtf8,
    /// Longer than `payload_bytes_max`.
    #[error("the payload is too long")]
    PayloadTooLong,
    /// More packets than `packets_max`.
    #[error("the payload has too many packets")]
    TooManyPackets,
}

impl<'a> Packet<'a> {
    /// Reads one packet in its text form: a WebSocket text frame, or one part of a polling payload.
    ///
    /// # Errors
    /// Any [`DecodeError`] but the three of payloads.
    pub fn decode(text: &'a str) -> Result<Packet<'a>, DecodeError> {
        let kind = text.chars().next().ok_or(DecodeError::Empty)?;
        let rest = text.get(kind.len_utf8()..).unwrap_or_default();
        match kind {
            '0' => Ok(Packet::Open(rest)),
            '1' => bare(Packet::Close, rest),
            '2' => Ok(Packet::Ping(rest)),
            '3' => Ok(Packet::Pong(rest)),
            '4' => Ok(Packet::Text(rest)),
            '5' => bare(Packet::Upgrade, rest),
            '6' => bare(Packet::Noop, rest),
            'b' => {
                let bytes = STANDARD.decode(rest).map_err(|_| DecodeError::Base64)?;
                Ok(Packet::Binary(Cow::Owned(bytes)))
            }
            _ => Err(DecodeError::UnknownType),
        }
    }

    /// Appends the packet's text form to `out`.
    pub fn encode_into(&self, out: &mut String) {
        match self {
            Packet::Open(json) => text_packet(out, '0', json),
            Packet::Close => out.push('1'),
            Packet::Ping(text) => text_packet(out, '2', text),
            Packet::Pong(text) => text_packet(out, '3', text),
            Packet::Text(text) => text_packet(out, '4', text),
            Packet::Binary(bytes) => {
                out.push('b');
                STANDARD.encode_string(bytes, out);
            }
            Packet::Upgrade => out.push('5'),
            Packet::Noop => out.push('6'),
        }
    }
}

/// Reads a polling payload, packet by packet. The limits are checked before the first one is decoded.
///
/// # Errors
/// [`DecodeError::PayloadTooLong`], [`DecodeError::NotUtf8`] and [`DecodeError::TooManyPackets`] at once; the others as
/// the packets are taken.
pub fn decode_payload(
    payload: &[u8],
    limits: PayloadLimits,
) -> Result<impl Iterator<Item = Result<Packet<'_>, DecodeError>>, DecodeError> {
    if payload.len() > limits.payload_bytes_max {
        return Err(DecodeError::PayloadTooLong);
    }
    let payload = std::str::from_utf8(payload).map_err(|_| DecodeError::NotUtf8)?;
    if payload.matches(SEPARATOR).count() >= limits.packets_max {
        return Err(DecodeError::TooManyPackets);
    }
    Ok(payload.split(SEPARATOR).map(Packet::decode))
}

/// The text of the handshake packet's JSON (Engine.IO 4, "Handshake").
#[must_use]
pub fn handshake_json(sid: &str, upgrades: &[&str], numbers: HandshakeNumbers) -> String {
    let mut json = String::with_capacity(128);
    json.push_str("{\"sid\":\"");
    json.push_str(sid);
    json.push_str("\",\"upgrades\":[");
    for (at, upgrade) in upgrades.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(json, "{comma}\"{upgrade}\"").expect("writing to a String cannot fail");
    }
    let HandshakeNumbers { ping_interval_ms, ping_timeout_ms, payload_bytes_max } = numbers;
    write!(
        json,
        "],\"pingInterval\":{ping_interval_ms},\"pingTimeout\":{ping_timeout_ms},\"maxPayload\":{payload_bytes_max}}}"
    )
    .expect("writing to a String cannot fail");
    json
}

/// The numbers that a handshake tells the client.
#[derive(Debug, Clone, Copy)]
pub struct HandshakeNumbers {
    /// From a pong to the next ping, in milliseconds.
    pub ping_interval_ms: u64,
    /// From a ping to the latest moment of its pong, in milliseconds.
    pub ping_timeout_ms: u64,
    /// Longest payload or message the server takes, in bytes.
    pub payload_bytes_max: usize,
}

fn bare<'a>(packet: Packet<'a>, rest: &str) -> Result<Packet<'a>, DecodeError> {
    if rest.is_empty() { Ok(packet) } else { Err(DecodeError::TrailingText) }
}

fn text_packet(out: &mut String, kind: char, text: &str) {
    out.push(kind);
    out.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: PayloadLimits = PayloadLimits { payload_bytes_max: 64, packets_max: 3 };

    #[test]
    fn packets_have_their_published_text() {
        let table = [
            (Packet::Open("{}"), "0{}"),
            (Packet::Close, "1"),
            (Packet::Ping("probe"), "2probe"),
            (Packet::Pong(""), "3"),
            (Packet::Text("2[\"a\"]"), "42[\"a\"]"),
            (Packet::Binary(Cow::Borrowed(&[1, 2, 3, 4])), "bAQIDBA=="),
            (Packet::Upgrade, "5"),
            (Packet::Noop, "6"),
        ];
        for (packet, text) in table {
            let mut out = String::new();
            packet.encode_into(&mut out);
            assert_eq!(out, text);
            assert_eq!(Packet::decode(text), Ok(packet));
        }
    }

    #[test]
    fn what_is_not_a_packet_is_refused() {
        let table = [
            ("", DecodeError::Empty),
            ("abc", DecodeError::UnknownType),
            ("7", DecodeError::UnknownType),
            ("é", DecodeError::UnknownType),
            ("1x", DecodeError::TrailingText),
            ("b!", DecodeError::Base64),
        ];
        for (text, error) in table {
            assert_eq!(Packet::decode(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_payload_is_split_at_its_separators() {
        let packets: Vec<_> = decode_payload(b"4test1\x1e4test2\x1ebAQ==", LIMITS).unwrap().collect();
        let expected =
            [Ok(Packet::Text("test1")), Ok(Packet::Text("test2")), Ok(Packet::Binary(Cow::Borrowed(&[1])))];
        assert_eq!(packets, expected);
    }

    #[test]
    fn a_payload_over_its_limits_is_refused_before_any_packet() {
        assert_eq!(decode_payload(&[b'4'; 65], LIMITS).err(), Some(DecodeError::PayloadTooLong));
        assert_eq!(decode_payload(b"4\x1e4\x1e4\x1e4", LIMITS).err(), Some(DecodeError::TooManyPackets));
        assert_eq!(decode_payload(b"4\xff", LIMITS).err(), Some(DecodeError::NotUtf8));
    }

    #[test]
    fn the_handshake_has_the_five_published_keys() {
        let numbers = HandshakeNumbers {
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            payload_bytes_max: 1_000_000,
        };
        assert_eq!(
            handshake_json("abc", &["websocket"], numbers),
            r#"{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
        assert!(handshake_json("abc", &[], numbers).contains(r#""upgrades":[],"#));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(kind in 0..5usize, text in "[^\x1e]*", bytes: Vec<u8>) {
            let packet = match kind {
                0 => Packet::Open(&text),
                1 => Packet::Ping(&text),
                2 => Packet::Pong(&text),
                3 => Packet::Text(&text),
                _ => Packet::Binary(Cow::Borrowed(&bytes)),
            };
            let mut out = String::new();
            packet.encode_into(&mut out);
            prop_assert_eq!(Packet::decode(&out), Ok(packet));
        }

        #[test]
        fn a_text_that_is_a_packet_is_the_only_one_of_it(text in "[0-7b][A-D=]{0,9}|.*") {
            if let Ok(packet) = Packet::decode(&text) {
                let mut again = String::new();
                packet.encode_into(&mut again);
                prop_assert_eq!(again, text);
            }
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>, text: String) {
            prop_assert!(decode_payload(&bytes, LIMITS).map_or(0, Iterator::count) <= LIMITS.packets_max);
            if let Ok(packets) = decode_payload(text.as_bytes(), LIMITS) {
                prop_assert!(packets.count() <= LIMITS.packets_max);
            }
        }
    }
}
