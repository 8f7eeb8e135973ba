//! WebSocket frames, in whatever pieces they come.

use waypost_wire::websocket::{CONTROL_BYTES_MAX, Decoder, Message, ProtocolError};

use crate::Budget;

/// A limit that inputs do reach, and one that they can only announce.
const MESSAGE_BYTES_MAX: [usize; 2] = [200, 1_000_000];

/// A message is collected in a vector that grows as its bytes arrive, and handed out without a copy. A header that
/// announces a giant has the same few bytes as any other.
const BUDGET: Budget = Budget { per_byte: 4, fixed_bytes: 16 };

const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// What came out, and what ended it.
type Decoded = (Vec<Message>, Option<ProtocolError>);

/// The first byte chooses the limit and says how many bytes follow that are sizes of pieces; the rest is what the
/// network delivers. What comes out is the same in those pieces and at once, and the same again from the plain frames
/// of its messages.
pub fn websocket_frames(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let message_bytes_max = MESSAGE_BYTES_MAX[usize::from(first & 1)];
    let Some((sizes, stream)) = rest.split_at_checked(usize::from(first >> 4)) else { return };
    spend(stream, message_bytes_max);
    let decoded = decode([stream].into_iter(), message_bytes_max);
    assert_eq!(decode(pieces(stream, sizes), message_bytes_max), decoded);
    let (messages, _) = decoded;
    for message in &messages {
        match message {
            Message::Text(text) => assert!(text.len() <= message_bytes_max),
            Message::Binary(bytes) => assert!(bytes.len() <= message_bytes_max),
            Message::Ping(bytes) => assert!(bytes.len() <= CONTROL_BYTES_MAX),
            Message::Pong | Message::Close(_) => {}
        }
    }
    let frames: Vec<u8> = messages.iter().flat_map(client_frame).collect();
    assert_eq!(decode([&frames[..]].into_iter(), message_bytes_max), (messages, None));
}

/// Byte by byte, the worst case for buffers that grow.
fn spend(stream: &[u8], message_bytes_max: usize) {
    BUDGET.spend(stream.len(), || {
        let mut decoder = Decoder::new(message_bytes_max);
        for mut piece in stream.chunks(1) {
            while let Ok(Some(_)) = decoder.decode(&mut piece) {}
            if !piece.is_empty() {
                return;
            }
        }
    });
}

/// Up to the first error or the close frame, after which the decoder must not be asked.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>, message_bytes_max: usize) -> Decoded {
    let mut decoder = Decoder::new(message_bytes_max);
    let mut messages = Vec::new();
    for mut piece in pieces {
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(message)) => {
                    let ends = matches!(message, Message::Close(_));
                    messages.push(message);
                    if ends {
                        return (messages, None);
                    }
                }
                Ok(None) => break assert!(piece.is_empty(), "what was not needed is left"),
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// `stream` cut into pieces of these sizes, over and over; whole where there are none.
fn pieces<'a>(mut stream: &'a [u8], sizes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let sizes = sizes.iter().map(|size| usize::from(*size).max(1)).cycle();
    let mut sizes = sizes.chain(std::iter::once(usize::MAX));
    std::iter::from_fn(move || {
        let size = sizes.next().filter(|_| !stream.is_empty())?;
        let (piece, rest) = stream.split_at(size.min(stream.len()));
        stream = rest;
        Some(piece)
    })
}

/// The shortest frame of a client that says this.
fn client_frame(message: &Message) -> Vec<u8> {
    let code;
    let (opcode, payload) = match message {
        Message::Text(text) => (0x1, text.as_bytes()),
        Message::Binary(bytes) => (0x2, &bytes[..]),
        Message::Close(None) => (0x8, &[][..]),
        Message::Close(Some(number)) => {
            code = number.to_be_bytes();
            (0x8, &code[..])
        }
        Message::Ping(bytes) => (0x9, &bytes[..]),
        Message::Pong => (0xA, &[][..]),
    };
    let wide = (payload.len() as u64).to_be_bytes();
    let (short, long) = match payload.len() {
        0..=125 => (wide[7], &[][..]),
        126..=0xFFFF => (126, &wide[6..]),
        _ => (127, &wide[..]),
    };
    let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key);
    [0x80 | opcode, 0x80 | short].iter().chain(long).chain(&MASK).copied().chain(masked).collect()
}
