//! Details that Meta sends seldom, or should never send.

use expect_test::{Expect, expect};
use waypost_domain::ReceivedMessage;
use waypost_domain::detail::{Card, Order, Typed};

use crate::{messages, written};

/// A message of a type, with `members` beside what every message has. It stays, whatever they are.
fn typed(kind: &str, members: &str) -> ReceivedMessage {
    let body = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"2","changes":[{{"field":"messages","value":
        {{"metadata":{{"phone_number_id":"101"}},"messages":[{{"from":"15550002001","id":"wamid.1",
        "type":"{kind}",{members}}}]}}}}]}}]}}"#
    );
    let mut messages = messages(body.as_bytes());
    assert_eq!(messages.len(), 1, "{kind} {members}");
    messages.remove(0)
}

fn check(kind: &str, members: &str, expected: &Expect) {
    expected.assert_eq(&written::message(&typed(kind, members)));
}

#[test]
fn a_preview_is_shown_or_hidden_or_nobody_says() {
    for (text, expected) in [
        (
            r#"{"body":"a","preview_url":true}"#,
            expect![[r#"
            text "a"
              text preview=Shown"#]],
        ),
        (
            r#"{"body":"a","preview_url":false}"#,
            expect![[r#"
            text "a"
              text preview=Hidden"#]],
        ),
        (
            r#"{"body":"a","preview_url":"yes"}"#,
            expect![[r#"
            text "a"
              text"#]],
        ),
        (
            r#""a""#,
            expect![[r#"
            text "a"
              text"#]],
        ),
    ] {
        check("text", &format!(r#""text":{text}"#), &expected);
    }
}

#[test]
fn a_file_keeps_what_can_be_read() {
    let hex = "00ff".repeat(16);
    check(
        "image",
        &format!(r#""image":{{"id":7,"sha256":"{hex}","caption":""}}"#),
        &expect![[r#"
        image "[image]"
          Image id="7" sha256=00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"#]],
    );
    check(
        "image",
        r#""image":{"id":[],"sha256":"AAAA","mime_type":{},"caption":"half \ud83d"}"#,
        &expect![[r#"
            image "half �"
              Image caption="half �""#]],
    );
    check(
        "video",
        r#""video":"oops""#,
        &expect![[r#"
        video "[video]"
          Video"#]],
    );
    check(
        "audio",
        r#""audio":{"id":"6","voice":"yes"}"#,
        &expect![[r#"
        audio "[audio]"
          Audio id="6""#]],
    );
    check(
        "sticker",
        r#""sticker":null,"errors":[{"code":131052}]"#,
        &expect![[r#"
        sticker "[sticker]"
          Sticker"#]],
    );
    let long = "x".repeat(70_000);
    check(
        "document",
        &format!(r#""document":{{"id":"{long}","caption":"{long}"}}"#),
        &expect![[r#"
        document "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"… (70000 bytes)
          Document caption="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"… (65536 bytes)"#]],
    );
}

#[test]
fn a_place_beyond_the_earth_has_a_name_still() {
    check(
        "location",
        r#""location":{"latitude":91,"longitude":2,"name":"Moon"}"#,
        &expect![[r#"
        location "📍 Moon"
          place name="Moon""#]],
    );
    check(
        "location",
        r#""location":{"latitude":1}"#,
        &expect![[r#"
        location "[location]"
          place"#]],
    );
}

#[test]
fn cards_are_read_part_by_part() {
    check(
        "contacts",
        r#""origin":"contact_request","contacts":{"phones":{"phone":"+1","wa_id":"call me"},"emails":[7,{}]}"#,
        &expect![[r#"
            contacts "+1"
              card origin=ContactRequest phone="+1""#]],
    );
    check(
        "contacts",
        r#""contacts":[7,{"name":"oops","phones":[{}],"addresses":[{"street":"1 A","zip":60200}],"urls":[{"url":"u"}]}]"#,
        &expect![[r#"
            contacts "[contact]"
              card address="1 A, 60200" url="u""#]],
    );
    check(
        "contacts",
        r#""contacts":[{"name":{"first_name":"Eva","last_name":"Malá"}}]"#,
        &expect![[r#"
        contacts "Eva Malá"
          card name="Eva Malá""#]],
    );
}

#[test]
fn replies_are_what_they_hold() {
    check(
        "interactive",
        r#""interactive":{"type":"list_reply","button_reply":{"id":"a"}}"#,
        &expect![[r#"
        interactive "[interactive]"
          button id="a""#]],
    );
    check(
        "interactive",
        r#""interactive":{"type":"button_reply","button_reply":"a"}"#,
        &expect![[r#"
        interactive "[interactive]"
          another reply kind=button_reply"#]],
    );
    check(
        "interactive",
        r#""interactive":{"nfm_reply":{"name":"flow","response_json":{"rating":5}}}"#,
        &expect![[r#"
            interactive "[interactive]"
              form name="flow""#]],
    );
    check(
        "interactive",
        r#""interactive":{"call_permission_reply":{"response":"perhaps","is_permanent":true,
        "expiration_timestamp":"99999999999999999999","response_source":"automatic"}}"#,
        &expect![[r#"
            interactive "[call permission: perhaps]"
              call permission permanence=Permanent source=Automatic"#]],
    );
}

#[test]
fn an_order_keeps_its_prices_as_they_were_written() {
    check(
        "order",
        r#""order":{"product_items":[{"product_retailer_id":"A","quantity":"2","item_price":39.90,"currency":"EUR"},
        {"quantity":-1,"item_price":1e3},7]}"#,
        &expect![[r#"
            order "🛒 2 × A"
              order
              line quantity=2 product="A" price=39.90 currency="EUR"
              line"#]],
    );
}

#[test]
fn a_changed_number_is_read_in_every_dress() {
    check(
        "system",
        r#""system":{"type":"user_changed_number","new_wa_id":"15550002091"}"#,
        &expect![[r#"
        system "[number changed]"
          system Number now=phone:15550002091"#]],
    );
    check(
        "system",
        r#""system":{"type":"customer_changed_number","wa_id":"15550002091","body":"changed"}"#,
        &expect![[r#"
            system "changed"
              system Number now=phone:15550002091"#]],
    );
    check(
        "system",
        r#""system":{"type":"customer_identity_changed","identity":"abc"}"#,
        &expect![[r#"
        system "[identity changed]"
          system Identity identity="abc""#]],
    );
    check(
        "system",
        r#""system":{"type":"user_left"}"#,
        &expect![[r#"
        system "[system]"
          system Other(Some(MessageType("user_left")))"#]],
    );
    check(
        "system",
        r#""system":7"#,
        &expect![[r#"
        system "[system]"
          system Other(None)"#]],
    );
}

#[test]
fn an_edit_to_what_is_not_known_names_its_message() {
    check(
        "edit",
        r#""edit":{"original_message_id":"wamid.0","message":{"type":"hologram"}}"#,
        &expect![[r#"
            edit "[hologram: a kind of message that is not known here yet]"
              edit target=wamid.0
              unknown type=hologram"#]],
    );
}

#[test]
fn what_stands_beside_is_read_beside_any_type() {
    check(
        "hologram",
        r#""context":{"from":"15550001001","forwarded":true,"frequently_forwarded":true,
        "referred_product":{"product_retailer_id":"A"}},"referral":{"source_type":"billboard","media_type":"smell"}"#,
        &expect![[r#"
            hologram "[hologram: a kind of message that is not known here yet]"
              unknown type=hologram
              context quoted_author=phone:15550001001 forwarded=Frequently product="A"
              referral"#]],
    );
    check(
        "text",
        r#""text":{"body":"a"},"context":{"from":{},"referred_product":{}},"referral":7"#,
        &expect![[r#"
            text "a"
              text"#]],
    );
    check(
        "text",
        r#""text":{"body":"a"},"referral":{}"#,
        &expect![[r#"
        text "a"
          text
          referral"#]],
    );
}

#[test]
fn a_member_of_a_group_is_named_beside_the_group() {
    check(
        "text",
        r#""text":{"body":"a"},"group_id":"G=","from_user_id":"US.1""#,
        &expect![[r#"
        text "a"
          text
          participant aliases=bsuid:US.1,phone:15550002001"#]],
    );
}

#[test]
fn what_comes_by_the_thousand_is_cut() {
    let list = |item: &str| vec![item; 1_000].join(",");
    let contacts =
        format!(r#""contacts":[{}]"#, list(&format!(r#"{{"urls":[{}]}}"#, list(r#"{"url":"u"}"#))));
    let Typed::Contacts(cards) = typed("contacts", &contacts).detail.typed else { panic!() };
    assert_eq!(cards.len(), Card::COUNT_MAX);
    assert_eq!(cards[0].urls.len(), Card::PART_COUNT_MAX);
    let order = format!(r#""order":{{"product_items":[{}]}}"#, list("{}"));
    let Typed::Order(order) = typed("order", &order).detail.typed else { panic!() };
    assert_eq!(order.lines.len(), Order::LINE_COUNT_MAX);
}
