//! Sending by REST.

use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::IntoResponse;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use waypost_api::{ErrorCode, OutboxView, SendMessageRequest, SendMessageResponse, SendRequest, TextContent};
use waypost_domain::{AuditAction, LinkPreview, OutboxEntry, PhoneNumberId, Principal};
use waypost_inbox::{ReplyError, SendText, To};

use super::credential::Caller;
use super::params::wrong;
use super::problem::Refusal;
use crate::app::App;

/// How long a body of a few KB may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends a text to a customer, as older deployments know it. Each call is a new send.
#[utoipa::path(
    post, path = "/whatsapp/send-message", tag = "messages", request_body = SendMessageRequest,
    responses(
        (status = 200, description = "The send as it stands after Meta's answer", body = SendMessageResponse),
        (status = "4XX", description = "Nothing was sent", body = waypost_api::Problem),
        (status = 503, description = "Nothing was sent; try again", body = waypost_api::Problem),
    )
)]
pub(crate) async fn send_message(
    State(app): State<App>,
    Caller(principal): Caller,
    JsonBody(request): JsonBody<SendMessageRequest>,
) -> Result<impl IntoResponse, Refusal> {
    let text = SendText {
        to: To::Name(request.to),
        number: None,
        body: request.message,
        preview: LinkPreview::Hidden,
        idempotency_key: app.new_idempotency_key(),
    };
    let entry = send(&app, &principal, text).await?;
    Ok(Json(SendMessageResponse::new(&entry)))
}

/// Sends a message to a customer, once for each idempotency key.
#[utoipa::path(
    post, path = "/api/messages", tag = "messages", request_body = SendRequest,
    responses(
        (status = 200, description = "The send as it stands", body = OutboxView),
        (status = "4XX", description = "Nothing was sent", body = waypost_api::Problem),
        (status = 503, description = "Trying again with the same key is safe", body = waypost_api::Problem),
    )
)]
pub(crate) async fn create_message(
    State(app): State<App>,
    Caller(principal): Caller,
    JsonBody(request): JsonBody<SendRequest>,
) -> Result<impl IntoResponse, Refusal> {
    let text = read_send(request)?;
    let entry = send(&app, &principal, text).await?;
    Ok(Json(OutboxView::new(&entry)))
}

async fn send(app: &App, principal: &Principal, text: SendText) -> Result<OutboxEntry, Refusal> {
    let entry = app.reply.send_text(principal, text).await.map_err(|error| refuse(&error))?;
    app.audit.note(&principal.id, AuditAction::Sent, Some(entry.conversation.into()));
    Ok(entry)
}

fn read_send(request: SendRequest) -> Result<SendText, Refusal> {
    let invalid = |detail: &str| Refusal::because(ErrorCode::InvalidRequest, detail);
    if request.kind != "text" {
        return Err(invalid("type: this version sends `text` only"));
    }
    let TextContent { body, preview_url } = request.text.ok_or_else(|| invalid("text: missing"))?;
    let to = match (request.to, request.customer_id) {
        (Some(name), None) => To::Name(name),
        (None, Some(id)) => To::Customer(id.parse().map_err(|_| invalid("customerId: not a customer's id"))?),
        _ => return Err(invalid("give either `to` or `customerId`")),
    };
    let number = match request.phone_number_id.as_deref().map(PhoneNumberId::parse) {
        Some(None) => return Err(invalid("phoneNumberId: not the id of a phone number")),
        Some(number) => number,
        None => None,
    };
    let preview = if preview_url { LinkPreview::Shown } else { LinkPreview::Hidden };
    Ok(SendText { to, number, body, preview, idempotency_key: request.idempotency_key })
}

fn refuse(error: &ReplyError) -> Refusal {
    match error {
        ReplyError::Invalid { .. } => Refusal::because(ErrorCode::InvalidRequest, error.to_string()),
        ReplyError::Forbidden => Refusal::new(ErrorCode::Forbidden),
        ReplyError::UnknownCustomer => Refusal::because(
            ErrorCode::UnknownCustomer,
            "it is neither the name of a customer nor a phone number in international form",
        ),
        ReplyError::UnknownNumber => {
            Refusal::because(ErrorCode::InvalidRequest, "phoneNumberId: not one of our numbers")
        }
        ReplyError::Ambiguous => Refusal::new(ErrorCode::AmbiguousCustomer),
        ReplyError::NotConfigured => Refusal::because(
            ErrorCode::SendingNotConfigured,
            "set WAYPOST_ACCESS_TOKEN and WAYPOST_PHONE_NUMBER_ID (Meta: WhatsApp, API setup)",
        ),
        ReplyError::Unavailable => Refusal::new(ErrorCode::Unavailable),
    }
}

/// A body that is declared as JSON, is not too large, and is what the route takes.
///
/// Only `application/json` is taken: a form of another site can send everything else with a browser's credentials.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Refusal::new(ErrorCode::UnsupportedMediaType));
        }
        let reading = Limited::new(request.into_body(), app.rest_body_bytes_max).collect();
        let body = match tokio::time::timeout(BODY_TIMEOUT, reading).await {
            Err(_) => return Err(Refusal::new(ErrorCode::BodyTimeout)),
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return Err(Refusal::new(ErrorCode::BodyTooLarge));
            }
            Ok(Err(_)) => return Err(Refusal::because(ErrorCode::InvalidRequest, "the body was cut off")),
        };
        // A struct can be read from an array too, which nobody means.
        if body.trim_ascii_start().first() == Some(&b'[') {
            return Err(Refusal::because(ErrorCode::InvalidRequest, "the body has to be a JSON object"));
        }
        let mut reader = serde_json::Deserializer::from_slice(&body);
        let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| explain(&error))?;
        reader.end().map_err(|_| wrong("the body", "one JSON object, and nothing behind it"))?;
        Ok(Self(read))
    }
}

/// What is wrong with a body and where. Nothing that was given is repeated: it may be a text or a number.
fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let (path, said) = (error.path().to_string(), error.inner().to_string());
    if let Some((_, expected)) =
        said.split_once("`, expected").filter(|_| said.starts_with("unknown field `"))
    {
        return wrong("the body", &format!("a field that is unknown, expected{expected}"));
    }
    let names_fields_only = ["missing field", "duplicate field"].iter().any(|start| said.starts_with(start));
    let what = match error.inner().is_data() && !names_fields_only {
        true => "a value of the wrong type",
        false => &said,
    };
    wrong(if path == "." { "the body" } else { &path }, what)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}
