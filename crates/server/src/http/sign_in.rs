//! Signing in and out, and using a link.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header, request};
use waypost_api::{ErrorCode, LinkRequest, LinkUsed, LinkView, LoginRequest, MeView, UseLinkRequest};
use waypost_domain::{AuditAction, AuditActor, Login};
use waypost_store::accounts::{Ending, LinkOf};

use super::credential::{SignedInCaller, counted_address};
use super::gate::has_csrf_header;
use super::me::me_view;
use super::messages::JsonBody;
use super::params::{A_LOGIN, A_NAME, wrong};
use super::problem::{Refusal, unavailable};
use crate::accounts::{NewPassword, NewSession, SignIn, SignInError, UseLinkError};
use crate::app::App;

/// Signs a person in: the answer sets the cookie. Wants the header `X-Waypost-CSRF`, as every change by cookie does.
#[utoipa::path(
    post, path = "/api/login", tag = "accounts", security(()), request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in", body = MeView),
        (status = "4XX", description = "Not signed in", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn sign_in(
    State(app): State<App>,
    page: OwnPage,
    JsonBody(request): JsonBody<LoginRequest>,
) -> Result<Response, Refusal> {
    let wanted = SignIn {
        login: &request.login,
        password: &request.password,
        code: request.code.as_deref(),
        address: page.address,
        agent: page.agent.as_deref(),
    };
    let tried = app.people.sign_in(wanted).await;
    if let Err(error) = &tried {
        note_refused(&app, &request.login, error).await;
    }
    let NewSession { secret, signed_in } = tried.map_err(refuse)?;
    app.audit.note_account(signed_in.account.id, AuditAction::SignedIn, signed_in.session.id.into());
    let cookie = app.cookie.set(&secret, app.people.session_time());
    let answer = Json(me_view(&app, &signed_in));
    Ok(([(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, NO_STORE)], answer).into_response())
}

/// Who was meant is looked up for every login that can be one, so that it takes as long whether or not there is an account.
async fn note_refused(app: &App, login: &str, error: &SignInError) {
    if !matches!(error, SignInError::Wrong | SignInError::Limited { .. }) {
        return;
    }
    let found = match Login::parse(login) {
        Some(login) => app.people.accounts.find_login(&login).await,
        None => Ok(None),
    };
    let account = found.unwrap_or_else(|error| {
        tracing::warn!(%error, "it could not be looked up whose account somebody tried");
        None
    });
    let target = account.map(|found| found.account.id.into());
    app.audit.note_as(AuditActor::Anonymous, AuditAction::SignInFailed, target);
}

/// Ends the session of the cookie.
#[utoipa::path(
    post, path = "/api/logout", tag = "accounts", security(("session" = [])),
    responses(
        (status = 204, description = "Signed out"),
        (status = "4XX", description = "Nobody was signed in", body = waypost_api::Problem),
    )
)]
pub(crate) async fn sign_out(
    State(app): State<App>,
    SignedInCaller(signed_in): SignedInCaller,
) -> Result<Response, Refusal> {
    let ending = Ending::One(signed_in.session.id);
    app.people
        .accounts
        .end_sessions(signed_in.account.id, ending)
        .await
        .map_err(|error| unavailable(&error))?;
    app.audit.note_account(signed_in.account.id, AuditAction::SignedOut, signed_in.session.id.into());
    tracing::info!(account.id = %signed_in.account.id, session.id = %signed_in.session.id, "somebody signed out");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, app.cookie.forget())]).into_response())
}

/// Whose a link is, so that a page can say so. The link stays good.
#[utoipa::path(
    post, path = "/api/login/link", tag = "accounts", security(()), request_body = LinkRequest,
    responses(
        (status = 200, description = "What the link is for", body = LinkView),
        (status = 410, description = "It was used, or its time is over", body = waypost_api::Problem),
    )
)]
pub(crate) async fn show_link(
    State(app): State<App>,
    _: OwnPage,
    JsonBody(request): JsonBody<LinkRequest>,
) -> Result<Response, Refusal> {
    let found = app.people.find_link(&request.token).await.map_err(|error| unavailable(&error))?;
    let view = match found.ok_or_else(|| Refusal::new(ErrorCode::LinkVoid))? {
        LinkOf::FirstAdmin => LinkView { kind: "firstAdmin", login: None, name: None },
        LinkOf::Account(account) => LinkView {
            kind: "password",
            login: Some(account.login.as_str().to_owned()),
            name: Some(account.name.as_str().to_owned()),
        },
    };
    Ok(([(header::CACHE_CONTROL, NO_STORE)], Json(view)).into_response())
}

/// Uses a link: its person has the password from now on, and is signed in nowhere.
#[utoipa::path(
    post, path = "/api/login/link/use", tag = "accounts", security(()), request_body = UseLinkRequest,
    responses(
        (status = 200, description = "The password counts", body = LinkUsed),
        (status = "4XX", description = "The link stays as it was", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn use_link(
    State(app): State<App>,
    _: OwnPage,
    JsonBody(request): JsonBody<UseLinkRequest>,
) -> Result<Json<LinkUsed>, Refusal> {
    let new = NewPassword {
        password: &request.password,
        login: request.login.as_deref(),
        name: request.name.as_deref(),
    };
    let account = app.people.use_link(&request.token, new).await.map_err(|error| refuse_link(&error))?;
    app.audit.note_account(account.id, AuditAction::LinkUsed, account.id.into());
    Ok(Json(LinkUsed { login: account.login.as_str().to_owned() }))
}

/// What is answered must not lie in a cache.
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A request with the header that no page of another origin can send; whose it is, as far as that is known.
pub(crate) struct OwnPage {
    pub(crate) address: Option<IpAddr>,
    pub(crate) agent: Option<String>,
}

impl FromRequestParts<App> for OwnPage {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Refusal> {
        if !has_csrf_header(&parts.headers) {
            return Err(Refusal::new(ErrorCode::CsrfHeaderMissing));
        }
        if !app.gate.is_own_page(&parts.headers) {
            return Err(Refusal::new(ErrorCode::ForeignOrigin));
        }
        counted_address(parts, app)?;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self {
            address: app.trusted_proxies.client_of(parts).map(|address| address.0),
            agent: agent.map(str::to_owned),
        })
    }
}

/// Why nobody was signed in, or why a password that was asked for again did not help.
pub(super) fn refuse(error: SignInError) -> Refusal {
    match error {
        SignInError::Wrong => Refusal::new(ErrorCode::InvalidLogin),
        SignInError::CodeWanted => Refusal::new(ErrorCode::TotpRequired),
        SignInError::Limited { retry_after } => Refusal::for_now(ErrorCode::RateLimited, retry_after),
        SignInError::Busy(busy) => Refusal::because(ErrorCode::Unavailable, busy.to_string()),
        SignInError::Store(error) => unavailable(&error),
        SignInError::Sealing(error) => {
            tracing::error!(%error, "somebody with one-time passwords cannot sign in: their secret cannot be opened");
            Refusal::new(ErrorCode::Unavailable)
        }
    }
}

fn refuse_link(error: &UseLinkError) -> Refusal {
    match error {
        UseLinkError::Void => Refusal::new(ErrorCode::LinkVoid),
        UseLinkError::Login => wrong("login", A_LOGIN),
        UseLinkError::Name => wrong("name", A_NAME),
        UseLinkError::Password(fault) => {
            Refusal::because(ErrorCode::InvalidRequest, format!("password: {fault}"))
        }
        UseLinkError::LoginTaken => Refusal::new(ErrorCode::LoginTaken),
        UseLinkError::Busy(busy) => Refusal::because(ErrorCode::Unavailable, busy.to_string()),
        UseLinkError::Store(error) => unavailable(error),
    }
}
