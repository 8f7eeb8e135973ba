//! The Socket.IO events by name.

/// To the client: the first event after CONNECT.
pub const CONNECTED: &str = "connected";
/// To monitors: another client came.
pub const CLIENT_JOINED: &str = "clientJoined";
/// To monitors: another client went.
pub const CLIENT_LEFT: &str = "clientLeft";
/// To the client: it is in the general room.
pub const GENERAL_JOINED: &str = "whatsappGeneralJoined";
/// To the client: it is no longer in the general room.
pub const GENERAL_LEFT: &str = "whatsappGeneralLeft";
/// To the client: it is in a customer's room.
pub const CUSTOMER_JOINED: &str = "whatsappCustomerJoined";
/// To the client: it is no longer in a customer's room.
pub const CUSTOMER_LEFT: &str = "whatsappCustomerLeft";
/// To the client: something it asked for was refused.
pub const EXCEPTION: &str = "exception";
/// To the client: what it missed is gone.
pub const GAP: &str = "whatsappGap";
/// To the client: how the server is.
pub const SERVER_STATE: &str = "serverState";
/// Journal: a message.
pub const MESSAGE: &str = "whatsappMessage";
/// Journal: a status.
pub const MESSAGE_STATUS: &str = "whatsappMessageStatus";
/// Journal: a change of a message.
pub const MESSAGE_UPDATED: &str = "whatsappMessageUpdated";
/// Journal: a step of a send.
pub const OUTBOX: &str = "whatsappOutbox";
/// Journal: who answers a conversation has changed.
pub const CONVERSATION: &str = "whatsappConversation";
/// Journal: somebody may see a conversation from now on, or no longer.
pub const ACCESS: &str = "whatsappAccess";
/// Journal: another field of the webhook.
pub const FIELD: &str = "whatsappEvent";
/// Journal: who a customer is has changed.
pub const CUSTOMER_UPDATED: &str = "whatsappCustomerUpdated";

/// An event that a client may emit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `joinWhatsAppGeneral`
    JoinGeneral,
    /// `leaveWhatsAppGeneral`
    LeaveGeneral,
    /// `joinWhatsAppCustomer`
    JoinCustomer,
    /// `leaveWhatsAppCustomer`
    LeaveCustomer,
    /// `joinMonitor`
    JoinMonitor,
    /// `leaveMonitor`
    LeaveMonitor,
    /// `authenticate`
    Authenticate,
}

impl Request {
    /// Every one of them.
    pub const ALL: [Self; 7] = [
        Self::JoinGeneral,
        Self::LeaveGeneral,
        Self::JoinCustomer,
        Self::LeaveCustomer,
        Self::JoinMonitor,
        Self::LeaveMonitor,
        Self::Authenticate,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JoinGeneral => "joinWhatsAppGeneral",
            Self::LeaveGeneral => "leaveWhatsAppGeneral",
            Self::JoinCustomer => "joinWhatsAppCustomer",
            Self::LeaveCustomer => "leaveWhatsAppCustomer",
            Self::JoinMonitor => "joinMonitor",
            Self::LeaveMonitor => "leaveMonitor",
            Self::Authenticate => "authenticate",
        }
    }

    /// The request of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|request| request.as_str() == name)
    }
}
