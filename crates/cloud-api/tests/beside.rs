//! What stands beside messages and statuses, case by case: old chats, calls, contact books, lists of items, and how many
//! broken ones a body may have.

use proptest::prelude::*;
use waypost_cloud_api::parse;
use waypost_domain::notice::StandbyPart;
use waypost_domain::{
    AliasKind, CallReport, CallStage, DeadLetter, Direction, Fact, FieldReport, MessageState, Notice,
    PastMessage, Timestamp,
};

const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

fn facts(field: &str, value: &str) -> Vec<Fact> {
    let body = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"2","time":1794000000,"changes":[{{"field":"{field}",
        "value":{{"metadata":{{"display_phone_number":"1 555-000 1001","phone_number_id":"101"}},{value}}}}}]}}]}}"#
    );
    parse(body.as_bytes(), RECEIVED)
}

fn past(fact: &Fact) -> &PastMessage {
    let Fact::Past(past) = fact else { panic!("{fact:?}") };
    past
}

fn report(fact: &Fact) -> &FieldReport {
    let Fact::Field(report) = fact else { panic!("{fact:?}") };
    report
}

fn call(fact: &Fact) -> &CallReport {
    let Fact::Call(report) = fact else { panic!("{fact:?}") };
    report
}

fn dead(facts: &[Fact]) -> Vec<&DeadLetter> {
    facts.iter().filter_map(|fact| if let Fact::Dead(letter) = fact { Some(letter) } else { None }).collect()
}

/// The one message of a chat with the members `thread`.
fn of_thread(thread: &str, message: &str) -> PastMessage {
    let value = format!(
        r#""history":[{{"threads":[{{{thread},"messages":[{{"id":"wamid.1","type":"text","text":{{"body":"hi"}},{message}}}]}}]}}]"#
    );
    past(&facts("history", &value)[0]).clone()
}

#[test]
fn an_old_chat_names_the_customer_and_who_wrote() {
    let phone =
        |past: &PastMessage, kind| past.message.customer.of_kind(kind).map(|alias| alias.value.to_string());
    let id = r#""id":"15550002001""#;
    let context = r#""context":{"wa_id":"15550002001","user_id":"US.7"}"#;
    let user = r#""context":{"user_id":"US.7"}"#;
    for (thread, message, direction) in [
        (id, r#""from":"15550001001","to":"15550002001""#, Direction::Outbound),
        (id, r#""from":"+15550001001""#, Direction::Outbound),
        (id, r#""from":"15550002001""#, Direction::Inbound),
        (id, r#""from":"15550002001","to":"15550001001""#, Direction::Inbound),
        (context, r#""from":"15550002001""#, Direction::Inbound),
        (context, r#""to":"15550002001""#, Direction::Outbound),
        (user, r#""from_user_id":"US.7""#, Direction::Inbound),
        (user, r#""from":"15550001001","to_user_id":"US.7""#, Direction::Outbound),
        (user, r#""x":1"#, Direction::Inbound),
    ] {
        let past = of_thread(thread, message);
        assert_eq!(past.message.source.direction(), direction, "{thread} {message}");
        let (digits, bsuid) = (phone(&past, AliasKind::Phone), phone(&past, AliasKind::Bsuid));
        assert!(digits.is_none_or(|digits| digits == "15550002001"), "{thread} {message}");
        assert_eq!(bsuid.is_some(), thread.contains("US.7"), "{thread} {message}");
    }
}

#[test]
fn an_old_message_stands_where_it_stood() {
    for (word, inbound, outbound) in [
        ("READ", Some(MessageState::Read), Some(MessageState::Read)),
        ("played", Some(MessageState::Read), Some(MessageState::Played)),
        ("DELIVERED", Some(MessageState::Delivered), Some(MessageState::Delivered)),
        ("PENDING", Some(MessageState::Delivered), Some(MessageState::Accepted)),
        ("SENT", Some(MessageState::Delivered), Some(MessageState::Sent)),
        ("ERROR", Some(MessageState::Delivered), Some(MessageState::Failed)),
        ("SOMETHING", Some(MessageState::Delivered), None),
        ("", None, None),
    ] {
        let status = format!(r#""history_context":{{"status":"{word}"}}"#);
        for (from, expected) in [("15550002001", inbound), ("15550001001", outbound)] {
            let past = of_thread(r#""id":"15550002001""#, &format!(r#""from":"{from}",{status}"#));
            assert_eq!(past.state, expected, "{word} from {from}");
        }
    }
}

#[test]
fn a_broken_part_of_a_history_is_a_dead_letter_with_its_place() {
    let message =
        |id: &str| format!(r#"{{"from":"15550002001","id":"{id}","type":"text","text":{{"body":"x"}}}}"#);
    let value = format!(
        r#""history":[7,{{"metadata":{{"phase":"1","chunk_order":2,"progress":"60"}},"threads":[
            null,{{"id":"15550002001","messages":"none"}},{{"id":"15550002001","messages":[{},{{"id":"x"}},{}]}},
            {{"messages":[{{"id":"wamid.3","type":"text"}}]}}]}},{{"threads":7}}]"#,
        message("wamid.1"),
        message("wamid.2")
    );
    let facts = facts("history", &value);
    let reasons: Vec<&str> = dead(&facts).iter().map(|letter| letter.reason.as_str()).collect();
    let place = "entry[0].changes[0].value.history";
    assert_eq!(
        reasons,
        [
            format!("{place}[0]: no object"),
            format!("{place}[1].threads[0]: no object"),
            format!("{place}[1].threads[1].messages: missing or no list"),
            format!("{place}[1].threads[2].messages[1].type: missing"),
            format!("{place}[1].threads[3].messages[0].from: missing"),
            format!("{place}[2].threads: no list"),
        ]
    );
    let kept = facts.iter().filter(|fact| matches!(fact, Fact::Past(_))).count();
    assert_eq!(kept, 2);
    let Some(Notice::History(progress)) = &facts
        .iter()
        .find_map(|fact| if let Fact::Field(report) = fact { Some(report.notice.clone()) } else { None })
        .unwrap()
    else {
        panic!("{facts:?}")
    };
    assert_eq!((progress.phase, progress.chunk_order, progress.progress), (Some(1), Some(2), Some(60)));
}

#[test]
fn a_declined_history_is_told_as_such() {
    let facts = facts("history", r#""history":[{"errors":[{"code":2593109,"title":"off"}]}]"#);
    let Some(Notice::History(progress)) = &report(&facts[0]).notice else { panic!("{facts:?}") };
    assert!(progress.is_declined());
    assert_eq!(facts.len(), 1);
}

#[test]
fn a_call_is_told_apart_by_its_event_and_direction() {
    for (members, direction, stage) in [
        (
            r#""event":"connect","direction":"USER_INITIATED","from":"1555""#,
            Direction::Inbound,
            CallStage::Offered,
        ),
        (
            r#""event":"connect","direction":"BUSINESS_INITIATED","to":"1555""#,
            Direction::Outbound,
            CallStage::Offered,
        ),
        (
            r#""event":"terminate","from_user_id":"US.1","status":"Failed""#,
            Direction::Inbound,
            CallStage::Failed,
        ),
        (
            r#""event":"terminate","to_user_id":"US.1","status":"COMPLETED""#,
            Direction::Outbound,
            CallStage::Completed,
        ),
    ] {
        let facts = facts("calls", &format!(r#""calls":[{{"id":"wacid.1",{members}}}]"#));
        let report = call(&facts[0]);
        assert_eq!((report.direction, report.call.stage), (direction, stage), "{members}");
    }
    let facts = facts("calls", r#""calls":[{"id":"wacid.1","from":"1555","event":"recording_available"}]"#);
    assert!(report(&facts[0]).notice.is_none(), "what is no step of a call is shown as it came");
}

#[test]
fn a_status_of_a_call_is_never_one_of_a_message() {
    let status = |members: &str| format!(r#""statuses":[{{"recipient_id":"1555",{members}}}]"#);
    for (field, members, expected) in [
        ("calls", r#""id":"wacid.1","status":"RINGING""#, Some(CallStage::Ringing)),
        ("messages", r#""id":"wacid.1","type":"call","status":"ACCEPTED""#, Some(CallStage::Accepted)),
        ("messages", r#""id":"wacid.1","status":"rejected""#, Some(CallStage::Rejected)),
        ("messages", r#""id":"wacid.1","type":"call","status":"DELIVERED""#, None),
    ] {
        let facts = facts(field, &status(members));
        match expected {
            Some(stage) => assert_eq!(call(&facts[0]).call.stage, stage, "{field} {members}"),
            None => assert!(report(&facts[0]).notice.is_none(), "{field} {members}"),
        }
    }
    let facts =
        facts("messages", &status(r#""id":"wamid.1","status":"read","biz_opaque_callback_data":"call""#));
    assert!(matches!(facts[0], Fact::Status(_)), "{facts:?}");
}

#[test]
fn each_item_of_a_list_is_a_report_of_its_own() {
    let value = r#""state_sync":[{"type":"contact","contact":{"first_name":"Ana","phone_number":"+1 555"}},
        {"type":"contact","contact":{"full_name":"Ben","phone_number":"1556"},"action":"add","metadata":{"timestamp":1794000000}},
        {"type":"label","contact":7},{"type":"contact","contact":{"phone_number":"1557","full_name":"X"},"action":"remove"}]"#;
    let facts = facts("smb_app_state_sync", value);
    let names: Vec<Option<String>> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Field(report) => match report.notice.as_ref()? {
                Notice::Contact(contact) => {
                    Some(contact.saved_name.as_ref().map(|name| name.as_str().to_owned()))
                }
                other => panic!("{other:?}"),
            },
            _ => None,
        })
        .collect();
    assert_eq!(names, [Some("Ben".to_owned()), None]);
    assert_eq!(
        dead(&facts)[0].reason,
        "entry[0].changes[0].value.state_sync[0].contact.phone_number: not usable"
    );
    assert_eq!(facts.len(), 4);
}

#[test]
fn what_another_app_deals_with_is_no_message() {
    let value = r#""standby":{"contacts":[{"wa_id":"1555","user_id":"US.1"}],
        "messages":[{"from":"1555","id":"wamid.1","type":"text","text":{"body":"for the robot"}},{"id":"wamid.2"}],
        "message_echoes":[{"id":"wamid.3","message":{"to":"1555","type":"text","text":{"body":"beep"}}}],
        "statuses":[{"id":"wamid.3","status":"delivered"}]}"#;
    let facts = facts("standby", value);
    let copies: Vec<(StandbyPart, Option<&str>)> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Field(report) => match report.notice.as_ref()? {
                Notice::Standby(copy) => Some((copy.part, copy.content.as_ref().map(|words| words.as_str()))),
                other => panic!("{other:?}"),
            },
            _ => None,
        })
        .collect();
    assert_eq!(
        copies,
        [
            (StandbyPart::Message, Some("for the robot")),
            (StandbyPart::Echo, Some("beep")),
            (StandbyPart::Status, Some("delivered")),
        ]
    );
    assert_eq!(dead(&facts)[0].reason, "entry[0].changes[0].value.standby.messages[1].type: missing");
    let customer = report(&facts[0]).customer.as_ref().unwrap();
    assert_eq!(&*customer.of_kind(AliasKind::Bsuid).unwrap().value, "US.1");
}

#[test]
fn a_field_without_its_list_is_told_as_it_came() {
    for field in ["calls", "user_preferences", "group_settings_update", "standby", "smb_app_state_sync"] {
        let facts = facts(field, r#""surprise":[1]"#);
        let report = report(&facts[0]);
        assert!(report.notice.is_none() && report.raw.as_str().contains("surprise"), "{field}");
        assert_eq!(facts.len(), 1, "{field}");
    }
    let facts = facts("user_preferences", r#""user_preferences":{"wa_id":"1555"}"#);
    assert_eq!((facts.len(), dead(&facts).len()), (1, 1), "a list of the wrong type is kept");
}

#[test]
fn a_handover_names_the_customer() {
    let value = r#""recipient":{"phone_number_id":"101"},"sender":{"phone_number":"+1 555 000 2001"},"control_passed":{}"#;
    let facts = facts("messaging_handovers", value);
    assert_eq!(report(&facts[0]).customer.as_ref().unwrap().shown_number(), "15550002001");
}

/// Of what partners do, the entry has the id of a business portfolio.
#[test]
fn a_report_names_the_account_and_never_the_portfolio() {
    for (field, value, waba) in [
        ("account_update", r#""event":"PARTNER_ADDED","waba_info":{"waba_id":"2001"}"#, Some("2001")),
        ("account_update", r#""event":"PARTNER_REMOVED""#, None),
        ("account_update", r#""event":"ACCOUNT_DELETED","waba_info":{"waba_id":"2001"}"#, Some("2")),
        ("partner_solutions", r#""event":"SOLUTION_CREATED""#, None),
        ("account_review_update", r#""decision":"APPROVED""#, Some("2")),
    ] {
        let facts = facts(field, value);
        let found = report(&facts[0]).waba.as_ref().map(|waba| waba.as_str());
        assert_eq!(found, waba, "{field} {value}");
    }
}

#[test]
fn the_time_of_an_entry_is_kept() {
    let facts = facts("account_review_update", r#""decision":"APPROVED""#);
    assert_eq!(report(&facts[0]).told_at, Some(Timestamp::from_millis(1_794_000_000_000)));
}

#[test]
fn a_flood_of_broken_items_is_kept_in_few_dead_letters() {
    let flood = "0,".repeat(500_000);
    let good = r#"{"from":"1","id":"wamid.1","type":"text","text":{"body":"hi"}}"#;
    let facts = facts("messages", &format!(r#""messages":[{flood}{good}]"#));
    assert!(matches!(facts.iter().find(|fact| !matches!(fact, Fact::Dead(_))), Some(Fact::Message(_))));
    let letters = dead(&facts);
    assert_eq!(letters.len(), 101);
    let rest = letters.last().unwrap();
    assert_eq!(
        rest.reason,
        "body: 499900 more items; the first: entry[0].changes[0].value.messages[100]: no object"
    );
    assert_eq!(rest.raw.len(), 2 * 499_900 + 1, "all of them are there");
}

/// A value with a list of three good items, into which something is put.
#[derive(Clone, Copy, Debug)]
struct Listed {
    field: &'static str,
    before: &'static str,
    items: [&'static str; 3],
    after: &'static str,
}

const LISTED: [Listed; 10] = [
    Listed {
        field: "user_id_update",
        before: r#""user_id_update":["#,
        items: [
            r#"{"user_id":{"previous":"US.1","current":"US.2"}}"#,
            r#"{"wa_id":"1556"}"#,
            r#"{"user_id":"US.3"}"#,
        ],
        after: "]",
    },
    Listed {
        field: "history",
        before: r#""history":[{"metadata":{"phase":1},"threads":["#,
        items: [
            r#"{"id":"1555","messages":[{"from":"1555","id":"wamid.1","type":"text"}]}"#,
            r#"{"id":"1556","messages":[{"from":"1556","id":"wamid.2","type":"text"}]}"#,
            r#"{"id":"1557","messages":[{"from":"1557","id":"wamid.3","type":"text"}]}"#,
        ],
        after: "]}]",
    },
    Listed {
        field: "history",
        before: r#""history":[{"threads":[{"id":"1555","messages":["#,
        items: [
            r#"{"from":"1555","id":"wamid.1","type":"text"}"#,
            r#"{"from":"1555","id":"wamid.2","type":"media_placeholder"}"#,
            r#"{"from":"15550001001","id":"wamid.3","type":"text"}"#,
        ],
        after: "]}]}]",
    },
    Listed {
        field: "history",
        before: r#""message_echoes":["#,
        items: [
            r#"{"to":"1555","id":"wamid.1","type":"image"}"#,
            r#"{"to":"1555","id":"wamid.2","type":"image"}"#,
            r#"{"to":"1555","id":"wamid.3","type":"image"}"#,
        ],
        after: "]",
    },
    Listed {
        field: "calls",
        before: r#""calls":["#,
        items: [
            r#"{"from":"1555","id":"wacid.1","event":"connect"}"#,
            r#"{"from":"1555","id":"wacid.2","event":"terminate","duration":9}"#,
            r#"{"to_user_id":"US.1","id":"wacid.3","event":"connect"}"#,
        ],
        after: "]",
    },
    Listed {
        field: "smb_app_state_sync",
        before: r#""state_sync":["#,
        items: [
            r#"{"contact":{"phone_number":"1555","full_name":"A"},"action":"add"}"#,
            r#"{"contact":{"phone_number":"1556"},"action":"remove"}"#,
            r#"{"contact":{"user_id":"US.1"}}"#,
        ],
        after: "]",
    },
    Listed {
        field: "user_preferences",
        before: r#""user_preferences":["#,
        items: [r#"{"wa_id":"1555","value":"stop"}"#, r#"{"user_id":"US.1"}"#, r#"{"wa_id":"1557"}"#],
        after: "]",
    },
    Listed {
        field: "group_lifecycle_update",
        before: r#""groups":["#,
        items: [r#"{"type":"group_create"}"#, r#"{"type":"group_delete"}"#, r#"{"type":"new"}"#],
        after: "]",
    },
    Listed {
        field: "standby",
        before: r#""standby":{"messages":["#,
        items: [
            r#"{"from":"1555","id":"wamid.1","type":"text"}"#,
            r#"{"from":"1555","id":"wamid.2","type":"text"}"#,
            r#"{"from":"1555","id":"wamid.3","type":"image"}"#,
        ],
        after: "]}",
    },
    Listed {
        field: "messages",
        before: r#""user_actions":["#,
        items: [r#"{"action_type":"a"}"#, r#"{"action_type":"b"}"#, r#"{"action_type":"c"}"#],
        after: "]",
    },
];

/// Things that are an item of none of these lists.
fn junk() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "null",
        "7",
        "\"x\"",
        "[]",
        "[[{}]]",
        "{}",
        "true",
        "1e999",
        r#""\ud83d""#,
        r#"{"id":"","type":[]}"#,
        r#"{"messages":{}}"#,
        r#"{"contact":null,"id":[],"event":{}}"#,
        r#"{"\ud83d":"\u0000"}"#,
    ])
}

proptest! {
    #[test]
    fn a_broken_item_of_any_list_changes_nothing_else(
        listed in prop::sample::select(LISTED.to_vec()),
        place in 0..=3_usize,
        junk in junk(),
    ) {
        let facts = |items: &[&str]| {
            facts(listed.field, &format!("{}{}{}", listed.before, items.join(","), listed.after))
        };
        let expected = facts(&listed.items);
        prop_assert!(dead(&expected).is_empty(), "{expected:?}");
        let mut items = listed.items.to_vec();
        items.insert(place, junk);
        let mut found = facts(&items);
        prop_assert_eq!(dead(&found).len(), 1);
        found.retain(|fact| !matches!(fact, Fact::Dead(_)));
        prop_assert_eq!(found, expected);
    }
}
