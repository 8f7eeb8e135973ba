//! The journal in pages, for whoever is behind: what is asked for, and what came of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use waypost_domain::{Offset, Scope};

use crate::commit::CommittedEvent;
use crate::error::ReadError;

/// A stretch of the journal, for somebody who is in some scopes.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The number up to which the reader is complete: the page begins after it.
    pub after: u64,
    /// The last number that is wanted. The page ends at the head where that comes first.
    pub until: u64,
    /// What the reader is in: an event matches if its audience is for any of them.
    pub scopes: Vec<Scope>,
    /// Events in the page. One that matches is given at any limit, so that no limit stops a reader for good.
    pub events_max: usize,
    /// Bytes of the events' bodies together. An event that alone is larger comes in a page of its own.
    pub bytes_max: usize,
}

impl PageRequest {
    /// What the column of an audience is compared with.
    pub(crate) fn needles(&self) -> Needles {
        let mut needles = Needles::default();
        for scope in &self.scopes {
            let mut parts: Vec<String> = match *scope == Scope::ALL {
                true => vec![scope.to_string()],
                false => scope.parts().collect(),
            };
            // The last part is the holder, where there is one.
            let key = parts.swap_remove(if scope.customer.is_some() { 0 } else { parts.len() - 1 });
            needles.by_key.entry(key).or_default().push(parts);
        }
        needles
    }
}

/// Of each scope the parts that the column of an audience has, among others, where it is for the scope. They are compared as
/// written: most entries are not for a reader of one room, and need not be decoded.
///
/// Somebody who sees little may have 500 scopes. So each is found by the part by which fewest entries are: its customer, else
/// the holder.
#[derive(Debug, Default)]
pub(crate) struct Needles {
    /// The other parts of all scopes that have this one.
    by_key: BTreeMap<String, Vec<Vec<String>>>,
}

impl Needles {
    /// Whether an audience has all parts of one of the scopes.
    pub(crate) fn may_be_for(&self, audience: &str) -> bool {
        let parts: Vec<&str> = audience.split(' ').collect();
        let has_all = |rest: &Vec<String>| rest.iter().all(|part| parts.contains(&part.as_str()));
        parts.iter().filter_map(|part| self.by_key.get(*part)).flatten().any(has_all)
    }

    /// By what the scopes are found.
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.by_key.keys().map(String::as_str).collect()
    }

    /// All scopes: by what each is found, and its other parts with spaces between them.
    pub(crate) fn scopes(&self) -> (Vec<&str>, Vec<String>) {
        let scopes = self
            .by_key
            .iter()
            .flat_map(|(key, rests)| rests.iter().map(|rest| (key.as_str(), rest.join(" "))));
        scopes.unzip()
    }
}

/// What a reader missed, as far as one page goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalPage {
    /// The events that match, by rising number, each once, as they were when they were committed.
    pub events: Vec<CommittedEvent>,
    /// Every event that matches, after the request's `after` and up to and with this number, is in `events`.
    ///
    /// It is the request's `until` where the page got there, and less where a limit or the head was before it. It is
    /// the request's `after` only where nothing that was asked for is in the journal yet.
    pub complete_to: u64,
    /// `complete_to` as a position, for who goes on from there later; `None` where the page is empty because nothing that
    /// was asked for is in the journal yet.
    pub position: Option<Offset>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The entry right after the request's `after` is no longer in the journal, though newer ones are: whether it
    /// would have matched cannot be known.
    #[error("the journal goes on only at entry {oldest}")]
    Gone {
        /// The oldest entry after the request's `after` that is there.
        oldest: u64,
    },
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Entries that one page looks at, so that a reader whose rooms are quiet does not keep a connection from others:
/// measured at about two milliseconds where bodies have 1.5 KB and none matches, and at five on PostgreSQL for a reader of 500
/// scopes.
pub(crate) const SCAN_ROWS_MAX: u64 = 2_000;

/// A page in the making, from the entries after the request's `after`, in order.
///
/// Numbers have no holes, so a number that is not the next one says that entries are missing: a page ends before them,
/// and none begins there.
pub(crate) struct PageBuilder<'a> {
    request: &'a PageRequest,
    last: u64,
    page: JournalPage,
    bytes: usize,
    gone: Option<u64>,
}

impl<'a> PageBuilder<'a> {
    pub(crate) fn new(request: &'a PageRequest) -> Self {
        Self {
            request,
            last: request.until.min(request.after.saturating_add(SCAN_ROWS_MAX)),
            page: JournalPage { events: Vec::new(), complete_to: request.after, position: None },
            bytes: 0,
            gone: None,
        }
    }

    /// Looks at the next entry, and reads it where it still has a place; `read` gives none that does not match.
    pub(crate) fn push<E>(
        &mut self,
        offset: Offset,
        read: impl FnOnce() -> Result<Option<CommittedEvent>, E>,
    ) -> Result<ControlFlow<()>, E> {
        // The entry is after `complete_to`, so that the sum does not overflow.
        if offset.number != self.page.complete_to + 1 {
            if self.page.complete_to == self.request.after {
                self.gone = Some(offset.number);
            }
            return Ok(ControlFlow::Break(()));
        }
        if offset.number > self.last || self.page.events.len() >= self.request.events_max.max(1) {
            return Ok(ControlFlow::Break(()));
        }
        if let Some(event) = read()? {
            self.bytes += event.body.len();
            if self.bytes > self.request.bytes_max && !self.page.events.is_empty() {
                return Ok(ControlFlow::Break(()));
            }
            self.page.events.push(event);
        }
        self.page.complete_to = offset.number;
        self.page.position = Some(offset);
        Ok(ControlFlow::Continue(()))
    }

    pub(crate) fn finish(self) -> Result<JournalPage, PageError> {
        match self.gone {
            Some(oldest) => Err(PageError::Gone { oldest }),
            None => Ok(self.page),
        }
    }
}
