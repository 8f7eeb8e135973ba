//! What happened to a group.

use super::Word;
use crate::customer::CustomerAliases;
use crate::detail::{Line, Link, Passage};
use crate::message::ErrorDetail;
use crate::time::Timestamp;

/// Something happened to a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// What (`group_create`, `group_suspend`, …).
    pub kind: Word,
    /// The group.
    pub group: Word,
    /// The request of ours that it answers.
    pub request: Word,
    /// Why, in a word.
    pub reason: Word,
    /// The group's subject.
    pub subject: Option<Line>,
    /// The group's description.
    pub description: Option<Passage>,
    /// The link that invites.
    pub invite_link: Option<Link>,
    /// Who may come in.
    pub join_approval: Word,
    /// The request to join.
    pub join_request: Word,
    /// Who wants to join, or left.
    pub member: Option<CustomerAliases>,
    /// By whose doing.
    pub initiated_by: Word,
    /// Who came, at most [`Member::COUNT_MAX`].
    pub added: Vec<Member>,
    /// Who went, at most [`Member::COUNT_MAX`].
    pub removed: Vec<Member>,
    /// Who could not come or go, at most [`Member::COUNT_MAX`].
    pub failed: Vec<FailedMember>,
    /// What was to be changed of subject, description and picture.
    pub settings: Vec<GroupSetting>,
    /// What went wrong with all of it.
    pub errors: Vec<ErrorDetail>,
    /// When.
    pub at: Option<Timestamp>,
}

/// Somebody in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// What we called them in our request.
    pub input: Word,
    /// The names by which WhatsApp speaks of them.
    pub aliases: Option<CustomerAliases>,
    /// Their username.
    pub username: Word,
}

impl Member {
    /// The most of one list that are kept. A group has 8 beside the business.
    pub const COUNT_MAX: usize = 64;
}

/// Somebody who could not be added or taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedMember {
    /// Who.
    pub member: Member,
    /// Why.
    pub errors: Vec<ErrorDetail>,
}

/// One setting of a group that was to be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSetting {
    /// Which (`group_subject`, `group_description`, `profile_picture`).
    pub name: &'static str,
    /// Its text.
    pub text: Option<Passage>,
    /// Whether it was changed, where that is told.
    pub changed: Option<Changed>,
    /// Why not.
    pub errors: Vec<ErrorDetail>,
}

/// Whether a setting was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was.
    Yes,
    /// It was not.
    No,
}
