//! Conversations, their messages and customers by REST.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use waypost_api::cursor::{read_conversation_cursor, read_customer_cursor, read_thread_cursor};
use waypost_api::{
    AssignRequest, ConversationBody, ConversationPage, ConversationQuery, CustomerPage, CustomerQuery,
    ErrorCode, MessageBody, MessagePage, ThreadQuery,
};
use waypost_domain::{
    AuditAction, ConversationFilter, ConversationId, CustomerSearch, MessageId, PhoneNumberId, Principal,
    Responder, ThreadSpan, Wish,
};
use waypost_inbox::{LookError, Reader, assign};
use waypost_store::{ConversationRequest, CustomerRequest};

use super::credential::Caller;
use super::messages::JsonBody;
use super::params::{NOT_A_CURSOR, Params, PathName, field, page_size, wrong};
use super::problem::Refusal;
use crate::app::App;

const A_RESPONDER: &str =
    "it has to have 1 to 128 characters, none of them a control character, and no space at its ends";

/// Conversations, those first in which something was written last. One in which something is written meanwhile moves to the
/// top: who reads on below is told of it by its event.
#[utoipa::path(
    get, path = "/api/conversations", tag = "conversations", params(ConversationQuery),
    responses(
        (status = 200, description = "A page", body = ConversationPage<'static>),
        (status = "4XX", description = "A field is wrong", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_conversations(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(query): Params<ConversationQuery>,
) -> Result<Response, Refusal> {
    let responder = |name, value| field((name, value), Responder::parse, A_RESPONDER);
    let number = query.phone_number_id.as_deref();
    let customer = query.customer_id.as_deref();
    let filter = ConversationFilter {
        number: field(("phoneNumberId", number), PhoneNumberId::parse, "not the id of a phone number")?,
        assignee: responder("assignee", query.assignee.as_deref())?,
        team: responder("team", query.team.as_deref())?,
        customer: field(("customerId", customer), |id| id.parse().ok(), "not a customer's id")?,
    };
    let cursor = ("cursor", query.cursor.as_deref());
    let before = field(cursor, |cursor| read_conversation_cursor(&filter, cursor), NOT_A_CURSOR)?;
    let size = page_size(query.limit.as_deref())?;
    let request = ConversationRequest { filter: filter.clone(), before, size };
    let page = reader(&app, &principal).conversations(request).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::Read, None);
    Ok(Json(ConversationPage::new(&page, &filter, app.clock.now())).into_response())
}

/// One conversation.
#[utoipa::path(
    get, path = "/api/conversations/{id}", tag = "conversations", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The conversation", body = ConversationBody<'static>),
        (status = 404, description = "There is no such one", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn show_conversation(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
) -> Result<Response, Refusal> {
    let id = conversation_id(&id)?;
    let found = reader(&app, &principal).conversation(id).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::Read, Some(id.into()));
    Ok(Json(ConversationBody::new(&found, app.clock.now())).into_response())
}

/// Says who answers a conversation. What is so already changes nothing and is no event.
#[utoipa::path(
    patch, path = "/api/conversations/{id}", tag = "conversations", params(("id" = String, Path)),
    request_body = AssignRequest,
    responses(
        (status = 200, description = "The conversation after that", body = ConversationBody<'static>),
        (status = "4XX", description = "Nothing has changed", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn assign_conversation(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
    JsonBody(request): JsonBody<AssignRequest>,
) -> Result<Response, Refusal> {
    let id = conversation_id(&id)?;
    let wishes = (wish("assignee", request.assignee)?, wish("team", request.team)?);
    let now = app.clock.now();
    let assigned = assign(reader(&app, &principal), id, wishes, now).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::Assigned, Some(id.into()));
    Ok(Json(ConversationBody::new(&assigned, now)).into_response())
}

fn wish(name: &str, given: Option<Option<String>>) -> Result<Wish, Refusal> {
    let Some(wanted) = given else { return Ok(Wish::Keep) };
    let expected = format!("{A_RESPONDER}; or be null");
    Ok(Wish::Have(field((name, wanted.as_deref()), Responder::parse, &expected)?))
}

/// Messages of a conversation in the order of the thread, by WhatsApp's time and then by arrival, the oldest first. What
/// changes another message is none of its own.
#[utoipa::path(
    get, path = "/api/conversations/{id}/messages", tag = "conversations",
    params(("id" = String, Path), ThreadQuery),
    responses(
        (status = 200, description = "A page", body = MessagePage<'static>),
        (status = "4XX", description = "A field is wrong, or there is no such conversation", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_messages(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
    Params(query): Params<ThreadQuery>,
) -> Result<Response, Refusal> {
    let id = conversation_id(&id)?;
    let cursor = |name, value| field((name, value), |cursor| read_thread_cursor(id, cursor), NOT_A_CURSOR);
    let before = cursor("before", query.before.as_deref())?;
    let span = match (before, cursor("after", query.after.as_deref())?) {
        (None, None) => ThreadSpan::Newest,
        (Some(place), None) => ThreadSpan::Before(place),
        (None, Some(place)) => ThreadSpan::After(place),
        (Some(_), Some(_)) => return Err(wrong("after", "give either this or `before`")),
    };
    let size = page_size(query.limit.as_deref())?;
    let page = reader(&app, &principal).thread(id, span, size).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::Read, Some(id.into()));
    Ok(Json(MessagePage::new(&page, id, span)).into_response())
}

/// A message with all that was reported of it.
#[utoipa::path(
    get, path = "/api/messages/{id}", tag = "messages", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The message", body = MessageBody<'static>),
        (status = 404, description = "There is no such one", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn show_message(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
) -> Result<Response, Refusal> {
    let id: MessageId = id.parse().map_err(|_| Refusal::new(ErrorCode::UnknownMessage))?;
    let history = reader(&app, &principal).message(id).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::Read, Some(id.into()));
    Ok(Json(MessageBody::new(&history)).into_response())
}

/// Customers, by how a name or a number begins, or all.
#[utoipa::path(
    get, path = "/api/customers", tag = "customers", params(CustomerQuery),
    responses(
        (status = 200, description = "A page", body = CustomerPage<'static>),
        (status = "4XX", description = "A field is wrong", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_customers(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(query): Params<CustomerQuery>,
) -> Result<Response, Refusal> {
    let expected = "it has to have 1 to 128 characters, none of them a control character";
    let search = field(("search", query.search.as_deref()), CustomerSearch::parse, expected)?;
    let cursor = ("cursor", query.cursor.as_deref());
    let after = field(cursor, |cursor| read_customer_cursor(search.as_ref(), cursor), NOT_A_CURSOR)?;
    let size = page_size(query.limit.as_deref())?;
    let request = CustomerRequest { search: search.clone(), after, size };
    let page = reader(&app, &principal).customers(request).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::Read, None);
    Ok(Json(CustomerPage::new(&page, search.as_ref())).into_response())
}

/// What is no id of a conversation is the id of none.
fn conversation_id(text: &str) -> Result<ConversationId, Refusal> {
    text.parse().map_err(|_| Refusal::new(ErrorCode::UnknownConversation))
}

pub(super) fn reader<'a>(app: &'a App, principal: &'a Principal) -> Reader<'a> {
    Reader { principal, store: &app.store }
}

pub(super) fn refuse(error: &LookError) -> Refusal {
    match error {
        LookError::Forbidden => Refusal::new(ErrorCode::Forbidden),
        LookError::UnknownCustomer => Refusal::new(ErrorCode::UnknownCustomer),
        LookError::Ambiguous => Refusal::new(ErrorCode::AmbiguousCustomer),
        LookError::UnknownConversation => Refusal::new(ErrorCode::UnknownConversation),
        LookError::UnknownMessage => Refusal::new(ErrorCode::UnknownMessage),
        LookError::Read(error) => {
            tracing::error!(error = %error, "what is stored could not be read");
            Refusal::new(ErrorCode::Unavailable)
        }
    }
}
