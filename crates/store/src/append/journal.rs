//! The journal: every event in one order, with a running check.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use waypost_domain::{Audience, Author, Detail, DetailJson, Event, Offset, Timestamp, Typed};

use super::plan::Plan;
use crate::commit::{CommittedEvent, Encode, Step};

/// The end of the journal. It is the only one that assigns offsets.
pub(super) struct Journal {
    encode: Encode,
    head: Offset,
}

impl Journal {
    pub(super) fn new(encode: Encode, head: Offset) -> Self {
        Self { encode, head }
    }

    pub(super) fn reload(&mut self, head: Offset) {
        self.head = head;
    }

    pub(super) const fn head(&self) -> Offset {
        self.head
    }

    /// What a message says beyond its content, as clients get it. Of an edit that is without who wrote it: see
    /// [`Self::beside_author`].
    pub(super) fn detail(&self, detail: &Detail) -> DetailJson {
        match (&detail.typed, &detail.participant) {
            (Typed::Edit(_), Some(_)) => {
                (self.encode.detail)(&Detail { participant: None, ..detail.clone() })
            }
            _ => (self.encode.detail)(detail),
        }
    }

    /// The detail of an edit beside who wrote the message: whoever edits it may go by another name by then, and the message
    /// stays theirs by the name that it has.
    pub(super) fn beside_author(&self, edited: DetailJson, author: &Author) -> DetailJson {
        let Some(participant) = author.participant() else { return edited };
        // A type that says nothing of its own.
        let typed = Typed::RequestWelcome;
        let participant = Some(Box::new(participant.clone()));
        edited.and_metadata((self.encode.detail)(&Detail { typed, participant, ..Detail::text() }))
    }

    /// The number of the newest entry, those of the plan included.
    pub(super) const fn newest(&self) -> u64 {
        self.head.number
    }

    /// Plans the next entry. [`super::Decider::show`] knows whom it is for.
    pub(super) fn append(
        &mut self,
        plan: &mut Plan<'_>,
        event: &Event,
        (audience, received): (Audience, Timestamp),
    ) {
        let encoded = (self.encode.event)(event);
        self.head = Offset {
            number: self.head.number + 1,
            check: next_check(self.head.check, encoded.name.as_bytes(), &encoded.body),
            ..self.head
        };
        let (name, body) = (encoded.name.into(), Bytes::from(encoded.body));
        let entry = CommittedEvent { offset: self.head, name, body, audience };
        plan.steps.push(Step::Event(entry));
        plan.received.push(received);
    }
}

/// The check of the entry after the one with the check `previous`: the first 32 bits of the SHA-256 over both.
pub(crate) fn next_check(previous: u32, name: &[u8], body: &[u8]) -> u32 {
    let digest = Sha256::new()
        .chain_update(previous.to_be_bytes())
        .chain_update(name)
        .chain_update([0])
        .chain_update(body)
        .finalize();
    u32::from_be_bytes(*digest.first_chunk().expect("4 of 32 bytes"))
}
