//! One connection from its handshake to its end, played by a script.
//!
//! The input is a script of one step a line, so that a person can read and write it; see [`Step::read`]. The owner of
//! the connection, who in the product is `realtime`, does here what the contracts of `session` and `namespaces` ask
//! of it, and knows for itself what must come of each step.

mod socket;
mod step;

use std::ops::ControlFlow;
use std::sync::Arc;

use waypost_wire::CloseReason;
use waypost_wire::engine::Packet;
use waypost_wire::session::{
    CandidateRefused, Due, Millis, Outcome, PollRefused, Rules, Session, Timing, Transport,
};

use crate::Budget;
use socket::Socket;
use step::Step;

/// Each line may be an event that is kept until its attachments come: pointers to its arguments and copies of them,
/// here twice, since the owner reads each packet once more to know what must come of it.
const BUDGET: Budget = Budget { per_byte: 100, fixed_bytes: 20_000 };

/// How often something may be due at one moment: a ping, the end of a poll, the end of an upgrade, and as many again.
const DUES_MAX: usize = 6;

/// `Break` once the connection is closed: nothing of it may be asked again.
type Flow = ControlFlow<()>;

/// Whether what the session answers is what its owner expects, from the opening to the end.
pub fn connection(bytes: &[u8]) {
    BUDGET.spend(bytes.len(), || {
        let mut steps = bytes.split(|byte| *byte == b'\n').filter_map(Step::read).peekable();
        let transport = match steps.next_if_eq(&Step::StartWithWebSocket) {
            Some(_) => Transport::WebSocket,
            None => Transport::Polling,
        };
        let mut owner = Owner::new(transport);
        for step in steps {
            if owner.take(step).is_break() {
                return;
            }
        }
    });
}

/// How far the owner has seen an upgrade come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Candidate {
    None,
    Open,
    Probed,
}

struct Owner {
    now: Millis,
    timing: Timing,
    session: Session,
    socket: Socket,
    transport: Transport,
    candidate: Candidate,
    poll_waits: bool,
    /// The latest moment of the pong. It may be asked for earlier by a quarter of the ping timeout, for a ping that
    /// was late.
    pong_by: Option<Millis>,
}

impl Owner {
    fn new(transport: Transport) -> Owner {
        let timing = Timing::default();
        let rules = Rules { timing, payload_bytes_max: 1_000_000 };
        Owner {
            now: 0,
            timing,
            session: Session::new(Arc::new(rules), transport, 0),
            socket: Socket::new(0),
            transport,
            candidate: Candidate::None,
            poll_waits: false,
            pong_by: None,
        }
    }

    fn take(&mut self, step: Step<'_>) -> Flow {
        match step {
            Step::StartWithWebSocket => {}
            Step::Wait(wait_ms) => {
                self.now += Millis::from(wait_ms);
                self.settle()?;
            }
            Step::WaitForDeadline => {
                let deadline = self.session.deadline().min(self.socket.deadline().unwrap_or(Millis::MAX));
                assert!(deadline > self.now, "what was due has been done");
                self.now = deadline;
                self.settle()?;
            }
            Step::Packet(text) => self.receive(text)?,
            Step::ByOtherTransport(text) => self.receive_by_other(text)?,
            Step::Binary(bytes) => self.receive_binary(bytes)?,
            Step::OpenPoll => self.open_poll()?,
            Step::EndPoll => self.end_poll(),
            Step::OpenCandidate => self.open_candidate(),
            // Only a candidate that is there can be lost.
            Step::LoseCandidate if self.candidate == Candidate::None => {}
            Step::LoseCandidate => {
                self.session.candidate_lost();
                self.candidate = Candidate::None;
            }
            Step::Accept(place) => self.socket.accept(place),
            Step::Leave(place) => self.socket.leave(place, self.now),
        }
        assert_eq!(self.session.transport(), self.transport, "one transport at a time");
        let longest_wait_ms = self.timing.ping_interval_ms.max(self.timing.ping_timeout_ms);
        assert!(self.session.deadline() <= self.now + longest_wait_ms, "a client that is silent is noticed");
        ControlFlow::Continue(())
    }

    /// Does what is due, until nothing is.
    fn settle(&mut self) -> Flow {
        for _ in 0..DUES_MAX {
            match self.session.due(self.now) {
                None => {
                    assert!(self.session.deadline() > self.now, "a deadline has passed and nothing is due");
                    assert!(self.pong_by.is_none_or(|by| by > self.now), "no pong came and nobody minds");
                    return self.socket.settle(self.now);
                }
                Some(Due::Ping) => {
                    assert_eq!(self.pong_by, None, "a ping while one waits for its pong");
                    self.pong_by = Some(self.now + self.timing.ping_timeout_ms);
                }
                Some(Due::EndPoll) => {
                    assert_eq!(self.candidate, Candidate::Probed);
                    self.end_poll();
                }
                Some(Due::AbandonUpgrade) => {
                    assert_ne!(self.candidate, Candidate::None);
                    self.candidate = Candidate::None;
                }
                Some(Due::Close(reason)) => {
                    assert_eq!(reason, CloseReason::PingTimeout);
                    let slack = self.timing.ping_timeout_ms / 4;
                    assert!(self.pong_by.is_some_and(|by| by - slack <= self.now), "closed too early");
                    return ControlFlow::Break(());
                }
            }
        }
        panic!("something is due for ever");
    }

    /// A packet by the session's own transport.
    fn receive(&mut self, text: &str) -> Flow {
        let Ok(packet) = Packet::decode(text) else { return ControlFlow::Break(()) };
        match self.session.receive(self.transport, packet, self.now) {
            Ok(Outcome::Noted) => match text.split_at(1) {
                ("3", _) => self.pong_by = None,
                (kind, _) => assert_eq!(kind, "6"),
            },
            Ok(Outcome::Pong(pong)) => assert_eq!(Some(pong), text.strip_prefix('2')),
            Ok(Outcome::Text(message)) => {
                assert_eq!(Some(message), text.strip_prefix('4'));
                self.socket.receive_text(message, self.now)?;
            }
            Ok(Outcome::Binary(bytes)) => self.socket.receive_binary(&bytes)?,
            Ok(Outcome::Probed | Outcome::Upgraded | Outcome::CandidateFailed) => {
                panic!("{text:?} did not come by a candidate")
            }
            Err(CloseReason::ClientClosed) => {
                assert_eq!(text, "1");
                return ControlFlow::Break(());
            }
            Err(reason) => {
                assert_eq!(reason, CloseReason::UnexpectedPacket);
                assert!(text.starts_with(['0', '5']));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// A binary message: a frame of its own on a WebSocket, and base64 in a payload, which is the same to the session.
    fn receive_binary(&mut self, bytes: &[u8]) -> Flow {
        match self.session.receive(self.transport, Packet::Binary(bytes.into()), self.now) {
            Ok(Outcome::Binary(given)) => {
                assert_eq!(given, bytes);
                self.socket.receive_binary(&given)
            }
            other => panic!("a binary message became {other:?}"),
        }
    }

    /// While the client polls: by a candidate, or by a WebSocket that was refused. Afterwards: by a POST that is late.
    fn receive_by_other(&mut self, text: &str) -> Flow {
        let (via, expected) = match (self.transport, self.candidate, text) {
            (Transport::Polling, Candidate::Open, "2probe") => (Transport::WebSocket, Candidate::Probed),
            (Transport::Polling, ..) => (Transport::WebSocket, Candidate::None),
            (Transport::WebSocket, ..) => (Transport::Polling, Candidate::None),
        };
        let may_upgrade = (self.candidate, text) == (Candidate::Probed, "5");
        let Ok(packet) = Packet::decode(text) else { return ControlFlow::Break(()) };
        match self.session.receive(via, packet, self.now) {
            Ok(Outcome::Probed) => assert_eq!(expected, Candidate::Probed),
            Ok(Outcome::Upgraded) => {
                assert!(may_upgrade, "an upgrade without its probe");
                self.transport = Transport::WebSocket;
                self.end_poll();
            }
            Ok(Outcome::CandidateFailed) => assert!(expected == Candidate::None && !may_upgrade),
            other => panic!("{text:?} by {via:?} became {other:?}"),
        }
        self.candidate = expected;
        ControlFlow::Continue(())
    }

    fn open_poll(&mut self) -> Flow {
        match self.session.open_poll() {
            Ok(()) => assert!(self.transport == Transport::Polling && !self.poll_waits),
            Err(PollRefused::AfterUpgrade) => {
                assert_eq!(self.transport, Transport::WebSocket);
                return ControlFlow::Continue(());
            }
            Err(PollRefused::Duplicate) => {
                assert!(self.poll_waits, "the only poll is no duplicate");
                return ControlFlow::Break(());
            }
        }
        self.poll_waits = true;
        ControlFlow::Continue(())
    }

    fn end_poll(&mut self) {
        if std::mem::take(&mut self.poll_waits) {
            self.session.end_poll();
        }
    }

    fn open_candidate(&mut self) {
        let is_free = self.transport == Transport::Polling && self.candidate == Candidate::None;
        let expected = if is_free { Ok(()) } else { Err(CandidateRefused) };
        assert_eq!(self.session.open_candidate(self.now), expected);
        if is_free {
            self.candidate = Candidate::Open;
        }
    }
}
