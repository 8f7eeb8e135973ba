//! The reads of older deployments: `{ success, data }`, the newest 50 messages, the newest first.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use waypost_api::{ClearedBody, RecentMessages, RecentQuery};
use waypost_domain::{AuditAction, Principal, ThreadRow};
use waypost_inbox::{ClearedOf, LookError, clear};
use waypost_store::{Cleared, Depth};

use super::conversations::{reader, refuse};
use super::credential::Caller;
use super::params::{Params, PathName, field};
use super::problem::Refusal;
use crate::app::App;

/// The newest message of each conversation, as older deployments know it.
#[utoipa::path(
    get, path = "/whatsapp/conversations", tag = "older reads", params(RecentQuery),
    responses(
        (status = 200, description = "One message a conversation", body = RecentMessages<'static>),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn recent_conversations(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(query): Params<RecentQuery>,
) -> Result<Response, Refusal> {
    let cleared = cleared(&query)?;
    let found = reader(&app, &principal).recent(Depth::Newest, cleared).await;
    answer(&app, &principal, (found, Reads::List))
}

/// The newest messages of one customer, by any of the customer's names, as older deployments know it.
#[utoipa::path(
    get, path = "/whatsapp/conversation/{customer}", tag = "older reads",
    params(("customer" = String, Path), RecentQuery),
    responses(
        (status = 200, description = "Messages", body = RecentMessages<'static>),
        (status = 404, description = "There is no such customer", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn recent_of_customer(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(customer): PathName,
    Params(query): Params<RecentQuery>,
) -> Result<Response, Refusal> {
    let cleared = cleared(&query)?;
    let found = reader(&app, &principal).recent_of(&customer, cleared).await;
    answer(&app, &principal, (found, Reads::Customer))
}

/// The newest messages of all, as older deployments know it.
#[utoipa::path(
    get, path = "/whatsapp/messages/last-50", tag = "older reads", params(RecentQuery),
    responses(
        (status = 200, description = "Messages", body = RecentMessages<'static>),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn recent_messages(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(query): Params<RecentQuery>,
) -> Result<Response, Refusal> {
    let cleared = cleared(&query)?;
    let found = reader(&app, &principal).recent(Depth::All, cleared).await;
    answer(&app, &principal, (found, Reads::List))
}

/// The same as `/whatsapp/conversation/{customer}`, as older deployments know it.
#[utoipa::path(
    get, path = "/whatsapp/messages/chat-list/{customer}", tag = "older reads",
    params(("customer" = String, Path), RecentQuery),
    responses(
        (status = 200, description = "Messages", body = RecentMessages<'static>),
        (status = 404, description = "There is no such customer", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn recent_chat(
    app: State<App>,
    caller: Caller,
    customer: PathName,
    query: Params<RecentQuery>,
) -> Result<Response, Refusal> {
    recent_of_customer(app, caller, customer, query).await
}

/// Hides what there is of a conversation (by its id), or of all of a customer's (by any name), from the reads above.
/// Deletes nothing.
#[utoipa::path(
    post, path = "/whatsapp/conversation/{customer}/clear", tag = "older reads",
    params(("customer" = String, Path, description = "The id of a conversation, or any name of a customer")),
    responses(
        (status = 200, description = "It is hidden", body = ClearedBody),
        (status = 404, description = "There is no such one", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn clear_conversation(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(name): PathName,
) -> Result<Json<ClearedBody>, Refusal> {
    let cleared = clear(reader(&app, &principal), &name).await.map_err(|error| refuse(&error))?;
    let target = match cleared {
        ClearedOf::Conversation(id) => id.into(),
        ClearedOf::Customer(id) => id.into(),
    };
    app.audit.note(&principal.id, AuditAction::Cleared, Some(target));
    Ok(Json(ClearedBody { success: true }))
}

fn cleared(query: &RecentQuery) -> Result<Cleared, Refusal> {
    let parse = |text: &str| match text {
        "1" => Some(Cleared::Shown),
        "0" => Some(Cleared::Hidden),
        _ => None,
    };
    Ok(field(("all", query.all.as_deref()), parse, "it has to be 1 or 0")?.unwrap_or(Cleared::Hidden))
}

/// What is read.
#[derive(Clone, Copy)]
enum Reads {
    List,
    /// What there is of one customer.
    Customer,
}

fn answer(
    app: &App,
    principal: &Principal,
    (found, reads): (Result<Vec<ThreadRow>, LookError>, Reads),
) -> Result<Response, Refusal> {
    let messages = found.map_err(|error| refuse(&error))?;
    let target = match reads {
        Reads::List => None,
        Reads::Customer => messages.first().map(|row| row.message.customer.into()),
    };
    app.audit.note(&principal.id, AuditAction::Read, target);
    Ok(Json(RecentMessages::new(&messages)).into_response())
}
