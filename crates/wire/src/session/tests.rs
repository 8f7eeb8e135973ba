//! Sessions in virtual time: minutes of heartbeat are a few calls.

use super::*;
use crate::engine::Packet;

const SECOND: Millis = 1_000;

fn session(transport: Transport) -> Session {
    let rules = Rules {
        timing: Timing::default(),
        payload_bytes_max: 1_000_000,
        namespaces: vec!["/".into(), "/websocket".into()],
    };
    Session::new(Arc::new(rules), transport, 0)
}

fn connected() -> Session {
    let mut session = session(Transport::Polling);
    let Ok(Outcome::Connect { namespace, .. }) = receive(&mut session, "40", 0) else { panic!("no CONNECT") };
    session.connected(namespace);
    session
}

/// What `text` leads to, when it comes by the session's transport.
fn receive<'a>(session: &mut Session, text: &'a str, now: Millis) -> Result<Outcome<'a>, CloseReason> {
    let via = session.transport();
    session.receive(via, &Packet::decode(text).unwrap(), now)
}

fn candidate<'a>(session: &mut Session, text: &'a str, now: Millis) -> Result<Outcome<'a>, CloseReason> {
    session.receive(Transport::WebSocket, &Packet::decode(text).unwrap(), now)
}

/// Steps to each deadline up to `until` and lists what was due, with its moment.
fn run(session: &mut Session, until: Millis) -> Vec<(Millis, Due)> {
    let mut dues = Vec::new();
    while session.deadline() <= until {
        let now = session.deadline();
        while let Some(due) = session.due(now) {
            dues.push((now, due));
            if matches!(due, Due::Close(_)) {
                return dues;
            }
        }
    }
    dues
}

#[test]
fn a_ping_goes_out_an_interval_after_each_pong() {
    let mut session = connected();
    assert_eq!(run(&mut session, 30 * SECOND), [(25 * SECOND, Due::Ping)]);
    assert!(matches!(receive(&mut session, "3", 31 * SECOND), Ok(Outcome::Noted)));
    assert_eq!(run(&mut session, 60 * SECOND), [(56 * SECOND, Due::Ping)]);
}

#[test]
fn a_ping_without_a_pong_ends_the_session() {
    let expected = [(25 * SECOND, Due::Ping), (45 * SECOND, Due::Close(CloseReason::PingTimeout))];
    assert_eq!(run(&mut connected(), 3_600 * SECOND), expected);
}

#[test]
fn an_unasked_pong_delays_nothing() {
    let mut session = connected();
    receive(&mut session, "3", 20 * SECOND).unwrap();
    assert_eq!(run(&mut session, 26 * SECOND), [(25 * SECOND, Due::Ping)]);
}

#[test]
fn a_ping_of_the_client_is_answered_with_its_text() {
    assert!(matches!(receive(&mut connected(), "2hello", 0), Ok(Outcome::Pong("hello"))));
}

#[test]
fn a_session_without_a_namespace_ends_after_the_connect_timeout() {
    let mut session = session(Transport::WebSocket);
    run(&mut session, 26 * SECOND);
    receive(&mut session, "3", 26 * SECOND).unwrap();
    let end = [(45 * SECOND, Due::Close(CloseReason::ConnectTimeout))];
    assert_eq!(run(&mut session, 3_600 * SECOND), end);
}

#[test]
fn leaving_the_last_namespace_starts_the_connect_timeout_again() {
    let mut session = connected();
    assert!(matches!(receive(&mut session, "41", 10 * SECOND), Ok(Outcome::Left(_))));
    run(&mut session, 26 * SECOND);
    receive(&mut session, "3", 26 * SECOND).unwrap();
    assert!(run(&mut session, 60 * SECOND).contains(&(55 * SECOND, Due::Close(CloseReason::ConnectTimeout))));
}

#[test]
fn a_probe_and_an_upgrade_packet_change_the_transport() {
    let mut session = connected();
    session.open_poll().unwrap();
    session.open_candidate(0).unwrap();
    assert!(matches!(candidate(&mut session, "2probe", 1), Ok(Outcome::Probed)));
    assert_eq!(session.transport(), Transport::Polling);
    assert!(matches!(candidate(&mut session, "5", 2), Ok(Outcome::Upgraded)));
    assert_eq!(session.transport(), Transport::WebSocket);
    assert_eq!(session.open_poll(), Err(PollRefused::AfterUpgrade));
    assert_eq!(session.open_candidate(3), Err(CandidateRefused));
    assert!(matches!(receive(&mut session, "42[\"a\"]", 3), Ok(Outcome::Event { .. })));
    assert_eq!(run(&mut session, 26 * SECOND), [(25 * SECOND, Due::Ping)]);
}

#[test]
fn polls_end_every_tenth_of_a_second_while_a_candidate_has_probed() {
    let mut session = connected();
    session.open_candidate(0).unwrap();
    candidate(&mut session, "2probe", 1).unwrap();
    assert_eq!(run(&mut session, 250), [(101, Due::EndPoll), (201, Due::EndPoll)]);
}

#[test]
fn an_upgrade_abandoned_half_way_leaves_polling_and_room_for_another() {
    let mut session = connected();
    session.open_candidate(0).unwrap();
    assert_eq!(session.open_candidate(0), Err(CandidateRefused));
    candidate(&mut session, "2probe", 1).unwrap();
    assert_eq!(run(&mut session, 10 * SECOND).last(), Some(&(10 * SECOND, Due::AbandonUpgrade)));
    assert_eq!(session.transport(), Transport::Polling);
    assert_eq!(session.open_poll(), Ok(()));
    assert_eq!(session.open_candidate(10 * SECOND), Ok(()));
}

#[test]
fn a_candidate_may_only_probe_and_then_upgrade() {
    for text in ["5", "2", "40", "42[\"a\"]", "1"] {
        let mut session = connected();
        session.open_candidate(0).unwrap();
        assert!(matches!(candidate(&mut session, text, 0), Ok(Outcome::CandidateFailed)), "{text}");
        assert_eq!(session.transport(), Transport::Polling);
        assert_eq!(session.open_candidate(0), Ok(()));
    }
}

#[test]
fn one_poll_waits_at_a_time() {
    let mut session = connected();
    assert_eq!(session.open_poll(), Ok(()));
    assert_eq!(session.open_poll(), Err(PollRefused::Duplicate));
    session.end_poll();
    assert_eq!(session.open_poll(), Ok(()));
}

#[test]
fn namespaces_connect_apart() {
    let mut session = connected();
    let Ok(Outcome::Connect { namespace, auth }) = receive(&mut session, "40/websocket,{\"token\":1}", 0)
    else {
        panic!("no CONNECT")
    };
    assert_eq!((namespace.index(), auth.map(RawValue::get)), (1, Some("{\"token\":1}")));
    session.connected(namespace);
    assert!(
        matches!(receive(&mut session, "41/websocket,", 0), Ok(Outcome::Left(left)) if left == namespace)
    );
    assert!(matches!(receive(&mut session, "40/websocket,", 0), Ok(Outcome::Connect { .. })));
}

#[test]
fn a_second_connect_of_a_namespace_changes_nothing() {
    let mut session = session(Transport::WebSocket);
    let Ok(Outcome::Connect { namespace, .. }) = receive(&mut session, "40", 0) else { panic!("no CONNECT") };
    assert!(matches!(receive(&mut session, "40", 0), Ok(Outcome::Noted)));
    session.connected(namespace);
    assert!(matches!(receive(&mut session, "40", 0), Ok(Outcome::Noted)));
    assert!(matches!(receive(&mut session, "42[\"a\"]", 0), Ok(Outcome::Event { .. })));
}

#[test]
fn an_unknown_namespace_is_refused_and_the_session_goes_on() {
    assert!(matches!(receive(&mut connected(), "40/no,", 0), Ok(Outcome::NoSuchNamespace("/no"))));
}

#[test]
fn packets_on_their_way_to_a_namespace_that_was_left_are_no_violation() {
    let mut session = connected();
    session.left(Namespace(0), 0);
    for text in ["42[\"a\"]", "41", "431[]"] {
        assert!(matches!(receive(&mut session, text, 0), Ok(Outcome::Noted)), "{text}");
    }
}

#[test]
fn what_is_out_of_place_closes() {
    let table = [
        ("1", CloseReason::ClientClosed),
        ("0{}", CloseReason::UnexpectedPacket),
        ("5", CloseReason::UnexpectedPacket),
        ("4abc", CloseReason::Socket(socket::DecodeError::UnknownType)),
        ("bAQ==", CloseReason::Socket(socket::DecodeError::Binary)),
        ("42/websocket,[\"a\"]", CloseReason::Namespace),
        ("42/no,[\"a\"]", CloseReason::Namespace),
        ("44{}", CloseReason::Namespace),
    ];
    for (text, reason) in table {
        assert_eq!(receive(&mut connected(), text, 0).err(), Some(reason), "{text}");
    }
}

#[test]
fn the_handshake_offers_the_upgrade_to_pollers_only() {
    assert!(session(Transport::Polling).handshake_json("s").contains(r#""upgrades":["websocket"]"#));
    assert!(session(Transport::WebSocket).handshake_json("s").contains(r#""upgrades":[]"#));
}
