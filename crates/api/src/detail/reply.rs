//! Answers to questions that were asked with buttons, lists and forms.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::MessageType;
use waypost_domain::detail::{CallPermission, Permanence, PermissionAnswer, PermissionSource, Reply};

use crate::time::IsoTime;

/// The answer to a question of ours; `kind` says to which kind of question.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum ReplyView<'a> {
    /// A button was tapped.
    Button(ChoiceView<'a>),
    /// A row of a list was chosen.
    List(ChoiceView<'a>),
    /// A form was filled in.
    Form(FormView<'a>),
    /// Whether we may call.
    CallPermission(CallPermissionView),
    /// A kind that this version does not know: `raw` holds the item.
    Other(OtherView<'a>),
}

/// What was chosen.
#[derive(Serialize, ToSchema)]
pub(super) struct ChoiceView<'a> {
    /// What whoever asked gave it to mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// What stands on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    /// What stands below.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

/// A form that was filled in.
#[derive(Serialize, ToSchema)]
pub(super) struct FormView<'a> {
    /// `flow`, `address_message`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// What the customer's phone shows of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    /// What was filled in: a text that holds JSON, if all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a str>,
}

/// Whether we may call the customer.
#[derive(Serialize, ToSchema)]
pub(super) struct CallPermissionView {
    /// `accept` or `reject`.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'static str>,
    /// Whether it holds until it is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    permanent: Option<bool>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<IsoTime>,
    /// `user_action` or `automatic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
}

/// An answer of a kind that is not known.
#[derive(Serialize, ToSchema)]
pub(super) struct OtherView<'a> {
    /// WhatsApp's word for it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

impl<'a> ReplyView<'a> {
    pub(super) fn new(reply: &'a Reply) -> Self {
        match reply {
            Reply::Button { id, title } => Self::Button(ChoiceView {
                id: id.as_ref().map(|id| id.as_str()),
                title: title.as_ref().map(|title| title.as_str()),
                description: None,
            }),
            Reply::Row { id, title, description } => Self::List(ChoiceView {
                id: id.as_ref().map(|id| id.as_str()),
                title: title.as_ref().map(|title| title.as_str()),
                description: description.as_ref().map(|description| description.as_str()),
            }),
            Reply::Form { name, body, response } => Self::Form(FormView {
                name: name.as_ref().map(|name| name.as_str()),
                body: body.as_ref().map(|body| body.as_str()),
                response: response.as_ref().map(|response| response.as_str()),
            }),
            Reply::CallPermission(permission) => Self::CallPermission(CallPermissionView::new(permission)),
            Reply::Other(kind) => Self::Other(OtherView { kind: kind.as_ref().map(MessageType::as_str) }),
        }
    }
}

impl CallPermissionView {
    fn new(permission: &CallPermission) -> Self {
        Self {
            answer: permission.answer.map(|answer| match answer {
                PermissionAnswer::Accept => "accept",
                PermissionAnswer::Reject => "reject",
            }),
            permanent: permission.permanence.map(|holds| holds == Permanence::Permanent),
            until: permission.until.map(IsoTime),
            source: permission.source.map(|source| match source {
                PermissionSource::UserAction => "user_action",
                PermissionSource::Automatic => "automatic",
            }),
        }
    }
}
