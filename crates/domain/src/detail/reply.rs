//! Answers to questions that were asked with buttons, lists and forms.

use super::text::{Line, Opaque, Passage, Token};
use crate::message::MessageType;
use crate::time::Timestamp;

/// The answer to a question of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A button was tapped.
    Button {
        /// What whoever asked gave the button to mean.
        id: Option<Token>,
        /// What stands on it.
        title: Option<Line>,
    },
    /// A row of a list was chosen.
    Row {
        /// What whoever asked gave the row to mean.
        id: Option<Token>,
        /// What stands in it.
        title: Option<Line>,
        /// What stands below.
        description: Option<Line>,
    },
    /// A form was filled in: a flow, an address.
    Form {
        /// Which one: `flow`, `address_message`, ….
        name: Option<Token>,
        /// What the customer's phone shows of the answer.
        body: Option<Passage>,
        /// What was filled in: JSON, if all is well. WhatsApp does not promise it.
        response: Option<Opaque<65_536>>,
    },
    /// Whether we may call.
    CallPermission(CallPermission),
    /// A kind of answer that is not known here, by WhatsApp's word where there is one.
    Other(Option<MessageType>),
}

/// Whether we may call the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPermission {
    /// The answer.
    pub answer: Option<PermissionAnswer>,
    /// Whether it holds for ever.
    pub permanence: Option<Permanence>,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// Whose answer it is.
    pub source: Option<PermissionSource>,
}

/// The answer to whether we may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionAnswer {
    /// We may.
    Accept,
    /// We may not.
    Reject,
}

/// How long a permission holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permanence {
    /// Until it is taken back.
    Permanent,
    /// For a time.
    Temporary,
}

/// Who gave a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionSource {
    /// The customer, asked.
    UserAction,
    /// WhatsApp, because the customer called us.
    Automatic,
}
