//! Groups.

use waypost_domain::CustomerAliases;
use waypost_domain::notice::{Changed, FailedMember, GroupChange, GroupSetting, Member};

use super::{moment, objects, read, token};
use crate::errors::error_details;
use crate::json::Node;
use crate::shapes::{GroupMember, GroupSettings};
use crate::webhook::contacts::Names;
use crate::webhook::detail::{members, opaque, words};

pub(in crate::webhook) fn group(item: Node<'_>) -> GroupChange {
    read!(item => GroupChange {
        kind = "type" as token,
        group = "group_id" as token,
        request = "request_id" as token,
        reason = "reason" as token,
        subject = "subject" as words,
        description = "description" as words,
        invite_link = "invite_link" as opaque,
        join_approval = "join_approval_mode" as token,
        join_request = "join_request_id" as token,
        initiated_by = "initiated_by" as token,
        added = "added_participants" as objects(Member::COUNT_MAX, member),
        removed = "removed_participants" as objects(Member::COUNT_MAX, member),
        failed = "failed_participants" as objects(Member::COUNT_MAX, failed),
        errors = "errors" as error_details,
        at = "timestamp" as moment,
    }, { member: aliases(item), settings: settings(item) })
}

fn aliases(node: Node<'_>) -> Option<CustomerAliases> {
    let member: GroupMember<'_> = members(node);
    let names = Names {
        user_id: member.user_id.text(),
        parent_user_id: member.parent_user_id.text(),
        phone: member.wa_id.text(),
    };
    names.aliases(None)
}

fn member(node: Node<'_>) -> Member {
    read!(node => Member { input = "input" as token, username = "username" as token }, { aliases: aliases(node) })
}

fn failed(node: Node<'_>) -> FailedMember {
    read!(node => FailedMember { errors = "errors" as error_details }, { member: member(node) })
}

fn settings(item: Node<'_>) -> Vec<GroupSetting> {
    let settings: GroupSettings<'_> = members(item);
    [
        ("group_subject", settings.subject),
        ("group_description", settings.description),
        ("profile_picture", settings.picture),
    ]
    .into_iter()
    .filter(|(_, node)| !node.is_null())
    .map(|(name, node)| setting(name, node))
    .collect()
}

fn setting(name: &'static str, node: Node<'_>) -> GroupSetting {
    let changed = |node: Node<'_>| {
        node.is_true().then_some(Changed::Yes).or_else(|| node.is_false().then_some(Changed::No))
    };
    read!(node => GroupSetting {
        text = "text" as words,
        changed = "update_successful" as changed,
        errors = "errors" as error_details,
    }, { name: name })
}
