//! What is read over REST: pages that miss nothing and repeat nothing, the window, who answers, the older reads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};
use waypost_testkit::{InboundText, Request, StatusUpdate, TestServer, Webhook, unix_seconds};
use waypost_tests::{StockClient, ask, column, deliver, deliver_text, echo, read};

const ANA: &str = "15550002001";
const BO: &str = "15550002002";

/// A text of a customer, `seconds` from now.
fn text_at(from: &str, wamid: &str, seconds: i64) -> Vec<u8> {
    let mut message = InboundText::new(from, wamid, wamid);
    message.timestamp = unix_seconds() + seconds;
    Webhook::new().text(&message).to_bytes()
}

/// The id of the only conversation there is.
#[track_caller]
fn conversation(server: &TestServer) -> String {
    let page = read(server, "/api/conversations");
    let ids = column(&page, "id");
    assert_eq!(ids.len(), 1);
    ids[0].to_owned()
}

#[track_caller]
fn assert_refused(server: &TestServer, request: Request, (status, code, detail): (u16, &str, &str)) {
    let what = format!("{request:?}");
    let answer = ask(server, request);
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{what}");
    assert!(problem["detail"].as_str().unwrap_or_default().starts_with(detail), "{what}: {problem}");
}

#[test]
fn whoever_pages_back_while_messages_arrive_misses_none_and_gets_none_twice() {
    let server = TestServer::start();
    for n in 0..60 {
        // Five at a time have one stamp.
        deliver(&server, &text_at(ANA, &format!("old.{n:02}"), n / 5 - 600));
    }
    let id = conversation(&server);
    let is_done = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                deliver(&server, &text_at(ANA, &format!("new.{n}"), 0));
                deliver(&server, &text_at(ANA, &format!("late.{n}"), -595));
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let mut seen: Vec<String> = Vec::new();
        let mut address = format!("/api/conversations/{id}/messages?limit=7");
        loop {
            let page = read(&server, &address);
            seen.splice(0..0, column(&page, "content").into_iter().map(str::to_owned));
            let Some(before) = page["before"].as_str() else { break };
            address = format!("/api/conversations/{id}/messages?limit=7&before={before}");
        }
        is_done.store(true, Ordering::Relaxed);
        seen
    });
    let old: Vec<_> = seen.iter().filter(|text| text.starts_with("old.")).cloned().collect();
    assert_eq!(old, (0..60).map(|n| format!("old.{n:02}")).collect::<Vec<_>>());
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len());
}

#[test]
fn whoever_follows_a_thread_gets_what_came_after() {
    let server = TestServer::start();
    deliver_text(&server, ANA, "wamid.1");
    let id = conversation(&server);
    let first = read(&server, &format!("/api/conversations/{id}/messages"));
    assert_eq!(first.get("before"), None);
    let after = |page: &Value| {
        format!("/api/conversations/{id}/messages?after={}", page["after"].as_str().unwrap_or_default())
    };
    let nothing = read(&server, &after(&first));
    assert_eq!(nothing["data"], json!([]));
    deliver(&server, &text_at(ANA, "wamid.2", 1));
    let second = read(&server, &after(&nothing));
    assert_eq!(column(&second, "whatsappMessageId"), ["wamid.2"]);
    let back = read(
        &server,
        &format!("/api/conversations/{id}/messages?before={}", second["before"].as_str().unwrap_or_default()),
    );
    assert_eq!(column(&back, "whatsappMessageId"), ["wamid.1"]);
}

#[test]
fn a_message_is_read_as_it_was_shown_and_with_its_statuses() {
    let server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    deliver(&server, &echo(ANA, "wamid.1", "from the phone"));
    let shown = client.event("whatsappMessage");
    for status in ["sent", "delivered"] {
        deliver(&server, &Webhook::new().status(&StatusUpdate::new("wamid.1", status, ANA)).to_bytes());
    }
    let whole = read(&server, &format!("/api/messages/{}", shown.text("id")));
    for member in ["id", "conversationId", "customerId", "whatsappNumber", "content", "source", "timestamp"] {
        assert_eq!(whole[member], shown.body()[member], "{member}");
    }
    assert_eq!(whole["status"], "delivered");
    let reported: Vec<_> = whole["statuses"].as_array().unwrap().iter().map(|hop| &hop["reported"]).collect();
    assert_eq!(reported, ["delivered", "sent"]);
    assert_refused(&server, Request::get("/api/messages/nothing"), (404, "unknown_message", ""));
}

#[test]
fn the_window_is_open_from_what_the_customer_wrote_and_unknown_before() {
    let server = TestServer::start();
    deliver(&server, &echo(ANA, "wamid.1", "from the phone"));
    let id = conversation(&server);
    let shown = || read(&server, &format!("/api/conversations/{id}"));
    assert_eq!((&shown()["window"], shown().get("windowExpiresAt")), (&json!("unknown"), None));
    deliver(&server, &text_at(ANA, "wamid.2", -25 * 3_600));
    assert_eq!(shown()["window"], "closed");
    deliver(&server, &text_at(ANA, "wamid.3", -3_600));
    let open = shown();
    assert_eq!(open["window"], "open");
    assert_eq!(open["lastMessage"]["content"], "from the phone");
    assert_eq!((&open["assignee"], open.get("freeUntil")), (&Value::Null, None));
}

#[test]
fn who_answers_a_conversation_is_shown_once_for_each_change() {
    let server = TestServer::start();
    deliver_text(&server, ANA, "wamid.1");
    deliver_text(&server, BO, "wamid.2");
    let page = read(&server, "/api/conversations?limit=1");
    let id = column(&page, "id")[0].to_owned();
    let mut client = StockClient::in_general(&server);
    let patch = |body: Value| ask(&server, Request::patch_json(&format!("/api/conversations/{id}"), &body));
    for _ in 0..2 {
        let answer = patch(json!({ "assignee": "ana@example.com", "team": "sales" }));
        assert_eq!((answer.status, &answer.json()["assignee"]), (200, &json!("ana@example.com")));
    }
    assert_eq!(patch(json!({ "assignee": null })).status, 200);
    let first = client.event("whatsappConversation");
    assert_eq!(first.body()["assignee"], "ana@example.com");
    assert_eq!(first.body()["previousTeam"], Value::Null);
    let second = client.event("whatsappConversation");
    // Between the two stands what is for those alone who see by the assignment.
    assert_eq!(second.offset_number(), first.offset_number() + 2);
    assert_eq!(
        (&second.body()["assignee"], &second.body()["previousAssignee"], &second.body()["team"]),
        (&Value::Null, &json!("ana@example.com"), &json!("sales"))
    );
    assert_eq!(column(&read(&server, "/api/conversations?team=sales"), "id"), [&*id]);
    assert_eq!(column(&read(&server, "/api/conversations?assignee=ana@example.com"), "id"), [""; 0]);
    for (body, detail) in [
        (json!({ "assignee": "" }), "assignee: "),
        (json!({ "team": "x".repeat(129) }), "team: "),
        (json!({ "assignee": 7 }), "assignee: a value of the wrong type"),
        (json!({ "assignee": "ana", "team": { "id": 1 } }), "team: a value of the wrong type"),
    ] {
        let request = Request::patch_json(&format!("/api/conversations/{id}"), &body);
        assert_refused(&server, request, (400, "invalid_request", detail));
    }
    let nobody = Request::patch_json("/api/conversations/cnv_00000000000000000000000000", &json!({}));
    assert_refused(&server, nobody, (404, "unknown_conversation", ""));
}

#[test]
fn a_query_that_is_wrong_is_refused_by_the_name_of_its_field() {
    let server = TestServer::start();
    deliver_text(&server, ANA, "wamid.1");
    deliver_text(&server, BO, "wamid.2");
    let page = read(&server, "/api/conversations?limit=1");
    let (id, next) = (column(&page, "id")[0], page["next"].as_str().unwrap());
    let messages = read(&server, &format!("/api/conversations/{id}/messages"));
    let after = messages["after"].as_str().unwrap();
    let wrong = |address: String, detail: &str| {
        assert_refused(&server, Request::get(&address), (400, "invalid_request", detail));
    };
    for limit in ["0", "101", "-1", "1e2", "", "99999999999999999999"] {
        wrong(format!("/api/conversations?limit={limit}"), "limit: ");
        wrong(format!("/api/conversations/{id}/messages?limit={limit}"), "limit: ");
        wrong(format!("/api/customers?limit={limit}"), "limit: ");
        wrong(format!("/api/customers/duplicates?limit={limit}"), "limit: ");
        wrong(format!("/api/dead-letters?limit={limit}"), "limit: ");
    }
    for list in ["/api/customers/duplicates", "/api/dead-letters"] {
        for cursor in ["x", "", "-5", "%00"] {
            wrong(format!("{list}?cursor={cursor}"), "cursor: ");
        }
        wrong(format!("{list}?colour=red"), "colour: ");
        wrong(format!("{list}?limit=1&limit=2"), "duplicate field `limit`");
    }
    for address in ["customers/%ff", "dead-letters/%ff", "conversations/%ff/messages"] {
        wrong(format!("/api/{address}"), "the address is not UTF-8");
    }
    for cursor in
        ["x", "", "00", after, &next.to_uppercase(), &format!("{next}00"), &"0".repeat(5_000), "%00"]
    {
        wrong(format!("/api/conversations?cursor={cursor}"), "cursor: ");
        wrong(format!("/api/customers?cursor={cursor}"), "cursor: ");
    }
    // A cursor is of one list, and of one way to filter it.
    wrong(format!("/api/conversations?cursor={next}&team=sales"), "cursor: ");
    let other = column(&read(&server, &format!("/api/conversations?cursor={next}")), "id")[0].to_owned();
    wrong(format!("/api/conversations/{other}/messages?after={after}"), "after: ");
    wrong(format!("/api/conversations/{id}/messages?after={after}&before={after}"), "after: ");
    wrong("/api/conversations?customerId=15550002001".to_owned(), "customerId: ");
    wrong("/api/conversations?assignee=".to_owned(), "assignee: ");
    wrong("/api/conversations?colour=red".to_owned(), "colour: ");
    wrong("/api/customers?search=%00".to_owned(), "search: ");
    wrong("/whatsapp/messages/last-50?all=yes".to_owned(), "all: ");
    assert_refused(
        &server,
        Request::get("/api/conversations/cnv_00000000000000000000000000/messages"),
        (404, "unknown_conversation", ""),
    );
}

#[test]
fn customers_are_found_by_name_and_by_number() {
    let server = TestServer::start();
    for (from, name) in [(ANA, "Ána Ruiz"), (BO, "'; DROP TABLE customers; --"), ("4915550002003", "أنا")]
    {
        let mut message = InboundText::new(from, &format!("wamid.{from}"), "hello");
        message.name = name.to_owned();
        deliver(&server, &Webhook::new().text(&message).to_bytes());
    }
    let found = |search: &str| {
        let page = read(&server, &format!("/api/customers?search={search}"));
        column(&page, "whatsappNumber").join(" ")
    };
    assert_eq!(found("%C3%81NA"), ANA);
    assert_eq!(found("%2B1%20555"), format!("{ANA} {BO}"));
    assert_eq!(found("%27;%20drop"), BO);
    assert_eq!(found("%D8%A3%D9%86"), "4915550002003");
    assert_eq!(found("%25"), "");
    let first = read(&server, "/api/customers?limit=2");
    let second = read(&server, &format!("/api/customers?limit=2&cursor={}", first["next"].as_str().unwrap()));
    assert_eq!(column(&second, "whatsappNumber"), [ANA]);
    assert_eq!(second.get("next"), None);
}

#[test]
fn the_older_reads_are_as_older_clients_know_them() {
    let server = TestServer::start();
    for n in 0..55 {
        deliver(&server, &text_at(ANA, &format!("wamid.{n:02}"), n - 100));
    }
    deliver(&server, &text_at(BO, "wamid.bo", -1_000));
    let contents = |address: &str| {
        let answer = read(&server, address);
        assert_eq!(answer["success"], true);
        column(&answer, "content").join(" ")
    };
    let last = contents("/whatsapp/messages/last-50");
    assert!(last.starts_with("wamid.54 wamid.53 ") && last.ends_with(" wamid.05"), "{last}");
    assert_eq!(contents(&format!("/whatsapp/conversation/{ANA}")), last);
    assert_eq!(contents(&format!("/whatsapp/messages/chat-list/+{BO}")), "wamid.bo");
    assert_eq!(contents("/whatsapp/conversations"), "wamid.54 wamid.bo");
    assert_refused(&server, Request::get("/whatsapp/conversation/nobody"), (404, "unknown_customer", ""));

    let clear = format!("/whatsapp/conversation/{ANA}/clear");
    for _ in 0..2 {
        assert_eq!(ask(&server, Request::new("POST", &clear)).status, 200);
        assert_eq!(contents("/whatsapp/messages/last-50"), "wamid.bo");
        assert_eq!(contents(&format!("/whatsapp/conversation/{ANA}")), "");
        assert_eq!(contents("/whatsapp/conversations"), "wamid.bo");
    }
    assert_eq!(contents("/whatsapp/messages/last-50?all=1"), last);
    deliver(&server, &text_at(ANA, "wamid.late", -2_000));
    assert_eq!(contents("/whatsapp/messages/last-50"), "wamid.bo wamid.late");
    assert_refused(
        &server,
        Request::new("POST", "/whatsapp/conversation/cnv_00000000000000000000000000/clear"),
        (404, "unknown_conversation", ""),
    );
}

/// A message object of Ana's, as it came, whatever it holds.
fn item(wamid: &str, members: &Value) -> Vec<u8> {
    let mut message = json!({ "from": ANA, "id": wamid, "timestamp": unix_seconds().to_string() });
    for (name, value) in members.as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
    Webhook::new().message(&json!({ "wa_id": ANA, "profile": { "name": "Ana" } }), &message).to_bytes()
}

/// Older clients and lists of conversations showed deleted words as if nothing had happened.
#[test]
fn what_was_edited_or_deleted_says_so_wherever_it_is_read() {
    let server = TestServer::start();
    deliver_text(&server, ANA, "wamid.1");
    let edited = json!({ "type": "text", "text": { "body": "other words" } });
    let edit = json!({ "original_message_id": "wamid.1", "message": edited });
    deliver(&server, &item("wamid.2", &json!({ "type": "edit", "edit": edit })));
    let revoke = json!({ "original_message_id": "wamid.1" });
    deliver(&server, &item("wamid.3", &json!({ "type": "revoke", "revoke": revoke })));
    let id = conversation(&server);
    let told = read(&server, &format!("/api/conversations/{id}/messages"))["data"][0].clone();
    assert!(told["revokedAt"].is_string() && told["editedAt"].is_string(), "{told}");
    for address in [
        "/whatsapp/conversations".to_owned(),
        format!("/whatsapp/conversation/{ANA}"),
        "/whatsapp/messages/last-50".to_owned(),
        format!("/whatsapp/messages/chat-list/{ANA}"),
    ] {
        assert_eq!(read(&server, &address)["data"], json!([told]), "{address}");
    }
    let listed = read(&server, "/api/conversations")["data"][0].clone();
    for found in [listed, read(&server, &format!("/api/conversations/{id}"))] {
        for member in ["content", "editedAt", "revokedAt"] {
            assert_eq!(found["lastMessage"][member], told[member], "{member}");
        }
    }
}

#[test]
fn an_item_that_says_more_than_its_text_is_shown_beside_it() {
    let server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    for (wamid, members, content) in [
        ("wamid.1", json!({ "type": "text", "text": { "body": [7] } }), "[text]"),
        ("wamid.2", json!({ "type": "text" }), "[text]"),
        ("wamid.3", json!({ "type": "text", "text": { "body": "hi" }, "foo": { "a": 1 } }), "hi"),
    ] {
        deliver(&server, &item(wamid, &members));
        let shown = client.event("whatsappMessage");
        assert_eq!(shown.text("content"), content);
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(&shown.body()["metadata"]["raw"][name], value, "{wamid}");
        }
        let whole = read(&server, &format!("/api/messages/{}", shown.text("id")));
        assert_eq!(whole["metadata"], shown.body()["metadata"], "{wamid}");
    }
    deliver(&server, &item("wamid.4", &json!({ "type": "text", "text": { "body": "plain" } })));
    assert_eq!(client.event("whatsappMessage").body().get("metadata"), None);
}
