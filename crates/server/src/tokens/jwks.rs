//! The keys that an issuer publishes, kept, and read again when it is time.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use reqwest::Url;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use waypost_store::Clock;

use super::TokenError;
use super::fetch::{Fetcher, NamedKey};
use super::header::Header;
use super::key::Key;

/// Keys that are older are read again before a token is verified with them.
const FRESH_FOR: Duration = Duration::from_secs(10 * 60);

/// The keys are not read more often, whatever tokens name: anybody can make up the name of a key.
const BETWEEN_FETCHES_MIN: Duration = Duration::from_secs(30);

/// How long keys stay good that cannot be read again.
const GOOD_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a token waits for the keys; longer than reading them may take.
const WAIT_MAX: Duration = Duration::from_secs(6);

/// The keys of one issuer. Times are of the clock that never goes back.
pub(super) struct Jwks(Arc<Shared>);

struct Shared {
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    known: watch::Sender<Known>,
}

struct Known {
    keys: Option<Fetched>,
    /// When the keys were asked for last.
    asked: Option<Duration>,
    asking: Asking,
}

struct Fetched {
    at: Duration,
    keys: Vec<(Option<String>, Arc<Key>)>,
}

/// How it went when the keys were asked for last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    Never,
    UnderWay,
    Answered,
    Failed,
}

impl Jwks {
    pub(super) fn new(url: Url, clock: Arc<dyn Clock>, tasks: TaskTracker) -> anyhow::Result<Self> {
        let known = Known { keys: None, asked: None, asking: Asking::Never };
        let (known, _) = watch::channel(known);
        Ok(Self(Arc::new(Shared { fetcher: Fetcher::new(url)?, clock, tasks, known })))
    }

    /// The key with which a token says that it is signed.
    pub(super) async fn key(&self, header: &Header) -> Result<Arc<Key>, TokenError> {
        let is_fresh = |fetched: &Fetched| self.0.clock.monotonic() < fetched.at + FRESH_FOR;
        let is_fresh = self.0.known.borrow().keys.as_ref().is_some_and(is_fresh);
        if !is_fresh {
            self.refresh().await;
        }
        match self.find(header) {
            Err(TokenError::UnknownKey) => {
                self.refresh().await;
                self.find(header)
            }
            found => found,
        }
    }

    fn find(&self, header: &Header) -> Result<Arc<Key>, TokenError> {
        let known = self.0.known.borrow();
        let now = self.0.clock.monotonic();
        let keys = known.keys.as_ref().filter(|fetched| now < fetched.at + GOOD_FOR);
        match keys.ok_or(TokenError::Unavailable)?.find(header.key.as_deref(), header.algorithm) {
            // The issuer may have a new key that we could not be told of.
            Err(TokenError::UnknownKey) if known.asking == Asking::Failed => Err(TokenError::Unavailable),
            found => found,
        }
    }

    /// Reads the keys if it is time, and waits while they are being read.
    async fn refresh(&self) {
        let mut known = self.0.known.subscribe();
        let now = self.0.clock.monotonic();
        if self.0.known.send_if_modified(|known| known.ask(now)) {
            let shared = Arc::clone(&self.0);
            self.0.tasks.spawn(async move { shared.fetch().await });
        }
        let settled = known.wait_for(|known| known.asking != Asking::UnderWay);
        // What is known is looked at in any case.
        let (Ok(_) | Err(_)) = tokio::time::timeout(WAIT_MAX, settled).await;
    }
}

impl Shared {
    async fn fetch(&self) {
        match self.fetcher.fetch().await {
            Ok(keys) => {
                let keys: Vec<_> =
                    keys.into_iter().map(|NamedKey { name, key }| (name, Arc::new(key))).collect();
                tracing::debug!(keys = keys.len(), "the keys of auth.jwt_jwks_url were read");
                let at = self.clock.monotonic();
                self.known.send_modify(|known| {
                    known.keys = Some(Fetched { at, keys });
                    known.asking = Asking::Answered;
                });
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(%error, "the keys of auth.jwt_jwks_url could not be read; those that are known stay good for a day");
                self.known.send_modify(|known| known.asking = Asking::Failed);
            }
        }
    }
}

impl Known {
    /// Whether the keys are to be asked for now, which is then taken as done.
    fn ask(&mut self, now: Duration) -> bool {
        let is_time = self.asked.is_none_or(|asked| now >= asked + BETWEEN_FETCHES_MIN);
        if is_time {
            (self.asked, self.asking) = (Some(now), Asking::UnderWay);
        }
        is_time
    }
}

impl Fetched {
    /// By its name; a token that names none means the only key there is.
    fn find(&self, name: Option<&str>, algorithm: Algorithm) -> Result<Arc<Key>, TokenError> {
        let named: Vec<_> = match (name, self.keys.as_slice()) {
            (None, [(_, only)]) => vec![only],
            (None, _) => Vec::new(),
            (Some(_), keys) => {
                keys.iter().filter(|(known, _)| known.as_deref() == name).map(|(_, key)| key).collect()
            }
        };
        if named.is_empty() {
            return Err(TokenError::UnknownKey);
        }
        // Keys of different kinds may share a name (RFC 7517, section 4.5).
        named.into_iter().find(|key| key.is_for(algorithm)).map(Arc::clone).ok_or(TokenError::Algorithm)
    }
}
