//! What bodies become, case by case.

use waypost_cloud_api::parse;
use waypost_domain::detail::{Item, Token};
use waypost_domain::{
    Alias, AliasKind, DeadLetterKind, Fact, FieldReport, Notice, PortfolioId, ReceivedMessage, StatusReport,
    Tie, Timestamp, Typed, Username, WabaId,
};

const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

/// A webhook with one change, whose value has the members `value` beside its number.
fn webhook(field: &str, value: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"2","changes":[{{"field":"{field}","value":
        {{"metadata":{{"phone_number_id":"101"}},{value}}}}}]}}]}}"#
    )
}

fn facts(field: &str, value: &str) -> Vec<Fact> {
    parse(webhook(field, value).as_bytes(), RECEIVED)
}

fn message(value: &str) -> ReceivedMessage {
    match facts("messages", value).remove(0) {
        Fact::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

/// A message of a type, with the members that hold its content.
fn typed(kind: &str, members: &str) -> ReceivedMessage {
    message(&format!(r#""messages":[{{"from":"15550002001","id":"wamid.1","type":"{kind}",{members}}}]"#))
}

fn status(members: &str) -> StatusReport {
    match facts("messages", &format!(r#""statuses":[{{"id":"wamid.1","status":"read",{members}}}]"#))
        .remove(0)
    {
        Fact::Status(status) => *status,
        other => panic!("{other:?}"),
    }
}

fn reasons(body: &str) -> Vec<(DeadLetterKind, String)> {
    let facts = parse(body.as_bytes(), RECEIVED).into_iter();
    let dead = facts.filter_map(|fact| if let Fact::Dead(letter) = fact { Some(letter) } else { None });
    dead.map(|letter| (letter.kind, letter.reason)).collect()
}

#[test]
fn content_is_what_a_person_would_read() {
    for (kind, members, expected) in [
        ("text", r#""text":{"body":" as it is\n"}"#, " as it is\n"),
        ("text", r#""text":{"body":""}"#, ""),
        ("text", r#""text":{"body":"half \ud83d a pair \ude00"}"#, "half \u{fffd} a pair \u{fffd}"),
        ("text", r#""text":{"body":"\ud83d\ud83d\ude00\ud83d"}"#, "\u{fffd}😀\u{fffd}"),
        ("text", r#""text":null"#, "[text]"),
        ("image", r#""image":{"caption":"lid"}"#, "lid"),
        ("image", r#""image":{"caption":""}"#, "[image]"),
        ("video", r#""errors":[{"code":131052}]"#, "[video]"),
        ("document", r#""document":{"filename":"a.pdf"}"#, "a.pdf"),
        ("document", r#""document":{"filename":"a.pdf","caption":"signed"}"#, "signed"),
        ("audio", r#""audio":{"voice":true}"#, "[voice message]"),
        ("audio", r#""audio":{"voice":"yes"}"#, "[audio]"),
        ("sticker", r#""sticker":{}"#, "[sticker]"),
        ("location", r#""location":{"latitude":50.08,"longitude":"14.42"}"#, "📍 50.08, 14.42"),
        ("location", r#""location":{"latitude":1,"longitude":2,"address":"Square 1"}"#, "📍 Square 1"),
        ("location", r#""location":{"latitude":50.08}"#, "[location]"),
        ("location", r#""location":{"latitude":1e999,"longitude":14.42}"#, "[location]"),
        (
            "contacts",
            r#""contacts":[{"name":{"first_name":"Eva","last_name":"Malá"}},{"phones":[{"wa_id":"1"}]},{}]"#,
            "Eva Malá, 1",
        ),
        ("contacts", r#""contacts":[]"#, "[contact]"),
        ("interactive", r#""interactive":{"button_reply":{"id":"a","title":"Yes"}}"#, "Yes"),
        ("interactive", r#""interactive":{"list_reply":{"title":"09:30","description":"room 4"}}"#, "09:30"),
        ("interactive", r#""interactive":{"nfm_reply":{"body":"Sent"}}"#, "Sent"),
        ("interactive", r#""interactive":"oops""#, "[interactive]"),
        ("button", r#""button":{"payload":"YES"}"#, "YES"),
        ("reaction", r#""reaction":{"message_id":"wamid.0","emoji":"👍🏽"}"#, "👍🏽"),
        ("reaction", r#""reaction":{"message_id":"wamid.0"}"#, ""),
        ("reaction", r#""reaction":{"message_id":"wamid.0","emoji":null}"#, ""),
        ("order", r#""order":{"product_items":[{"product_retailer_id":"A","quantity":2},7]}"#, "🛒 2 × A"),
        ("system", r#""system":{"body":"changed"}"#, "changed"),
        ("system", r#""system":{"type":"user_changed_number","body":"changed"}"#, "changed"),
        ("system", r#""system":{"type":"user_changed_number"}"#, "[number changed]"),
        ("system", r#""system":{"type":"customer_identity_changed","body":""}"#, "[identity changed]"),
        ("system", r#""system":{"type":"user_left"}"#, "[system]"),
        ("unsupported", r#""unsupported":{"type":"poll_creation"}"#, "[unsupported message]"),
        (
            "hologram",
            r#""hologram":{"body":"boo"}"#,
            "[hologram: a kind of message that is not known here yet]",
        ),
        (
            "edit",
            r#""edit":{"original_message_id":"wamid.0","message":{"type":"image","image":{"caption":"left"}}}"#,
            "left",
        ),
        ("poll.v2", r#""poll.v2":{}"#, "[poll-v2: a kind of message that is not known here yet]"),
        // What another app sent, as the standby field copies it.
        ("template", r#""template":{"name":"order_update"}"#, "[template]"),
    ] {
        assert_eq!(typed(kind, members).content, expected, "{kind} {members}");
    }
}

/// What is nowhere in the message is shown with the item, and a plain text, of which there are most, without it.
#[test]
fn a_text_says_whether_its_item_says_more() {
    let item = |members: &str| {
        let message = message(&format!(r#""messages":[{{"id":"wamid.1","type":"text",{members}}}]"#));
        let Typed::Text(text) = message.detail.typed else { panic!("{members}") };
        text.item
    };
    for members in [
        r#""from":"15550002001","timestamp":"1794000037","text":{"body":"hi \ud83d\ude00"}"#,
        r#""from":15550002001,"from_user_id":"US.1","from_parent_user_id":null,"text":{"body":""},"context":null"#,
        r#""from":"15550002001","text":{"body":"hi","preview_url":null},"history_context":{"status":"READ"}"#,
    ] {
        assert_eq!(item(members), Item::Told, "{members}");
    }
    for members in [
        r#""text":null"#,
        r#""text":"hi""#,
        r#""text":{}"#,
        r#""text":{"body":7}"#,
        r#""text":{"body":["hi"]}"#,
        r#""text":{"body":"half \ud83d a pair"}"#,
        r#""text":{"body":"hi","font":"bold"}"#,
        r#""text":{"body":"hi"},"text":{"body":"hi"}"#,
        r#""text":{"body":"hi"},"foo":1"#,
        r#""text":{"body":"hi"},"\ud83d":1"#,
        r#""text":{"body":"hi"},"image":{"id":"1"}"#,
        r#""text":{"body":"hi"},"context":{"id":"wamid.0"}"#,
        r#""text":{"body":"hi"},"referral":7"#,
        r#""text":{"body":"hi"},"from_user_id":{"id":"US.1"}"#,
        r#""text":{"body":"hi"},"timestamp":"soon""#,
        r#""text":{"body":"hi"},"history_context":{"status":"READ","seen":1}"#,
    ] {
        assert_eq!(item(&format!(r#""from":"15550002001",{members}"#)), Item::SaysMore, "{members}");
    }
}

#[test]
fn a_change_of_another_message_that_does_not_say_of_which_or_to_what_is_a_dead_letter() {
    for (kind, members, flaw) in [
        ("reaction", r#""reaction":{"emoji":"👍"}"#, "reaction.message_id: missing"),
        ("reaction", r#""reaction":{"message_id":""}"#, "reaction.message_id: missing"),
        ("reaction", r#""reaction":{"message_id":{"id":"wamid.0"}}"#, "reaction.message_id: not usable"),
        ("reaction", r#""reaction":"👍""#, "reaction: not usable"),
        ("reaction", r#""context":{"id":"wamid.0"}"#, "reaction: missing"),
        ("revoke", r#""revoke":{}"#, "revoke.original_message_id: missing"),
        ("revoke", r#""revoke":{"original_message_id":[]}"#, "revoke.original_message_id: not usable"),
        ("revoke", r#""revoke":null"#, "revoke: missing"),
        ("edit", r#""edit":7"#, "edit: not usable"),
        (
            "edit",
            r#""edit":{"message":{"type":"text","text":{"body":"a"}}}"#,
            "edit.original_message_id: missing",
        ),
        (
            "edit",
            r#""edit":{"original_message_id":true,"message":{"type":"text","text":{"body":"a"}}}"#,
            "edit.original_message_id: not usable",
        ),
        ("edit", r#""edit":{"original_message_id":"wamid.0"}"#, "edit.message: missing"),
        ("edit", r#""edit":{"original_message_id":"wamid.0","message":{}}"#, "edit.message.type: missing"),
        (
            "edit",
            r#""edit":{"original_message_id":"wamid.0","message":{"type":"image"}}"#,
            "edit.message.image: missing",
        ),
        // An edit is no message that another could become.
        (
            "edit",
            r#""edit":{"original_message_id":"wamid.0","message":{"type":"edit","edit":{"message":{"type":"text"}}}}"#,
            "edit.message.type: not usable",
        ),
    ] {
        for (field, list) in [("messages", "messages"), ("smb_message_echoes", "message_echoes")] {
            let item = format!(
                r#"{{"from":"15550002001","to":"15550002001","id":"wamid.1","type":"{kind}",{members}}}"#
            );
            let body = webhook(field, &format!(r#""{list}":[{item}]"#));
            let reason = format!("entry[0].changes[0].value.{list}[0].{flaw}");
            assert_eq!(reasons(&body), [(DeadLetterKind::Item, reason)], "{kind} {members}");
        }
    }
}

#[test]
fn a_message_names_the_one_that_it_quotes() {
    for (kind, members, expected) in [
        ("text", r#""context":{"id":"wamid.0"}"#, Some("wamid.0")),
        ("text", r#""context":{"forwarded":true}"#, None),
        ("text", r#""context":"wamid.0""#, None),
        // What it changes is its detail.
        ("reaction", r#""reaction":{"message_id":"wamid.0"}"#, None),
    ] {
        let reply_to = typed(kind, members).reply_to;
        assert_eq!(reply_to.as_ref().map(|wamid| wamid.as_str()), expected, "{kind} {members}");
    }
}

#[test]
fn times_are_read_in_every_dress_and_believed_with_care() {
    for (stamp, expected) in [
        (r#""1794000012""#, Some(1_794_000_012_000)),
        ("1794000012", Some(1_794_000_012_000)),
        ("1794000012.75", Some(1_794_000_012_000)),
        (r#""1794000012.75""#, Some(1_794_000_012_000)),
        (r#""1794000012.x""#, None),
        (r#""1794000012000""#, None),
        ("-1", None),
        ("1e999", None),
        (r#""yesterday""#, None),
        ("99999999999999999999999999", None),
        ("null", None),
        ("[]", None),
        (r#""1794300000""#, None),
    ] {
        let at = status(&format!(r#""timestamp":{stamp}"#)).at;
        assert_eq!(at.map(Timestamp::as_millis), expected, "{stamp}");
    }
}

#[test]
fn ids_may_be_numbers_and_an_empty_one_is_none() {
    let message =
        message(r#""messages":[{"from":15550002001,"from_user_id":"","id":7,"type":"text","text":null}]"#);
    assert_eq!(message.wamid.as_str(), "7");
    assert_eq!(message.customer.shown_number(), "15550002001");
    assert!(message.customer.of_kind(AliasKind::Bsuid).is_none());
}

#[test]
fn an_id_that_cannot_be_decoded_is_not_guessed() {
    let body = webhook("messages", r#""messages":[{"from":"1","id":"wamid.\ud83d","type":"text"}]"#);
    let place = "entry[0].changes[0].value.messages[0].id: not usable";
    assert_eq!(reasons(&body), [(DeadLetterKind::Item, place.to_owned())]);
}

#[test]
fn of_a_member_that_comes_twice_the_last_one_counts() {
    let message = typed("image", r#""id":"wamid.2","type":"text","text":{"body":"a"},"text":{"body":"b"}"#);
    assert_eq!((message.wamid.as_str(), message.kind.as_str(), &*message.content), ("wamid.2", "text", "b"));
}

#[test]
fn a_key_with_escapes_is_the_same_key() {
    assert_eq!(typed("text", r#""\u0074ext":{"body":"hi"},"\ud83d":1"#).content, "hi");
}

#[test]
fn contacts_are_found_by_their_ids_in_any_order_and_number() {
    for people in [2, 9, 40] {
        let contact =
            |n: usize| format!(r#"{{"profile":{{"name":"P{n}"}},"wa_id":"1555{n:04}","user_id":"US.{n}"}}"#);
        let contacts: Vec<String> = (0..people).rev().map(contact).collect();
        let messages: Vec<String> = (0..people)
            .map(|n| match n % 2 {
                0 => format!(r#"{{"from_user_id":"US.{n}","id":"wamid.{n}","type":"text"}}"#),
                _ => format!(r#"{{"from":"1555{n:04}","id":"wamid.{n}","type":"text"}}"#),
            })
            .collect();
        let value = format!(r#""contacts":[7,{}],"messages":[{}]"#, contacts.join(","), messages.join(","));
        for (n, fact) in facts("messages", &value).into_iter().enumerate() {
            let Fact::Message(message) = fact else { panic!("{fact:?}") };
            assert_eq!(message.customer_name.unwrap().as_str(), format!("P{n}"));
            let alias = |kind| message.customer.of_kind(kind).unwrap().value.to_string();
            assert_eq!(alias(AliasKind::Bsuid), format!("US.{n}"));
            assert_eq!(alias(AliasKind::Phone), format!("1555{n:04}"));
        }
    }
}

#[test]
fn a_stranger_gets_no_name_from_a_contact() {
    let contact = r#""contacts":[{"profile":{"name":"Ana"},"wa_id":"15550002001","user_id":"US.1"}]"#;
    let other = r#"{"from":"15550002001","id":"wamid.2","type":"text"}"#;
    for (sender, beside) in [
        // Ana wrote the other one.
        (r#""from":"15550002002""#, format!(",{other}")),
        // The number is Ana's no longer.
        (r#""from":"15550002001","from_user_id":"US.2""#, String::new()),
    ] {
        let message = message(&format!(
            r#"{contact},"messages":[{{{sender},"id":"wamid.1","type":"text","text":null}}{beside}]"#
        ));
        assert_eq!(message.customer_name, None, "{sender}");
        assert!(message.customer.iter().all(|alias| &*alias.value != "US.1"), "{sender}");
    }
}

#[test]
fn a_contact_is_found_by_any_form_of_its_number_and_one_alone_without_it() {
    let others = (0..9).map(|n| format!(r#",{{"wa_id":"1555000{n:04}"}}"#)).collect::<String>();
    for (from, contact, beside) in [
        ("5511987659999", r#""wa_id":"551187659999""#, others.as_str()),
        ("5511987659999", r#""wa_id":"551187659999""#, ",{}"),
        ("15550003001", r#""wa_id":"+15550003001""#, ",{}"),
        ("+15550003001", r#""wa_id":"15550003001""#, ",{}"),
        ("+1 555 000 3001", r#""wa_id":15550003001"#, ",{}"),
        ("15550003001", r#""x":1"#, ""),
        ("5491150003001", r#""wa_id":"541150003001""#, ""),
    ] {
        let message = message(&format!(
            r#""contacts":[{{"profile":{{"name":"Ana"}},"user_id":"US.1",{contact}}}{beside}],
            "messages":[{{"from":"{from}","id":"wamid.1","type":"text"}}],"statuses":[]"#
        ));
        let id = message.customer.of_kind(AliasKind::Bsuid).map(|id| &*id.value);
        assert_eq!((message.customer_name.is_some(), id), (true, Some("US.1")), "{from} {contact}");
        assert_eq!(message.customer.shown_number(), from.replace(['+', ' '], ""));
    }
}

#[test]
fn a_number_may_be_written_as_people_write_it() {
    let number = |message: &ReceivedMessage| message.customer.shown_number().to_owned();
    let written = typed("text", r#""from":"+1 555 000 2002""#);
    assert_eq!(number(&written), "15550002002");
    let by_contact = message(
        r#""contacts":[{"wa_id":"+1 555 000 2002","user_id":"US.1"}],
        "messages":[{"from_user_id":"US.1","id":"wamid.1","type":"text"}]"#,
    );
    assert_eq!(number(&by_contact), "15550002002");
    let book = r#""state_sync":[{"type":"contact","contact":{"phone_number":"+49 151 23456789"}}]"#;
    let Fact::Field(report) = &facts("smb_app_state_sync", book)[0] else { panic!() };
    assert_eq!(report.customer.as_ref().unwrap().shown_number(), "4915123456789");
}

#[test]
fn a_group_is_the_customer() {
    let message = message(
        r#""contacts":[{"profile":{"name":"Ana"},"wa_id":"1"}],
        "messages":[{"from":"1","group_id":"G=","id":"wamid.1","type":"text"}]"#,
    );
    assert_eq!((message.customer.shown_number(), message.customer_name), ("G=", None));
}

#[test]
fn a_price_and_a_participant_are_found_where_groups_have_them() {
    let group = status(
        r#""participant_recipient_id":"1","conversation":{"pricing":{"category":"group_service"}},"pricing":null"#,
    );
    assert_eq!(group.participant.as_deref(), Some("1"));
    assert_eq!(group.pricing.unwrap().category.unwrap().as_str(), "group_service");
    assert_eq!(status(r#""pricing":"PMP""#).pricing, None);
}

#[test]
fn a_status_names_whom_its_message_was_sent_to() {
    let named = |contacts: &str, members: &str| {
        let item = format!(r#"{{"id":"wamid.1","status":"read",{members}}}"#);
        let facts = facts("messages", &format!(r#"{contacts}"statuses":[{item}]"#));
        let Fact::Status(status) = &facts[0] else { panic!("{facts:?}") };
        let names = status.customer.iter().flat_map(|names| names.iter());
        names.map(|name| format!("{} {}", name.kind.as_str(), name.value)).collect::<Vec<_>>().join(", ")
    };
    let contact = r#""contacts":[{"wa_id":"15550003001","user_id":"US.3001","parent_user_id":"US.ENT.1"}],"#;
    let (phone, id) = (r#""recipient_id":"15550003001""#, r#""recipient_user_id":"US.3001""#);
    for (contacts, members, expected) in [
        ("", format!("{phone},{id}"), "bsuid US.3001, phone 15550003001"),
        (
            "",
            format!(r#"{id},"parent_recipient_user_id":"US.ENT.1""#),
            "bsuid US.3001, parent_bsuid US.ENT.1",
        ),
        (contact, phone.to_owned(), "bsuid US.3001, parent_bsuid US.ENT.1, phone 15550003001"),
        (contact, id.to_owned(), "bsuid US.3001, parent_bsuid US.ENT.1, phone 15550003001"),
        (contact, format!(r#"{phone},{id},"recipient_type":"group""#), ""),
        (contact, format!(r#"{phone},"recipient_participant_id":"15550002001""#), ""),
        ("", r#""recipient_id":[]"#.to_owned(), ""),
    ] {
        assert_eq!(named(contacts, &members), expected, "{contacts} {members}");
    }
}

#[test]
fn what_stands_beside_items_is_told_once() {
    let errors = r#""errors":[{"code":131000}]"#;
    let raw = |value: &str| {
        let facts = facts("messages", value);
        let raw =
            facts.iter().filter_map(|fact| if let Fact::Field(field) = fact { Some(field) } else { None });
        raw.map(|field| (field.field.to_string(), field.raw.as_str().to_owned())).collect::<Vec<_>>()
    };
    let beside = raw(&format!(r#""messages":[{{"from":"1","id":"w","type":"text"}}],{errors}"#));
    assert_eq!(beside, [("messages".to_owned(), format!("{{{errors}}}"))]);
    let [(field, alone)] = &raw(errors)[..] else { panic!() };
    assert!(field == "messages" && alone.contains(errors) && alone.contains("phone_number_id"));
    assert!(raw(r#""messages":[],"errors":[],"user_actions":null"#).is_empty());
}

#[test]
fn errors_are_told_apart_by_the_messages_that_they_stand_beside() {
    let beside = |items: &str| {
        let facts = facts("messages", &format!(r#"{items}"errors":[{{"code":131000}}]"#));
        let report =
            facts.iter().find_map(|fact| if let Fact::Field(report) = fact { Some(report) } else { None });
        let Some(Notice::Errors(told)) = &report.unwrap().notice else { panic!("{facts:?}") };
        (told.errors.len(), told.beside)
    };
    let item = |id: &str| format!(r#""messages":[{{"from":"1","id":"{id}","type":"text"}}],"#);
    let (one, other, alone) = (beside(&item("wamid.1")), beside(&item("wamid.2")), beside(""));
    assert_eq!((one.0, alone), (1, (1, None)));
    assert_ne!(one, other);
    assert_eq!(one, beside(&item("wamid.1")), "delivered again it is the same");
}

#[test]
fn a_list_of_the_wrong_type_does_not_take_the_other_along() {
    let facts = facts("messages", r#""messages":{"id":1},"statuses":[{"id":"wamid.1","status":"read"}]"#);
    assert!(matches!(&facts[0], Fact::Dead(letter) if letter.reason.ends_with("value.messages: no list")));
    assert!(matches!(&facts[1], Fact::Status(_)), "{facts:?}");
}

#[test]
fn a_field_name_is_cleaned_and_cut() {
    let facts = facts(&format!(r"a\u0000{}", "b".repeat(300)), r#""x":1"#);
    let Fact::Field(report) = &facts[0] else { panic!("{facts:?}") };
    assert_eq!(&*report.field, format!("a{}", "b".repeat(63)));
}

#[test]
fn reasons_tell_the_place_and_never_a_value() {
    let secret = "s3cret";
    let items = [
        format!(r#"{{"id":"{secret}","type":"text"}}"#),
        format!(r#"{{"from":"{secret}","id":"{secret}","type":"text"}}"#),
        format!(r#"{{"from":"1","id":"{secret}","type":["{secret}"]}}"#),
        format!(r#""{secret}""#),
    ];
    let body = webhook("messages", &format!(r#""messages":[{}],"statuses":"{secret}""#, items.join(",")));
    let found = reasons(&body);
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(found[1].1, "entry[0].changes[0].value.messages[1].from: not usable");
    for (_, reason) in found.into_iter().chain(reasons(secret)).chain(reasons(&format!("{{\"{secret}\":"))) {
        assert!(!reason.contains(secret), "{reason}");
    }
}

#[test]
fn any_depth_is_stepped_over() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_object = format!("{}1{}", r#"{"a":"#.repeat(20_000), "}".repeat(20_000));
    let value = format!(
        r#""x":{deep},"contacts":{deep},"statuses":[{deep}],"messages":[{deep},{deep_object},
        {{"from":"1","id":"wamid.1","type":"text","text":{{"body":"hi","y":{deep_object}}},"errors":{deep}}}]"#
    );
    let facts = facts("messages", &value);
    assert!(matches!(&facts[2], Fact::Message(message) if message.content == "hi"), "{facts:?}");
    assert_eq!(facts.iter().filter(|fact| matches!(fact, Fact::Dead(_))).count(), 3);

    // Edits within edits are the one place where a reader could be led down.
    let edits = format!("{}1{}", r#"{"type":"edit","edit":{"message":"#.repeat(20_000), "}}".repeat(20_000));
    let members = format!(r#""edit":{{"original_message_id":"wamid.0","message":{edits}}}"#);
    let item = format!(r#""messages":[{{"from":"15550002001","id":"wamid.1","type":"edit",{members}}}]"#);
    assert_eq!(reasons(&webhook("messages", &item)).len(), 1);
}

#[test]
fn what_a_field_says_of_who_is_who_is_read() {
    let ties = |field: &str, value: &str| match facts(field, value).remove(0) {
        Fact::Field(report) => report.ties,
        other => panic!("{other:?}"),
    };
    let alias = |kind, value| Alias::parse(kind, value).unwrap();
    let update = r#""user_id_update":[{"wa_id":"15550002092","user_id":{"previous":"US.1","current":"US.2"},
        "parent_user_id":{"current":"US.ENT.2"},"detail":"changed","timestamp":"1794000000"},
        {"user_id":{"current":"US.9"}},{"wa_id":"15550002093","user_id":"US.7"},{}]"#;
    let names = vec![
        alias(AliasKind::Bsuid, "US.1"),
        alias(AliasKind::Bsuid, "US.2"),
        alias(AliasKind::ParentBsuid, "US.ENT.2"),
        alias(AliasKind::Phone, "15550002092"),
    ];
    let reports = facts("user_id_update", update);
    let reports: Vec<&FieldReport> = reports
        .iter()
        .filter_map(|fact| if let Fact::Field(report) = fact { Some(&**report) } else { None })
        .collect();
    let tied: Vec<&[Tie]> = reports.iter().map(|report| &*report.ties).collect();
    let of_one = [Tie::Names(vec![alias(AliasKind::Bsuid, "US.7"), alias(AliasKind::Phone, "15550002093")])];
    assert_eq!(tied, [&[Tie::Names(names)], &[][..], &of_one], "one name alone ties nothing");
    let called = |report: &FieldReport| {
        report.customer.as_ref().unwrap().iter().map(|name| name.value.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(called(reports[0]), ["US.2", "US.ENT.2", "15550002092"], "the item says of whom it speaks");
    let Some(Notice::UserId(change)) = &reports[0].notice else { panic!() };
    let word = |word: &Option<Token>| word.as_ref().map(|word| word.as_str().to_owned()).unwrap_or_default();
    assert_eq!((word(&change.previous), word(&change.current)), ("US.1".to_owned(), "US.2".to_owned()));
    assert!(change.at.is_some() && reports[0].raw.as_str().starts_with(r#"{"wa_id""#));
    let info = r#""event":"PARTNER_ADDED","waba_info":{"waba_id":"2001","owner_business_id":3001}"#;
    let owner =
        Tie::Owner { waba: WabaId::parse("2001").unwrap(), portfolio: PortfolioId::parse("3001").unwrap() };
    assert_eq!(ties("account_update", info), [owner]);
    for value in [r#""waba_info":{"waba_id":"2001"}"#, r#""waba_info":[]"#, r#""waba_info":null"#] {
        assert_eq!(ties("account_update", value), []);
    }
}

#[test]
fn a_username_is_read_beside_the_name() {
    let of = |profile: &str| {
        let contacts = format!(r#""contacts":[{{"profile":{profile},"user_id":"US.1"}}]"#);
        let text = r#""messages":[{"from_user_id":"US.1","id":"wamid.1","type":"text"}]"#;
        message(&format!("{contacts},{text}")).username
    };
    assert_eq!(of(r#"{"name":"Ana","username":"ana.r"}"#), Username::parse("ana.r"));
    for profile in [r#"{"name":"Ana"}"#, r#"{"username":""}"#, r#"{"username":"a b"}"#, "7"] {
        assert_eq!(of(profile), None, "{profile}");
    }
}

/// A webhook with one change whose value is whatever it is.
fn with_value(field: &str, value: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"2","changes":[{{{field}{value}}}]}}]}}"#
    )
}

#[test]
fn what_a_field_that_is_not_known_says_may_be_anything() {
    for value in ["[1, {}]", "\"a word\"", "-7.5e3", "true", "null", "{}"] {
        let body = with_value(r#""field":"totally_new_field","value":"#, value);
        let facts = parse(body.as_bytes(), RECEIVED);
        let [Fact::Field(report)] = &facts[..] else { panic!("{value}: {facts:?}") };
        assert_eq!((&*report.field, report.raw.as_str()), ("totally_new_field", value));
        assert_eq!((&report.notice, &report.number), (&None, &None), "{value}");
        assert_eq!(report.waba.as_ref().map(WabaId::as_str), Some("2"), "{value}");
    }
}

#[test]
fn a_value_that_is_no_object_is_a_dead_letter_of_a_known_field() {
    let reason = "entry[0].changes[0].value: missing or no object".to_owned();
    let fields = [
        "messages",
        "history",
        "calls",
        "standby",
        "group_settings_update",
        "account_update",
        "security",
        "messaging_handovers",
        "user_id_update",
    ];
    for field in fields {
        for value in ["[1]", "\"a word\"", "7", "null"] {
            let body = with_value(&format!(r#""field":"{field}","value":"#), value);
            assert_eq!(reasons(&body), [(DeadLetterKind::Empty, "entry: holds no usable change".to_owned())]);
            let beside = body.replace("}]}]}", r#"},{"field":"x","value":{}}]}]}"#);
            assert_eq!(reasons(&beside), [(DeadLetterKind::Item, reason.clone())], "{field} {value}");
        }
    }
    for nameless in [r#""value":[1]"#, r#""field":7,"value":[1]"#, r#""field":"new""#] {
        let beside = with_value(nameless, r#"},{"field":"x","value":{}"#);
        assert_eq!(reasons(&beside), [(DeadLetterKind::Item, reason.clone())], "{nameless}");
    }
}
