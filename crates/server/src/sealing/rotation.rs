//! Another master key: the data keys are wrapped anew, and what they seal stays as it is.

use waypost_store::DataKeys;
use waypost_store::data_keys::{Change, Rewrapped, WrappedKey};

use super::SealingError;
use super::master_key::{MasterId, MasterKey};

/// What became of the data keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rotated {
    /// So many are under the new master key now.
    pub(crate) wrapped: usize,
    /// So many are under neither, and stay as they are.
    pub(crate) others: usize,
}

/// Whether a data key opens by its master key.
///
/// # Errors
/// Where it does not.
pub(crate) fn check(master: &MasterKey, stored: &WrappedKey) -> Result<(), SealingError> {
    master.unwrap_key(&stored.id, &stored.wrapped).map(drop)
}

/// Wraps all data keys that are under `old` by `new`: all, or none.
///
/// # Errors
/// Where one does not open, or the store says no.
pub(crate) async fn rotate(stored: &DataKeys, old: &MasterKey, new: &MasterKey) -> anyhow::Result<Rotated> {
    let keys = stored.list().await?;
    let under = |master: &MasterKey| {
        let id = master.id();
        keys.iter().filter(move |key| MasterId::of(key) == id)
    };
    let mut anew = Vec::new();
    for key in under(old) {
        let plain = old.unwrap_key(&key.id, &key.wrapped)?;
        anew.push(Rewrapped {
            id: key.id,
            before: old.id_bytes(),
            wrapped: new.wrap(&key.id, &plain)?,
            wrapped_by: new.id_bytes(),
        });
    }
    let others = keys.len() - anew.len() - under(new).count();
    anyhow::ensure!(
        stored.rewrap(&anew).await? == Change::Done,
        "the keys were changed meanwhile, and nothing was done; run it again"
    );
    Ok(Rotated { wrapped: anew.len(), others })
}
