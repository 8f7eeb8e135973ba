//! Who did what, for whoever may read that.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp as IsoMoment;
use waypost_api::cursor::{audit_cursor, read_audit_cursor};
use waypost_api::{AuditPage, AuditQuery, AuditView, ErrorCode, IsoTime};
use waypost_domain::{Action, AuditAction, AuditFilter, AuditTarget, Page, PrincipalId, Timestamp, may};
use waypost_store::{AuditRecord, AuditRequest};

use super::credential::Caller;
use super::params::{NOT_A_CURSOR, Params, field, page_size};
use super::problem::Refusal;
use crate::app::App;
use crate::audit::Trail;

const A_TIME: &str = "it has to be a time such as 2026-11-06T21:20:00Z";

/// Entries of the audit, the newest first: who did what, when, to what. They have ids only.
#[utoipa::path(
    get, path = "/api/audit", tag = "operation", params(AuditQuery),
    responses(
        (status = 200, description = "A page", body = AuditPage),
        (status = "4XX", description = "Not allowed, or a field is wrong", body = waypost_api::Problem),
        (status = 503, description = "Try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_audit(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditPage>, Refusal> {
    if !may(&principal, Action::Audit) {
        return Err(Refusal::new(ErrorCode::Forbidden));
    }
    let filter = filter(&app.audit, &query)?;
    let cursor = ("cursor", query.cursor.as_deref());
    let before = field(cursor, |cursor| read_audit_cursor(&filter, cursor), NOT_A_CURSOR)?;
    let size = page_size(query.limit.as_deref())?;
    let request = AuditRequest { filter, before, limit: size.rows() + 1 };
    let found = app.audit.audit().page(&request).await.map_err(|error| {
        tracing::error!(%error, "the audit cannot be read");
        Refusal::new(ErrorCode::Unavailable)
    })?;
    let page = Page::out_of(found, size);
    let last = page.rows.last().filter(|_| page.has_more);
    let next = last.map(|last| audit_cursor(&request.filter, last.number));
    app.audit.note(&principal.id, AuditAction::AuditRead, None);
    Ok(Json(AuditPage { data: page.rows.iter().map(view).collect(), next }))
}

fn filter(trail: &Trail, query: &AuditQuery) -> Result<AuditFilter, Refusal> {
    // As an entry names somebody, or as `/api/me` does.
    let actor = |text: &str| match text.parse() {
        Ok(actor) => Some(actor),
        Err(_) => PrincipalId::parse(text)
            .filter(|id| id.as_str().starts_with("user:") || id.as_str() == "local")
            .map(|id| trail.actor(&id)),
    };
    let target = |text: &str| text.parse::<AuditTarget>().ok();
    Ok(AuditFilter {
        actor: field(
            ("actor", query.actor.as_deref()),
            actor,
            "not somebody as entries or /api/me name them",
        )?,
        action: field(("action", query.action.as_deref()), AuditAction::parse, "not an action")?,
        target: field(("target", query.target.as_deref()), target, "not a target as entries name them")?,
        after: field(("after", query.after.as_deref()), moment, A_TIME)?,
        before: field(("before", query.before.as_deref()), moment, A_TIME)?,
    })
}

fn moment(text: &str) -> Option<Timestamp> {
    let moment: IsoMoment = text.parse().ok()?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

fn view(record: &AuditRecord) -> AuditView {
    AuditView {
        number: record.number,
        at: IsoTime(record.at),
        actor: record.actor.clone(),
        action: record.action.clone(),
        target: record.target.clone(),
        count: record.count,
        mac: record.mac.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
