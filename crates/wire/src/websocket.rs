//! The server's side of RFC 6455: the handshake's accept key, frames of clients in, frame headers out.
//!
//! No extension is negotiated, so reserved bits must be zero (section 5.2).

mod decode;

pub use decode::Decoder;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha1::{Digest, Sha1};

/// What section 1.3 appends to a client's key.
const ACCEPT_GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Longest header of a frame that a server sends (unmasked), in bytes.
pub const FRAME_HEADER_BYTES_MAX: usize = 10;
/// Longest payload of a control frame, in bytes (section 5.5).
pub const CONTROL_BYTES_MAX: usize = 125;

/// A whole message of the client, or one of its control frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message, its fragments joined.
    Text(String),
    /// A binary message, its fragments joined.
    Binary(Vec<u8>),
    /// To be answered by a pong with the same payload.
    Ping(Vec<u8>),
    /// An answer to a ping of ours, or unasked.
    Pong,
    /// The client closes; nothing follows.
    Close(Option<u16>),
}

/// What a server sends (opcodes of section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// A text message in one frame.
    Text,
    /// A binary message in one frame.
    Binary,
    /// The end; see [`close_frame`].
    Close,
    /// The answer to a ping.
    Pong,
}

/// Codes of section 7.4.1 that this side sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// 1000.
    Normal,
    /// 1001: the server goes away, or drops this client to let it come back.
    GoingAway,
    /// 1002.
    Protocol,
    /// 1007: text that is not UTF-8.
    InvalidText,
    /// 1009.
    TooBig,
    /// The client's own, said back; none where it gave none (section 5.5.1).
    Echo(Option<u16>),
}

/// Why the bytes are not what a client may send. The connection is closed with [`ProtocolError::close_code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A reserved bit is set although no extension was negotiated.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// An opcode that section 5.2 reserves.
    #[error("the opcode is unknown")]
    UnknownOpcode,
    /// A client's frame must be masked (section 5.1).
    #[error("the frame is not masked")]
    NotMasked,
    /// A length that is not in its shortest form, or with its highest bit set.
    #[error("the length is badly encoded")]
    BadLength,
    /// A control frame that is fragmented or longer than [`CONTROL_BYTES_MAX`].
    #[error("the control frame is fragmented or too long")]
    BadControl,
    /// A continuation of nothing, or a new message inside another.
    #[error("fragments are out of order")]
    BadFragment,
    /// A close frame with a one-byte payload or a code that must not be sent.
    #[error("the close frame is malformed")]
    BadClose,
    /// The message is longer than the decoder's limit.
    #[error("the message is too long")]
    TooLong,
    /// A text message, or a reason for closing, that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
}

impl ProtocolError {
    /// What to close with.
    #[must_use]
    pub fn close_code(self) -> CloseCode {
        match self {
            ProtocolError::TooLong => CloseCode::TooBig,
            ProtocolError::NotUtf8 => CloseCode::InvalidText,
            _ => CloseCode::Protocol,
        }
    }
}

/// `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key` (section 4.2.2); `None` if that is not 16 bytes in base64.
#[must_use]
pub fn accept_key(client_key: &[u8]) -> Option<String> {
    // 24 characters of base64 may stand for up to 18 bytes.
    let mut nonce = [0; 18];
    if client_key.len() != 24 || STANDARD.decode_slice(client_key, &mut nonce) != Ok(16) {
        return None;
    }
    let mut hash = Sha1::new();
    hash.update(client_key);
    hash.update(ACCEPT_GUID);
    Some(STANDARD.encode(hash.finalize()))
}

/// The header of an unmasked, final frame.
#[derive(Debug, Clone, Copy)]
pub struct FrameHeader {
    bytes: [u8; FRAME_HEADER_BYTES_MAX],
    len: usize,
}

impl FrameHeader {
    /// The header for a payload of `payload_bytes`.
    #[must_use]
    pub fn new(opcode: Opcode, payload_bytes: usize) -> FrameHeader {
        let mut bytes = [0; FRAME_HEADER_BYTES_MAX];
        bytes[0] = 0x80
            | match opcode {
                Opcode::Text => 0x1,
                Opcode::Binary => 0x2,
                Opcode::Close => 0x8,
                Opcode::Pong => 0xA,
            };
        let wide = (payload_bytes as u64).to_be_bytes();
        let len = match payload_bytes {
            0..=125 => {
                bytes[1] = wide[7];
                2
            }
            126..=0xFFFF => {
                bytes[1] = 126;
                bytes[2..4].copy_from_slice(&wide[6..]);
                4
            }
            _ => {
                bytes[1] = 127;
                bytes[2..10].copy_from_slice(&wide);
                10
            }
        };
        FrameHeader { bytes, len }
    }

    /// What goes before the payload.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The opcode and payload of the first frame in `frames`, and what follows it; `None` where no whole frame of a
/// server stands.
#[must_use]
pub fn split_frame(frames: &[u8]) -> Option<(Opcode, &[u8], &[u8])> {
    let opcode = match frames.first()? {
        0x81 => Opcode::Text,
        0x82 => Opcode::Binary,
        0x88 => Opcode::Close,
        0x8A => Opcode::Pong,
        _ => return None,
    };
    let (start, payload_bytes) = match *frames.get(1)? {
        short @ 0..=125 => (2, u64::from(short)),
        126 => (4, u64::from(u16::from_be_bytes(frames.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(frames.get(2..10)?.try_into().ok()?)),
        _ => return None,
    };
    let (payload, rest) = frames.get(start..)?.split_at_checked(usize::try_from(payload_bytes).ok()?)?;
    Some((opcode, payload, rest))
}

/// A whole frame in one piece.
#[must_use]
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let header = FrameHeader::new(opcode, payload.len());
    let mut out = Vec::with_capacity(header.as_bytes().len() + payload.len());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(payload);
    Bytes::from(out)
}

/// A close frame with its code and no reason.
#[must_use]
pub fn close_frame(code: CloseCode) -> Bytes {
    let code: u16 = match code {
        CloseCode::Normal => 1000,
        CloseCode::GoingAway => 1001,
        CloseCode::Protocol => 1002,
        CloseCode::InvalidText => 1007,
        CloseCode::TooBig => 1009,
        CloseCode::Echo(Some(code)) => code,
        CloseCode::Echo(None) => return frame(Opcode::Close, &[]),
    };
    frame(Opcode::Close, &code.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_the_one_of_section_1_3() {
        let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        for key in
            ["", "abc=", "AAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAA", "!!!!IHNhbXBsZSBub25jZQ=="]
        {
            assert_eq!(accept_key(key.as_bytes()), None, "{key}");
        }
    }

    #[test]
    fn headers_use_the_shortest_length() {
        let table: [(usize, &[u8]); 5] = [
            (0, &[0x81, 0]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xFF, 0xFF]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ];
        for (bytes, header) in table {
            assert_eq!(FrameHeader::new(Opcode::Text, bytes).as_bytes(), header);
        }
    }

    #[test]
    fn a_frame_is_split_where_it_ends() {
        for bytes in [0, 125, 126, 65_535, 65_536] {
            let payload = vec![7; bytes];
            let frames = [&frame(Opcode::Binary, &payload)[..], b"rest"].concat();
            assert_eq!(split_frame(&frames), Some((Opcode::Binary, &payload[..], &b"rest"[..])));
            assert_eq!(split_frame(&frames[..frames.len() - 5]), None, "a byte is missing");
        }
        assert_eq!(split_frame(&[0x81, 0x80, 0, 0, 0, 0]), None, "a masked frame is none of a server");
    }
}
