//! The handle: appends, reads and upkeep.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use waypost_domain::status::DELIVERY_DAYS_MAX;
use waypost_domain::time::DAY_MS;
use waypost_domain::{
    Amendment, AppName, Assignment, AssignmentWish, ConversationId, CustomerId, CustomerNotes, Fact,
    HistorySync, Offset, OutboxEntry, OutboxId, PhoneNumberId, SendIntent, SendOutcome, Timestamp,
};

use crate::accounts::{Accounts, Kept};
use crate::append::Delivery;
use crate::back_end::BackEnd;
use crate::clock::Clock;
use crate::commit::Commits;
use crate::error::{AmendError, AppendError, ConversationError, ReadError, SendError};
use crate::health::Health;
use crate::housekeeping::{Prune, STEP_ROWS};
use crate::job::Job;
use crate::keys::{ApiKey, KEYS_ASKED_MAX};
use crate::options::{Limits, OpenError, Options, Place};
use crate::page::{JournalPage, PageError, PageRequest};
use crate::pins::Pins;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

/// What became of one item of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is new and stored.
    Stored,
    /// It was there already: nothing changed.
    Repeated,
    /// A status whose message is not there yet: it waits.
    Parked,
    /// It could not be used and is kept as a dead letter.
    Dead,
}

/// What became of the items of a webhook, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Items that are new and stored.
    pub stored: usize,
    /// Items that were there already.
    pub repeated: usize,
    /// Statuses that wait for their message.
    pub parked: usize,
    /// Items that are kept as dead letters.
    pub dead: usize,
}

impl StoreCounts {
    pub(crate) fn add(&mut self, more: Self) {
        self.stored += more.stored;
        self.repeated += more.repeated;
        self.parked += more.parked;
        self.dead += more.dead;
    }

    pub(crate) fn count(&mut self, received: Received) {
        *match received {
            Received::Stored => &mut self.stored,
            Received::Repeated => &mut self.repeated,
            Received::Parked => &mut self.parked,
            Received::Dead => &mut self.dead,
        } += 1;
    }
}

/// What became of a wish to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It is stored: whoever holds this makes the call.
    Fresh(OutboxEntry),
    /// The key was used before: this is that send.
    Repeated(OutboxEntry),
}

/// Whom a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerMatch {
    /// Nobody that we know.
    Nobody,
    /// One customer.
    One(Binding),
    /// More than one: the name alone does not tell.
    Ambiguous,
}

impl CustomerMatch {
    /// Whom a name means of which these are the holders.
    #[must_use]
    pub const fn of(holders: &[Binding]) -> Self {
        match holders {
            [] => Self::Nobody,
            [holder] => Self::One(*holder),
            _ => Self::Ambiguous,
        }
    }
}

/// The most holders of one name that are looked at.
pub(crate) const HOLDERS_MAX: i64 = 32;

/// A name that is a customer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The customer.
    pub customer: CustomerId,
    /// Who waited for the name is shown the customer's entries after this number, as it was live: the newest of the
    /// journal when the name became the customer's. 0, which is all of them, where the name is our own id.
    pub since: u64,
}

/// A store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    pub(crate) back: BackEnd,
    pub(crate) pins: Pins,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Arc<Limits>,
    health: Health,
}

impl Store {
    /// Opens the store and starts its writers; creates what is missing, and blocks until that is done. Sends that were
    /// under way when the process before this one ended become `unknown`.
    ///
    /// # Errors
    /// Where the directory or the database cannot be used.
    pub fn open(options: Options) -> Result<(Self, Commits), OpenError> {
        let limits = Arc::new(options.limits.clone());
        let clock = Arc::clone(&options.clock);
        let health = Health::new(Arc::clone(&clock));
        let (back, commits) = match options.place.clone() {
            Place::Directory(path) => {
                let (back, commits) = Sqlite::open(&path, options, health.clone())?;
                (BackEnd::Sqlite(back), commits)
            }
            Place::Postgres(url) => {
                let (back, commits) = Postgres::open(&url, options, health.clone())?;
                (BackEnd::Postgres(back), commits)
            }
        };
        Ok((Self { back, pins: Pins::default(), clock, limits, health }, commits))
    }

    /// Stores the items of one webhook of `app`, each on its own; returns after the commit.
    ///
    /// Not cancel-safe in the sense that matters: a caller that goes away does not undo anything.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] where nothing is known to be stored.
    pub async fn receive(
        &self,
        app: AppName,
        facts: Vec<Fact>,
        received: Timestamp,
    ) -> Result<StoreCounts, AppendError> {
        let delivery = Delivery { app, received };
        self.ask(|answer, queued_at| Job::Receive { delivery, facts, answer, queued_at })
            .await
            .ok_or(AppendError::Unavailable)
    }

    /// Stores the wish to send, before the call is made.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn intend(&self, app: AppName, intent: SendIntent, at: Timestamp) -> Result<Intent, SendError> {
        self.ask(|answer, queued_at| Job::Intend { app, intent, at, answer, queued_at })
            .await
            .ok_or(SendError::Unavailable)?
    }

    /// Stores how the call ended. A send that is accepted or failed stays as it is.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn settle(
        &self,
        id: OutboxId,
        outcome: SendOutcome,
        at: Timestamp,
    ) -> Result<OutboxEntry, SendError> {
        self.ask(|answer, queued_at| Job::Settle { id, outcome, at, answer, queued_at })
            .await
            .ok_or(SendError::Unavailable)?
    }

    /// Changes who a customer is; what is so already stays.
    ///
    /// # Errors
    /// See [`AmendError`].
    pub async fn amend(&self, amendment: Amendment, at: Timestamp) -> Result<(), AmendError> {
        self.ask(|answer, queued_at| Job::Amend { amendment, at, answer, queued_at })
            .await
            .ok_or(AmendError::Unavailable)?
    }

    /// Says who answers a conversation; how it is assigned then. What is so already changes nothing and is no event.
    ///
    /// # Errors
    /// See [`ConversationError`].
    pub async fn assign(&self, wish: AssignmentWish) -> Result<Assignment, ConversationError> {
        self.ask(|answer, queued_at| Job::Assign { wish, answer, queued_at })
            .await
            .ok_or(ConversationError::Unavailable)?
    }

    /// Hides what is in a conversation from [`Self::recent_messages`], and nothing that comes. Nothing is deleted.
    ///
    /// # Errors
    /// See [`ConversationError`].
    pub async fn clear(&self, conversation: ConversationId) -> Result<(), ConversationError> {
        self.ask(|answer, queued_at| Job::Clear { conversation, answer, queued_at })
            .await
            .ok_or(ConversationError::Unavailable)?
    }

    /// The position of the newest entry of the journal.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn head(&self) -> Result<Offset, ReadError> {
        self.back.head().await
    }

    /// What whoever is behind missed, as far as one page goes. A page looks at 2,000 entries at most, so that it may be
    /// empty and yet go on: the next one begins after [`JournalPage::complete_to`].
    ///
    /// A position beyond the head is complete as it is: whether it is of this journal is the caller's to know.
    /// Cancel-safe.
    ///
    /// # Errors
    /// [`PageError::Gone`] where the journal no longer holds the entry after [`PageRequest::after`], though it holds
    /// newer ones, and [`PageError::Read`] where it cannot be read.
    pub async fn journal_page(&self, request: PageRequest) -> Result<JournalPage, PageError> {
        self.back.journal_page(request).await?
    }

    /// Whom `name` means: one of our ids, a BSUID, a group, a phone number, or another system's name, which may have `ext:`
    /// before it. It is whoever holds the name; who that is by now, [`Store::family`] says.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn find_customer(&self, name: &str) -> Result<CustomerMatch, ReadError> {
        Ok(CustomerMatch::of(&self.holders(name).await?))
    }

    /// All whom `name` means in one of the scopes that names are of: several where they are kept apart. At most 32: who
    /// comes beyond that is not found.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn holders(&self, name: &str) -> Result<Vec<Binding>, ReadError> {
        self.back.holders(name).await
    }

    /// Whether a webhook or a send of this number was ever stored.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn has_number(&self, number: PhoneNumberId) -> Result<bool, ReadError> {
        self.back.has_number(number).await
    }

    /// What the business's phone and the customer have said of the customer, whoever they were when it was said.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn customer_notes(&self, customer: CustomerId) -> Result<CustomerNotes, ReadError> {
        self.back.customer_notes(customer).await
    }

    /// How far the sharing of the old chats of one of our numbers has come; `None` where it never began.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn history_sync(&self, number: PhoneNumberId) -> Result<Option<HistorySync>, ReadError> {
        self.back.history_sync(number).await
    }

    /// Whether there is any API key.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn has_keys(&self) -> Result<bool, ReadError> {
        self.back.has_keys().await
    }

    /// Whether the store can write. Where its last commit went well it is believed; where not, it tries.
    pub async fn can_write(&self) -> bool {
        self.health.is_well() || (self.probe().await && self.health.is_well())
    }

    /// Tries whether the store can write, whatever its last commit showed; [`Self::health`] follows.
    pub async fn probe(&self) -> bool {
        self.ask(|answer, _| Job::Probe { answer }).await.is_some()
    }

    /// Whether the last commit went well, and from now on each change of that.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<bool> {
        self.health.watch()
    }

    /// The accounts of people.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        Accounts(match &self.back {
            BackEnd::Sqlite(back) => Kept::Sqlite(back.accounts.clone()),
            BackEnd::Postgres(back) => Kept::Postgres(back.accounts.clone()),
        })
    }

    /// The key with this SHA-256 digest.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn find_key(&self, digest: [u8; 32]) -> Result<Option<ApiKey>, ReadError> {
        self.back.find_key(digest).await
    }

    /// Which of the API keys with these ids are still there and have not expired, in any order.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn keys_alive(&self, ids: &[&str], now: Timestamp) -> Result<Vec<String>, ReadError> {
        let mut alive = Vec::new();
        for some in ids.chunks(KEYS_ASKED_MAX) {
            alive.extend(self.back.keys_alive(some, now).await?);
        }
        Ok(alive)
    }

    /// Ends the wait for what WhatsApp has given up, and takes out what the limits no longer let us keep, in steps that let waiting webhooks pass; how many rows went.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn tend(&self) -> Result<usize, ReadError> {
        // Whatever comes of it, what is due goes.
        let expired = self.expire().await;
        let mut removed = self.tend_sessions().await?;
        for prune in Prune::ALL {
            loop {
                let doomed = self.back.find_doomed(prune, &self.limits, self.clock.now()).await?;
                if doomed.is_empty() {
                    break;
                }
                let pins = self.pins.clone();
                let gone = self
                    .ask(|answer, asked_at| Job::Prune { prune, doomed, pins, asked_at, answer })
                    .await
                    .ok_or(ReadError::Closed)?;
                removed += gone;
                // Fewer are due, or the others are held.
                if gone < STEP_ROWS {
                    break;
                }
            }
        }
        expired.map(|()| removed)
    }

    /// Says of messages that WhatsApp no longer tries to deliver that they have expired.
    async fn expire(&self) -> Result<(), ReadError> {
        let at = self.clock.now();
        let until = at.plus_millis(-DELIVERY_DAYS_MAX * DAY_MS);
        loop {
            let due = self.back.find_undelivered(until).await?;
            if due.is_empty() {
                return Ok(());
            }
            let expired = self.ask(|answer, _| Job::Expire { due, at, answer }).await;
            // What is due and does not expire would be found again and again.
            if expired.ok_or(ReadError::Closed)? == 0 {
                return Ok(());
            }
        }
    }

    /// Hands in a job and gives its answer; `None` where the writer could not do it or is gone.
    pub(crate) async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>, Duration) -> Job) -> Option<T> {
        let queued_at = self.clock.monotonic();
        self.back.ask(|answer| job(answer, queued_at)).await
    }
}
