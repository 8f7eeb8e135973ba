//! Engine.IO packets, alone and several in a polling payload.

use waypost_wire::engine::{DecodeError, Packet, PayloadLimits, SEPARATOR, decode_payload};

use crate::Budget;

const LIMITS: PayloadLimits = PayloadLimits { payload_bytes_max: 2_000, packets_max: 16 };

/// Binary is the one thing that is copied: base64 is longer than what it stands for, but the room for a last group
/// that is not whole is taken in advance.
const BUDGET: Budget = Budget { per_byte: 1, fixed_bytes: 3 };

/// One packet in its text form. Each text that is a packet is the only text of that packet.
pub fn engine_packet(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(packet) = BUDGET.spend(bytes.len(), || Packet::decode(text)) else { return };
    let mut again = String::new();
    packet.encode_into(&mut again);
    assert_eq!(again, text);
}

/// A polling payload, within its limits and beyond.
pub fn engine_payload(bytes: &[u8]) {
    BUDGET.spend(bytes.len(), || {
        if let Ok(packets) = decode_payload(bytes, LIMITS) {
            packets.for_each(drop);
        }
    });
    let packets: Vec<_> = match decode_payload(bytes, LIMITS) {
        Ok(packets) => packets.collect(),
        Err(error) => return assert_refused_rightly(bytes, error),
    };
    assert!(bytes.len() <= LIMITS.payload_bytes_max && packets.len() <= LIMITS.packets_max);
    let Ok(packets) = packets.into_iter().collect::<Result<Vec<_>, _>>() else { return };
    let mut again = String::new();
    for (at, packet) in packets.iter().enumerate() {
        if at > 0 {
            again.push(SEPARATOR);
        }
        packet.encode_into(&mut again);
    }
    assert_eq!(again.as_bytes(), bytes);
}

fn assert_refused_rightly(payload: &[u8], error: DecodeError) {
    let separators = || payload.iter().filter(|byte| **byte == SEPARATOR as u8).count();
    match error {
        DecodeError::PayloadTooLong => assert!(payload.len() > LIMITS.payload_bytes_max),
        DecodeError::NotUtf8 => assert!(std::str::from_utf8(payload).is_err()),
        DecodeError::TooManyPackets => assert!(separators() >= LIMITS.packets_max),
        packet => panic!("{packet:?} is no reason to refuse a whole payload"),
    }
}
