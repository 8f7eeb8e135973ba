//! The errors of the Graph API, in Meta's words where they are known.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a call is answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoToken,
    WrongToken,
    UnknownPath,
    UnknownNumber(String),
    /// Too long, too slow, or no JSON object.
    Unreadable,
    /// A parameter of the body itself is missing.
    Required(&'static str),
    /// What the type asks for is missing.
    Missing(String),
    /// A parameter has a value that cannot be.
    Invalid(&'static str),
    TextTooLong,
    RateLimit,
}

/// What of an error depends on the case.
struct Told {
    status: StatusCode,
    kind: &'static str,
    code: u32,
    subcode: Option<u32>,
    message: String,
    details: Option<String>,
}

impl Refusal {
    /// The one place that decides on status and code.
    fn told(self) -> Told {
        let bad = |code: u32, message: &str, details: Option<String>| Told {
            status: StatusCode::BAD_REQUEST,
            kind: "OAuthException",
            code,
            subcode: None,
            message: format!("(#{code}) {message}"),
            details,
        };
        let unauthorized = |code, message: &str| Told {
            status: StatusCode::UNAUTHORIZED,
            message: message.to_owned(),
            ..bad(code, "", None)
        };
        match self {
            Self::NoToken => unauthorized(104, "An access token is required to request this resource."),
            Self::WrongToken => unauthorized(190, "Invalid OAuth access token - Cannot parse access token"),
            Self::UnknownPath => bad(2500, "Unknown path components", None),
            Self::UnknownNumber(id) => Told {
                kind: "GraphMethodException",
                subcode: Some(33),
                message: format!(
                    "Unsupported post request. Object with ID '{id}' does not exist, cannot be loaded due to \
                     missing permissions, or does not support this operation"
                ),
                ..bad(100, "", None)
            },
            Self::Unreadable => {
                bad(100, "Invalid parameter", Some("The body is not a JSON object.".to_owned()))
            }
            Self::Required(name) => bad(100, &format!("The parameter {name} is required."), None),
            Self::Missing(details) => bad(131_008, "Required parameter is missing", Some(details)),
            Self::Invalid(details) => bad(131_009, "Parameter value is not valid", Some(details.to_owned())),
            Self::TextTooLong => bad(100, "Param text['body'] must be at most 4096 characters long.", None),
            Self::RateLimit => Told {
                status: StatusCode::TOO_MANY_REQUESTS,
                ..bad(
                    130_429,
                    "Rate limit hit",
                    Some("Cloud API message throughput has been reached.".into()),
                )
            },
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let told = self.told();
        let mut error = json!({
            "message": told.message,
            "type": told.kind,
            "code": told.code,
            "fbtrace_id": "AsimulatedTrace",
        });
        if let Some(subcode) = told.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if let Some(details) = told.details {
            error["error_data"] = json!({ "messaging_product": "whatsapp", "details": details });
        }
        (told.status, Json(json!({ "error": error }))).into_response()
    }
}
