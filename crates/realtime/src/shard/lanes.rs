//! What waits for one connection, in three lanes.
//!
//! Control goes first, then journal, then volatile, at the borders of frames. The journal lane holds places in the
//! shard's ring, as runs of neighbours: who is shown everything holds one run, however far behind it is. What is read
//! again for a socket that has fallen behind goes before them, as frames; so do the other two lanes' packets.

use super::ring::Ring;
use super::rooms::SocketSlot;
use crate::HubConfig;
use crate::config::Namespace;
use crate::frame::Framing;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use waypost_wire::engine::SEPARATOR;
use waypost_wire::outgoing::Outgoing;

/// Room that an empty lane may keep, in entries: what a lonely event needs, so that an idle connection is small and
/// a publish to it allocates nothing.
const KEPT_ENTRIES_MAX: usize = 4;

#[derive(Debug, Default)]
pub(crate) struct Lanes {
    control: VecDeque<Outgoing>,
    control_bytes: usize,
    /// Journal events that are older than the ring, or were read again, each for one socket.
    pages: VecDeque<PageFrame>,
    journal: VecDeque<Run>,
    journal_events: usize,
    volatile: VecDeque<(SocketSlot, Outgoing)>,
}

/// A journal event that was read again, for one socket.
#[derive(Debug)]
pub(crate) struct PageFrame {
    pub(crate) socket: SocketSlot,
    pub(crate) frame: Outgoing,
    /// The page's place among those that the shard holds, given back with its last frame.
    pub(crate) _place: Arc<OwnedSemaphorePermit>,
}

/// A journal event that waits for a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queued {
    pub(crate) number: u64,
    pub(crate) socket: SocketSlot,
    pub(crate) framing: Framing,
}

/// Journal events next to each other in the ring, for one socket.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: Queued,
    /// At least 1.
    events: usize,
}

impl Run {
    fn has_next(&self, queued: Queued) -> bool {
        queued.socket == self.first.socket
            && queued.framing == self.first.framing
            && queued.number == self.first.number + self.events as u64
    }

    fn queued(self) -> impl Iterator<Item = Queued> {
        let Queued { number, socket, framing } = self.first;
        let end = number + self.events as u64;
        (number..end).map(move |number| Queued { number, socket, framing })
    }
}

/// A lane cannot take more and may not drop: the connection has fallen behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow;

/// Where queued places lead.
#[derive(Clone, Copy)]
pub(crate) struct Library<'a> {
    pub(crate) ring: &'a Ring,
    pub(crate) namespaces: &'a [Namespace],
}

impl<'a> Library<'a> {
    fn frame(&self, queued: Queued) -> Option<&'a Outgoing> {
        Some(self.ring.event(queued.number)?.frame(queued.framing, self.namespaces))
    }
}

/// What one write has brought about.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Journal events whose frame was written wholly.
    pub(crate) delivered: usize,
    /// What is left of a frame that was written in part.
    pub(crate) rest: Option<Rest>,
}

/// The rest of a frame.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) bytes: Bytes,
    /// Journal events that are delivered once it is written: one or none.
    pub(crate) delivers: usize,
}

impl Lanes {
    pub(crate) fn push_control(&mut self, frame: Outgoing, config: &HubConfig) -> Result<(), Overflow> {
        let bytes = self.control_bytes + frame.as_frames().len();
        if bytes > config.control_queue_bytes_max && !self.control.is_empty() {
            return Err(Overflow);
        }
        self.control_bytes = bytes;
        self.control.push_back(frame);
        Ok(())
    }

    pub(crate) fn push_journal(&mut self, queued: Queued, config: &HubConfig) -> Result<(), Overflow> {
        if self.journal_events >= config.journal_queue_events_max {
            return Err(Overflow);
        }
        self.journal_events += 1;
        match self.journal.back_mut() {
            Some(run) if run.has_next(queued) => run.events += 1,
            _ => self.journal.push_back(Run { first: queued, events: 1 }),
        }
        Ok(())
    }

    /// Adds an event that was read again. What is read at a time is bounded by whoever reads.
    pub(crate) fn push_page(&mut self, frame: PageFrame) {
        self.pages.push_back(frame);
    }

    /// Whether no journal event waits, so that the next ones may be read.
    pub(crate) fn has_no_journal(&self) -> bool {
        self.pages.is_empty() && self.journal.is_empty()
    }

    /// Drops all places in the ring; answers, for each socket that had some, the number of its first.
    pub(crate) fn drop_journal(&mut self) -> Vec<(SocketSlot, u64)> {
        let mut firsts: Vec<(SocketSlot, u64)> = Vec::new();
        for Run { first, .. } in self.journal.drain(..) {
            if firsts.iter().all(|(socket, _)| *socket != first.socket) {
                firsts.push((first.socket, first.number));
            }
        }
        self.journal_events = 0;
        firsts
    }

    /// Adds what is newest; answers how many older ones had to go.
    pub(crate) fn push_volatile(&mut self, socket: SocketSlot, frame: Outgoing, config: &HubConfig) -> usize {
        let over = (self.volatile.len() + 1).saturating_sub(config.volatile_queue_events_max);
        self.volatile.drain(..over.min(self.volatile.len()));
        if config.volatile_queue_events_max > 0 {
            self.volatile.push_back((socket, frame));
        }
        over
    }

    /// Forgets what waits for a socket that is gone, so that a later one in its place gets none of it. Its control
    /// frames stay: they are before anything that the later one is sent.
    pub(crate) fn forget(&mut self, socket: SocketSlot) {
        self.pages.retain(|page| page.socket != socket);
        self.journal.retain(|run| run.first.socket != socket);
        self.journal_events = self.journal.iter().map(|run| run.events).sum();
        self.volatile.retain(|(held_for, _)| *held_for != socket);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.control.is_empty() && self.has_no_journal() && self.volatile.is_empty()
    }

    /// Whether the ring has lost what is to be sent next. To be asked before anything is taken out.
    pub(crate) fn has_fallen_behind(&self, ring: &Ring) -> bool {
        self.journal.front().is_some_and(|run| !ring.has_all_after(run.first.number - 1))
    }

    /// All that waits, in the order in which it goes out; not to be asked of a connection that has fallen behind.
    pub(crate) fn frames<'a>(&'a self, library: Library<'a>) -> impl Iterator<Item = &'a Outgoing> {
        let queued = self.journal.iter().flat_map(|run| run.queued());
        let journal = queued.map_while(move |queued| library.frame(queued));
        let pages = self.pages.iter().map(|page| &page.frame);
        self.control.iter().chain(pages).chain(journal).chain(self.volatile.iter().map(|(_, frame)| frame))
    }

    /// Takes out what the next `bytes` of [`Lanes::frames`] cover.
    pub(crate) fn take_written(&mut self, mut bytes: usize, library: Library<'_>) -> Taken {
        let mut taken = Taken::default();
        while bytes > 0 {
            let Some((frame, delivers)) = self.pop(library) else { break };
            let frame = frame.as_frames();
            if bytes < frame.len() {
                taken.rest = Some(Rest { bytes: frame.slice(bytes..), delivers });
                break;
            }
            bytes -= frame.len();
            taken.delivered += delivers;
        }
        self.shrink();
        taken
    }

    /// Takes out as much as fits a polling answer of `bytes_max`, one packet at least; answers the payload and how
    /// many journal events it delivers.
    pub(crate) fn take_payload(&mut self, bytes_max: usize, library: Library<'_>) -> (Bytes, usize) {
        let mut payload = Vec::new();
        let mut delivered = 0;
        while let Some(next_bytes) = self.next_payload_bytes(library) {
            let separated = payload.len() + SEPARATOR.len_utf8() + next_bytes;
            if !payload.is_empty() && separated > bytes_max {
                break;
            }
            let Some((frame, delivers)) = self.pop(library) else { break };
            frame.push_payload(&mut payload);
            delivered += delivers;
        }
        self.shrink();
        (Bytes::from(payload), delivered)
    }

    fn next_payload_bytes(&self, library: Library<'_>) -> Option<usize> {
        self.frames(library).next().map(Outgoing::payload_bytes)
    }

    /// The next frame, and how many journal events it is: one or none.
    fn pop(&mut self, library: Library<'_>) -> Option<(Outgoing, usize)> {
        if let Some(frame) = self.control.pop_front() {
            self.control_bytes -= frame.as_frames().len();
            return Some((frame, 0));
        }
        if let Some(page) = self.pages.pop_front() {
            return Some((page.frame, 1));
        }
        if let Some(run) = self.journal.front_mut() {
            let frame = library.frame(run.first)?.clone();
            run.first.number += 1;
            run.events -= 1;
            if run.events == 0 {
                self.journal.pop_front();
            }
            self.journal_events -= 1;
            return Some((frame, 1));
        }
        self.volatile.pop_front().map(|(_, frame)| (frame, 0))
    }

    /// A burst's room is given back, so that an idle connection stays small.
    fn shrink(&mut self) {
        if self.is_empty() {
            self.control.shrink_to(KEPT_ENTRIES_MAX);
            if self.pages.capacity() > 0 {
                self.pages = VecDeque::new();
            }
            self.journal.shrink_to(KEPT_ENTRIES_MAX);
            self.volatile.shrink_to(KEPT_ENTRIES_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Published;
    use crate::{JournalEvent, JsonObject, Offset, OffsetMode, View};

    fn published(number: u64) -> Arc<Published> {
        let event = JournalEvent {
            offset: Offset { number, text: number.to_string().into() },
            name: "e".into(),
            body: JsonObject::new("{}").unwrap(),
            scopes: Vec::new(),
            except: Vec::new(),
            mask: |_, body| body.clone(),
        };
        Arc::new(Published::new(event, 1))
    }

    fn text(number: u64) -> String {
        format!("42[\"e\",{{\"offset\":\"{number}\"}}]")
    }

    /// Lanes with a control frame, the journal events 1 to 3, and a volatile frame, over a ring of two.
    fn lanes(config: &HubConfig, ring: &mut Ring) -> Lanes {
        let mut lanes = Lanes::default();
        let namespace = config.rules().namespaces.unwrap().namespace("/").unwrap();
        let framing = Framing { namespace, offsets: OffsetMode::FieldOnly, view: View::Full };
        lanes.push_volatile(0, Outgoing::text("volatile"), config);
        for number in 1..=3 {
            ring.push(published(number));
            lanes.push_journal(Queued { number, socket: 0, framing }, config).unwrap();
        }
        lanes.push_control(Outgoing::text("control"), config).unwrap();
        lanes
    }

    #[test]
    fn control_goes_first_and_volatile_last() {
        let config = HubConfig::default();
        let mut ring = Ring::new(3, 1_000, 1);
        let mut lanes = lanes(&config, &mut ring);
        let library = Library { ring: &ring, namespaces: config.namespaces() };
        let (payload, delivered) = lanes.take_payload(1_000, library);
        let expected = ["control", &text(1), &text(2), &text(3), "volatile"].join("\x1e");
        assert_eq!((payload, delivered), (Bytes::from(expected), 3));
        assert!(lanes.is_empty() && lanes.control_bytes == 0);
    }

    #[test]
    fn a_write_that_ends_inside_a_frame_leaves_its_rest() {
        let config = HubConfig::default();
        let mut ring = Ring::new(3, 1_000, 1);
        let mut lanes = lanes(&config, &mut ring);
        let library = Library { ring: &ring, namespaces: config.namespaces() };
        let all: Vec<u8> = lanes.frames(library).flat_map(|frame| frame.as_frames().to_vec()).collect();
        let cut = "control".len() + 2 + text(1).len() + 2 + 5;
        let taken = lanes.take_written(cut, library);
        let rest = taken.rest.unwrap();
        assert_eq!((taken.delivered, rest.delivers), (1, 1));
        let left: Vec<u8> = lanes.frames(library).flat_map(|frame| frame.as_frames().to_vec()).collect();
        assert_eq!([&all[..cut], &rest.bytes, &left].concat(), all);
    }

    #[test]
    fn what_the_ring_has_lost_is_never_passed_over() {
        let config = HubConfig::default();
        let mut ring = Ring::new(2, 1_000, 1);
        let mut lanes = lanes(&config, &mut ring);
        assert!(lanes.has_fallen_behind(&ring));
        let library = Library { ring: &ring, namespaces: config.namespaces() };
        assert_eq!(lanes.take_payload(1_000, library), (Bytes::from("control"), 0));
        assert!(lanes.has_fallen_behind(&ring), "the lost event still stands first");
    }

    #[test]
    fn who_is_shown_everything_holds_one_run_and_who_is_not_loses_none() {
        let config = HubConfig { journal_queue_events_max: 7, ..HubConfig::default() };
        let namespace = config.rules().namespaces.unwrap().namespace("/").unwrap();
        let framing = Framing { namespace, offsets: OffsetMode::FieldOnly, view: View::Full };
        let mut ring = Ring::new(100, 10_000, 1);
        let mut lanes = Lanes::default();
        // Two sockets of one connection; the first is shown all but 5, the second only 3 and 4.
        for number in 1..=6 {
            ring.push(published(number));
            let sockets: &[SocketSlot] = match number {
                3 | 4 => &[0, 1],
                5 => &[],
                _ => &[0],
            };
            for socket in sockets {
                lanes.push_journal(Queued { number, socket: *socket, framing }, &config).unwrap();
            }
        }
        assert_eq!(lanes.journal.len(), 5);
        let refused = lanes.push_journal(Queued { number: 9, socket: 0, framing }, &config);
        assert_eq!((lanes.journal_events, refused), (7, Err(Overflow)));
        let library = Library { ring: &ring, namespaces: config.namespaces() };
        let (payload, delivered) = lanes.take_payload(1_000, library);
        let expected = [1, 2, 3, 3, 4, 4, 6].map(text).join("\x1e");
        assert_eq!((payload, delivered, lanes.journal_events), (Bytes::from(expected), 7, 0));
    }
}
