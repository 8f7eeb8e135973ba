//! For whoever looks after the server: our numbers, dead letters, and reading them again.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waypost_api::{
    ErrorCode, HistoryView, IsoTime, LetterPage, LetterSummary, LetterView, NumberList, NumberView,
    PageQuery, ReprocessedView,
};
use waypost_domain::{Action, AuditAction, AuditTarget, HistorySync, Page, Principal, may};
use waypost_inbox::Reprocessed;
use waypost_store::{LetterHead, LetterId, OurNumber};

use super::credential::Caller;
use super::params::{NOT_A_CURSOR, Params, PathName, field, page_size};
use super::problem::{Refusal, unavailable};
use crate::app::App;

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
    let numbers = app.store.numbers().await.map_err(|error| unavailable(&error))?;
    let mut list = NumberList { data: Vec::with_capacity(numbers.len()) };
    for number in &numbers {
        let history =
            app.store.history_sync(number.number.clone()).await.map_err(|error| unavailable(&error))?;
        list.data.push(number_view(number, history));
    }
    Ok(Json(list))
}

/// What was rightly signed and could not be used, the newest first.
#[utoipa::path(
    get, path = "/api/dead-letters", tag = "operation", params(PageQuery),
    responses(
        (status = 200, description = "A page", body = LetterPage),
        (status = "4XX", description = "Not allowed", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_dead_letters(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(query): Params<PageQuery>,
) -> Result<Json<LetterPage>, Refusal> {
    check(&principal)?;
    let cursor = ("cursor", query.cursor.as_deref());
    let before = field(cursor, LetterId::parse, NOT_A_CURSOR)?.unwrap_or(LetterId::LAST);
    let size = page_size(query.limit.as_deref())?;
    let heads = app.store.dead_letters(before, size.rows() + 1).await.map_err(|error| unavailable(&error))?;
    let page = Page::out_of(heads, size);
    let next = page.rows.last().filter(|_| page.has_more).map(|head| head.id.to_string());
    Ok(Json(LetterPage { data: page.rows.iter().map(summary).collect(), next }))
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
    PathName(id): PathName,
) -> Result<Json<LetterView>, Refusal> {
    check(&principal)?;
    let none = || Refusal::new(ErrorCode::NotFound);
    let id = LetterId::parse(&id).ok_or_else(none)?;
    let letter =
        app.store.dead_letter_from(id, id).await.map_err(|error| unavailable(&error))?.ok_or_else(none)?;
    let target = id.to_string().parse().ok().map(AuditTarget::Letter);
    app.audit.note(&principal.id, AuditAction::LetterRead, target);
    Ok(Json(LetterView {
        summary: summary(&letter.head),
        raw: STANDARD.encode(&letter.raw),
        text: String::from_utf8(letter.raw).ok(),
    }))
}

/// Reads every dead letter, and every message of a type that was not known, again. What is understood now is stored. One
/// at a time.
#[utoipa::path(
    post, path = "/api/dead-letters/reprocess", tag = "operation",
    responses(
        (status = 200, description = "What came of it", body = ReprocessedView),
        (status = 409, description = "It is being done already", body = waypost_api::Problem),
        (status = "4XX", description = "Not allowed", body = waypost_api::Problem),
        (status = 503, description = "It ended half way; begin it again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn reprocess_dead_letters(
    State(app): State<App>,
    Caller(principal): Caller,
) -> Result<Json<ReprocessedView>, Refusal> {
    check(&principal)?;
    let Ok(_turn) = app.reprocessing.try_lock() else {
        return Err(Refusal::new(ErrorCode::ReprocessRunning));
    };
    match waypost_inbox::reprocess(&app.store, &app.numbers, app.clock.now()).await {
        Ok(done) => {
            app.audit.note(&principal.id, AuditAction::Reprocessed, None);
            Ok(Json(reprocessed_view(&done)))
        }
        Err(error) => {
            tracing::warn!(%error, "reading dead letters again ended half way");
            Err(Refusal::new(ErrorCode::Unavailable))
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
