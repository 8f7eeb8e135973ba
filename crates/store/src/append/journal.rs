//! The journal: every event in one order, with a running check.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use waypost_domain::{CustomerId, Detail, DetailJson, Event, Offset, Scope, Timestamp};

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

    /// What a message says beyond its content, as clients get it.
    pub(super) fn detail(&self, detail: &Detail) -> DetailJson {
        (self.encode.detail)(detail)
    }

    /// The number of the newest entry, those of the plan included.
    pub(super) const fn newest(&self) -> u64 {
        self.head.number
    }

    /// Plans the next entry, for its audience and for those who were merged into its customer. [`super::Decider::show`]
    /// knows who they are.
    pub(super) fn append(
        &mut self,
        plan: &mut Plan<'_>,
        event: &Event,
        (merged, received): (&[CustomerId], Timestamp),
    ) {
        let encoded = (self.encode.event)(event);
        self.head = Offset {
            number: self.head.number + 1,
            check: next_check(self.head.check, encoded.name.as_bytes(), &encoded.body),
            ..self.head
        };
        let mut audience = event.audience();
        for scope in merged.iter().map(|customer| Scope::Customer(*customer)) {
            if !audience.0.contains(&scope) {
                audience.0.push(scope);
            }
        }
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
