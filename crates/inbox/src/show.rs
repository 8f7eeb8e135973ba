//! What was committed is shown, in the order of the journal and only then.

use std::time::Duration;

use waypost_domain::Scope;
use waypost_realtime::{JournalEvent, JsonObject, NotAnObject, Offset, PublishError, PublishStep, Publisher};
use waypost_store::{Commits, CommittedEvent, Step};

/// Why showing ended.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The hub does not take it: it is gone, or an event before this one is missing.
    #[error("the hub does not take what is to be shown")]
    Publish(#[from] PublishError),
    /// An event's body is no JSON object.
    #[error("the event at {offset} is no JSON object")]
    Body {
        /// Its position.
        offset: waypost_domain::Offset,
        /// What was wrong.
        source: NotAnObject,
    },
}

/// Publishes commits until there are no more. The events of one commit are one group, so that they reach a connection
/// as one write. `shown` is told, after each group was written out, when its oldest request had come to the store.
///
/// # Errors
/// See [`ShowError`]; nothing is shown after one.
pub async fn show(
    mut commits: Commits,
    mut publisher: Publisher,
    shown: impl Fn(Duration, usize),
) -> Result<(), ShowError> {
    while let Some(commit) = commits.next().await {
        let steps = commit.steps.into_iter().map(publish_step).collect::<Result<Vec<_>, _>>()?;
        let count = steps.len();
        publisher.publish(steps).await?.await;
        shown(commit.queued_at, count);
    }
    Ok(())
}

fn publish_step(step: Step) -> Result<PublishStep, ShowError> {
    Ok(match step {
        Step::Bind { name, customer } => PublishStep::Bind {
            from: waiting_scope(&name),
            to: realtime_scope(&Scope::of_customer(customer)),
        },
        Step::Event(event) => PublishStep::Event(journal_event(event)?),
    })
}

/// A journal entry as the hub has it.
pub(crate) fn journal_event(event: CommittedEvent) -> Result<JournalEvent, ShowError> {
    let body =
        JsonObject::new(event.body).map_err(|source| ShowError::Body { offset: event.offset, source })?;
    Ok(JournalEvent {
        offset: realtime_offset(&event.offset),
        name: event.name.into(),
        body,
        scopes: event.audience.scopes().iter().map(realtime_scope).collect(),
        except: event.audience.excepted().iter().map(realtime_scope).collect(),
        mask: masked,
    })
}

/// What of an event is shown in the masked view.
fn masked(_: &str, body: &JsonObject) -> JsonObject {
    let masked = waypost_api::mask_json(body.as_bytes()).ok().and_then(|masked| JsonObject::new(masked).ok());
    masked.unwrap_or_else(|| JsonObject::new("{}").expect("an object"))
}

/// A position as the hub has it.
#[must_use]
pub fn realtime_offset(offset: &waypost_domain::Offset) -> Offset {
    Offset { number: offset.number, text: offset.to_string().into() }
}

/// A position of the hub as the journal has it.
///
/// # Panics
/// When it is none that [`realtime_offset`] has made.
#[must_use]
pub fn domain_offset(offset: &Offset) -> waypost_domain::Offset {
    offset.text.parse().expect("the hub's positions are the journal's")
}

/// The scope of those who wait for a name that may one day be a customer's. It is none of the journal's.
#[must_use]
pub(crate) fn waiting_scope(name: &str) -> waypost_realtime::Scope {
    waypost_realtime::Scope::new(format!("name:{name}"))
}

/// A scope as the hub has it.
#[must_use]
pub(crate) fn realtime_scope(scope: &Scope) -> waypost_realtime::Scope {
    waypost_realtime::Scope::new(scope.to_string())
}
