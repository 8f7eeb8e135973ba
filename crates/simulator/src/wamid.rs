//! Ids of messages, in the form of Meta's.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waypost_domain::Timestamp;

use crate::dice::mix;

/// Who wrote the message that an id is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    Customer,
    Business,
}

/// A source of ids. It is determined by the seed and the start of the run: were it the seed alone, a server
/// would rightly take a second run with that seed for redeliveries of the first.
#[derive(Debug)]
pub(crate) struct Wamids {
    author: Author,
    run: u64,
    ordinal: AtomicU64,
}

impl Wamids {
    pub(crate) fn new(author: Author, seed: u64, start: Timestamp) -> Self {
        let run = mix(seed ^ mix(start.as_millis().unsigned_abs()));
        Self { author, run, ordinal: AtomicU64::new(0) }
    }

    /// A new id for a message to or from `person`: digits, or a BSUID. Like Meta's it is base64 of a small
    /// record that has them in clear: whoever logs it logs a phone number.
    pub(crate) fn fresh(&self, person: &str) -> String {
        let ordinal = self.ordinal.fetch_add(1, Ordering::Relaxed);
        // 64 bits that differ for every ordinal, and some more to fill the field.
        let unique = format!("{:016X}{:04X}", mix(self.run.wrapping_add(ordinal)), self.run & 0xffff);
        let (kind, unique) = match self.author {
            Author::Customer => (0x12, unique.as_str()),
            Author::Business => (0x11, &unique[..18]),
        };
        let mut record = vec![0x1c, 0x18, length(person)];
        record.extend_from_slice(person.as_bytes());
        record.extend_from_slice(&[0x15, 0x02, 0x00, kind, 0x18, length(unique)]);
        record.extend_from_slice(unique.as_bytes());
        record.push(0);
        format!("wamid.{}", STANDARD.encode(record))
    }
}

fn length(text: &str) -> u8 {
    u8::try_from(text.len()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_794_000_000_000);

    #[test]
    fn ids_look_like_metas_and_differ() {
        let ids = Wamids::new(Author::Customer, 1, START);
        let one = ids.fresh("15550100101");
        assert_eq!(one.len(), "wamid.HBgLMTU1NTAwMDIwMDEVAgASGBRGNTUyQ0M1MDIzRDgzMTlBRUExMQA=".len());
        assert!(one.starts_with("wamid.HBgLMTU1NTAxMDAxMDEVAgASGBR"), "{one}");
        assert_ne!(one, ids.fresh("15550100101"));
        assert!(Wamids::new(Author::Business, 1, START).fresh("15550100101").contains("EVAgARGB"));
    }

    #[test]
    fn a_second_run_with_the_same_seed_has_other_ids() {
        let first = Wamids::new(Author::Customer, 1, START).fresh("15550100101");
        let second = Wamids::new(Author::Customer, 1, START.plus_millis(1)).fresh("15550100101");
        assert_ne!(first, second);
    }
}
