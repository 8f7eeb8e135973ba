//! A webhook comes in.

use waypost_cloud_api::webhook::Foreign;
use waypost_domain::time::HOUR_MS;
use waypost_domain::{AppName, Fact, FieldReport, RawJson, Timestamp};
use waypost_store::{AppendError, Store, StoreCounts};

use crate::numbers::Numbers;

/// The field of the event that tells of a delivery for a number that is somebody else's.
pub const ALERT_FIELD: &str = "waypost_alert";

/// What became of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Its items.
    pub counts: StoreCounts,
    /// Its changes that were not for the signer to say, by number and by what is foreign: kept as dead letters.
    pub foreign: Vec<Foreign>,
}

/// Stores what a rightly signed webhook of `app` says, each item on its own; returns after the commit, so that the
/// answer 200 means stored. What cannot be understood, and what is not for `app` to say, is stored as a dead letter.
///
/// # Errors
/// [`AppendError::Unavailable`] where nothing is known to be stored: Meta is to send it again.
pub async fn receive(
    (store, numbers): (&Store, &Numbers),
    app: &AppName,
    body: &[u8],
    received: Timestamp,
) -> Result<Receipt, AppendError> {
    let parsed = numbers.parse(app, body, received);
    let (mut facts, foreign) = (parsed.facts, parsed.foreign);
    log(&facts);
    if facts.is_empty() {
        return Ok(Receipt::default());
    }
    facts.extend(foreign.iter().map(|foreign| alert(app, foreign, received)));
    let letters = facts.iter().filter(|fact| matches!(fact, Fact::Dead(_))).count();
    let counts = store.receive(app.clone(), facts, received).await?;
    if let refused @ 1.. = counts.dead.saturating_sub(letters) {
        tracing::warn!(
            letters = refused,
            "items of a webhook may not change what they name, or cannot be stored; they are kept as dead letters"
        );
    }
    Ok(Receipt { counts, foreign })
}

/// One line of a kind for a body, however much of it there is.
fn log(facts: &[Fact]) {
    let mut letters = facts.iter().filter_map(|fact| match fact {
        Fact::Dead(letter) => Some(letter),
        _ => None,
    });
    if let Some(first) = letters.next() {
        tracing::warn!(
            kind = first.kind.as_str(),
            reason = first.reason,
            bytes = first.raw.len(),
            letters = 1 + letters.count(),
            "parts of a webhook cannot be used; they are kept as dead letters, and this is the first of them"
        );
    }
    let is_test = |fact: &Fact| matches!(fact, Fact::Field(report) if *report.field == *waypost_cloud_api::webhook::TEST_FIELD);
    if facts.iter().any(is_test) {
        tracing::info!("the test of Meta's dashboard was received: nothing but that is stored");
    }
}

/// Tells whoever may see it, once an hour for each number and reason.
fn alert(app: &AppName, foreign: &Foreign, received: Timestamp) -> Fact {
    tracing::warn!(
        kind = foreign.kind.as_str(),
        number = foreign.number.as_str(),
        app = app.as_str(),
        changes = foreign.changes,
        "a delivery for a claimed number came from another app or account; it is kept as a dead letter"
    );
    let told = serde_json::json!({
        "alert": foreign.kind.as_str(),
        "app": app.as_str(),
        "phoneNumberId": foreign.number.as_str(),
        "wabaId": foreign.waba.as_ref().map(waypost_domain::WabaId::as_str),
    });
    let into_the_hour = received.as_millis().rem_euclid(HOUR_MS);
    Fact::Field(Box::new(FieldReport {
        field: ALERT_FIELD.into(),
        number: Some(foreign.number.clone()),
        waba: foreign.waba.clone(),
        customer: None,
        notice: None,
        ties: Vec::new(),
        told_at: Some(received.plus_millis(-into_the_hour)),
        raw: RawJson::new(told.to_string()),
    }))
}
