//! What changes of messages come to, one body after another in one store: what is shown, what stands in the thread in the end,
//! and what could not be used.

use std::fmt::Write as _;

use expect_test::expect_file;
use tempfile::TempDir;
use waypost_api::RecentMessages;
use waypost_domain::{AppName, Reach};
use waypost_inbox::Numbers;
use waypost_store::{Cleared, Depth, LetterId, RecentRequest};

use crate::{Ids, RECEIVED, on_one_line, open, shown};

const ANA: &str = r#""from":"551187654321","from_user_id":"US.1""#;
/// The same member after a while: no user id, and the ninth digit.
const ANA_AGAIN: &str = r#""from":"5511987654321""#;
const BEN: &str = r#""from":"15550002002","from_user_id":"US.2""#;
const CUSTOMER: &str = r#""from":"15550002001""#;

/// A body with one item, `seconds` after others: who sent it, its id, and what it is.
fn body((from, id, members): (&str, &str, &str), seconds: usize) -> String {
    let stamp = 1_794_000_000 + seconds;
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"200000000000001","changes":[{{"field":"messages","value":
        {{"metadata":{{"phone_number_id":"100000000000101"}},"messages":[{{{from},"id":"wamid.{id}","timestamp":"{stamp}",
        {members}}}]}}}}]}}]}}"#
    )
}

async fn tell(story: &str, items: &[(&str, &str, &str)], text: &mut String) {
    writeln!(text, "== {story}").unwrap();
    let directory = TempDir::new().unwrap();
    let (store, mut commits) = open(&directory);
    let (app, numbers) = (AppName::parse("default").unwrap(), Numbers::default());
    for (seconds, item) in items.iter().enumerate() {
        let body = body(*item, seconds);
        waypost_inbox::receive((&store, &numbers), &app, body.as_bytes(), RECEIVED).await.unwrap();
    }
    let mut ids = Ids::default();
    for (name, body) in shown(&store, &mut commits).await {
        writeln!(text, "{name} {}", on_one_line(&ids.numbered(&body))).unwrap();
    }
    let request = RecentRequest { customer: None, depth: Depth::All, cleared: Cleared::Hidden };
    let messages = store.recent_messages(request, Reach::EVERYTHING).await.unwrap();
    let read = serde_json::to_string(&RecentMessages::new(&messages)).unwrap();
    writeln!(text, "read {}", on_one_line(&ids.numbered(&read))).unwrap();
    let again = waypost_inbox::reprocess(&store, &numbers, RECEIVED).await.unwrap();
    for head in store.dead_letters(LetterId::LAST, 20).await.unwrap().iter().rev() {
        writeln!(text, "dead letter {}: {}", head.kind.as_str(), head.reason).unwrap();
    }
    writeln!(text, "read again: {again:?}\n").unwrap();
}

#[tokio::test]
async fn every_change_is_shown_or_kept_where_it_can_be_found() {
    let group = |from: &str| format!(r#"{from},"group_id":"R3JvdXA=""#);
    let (ana, ana_again, ben) = (group(ANA), group(ANA_AGAIN), group(BEN));
    let text = |words: &str| format!(r#""type":"text","text":{{"body":"{words}"}}"#);
    let edit = |target: &str, message: &str| {
        format!(r#""type":"edit","edit":{{"original_message_id":"wamid.{target}","message":{{{message}}}}}"#)
    };
    let revoke =
        |target: &str| format!(r#""type":"revoke","revoke":{{"original_message_id":"wamid.{target}"}}"#);
    let react = |target: &str, emoji: &str| {
        format!(r#""type":"reaction","reaction":{{"message_id":"wamid.{target}","emoji":"{emoji}"}}"#)
    };
    let (forged, corrected) = (edit("1", &text("forged")), edit("1", &text("hello")));
    let (said, shout, wave) = (text("helo"), react("1", "👍"), react("1", "🎉"));
    let (taken_back, hologram) = (revoke("1"), edit("1", r#""type":"hologram","hologram":{"of":"Ana"}"#));
    let mut told = String::new();
    let in_group = [
        (&*ana, "1", &*said),
        (&ben, "2", &forged),
        (&ben, "3", &taken_back),
        (&ana_again, "4", &corrected),
        (&ben, "5", &shout),
        (&ana, "6", &wave),
    ];
    tell("in a group", &in_group, &mut told).await;
    let before = [(&*ben, "2", &*forged), (&ana_again, "4", &corrected), (&ana, "1", &said)];
    tell("in a group, before the message", &before, &mut told).await;
    let nothing = [
        (CUSTOMER, "1", &*said),
        (CUSTOMER, "2", r#""type":"reaction","reaction":{"emoji":"👍"}"#),
        (CUSTOMER, "3", r#""type":"revoke","revoke":{"original_message_id":["wamid.1"]}"#),
        (CUSTOMER, "4", r#""type":"edit","edit":{"message":{"type":"text","text":{"body":"hello"}}}"#),
        (
            CUSTOMER,
            "5",
            r#""type":"edit","edit":{"original_message_id":"wamid.1","message":{"type":"text"}}"#,
        ),
    ];
    tell("of nothing", &nothing, &mut told).await;
    let unknown = [(CUSTOMER, "1", &*said), (CUSTOMER, "2", &*hologram)];
    tell("to what is not known", &unknown, &mut told).await;
    expect_file!["changes.txt"].assert_eq(&told);
}
