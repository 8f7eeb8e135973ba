//! Calls: what `calls` and the statuses of calls say. These never mix with the statuses of messages.

use waypost_domain::{Call, CallReport, CallStage, Direction, RawJson};

use super::contacts::Names;
use super::message::{Flaw, Surroundings, time, wamid};
use super::notice::count;
use crate::json::Node;
use crate::shapes::{CallItem, StatusItem};

/// What Meta's ids of calls begin with.
const ID_PREFIX: &str = "wacid.";

/// Whether a status is one of a call.
pub(super) fn is_status_of_call(item: Node<'_>) -> bool {
    // Most are not, and are not worth being read twice.
    item.raw().is_some_and(|raw| raw.contains("call") || raw.contains(ID_PREFIX))
        && item.object::<StatusItem<'_>>().is_some_and(|fields| {
            fields.kind.string().as_deref() == Some("call")
                || fields.id.string().is_some_and(|id| id.starts_with(ID_PREFIX))
        })
}

/// What an item of `calls` says; `Ok(None)` where it is no step of a call (a recording is there, …).
pub(super) fn call(item: Node<'_>, around: &Surroundings<'_>) -> Result<Option<CallReport>, Flaw> {
    let fields: CallItem<'_> = item.object().ok_or(Flaw::NoObject)?;
    let id = wamid(fields.id)?;
    let Some(stage) = stage(&fields) else { return Ok(None) };
    let direction = direction(&fields);
    let (names, member) = match direction {
        Direction::Inbound => (
            Names {
                user_id: fields.from_user_id.text(),
                parent_user_id: fields.from_parent_user_id.text(),
                phone: fields.from.text(),
            },
            ("from", fields.from),
        ),
        Direction::Outbound => (
            Names {
                user_id: fields.to_user_id.text(),
                parent_user_id: fields.to_parent_user_id.text(),
                phone: fields.to.text(),
            },
            ("to", fields.to),
        ),
    };
    let customer = around.contacts.customer(&names).ok_or_else(|| Flaw::of(member.0, member.1))?;
    let call = Call {
        stage,
        began_at: time(fields.start_time, around.received),
        ended_at: time(fields.end_time, around.received),
        talk_seconds: count(fields.duration),
    };
    Ok(Some(CallReport {
        number: around.number.clone(),
        waba: around.waba.clone(),
        id,
        customer: customer.aliases,
        customer_name: customer.name,
        direction,
        call,
        at: time(fields.timestamp, around.received),
        raw: RawJson::new(item.raw().unwrap_or_default()),
    }))
}

fn stage(fields: &CallItem<'_>) -> Option<CallStage> {
    let status = || fields.status.string().map(|word| word.to_ascii_uppercase());
    match fields.event.string()?.as_ref() {
        "connect" => Some(CallStage::Offered),
        "terminate" if status().as_deref() == Some("FAILED") => Some(CallStage::Failed),
        "terminate" => Some(CallStage::Completed),
        _ => None,
    }
}

fn direction(fields: &CallItem<'_>) -> Direction {
    match fields.direction.string().as_deref() {
        Some("BUSINESS_INITIATED") => Direction::Outbound,
        Some("USER_INITIATED") => Direction::Inbound,
        // Only the customer has a BSUID.
        _ if !fields.to_user_id.is_null() => Direction::Outbound,
        _ => Direction::Inbound,
    }
}

/// What a status of a call that we made says; `Ok(None)` where its word is not known.
pub(super) fn call_status(item: Node<'_>, around: &Surroundings<'_>) -> Result<Option<CallReport>, Flaw> {
    let fields: StatusItem<'_> = item.object().ok_or(Flaw::NoObject)?;
    let id = wamid(fields.id)?;
    let word = fields.status.string().ok_or_else(|| Flaw::of("status", fields.status))?;
    let stage = match word.to_ascii_uppercase().as_str() {
        "RINGING" => CallStage::Ringing,
        "ACCEPTED" => CallStage::Accepted,
        "REJECTED" => CallStage::Rejected,
        _ => return Ok(None),
    };
    let names = Names {
        user_id: fields.recipient_user_id.text(),
        parent_user_id: fields.recipient_parent_user_id.text(),
        phone: fields.recipient_id.text(),
    };
    let customer =
        around.contacts.customer(&names).ok_or_else(|| Flaw::of("recipient_id", fields.recipient_id))?;
    Ok(Some(CallReport {
        number: around.number.clone(),
        waba: around.waba.clone(),
        id,
        customer: customer.aliases,
        customer_name: customer.name,
        direction: Direction::Outbound,
        call: Call::at(stage),
        at: time(fields.timestamp, around.received),
        raw: RawJson::new(item.raw().unwrap_or_default()),
    }))
}
