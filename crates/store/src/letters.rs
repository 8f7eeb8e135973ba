//! What is looked after by whoever runs the server: our numbers, dead letters, and messages of a type that was not known.

use std::fmt;

use waypost_domain::{
    AppName, DeadLetterKind, Detail, Fact, MessageType, PhoneNumberId, RawJson, Source, Timestamp, WabaId,
};

use crate::append::{Delivery, Reread};
use crate::error::{AppendError, ReadError};
use crate::job::Job;
use crate::store::{Store, StoreCounts};

/// Names a dead letter, and never another. A higher one came later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetterId(pub(crate) i64);

impl LetterId {
    /// Before every other.
    pub const FIRST: Self = Self(0);
    /// After every other.
    pub const LAST: Self = Self(i64::MAX);

    /// The id that is written so, which is a number and never negative.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|id| *id >= 0).map(Self)
    }

    /// The one after it, whether or not there is one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A dead letter, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterHead {
    /// Which one.
    pub id: LetterId,
    /// When it was received.
    pub received: Timestamp,
    /// The app that signed it.
    pub app: AppName,
    /// Why it could not be used.
    pub kind: DeadLetterKind,
    /// What was wrong and where.
    pub reason: String,
    /// How many bytes it has.
    pub size_bytes: u64,
}

/// A dead letter.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// What is told of it.
    pub head: LetterHead,
    /// The bytes as they came.
    pub raw: Vec<u8>,
    /// The body that the item goes into.
    pub around: Option<RawJson>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("head", &self.head).finish_non_exhaustive()
    }
}

/// A business number, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurNumber {
    /// Meta's id of it.
    pub number: PhoneNumberId,
    /// The app that it is claimed for, or that signed for it first.
    pub app: AppName,
    /// Its account.
    pub waba: Option<WabaId>,
    /// Whether it is claimed.
    pub is_claimed: bool,
}

/// A message of a type that was not known when it came, or an edit to such a type.
#[derive(Clone)]
pub struct UnknownMessage {
    /// Its row.
    pub(crate) seq: i64,
    pub(crate) number: PhoneNumberId,
    /// Where it came from.
    pub source: Source,
    /// WhatsApp's time of it.
    pub at: Timestamp,
    /// The item as it came.
    pub raw: RawJson,
}

impl Store {
    /// All business numbers of which anything was ever stored, and those that are claimed.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn numbers(&self) -> Result<Vec<OurNumber>, ReadError> {
        self.back.numbers().await
    }

    /// Stores which numbers are claimed: these, and no others. One without an account keeps the one it has, if it was the
    /// same app's.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] where that is not known to be stored.
    pub async fn claim(&self, claims: Vec<OurNumber>) -> Result<(), AppendError> {
        let at = self.clock.now();
        self.ask(|answer, _| Job::Claim { claims, at, answer }).await.ok_or(AppendError::Unavailable)
    }

    /// Dead letters before `before`, the newest first; `count` at most.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn dead_letters(&self, before: LetterId, count: usize) -> Result<Vec<LetterHead>, ReadError> {
        self.back.dead_letters(before, count).await
    }

    /// The newest dead letter's id; `None` where there is none.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn newest_dead_letter(&self) -> Result<Option<LetterId>, ReadError> {
        Ok(self.dead_letters(LetterId::LAST, 1).await?.first().map(|head| head.id))
    }

    /// The dead letter with this id, or the first one after it, but none after `until`.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn dead_letter_from(
        &self,
        from: LetterId,
        until: LetterId,
    ) -> Result<Option<Letter>, ReadError> {
        self.back.dead_letter_from(from, until).await
    }

    /// Stores what a dead letter turned out to say, as if it came now from whoever it came from then, and takes the letter
    /// out: both or neither. `None` where the letter is gone: then somebody else has stored it, and nothing is done.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] where nothing is known to be stored.
    pub async fn revive(
        &self,
        letter: &LetterHead,
        facts: Vec<Fact>,
    ) -> Result<Option<StoreCounts>, AppendError> {
        let delivery = Delivery { app: letter.app.clone(), received: letter.received };
        let letter = letter.id;
        self.ask(|answer, queued_at| Job::Revive { letter, delivery, facts, answer, queued_at })
            .await
            .ok_or(AppendError::Unavailable)
    }

    /// Messages and edits of types that were not known when they came, after `after` in the order in which they were stored; a
    /// hundred at most.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn unknown_messages(
        &self,
        after: Option<&UnknownMessage>,
    ) -> Result<Vec<UnknownMessage>, ReadError> {
        self.back.unknown_messages(after.map_or(0, |message| message.seq)).await
    }

    /// Stores what such a message says after all, and shows it.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] where nothing is known to be stored.
    pub async fn understand(
        &self,
        message: &UnknownMessage,
        (kind, content, detail): (MessageType, String, Detail),
        at: Timestamp,
    ) -> Result<(), AppendError> {
        let (seq, number) = (message.seq, message.number.clone());
        let reread = Box::new(Reread { seq, number, kind, content, detail, at });
        self.ask(|answer, _| Job::Understand { reread, answer }).await.ok_or(AppendError::Unavailable)
    }
}
