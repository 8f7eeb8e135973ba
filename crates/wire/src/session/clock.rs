//! Every reason for which a session moves by itself.

use crate::CloseReason;

/// Milliseconds on a clock that never goes back; whose zero is the caller's.
pub type Millis = u64;

/// The waits of a session, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From the opening, or a pong, to the next ping.
    pub ping_interval_ms: u64,
    /// From a ping to the latest moment of its pong.
    pub ping_timeout_ms: u64,
    /// From a candidate WebSocket's coming to its upgrade packet.
    pub upgrade_timeout_ms: u64,
    /// While a candidate has probed, how long a poll may wait before a noop ends it.
    pub probed_poll_ms: u64,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            upgrade_timeout_ms: 10_000,
            probed_poll_ms: 100,
        }
    }
}

/// What a deadline brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send an Engine.IO ping.
    Ping,
    /// A candidate has probed and waits: end a waiting poll with a noop, so that the client can go over.
    EndPoll,
    /// The candidate WebSocket did not upgrade in time: close it; the session stays with polling.
    AbandonUpgrade,
    /// Close the session.
    Close(CloseReason),
}

#[derive(Debug)]
pub(super) struct Clock {
    timing: Timing,
    heartbeat: Heartbeat,
    upgrade_by: Option<Millis>,
    end_poll_at: Option<Millis>,
}

#[derive(Debug, Clone, Copy)]
enum Heartbeat {
    PingAt(Millis),
    PongBy(Millis),
}

impl Clock {
    pub(super) fn new(timing: Timing, now: Millis) -> Clock {
        Clock {
            timing,
            heartbeat: Heartbeat::PingAt(now + timing.ping_interval_ms),
            upgrade_by: None,
            end_poll_at: None,
        }
    }

    pub(super) fn deadline(&self) -> Millis {
        let (Heartbeat::PingAt(beat) | Heartbeat::PongBy(beat)) = self.heartbeat;
        [self.upgrade_by, self.end_poll_at].into_iter().flatten().fold(beat, Millis::min)
    }

    pub(super) fn due(&mut self, now: Millis) -> Option<Due> {
        let passed = |at: Option<Millis>| at.is_some_and(|at| at <= now);
        match self.heartbeat {
            Heartbeat::PongBy(at) if at <= now => return Some(Due::Close(CloseReason::PingTimeout)),
            Heartbeat::PingAt(at) if at <= now => {
                let timeout = self.timing.ping_timeout_ms;
                // A ping that was a little late shortens the wait, so that clients may count on the sum of both times;
                // after a process has stood still, its clients have all of it.
                let sent = if now - at <= timeout / 4 { at } else { now };
                self.heartbeat = Heartbeat::PongBy(sent + timeout);
                return Some(Due::Ping);
            }
            _ => {}
        }
        if passed(self.upgrade_by) {
            return Some(Due::AbandonUpgrade);
        }
        if passed(self.end_poll_at) {
            self.end_poll_at = Some(now + self.timing.probed_poll_ms);
            return Some(Due::EndPoll);
        }
        None
    }

    /// An unasked pong changes nothing.
    pub(super) fn pong(&mut self, now: Millis) {
        if let Heartbeat::PongBy(_) = self.heartbeat {
            self.heartbeat = Heartbeat::PingAt(now + self.timing.ping_interval_ms);
        }
    }

    pub(super) fn upgrade_begins(&mut self, now: Millis) {
        self.upgrade_by = Some(now + self.timing.upgrade_timeout_ms);
    }

    pub(super) fn probed(&mut self, now: Millis) {
        self.end_poll_at = Some(now + self.timing.probed_poll_ms);
    }

    pub(super) fn upgrade_ends(&mut self) {
        self.upgrade_by = None;
        self.end_poll_at = None;
    }
}
