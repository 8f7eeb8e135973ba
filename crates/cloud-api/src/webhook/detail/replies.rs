//! Answers to questions that were asked with buttons, lists and forms.

use waypost_domain::Timestamp;
use waypost_domain::detail::{CallPermission, Opaque, Permanence, PermissionAnswer, PermissionSource, Reply};

use super::{members, opaque, word, words};
use crate::json::Node;
use crate::shapes;

/// The member that is there decides, not the word of its type: without the member nothing can be read.
pub(super) fn reply(node: Node<'_>) -> Reply {
    let interactive: shapes::Interactive<'_> = members(node);
    let button = |reply: shapes::Reply<'_>| Reply::Button { id: opaque(reply.id), title: words(reply.title) };
    let row = |reply: shapes::Reply<'_>| Reply::Row {
        id: opaque(reply.id),
        title: words(reply.title),
        description: words(reply.description),
    };
    (interactive.button_reply.object().map(button))
        .or_else(|| interactive.list_reply.object().map(row))
        .or_else(|| interactive.nfm_reply.object().map(|reply| form(&reply)))
        .or_else(|| interactive.call_permission_reply.object().map(|reply| call_permission(&reply)))
        .unwrap_or_else(|| Reply::Other(word(interactive.kind)))
}

fn form(reply: &shapes::Reply<'_>) -> Reply {
    // JSON within a string. An object in its place would be kept in the order of its keys, which means nothing.
    let response = reply.response_json.string().and_then(|json| Opaque::parse(&json));
    Reply::Form { name: opaque(reply.name), body: words(reply.body), response }
}

fn call_permission(reply: &shapes::Reply<'_>) -> Reply {
    let answer = match reply.response.string().as_deref() {
        Some("accept") => Some(PermissionAnswer::Accept),
        Some("reject") => Some(PermissionAnswer::Reject),
        _ => None,
    };
    let source = match reply.response_source.string().as_deref() {
        Some("user_action") => Some(PermissionSource::UserAction),
        Some("automatic") => Some(PermissionSource::Automatic),
        _ => None,
    };
    let permanent = reply.is_permanent.is_true().then_some(Permanence::Permanent);
    // In the future, so that the moment at which it came says nothing of whether it can be believed.
    let until = reply.expiration_timestamp.whole_number().and_then(|seconds| seconds.checked_mul(1_000));
    Reply::CallPermission(CallPermission {
        answer,
        permanence: permanent.or_else(|| reply.is_permanent.is_false().then_some(Permanence::Temporary)),
        until: until.filter(|millis| *millis > 0).map(Timestamp::from_millis),
        source,
    })
}
