//! Sessions in virtual time: minutes of heartbeat are a few calls.

use super::*;
use crate::engine::Packet;

const SECOND: Millis = 1_000;

fn session(transport: Transport) -> Session {
    let rules = Rules { timing: Timing::default(), payload_bytes_max: 1_000_000 };
    Session::new(Arc::new(rules), transport, 0)
}

fn polling() -> Session {
    session(Transport::Polling)
}

/// What `text` leads to, when it comes by the session's transport.
fn receive<'a>(session: &mut Session, text: &'a str, now: Millis) -> Result<Outcome<'a>, CloseReason> {
    let via = session.transport();
    session.receive(via, Packet::decode(text).unwrap(), now)
}

fn candidate<'a>(session: &mut Session, text: &'a str, now: Millis) -> Result<Outcome<'a>, CloseReason> {
    session.receive(Transport::WebSocket, Packet::decode(text).unwrap(), now)
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
    let mut session = polling();
    assert_eq!(run(&mut session, 30 * SECOND), [(25 * SECOND, Due::Ping)]);
    assert!(matches!(receive(&mut session, "3", 31 * SECOND), Ok(Outcome::Noted)));
    assert_eq!(run(&mut session, 60 * SECOND), [(56 * SECOND, Due::Ping)]);
}

#[test]
fn a_ping_without_a_pong_ends_the_session() {
    let expected = [(25 * SECOND, Due::Ping), (45 * SECOND, Due::Close(CloseReason::PingTimeout))];
    assert_eq!(run(&mut polling(), 3_600 * SECOND), expected);
}

#[test]
fn a_ping_that_was_late_is_made_up_for_unless_everything_stood_still() {
    let mut session = polling();
    assert_eq!(session.due(25 * SECOND + 3), Some(Due::Ping));
    assert_eq!(session.deadline(), 45 * SECOND);
    let mut session = polling();
    assert_eq!(session.due(600 * SECOND), Some(Due::Ping));
    assert_eq!((session.due(600 * SECOND), session.deadline()), (None, 620 * SECOND));
}

#[test]
fn an_unasked_pong_delays_nothing() {
    let mut session = polling();
    receive(&mut session, "3", 20 * SECOND).unwrap();
    assert_eq!(run(&mut session, 26 * SECOND), [(25 * SECOND, Due::Ping)]);
}

#[test]
fn a_ping_of_the_client_is_answered_with_its_text() {
    assert!(matches!(receive(&mut polling(), "2hello", 0), Ok(Outcome::Pong("hello"))));
}

#[test]
fn a_probe_and_an_upgrade_packet_change_the_transport() {
    let mut session = polling();
    session.open_poll().unwrap();
    session.open_candidate(0).unwrap();
    assert!(matches!(candidate(&mut session, "2probe", 1), Ok(Outcome::Probed)));
    assert_eq!(session.transport(), Transport::Polling);
    assert!(matches!(candidate(&mut session, "5", 2), Ok(Outcome::Upgraded)));
    assert_eq!(session.transport(), Transport::WebSocket);
    assert_eq!(session.open_poll(), Err(PollRefused::AfterUpgrade));
    assert_eq!(session.open_candidate(3), Err(CandidateRefused));
    assert!(matches!(receive(&mut session, "4hello", 3), Ok(Outcome::Text("hello"))));
    assert_eq!(run(&mut session, 26 * SECOND), [(25 * SECOND, Due::Ping)]);
}

#[test]
fn polls_end_every_tenth_of_a_second_while_a_candidate_has_probed() {
    let mut session = polling();
    session.open_candidate(0).unwrap();
    candidate(&mut session, "2probe", 1).unwrap();
    assert_eq!(run(&mut session, 250), [(101, Due::EndPoll), (201, Due::EndPoll)]);
}

#[test]
fn an_upgrade_abandoned_half_way_leaves_polling_and_room_for_another() {
    let mut session = polling();
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
        let mut session = polling();
        session.open_candidate(0).unwrap();
        assert!(matches!(candidate(&mut session, text, 0), Ok(Outcome::CandidateFailed)), "{text}");
        assert_eq!(session.transport(), Transport::Polling);
        assert_eq!(session.open_candidate(0), Ok(()));
    }
}

#[test]
fn one_poll_waits_at_a_time() {
    let mut session = polling();
    assert_eq!(session.open_poll(), Ok(()));
    assert_eq!(session.open_poll(), Err(PollRefused::Duplicate));
    session.end_poll();
    assert_eq!(session.open_poll(), Ok(()));
}

#[test]
fn what_is_out_of_place_closes() {
    let table = [
        ("1", CloseReason::ClientClosed),
        ("0{}", CloseReason::UnexpectedPacket),
        ("5", CloseReason::UnexpectedPacket),
    ];
    for (text, reason) in table {
        assert_eq!(receive(&mut polling(), text, 0).err(), Some(reason), "{text}");
    }
}

#[test]
fn messages_are_for_the_layer_above() {
    let mut session = polling();
    assert!(matches!(receive(&mut session, "4text", 0), Ok(Outcome::Text("text"))));
    assert!(matches!(receive(&mut session, "bAQI=", 0), Ok(Outcome::Binary(bytes)) if *bytes == [1, 2]));
}

#[test]
fn the_handshake_offers_the_upgrade_to_pollers_only() {
    assert!(session(Transport::Polling).handshake_json("s").contains(r#""upgrades":["websocket"]"#));
    assert!(session(Transport::WebSocket).handshake_json("s").contains(r#""upgrades":[]"#));
}
