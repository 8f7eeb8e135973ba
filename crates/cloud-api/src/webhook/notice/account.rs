//! Accounts, and what belongs to all of their numbers.

use waypost_domain::notice::{
    AccountAlert, AccountChange, AccountReview, Ban, Disconnection, FlowNotice, PartnerSolution,
    PaymentConfiguration, Restriction, SharedAccount, VolumeTier,
};

use super::{moment, object, objects, read, token};
use crate::json::Node;
use crate::shapes::{AlertInfo, ViolationInfo};
use crate::webhook::detail::{members, words};

pub(super) fn change(value: Node<'_>) -> AccountChange {
    read!(value => AccountChange {
        event = "event" as token,
        country = "country" as token,
        ban = "ban_info" as object(ban),
        restrictions = "restriction_info" as objects(Restriction::COUNT_MAX, restriction),
        violation = "violation_info" as |node| token(members::<ViolationInfo<'_>>(node).kind),
        shared = "waba_info" as object(shared),
        disconnection = "disconnection_info" as object(disconnection),
        tier = "volume_tier_info" as object(tier),
    })
}

fn ban(node: Node<'_>) -> Ban {
    read!(node => Ban { state = "waba_ban_state" as token, date = "waba_ban_date" as words })
}

fn restriction(node: Node<'_>) -> Restriction {
    read!(node => Restriction { kind = "restriction_type" as token, until = "expiration" as moment })
}

fn shared(node: Node<'_>) -> SharedAccount {
    read!(node => SharedAccount {
        waba = "waba_id" as token,
        owner = "owner_business_id" as token,
        partner_app = "partner_app_id" as token,
        solution = "solution_id" as token,
    })
}

fn disconnection(node: Node<'_>) -> Disconnection {
    read!(node => Disconnection { reason = "reason" as token, initiated_by = "initiated_by" as token })
}

fn tier(node: Node<'_>) -> VolumeTier {
    read!(node => VolumeTier {
        tier = "tier" as token,
        category = "pricing_category" as token,
        region = "region" as token,
        month = "effective_month" as token,
        since = "tier_update_time" as moment,
    })
}

pub(super) fn alert(value: Node<'_>) -> AccountAlert {
    let outer: AlertInfo<'_> = members(value);
    // Older ones have the parts of the alert beside the entity.
    let info = if outer.alert_info.is_null() { value } else { outer.alert_info };
    read!(info => AccountAlert {
        severity = "alert_severity" as token,
        status = "alert_status" as token,
        kind = "alert_type" as token,
        description = "alert_description" as words,
    }, { entity_kind: token(outer.entity_type), entity: token(outer.entity_id) })
}

pub(super) fn review(value: Node<'_>) -> AccountReview {
    read!(value => AccountReview { decision = "decision" as token })
}

pub(super) fn flow(value: Node<'_>) -> FlowNotice {
    read!(value => FlowNotice {
        event = "event" as token,
        flow = "flow_id" as token,
        message = "message" as words,
        old_status = "old_status" as token,
        new_status = "new_status" as token,
        alert_state = "alert_state" as token,
        error_rate = "error_rate" as token,
        threshold = "threshold" as token,
        availability = "availability" as token,
        p50_latency = "p50_latency" as token,
        p90_latency = "p90_latency" as token,
        requests = "requests_count" as token,
        warning = "warning" as words,
    })
}

pub(super) fn solution(value: Node<'_>) -> PartnerSolution {
    read!(value => PartnerSolution {
        event = "event" as token,
        solution = "solution_id" as token,
        status = "solution_status" as token,
    })
}

pub(super) fn payment(value: Node<'_>) -> PaymentConfiguration {
    read!(value => PaymentConfiguration {
        name = "configuration_name" as words,
        provider = "provider_name" as token,
        merchant = "provider_mid" as token,
        status = "status" as token,
        created_at = "created_timestamp" as moment,
        updated_at = "updated_timestamp" as moment,
    })
}
