//! Whether the chain is as it was written, from where it begins to its end.

use super::chain::{AuditHead, AuditKey, AuditRecord};
use super::ledger::Anchor;
use super::{AuditKeyError, AuditPlace, key_file};
use crate::group::DatabaseError;
use crate::options::{OpenError, Place};
use crate::{postgres, sqlite};

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// Where it begins was not written with this key.
    #[error("where the audit begins was not written with this key: it was changed, or the key is another")]
    Anchor,
    /// An entry was taken out.
    #[error("entry {number} is missing")]
    Missing {
        /// Its number.
        number: i64,
    },
    /// An entry was changed or put in, or the one before was.
    #[error("entry {number} is not as it was written")]
    Changed {
        /// Its number.
        number: i64,
    },
    /// It ends before an entry that is known to have been there.
    #[error("the audit ends with entry {head}, and entry {number} has been there: its end was cut off")]
    Cut {
        /// The last entry's number.
        head: i64,
        /// The number of the one that was expected.
        number: i64,
    },
    /// An entry is not the one that was expected.
    #[error("entry {number} is not the one that was expected: the audit was written anew")]
    Unexpected {
        /// Its number.
        number: i64,
    },
    /// An entry that was expected is too old.
    #[error("entry {number} was pruned, so that it cannot be compared: expect a later one")]
    Pruned {
        /// Its number.
        number: i64,
    },
}

/// What was found of a chain that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditVerified {
    /// How many entries it has.
    pub entries: u64,
    /// The last entry that was pruned; 0 where none was.
    pub pruned_to: i64,
    /// Where it ends.
    pub head: AuditHead,
}

/// Why nothing can be said of a chain, or nothing good.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is none.
    #[error("there is no audit in {0}")]
    NoAudit(String),
    /// The key cannot be used.
    #[error("the key of the audit cannot be used")]
    Key(#[from] AuditKeyError),
    /// The database cannot be used.
    #[error("the audit cannot be opened")]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error("the audit cannot be read")]
    Read(#[source] DatabaseError),
    /// Something is wrong with it.
    #[error("the audit is not as it was written")]
    Fault(#[from] AuditFault),
}

/// Reads all of a chain, beside a server that may be running, and says whether it is as it was written, and has the entries
/// with these heads. Creates and changes nothing, and blocks until that is done; not to be called on a runtime.
///
/// # Errors
/// See [`VerifyError`].
pub fn verify(place: &AuditPlace, expected: &[AuditHead]) -> Result<AuditVerified, VerifyError> {
    let key = key_file::load(&place.key_file)?;
    let check = Check { key: &key, expected };
    match &place.store {
        Place::Directory(path) => sqlite::audit::verify(path, check),
        Place::Postgres(url) => postgres::verify_audit(url, check),
    }
}

/// What a chain is compared with.
#[derive(Clone, Copy)]
pub(crate) struct Check<'a> {
    key: &'a AuditKey,
    expected: &'a [AuditHead],
}

impl<'a> Check<'a> {
    pub(crate) fn begin(self, anchor: Option<&Anchor>) -> Result<Checking<'a>, AuditFault> {
        let follower = Follower::begin(self.key, anchor)?;
        let pruned_to = follower.head().number;
        if let Some(old) = self.expected.iter().find(|expected| expected.number < pruned_to) {
            return Err(AuditFault::Pruned { number: old.number });
        }
        let checking = Checking { expected: self.expected, follower, entries: 0, pruned_to };
        checking.compare()?;
        Ok(checking)
    }
}

/// A chain that is being read.
pub(crate) struct Checking<'a> {
    expected: &'a [AuditHead],
    follower: Follower<'a>,
    entries: u64,
    pruned_to: i64,
}

impl Checking<'_> {
    /// Goes on with the next entry in the order of numbers.
    pub(crate) fn follow(&mut self, record: &AuditRecord) -> Result<(), AuditFault> {
        self.follower.follow(record)?;
        self.entries += 1;
        self.compare()
    }

    fn compare(&self) -> Result<(), AuditFault> {
        let head = self.follower.head();
        let is_other = |expected: &AuditHead| expected.number == head.number && expected.mac != head.mac;
        if self.expected.iter().any(is_other) {
            return Err(AuditFault::Unexpected { number: head.number });
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<AuditVerified, AuditFault> {
        let head = self.follower.head();
        if let Some(cut) = self.expected.iter().find(|expected| expected.number > head.number) {
            return Err(AuditFault::Cut { head: head.number, number: cut.number });
        }
        Ok(AuditVerified { entries: self.entries, pruned_to: self.pruned_to, head })
    }
}

/// Goes from entry to entry.
pub(super) struct Follower<'a> {
    key: &'a AuditKey,
    head: AuditHead,
}

impl<'a> Follower<'a> {
    pub(super) fn begin(key: &'a AuditKey, anchor: Option<&Anchor>) -> Result<Self, AuditFault> {
        let head = match anchor {
            None => AuditHead::START,
            Some(anchor) if key.has_sealed(&anchor.head, &anchor.seal) => anchor.head,
            Some(_) => return Err(AuditFault::Anchor),
        };
        Ok(Self { key, head })
    }

    pub(super) const fn head(&self) -> AuditHead {
        self.head
    }

    pub(super) fn follow(&mut self, record: &AuditRecord) -> Result<(), AuditFault> {
        let next = self.head.number + 1;
        if record.number > next {
            return Err(AuditFault::Missing { number: next });
        }
        if record.number < next || !self.key.follows(&self.head, record) {
            return Err(AuditFault::Changed { number: record.number });
        }
        self.head = AuditHead::stored(record.number, &record.mac);
        Ok(())
    }
}
