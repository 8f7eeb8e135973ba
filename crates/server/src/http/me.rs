//! What whoever calls may know and change of themselves.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use waypost_api::{
    AccountView, ConfirmTotpRequest, DisableTotpRequest, EnrolmentView, ErrorCode, IsoTime, MeView,
    PasswordRequest, RecoveryCodes, SessionList, SessionView,
};
use waypost_domain::{AuditAction, Permission, Permissions};
use waypost_store::accounts::{AccountSession, Ending, SignedIn, TotpUse};

use super::credential::{SignedInCaller, Somebody};
use super::messages::JsonBody;
use super::params::PathName;
use super::problem::{Refusal, unavailable};
use super::sign_in::{NO_STORE, OwnPage, refuse};
use crate::accounts::{ChangePasswordError, NoRights, PasswordChange, TwoStepsError};
use crate::app::App;

/// Who calls: with the cookie, a key or a token.
#[utoipa::path(
    get, path = "/api/me", tag = "accounts",
    responses(
        (status = 200, description = "Who it is", body = MeView),
        (status = 401, description = "Nobody", body = waypost_api::Problem),
    )
)]
pub(crate) async fn show_me(State(app): State<App>, somebody: Somebody) -> Response {
    let view = match somebody {
        Somebody::SignedIn(signed_in) => me_view(&app, &signed_in),
        Somebody::Other(principal) => MeView {
            principal: principal.id.as_str().to_owned(),
            permissions: words(principal.permissions),
            account: None,
            session: None,
            totp: None,
        },
    };
    ([(header::CACHE_CONTROL, NO_STORE)], Json(view)).into_response()
}

/// Who is signed in, with what the account may do now.
pub(super) fn me_view(app: &App, signed_in: &SignedIn) -> MeView {
    let claimed = app.people.claimed(signed_in);
    let totp = match (&claimed, signed_in.totp) {
        (Err(NoRights::TotpMissing), _) => "missing",
        (_, TotpUse::On) => "on",
        (_, TotpUse::Off) => "off",
    };
    MeView {
        principal: signed_in.account.principal_id().as_str().to_owned(),
        permissions: claimed.map_or_else(|_| Vec::new(), |claimed| words(claimed.rights.permissions)),
        account: Some(AccountView::new(&signed_in.account)),
        session: Some(session_view(&signed_in.session, Some(&signed_in.session))),
        totp: Some(totp),
    }
}

fn words(permissions: Permissions) -> Vec<&'static str> {
    Permission::ALL.into_iter().filter(|one| permissions.contains(*one)).map(Permission::as_str).collect()
}

/// Changes one's password. All other sessions end.
#[utoipa::path(
    post, path = "/api/me/password", tag = "accounts", security(("session" = [])), request_body = PasswordRequest,
    responses(
        (status = 204, description = "The new one counts"),
        (status = "4XX", description = "The present one stays", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    SignedInCaller(signed_in): SignedInCaller,
    page: OwnPage,
    JsonBody(request): JsonBody<PasswordRequest>,
) -> Result<StatusCode, Refusal> {
    let change = PasswordChange { present: &request.present, next: &request.next, address: page.address };
    match app.people.change_password(&signed_in, change).await {
        Ok(()) => {
            note_own(&app, &signed_in, AuditAction::PasswordChanged);
            Ok(StatusCode::NO_CONTENT)
        }
        Err(ChangePasswordError::Fault(fault)) => {
            Err(Refusal::because(ErrorCode::InvalidRequest, format!("next: {fault}")))
        }
        Err(ChangePasswordError::Present(error)) => Err(refuse(error)),
    }
}

/// Where one is signed in.
#[utoipa::path(
    get, path = "/api/me/sessions", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "The sessions", body = SessionList),
        (status = 401, description = "Nobody is signed in", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_my_sessions(
    State(app): State<App>,
    SignedInCaller(signed_in): SignedInCaller,
) -> Result<Json<SessionList>, Refusal> {
    let found = app.people.accounts.sessions_of(signed_in.account.id, app.people.alive()).await;
    let sessions = found.map_err(|error| unavailable(&error))?;
    let data = sessions.iter().map(|session| session_view(session, Some(&signed_in.session))).collect();
    Ok(Json(SessionList { data }))
}

/// Ends one of one's sessions; who is connected with it is disconnected.
#[utoipa::path(
    delete, path = "/api/me/sessions/{id}", tag = "accounts", security(("session" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "There is none of this id", body = waypost_api::Problem),
    )
)]
pub(crate) async fn end_my_session(
    State(app): State<App>,
    SignedInCaller(signed_in): SignedInCaller,
    PathName(id): PathName,
) -> Result<StatusCode, Refusal> {
    let none = || Refusal::new(ErrorCode::UnknownSession);
    let id = id.parse().map_err(|_| none())?;
    let ended = app.people.accounts.end_sessions(signed_in.account.id, Ending::One(id)).await;
    match ended.map_err(|error| unavailable(&error))? {
        0 => Err(none()),
        _ => {
            app.audit.note_account(signed_in.account.id, AuditAction::SessionEnded, id.into());
            Ok(StatusCode::NO_CONTENT)
        }
    }
}

/// Begins to set up one-time passwords: what an app is told. They are asked from when one of them was shown.
#[utoipa::path(
    post, path = "/api/me/totp", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "For the app", body = EnrolmentView),
        (status = 409, description = "They are asked already", body = waypost_api::Problem),
    )
)]
pub(crate) async fn enrol_totp(
    State(app): State<App>,
    SignedInCaller(signed_in): SignedInCaller,
) -> Result<Response, Refusal> {
    let enrolment = app.people.enrol_totp(&signed_in).await.map_err(|error| refuse_totp(&error))?;
    let view = EnrolmentView { secret: enrolment.secret, uri: enrolment.uri };
    Ok(([(header::CACHE_CONTROL, NO_STORE)], Json(view)).into_response())
}

/// Shows that the app makes the right one-time passwords: they are asked from now on.
#[utoipa::path(
    post, path = "/api/me/totp/confirm", tag = "accounts", security(("session" = [])),
    request_body = ConfirmTotpRequest,
    responses(
        (status = 200, description = "What helps whoever loses the app, this once", body = RecoveryCodes),
        (status = 401, description = "It is none of the app's", body = waypost_api::Problem),
    )
)]
pub(crate) async fn confirm_totp(
    State(app): State<App>,
    SignedInCaller(signed_in): SignedInCaller,
    JsonBody(request): JsonBody<ConfirmTotpRequest>,
) -> Result<Response, Refusal> {
    let confirmed = app.people.confirm_totp(&signed_in, &request.code).await;
    let recovery_codes = confirmed.map_err(|error| refuse_totp(&error))?;
    note_own(&app, &signed_in, AuditAction::TotpEnrolled);
    Ok(([(header::CACHE_CONTROL, NO_STORE)], Json(RecoveryCodes { recovery_codes })).into_response())
}

/// Asks for no one-time passwords any more.
#[utoipa::path(
    post, path = "/api/me/totp/disable", tag = "accounts", security(("session" = [])),
    request_body = DisableTotpRequest,
    responses(
        (status = 204, description = "They are not asked any more"),
        (status = "4XX", description = "They are asked further on", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn disable_totp(
    State(app): State<App>,
    SignedInCaller(signed_in): SignedInCaller,
    page: OwnPage,
    JsonBody(request): JsonBody<DisableTotpRequest>,
) -> Result<StatusCode, Refusal> {
    app.people.disable_totp(&signed_in, &request.password, page.address).await.map_err(refuse)?;
    note_own(&app, &signed_in, AuditAction::TotpDisabled);
    Ok(StatusCode::NO_CONTENT)
}

/// Notes that somebody did something to their own account.
fn note_own(app: &App, signed_in: &SignedIn, action: AuditAction) {
    let account = signed_in.account.id;
    app.audit.note_account(account, action, account.into());
}

fn refuse_totp(error: &TwoStepsError) -> Refusal {
    match error {
        TwoStepsError::AlreadyOn => Refusal::new(ErrorCode::TotpAlreadyOn),
        TwoStepsError::Wrong => Refusal::new(ErrorCode::InvalidLogin),
        TwoStepsError::Store(error) => unavailable(error),
        TwoStepsError::Sealing(error) => {
            tracing::error!(%error, "one-time passwords cannot be set up");
            Refusal::new(ErrorCode::Unavailable)
        }
    }
}

/// A session as it is told to whoever's own is `current`.
pub(super) fn session_view(session: &AccountSession, current: Option<&AccountSession>) -> SessionView {
    SessionView {
        id: session.id.to_string(),
        agent: session.agent.clone(),
        created_at: IsoTime(session.created_at),
        seen_at: IsoTime(session.seen_at),
        expires_at: IsoTime(session.expires_at),
        current: current.is_some_and(|current| current.id == session.id),
    }
}
