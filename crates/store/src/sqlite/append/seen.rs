//! What was seen before. The unique key decides, never a look before the insert.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, params};
use sha2::Sha256;
use waypost_domain::{Reported, Timestamp};

/// The first 128 bits of the HMAC of a `wamid`: it stays after the message is erased, and tells nobody the number.
pub(super) type WamidDigest = [u8; 16];

/// The key of those HMACs, from a file of the data directory.
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

/// Reads the key file, or writes `fresh` into a new one (mode 0600).
pub(crate) fn load_or_create_key(path: &Path, fresh: [u8; 32]) -> std::io::Result<[u8; 32]> {
    match File::options().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            file.write_all(&fresh)?;
            file.sync_all()?;
            Ok(fresh)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let mut key = [0; 32];
            File::open(path)?.read_exact(&mut key)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// Whether something came for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    First,
    Repeated,
}

/// One thing that is seen once: a message, or a status of one.
pub(super) struct Seen<'a> {
    pub(super) number: i64,
    pub(super) wamid: WamidDigest,
    /// Empty for the message itself; [`status_key`] for a status.
    pub(super) what: &'a str,
    /// The message's row, for the message itself.
    pub(super) message: Option<i64>,
}

impl Seen<'_> {
    /// Notes it, at `at`, unless it was there.
    pub(super) fn note(&self, connection: &Connection, at: Timestamp) -> rusqlite::Result<Sight> {
        let inserted = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO seen (number, wamid, what, day, message) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.number, self.wamid, self.what, at.day(), self.message])?;
        Ok(if inserted == 1 { Sight::First } else { Sight::Repeated })
    }
}

/// The `what` of a status: its word, and whose of a group it is.
pub(super) fn status_key(reported: &Reported, participant: Option<&str>) -> String {
    format!("{}/{}", reported.as_str(), participant.unwrap_or_default())
}
