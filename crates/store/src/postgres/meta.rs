//! What is settled once for a database: its journal's epoch, and the key of what was seen before.

use waypost_domain::Epoch;

use super::arrival;
use super::link::Link;
use crate::columns::{key_from_column, key_to_column};
use crate::ids::IdSource;
use crate::options::OpenError;

/// What every node finds settled.
pub(super) struct Meta {
    pub(super) epoch: Epoch,
    pub(super) dedup_key: [u8; 32],
}

/// What is settled; drawn now, where nobody has yet.
pub(super) async fn settle(link: &Link, ids: &mut IdSource) -> Result<Meta, OpenError> {
    let key = settle_one(link, "dedup_key", &key_to_column(&ids.random_key())).await?;
    let dedup_key = key_from_column(&key).ok_or(OpenError::Meta { key: "dedup_key" })?;
    let drawn = Epoch::from_random(ids.random_u64());
    let epoch = settle_one(link, "epoch", drawn.as_str()).await?;
    let epoch = Epoch::parse(&epoch).ok_or(OpenError::Meta { key: "epoch" })?;
    // After the epoch is there, by which a move that begins just now is told that it is too late.
    arrival::refuse_unfinished(link).await?;
    Ok(Meta { epoch, dedup_key })
}

/// The value under `key`; `fresh`, where there was none.
async fn settle_one(link: &Link, key: &str, fresh: &str) -> Result<String, OpenError> {
    let insert = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    link.execute(insert, &[&key, &fresh]).await?;
    Ok(link.query_one("SELECT value FROM meta WHERE key = $1", &[&key]).await?.get(0))
}
