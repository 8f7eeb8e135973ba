//! What was not understood when it came is read again, by this version.

use waypost_cloud_api::webhook;
use waypost_domain::{Fact, Timestamp};
use waypost_store::{AppendError, Letter, LetterId, ReadError, Store};

use crate::numbers::Numbers;

/// Why reading again ended before everything was read.
#[derive(Debug, thiserror::Error)]
pub enum ReprocessError {
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    /// The store cannot write.
    #[error("the store cannot write just now")]
    Append(#[from] AppendError),
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reprocessed {
    /// Dead letters that say something now, and are gone.
    pub letters_understood: usize,
    /// Dead letters that are left.
    pub letters_left: usize,
    /// Messages of a type that was not known, and edits to such a type, that are understood now.
    pub messages_understood: usize,
    /// Those whose type is not known to this version either.
    pub messages_left: usize,
}

/// Reads every dead letter, and every message and edit of a type that was not known, again. What is understood now is stored as if it
/// had come now from whoever it came from then: what came otherwise in the meantime is not stored twice. What stops half way
/// goes on when it is begun again.
///
/// # Errors
/// See [`ReprocessError`].
pub async fn reprocess(
    store: &Store,
    numbers: &Numbers,
    now: Timestamp,
) -> Result<Reprocessed, ReprocessError> {
    let mut done = Reprocessed::default();
    // What is buried from here on is of this version.
    if let Some(until) = store.newest_dead_letter().await? {
        let mut from = LetterId::FIRST;
        while let Some(letter) = store.dead_letter_from(from, until).await? {
            from = letter.head.id.next();
            match revive(store, numbers, &letter).await? {
                Revival::Understood => done.letters_understood += 1,
                Revival::Left => done.letters_left += 1,
                Revival::Gone => {}
            }
        }
    }
    let mut page = store.unknown_messages(None).await?;
    while let Some(last) = page.last() {
        for message in &page {
            match webhook::read_again(message.raw.as_str(), message.source, now) {
                Some(read) => {
                    store.understand(message, read, now).await?;
                    done.messages_understood += 1;
                }
                None => done.messages_left += 1,
            }
        }
        page = store.unknown_messages(Some(last)).await?;
    }
    tracing::info!(
        letters_understood = done.letters_understood,
        letters_left = done.letters_left,
        messages_understood = done.messages_understood,
        messages_left = done.messages_left,
        "what was not understood was read again"
    );
    Ok(done)
}

/// What became of a letter.
enum Revival {
    /// It said something.
    Understood,
    /// It says nothing to this version either.
    Left,
    /// Somebody else took it out.
    Gone,
}

/// Stores what the letter says now. What of it is broken still is a letter of its own then.
async fn revive(store: &Store, numbers: &Numbers, letter: &Letter) -> Result<Revival, ReprocessError> {
    let body = letter.around.as_ref().map(|around| webhook::restore(around, &letter.raw));
    let body = body.as_deref().unwrap_or(&letter.raw);
    let facts = numbers.parse(&letter.head.app, body, letter.head.received).facts;
    let is_dead = |fact: &Fact| matches!(fact, Fact::Dead(_));
    // Nothing at all is what is understood of a webhook that is merely empty.
    if !facts.is_empty() && facts.iter().all(is_dead) {
        return Ok(Revival::Left);
    }
    match store.revive(&letter.head, facts).await {
        Ok(Some(_)) => Ok(Revival::Understood),
        Ok(None) => Ok(Revival::Gone),
        // One that the store cannot take stays; where the store is in trouble, so does everything.
        Err(AppendError::Unavailable) if store.can_write().await => Ok(Revival::Left),
        Err(error) => Err(error.into()),
    }
}
