//! Business numbers, and what the business may do with them.

use waypost_domain::CustomerAliases;
use waypost_domain::notice::{
    BusinessUsername, Capability, Handover, NumberLimits, NumberName, SecurityNotice,
};

use super::{count, moment, read, token};
use crate::json::Node;
use crate::shapes::{HandoverControl, HandoverParts, HandoverSender};
use crate::webhook::contacts::Names;
use crate::webhook::detail::{members, opaque, words};

pub(super) fn limits(value: Node<'_>) -> NumberLimits {
    read!(value => NumberLimits {
        number = "display_phone_number" as token,
        event = "event" as token,
        daily_limit = "max_daily_conversations_per_business" as token,
        old_limit = "old_limit" as token,
        current_limit = "current_limit" as token,
    })
}

pub(super) fn name(value: Node<'_>) -> NumberName {
    read!(value => NumberName {
        number = "display_phone_number" as token,
        decision = "decision" as token,
        requested = "requested_verified_name" as words,
        rejection = "rejection_reason" as token,
    })
}

pub(super) fn capability(value: Node<'_>) -> Capability {
    read!(value => Capability {
        daily_limit = "max_daily_conversations_per_business" as token,
        numbers_per_business = "max_phone_numbers_per_business" as count,
        numbers_per_waba = "max_phone_numbers_per_waba" as count,
    })
}

pub(super) fn username(value: Node<'_>) -> BusinessUsername {
    read!(value => BusinessUsername {
        number = "display_phone_number" as token,
        username = "username" as token,
        status = "status" as token,
    })
}

pub(super) fn security(value: Node<'_>) -> SecurityNotice {
    read!(value => SecurityNotice {
        number = "display_phone_number" as token,
        event = "event" as token,
        requester = "requester" as token,
    })
}

pub(super) fn handover(value: Node<'_>) -> Handover {
    let parts: HandoverParts<'_> = members(value);
    let (control, told) = if parts.passed.is_null() && !parts.taken.is_null() {
        ("taken", parts.taken)
    } else {
        ("passed", parts.passed)
    };
    Handover {
        control: (!told.is_null()).then(|| waypost_domain::detail::Token::parse(control)).flatten(),
        metadata: words(members::<HandoverControl<'_>>(told).metadata),
        customer_number: opaque(members::<HandoverSender<'_>>(parts.sender).phone_number),
        at: moment(parts.timestamp),
    }
}

pub(super) fn customer_of_handover(value: Node<'_>) -> Option<CustomerAliases> {
    let sender: HandoverSender<'_> = members(members::<HandoverParts<'_>>(value).sender);
    let names = Names {
        user_id: sender.user_id.text(),
        parent_user_id: sender.parent_user_id.text(),
        phone: sender.phone_number.text(),
    };
    names.aliases(None)
}
