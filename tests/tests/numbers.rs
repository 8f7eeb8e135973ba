//! Whose numbers are, the dashboard's test and dead letters that come to life: the real binary, from outside.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use waypost_testkit::postgres::Schema;
use waypost_testkit::{
    Answer, InboundText, Kept, NUMBER_ID, Request, ServerOptions, TestServer, Webhook, eventually, sign,
};
use waypost_tests::{DEADLINE, Ended, Held, StockClient, Stored, deliver_text, logged, run_waypost};

const OTHER_SECRET: &str = "0123456789abcdef0123456789abcdef";
const UNKNOWN_NUMBER: &str = "100000000000109";

fn start() -> TestServer {
    ServerOptions::new().env("WAYPOST_FURTHER_APPS", format!("other:{OTHER_SECRET}")).start()
}

fn post(server: &TestServer, (path, secret): (&str, &str), body: &[u8]) -> Answer {
    let signature = sign(secret, body);
    let request = Request::post(path, "application/json", body).header("X-Hub-Signature-256", &signature);
    server.send(&request).expect("the server answers")
}

fn ask(server: &TestServer, path: &str) -> Value {
    let answer = server.send(&Request::get(path).bearer(&server.secrets().api_key)).expect("an answer");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn reprocess(server: &TestServer) -> Value {
    let request = Request::new("POST", "/api/dead-letters/reprocess").bearer(&server.secrets().api_key);
    server.send(&request).expect("an answer").json()
}

#[test]
fn what_another_app_signs_for_a_claimed_number_is_kept_apart_and_alerted() {
    let server = start();
    let mut client = StockClient::in_general(&server);
    let body = Webhook::new().text(&InboundText::new("15550002001", "wamid.FOREIGN", "hello")).to_bytes();
    let answer = post(&server, ("/whatsapp/webhook/other", OTHER_SECRET), &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let alert = client.event_where("an alert", |event| event.text("field") == "waypost_alert");
    assert_eq!(alert.body()["value"]["alert"], "foreign_app");
    assert_eq!(Stored::by(&server).messages(), 0);
    logged(&server, "another app or account");

    let letters = ask(&server, "/api/dead-letters");
    let letter = &letters["data"][0];
    assert_eq!((letter["kind"].as_str(), letter["app"].as_str()), (Some("foreign_app"), Some("other")));
    let whole = ask(&server, &format!("/api/dead-letters/{}", letter["id"].as_str().expect("an id")));
    assert!(whole["text"].as_str().is_some_and(|text| text.contains("wamid.FOREIGN")), "{whole}");
    // It is as foreign as it was.
    assert_eq!(reprocess(&server)["deadLettersLeft"], 1);
    let metrics =
        server.send(&Request::get("/metrics").bearer(&server.secrets().api_key)).expect("an answer");
    assert!(metrics.text().contains(r#"waypost_foreign_deliveries_total{outcome="foreign_app"} 1"#));
    // The right app is heard as ever.
    deliver_text(&server, "15550002001", "wamid.OURS");
    assert_eq!(
        client.journal_to("wamid.OURS").last().map(|event| event.wamid().to_owned()),
        Some("wamid.OURS".into())
    );
}

#[test]
fn what_the_phone_shares_can_be_read_with_the_number_and_the_customer() {
    let server = start();
    let fixtures = waypost_tests::Fixtures::read();
    let secret = &server.secrets().app_secret;
    for name in ["history-chunk.json", "app-state-sync.json"] {
        let fixture = fixtures.good.iter().find(|fixture| fixture.name == name).expect("a fixture");
        let answer = post(&server, ("/whatsapp/webhook", secret), &fixture.body);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
    let numbers = ask(&server, "/api/numbers");
    let all = numbers["data"].as_array().expect("a list");
    let number = all.iter().find(|number| number["phoneNumberId"] == "100000000000101").expect("the number");
    assert_eq!((&number["history"]["phase"], &number["history"]["progress"]), (&0.into(), &35.into()));

    let found = ask(&server, "/api/customers?search=15550002001");
    let id = found["data"][0]["id"].as_str().expect("a customer");
    assert_eq!(ask(&server, &format!("/api/customers/{id}"))["savedName"], "Ana Ruiz");
}

#[test]
fn an_unknown_number_is_received_and_marked() {
    let server = start();
    let mut client = StockClient::in_general(&server);
    let text = InboundText::new("15550002001", "wamid.STRANGE", "hello");
    let answer = server.deliver(&Webhook::for_number(UNKNOWN_NUMBER).text(&text)).expect("an answer");
    assert_eq!(answer.status, 200);
    client.journal_to("wamid.STRANGE");
    let numbers = ask(&server, "/api/numbers");
    let claimed = |id: &str| {
        let all = numbers["data"].as_array().expect("a list");
        all.iter().find(|number| number["phoneNumberId"] == id).map(|number| number["claimed"].clone())
    };
    assert_eq!(claimed(UNKNOWN_NUMBER), Some(false.into()));
    assert_eq!(claimed(NUMBER_ID), Some(true.into()));
}

#[test]
fn the_dashboards_test_is_told_and_creates_nothing() {
    let server = start();
    let mut client = StockClient::in_general(&server);
    let body = include_bytes!("../fixtures/webhooks/dashboard-test-message.json");
    assert_eq!(server.deliver_bytes(body).expect("an answer").status, 200);
    client.event_where("a test", |event| event.text("field") == "waypost_test");
    assert_eq!(Stored::by(&server).messages(), 0);
    logged(&server, "test of Meta's dashboard");
    deliver_text(&server, "15550002001", "wamid.REAL");
    client.journal_to("wamid.REAL");
}

#[test]
fn reading_again_is_done_once_at_a_time() {
    let mut server = ServerOptions::new().env("WAYPOST_STORE", "sqlite").start();
    put_an_older_letter(&mut server);
    // While nothing can be written, each takes its time.
    let held = Held::take(&server);
    eventually(DEADLINE, "a refusal beside one that runs", || {
        let codes = thread::scope(|scope| {
            let asked = [(); 2].map(|()| scope.spawn(|| reprocess(&server)["code"].clone()));
            asked.map(|one| one.join().expect("asking does not panic"))
        });
        codes.contains(&"reprocess_running".into()).then_some(())
    });
    drop(held);
    assert_eq!(reprocess(&server)["deadLettersUnderstood"], 1);
}

/// What a version that did not know better kept: here the parser is right at once, so that the letter is put there.
#[test]
fn a_dead_letter_of_an_older_version_comes_to_life_once() {
    let mut server = start();
    deliver_text(&server, "15550002001", "wamid.BEFORE");
    put_an_older_letter(&mut server);
    let mut client = StockClient::in_general(&server);
    assert_eq!(reprocess(&server)["deadLettersUnderstood"], 1);
    client.journal_to("wamid.LATE");
    let again = reprocess(&server);
    assert_eq!((&again["deadLettersUnderstood"], &again["deadLettersLeft"]), (&0.into(), &0.into()));
    assert_eq!(Stored::by(&server).messages(), 2);
}

/// Stops the server for it.
fn put_an_older_letter(server: &mut TestServer) {
    assert_eq!(server.terminate(Duration::from_secs(10)).code(), Some(0));
    let item = r#"{"from":"15550002001","id":"wamid.LATE","timestamp":"1794000000","type":"text","text":{"body":"at last"}}"#;
    let around = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"value":{{"messages":[null],"metadata":{{"phone_number_id":"{}"}}}},"field":"messages"}}]}}]}}"#,
        NUMBER_ID
    );
    let database = rusqlite::Connection::open(server.data_dir().join("waypost.db")).expect("the database");
    database
        .execute(
            "INSERT INTO dead_letters (received_at, app, kind, reason, raw, around)
             VALUES (1794000000000, 'default', 'item', 'messages[0].type: unknown', ?1, ?2)",
            (item.as_bytes(), around),
        )
        .expect("a letter");
    drop(database);
    server.restart();
}

/// In a shell that knows where the store is, and nothing else of the server's settings.
fn reprocess_beside(server: &TestServer, variables: &[(&str, &str)]) -> Ended {
    let data_dir = server.data_dir();
    let folder = data_dir.parent().expect("it is in a folder");
    run_waypost(folder, &["reprocess"], &[&server.kept().variables(), variables].concat())
}

#[test]
fn reading_again_without_the_servers_settings_changes_no_claim_and_lets_nothing_in() {
    let schema = Schema::new();
    for store in std::iter::once("sqlite").chain(schema.as_ref().map(Schema::url)) {
        let options = ServerOptions::new().env("WAYPOST_FURTHER_APPS", format!("other:{OTHER_SECRET}"));
        let mut server = options.env("WAYPOST_STORE", store).start();
        let body = Webhook::new().text(&InboundText::new("15550002001", "wamid.FOREIGN", "hello")).to_bytes();
        assert_eq!(post(&server, ("/whatsapp/webhook/other", OTHER_SECRET), &body).status, 200);
        // A data directory is one process's; on PostgreSQL the server runs on beside it.
        if matches!(server.kept(), Kept::Files(_)) {
            assert_eq!(server.terminate(Duration::from_secs(10)).code(), Some(0));
        }
        let told = reprocess_beside(&server, &[]).success();
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!((&told["deadLettersUnderstood"], &told["deadLettersLeft"]), (&0.into(), &1.into()));
        assert_eq!(Stored::by(&server).claimed_numbers(), [NUMBER_ID]);

        let claimed = format!("{NUMBER_ID}/other");
        let further = format!("other:{OTHER_SECRET}");
        let otherwise = [("WAYPOST_CLAIMED_NUMBERS", &*claimed), ("WAYPOST_FURTHER_APPS", &*further)];
        let refused = reprocess_beside(&server, &otherwise);
        assert_eq!(refused.code, Some(1), "{}", refused.stderr);
        assert!(refused.stderr.contains("another app or account"), "{}", refused.stderr);
        assert_eq!((Stored::by(&server).messages(), Stored::by(&server).claimed_numbers().len()), (0, 1));
    }
}
