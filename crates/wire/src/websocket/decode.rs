//! Frames of a client, from whatever pieces the network delivers them in.

use super::{CONTROL_BYTES_MAX, Message, ProtocolError};

/// Longest header of a frame that a client sends (masked), in bytes.
const HEADER_BYTES_MAX: usize = 14;

/// An incremental decoder of one connection. It keeps what is unfinished, nothing else: between messages it owns
/// no memory, and it never reserves for bytes that have not arrived.
#[derive(Debug)]
pub struct Decoder {
    message_bytes_max: usize,
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    frame: Option<Frame>,
    control: Vec<u8>,
    message: Vec<u8>,
    message_kind: Option<Kind>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    last: bool,
    mask: [u8; 4],
    taken_bytes: usize,
    payload_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opcode {
    Continuation,
    Data(Kind),
    Close,
    Ping,
    Pong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

impl Opcode {
    fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

impl Decoder {
    /// A decoder that refuses messages longer than `message_bytes_max`.
    #[must_use]
    pub fn new(message_bytes_max: usize) -> Decoder {
        Decoder {
            message_bytes_max,
            header: [0; HEADER_BYTES_MAX],
            header_bytes: 0,
            frame: None,
            control: Vec::new(),
            message: Vec::new(),
            message_kind: None,
        }
    }

    /// Takes from the front of `input` up to the end of the next message; `None` when all was taken and none is
    /// complete yet.
    ///
    /// # Errors
    /// A violation of the protocol or of the limit; the decoder must not be used after it.
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Message>, ProtocolError> {
        loop {
            let frame = match self.frame {
                Some(frame) => frame,
                None => match self.take_header(input)? {
                    Some(frame) => frame,
                    None => return Ok(None),
                },
            };
            let frame = self.take_payload(frame, input);
            if frame.taken_bytes < frame.payload_bytes {
                self.frame = Some(frame);
                return Ok(None);
            }
            self.frame = None;
            if let Some(message) = self.finish_frame(frame)? {
                return Ok(Some(message));
            }
        }
    }

    fn take_header(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, ProtocolError> {
        loop {
            // At once: an unmasked frame may be shorter than a masked header, whose end would be waited for.
            if self.header_bytes >= 2 && self.header[1] & 0x80 == 0 {
                return Err(ProtocolError::NotMasked);
            }
            let needed = header_bytes_needed(&self.header[..self.header_bytes]);
            if self.header_bytes == needed {
                break;
            }
            let take = input.len().min(needed - self.header_bytes);
            if take == 0 {
                return Ok(None);
            }
            let (taken, rest) = input.split_at(take);
            self.header[self.header_bytes..self.header_bytes + take].copy_from_slice(taken);
            self.header_bytes += take;
            *input = rest;
        }
        let frame = self.read_header()?;
        self.header_bytes = 0;
        Ok(Some(frame))
    }

    /// Everything that section 5.2 lets one refuse by the header alone, the message's length included.
    fn read_header(&self) -> Result<Frame, ProtocolError> {
        let header = &self.header[..self.header_bytes];
        if header[0] & 0x70 != 0 {
            return Err(ProtocolError::ReservedBit);
        }
        let opcode = match header[0] & 0x0F {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Data(Kind::Text),
            0x2 => Opcode::Data(Kind::Binary),
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            _ => return Err(ProtocolError::UnknownOpcode),
        };
        let last = header[0] & 0x80 != 0;
        let payload_bytes = self.payload_bytes(opcode)?;
        if opcode.is_control() && (!last || payload_bytes > CONTROL_BYTES_MAX) {
            return Err(ProtocolError::BadControl);
        }
        let inside = self.message_kind.is_some();
        match opcode {
            Opcode::Continuation if !inside => return Err(ProtocolError::BadFragment),
            Opcode::Data(_) if inside => return Err(ProtocolError::BadFragment),
            _ => {}
        }
        let mask_at = self.header_bytes - 4;
        let mask = [header[mask_at], header[mask_at + 1], header[mask_at + 2], header[mask_at + 3]];
        Ok(Frame { opcode, last, mask, taken_bytes: 0, payload_bytes })
    }

    fn payload_bytes(&self, opcode: Opcode) -> Result<usize, ProtocolError> {
        let short = u64::from(self.header[1] & 0x7F);
        let long = &self.header[2..self.header_bytes - 4];
        let (length, shortest) = match short {
            126 | 127 => (long.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), short),
            _ => (short, 0),
        };
        let badly_encoded = match shortest {
            126 => length < 126,
            127 => length <= 0xFFFF || length >> 63 != 0,
            _ => false,
        };
        if badly_encoded {
            return Err(ProtocolError::BadLength);
        }
        let room = if opcode.is_control() { usize::MAX } else { self.message_bytes_max - self.message.len() };
        usize::try_from(length).ok().filter(|bytes| *bytes <= room).ok_or(ProtocolError::TooLong)
    }

    fn take_payload(&mut self, mut frame: Frame, input: &mut &[u8]) -> Frame {
        let take = input.len().min(frame.payload_bytes - frame.taken_bytes);
        let (taken, rest) = input.split_at(take);
        let target = if frame.opcode.is_control() { &mut self.control } else { &mut self.message };
        let mut mask = frame.mask;
        mask.rotate_left(frame.taken_bytes % 4);
        let start = target.len();
        target.extend_from_slice(taken);
        // Whole words first: a compiler turns this into wide instructions, byte by byte it does not.
        let mut words = target[start..].chunks_exact_mut(4);
        for word in &mut words {
            for (byte, key) in word.iter_mut().zip(mask) {
                *byte ^= key;
            }
        }
        for (byte, key) in words.into_remainder().iter_mut().zip(mask) {
            *byte ^= key;
        }
        frame.taken_bytes += take;
        *input = rest;
        frame
    }

    fn finish_frame(&mut self, frame: Frame) -> Result<Option<Message>, ProtocolError> {
        let kind = match frame.opcode {
            Opcode::Ping => return Ok(Some(Message::Ping(std::mem::take(&mut self.control)))),
            Opcode::Pong => {
                self.control.clear();
                return Ok(Some(Message::Pong));
            }
            Opcode::Close => return close(&std::mem::take(&mut self.control)).map(Some),
            Opcode::Data(kind) => kind,
            Opcode::Continuation => self.message_kind.ok_or(ProtocolError::BadFragment)?,
        };
        if !frame.last {
            self.message_kind = Some(kind);
            return Ok(None);
        }
        self.message_kind = None;
        let payload = std::mem::take(&mut self.message);
        match kind {
            Kind::Binary => Ok(Some(Message::Binary(payload))),
            Kind::Text => String::from_utf8(payload)
                .map(|text| Some(Message::Text(text)))
                .map_err(|_| ProtocolError::NotUtf8),
        }
    }
}

/// How long the header is, as far as its first bytes tell.
fn header_bytes_needed(known: &[u8]) -> usize {
    let Some(second) = known.get(1) else { return 2 };
    let length_bytes = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask_bytes = 4;
    2 + length_bytes + mask_bytes
}

/// Section 5.5.1 and the codes of section 7.4.
fn close(payload: &[u8]) -> Result<Message, ProtocolError> {
    let (code, reason) = match payload {
        [] => return Ok(Message::Close(None)),
        [_] => return Err(ProtocolError::BadClose),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(ProtocolError::BadClose);
    }
    std::str::from_utf8(reason).map_err(|_| ProtocolError::NotUtf8)?;
    Ok(Message::Close(Some(code)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGE_BYTES_MAX: usize = 100_000;

    /// A client's frame with a fixed mask.
    fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x11, 0x22, 0x33, 0x44];
        let mut out = vec![first];
        match payload.len() {
            short @ 0..=125 => out.push(0x80 | u8::try_from(short).unwrap()),
            medium @ 126..=0xFFFF => {
                out.push(0x80 | 126);
                out.extend(u16::try_from(medium).unwrap().to_be_bytes());
            }
            long => {
                out.push(0x80 | 127);
                out.extend((long as u64).to_be_bytes());
            }
        }
        out.extend(mask);
        out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        out
    }

    /// Feeds `bytes` in pieces of `piece_bytes` and collects what comes out.
    fn decode_all(bytes: &[u8], piece_bytes: usize) -> Result<Vec<Message>, ProtocolError> {
        let mut decoder = Decoder::new(MESSAGE_BYTES_MAX);
        let mut messages = Vec::new();
        for mut piece in bytes.chunks(piece_bytes) {
            while let Some(message) = decoder.decode(&mut piece)? {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    #[test]
    fn fragments_join_around_a_control_frame_at_any_cut() {
        let bytes = [
            client_frame(0x01, "héllo ".as_bytes()),
            client_frame(0x89, b"still there?"),
            client_frame(0x00, b"wor"),
            client_frame(0x80, b"ld"),
            client_frame(0x82, &[7; 70_000]),
            client_frame(0x8A, b""),
            client_frame(0x88, &[0x03, 0xE8]),
        ]
        .concat();
        let expected = [
            Message::Ping(b"still there?".to_vec()),
            Message::Text("héllo world".to_owned()),
            Message::Binary(vec![7; 70_000]),
            Message::Pong,
            Message::Close(Some(1000)),
        ];
        for piece_bytes in [1, 2, 3, 7, 1_000, bytes.len()] {
            assert_eq!(decode_all(&bytes, piece_bytes).as_deref(), Ok(&expected[..]));
        }
    }

    #[test]
    fn what_a_client_must_not_send_is_refused() {
        let too_long = {
            let mut header = vec![0x81, 0x80 | 127];
            header.extend((MESSAGE_BYTES_MAX as u64 + 1).to_be_bytes());
            header.extend([0; 4]);
            header
        };
        let table = [
            (client_frame(0xC1, b"a"), ProtocolError::ReservedBit),
            (client_frame(0x83, b"a"), ProtocolError::UnknownOpcode),
            (vec![0x81, 2], ProtocolError::NotMasked),
            (vec![0x81, 0xFE, 0, 5, 0, 0, 0, 0], ProtocolError::BadLength),
            (vec![0x81, 0xFF, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], ProtocolError::BadLength),
            (client_frame(0x09, b"a"), ProtocolError::BadControl),
            (client_frame(0x89, &[0; 126]), ProtocolError::BadControl),
            (client_frame(0x80, b"a"), ProtocolError::BadFragment),
            ([client_frame(0x01, b"a"), client_frame(0x81, b"b")].concat(), ProtocolError::BadFragment),
            (client_frame(0x88, &[3]), ProtocolError::BadClose),
            (client_frame(0x88, &[0x03, 0xED]), ProtocolError::BadClose),
            (client_frame(0x88, &[0x03, 0xE8, 0xFF]), ProtocolError::NotUtf8),
            (client_frame(0x81, &[0xFF]), ProtocolError::NotUtf8),
            (too_long, ProtocolError::TooLong),
            (
                [client_frame(0x01, &[b'a'; 60_000]), client_frame(0x80, &[b'a'; 60_000])].concat(),
                ProtocolError::TooLong,
            ),
        ];
        for (bytes, error) in table {
            assert_eq!(decode_all(&bytes, 5), Err(error), "{:?}", &bytes[..bytes.len().min(16)]);
        }
    }

    #[test]
    fn a_long_length_reserves_nothing() {
        let mut decoder = Decoder::new(MESSAGE_BYTES_MAX);
        let frame = client_frame(0x82, &[1; 90_000]);
        assert_eq!(decoder.decode(&mut &frame[..20]), Ok(None));
        assert!(decoder.message.capacity() < 100, "{}", decoder.message.capacity());
    }

    proptest! {
        #[test]
        fn texts_survive_any_cut(texts in prop::collection::vec(".{0,300}", 1..5), piece_bytes in 1..400usize) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| client_frame(0x81, text.as_bytes())).collect();
            let messages = texts.into_iter().map(Message::Text).collect();
            prop_assert_eq!(decode_all(&bytes, piece_bytes), Ok(messages));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>, piece_bytes in 1..20usize) {
            if let Ok(messages) = decode_all(&bytes, piece_bytes) {
                prop_assert!(messages.len() * 6 <= bytes.len());
            }
        }
    }
}
