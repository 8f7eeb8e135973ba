//! What waits for one connection, in three lanes.
//!
//! Control goes first, then journal, then volatile, at the borders of frames. The journal lane holds places in the
//! shard's ring; the other two hold frames.

use super::ring::{Ring, Sequence};
use super::rooms::SocketSlot;
use crate::HubConfig;
use crate::frame::Framing;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use waypost_wire::engine::SEPARATOR;
use waypost_wire::websocket::TextFrame;

/// Room that an empty lane may keep, in entries.
const KEPT_ENTRIES_MAX: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Lanes {
    control: VecDeque<TextFrame>,
    control_bytes: usize,
    journal: VecDeque<Queued>,
    volatile: VecDeque<(SocketSlot, TextFrame)>,
}

/// A journal event that waits for a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queued {
    pub(crate) sequence: Sequence,
    pub(crate) socket: SocketSlot,
    pub(crate) framing: Framing,
}

/// A lane cannot take more and may not drop: the connection has fallen behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow;

/// Where queued places lead.
#[derive(Clone, Copy)]
pub(crate) struct Library<'a> {
    pub(crate) ring: &'a Ring,
    pub(crate) namespaces: &'a [Arc<str>],
}

impl<'a> Library<'a> {
    fn frame(&self, queued: Queued) -> Option<&'a TextFrame> {
        Some(self.ring.event(queued.sequence)?.frame(queued.framing, self.namespaces))
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
    pub(crate) fn push_control(&mut self, frame: TextFrame, config: &HubConfig) -> Result<(), Overflow> {
        let bytes = self.control_bytes + frame.as_frame().len();
        if bytes > config.control_queue_bytes_max {
            return Err(Overflow);
        }
        self.control_bytes = bytes;
        self.control.push_back(frame);
        Ok(())
    }

    pub(crate) fn push_journal(&mut self, queued: Queued, config: &HubConfig) -> Result<(), Overflow> {
        if self.journal.len() >= config.journal_queue_events_max {
            return Err(Overflow);
        }
        self.journal.push_back(queued);
        Ok(())
    }

    /// Adds what is newest; answers how many older ones had to go.
    pub(crate) fn push_volatile(
        &mut self,
        socket: SocketSlot,
        frame: TextFrame,
        config: &HubConfig,
    ) -> usize {
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
        self.journal.retain(|queued| queued.socket != socket);
        self.volatile.retain(|(held_for, _)| *held_for != socket);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.control.is_empty() && self.journal.is_empty() && self.volatile.is_empty()
    }

    /// Whether the ring has lost what is to be sent next.
    pub(crate) fn has_fallen_behind(&self, ring: &Ring) -> bool {
        self.journal.front().is_some_and(|queued| ring.event(queued.sequence).is_none())
    }

    /// All that waits, in the order in which it goes out. Ends early where the ring has lost something.
    pub(crate) fn frames<'a>(&'a self, library: Library<'a>) -> impl Iterator<Item = &'a TextFrame> {
        let journal = self.journal.iter().map_while(move |queued| library.frame(*queued));
        self.control.iter().chain(journal).chain(self.volatile.iter().map(|(_, frame)| frame))
    }

    /// Takes out what the next `bytes` of [`Lanes::frames`] cover.
    pub(crate) fn take_written(&mut self, mut bytes: usize, library: Library<'_>) -> Taken {
        let mut taken = Taken::default();
        while bytes > 0 {
            let Some((frame, delivers)) = self.pop(library) else { break };
            let frame = frame.as_frame();
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
            let separated = payload.len() + next_bytes + 1;
            if !payload.is_empty() && separated > bytes_max {
                break;
            }
            let Some((frame, delivers)) = self.pop(library) else { break };
            if !payload.is_empty() {
                payload.extend_from_slice(SEPARATOR.encode_utf8(&mut [0; 4]).as_bytes());
            }
            payload.extend_from_slice(frame.payload());
            delivered += delivers;
        }
        self.shrink();
        (Bytes::from(payload), delivered)
    }

    fn next_payload_bytes(&self, library: Library<'_>) -> Option<usize> {
        self.frames(library).next().map(|frame| frame.payload().len())
    }

    /// The next frame, and how many journal events it is: one or none.
    fn pop(&mut self, library: Library<'_>) -> Option<(TextFrame, usize)> {
        if let Some(frame) = self.control.pop_front() {
            self.control_bytes -= frame.as_frame().len();
            return Some((frame, 0));
        }
        if let Some(queued) = self.journal.pop_front() {
            return library.frame(queued).map(|frame| (frame.clone(), 1));
        }
        self.volatile.pop_front().map(|(_, frame)| (frame, 0))
    }

    /// A burst's room is given back, so that an idle connection stays small.
    fn shrink(&mut self) {
        if self.journal.is_empty() && self.journal.capacity() > KEPT_ENTRIES_MAX {
            self.journal = VecDeque::new();
        }
        if self.control.is_empty() && self.control.capacity() > KEPT_ENTRIES_MAX {
            self.control = VecDeque::new();
        }
    }
}
