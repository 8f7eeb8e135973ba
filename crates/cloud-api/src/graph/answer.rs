//! What the answer to a send means. Meta has no idempotency key, so nothing here is ever guessed.

use waypost_domain::{Alias, AliasKind, CustomerAliases, ErrorDetail, SendOutcome, Wamid};

use crate::errors::error_detail;
use crate::json::parse_object;
use crate::shapes::{Contact, Context, GraphAnswer};

/// The code of a failure that is ours: the call never reached Meta. (Meta's own codes are not negative.)
pub const NOT_SENT: i64 = -1;
/// The code of an unknown outcome: the call was made, and no answer came.
pub const NO_ANSWER: i64 = -2;
/// The code of an unknown outcome: an answer came that tells neither a `wamid` nor an error.
pub const UNREADABLE_ANSWER: i64 = -3;
/// The code of a failure: the call was refused without one of Meta's reasons, as by something between us and Meta.
pub const REFUSED_WITHOUT_REASON: i64 = -4;

/// How far a call came.
pub(super) enum Attempt<'a> {
    /// Not even a connection.
    NeverSent,
    /// It may have arrived.
    NoAnswer,
    /// It was answered; `body` may be cut off.
    Answered {
        /// The HTTP status.
        status: u16,
        /// What was read of the body.
        body: &'a [u8],
    },
}

/// How the send ended.
pub(super) fn outcome(attempt: &Attempt<'_>) -> SendOutcome {
    let (status, body) = match attempt {
        Attempt::NeverSent => return SendOutcome::Failed(ours(NOT_SENT, "Meta could not be reached")),
        Attempt::NoAnswer => return SendOutcome::Unknown(ours(NO_ANSWER, "No answer from Meta")),
        Attempt::Answered { status, body } => (*status, *body),
    };
    let answer = std::str::from_utf8(body).ok().and_then(|json| parse_object(json).ok().flatten());
    let answer: GraphAnswer<'_> = answer.unwrap_or_default();
    if let Some(error) = error_detail(answer.error) {
        return SendOutcome::Failed(error);
    }
    match status {
        200..=299 => accepted(&answer).unwrap_or_else(|| {
            SendOutcome::Unknown(ours(UNREADABLE_ANSWER, "Meta's answer could not be read"))
        }),
        // 408 says that the request did not come through whole, or so somebody between us and Meta believes.
        408 | 500.. => {
            SendOutcome::Unknown(with_status(UNREADABLE_ANSWER, "Meta answered with a fault", status))
        }
        _ => SendOutcome::Failed(with_status(REFUSED_WITHOUT_REASON, "The call was refused", status)),
    }
}

fn accepted(answer: &GraphAnswer<'_>) -> Option<SendOutcome> {
    let first_message = answer.messages.items()?.into_iter().next()?;
    let wamid = Wamid::parse(&first_message.object::<Context<'_>>()?.id.text()?)?;
    let aliases = answer.contacts.items().and_then(|contacts| {
        let contact: Contact<'_> = contacts.into_iter().next()?.object()?;
        let names = [
            (AliasKind::Bsuid, contact.user_id),
            (AliasKind::ParentBsuid, contact.parent_user_id),
            (AliasKind::Phone, contact.wa_id),
        ];
        CustomerAliases::new(names.into_iter().filter_map(|(kind, name)| Alias::parse(kind, &name.text()?)))
    });
    Some(SendOutcome::Accepted { wamid, aliases })
}

fn ours(code: i64, title: &str) -> ErrorDetail {
    ErrorDetail { code, title: Some(title.to_owned()), details: None }
}

fn with_status(code: i64, title: &str, status: u16) -> ErrorDetail {
    ErrorDetail { details: Some(format!("HTTP {status}")), ..ours(code, title) }
}
