//! Namespaces, attachments and the connect timeout, in virtual time.

use super::*;

const SECOND: Millis = 1_000;

fn namespaces() -> Namespaces {
    let rules = Rules {
        names: vec!["/".into(), "/websocket".into()],
        connect_timeout_ms: 45 * SECOND,
        attachments_bytes_max: 10,
    };
    Namespaces::new(Arc::new(rules), 0)
}

fn connected() -> Namespaces {
    let mut namespaces = namespaces();
    let Ok(Request::Connect { namespace, .. }) = namespaces.receive_text("0", 0) else {
        panic!("no CONNECT")
    };
    namespaces.connected(namespace);
    namespaces
}

#[test]
fn the_connect_timeout_runs_while_no_namespace_is_connected() {
    let mut namespaces = namespaces();
    assert_eq!(namespaces.deadline(), Some(45 * SECOND));
    namespaces.connected(Namespace(1));
    assert_eq!(namespaces.deadline(), None);
    assert!(matches!(namespaces.receive_text("1/websocket,", 10 * SECOND), Ok(Request::Left(_))));
    assert_eq!(namespaces.deadline(), Some(55 * SECOND));
    namespaces.left(Namespace(0), 30 * SECOND);
    assert_eq!(namespaces.deadline(), Some(55 * SECOND), "a refusal in between buys no time");
}

#[test]
fn namespaces_connect_apart() {
    let mut namespaces = connected();
    let Ok(Request::Connect { namespace, auth }) = namespaces.receive_text("0/websocket,{\"token\":1}", 0)
    else {
        panic!("no CONNECT")
    };
    assert_eq!((namespace.index(), auth.as_deref().map(RawValue::get)), (1, Some("{\"token\":1}")));
    namespaces.connected(namespace);
    assert!(
        matches!(namespaces.receive_text("1/websocket,", 0), Ok(Request::Left(left)) if left == namespace)
    );
    assert!(matches!(namespaces.receive_text("0/websocket,", 0), Ok(Request::Connect { .. })));
}

#[test]
fn a_second_connect_of_a_namespace_changes_nothing() {
    let mut namespaces = namespaces();
    let Ok(Request::Connect { namespace, .. }) = namespaces.receive_text("0", 0) else {
        panic!("no CONNECT")
    };
    assert!(matches!(namespaces.receive_text("0", 0), Ok(Request::None)));
    namespaces.connected(namespace);
    assert!(matches!(namespaces.receive_text("0", 0), Ok(Request::None)));
    assert!(matches!(namespaces.receive_text("2[\"a\"]", 0), Ok(Request::Event { .. })));
}

#[test]
fn an_unknown_namespace_is_refused_and_the_connection_goes_on() {
    let Ok(Request::NoSuchNamespace(name)) = connected().receive_text("0/no,", 0) else {
        panic!("no refusal")
    };
    assert_eq!(&*name, "/no");
}

#[test]
fn packets_on_their_way_to_a_namespace_that_was_left_are_no_violation() {
    let mut namespaces = connected();
    let Ok(Request::None) = namespaces.receive_text("51-[\"a\",{\"_placeholder\":true,\"num\":0}]", 0) else {
        panic!("an attachment is to come")
    };
    namespaces.left(Namespace(0), 0);
    assert!(matches!(namespaces.receive_binary(Bytes::from_static(b"late")), Ok(Request::None)));
    for text in ["2[\"a\"]", "1", "31[]"] {
        assert!(matches!(namespaces.receive_text(text, 0), Ok(Request::None)), "{text}");
    }
}

#[test]
fn an_event_waits_for_its_attachments() {
    let mut namespaces = connected();
    let text = "52-7[\"a\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]";
    assert!(matches!(namespaces.receive_text(text, 0), Ok(Request::None)));
    assert!(matches!(namespaces.receive_binary(Bytes::from_static(b"one")), Ok(Request::None)));
    let Ok(Request::Event { id, name, args, .. }) = namespaces.receive_binary(Bytes::from_static(b"two"))
    else {
        panic!("the event is whole")
    };
    assert_eq!((id, name.as_str(), args.values().len()), (Some(7), "a", 2));
    assert_eq!(args.attachments(), [Bytes::from_static(b"one"), Bytes::from_static(b"two")]);
}

#[test]
fn an_ack_may_have_attachments_or_none() {
    let mut namespaces = connected();
    let Ok(Request::Ack { id: 3, args, .. }) = namespaces.receive_text("33[1,\"b\"]", 0) else {
        panic!("an ack")
    };
    assert_eq!((args.values().len(), args.end_with_string()), (2, true));
    namespaces.receive_text("61-4[{\"_placeholder\":true,\"num\":0}]", 0).unwrap();
    let Ok(Request::Ack { id: 4, args, .. }) = namespaces.receive_binary(Bytes::from_static(b"x")) else {
        panic!("an ack")
    };
    assert_eq!(args.attachments().len(), 1);
}

#[test]
fn a_binary_type_that_announces_none_is_whole_at_once() {
    assert!(matches!(connected().receive_text("50-[\"a\"]", 0), Ok(Request::Event { .. })));
}

#[test]
fn attachments_have_their_place_and_their_limit() {
    let out_of_place = Some(CloseReason::Socket(DecodeError::Attachment));
    assert_eq!(connected().receive_binary(Bytes::new()).err(), out_of_place, "nothing announced it");
    let mut namespaces = connected();
    let announcement = "51-[\"a\",{\"_placeholder\":true,\"num\":0}]";
    namespaces.receive_text(announcement, 0).unwrap();
    assert_eq!(namespaces.receive_text("2[\"b\"]", 0).err(), out_of_place, "a packet in place of one");
    let mut namespaces = connected();
    namespaces.receive_text(announcement, 0).unwrap();
    let too_long = Some(CloseReason::Socket(DecodeError::AttachmentsTooLong));
    assert_eq!(namespaces.receive_binary(Bytes::from_static(&[0; 11])).err(), too_long);
    let illegal = "51-[\"a\",{\"_placeholder\":true,\"num\":1}]";
    assert_eq!(connected().receive_text(illegal, 0).err(), out_of_place, "a placeholder for none");
}

#[test]
fn what_is_out_of_place_closes() {
    let table = [
        ("abc", CloseReason::Socket(DecodeError::UnknownType)),
        ("2/websocket,[\"a\"]", CloseReason::Namespace),
        ("2/no,[\"a\"]", CloseReason::Namespace),
        ("4{}", CloseReason::Namespace),
    ];
    for (text, reason) in table {
        assert_eq!(connected().receive_text(text, 0).err(), Some(reason), "{text}");
    }
}
