//! Errors of a number: what stands beside its messages, or in their place.

use sha2::{Digest as _, Sha256};
use waypost_domain::notice::NumberErrors;
use waypost_domain::{Fact, Notice, RawJson};

use crate::errors::error_details;
use crate::json::Node;

/// What the errors stand beside.
#[derive(Clone, Copy)]
pub(super) enum Beside<'a> {
    /// Nothing: the value is about them.
    Nothing(Node<'a>),
    /// Items, which are facts already.
    Items(&'a [Fact]),
}

/// What a value says of its number's errors, and the JSON that says so: the whole value where it holds nothing else, and
/// beside items the errors by themselves.
pub(super) fn number_errors(errors: Node<'_>, stood: Beside<'_>) -> Option<(RawJson, Notice)> {
    if errors.items_or_one().is_empty() {
        return None;
    }
    let (raw, beside) = match stood {
        Beside::Nothing(value) => (value.raw().unwrap_or_default().to_owned(), None),
        Beside::Items(items) => {
            (format!("{{\"errors\":{}}}", errors.raw().unwrap_or_default()), Some(digest(items)))
        }
    };
    Some((RawJson::new(raw), Notice::Errors(NumberErrors { errors: error_details(errors), beside })))
}

/// What tells these items from others. Errors have no id and no time: only what they came with says whether they are told
/// again, or once more.
fn digest(items: &[Fact]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for item in items {
        let (id, what) = match item {
            Fact::Message(message) => (message.wamid.as_str(), ""),
            Fact::Past(past) => (past.message.wamid.as_str(), ""),
            Fact::Status(status) => (status.wamid.as_str(), status.reported.as_str()),
            Fact::Call(report) => (report.id.as_str(), report.call.stage.as_str()),
            Fact::Field(report) => (report.raw.as_str(), ""),
            Fact::Dead(letter) => {
                digest.update(&letter.raw);
                ("", "")
            }
        };
        for part in [id, what] {
            digest.update(part);
            digest.update([0]);
        }
    }
    digest.finalize().into()
}
