//! What happened to message templates.

use super::Word;
use crate::detail::{Line, Link, Passage};
use crate::time::Timestamp;

/// Which template it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateName {
    /// Meta's id of it.
    pub id: Word,
    /// Its name.
    pub name: Word,
    /// Its language (`en_US`).
    pub language: Word,
}

/// A template was approved, rejected, paused, ….
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateStatus {
    /// The template.
    pub template: TemplateName,
    /// What happened (`APPROVED`, `REJECTED`, …).
    pub event: Word,
    /// Its category.
    pub category: Word,
    /// Why, in a word.
    pub reason: Word,
    /// When it is disabled, as Meta writes it.
    pub disabled_on: Option<Line>,
    /// What else Meta says: a headline.
    pub title: Option<Line>,
    /// What else Meta says: the text below.
    pub description: Option<Line>,
    /// Why it was rejected, in sentences.
    pub rejection: Option<Rejection>,
}

/// Why a template was rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejection {
    /// What is wrong.
    pub reason: Option<Line>,
    /// What to do about it.
    pub recommendation: Option<Line>,
}

/// How customers take a template changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateQuality {
    /// The template.
    pub template: TemplateName,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`, before.
    pub previous: Word,
    /// The same, now.
    pub current: Word,
}

/// A template has another text now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateComponents {
    /// The template.
    pub template: TemplateName,
    /// Its text.
    pub body: Option<Passage>,
    /// Its header.
    pub title: Option<Line>,
    /// Its footer.
    pub footer: Option<Line>,
    /// Its buttons, at most [`TemplateButton::COUNT_MAX`].
    pub buttons: Vec<TemplateButton>,
}

/// A button of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateButton {
    /// Its type (`URL`, …).
    pub kind: Word,
    /// What stands on it.
    pub text: Option<Line>,
    /// Where it leads.
    pub url: Option<Link>,
    /// Whom it calls.
    pub phone: Word,
}

impl TemplateButton {
    /// The most of one template that are kept. Meta allows 10.
    pub const COUNT_MAX: usize = 32;
}

/// A template is, or will be, of another category.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateCategory {
    /// The template.
    pub template: TemplateName,
    /// The category before, once it has changed.
    pub previous: Word,
    /// The category that it has. (Meta calls it new even where the change is still to come.)
    pub current: Word,
    /// The category that it ought to have, while the change is still to come.
    pub correct: Word,
    /// When the change comes.
    pub at: Option<Timestamp>,
}
