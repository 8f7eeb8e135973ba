//! The chain: each entry's MAC is over the one before and the entry, so that nothing can be changed, taken out or put in
//! without the key.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use waypost_domain::{AuditEntry, Timestamp};

/// The length of a MAC, in bytes.
const MAC_BYTES: usize = 32;

/// How entries are written for their MACs. Another way would be another number.
const VERSION: u8 = 1;

/// Written instead of the length of a field that is not there.
const ABSENT: u32 = u32::MAX;

/// What the MAC of an anchor begins with: shorter than any entry's, which begins with a MAC.
const ANCHOR: &[u8] = b"anchor";

/// From what the key of digests of actors is derived.
const ACTORS: &[u8] = b"actors";

/// The MAC of an entry.
pub(crate) type AuditMac = [u8; MAC_BYTES];

/// An entry of the audit, with its place in the chain, as it is stored: whoever can write to the database may have written
/// anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number: one more than that of the entry before.
    pub number: i64,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: Option<String>,
    /// How often.
    pub count: i64,
    /// The MAC.
    pub mac: Vec<u8>,
}

impl AuditRecord {
    /// What the MAC is over, after the MAC before: the version, then each field with its length before it.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let mut put = |field: Option<&[u8]>| {
            let length = field.map_or(ABSENT, |field| u32::try_from(field.len()).unwrap_or(ABSENT - 1));
            bytes.extend(length.to_be_bytes());
            bytes.extend(field.unwrap_or_default());
        };
        put(Some(&self.number.to_be_bytes()));
        put(Some(&self.at.as_millis().to_be_bytes()));
        put(Some(self.actor.as_bytes()));
        put(Some(self.action.as_bytes()));
        put(self.target.as_deref().map(str::as_bytes));
        put(Some(&self.count.to_be_bytes()));
        bytes
    }
}

/// Where a chain ends: the number and the MAC of its last entry. Written as `<number>:<MAC in hexadecimal>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The last entry's number; 0 where there is none.
    pub number: i64,
    /// Its MAC.
    pub mac: AuditMac,
}

impl AuditHead {
    /// Before the first entry.
    pub(crate) const START: Self = Self { number: 0, mac: [0; MAC_BYTES] };

    /// The head at which an entry is, as it is stored; where its MAC is none, nothing follows from it.
    pub(crate) fn stored(number: i64, mac: &[u8]) -> Self {
        Self { number, mac: mac.try_into().unwrap_or([0; MAC_BYTES]) }
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.number)?;
        self.mac.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is <number>:<MAC>, as it is logged")]
pub struct InvalidAuditHead;

impl FromStr for AuditHead {
    type Err = InvalidAuditHead;

    fn from_str(text: &str) -> Result<Self, InvalidAuditHead> {
        let (number, mac) = text.split_once(':').ok_or(InvalidAuditHead)?;
        let number = number.parse().ok().filter(|number| *number >= 0).ok_or(InvalidAuditHead)?;
        Ok(Self { number, mac: from_hexadecimal(mac).ok_or(InvalidAuditHead)? })
    }
}

/// 32 bytes that are written in hexadecimal digits.
pub(crate) fn from_hexadecimal(digits: &str) -> Option<[u8; 32]> {
    let is_written_so = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate().filter(|_| is_written_so) {
        *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
    }
    is_written_so.then_some(bytes)
}

/// The key of the chain, which is nowhere in the database.
#[derive(Clone)]
pub(crate) struct AuditKey {
    chain: Hmac<Sha256>,
    actors: Hmac<Sha256>,
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(hidden)")
    }
}

impl AuditKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let hmac = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        let chain = hmac(key);
        let mut derived = chain.clone();
        derived.update(ACTORS);
        Self { actors: hmac(&derived.finalize().into_bytes()), chain }
    }

    /// Puts entries behind `head`; where the chain ends then.
    pub(crate) fn link(&self, head: AuditHead, entries: &[AuditEntry]) -> (Vec<AuditRecord>, AuditHead) {
        let mut head = head;
        let link = |entry: &AuditEntry| {
            let mut record = AuditRecord {
                number: head.number + 1,
                at: entry.at,
                actor: entry.actor.to_string(),
                action: entry.action.as_str().to_owned(),
                target: entry.target.as_ref().map(ToString::to_string),
                count: entry.count.into(),
                mac: Vec::new(),
            };
            let mac: AuditMac = self.over(&head, &record).finalize().into_bytes().into();
            record.mac = mac.to_vec();
            head = AuditHead { number: record.number, mac };
            record
        };
        let records = entries.iter().map(link).collect();
        (records, head)
    }

    /// Whether an entry follows from the one before.
    pub(crate) fn follows(&self, before: &AuditHead, record: &AuditRecord) -> bool {
        // Compared in constant time.
        self.over(before, record).verify_slice(&record.mac).is_ok()
    }

    fn over(&self, before: &AuditHead, record: &AuditRecord) -> Hmac<Sha256> {
        let mut mac = self.chain.clone();
        mac.update(&before.mac);
        mac.update(&record.to_bytes());
        mac
    }

    /// What shows that the chain was begun or pruned at `anchor` by whoever has the key.
    pub(crate) fn seal(&self, anchor: &AuditHead) -> AuditMac {
        self.over_anchor(anchor).finalize().into_bytes().into()
    }

    pub(crate) fn has_sealed(&self, anchor: &AuditHead, seal: &[u8]) -> bool {
        self.over_anchor(anchor).verify_slice(seal).is_ok()
    }

    fn over_anchor(&self, anchor: &AuditHead) -> Hmac<Sha256> {
        let mut mac = self.chain.clone();
        mac.update(ANCHOR);
        mac.update(&anchor.number.to_be_bytes());
        mac.update(&anchor.mac);
        mac
    }

    /// What stands for a name that is not kept itself: the first 128 bits of an HMAC, in hexadecimal.
    pub(crate) fn stands_for(&self, name: &str) -> String {
        let mut mac = self.actors.clone();
        mac.update(name.as_bytes());
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        full[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use waypost_domain::{AuditAction, AuditActor, AuditTarget};

    use super::*;

    fn record() -> AuditRecord {
        let entry = AuditEntry {
            at: Timestamp::from_millis(1_794_000_000_000),
            actor: AuditActor::Command,
            action: AuditAction::Read,
            target: Some(AuditTarget::GeneralRoom),
            count: 1,
        };
        let (mut records, _) = AuditKey::new(&[7; 32]).link(AuditHead::START, &[entry]);
        records.remove(0)
    }

    #[test]
    fn an_entrys_mac_is_as_it_is_documented() {
        // HMAC-SHA256(07×32, 00×32 ‖ 01 ‖ fields), computed by another program.
        let head = AuditHead::stored(1, &record().mac).to_string();
        assert_eq!(head, "1:bea78a70a83a3849e6d5eedfe20bd0775fbda7768db58bf798ead4b040b6c7d6");
    }

    #[test]
    fn whatever_is_changed_about_an_entry_is_noticed() {
        let key = AuditKey::new(&[7; 32]);
        let good = record();
        assert!(key.follows(&AuditHead::START, &good));
        let changes: [fn(&mut AuditRecord); 9] = [
            |record| record.number += 1,
            |record| record.at = record.at.plus_millis(1),
            |record| record.actor.push('s'),
            |record| record.action.clear(),
            |record| record.target = None,
            |record| record.target = Some(String::new()),
            |record| record.count = 2,
            |record| record.mac.truncate(16),
            |record| {
                let moved = record.action.remove(0);
                record.actor.push(moved);
            },
        ];
        for change in changes {
            let mut changed = good.clone();
            change(&mut changed);
            assert!(!key.follows(&AuditHead::START, &changed), "{changed:?}");
        }
        assert!(!AuditKey::new(&[8; 32]).follows(&AuditHead::START, &good));
        assert!(!key.follows(&AuditHead { number: 0, mac: [1; 32] }, &good));
    }

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = AuditHead { number: 42, mac: [0xab; 32] };
        assert_eq!(head.to_string().parse(), Ok(head));
        let mac = "ab".repeat(32);
        for text in
            ["", "42", &mac, &format!("-1:{mac}"), &format!("42:{mac}0"), &format!("42:{}", "é".repeat(32))]
        {
            assert!(text.parse::<AuditHead>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_has_one_stand_in_and_the_key_shows_nothing() {
        let key = AuditKey::new(&[7; 32]);
        assert_eq!(key.stands_for("ana@example.com"), key.stands_for("ana@example.com"));
        assert_ne!(key.stands_for("ana@example.com"), AuditKey::new(&[8; 32]).stands_for("ana@example.com"));
        assert_eq!(format!("{key:?}"), "AuditKey(hidden)");
    }
}
