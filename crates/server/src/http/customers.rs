//! Who customers are, by REST.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use waypost_api::{
    AliasView, CustomerPatch, CustomerView, DuplicateView, DuplicatesPage, ErrorCode, IsoTime, MergeRequest,
    MergedView, MovedPhoneView, PageQuery,
};
use waypost_domain::{
    Amendment, AuditAction, AuditTarget, CustomerId, CustomerNotes, ExternalId, MarketingChoice, Page,
    Principal,
};
use waypost_inbox::AmendError;
use waypost_store::CustomerRecord;

use super::credential::Caller;
use super::messages::JsonBody;
use super::params::{NOT_A_CURSOR, Params, PathName, field, page_size};
use super::problem::Refusal;
use crate::app::App;

/// Shows a customer. Whoever was merged is who goes on.
#[utoipa::path(
    get, path = "/api/customers/{id}", tag = "customers",
    params(("id" = String, Path, description = "Our id of a customer")),
    responses(
        (status = 200, description = "The customer", body = CustomerView),
        (status = "4XX", description = "There is no such customer", body = waypost_api::Problem),
    )
)]
pub(crate) async fn show_customer(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
) -> Result<Json<CustomerView>, Refusal> {
    show(&app, &principal, known_id(&id)?).await
}

/// Changes another system's name for a customer.
#[utoipa::path(
    patch, path = "/api/customers/{id}", tag = "customers", request_body = CustomerPatch,
    params(("id" = String, Path, description = "Our id of a customer")),
    responses(
        (status = 200, description = "The customer as it is now", body = CustomerView),
        (status = "4XX", description = "Nothing was changed", body = waypost_api::Problem),
        (status = 503, description = "Trying again is safe", body = waypost_api::Problem),
    )
)]
pub(crate) async fn change_customer(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
    JsonBody(patch): JsonBody<CustomerPatch>,
) -> Result<Json<CustomerView>, Refusal> {
    let customer = known_id(&id)?;
    if let Some(external_id) = patch.external_id {
        let id = external_id.map(|id| ExternalId::parse(&id).ok_or_else(unusable)).transpose()?;
        amend(&app, &principal, Amendment::ExternalId { customer, id }).await?;
        app.audit.note(&principal.id, AuditAction::CustomerChanged, Some(customer.into()));
    }
    show(&app, &principal, customer).await
}

/// Makes a customer one with another, who goes on. Messages stay where they are.
#[utoipa::path(
    post, path = "/api/customers/{id}/merge", tag = "customers", request_body = MergeRequest,
    params(("id" = String, Path, description = "Our id of the customer that is no longer shown by itself")),
    responses(
        (status = 200, description = "The customer that goes on", body = CustomerView),
        (status = "4XX", description = "Nothing was changed", body = waypost_api::Problem),
        (status = 503, description = "Trying again is safe", body = waypost_api::Problem),
    )
)]
pub(crate) async fn merge_customer(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
    JsonBody(request): JsonBody<MergeRequest>,
) -> Result<Json<CustomerView>, Refusal> {
    let (customer, into) = (known_id(&id)?, known_id(&request.into)?);
    if customer == into {
        return Err(Refusal::because(ErrorCode::InvalidRequest, "into: the customer itself"));
    }
    amend(&app, &principal, Amendment::Merge { customer, into }).await?;
    app.audit.note(&principal.id, AuditAction::Merged, Some(customer.into()));
    show(&app, &principal, into).await
}

/// Makes a customer that was merged somebody of its own again.
#[utoipa::path(
    post, path = "/api/customers/{id}/unmerge", tag = "customers",
    params(("id" = String, Path, description = "Our id of the customer that was merged")),
    responses(
        (status = 200, description = "The customer", body = CustomerView),
        (status = "4XX", description = "Nothing was changed", body = waypost_api::Problem),
        (status = 503, description = "Trying again is safe", body = waypost_api::Problem),
    )
)]
pub(crate) async fn unmerge_customer(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
) -> Result<Json<CustomerView>, Refusal> {
    let customer = known_id(&id)?;
    amend(&app, &principal, Amendment::Unmerge { customer }).await?;
    app.audit.note(&principal.id, AuditAction::Unmerged, Some(customer.into()));
    show(&app, &principal, customer).await
}

/// Lists those who may be one person: WhatsApp named both at once, and nobody has said yet whether they are.
#[utoipa::path(
    get, path = "/api/customers/duplicates", tag = "customers", params(PageQuery),
    responses(
        (status = 200, description = "In the order in which they were noted", body = DuplicatesPage),
        (status = "4XX", description = "The query cannot be understood", body = waypost_api::Problem),
    )
)]
pub(crate) async fn list_duplicates(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(query): Params<PageQuery>,
) -> Result<Json<DuplicatesPage>, Refusal> {
    let cursor = ("cursor", query.cursor.as_deref());
    let after = field(cursor, |cursor| cursor.parse().ok(), NOT_A_CURSOR)?.unwrap_or(0);
    let size = page_size(query.limit.as_deref())?;
    let found = waypost_inbox::see_duplicates(&app.store, &principal, (after, size.rows() + 1)).await;
    let page = Page::out_of(found.map_err(|error| refuse(&error))?, size);
    app.audit.note(&principal.id, AuditAction::Read, None);
    let next = page.rows.last().filter(|_| page.has_more).map(|last| last.id.to_string());
    let view = |pair: &waypost_store::PossibleDuplicate| DuplicateView {
        id: pair.id.to_string(),
        customer_ids: [pair.customers.0.to_string(), pair.customers.1.to_string()],
        noted_at: IsoTime(pair.at),
    };
    Ok(Json(DuplicatesPage { data: page.rows.iter().map(view).collect(), next }))
}

/// Says of two who may be one that they are two. It is not asked again.
#[utoipa::path(
    post, path = "/api/customers/duplicates/{id}/dismiss", tag = "customers",
    params(("id" = String, Path, description = "The pair, as the list names it")),
    responses(
        (status = 204, description = "They are two"),
        (status = "4XX", description = "Nothing was changed", body = waypost_api::Problem),
        (status = 503, description = "Trying again is safe", body = waypost_api::Problem),
    )
)]
pub(crate) async fn dismiss_duplicate(
    State(app): State<App>,
    Caller(principal): Caller,
    PathName(id): PathName,
) -> Result<StatusCode, Refusal> {
    let duplicate = id.parse().map_err(|_| Refusal::new(ErrorCode::UnknownDuplicate))?;
    amend(&app, &principal, Amendment::Dismiss { duplicate }).await?;
    let target = AuditTarget::Duplicate(duplicate);
    app.audit.note(&principal.id, AuditAction::DuplicateDismissed, Some(target));
    Ok(StatusCode::NO_CONTENT)
}

async fn show(app: &App, principal: &Principal, customer: CustomerId) -> Result<Json<CustomerView>, Refusal> {
    let known = waypost_inbox::see_customer(&app.store, principal, customer).await;
    let known = known.map_err(|error| refuse(&error))?;
    let notes = app.store.customer_notes(known.id).await;
    let notes = notes.map_err(|_| Refusal::new(ErrorCode::Unavailable))?;
    app.audit.note(&principal.id, AuditAction::Read, Some(known.id.into()));
    Ok(Json(view(&known, &notes)))
}

async fn amend(app: &App, principal: &Principal, amendment: Amendment) -> Result<(), Refusal> {
    let amended = waypost_inbox::amend(&app.store, principal, amendment, app.clock.now()).await;
    amended.map_err(|error| refuse(&error))
}

fn known_id(id: &str) -> Result<CustomerId, Refusal> {
    id.parse().map_err(|_| Refusal::new(ErrorCode::UnknownCustomer))
}

fn unusable() -> Refusal {
    Refusal::because(
        ErrorCode::InvalidRequest,
        "externalId: 1 to 128 characters, none of them a control character, no space at its ends, no `ext:` before it, \
         and none of our own ids",
    )
}

fn refuse(error: &AmendError) -> Refusal {
    use waypost_store::AmendError as Stored;
    Refusal::new(match error {
        AmendError::Forbidden => ErrorCode::Forbidden,
        AmendError::Amend(Stored::UnknownCustomer) => ErrorCode::UnknownCustomer,
        AmendError::Amend(Stored::UnknownDuplicate) => ErrorCode::UnknownDuplicate,
        AmendError::Amend(Stored::NameTaken) => ErrorCode::NameTaken,
        AmendError::Amend(Stored::NotMerged) => ErrorCode::NotMerged,
        AmendError::Amend(Stored::TooManyMerged) => ErrorCode::TooManyMerged,
        AmendError::Amend(Stored::Unavailable) => ErrorCode::Unavailable,
        AmendError::Read(error) => {
            tracing::error!(%error, "a customer cannot be read");
            ErrorCode::Unavailable
        }
    })
}

fn view(known: &CustomerRecord, notes: &CustomerNotes) -> CustomerView {
    let merged = known.merged.iter().map(|merged| MergedView {
        customer_id: merged.customer.to_string(),
        into: merged.into.to_string(),
        at: IsoTime(merged.at),
    });
    let moved_phones = known.moved_phones.iter().map(|moved| MovedPhoneView {
        whatsapp_number: moved.phone.to_string(),
        from: moved.from.to_string(),
        to: moved.to.to_string(),
        at: IsoTime(moved.at),
    });
    CustomerView {
        customer_id: known.id.to_string(),
        whatsapp_number: known.number.to_string(),
        customer_name: known.name.as_ref().map(|name| name.as_str().to_owned()),
        username: known.username.as_ref().map(|name| name.as_str().to_owned()),
        saved_name: notes.saved_name.as_ref().map(|name| name.as_str().to_owned()),
        marketing: notes.marketing.map(MarketingChoice::as_str),
        external_id: known.external_id.as_ref().map(|id| id.as_str().to_owned()),
        aliases: known.aliases.iter().map(|alias| AliasView::new(alias.kind, &alias.value)).collect(),
        merged: merged.collect(),
        moved_phones: moved_phones.collect(),
        created_at: IsoTime(known.created_at),
    }
}
