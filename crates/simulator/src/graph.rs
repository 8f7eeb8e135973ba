//! The Graph API's side of sending: `POST /{version}/{phone_number_id}/messages`, answered as Meta answers
//! (`cloud-api.md`, 6). What it accepts it hands on; what becomes of it is the script's business.

mod refusal;
mod request;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header::AUTHORIZATION};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::mpsc;
use waypost_domain::PhoneNumberId;

use crate::counts::Counters;
use crate::wamid::Wamids;
use refusal::Refusal;
use request::Call;

/// The longest body that is read. A text has at most 4,096 characters.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// How long a caller may take to send one.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A send that the Graph API answered with 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedSend {
    /// The id that it answered with.
    pub wamid: String,
    /// To whom.
    pub to: Address,
    /// What.
    pub content: SentContent,
    /// `biz_opaque_callback_data`, which comes back with every status.
    pub callback_data: Option<String>,
}

/// Whom a send is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `to`, in digits.
    Phone(String),
    /// `recipient`.
    Bsuid(String),
}

/// What is sent, as far as its fate depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentContent {
    /// A text, which the customer may answer.
    Text(String),
    /// A reaction, of which only `sent` is heard.
    Reaction,
    /// Anything else.
    Other,
}

/// What the routes share.
pub(crate) struct Graph {
    pub(crate) phone_number_id: PhoneNumberId,
    /// Where there is none, every caller may send.
    pub(crate) access_token: Option<String>,
    pub(crate) wamids: Wamids,
    /// To the script. When it is full the caller is told that it sends too fast, as Meta tells.
    pub(crate) accepted: mpsc::Sender<AcceptedSend>,
    pub(crate) counters: Arc<Counters>,
}

/// The Graph API.
pub(crate) fn router(graph: Graph) -> Router {
    Router::new()
        .route("/{version}/{phone_number_id}/messages", post(create_message))
        .fallback(|| async { Refusal::UnknownPath })
        .with_state(Arc::new(graph))
}

async fn create_message(
    State(graph): State<Arc<Graph>>,
    Path((version, phone_number_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answer = match graph.admit(&version, &phone_number_id, &headers) {
        Ok(()) => graph.call(body).await,
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(answer) => answer,
        Err(refusal) => {
            graph.counters.sends_refused.add_one();
            refusal.into_response()
        }
    }
}

impl Graph {
    fn admit(&self, version: &str, phone_number_id: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        if !is_version(version) {
            return Err(Refusal::UnknownPath);
        }
        if let Some(token) = &self.access_token {
            let header = headers.get(AUTHORIZATION).ok_or(Refusal::NoToken)?;
            // Not in constant time: this token guards nothing but a toy.
            if header.as_bytes().strip_prefix(b"Bearer ") != Some(token.as_bytes()) {
                return Err(Refusal::WrongToken);
            }
        }
        if phone_number_id != self.phone_number_id.as_str() {
            return Err(Refusal::UnknownNumber(phone_number_id.to_owned()));
        }
        Ok(())
    }

    async fn call(&self, body: Body) -> Result<Response, Refusal> {
        let body = tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, BODY_BYTES_MAX))
            .await
            .map_err(|_elapsed| Refusal::Unreadable)?
            .map_err(|_too_long_or_broken| Refusal::Unreadable)?;
        match request::parse(&body)? {
            Call::MarkRead => Ok(Json(json!({ "success": true })).into_response()),
            Call::Send(send) => self.accept(send),
        }
    }

    fn accept(&self, send: request::Send) -> Result<Response, Refusal> {
        // The place is taken before the id is given away: what was answered with 200 always has a fate.
        let place = self.accepted.try_reserve().map_err(|_full_or_stopped| Refusal::RateLimit)?;
        let (person, contact) = match &send.to {
            Address::Phone(digits) => (digits, json!({ "input": send.input, "wa_id": digits })),
            Address::Bsuid(bsuid) => (bsuid, json!({ "input": send.input, "user_id": bsuid })),
        };
        let wamid = self.wamids.fresh(person);
        let mut message = json!({ "id": wamid });
        if send.is_template() {
            message["message_status"] = json!("accepted");
        }
        let answer = json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] });
        self.counters.sends_accepted.add_one();
        place.send(AcceptedSend {
            wamid,
            to: send.to,
            content: send.content,
            callback_data: send.callback_data,
        });
        Ok(Json(answer).into_response())
    }
}

/// `v26.0`
fn is_version(text: &str) -> bool {
    let numbers = text.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    numbers.is_some_and(|(major, minor)| major.parse::<u16>().is_ok() && minor.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests;
