//! For whoever looks after the server: our numbers, dead letters, and reading them again.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use waypost_api::{
    ErrorCode, HistoryView, IsoTime, LetterPage, LetterSummary, LetterView, NumberList, NumberView,
    ReprocessedView,
};
use waypost_domain::{Action, HistorySync, Principal, may};
use waypost_inbox::Reprocessed;
use waypost_store::{LetterHead, LetterId, OurNumber};

use super::credential::Caller;
use super::problem::Refusal;
use crate::app::App;

/// The most dead letters in one page.
const PAGE_MAX: u32 = 200;

/// Our business numbers: those that are claimed, and those that spoke without it.
#[utoipa::path(
    get, path = "/api/numbers", tag = "operation",
    responses(
        (status = 200, description = "All numbers", body = NumberList),
        (status = "4XX", description = "Not allowed", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_numbers(
    State(app): State<App>,
    Caller(principal): Caller,
) -> Result<Json<NumberList>, Refusal> {
    check(&principal)?;
    let numbers = app.store.numbers().await.map_err(|_| unavailable())?;
    let mut list = NumberList { numbers: Vec::with_capacity(numbers.len()) };
    for number in &numbers {
        let history = app.store.history_sync(number.number.clone()).await.map_err(|_| unavailable())?;
        list.numbers.push(number_view(number, history));
    }
    Ok(Json(list))
}

/// Which page of dead letters.
#[derive(Debug, Deserialize)]
pub(crate) struct LetterQuery {
    /// The `next` of the page before.
    before: Option<String>,
    /// How many, 1 to 200; 50 where it is left out.
    limit: Option<u32>,
}

/// What was rightly signed and could not be used, the newest first.
#[utoipa::path(
    get, path = "/api/dead-letters", tag = "operation", params(
        ("before" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 200; 50 where it is left out"),
    ),
    responses(
        (status = 200, description = "A page", body = LetterPage),
        (status = "4XX", description = "Not allowed", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_dead_letters(
    State(app): State<App>,
    Caller(principal): Caller,
    query: Result<Query<LetterQuery>, QueryRejection>,
) -> Result<Json<LetterPage>, Refusal> {
    check(&principal)?;
    let invalid = |detail: &str| Refusal::because(ErrorCode::InvalidRequest, detail);
    let Query(query) = query.map_err(|_| invalid("limit: not a number"))?;
    let before = match query.before {
        Some(text) => text.parse().map_err(|_| invalid("before: not the `next` of a page"))?,
        None => LetterId::LAST,
    };
    let limit = query.limit.unwrap_or(50);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(invalid("limit: 1 to 200"));
    }
    let mut heads = app.store.dead_letters(before, limit + 1).await.map_err(|_| unavailable())?;
    let is_more = heads.len() > limit as usize;
    heads.truncate(limit as usize);
    let next = heads.last().filter(|_| is_more).map(|head| head.id.to_string());
    Ok(Json(LetterPage { dead_letters: heads.iter().map(summary).collect(), next }))
}

/// A dead letter with its bytes.
#[utoipa::path(
    get, path = "/api/dead-letters/{id}", tag = "operation", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The dead letter", body = LetterView),
        (status = 404, description = "There is none with this id", body = waypost_api::Problem),
    )
)]
pub(crate) async fn read_dead_letter(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
) -> Result<Json<LetterView>, Refusal> {
    check(&principal)?;
    let none = || Refusal::new(ErrorCode::NotFound);
    let id: LetterId = id.parse().map_err(|_| none())?;
    let letter = app.store.dead_letter_from(id, id).await.map_err(|_| unavailable())?.ok_or_else(none)?;
    Ok(Json(LetterView {
        summary: summary(&letter.head),
        raw: STANDARD.encode(&letter.raw),
        text: String::from_utf8(letter.raw).ok(),
    }))
}

/// Reads every dead letter, and every message of a type that was not known, again. What is understood now is stored.
#[utoipa::path(
    post, path = "/api/dead-letters/reprocess", tag = "operation",
    responses(
        (status = 200, description = "What came of it", body = ReprocessedView),
        (status = "4XX", description = "Not allowed", body = waypost_api::Problem),
        (status = 503, description = "It ended half way; begin it again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn reprocess_dead_letters(
    State(app): State<App>,
    Caller(principal): Caller,
) -> Result<Json<ReprocessedView>, Refusal> {
    check(&principal)?;
    match waypost_inbox::reprocess(&app.store, &app.numbers, app.clock.now()).await {
        Ok(done) => Ok(Json(reprocessed_view(&done))),
        Err(error) => {
            tracing::warn!(%error, "reading dead letters again ended half way");
            Err(unavailable())
        }
    }
}

/// As the contract has it.
pub(crate) fn reprocessed_view(done: &Reprocessed) -> ReprocessedView {
    ReprocessedView {
        dead_letters_understood: done.letters_understood,
        dead_letters_left: done.letters_left,
        messages_understood: done.messages_understood,
        messages_left: done.messages_left,
    }
}

fn check(principal: &Principal) -> Result<(), Refusal> {
    if may(principal, Action::Operate) { Ok(()) } else { Err(Refusal::new(ErrorCode::Forbidden)) }
}

fn unavailable() -> Refusal {
    Refusal::new(ErrorCode::Unavailable)
}

fn number_view(number: &OurNumber, history: Option<HistorySync>) -> NumberView {
    NumberView {
        phone_number_id: number.number.as_str().to_owned(),
        waba_id: number.waba.as_ref().map(|waba| waba.as_str().to_owned()),
        app: number.app.as_str().to_owned(),
        claimed: number.is_claimed,
        history: history.map(|sync| HistoryView {
            phase: sync.phase,
            progress: sync.progress,
            declined_at: sync.declined_at.map(IsoTime),
        }),
    }
}

fn summary(head: &LetterHead) -> LetterSummary {
    LetterSummary {
        id: head.id.to_string(),
        kind: head.kind.as_str().to_owned(),
        reason: head.reason.clone(),
        app: head.app.as_str().to_owned(),
        received_at: IsoTime(head.received),
        size: head.size_bytes,
    }
}
