//! A webhook comes in.

use waypost_domain::{AppName, Fact, Timestamp};
use waypost_store::{AppendError, Store, StoreCounts};

/// Stores what a rightly signed webhook of `app` says, each item on its own; returns after the commit, so that the
/// answer 200 means stored. What cannot be understood is stored as a dead letter.
///
/// # Errors
/// [`AppendError::Unavailable`] where nothing is known to be stored: Meta is to send it again.
pub async fn receive(
    store: &Store,
    app: &AppName,
    body: &[u8],
    received: Timestamp,
) -> Result<StoreCounts, AppendError> {
    let facts = waypost_cloud_api::webhook::parse(body, received);
    for fact in &facts {
        if let Fact::Dead(letter) = fact {
            tracing::warn!(
                kind = letter.kind.as_str(),
                reason = letter.reason,
                bytes = letter.raw.len(),
                "a part of a webhook cannot be understood; it is kept as a dead letter"
            );
        }
    }
    if facts.is_empty() {
        return Ok(StoreCounts::default());
    }
    store.receive(app.clone(), facts, received).await
}
