//! What holds whatever stands where a detail belongs.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;
use waypost_domain::{Fact, RawJson};

use crate::{RECEIVED, fixtures, parse};

/// A type, and the member that says more of it.
const TYPES: [&str; 18] = [
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "interactive",
    "button",
    "reaction",
    "order",
    "system",
    "edit",
    "revoke",
    "unsupported",
    "unknown",
    "hologram",
];

/// Words that are looked for, so that what is made up goes deep.
const KEYS: [&str; 44] = [
    "id",
    "type",
    "body",
    "preview_url",
    "mime_type",
    "sha256",
    "url",
    "caption",
    "filename",
    "voice",
    "animated",
    "latitude",
    "longitude",
    "name",
    "address",
    "phones",
    "phone",
    "wa_id",
    "emails",
    "email",
    "addresses",
    "street",
    "urls",
    "org",
    "company",
    "origin",
    "button_reply",
    "list_reply",
    "nfm_reply",
    "response_json",
    "title",
    "call_permission_reply",
    "expiration_timestamp",
    "message_id",
    "emoji",
    "product_items",
    "item_price",
    "quantity",
    "original_message_id",
    "message",
    "referred_product",
    "user_id",
    "source_type",
    "media_type",
];

const PLAIN: [&str; 5] = ["null", "true", "false", "-1", "39.9"];

/// With what is JSON, but nothing that a number or a string can be.
const ODD: [&str; 7] = ["null", "true", "false", "-1", "39.90", "1e999", r#""\ud83d""#];

/// Any JSON, as text: of a few of the keys that are known, of any other, and of `plain`.
fn json(plain: &'static [&'static str]) -> impl Strategy<Value = String> {
    let text = prop_oneof![
        prop::sample::select(TYPES.to_vec()).prop_map(str::to_owned),
        prop::sample::select(vec!["", "7", "-1.5", "image", "ad", "\u{0}", "QQ==", "żółw"])
            .prop_map(str::to_owned),
        ".{0,12}",
    ];
    let text = text.prop_map(|text| Value::String(text).to_string());
    let leaf = prop_oneof![
        4 => text,
        1 => prop::sample::select(plain).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let key =
            prop_oneof![4 => prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned), 1 => ".{0,5}"];
        let member = (key, inner.clone()).prop_map(|(key, value)| format!("{}:{value}", Value::String(key)));
        prop_oneof![
            1 => prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            3 => prop::collection::vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// JSON text of a value, the members of each object in an order that `seed` decides.
fn shuffled(value: &Value, seed: u64) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| shuffled(item, seed)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<(u64, String)> = members
                .iter()
                .map(|(key, member)| {
                    let rank = key
                        .bytes()
                        .fold(seed, |rank, byte| (rank ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
                    (rank, format!("{}:{}", Value::String(key.clone()), shuffled(member, seed)))
                })
                .collect();
            members.sort();
            let mut text = String::new();
            for (_, member) in members {
                let separator = if text.is_empty() { "" } else { "," };
                write!(text, "{separator}{member}").unwrap();
            }
            format!("{{{text}}}")
        }
        other => other.to_string(),
    }
}

/// A webhook with one message: its type, and what stands as its detail, its context and its referral.
fn webhook(kind: &str, [detail, context, referral]: [&str; 3]) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"2","changes":[{{"field":"messages","value":
        {{"metadata":{{"phone_number_id":"101"}},"messages":[{{"from":"15550002001","id":"wamid.1",
        "type":"{kind}","{kind}":{detail},"context":{context},"referral":{referral}}}]}}}}]}}]}}"#
    )
}

/// The facts of a body without their raw items, which keep the order as it came.
fn without_raw(body: &[u8]) -> Vec<Fact> {
    let mut facts = parse(body, RECEIVED);
    for fact in &mut facts {
        match fact {
            Fact::Message(message) => message.raw = RawJson::new("{}"),
            Fact::Status(status) => {
                status.raw = RawJson::new("{}");
                status.pricing = None;
            }
            Fact::Past(past) => past.message.raw = RawJson::new("{}"),
            Fact::Call(report) => report.raw = RawJson::new("{}"),
            Fact::Field(report) => report.raw = RawJson::new("{}"),
            Fact::Dead(letter) => letter.raw.clear(),
        }
    }
    facts
}

proptest! {
    #[test]
    fn a_message_stays_whatever_its_detail_is(
        kind in prop::sample::select(TYPES.to_vec()),
        (detail, context, referral) in (json(&ODD), json(&ODD), json(&ODD)),
    ) {
        let body = webhook(kind, [&detail, &context, &referral]);
        let facts = parse(body.as_bytes(), RECEIVED);
        prop_assert_eq!(facts.len(), 1);
        match &facts[0] {
            Fact::Message(message) => prop_assert_eq!(message.kind.as_str(), kind),
            // A change that says nothing usable of what it changes.
            Fact::Dead(_) => prop_assert!(["reaction", "edit", "revoke"].contains(&kind)),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn the_order_of_keys_means_nothing(
        kind in prop::sample::select(TYPES.to_vec()),
        (detail, context) in (json(&PLAIN), json(&PLAIN)),
        seed in any::<u64>(),
    ) {
        let value: Value = serde_json::from_str(&webhook(kind, [&detail, &context, "null"])).unwrap();
        let (plain, shuffled) = (value.to_string(), shuffled(&value, seed));
        prop_assert!(without_raw(plain.as_bytes()) == without_raw(shuffled.as_bytes()));
    }

    #[test]
    fn the_order_of_a_fixtures_keys_means_nothing(body in prop::sample::select(fixtures("")), seed in any::<u64>()) {
        let (name, body) = body;
        let value: Value = serde_json::from_slice(&body).unwrap();
        let (plain, shuffled) = (value.to_string(), shuffled(&value, seed));
        prop_assert!(without_raw(plain.as_bytes()) == without_raw(shuffled.as_bytes()), "{name}");
    }
}
