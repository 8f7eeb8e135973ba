//! Who did what is kept, as ids, in a chain; and is in nobody's way.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use waypost_testkit::{Answer, Request, ServerOptions, TestServer, eventually};
use waypost_tests::{
    Audit, ClientOptions, DEADLINE, Graph, Held, PASSWORD, Person, StockClient, ask, deliver_text, read,
    sign_in, waypost_admin,
};

const ANA: &str = "15550002001";
const SECRET: &str = "a-secret-for-tests-of-32-bytes-or-more";

/// Each entry as `actor action target` and its count where it is more than 1, with names for ids.
fn told(entries: &[Value], names: &BTreeMap<String, &str>) -> Vec<String> {
    let named = |id: &str| match id.split_once(':') {
        Some((kind, id)) => format!("{kind}:{}", names.get(id).copied().unwrap_or(id)),
        None => id.to_owned(),
    };
    let line = |entry: &Value| {
        let text = |member: &str| entry[member].as_str().map(named).unwrap_or_default();
        let count = entry["count"].as_u64().filter(|count| *count != 1);
        let count = count.map_or_else(String::new, |count| format!(" x{count}"));
        format!("{} {} {}{count}", text("actor"), text("action"), text("target")).trim_end().to_owned()
    };
    entries.iter().map(line).collect()
}

fn text_of<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

#[track_caller]
fn well(answer: &Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{} {}", answer.status, answer.text());
    if answer.text().is_empty() { Value::Null } else { answer.json() }
}

fn first_conversation(server: &TestServer) -> (String, String) {
    let page = read(server, "/api/conversations");
    let first = &page["data"][0];
    (text_of(first, "id").to_owned(), text_of(first, "customerId").to_owned())
}

/// Reads, assigns, names and answers.
fn look_and_change(
    server: &TestServer,
    graph: &Graph,
    (admin, conversation, customer): (&Person, &str, &str),
) {
    let as_admin = |request| well(&admin.send(server, request));
    as_admin(Request::get(&format!("/api/conversations/{conversation}")));
    as_admin(Request::get(&format!("/api/conversations/{conversation}/messages")));
    as_admin(Request::get(&format!("/api/customers/{customer}")));
    as_admin(Request::get("/api/customers?search=ana"));
    let assigned = json!({ "assignee": "ben" });
    as_admin(Request::patch_json(&format!("/api/conversations/{conversation}"), &assigned));
    let external = json!({ "externalId": "crm-1" });
    as_admin(Request::patch_json(&format!("/api/customers/{customer}"), &external));
    let body =
        json!({ "customerId": customer, "type": "text", "text": { "body": "hello" }, "idempotencyKey": "1" });
    std::thread::scope(|scope| {
        scope.spawn(|| as_admin(Request::post_json("/api/messages", &body)));
        graph.call().accept("wamid.SENT");
    });
}

#[test]
fn what_people_do_is_told_as_ids_in_the_order_in_which_they_did_it() {
    let graph = Graph::start();
    let mut server = TestServer::options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    deliver_text(&server, ANA, "wamid.1");
    let (conversation, customer) = first_conversation(&server);
    let admin = Person::first_admin(&server);
    let me = admin.me(&server);
    let mut names = BTreeMap::from([
        (conversation.clone(), "CONVERSATION"),
        (customer.clone(), "CUSTOMER"),
        (text_of(&me["account"], "id").to_owned(), "ROOT"),
        (text_of(&me["session"], "id").to_owned(), "SESSION"),
    ]);

    look_and_change(&server, &graph, (&admin, &conversation, &customer));
    let mut client = admin.client(&server).connect();
    client.join_general();
    client.call_well("joinWhatsAppCustomer", &[json!(ANA)]);
    let invitation = json!({ "login": "ann", "name": "Ann", "role": "agent" });
    let invited = well(&admin.send(&server, Request::post_json("/api/accounts", &invitation)));
    names.insert(text_of(&invited["account"], "id").to_owned(), "ANN");
    assert_eq!(sign_in(&server, &json!({ "login": "root", "password": "no" })).status, 401);
    assert_eq!(sign_in(&server, &json!({ "login": "nobody", "password": "no" })).status, 401);
    assert_eq!(admin.send(&server, Request::new("POST", "/api/logout")).status, 204);

    let expected = [
        "key:configured read",
        "command first_link_made",
        "account:ROOT link_used account:ROOT",
        "account:ROOT sign_in session:SESSION",
        "account:ROOT read conversation:CONVERSATION",
        "account:ROOT read customer:CUSTOMER",
        "account:ROOT read",
        "account:ROOT assign conversation:CONVERSATION",
        "account:ROOT customer_changed customer:CUSTOMER",
        "account:ROOT send conversation:CONVERSATION",
        "account:ROOT join room:general",
        "account:ROOT join customer:CUSTOMER",
        "account:ROOT account_invited account:ANN",
        "anonymous sign_in_failed account:ROOT",
        "anonymous sign_in_failed",
        "account:ROOT sign_out session:SESSION",
    ];
    let entries = Audit(&server).entries("", expected.len());
    assert_eq!(told(&entries, &names), expected);
    let numbers: Vec<_> = entries.iter().map(|entry| entry["number"].as_i64()).collect();
    assert!(numbers.is_sorted() && numbers[0] == Some(1));

    let only = |query: &str| Audit(&server).entries(query, 1).len();
    assert_eq!(only(&format!("&target=conversation:{conversation}")), 3);
    assert_eq!(only("&action=join"), 2);
    assert_eq!(only("&actor=anonymous&action=sign_in_failed"), 2);
    // What was read again is counted, and told at the latest when the server stops.
    server.restart();
    let counted = Audit(&server).entries("&action=read", 6);
    let counted: Vec<_> = told(&counted, &names).split_off(4);
    assert_eq!(counted.len(), 2, "{counted:?}");
    for expected in ["account:ROOT read conversation:CONVERSATION", "account:ROOT read customer:CUSTOMER"] {
        assert!(counted.contains(&expected.to_owned()), "{counted:?}");
    }
    assert_has_ids_only(&Audit(&server).text());
}

fn assert_has_ids_only(text: &str) {
    for canary in [ANA, "wamid", "hello", "Ana", "ann", "ben", "crm-1", "root", "nobody", "Ann", PASSWORD] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

fn with_tokens() -> ServerOptions {
    TestServer::options()
        .env("WAYPOST_JWT_SECRET", SECRET)
        .env("WAYPOST_JWT_ISSUER", "https://login.example")
        .env("WAYPOST_JWT_AUDIENCE", "waypost")
}

fn token(subject: &str) -> String {
    let claims = json!({
        "iss": "https://login.example", "aud": "waypost", "sub": subject, "role": "admin",
        "exp": jsonwebtoken::get_current_timestamp() + 600,
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}

#[test]
fn a_subject_that_may_be_an_address_is_stood_for_and_found_all_the_same() {
    const UUID: &str = "0190a5b4-8f0e-7cc1-9a3e-3f3b5d0c7e21";
    let server = with_tokens().start();
    for subject in ["ana@example.com", "15550002001", UUID] {
        let request = Request::get("/api/customers").bearer(&token(subject));
        assert_eq!(server.send(&request).expect("an answer").status, 200);
    }
    let mut client: StockClient = ClientOptions::new(&server)
        .auth("token", token("ana@example.com"))
        .auth("rooms", json!(["whatsapp:general"]))
        .connect();
    // A name that is nobody's yet is not kept.
    client.call_well("joinWhatsAppCustomer", &[json!("15550009999")]);
    let found = Audit(&server).entries("&actor=user:ana@example.com", 3);
    assert_eq!(
        found.iter().map(|entry| (text_of(entry, "action"), entry["target"].as_str())).collect::<Vec<_>>(),
        [("read", None), ("join", Some("room:general")), ("join", None)]
    );
    assert_eq!(Audit(&server).entries(&format!("&actor=token:{UUID}"), 1).len(), 1);
    let text = Audit(&server).text();
    for canary in ["ana", "example", "15550002001", "15550009999"] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

#[test]
fn the_audit_is_for_administrators_and_read_page_by_page() {
    let server = TestServer::start();
    let admin = Person::first_admin(&server);
    let agent = Person::invited(&server, &admin, ("ann", "agent"));
    assert_eq!(agent.send(&server, Request::get("/api/audit")).status, 403);
    assert_eq!(server.send(&Request::get("/api/audit")).expect("an answer").status, 401);
    // link, use, sign in; invitation, use, sign in.
    assert_eq!(Audit(&server).entries("", 6).len(), 6);
    let page = |query: &str| well(&admin.send(&server, Request::get(&format!("/api/audit?limit=2{query}"))));
    let first = page("&action=sign_in");
    assert_eq!((first["data"].as_array().map(Vec::len), &first["next"]), (Some(2), &Value::Null));
    let first = page("&before=2100-01-01T00:00:00Z");
    let next = text_of(&first, "next");
    let second = page(&format!("&before=2100-01-01T00:00:00Z&cursor={next}"));
    let number = |page: &Value, row: usize| page["data"][row]["number"].as_i64().expect("a number");
    assert_eq!(number(&first, 1), number(&second, 0) + 1);
    assert_eq!(page("&after=2100-01-01T00:00:00Z")["data"], json!([]));
    for query in ["cursor=00", "action=fly", "actor=ann", "target=1", "after=today", "limit=0", "since=1"] {
        assert_eq!(ask(&server, Request::get(&format!("/api/audit?{query}"))).status, 400, "{query}");
    }
    // A cursor is of the list that it was given for.
    assert_eq!(ask(&server, Request::get(&format!("/api/audit?cursor={next}"))).status, 400);
}

#[test]
fn whatever_is_done_to_the_chain_is_told_by_a_command() {
    let mut server = TestServer::start();
    let admin = Person::first_admin(&server);
    assert_eq!(admin.send(&server, Request::get("/api/customers")).status, 200);
    assert_eq!(Audit(&server).entries("", 4).len(), 4);
    // Beside the running server, and after it was killed.
    let verified = Audit(&server).verify(&[]).success();
    assert!(verified.starts_with("the audit is as it was written: "), "{verified}");
    server.kill9();
    let verified = Audit(&server).verify(&[]).success();
    let head = verified.trim_end().rsplit_once("head ").expect("a head").1.to_owned();
    server.restart();
    assert_eq!(admin.send(&server, Request::new("POST", "/api/logout")).status, 204);
    assert_eq!(Audit(&server).entries("&action=sign_out", 1).len(), 1);
    drop(Audit(&server).verify(&["--expect", &head]).success());
    server.terminate(DEADLINE);
    let logged = server.log();
    assert!(logged.contains("audit.head"), "{logged}");

    let fails = |arguments: &[&str], with: &str| {
        let ended = Audit(&server).verify(arguments);
        assert!(ended.code == Some(1) && ended.stderr.contains(with), "{ended:?}");
    };
    let beyond = format!("9999:{}", "0".repeat(64));
    fails(&["--expect", &beyond], "its end was cut off");
    Audit(&server).tamper("UPDATE audit SET actor = 'system' WHERE number = 3");
    fails(&[], "entry 3 is not as it was written");
    Audit(&server).tamper("DELETE FROM audit WHERE number = 3");
    fails(&[], "entry 3 is missing");
    Audit(&server).tamper("DELETE FROM audit WHERE number > 2");
    drop(Audit(&server).verify(&[]).success());
    fails(&["--expect", &head], "its end was cut off");
}

#[test]
fn commands_are_told_too_and_do_nothing_that_could_not_be() {
    let server = TestServer::start();
    let folder = std::path::Path::new("/");
    let run = |arguments: &[&str]| waypost_tests::run_waypost(folder, arguments, &server.kept().variables());
    drop(run(&["key", "create", "desk", "--scope", "read"]).success());
    let listed = run(&["key", "list"]).success();
    let id = listed.split_whitespace().next().expect("an id");
    drop(run(&["key", "revoke", id]).success());
    drop(waypost_admin(&server, &["link"]).success());
    let names = BTreeMap::from([(id.to_owned(), "KEY")]);
    let expected = ["command key_created key:KEY", "command key_revoked key:KEY", "command first_link_made"];
    assert_eq!(told(&Audit(&server).entries("", 3), &names), expected);

    let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
    let missing = elsewhere.path().join("audit.key");
    let variables = server.kept().variables();
    let mut variables: Vec<_> =
        variables.into_iter().filter(|(name, _)| *name != "WAYPOST_AUDIT_KEY_FILE").collect();
    variables.push(("WAYPOST_AUDIT_KEY_FILE", missing.to_str().expect("it is UTF-8")));
    let refused =
        waypost_tests::run_waypost(folder, &["key", "create", "more", "--scope", "read"], &variables);
    assert!(refused.code == Some(1) && refused.stderr.contains("audit.key is missing"), "{refused:?}");
    assert!(!run(&["key", "list"]).success().contains("more"));
}

/// All of it is done while nobody can write to the audit: whoever waited for that would wait until the end of the test.
#[test]
fn an_audit_that_cannot_be_written_keeps_nobody_waiting() {
    let server = TestServer::start();
    deliver_text(&server, ANA, "wamid.FIRST");
    let (conversation, _) = first_conversation(&server);
    let mut client = StockClient::in_general(&server);
    let held = Held::take_audit(&server);
    for n in 0..20 {
        let wamid = format!("wamid.{n}");
        deliver_text(&server, ANA, &wamid);
        client.journal_to(&wamid);
        let assigned = json!({ "assignee": format!("agent-{n}") });
        let request = Request::patch_json(&format!("/api/conversations/{conversation}"), &assigned);
        assert_eq!(ask(&server, request).status, 200);
    }
    drop(held);
    let assigned = format!("&action=assign&target=conversation:{conversation}");
    assert_eq!(Audit(&server).entries(&assigned, 20).len(), 20);
    eventually(DEADLINE, "a chain that is whole", || {
        Audit(&server).verify(&[]).code.filter(|code| *code == 0)
    });
    let metrics = ask(&server, Request::get("/metrics")).text();
    assert!(metrics.contains("waypost_audit_lost_total 0"), "{metrics}");
}
