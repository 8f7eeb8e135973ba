//! What came before, told by a key that stays after the message is erased.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use waypost_domain::Reported;

/// The first 128 bits of the HMAC of a `wamid`: it tells nobody the number that is in it.
pub(crate) type WamidDigest = [u8; 16];

/// The key of those HMACs.
pub(super) struct DedupKey(Hmac<Sha256>);

impl DedupKey {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    pub(super) fn digest(&self, text: &[u8]) -> WamidDigest {
        let mut mac = self.0.clone();
        mac.update(text);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        *full.first_chunk().expect("16 of 32 bytes")
    }
}

/// One thing that is seen once: a message, or a status of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SeenKey {
    /// The number's row.
    pub(crate) number: i64,
    pub(crate) wamid: WamidDigest,
    /// `None` for the message itself; [`status_key`] for a status.
    pub(crate) status: Option<Arc<str>>,
}

impl SeenKey {
    pub(super) const fn message(number: i64, wamid: WamidDigest) -> Self {
        Self { number, wamid, status: None }
    }

    /// The column: empty for the message itself.
    pub(crate) fn what(&self) -> &str {
        self.status.as_deref().unwrap_or_default()
    }
}

/// What tells a status from the others of its message: its word, and whose of a group it is.
pub(super) fn status_key(reported: &Reported, participant: Option<&str>) -> Arc<str> {
    format!("{}/{}", reported.as_str(), participant.unwrap_or_default()).into()
}
