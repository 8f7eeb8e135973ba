//! What a client and the server say to each other about the connection and its rooms.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error_code::ErrorCode;
use crate::time::IsoTime;

/// The name of the general room on the wire.
pub const GENERAL_ROOM: &str = "whatsapp:general";

/// The name of a customer's room on the wire, under the name that was asked for.
#[must_use]
pub fn customer_room(name: &str) -> String {
    format!("whatsapp:customer:{name}")
}

/// `connected`: the first event after CONNECT.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connected<'a> {
    /// For a person.
    pub message: &'static str,
    /// The Socket.IO id of this connection.
    pub client_id: &'a str,
    /// What was resumed: `none`.
    pub resumed: &'static str,
    /// The position of the newest event that was shown, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<&'a str>,
    /// The rooms the connection is in.
    pub rooms: Vec<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: IsoTime,
}

/// `clientJoined` and `clientLeft`, to monitors.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Visitor<'a> {
    /// The Socket.IO id of the other connection.
    pub client_id: &'a str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: IsoTime,
}

/// `whatsappGeneralJoined`, `whatsappCustomerJoined` and their opposites.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoomChanged<'a> {
    /// The room.
    pub room: &'a str,
    /// The customer's name as it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<&'a str>,
    /// Our id of the customer, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: IsoTime,
}

/// The ack of a join.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinAck<'a> {
    /// `true`.
    pub ok: bool,
    /// The room.
    pub room: &'a str,
    /// From which position on the room is shown; left out before the first event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<&'a str>,
    /// Our id of the customer, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
}

/// The ack of a leave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeaveAck<'a> {
    /// `true`.
    pub ok: bool,
    /// The room.
    pub room: &'a str,
}

/// The ack of something refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Refusal<'a> {
    /// `false`.
    pub ok: bool,
    /// Why.
    pub error: Exception<'a>,
}

/// `exception`: something was refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Exception<'a> {
    /// The stable code.
    pub code: &'static str,
    /// What was wrong.
    pub message: &'a str,
    /// The event that was refused.
    pub event: &'a str,
}

impl<'a> Exception<'a> {
    /// The refusal of `event`.
    #[must_use]
    pub fn new(code: ErrorCode, message: &'a str, event: &'a str) -> Self {
        Self { code: code.as_str(), message, event }
    }
}

/// `serverState`: how the server is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServerState {
    /// `ok` or `degraded`.
    pub state: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: IsoTime,
}
