//! What can be read again: an item with what stood around it, and a message of a type that was not known.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use waypost_cloud_api::webhook::{Foreign, Signed, TEST_FIELD, parse, parse_signed, read_again, restore};
use waypost_domain::{
    AppName, Claim, Claims, DeadLetter, DeadLetterKind, Fact, PhoneNumberId, Source, Timestamp, WabaId,
};

const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

fn letters(facts: Vec<Fact>) -> Vec<DeadLetter> {
    facts
        .into_iter()
        .filter_map(|fact| if let Fact::Dead(letter) = fact { Some(letter) } else { None })
        .collect()
}

fn recorded(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/webhooks").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// So that what is wrong with an item is the only thing that is wrong with what is kept of it.
#[test]
fn an_item_with_what_stood_around_it_is_the_same_dead_letter_again() {
    let mut count = 0;
    for (file, body) in recorded("bad") {
        for letter in letters(parse(&body, RECEIVED)) {
            let Some(around) = &letter.around else { continue };
            let again = parse(&restore(around, &letter.raw), RECEIVED);
            // Alone, what is no change makes the whole body one that holds nothing.
            let is_same = |again: &DeadLetter| again.kind == DeadLetterKind::Empty || again.raw == letter.raw;
            let again = letters(again);
            assert!(again.len() == 1 && is_same(&again[0]), "{file}: {} {again:?}", letter.reason);
            count += 1;
        }
    }
    assert!(count > 10, "{count} letters");
}

/// An item that a later version reads is the fact that it would have been.
#[test]
fn a_mended_item_is_what_it_would_have_been() {
    for (field, list, good) in [
        ("messages", "messages", r#"{"from":"1","id":"wamid.1","type":"text","text":{"body":"hi"}}"#),
        ("messages", "statuses", r#"{"id":"wamid.1","status":"read"}"#),
        ("smb_message_echoes", "message_echoes", r#"{"to":"15550002001","id":"wamid.1","type":"text"}"#),
    ] {
        let body = |item: &str| {
            format!(
                r#"{{"object":"whatsapp_business_account","entry":[{{"id":"2","time":1794000000,"changes":[{{"field":"{field}",
                "value":{{"metadata":{{"phone_number_id":"101"}},"contacts":[{{"wa_id":"15550002001","user_id":"US.1",
                "profile":{{"name":"null"}}}}],"{list}":[{item}]}}}}]}}]}}"#
            )
        };
        let letter = letters(parse(body("7").as_bytes(), RECEIVED)).remove(0);
        let good = good.replace(r#""from":"1""#, r#""from":"15550002001","from_user_id":"US.1""#);
        let mended = restore(letter.around.as_ref().unwrap(), good.as_bytes());
        assert_eq!(parse(&mended, RECEIVED), parse(body(&good).as_bytes(), RECEIVED), "{field} {list}");
    }
}

/// The contact beside it is another's, which shows only as long as the other is there.
#[test]
fn a_mended_item_gets_no_name_from_anothers_contact() {
    let body = r#"{"object":"whatsapp_business_account","entry":[{"id":"2","changes":[{"field":"messages","value":{
        "metadata":{"phone_number_id":"101"},"contacts":[{"profile":{"name":"Ana"},"user_id":"US.1"}],
        "messages":[{"from_user_id":"US.1","id":"wamid.1","type":"text"},7]}}]}]}"#;
    let letter = letters(parse(body.as_bytes(), RECEIVED)).remove(0);
    let mended =
        restore(letter.around.as_ref().unwrap(), br#"{"from":"15550002002","id":"wamid.2","type":"text"}"#);
    let [Fact::Message(message)] = &parse(&mended, RECEIVED)[..] else { panic!() };
    assert_eq!((message.customer_name.as_ref(), message.customer.shown_number()), (None, "15550002002"));
}

#[test]
fn a_claimed_number_speaks_through_its_app_and_account_only() {
    let (ours, other) = (AppName::parse("default").unwrap(), AppName::parse("other").unwrap());
    let (number, waba) = (PhoneNumberId::parse("101").unwrap(), |id| WabaId::parse(id).unwrap());
    let mut claims = Claims::default();
    claims.claim(number.clone(), Claim { app: ours.clone(), waba: Some(waba("2")) });
    let change = r#"{"field":"messages","value":{"metadata":{"phone_number_id":"101"},"statuses":[{"id":"w","status":"read"}]}}"#;
    let beside = change.replace("101", "109");
    let body = |id| {
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{id}","changes":[{change},{beside}]}}]}}"#
        )
    };
    let read = |app, id| parse_signed(body(id).as_bytes(), RECEIVED, Signed { app, claims: &claims });
    assert_eq!(read(&ours, "2").foreign, []);
    for (app, id, kind) in
        [(&other, "2", DeadLetterKind::ForeignApp), (&ours, "3", DeadLetterKind::ForeignWaba)]
    {
        let parsed = read(app, id);
        assert_eq!(
            parsed.foreign,
            [Foreign { kind, number: number.clone(), waba: Some(waba(id)), changes: 1 }]
        );
        assert!(matches!(parsed.facts[..], [Fact::Dead(_), Fact::Status(_)]), "its neighbour is a fact");
        let letter = letters(parsed.facts).remove(0);
        assert_eq!((letter.kind, letter.raw.as_slice()), (kind, change.as_bytes()));
        // Once it is not foreign any more, it says what it always said.
        let restored = restore(letter.around.as_ref().unwrap(), &letter.raw);
        assert!(matches!(parse(&restored, RECEIVED)[..], [Fact::Status(_)]));
    }
}

#[test]
fn a_flood_of_foreign_changes_is_kept_in_few_dead_letters() {
    let (ours, other) = (AppName::parse("default").unwrap(), AppName::parse("other").unwrap());
    let number = PhoneNumberId::parse("101").unwrap();
    let mut claims = Claims::default();
    claims.claim(number.clone(), Claim { app: ours, waba: None });
    let change = r#"{"value":{"metadata":{"phone_number_id":"101"}}}"#;
    let flood = format!("{change},").repeat(20_000);
    let body =
        format!(r#"{{"object":"whatsapp_business_account","entry":[{{"id":"2","changes":[{flood}{{}}]}}]}}"#);
    let parsed = parse_signed(body.as_bytes(), RECEIVED, Signed { app: &other, claims: &claims });
    let (kind, waba) = (DeadLetterKind::ForeignApp, WabaId::parse("2"));
    assert_eq!(parsed.foreign, [Foreign { kind, number, waba, changes: 20_000 }]);
    let letters = letters(parsed.facts);
    assert_eq!(letters.len(), 101);
    let rest = letters.last().unwrap();
    assert_eq!(rest.kind, kind);
    let first = "entry[0].changes[100]: for a number that is claimed for another app or account";
    assert_eq!(rest.reason, format!("body: 19901 more items; the first: {first}"));
    assert_eq!(rest.raw.len(), 19_900 * (change.len() + 1) + 4, "all of them are there");
}

#[test]
fn the_dashboards_test_is_told_and_is_nothing_else() {
    let path = "../../tests/fixtures/webhooks/dashboard-test-message.json";
    let body = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let facts = parse(&body, RECEIVED);
    let [Fact::Field(report)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!((&*report.field, &report.number, &report.customer), (TEST_FIELD, &None, &None));
    let changes = r#"{"field":"messages","value":{}},"#.repeat(20_000);
    let flood =
        format!(r#"{{"object":"whatsapp_business_account","entry":[{{"id":"0","changes":[{changes}7]}}]}}"#);
    let [Fact::Field(report)] = &parse(flood.as_bytes(), RECEIVED)[..] else { panic!() };
    assert!(report.raw.as_str().len() > 20_000 * 30, "the whole entry is there");
    // Another account's message is none, whatever else it looks like.
    let body = String::from_utf8(body).unwrap().replace(r#""id": "0""#, r#""id": "01""#);
    assert!(matches!(parse(body.as_bytes(), RECEIVED)[..], [Fact::Message(_)]));
}

#[test]
fn a_message_is_read_again_out_of_its_item_where_its_type_is_known() {
    let read =
        |item: &str| read_again(item, Source::Customer, RECEIVED).map(|(kind, content, _)| (kind, content));
    assert_eq!(read(r#"{"id":"wamid.1","type":"hologram"}"#), None);
    assert_eq!(read("[]"), None);
    let edit = |message: &str| {
        format!(
            r#"{{"id":"wamid.1","type":"edit","edit":{{"original_message_id":"wamid.0","message":{message}}}}}"#
        )
    };
    for unread in [r#"{"type":"hologram","hologram":{}}"#, r#"{"type":"text"}"#, "7"] {
        assert_eq!(read(&edit(unread)), None, "{unread}");
    }
    let (kind, content) = read(&edit(r#"{"type":"text","text":{"body":"hi"}}"#)).unwrap();
    assert_eq!((kind.as_str(), &*content), ("edit", "hi"));
    for known in ["request_welcome", "media_placeholder"] {
        assert!(read(&format!(r#"{{"id":"wamid.1","type":"{known}"}}"#)).is_some(), "{known}");
    }
    let (kind, content) = read(r#"{"type":"image","image":{"caption":"a lid"}}"#).unwrap();
    assert_eq!((kind.as_str(), content.as_str()), ("image", "a lid"));
}
