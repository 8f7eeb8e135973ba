//! Sealing what is stored: secrets are encrypted by data keys, and these by a master key, which lies outside the database.
//!
//! [`MasterKey`] is what an operator keeps, [`Keyring`] seals and opens by it, and a [`Place`] says where a value stands: moved
//! to another row or column, it does not open. Everything is AES-256-GCM with nonces that the library draws.
//!
//! Deliberately absent: what is sealed (`accounts/` knows that of one-time passwords) and SQL (`store`, which keeps bytes).
//! Keys are never logged, and an error names at most their ids.
//!
//! Start reading at `envelope.rs`, then `keyring.rs`; `source.rs` is where a master key comes from.

mod envelope;
mod file;
mod keyring;
mod master_key;
mod place;
mod program;
mod rotation;
mod source;

use waypost_store::ReadError;

pub(crate) use envelope::key_of;
pub(crate) use file::{make_file, read_file};
pub(crate) use keyring::Keyring;
pub(crate) use master_key::{MasterId, MasterKey};
pub(crate) use place::Place;
pub(crate) use rotation::{Rotated, check, rotate};
pub(crate) use source::load;

/// Why nothing was sealed or opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealingError {
    /// It is sealed, and there is no master key.
    #[error("it is sealed, and no master key is configured")]
    NoMasterKey,
    /// It is sealed by way of another master key.
    #[error("it is sealed by way of the master key {wanted}, and {present} is configured")]
    OtherMasterKey { wanted: MasterId, present: MasterId },
    /// It is not what was sealed for its place, or the data key that it names is not there.
    #[error("what is stored is not what was sealed there")]
    Broken,
    /// No key could be made, or nothing encrypted.
    #[error("the operating system gives no randomness, or nothing can be encrypted")]
    Failed,
    #[error(transparent)]
    Store(#[from] ReadError),
}
