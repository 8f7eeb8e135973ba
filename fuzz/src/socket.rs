//! Socket.IO packets.

use serde_json::value::RawValue;
use waypost_wire::socket::{ARGUMENTS_MAX, ATTACHMENTS_MAX, Body, NAMESPACE_BYTES_MAX, Packet};

use crate::Budget;

/// Arguments are pointers into the text, at most 65 of them. For each byte: an event's name with escapes is unescaped
/// into a buffer that grows, and copied from there.
const BUDGET: Budget = Budget { per_byte: 6, fixed_bytes: 5_000 };

/// A packet means the same after it was encoded and decoded again, and its text does not change any more.
pub fn socket_packet(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(packet) = BUDGET.spend(bytes.len(), || Packet::decode(text)) else { return };
    assert_within_limits(&packet);
    let canonical = encode(&packet);
    let again = Packet::decode(&canonical).expect("what was encoded can be decoded");
    assert_same(&packet, &again);
    assert_eq!(encode(&again), canonical);
}

fn encode(packet: &Packet<'_>) -> String {
    let mut text = String::new();
    packet.encode_into(&mut text);
    text
}

fn assert_within_limits(packet: &Packet<'_>) {
    assert!(packet.namespace.starts_with('/') && packet.namespace.len() <= NAMESPACE_BYTES_MAX);
    match &packet.body {
        Body::Event { attachments, args, .. } | Body::Ack { attachments, args, .. } => {
            assert!(*attachments <= ATTACHMENTS_MAX && args.len() <= ARGUMENTS_MAX);
        }
        Body::Connect(Some(json)) | Body::ConnectError(json) => assert!(json.get().starts_with('{')),
        Body::Connect(None) | Body::Disconnect => {}
    }
}

fn assert_same(one: &Packet<'_>, other: &Packet<'_>) {
    assert_eq!(one.namespace, other.namespace);
    match (&one.body, &other.body) {
        (Body::Connect(one), Body::Connect(other)) => {
            assert_eq!(one.map(RawValue::get), other.map(RawValue::get));
        }
        (Body::Disconnect, Body::Disconnect) => {}
        (
            Body::Event { attachments: attachments1, id: id1, name: name1, args: args1 },
            Body::Event { attachments: attachments2, id: id2, name: name2, args: args2 },
        ) => {
            assert_eq!((attachments1, id1, name1), (attachments2, id2, name2));
            assert_eq!(texts(args1), texts(args2));
        }
        (
            Body::Ack { attachments: attachments1, id: id1, args: args1 },
            Body::Ack { attachments: attachments2, id: id2, args: args2 },
        ) => {
            assert_eq!((attachments1, id1), (attachments2, id2));
            assert_eq!(texts(args1), texts(args2));
        }
        (Body::ConnectError(one), Body::ConnectError(other)) => assert_eq!(one.get(), other.get()),
        (one, other) => panic!("{one:?} has become {other:?}"),
    }
}

fn texts<'a>(args: &[&'a RawValue]) -> Vec<&'a str> {
    args.iter().map(|arg| arg.get()).collect()
}
