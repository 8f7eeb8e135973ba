//! What a client and the server say to each other about the connection and its rooms.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use waypost_domain::Offset;

use crate::error_code::ErrorCode;
use crate::time::IsoTime;

/// The name of the general room on the wire.
pub const GENERAL_ROOM: &str = "whatsapp:general";

/// The name of the room of those who watch connections come and go.
pub const MONITOR_ROOM: &str = "monitor";

/// What the name of a customer's room begins with; the name that was asked for follows.
const CUSTOMER_ROOM_PREFIX: &str = "whatsapp:customer:";

/// The longest name of a customer that may be asked for, in characters.
const CUSTOMER_NAME_CHARS_MAX: usize = 256;

/// A room that can be joined; as text it is the name on the wire.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoomName {
    /// Everything that the principal may see.
    General,
    /// One customer, under the name that was asked for.
    Customer(Box<str>),
    /// Who comes and goes.
    Monitor,
}

impl RoomName {
    /// The room of this name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            GENERAL_ROOM => Some(Self::General),
            MONITOR_ROOM => Some(Self::Monitor),
            _ => Self::customer(text.strip_prefix(CUSTOMER_ROOM_PREFIX)?),
        }
    }

    /// The room of a customer; `None` unless `name` has 1 to 256 characters and no control character.
    #[must_use]
    pub fn customer(name: &str) -> Option<Self> {
        let usable = !name.is_empty()
            && name.chars().count() <= CUSTOMER_NAME_CHARS_MAX
            && !name.chars().any(char::is_control);
        usable.then(|| Self::Customer(name.into()))
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::General => f.write_str(GENERAL_ROOM),
            Self::Monitor => f.write_str(MONITOR_ROOM),
            Self::Customer(name) => write!(f, "{CUSTOMER_ROOM_PREFIX}{name}"),
        }
    }
}

/// As the log may name it: a customer's name may be a phone number.
impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::General => GENERAL_ROOM,
            Self::Monitor => MONITOR_ROOM,
            Self::Customer(_) => "whatsapp:customer:hidden",
        })
    }
}

/// What a connection goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Resumed {
    /// Its session: rooms and position.
    Session,
    /// The position in `auth.since`.
    Since,
    /// Nothing: it begins at the head.
    None,
}

/// `connected`: the first event after CONNECT.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connected<'a> {
    /// For a person.
    pub message: &'static str,
    /// The Socket.IO id of this connection.
    pub client_id: &'a str,
    /// What was resumed.
    pub resumed: Resumed,
    /// The position that was resumed from: everything after it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<&'a str>,
    /// The position of the newest event that was shown to anybody.
    pub head: &'a str,
    /// Up to where the client is complete. Left out where it is told of a gap: `position` follows then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<&'a str>,
    /// The rooms the connection is in.
    pub rooms: Vec<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: IsoTime,
}

/// `whatsappGap`: what was missed cannot be replayed, and has to be read over REST.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GapNotice {
    /// Where the client was, if it said so.
    pub from: Option<String>,
    /// The oldest event that is still there; `null` where there is none.
    pub oldest: Option<String>,
    /// The newest event.
    pub head: String,
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
#[derive(Clone, Serialize, ToSchema)]
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
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinAck<'a> {
    /// `true`.
    pub ok: bool,
    /// The room.
    pub room: &'a str,
    /// From which position on the room is shown.
    pub offset: &'a str,
    /// Our id of the customer, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// A page of what the room had up to `offset`, where that was asked for, by rising offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<PastEvent>>,
    /// From where to ask for the next page; left out where this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Instead of the page, where the events are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<GapNotice>,
}

/// A journal event as it was, or would have been, shown.
#[derive(Clone, Serialize, ToSchema)]
pub struct PastEvent {
    /// Its name.
    pub event: Box<str>,
    /// Its body, with the `offset`.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
}

impl PastEvent {
    /// An event out of the journal, where `body` is a JSON object without the offset.
    ///
    /// # Errors
    /// When `body` is not that.
    pub fn new(event: &str, body: &[u8], offset: &Offset) -> Result<Self, serde_json::Error> {
        let mut data: serde_json::Map<String, Value> = serde_json::from_slice(body)?;
        data.insert("offset".into(), offset.to_string().into());
        Ok(Self { event: event.into(), data: to_raw_value(&data)? })
    }
}

/// The ack of a leave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeaveAck<'a> {
    /// `true`.
    pub ok: bool,
    /// The room.
    pub room: &'a str,
}

/// The ack of a fresh token.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renewed {
    /// `true`.
    pub ok: bool,
    /// Until when it is good; left out where it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<IsoTime>,
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
    /// After how many seconds to try again, where that is known.
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl<'a> Exception<'a> {
    /// The refusal of `event`.
    #[must_use]
    pub fn new(code: ErrorCode, message: &'a str, event: &'a str) -> Self {
        Self { code: code.as_str(), message, event, retry_after: None }
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

waypost_domain::debug_shows! {
    PastEvent: event;
}
