//! Somebody is behind: the journal is read again, a page at a time, for a socket of the hub or for a client that asks.

use std::borrow::Cow;

use waypost_api::{GapNotice, PastEvent, RoomName, mask_json};
use waypost_domain::{Offset, Principal, Scope, View};
use waypost_realtime::{Page, PageUnavailable};
use waypost_store::{JournalPage, PageError, PageRequest, PositionError, ReadError, Store};

use crate::follow::FollowError;
use crate::holdings::Held;
use crate::meaning::{meaning, of_customer};
use crate::resume::gap_notice;
use crate::show::journal_event;
use crate::sight::seen_now;

/// Most events in one answer.
const HISTORY_EVENTS_MAX: usize = 100;
/// Most bytes of their bodies; one event may be longer.
const HISTORY_BYTES_MAX: usize = 256 * 1024;
/// Most pages of the store that one answer reads where few events are of the room.
const HISTORY_PAGES_MAX: usize = 20;

/// The page that the hub asks for, as far as the principal may see it now.
///
/// # Errors
/// When it is gone or cannot be read now. The connection is closed then; its client comes back and is told of the gap,
/// if there is one.
pub async fn page(
    store: &Store,
    principal: &Principal,
    request: waypost_realtime::PageRequest,
) -> Result<Page, PageUnavailable> {
    let request = PageRequest {
        after: request.after,
        until: request.until,
        // What is no scope of the journal, such as the monitors', has no events in it.
        scopes: request.scopes.iter().filter_map(|scope| scope.as_str().parse().ok()).collect(),
        events_max: request.events_max,
        bytes_max: request.bytes_max,
    };
    let unavailable = |error: &dyn std::error::Error| {
        tracing::warn!(%error, "a page of the journal cannot be had; the connection is closed");
        PageUnavailable
    };
    let JournalPage { events, complete_to, .. } =
        store.journal_page(request).await.map_err(|error| unavailable(&error))?;
    let events = seen_now(store, principal, events).await.map_err(|error| unavailable(&error))?;
    let events = events.into_iter().map(journal_event).collect::<Result<_, _>>();
    let events = events.map_err(|error| {
        tracing::error!(%error, "a page of the journal cannot be shown; the connection is closed");
        PageUnavailable
    })?;
    Ok(Page { events, complete_to })
}

/// What a room had.
#[derive(Debug)]
pub enum History {
    /// The events that match, and from where to go on, if there are more.
    Page {
        /// By rising offset.
        events: Vec<PastEvent>,
        /// `None` where this is all.
        next: Option<Offset>,
    },
    /// They are gone.
    Gap(GapNotice),
}

/// Why there is no history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The room is not for this principal.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event's body is no JSON object.
    #[error("an event of the journal cannot be shown")]
    Body(#[from] serde_json::Error),
}

/// What `room`, which is held so, had after `since` and up to where it is shown live, as far as the principal may see it
/// now: a page of it. A customer's room is whose it is, whoever has its name by now.
///
/// # Errors
/// See [`HistoryError`].
pub async fn history(
    store: &Store,
    principal: &Principal,
    room: &RoomName,
    (held, since): (Held, Offset),
) -> Result<History, HistoryError> {
    let until = held.from;
    let meaning = match held.binding {
        Some(binding) => of_customer(store, principal, binding).await?,
        None => meaning(store, principal, room).await?,
    };
    let scopes: Vec<Scope> = meaning.scopes.iter().filter_map(|scope| scope.as_str().parse().ok()).collect();
    let pin = match store.hold_position(since).await {
        Ok(pin) => pin,
        Err(PositionError::Gap(gap)) => return Ok(History::Gap(gap_notice(Some(since), &gap))),
        Err(PositionError::Read(error)) => return Err(error.into()),
    };
    let mut events = Vec::new();
    let mut complete_to = pin.position();
    for _ in 0..HISTORY_PAGES_MAX {
        if complete_to.number >= until.number {
            return Ok(History::Page { events, next: None });
        }
        let request = PageRequest {
            after: complete_to.number,
            until: until.number,
            scopes: scopes.clone(),
            events_max: HISTORY_EVENTS_MAX,
            bytes_max: HISTORY_BYTES_MAX,
        };
        let page = match store.journal_page(request).await {
            Ok(page) => page,
            Err(PageError::Gone { .. }) => {
                return Ok(History::Gap(gap_notice(Some(since), &store.gap().await?)));
            }
            Err(PageError::Read(error)) => return Err(error.into()),
        };
        let JournalPage { events: found, position, .. } = page;
        // Nothing more: what was published up to `until` is in the journal, so there is no such page.
        let Some(position) = position else { break };
        complete_to = position;
        let found = seen_now(store, principal, found).await?;
        if !found.is_empty() {
            let shown = found.iter().map(|event| {
                let body = match principal.view {
                    View::Full => Cow::Borrowed(&event.body[..]),
                    View::Masked => Cow::Owned(mask_json(&event.body)?),
                };
                PastEvent::new(&event.name, &body, &event.offset)
            });
            events = shown.collect::<Result<_, _>>()?;
            break;
        }
    }
    let next = (complete_to.number < until.number).then_some(complete_to);
    Ok(History::Page { events, next })
}
