//! What is personal or secret is not in `Debug`, whatever it stands in: what is logged by accident is safe by type.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Debug;

use waypost_domain::customer::{Alias, AliasKind, CustomerAliases, CustomerName, ExternalId, Username};
use waypost_domain::listing::{FoundBy, StatusHop};
use waypost_domain::message::{ErrorDetail, RawJson};
use waypost_domain::pid::Pid;
use waypost_domain::{
    Assignment, Conversation, ConversationId, CustomerId, CustomerRow, CustomerSearch, Limits, LinkPreview,
    Login, OutboxEntry, OutboxId, OutboxState, PersonName, PhoneNumberId, PrincipalId, Recipient, Reported,
    SendIntent, StatusReport, Timestamp, Wamid,
};

/// It is in everything that is to be hidden.
const CANARY: &str = "15550007777";

#[track_caller]
fn check(value: &impl Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(CANARY) && !shown.contains("canary"), "{shown}");
    }
}

fn number() -> PhoneNumberId {
    PhoneNumberId::parse("100000000000101").unwrap()
}

fn aliases() -> CustomerAliases {
    CustomerAliases::new([Alias::parse(AliasKind::Phone, CANARY).unwrap()]).unwrap()
}

fn name() -> CustomerName {
    CustomerName::parse("canary").unwrap()
}

fn wrong() -> ErrorDetail {
    ErrorDetail { code: 131_026, title: Some("to canary".into()), details: Some(CANARY.into()) }
}

fn at() -> Timestamp {
    Timestamp::from_millis(1)
}

fn customer() -> CustomerId {
    CustomerId::from_bytes([1; 16])
}

fn conversation() -> ConversationId {
    ConversationId::from_bytes([2; 16])
}

#[test]
fn names_of_people_and_secrets_are_hidden() {
    check(&aliases());
    check(&name());
    check(&Username::parse("canary").unwrap());
    check(&ExternalId::parse("canary").unwrap());
    check(&Wamid::parse("wamid.canary").unwrap());
    check(&RawJson::new(format!("{{\"from\":\"{CANARY}\"}}")));
    check(&Login::parse("canary").unwrap());
    check(&PersonName::parse("canary").unwrap());
    check(&CustomerSearch::parse(CANARY).unwrap());
    let pid = Pid::from_random(0x1555_0007_7770);
    assert!(!format!("{pid:?}").contains(&pid.expose()[20..31]));
}

#[test]
fn so_is_what_they_stand_in() {
    check(&wrong());
    check(&Limits { customers: Some([CANARY.into()].into()), ..Limits::default() });
    check(&CustomerRow {
        found_by: FoundBy::Alias,
        id: customer(),
        number: CANARY.into(),
        name: Some(name()),
        created_at: at(),
    });
    check(&Conversation {
        id: conversation(),
        customer: customer(),
        customer_number: CANARY.into(),
        customer_name: Some(name()),
        number: number(),
        last_message_at: at(),
        last_message: None,
        opened_at: None,
        referral_answered_at: None,
        assignment: Assignment::default(),
    });
    check(&StatusHop {
        reported: Reported::Sent,
        participant: Some(CANARY.into()),
        at: at(),
        errors: vec![wrong()],
        pricing: None,
    });
    check(&StatusReport {
        number: number(),
        wamid: Wamid::parse("wamid.canary").unwrap(),
        reported: Reported::Failed,
        customer: Some(aliases()),
        participant: Some(CANARY.into()),
        errors: vec![wrong()],
        pricing: None,
        at: None,
        raw: RawJson::new("\"canary\""),
    });
}

#[test]
fn so_is_what_is_sent() {
    check(&SendIntent {
        principal: PrincipalId::parse("key:1").unwrap(),
        idempotency_key: "canary".into(),
        number: number(),
        recipient: Recipient::Aliases(aliases()),
        body: "canary".into(),
        preview: LinkPreview::Hidden,
    });
    check(&OutboxEntry {
        id: OutboxId::from_parts(at(), 1),
        conversation: conversation(),
        customer: customer(),
        number: number(),
        state: OutboxState::Failed,
        message: None,
        error: Some(wrong()),
        body: "canary".into(),
        at: at(),
    });
}
