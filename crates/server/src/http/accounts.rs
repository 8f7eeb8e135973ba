//! For administrators: who has an account, and what it may do.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use waypost_api::{
    AccountPage, AccountPatch, AccountView, ErrorCode, InviteRequest, InvitedView, IsoTime, LimitsBody,
    PageQuery, ResetRequest, SessionList,
};
use waypost_domain::{
    AccountId, Action, AuditAction, LimitError, Limits, Login, Page, PersonName, Principal, may,
};
use waypost_store::accounts::{
    AccountAccess, AccountChange, AccountError, AccountPageRequest, Ending, ResetWish,
};

use super::credential::Caller;
use super::me::session_view;
use super::messages::JsonBody;
use super::params::{A_LOGIN, A_NAME, NOT_A_CURSOR, Params, PathName, field, page_size, wrong};
use super::problem::{Refusal, unavailable};
use super::sign_in::NO_STORE;
use crate::accounts::{InviteError, Invited, NewPerson, accounts_max};
use crate::app::App;

const A_ROLE: &str =
    "it has to be `viewer`, `agent`, `service`, `supervisor`, `admin` or one of `auth.roles`";

/// Accounts, those that were made first before others.
#[utoipa::path(
    get, path = "/api/accounts", tag = "accounts", params(PageQuery),
    responses(
        (status = 200, description = "A page", body = AccountPage),
        (status = "4XX", description = "Not allowed", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_accounts(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(query): Params<PageQuery>,
) -> Result<Json<AccountPage>, Refusal> {
    check(&principal)?;
    let after = field(("cursor", query.cursor.as_deref()), |id| id.parse().ok(), NOT_A_CURSOR)?;
    let size = page_size(query.limit.as_deref())?;
    let request = AccountPageRequest { after, limit: size.rows() + 1 };
    let accounts = app.people.accounts.list(request).await.map_err(|error| unavailable(&error))?;
    let page = Page::out_of(accounts, size);
    let next = page.rows.last().filter(|_| page.has_more).map(|account| account.id.to_string());
    Ok(Json(AccountPage { data: page.rows.iter().map(AccountView::new).collect(), next }))
}

/// Makes an account, and a link by which its person chooses a password. The link is good once, for 72 hours.
#[utoipa::path(
    post, path = "/api/accounts", tag = "accounts", request_body = InviteRequest,
    responses(
        (status = 201, description = "The account and its link", body = InvitedView),
        (status = "4XX", description = "There is no new account", body = waypost_api::Problem),
    )
)]
pub(crate) async fn invite(
    State(app): State<App>,
    Caller(principal): Caller,
    headers: HeaderMap,
    JsonBody(request): JsonBody<InviteRequest>,
) -> Result<Response, Refusal> {
    check(&principal)?;
    let person = NewPerson {
        login: Login::parse(&request.login).ok_or_else(|| wrong("login", A_LOGIN))?,
        name: PersonName::parse(&request.name).ok_or_else(|| wrong("name", A_NAME))?,
        role: app.people.role(&request.role).ok_or_else(|| wrong("role", A_ROLE))?,
        limits: limits(&request.limits)?,
    };
    let invited = app.people.invite(person).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::AccountInvited, Some(invited.account.id.into()));
    Ok((StatusCode::CREATED, linked(&app, &headers, (&invited, "invite"))).into_response())
}

/// Changes an account. Whoever is connected with it goes on with what it may do then, or is disconnected where it is disabled.
#[utoipa::path(
    patch, path = "/api/accounts/{id}", tag = "accounts", params(("id" = String, Path)),
    request_body = AccountPatch,
    responses(
        (status = 200, description = "The account after that", body = AccountView),
        (status = "4XX", description = "Nothing has changed", body = waypost_api::Problem),
    )
)]
pub(crate) async fn change_account(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
    JsonBody(request): JsonBody<AccountPatch>,
) -> Result<Json<AccountView>, Refusal> {
    check(&principal)?;
    let id = account_id(&id)?;
    let access = |is_disabled| if is_disabled { AccountAccess::Disabled } else { AccountAccess::Enabled };
    let change = AccountChange {
        name: field(("name", request.name.as_deref()), PersonName::parse, A_NAME)?,
        role: field(("role", request.role.as_deref()), |role| app.people.role(role), A_ROLE)?,
        access: request.disabled.map(access),
        limits: request.limits.as_ref().map(limits).transpose()?,
    };
    let account = app.people.accounts.change(id, &change).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::AccountChanged, Some(id.into()));
    tracing::info!(account.id = %id, by = principal.id.as_str(), "an account was changed");
    Ok(Json(AccountView::new(&account)))
}

/// Makes a link to a new password. It is good once, for an hour; for somebody who has none yet, as an invitation.
#[utoipa::path(
    post, path = "/api/accounts/{id}/reset", tag = "accounts", params(("id" = String, Path)),
    request_body = ResetRequest,
    responses(
        (status = 200, description = "The account and its link", body = InvitedView),
        (status = "4XX", description = "There is no link", body = waypost_api::Problem),
    )
)]
pub(crate) async fn reset_account(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
    headers: HeaderMap,
    JsonBody(request): JsonBody<ResetRequest>,
) -> Result<Response, Refusal> {
    check(&principal)?;
    let wish = if request.disable_totp { ResetWish::PasswordAndTotp } else { ResetWish::Password };
    let invited = app.people.reset(account_id(&id)?, wish).await.map_err(|error| match &error {
        InviteError::Account(error) => refuse(error),
        InviteError::Disabled => Refusal::new(ErrorCode::AccountDisabled),
    })?;
    app.audit.note(&principal.id, AuditAction::AccountReset, Some(invited.account.id.into()));
    Ok(linked(&app, &headers, (&invited, "reset")))
}

/// Where the person of an account is signed in.
#[utoipa::path(
    get, path = "/api/accounts/{id}/sessions", tag = "accounts", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The sessions", body = SessionList),
        (status = "4XX", description = "Not allowed", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_sessions(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
) -> Result<Json<SessionList>, Refusal> {
    check(&principal)?;
    let id = existing(&app, &id).await?;
    let sessions = app.people.accounts.sessions_of(id, app.people.alive()).await;
    let sessions = sessions.map_err(|error| unavailable(&error))?;
    Ok(Json(SessionList { data: sessions.iter().map(|session| session_view(session, None)).collect() }))
}

/// Ends all sessions of an account; who is connected with one is disconnected.
#[utoipa::path(
    delete, path = "/api/accounts/{id}/sessions", tag = "accounts", params(("id" = String, Path)),
    responses(
        (status = 204, description = "Its person is signed in nowhere"),
        (status = "4XX", description = "Not allowed", body = waypost_api::Problem),
    )
)]
pub(crate) async fn end_sessions(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
) -> Result<StatusCode, Refusal> {
    check(&principal)?;
    let id = existing(&app, &id).await?;
    app.people.accounts.end_sessions(id, Ending::All).await.map_err(|error| unavailable(&error))?;
    app.audit.note(&principal.id, AuditAction::SessionEnded, Some(id.into()));
    tracing::info!(account.id = %id, by = principal.id.as_str(), "all sessions of an account were ended");
    Ok(StatusCode::NO_CONTENT)
}

async fn existing(app: &App, id: &str) -> Result<AccountId, Refusal> {
    let id = account_id(id)?;
    let found = app.people.accounts.find(id).await.map_err(|error| unavailable(&error))?;
    found.map(|_| id).ok_or_else(|| Refusal::new(ErrorCode::UnknownAccount))
}

fn check(principal: &Principal) -> Result<(), Refusal> {
    if may(principal, Action::ManageAccounts) { Ok(()) } else { Err(Refusal::new(ErrorCode::Forbidden)) }
}

/// What is no id of an account is the id of none.
fn account_id(text: &str) -> Result<AccountId, Refusal> {
    text.parse().map_err(|_| Refusal::new(ErrorCode::UnknownAccount))
}

fn limits(body: &LimitsBody) -> Result<Limits, Refusal> {
    body.limits().map_err(|error| match error {
        LimitError::Numbers => wrong("limits.numbers", "up to 64 phone number ids"),
        LimitError::Teams => wrong("limits.teams", "up to 64 names of teams"),
        LimitError::Customers => wrong("limits.customers", "up to 64 names, each of 1 to 256 bytes"),
        LimitError::TooMany => wrong("limits", "they come to too many combinations"),
    })
}

fn linked(app: &App, headers: &HeaderMap, (invited, kind): (&Invited, &str)) -> Response {
    let view = InvitedView {
        account: AccountView::new(&invited.account),
        link: format!("{}/login#{kind}={}", app.gate.address(headers), invited.secret.expose()),
        expires_at: IsoTime(invited.until),
    };
    ([(header::CACHE_CONTROL, NO_STORE)], Json(view)).into_response()
}

fn refuse(error: &AccountError) -> Refusal {
    match error {
        AccountError::Unknown => Refusal::new(ErrorCode::UnknownAccount),
        AccountError::LoginTaken => Refusal::new(ErrorCode::LoginTaken),
        AccountError::LastAdmin => Refusal::new(ErrorCode::LastAdmin),
        AccountError::TooMany => {
            Refusal::because(ErrorCode::TooManyAccounts, format!("there may be {}", accounts_max()))
        }
        AccountError::Store(error) => unavailable(error),
    }
}
