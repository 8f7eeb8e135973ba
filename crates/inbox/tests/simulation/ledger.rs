//! What the server has done, so that what a client was not told any more can be judged; and what was wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use waypost_api::Resumed;
use waypost_domain::{Offset, Timestamp};
use waypost_inbox::Claim;

/// What became of a client's join or leave.
#[derive(Clone, Debug)]
pub(crate) enum Done {
    /// From which entry on, as a number and as a position.
    Joined(u64, String),
    Left,
    Refused(String),
}

/// A session that was begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    start: Offset,
    /// Whether its client was to be told of a gap when it began.
    owes_gap: bool,
    /// A lower bound of when its client was seen.
    pub(crate) seen_ms: i64,
    /// Under which journal it was begun or gone on with last.
    pub(crate) lineage: usize,
}

#[derive(Default)]
pub(crate) struct Ledger {
    session_ms: i64,
    lineage: AtomicUsize,
    done: Mutex<BTreeMap<(String, u64), Done>>,
    rooms: Mutex<BTreeMap<String, BTreeMap<String, u64>>>,
    sessions: Mutex<BTreeMap<String, Kept>>,
    wrong: Mutex<Vec<String>>,
}

impl Kept {
    pub(crate) fn new(start: Offset, owes_gap: bool, now: Timestamp) -> Kept {
        Kept { start, owes_gap, seen_ms: now.as_millis(), lineage: 0 }
    }

    /// Where its client goes on.
    pub(crate) fn position(&self, claim: &Claim) -> Offset {
        match claim.offset.as_deref().map(str::parse::<Offset>) {
            Some(Ok(offset)) if offset.epoch == self.start.epoch && offset.number >= self.start.number => {
                offset
            }
            _ => self.start,
        }
    }

    /// Whether its client was to be told of a gap when it began, and has not shown that it was: the reply to its CONNECT
    /// came through, and not all that follows it.
    pub(crate) fn is_before(&self, claim: &Claim) -> bool {
        let is_heard = match claim.offset.as_deref().map(str::parse::<Offset>) {
            Some(Ok(offset)) => offset.epoch == self.start.epoch && offset.number >= self.start.number,
            _ => false,
        };
        self.owes_gap && !is_heard
    }
}

impl Ledger {
    pub(crate) fn new(session_hours: i64) -> Ledger {
        Ledger { session_ms: session_hours * 3_600_000, ..Ledger::default() }
    }

    pub(crate) fn session_ms(&self) -> i64 {
        self.session_ms
    }

    pub(crate) fn lineage(&self) -> usize {
        self.lineage.load(Ordering::Relaxed)
    }

    /// There is another journal.
    pub(crate) fn another_journal(&self) {
        self.lineage.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn session(&self, pid: &str) -> Option<Kept> {
        self.sessions.lock().unwrap().get(pid).cloned()
    }

    /// All sessions, to be put back together with the file that they are in.
    pub(crate) fn sessions(&self) -> BTreeMap<String, Kept> {
        self.sessions.lock().unwrap().clone()
    }

    pub(crate) fn put_back(&self, sessions: BTreeMap<String, Kept>) {
        *self.sessions.lock().unwrap() = sessions;
    }

    pub(crate) fn admitted(&self, pid: Option<&str>, resumed: Resumed, begun: Kept) {
        let Some(pid) = pid else { return };
        let mut sessions = self.sessions.lock().unwrap();
        match (resumed, sessions.get_mut(pid)) {
            (Resumed::Session, Some(kept)) => (kept.seen_ms, kept.lineage) = (begun.seen_ms, self.lineage()),
            _ => {
                sessions.insert(pid.to_owned(), Kept { lineage: self.lineage(), ..begun });
            }
        }
    }

    pub(crate) fn seen(&self, pids: &BTreeSet<String>, now: Timestamp) {
        let mut sessions = self.sessions.lock().unwrap();
        for pid in pids {
            if let Some(kept) = sessions.get_mut(pid)
                && now.as_millis() - kept.seen_ms <= self.session_ms
            {
                kept.seen_ms = now.as_millis();
            }
        }
    }

    pub(crate) fn greeted(&self, socket: &str, rooms: BTreeMap<String, u64>) {
        self.rooms.lock().unwrap().insert(socket.to_owned(), rooms);
    }

    /// The rooms with which a socket began, and from which entries on.
    pub(crate) fn rooms_of(&self, socket: &str) -> BTreeMap<String, u64> {
        self.rooms.lock().unwrap()[socket].clone()
    }

    pub(crate) fn done(&self, socket: &str, order: u64, done: Done) {
        self.done.lock().unwrap().insert((socket.to_owned(), order), done);
    }

    pub(crate) fn outcome(&self, socket: &str, order: u64) -> Option<Done> {
        self.done.lock().unwrap().get(&(socket.to_owned(), order)).cloned()
    }

    pub(crate) fn wrong(&self, what: String) {
        self.wrong.lock().unwrap().push(what);
    }

    pub(crate) fn first_wrong(&self) -> Option<String> {
        self.wrong.lock().unwrap().first().cloned()
    }
}
