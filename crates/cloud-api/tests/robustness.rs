//! Whatever comes, parsing ends, and what is broken concerns nobody else.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use waypost_cloud_api::{SignatureHeader, parse};
use waypost_domain::{Fact, Timestamp};

const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

/// The fixtures that are small enough to be mutated often.
fn fixtures() -> Vec<Vec<u8>> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it when it runs a test");
    let folder = Path::new(&package).join("../../tests/fixtures/webhooks");
    let files =
        [folder.clone(), folder.join("bad")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let json = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| fs::read(path).unwrap()).filter(|body| body.len() < 8_000).collect()
}

/// Things that a webhook might hold where something else belongs.
fn junk() -> impl Strategy<Value = String> {
    let plain = [
        "null",
        "7",
        "-1.5e300",
        "1e999",
        "true",
        r#""oops""#,
        r#""\ud83d""#,
        r#""\u0000""#,
        "[]",
        "{}",
        "[[]]",
        r#"{"\ud83d":1}"#,
        r#"{"id":"","type":"text"}"#,
        r#"{"id":"w","status":7,"type":7}"#,
        r#"{"id":{"id":[]}}"#,
    ];
    prop_oneof![
        prop::sample::select(plain.to_vec()).prop_map(str::to_owned),
        (1..3_000_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
        ".{0,40}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ]
}

/// Where junk is put in.
#[derive(Clone, Copy, Debug)]
enum Level {
    Entry,
    Change,
    Message,
    Status,
    Contact,
    UnknownMember,
}

/// A webhook of two entries of two changes with three messages and a status each, and `junk` in one place.
fn webhook(junk: Option<(Level, usize, &str)>) -> Vec<u8> {
    let mut places = 0;
    let mut with_junk = |level: Level, mut list: Vec<String>| {
        if let Some((wanted, place, junk)) = junk
            && wanted as usize == level as usize
        {
            // The n-th list of the level gets it, at the n-th position.
            if places == place % 2 {
                list.insert(place % (list.len() + 1), junk.to_owned());
            }
            places += 1;
        }
        list.join(",")
    };
    let mut id = 0;
    let mut entries = Vec::new();
    for entry in 0..2 {
        let mut changes = Vec::new();
        for change in 0..2 {
            let number = 10 * entry + change;
            let mut message = || {
                id += 1;
                format!(
                    r#"{{"from":"1555{id:04}","id":"wamid.{id}","type":"text","text":{{"body":"hi {id}"}}}}"#
                )
            };
            let messages = with_junk(Level::Message, vec![message(), message(), message()]);
            let statuses =
                with_junk(Level::Status, vec![format!(r#"{{"id":"wamid.{number}","status":"read"}}"#)]);
            let contact = format!(r#"{{"wa_id":"1555{id:04}","profile":{{"name":"P{id}"}}}}"#);
            let contacts = with_junk(Level::Contact, vec![contact]);
            let member = with_junk(Level::UnknownMember, Vec::new());
            let member = if member.is_empty() { String::new() } else { format!(r#""new":{member},"#) };
            changes.push(format!(
                r#"{{{member}"field":"messages","value":{{{member}"contacts":[{contacts}],"messages":[{messages}],
                "metadata":{{"phone_number_id":"{number}"}},"statuses":[{statuses}]}}}}"#
            ));
        }
        entries.push(format!(r#"{{"id":"2{entry}","changes":[{}]}}"#, with_junk(Level::Change, changes)));
    }
    let entries = with_junk(Level::Entry, entries);
    format!(r#"{{"object":"whatsapp_business_account","entry":[{entries}]}}"#).into_bytes()
}

fn good(facts: Vec<Fact>) -> Vec<Fact> {
    facts.into_iter().filter(|fact| !matches!(fact, Fact::Dead(_))).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_parsed(body in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!parse(&body, RECEIVED).is_empty());
        prop_assert!(SignatureHeader::parse(&body).is_err());
    }

    #[test]
    fn a_mutated_fixture_is_parsed(
        body in prop::sample::select(fixtures()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut body = body;
        for (at, byte) in edits {
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len() + 1));
        }
        // Nothing is kept twice: what comes out is in proportion to what came in.
        let weight: usize = parse(&body, RECEIVED).iter().map(Fact::weight_bytes).sum();
        prop_assert!(weight <= 8 * body.len() + 1_024, "{weight} bytes out of {}", body.len());
    }

    #[test]
    fn something_broken_changes_nothing_else(
        level in prop::sample::select(vec![
            Level::Entry, Level::Change, Level::Message, Level::Status, Level::Contact, Level::UnknownMember,
        ]),
        place in 0..8_usize,
        junk in junk(),
    ) {
        let expected = parse(&webhook(None), RECEIVED);
        prop_assert_eq!(expected.len(), 16);
        let found = parse(&webhook(Some((level, place, &junk))), RECEIVED);
        prop_assert_eq!(good(found), expected);
    }
}
