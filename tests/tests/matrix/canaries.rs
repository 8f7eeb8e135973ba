//! Nothing personal and no secret in what is logged, counted or refused: whatever comes in by webhooks, routes and events.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use waypost_api::names;
use waypost_testkit::{Request, TestServer};
use waypost_tests::{
    Agents, ClientOptions, DEADLINE, Fixtures, Graph, PASSWORD, Person, from_page, sign_in, whole_log,
};

use crate::cast;
use crate::routes::ROUTES;
use crate::scene::{self, Scene, Target};

/// Members of a webhook whose texts are personal, whatever stands above them.
const PERSONAL: [&str; 22] = [
    "body",
    "caption",
    "filename",
    "first_name",
    "formatted_name",
    "from",
    "from_user_id",
    "full_name",
    "input",
    "last_name",
    "name",
    "participant_recipient_id",
    "phone",
    "phone_number",
    "profile",
    "recipient_id",
    "recipient_participant_id",
    "recipient_user_id",
    "user_id",
    "username",
    "vcard",
    "wa_id",
];

/// Shorter ones may stand in any text.
const CANARY_BYTES_MIN: usize = 8;

/// What is asked with everywhere: a name, a number, one of WhatsApp's ids.
const ODD: [&str; 3] = ["Zebulon-Canary", "15550007777", "wamid.CANARY0000"];

#[test]
fn nothing_personal_and_no_secret_is_logged_counted_or_refused() {
    let graph = Graph::start();
    let options = scene::options()
        .env("WAYPOST_LOG", "trace,tokio_postgres::query=trace")
        .env("WAYPOST_GRAPH_URL", graph.url());
    let fixtures = Fixtures::read();
    let secrets = format!("{},{}", options.secrets().app_secret, fixtures.app_secret);
    refuse_all(graph);
    let mut scene = Scene::start_with(options.env("WAYPOST_APP_SECRET", secrets));
    let mut hidden = canaries(&fixtures, &scene);
    deliver_all(&scene.server, &fixtures);

    let admin = Person::sign_in(&scene.server, "root");
    let wrong = json!({ "login": ODD[0], "password": ODD[1] });
    assert_eq!(sign_in(&scene.server, &wrong).status, 401);
    let narrow = cast::token("sam", "agent", &json!({ "numbers": [], "customers": [ODD[0]] }));
    hidden.extend([narrow.clone(), PASSWORD.to_owned(), secret_of(&admin)]);
    let mut refused = Vec::new();
    for request in requests(&scene) {
        refused.extend(ask(&scene.server, &request.clone().bearer(&scene.server.secrets().api_key)));
        refused.extend(ask(&scene.server, &request.clone().bearer(&narrow)));
        refused.extend(ask(&scene.server, &request.clone().header("Cookie", admin.cookie())));
        refused.extend(ask(&scene.server, &request));
    }
    refused.extend(ask_by_socket(&scene, &narrow));
    let metrics = waypost_tests::ask(&scene.server, Request::get("/metrics")).text();
    assert!(metrics.contains("waypost"), "{metrics}");
    assert_eq!(scene.server.terminate(DEADLINE).code(), Some(0));
    let log = whole_log(&scene.server);
    assert!(log.contains("dead letter") && log.contains("TRACE"), "it is logged as much as can be: {log}");
    let mut found = Vec::new();
    for text in refused.iter().chain([&metrics, &log]) {
        found.extend(shown(text, &hidden));
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Meta takes nothing, and says to whom.
fn refuse_all(graph: Graph) {
    std::thread::spawn(move || {
        while let Some(call) = graph.next_call() {
            let to = call.body["to"].as_str().unwrap_or("nobody").to_owned();
            call.refuse(131_026, &format!("Message undeliverable to {to}, {}", ODD[0]));
        }
    });
}

/// All that must not be seen: what is personal in the recorded webhooks and in the scene, and what is secret.
fn canaries(fixtures: &Fixtures, scene: &Scene) -> BTreeSet<String> {
    let mut found = BTreeSet::from(ODD.map(str::to_owned));
    for fixture in &fixtures.good {
        let body: Value = serde_json::from_slice(&fixture.body).expect("a good body is JSON");
        collect(&body, "", &mut found);
    }
    for target in [&scene.own, &scene.other, &scene.unknown] {
        found.extend(target.personal().map(str::to_owned));
    }
    let secrets = scene.server.secrets();
    found.extend(
        [&secrets.app_secret, &secrets.verify_token, &secrets.api_key, &secrets.access_token]
            .map(Clone::clone),
    );
    found.extend([fixtures.app_secret.clone(), cast::SECRET.to_owned()]);
    assert!(found.len() > 1_000, "there is much that is personal in the recorded webhooks: {}", found.len());
    found
}

fn collect(value: &Value, name: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            // The number of a business, and what WhatsApp calls a field, are no customer's.
            let is_personal = PERSONAL.contains(&name) && !text.starts_with("15550001");
            if text.len() >= CANARY_BYTES_MIN && (is_personal || text.starts_with("wamid.")) {
                found.insert(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        Value::Object(members) => members.iter().for_each(|(name, member)| collect(member, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn deliver_all(server: &TestServer, fixtures: &Fixtures) {
    let good = fixtures.good.iter().map(|fixture| (&fixture.body, &fixture.signature));
    let bad = fixtures.bad.iter().map(|fixture| (&fixture.body, &fixture.signature));
    for (body, signature) in good.chain(bad) {
        for signature in [signature.as_str(), "sha256=00"] {
            let request = Request::post("/whatsapp/webhook", "application/json", body.as_slice())
                .header("X-Hub-Signature-256", signature)
                .header("Content-Length", &body.len().to_string());
            // A body that is too large may be cut off before it is answered.
            drop(server.send(&request));
        }
    }
}

/// Every route, as it is meant, and with what it is not made for.
fn requests(scene: &Scene) -> Vec<Request> {
    let mut requests = Vec::new();
    // What ends a session would let nobody in afterwards.
    for route in ROUTES.iter().filter(|route| route.name != "POST /api/logout") {
        for target in [&scene.own, &scene.other, &scene.unknown] {
            requests.extend((route.requests)(scene, target));
        }
        let (method, path) = route.name.split_once(' ').expect("a method and a path");
        for odd in ODD {
            let path = path.replace("{id}", odd).replace("{customer}", odd);
            requests.push(Request::new(method, &path));
            for parameter in
                ["cursor", "limit", "before", "assignee", "customerId", "phoneNumberId", "search", "all"]
            {
                requests.push(Request::new(method, &format!("{path}?{parameter}={odd}")));
            }
            requests.extend(odd_bodies(odd).map(|body| Request::with_json(method, &path, &body)));
            let cut_off = format!("{{\"to\":\"{odd}\",\"login\":\"{odd}");
            requests.push(Request::with_json(method, &path, &Value::Null).body(cut_off));
        }
    }
    requests.into_iter().map(from_page).collect()
}

/// Bodies that fit one route or none, made of this.
fn odd_bodies(odd: &str) -> [Value; 5] {
    let text = json!({ "body": odd });
    [
        json!(odd),
        json!([odd]),
        json!({
            "to": odd, "message": odd, "type": "text", "text": text, "idempotencyKey": odd, "assignee": odd,
            "externalId": 7, "into": odd, "login": odd, "name": odd, "role": odd, "password": odd, "token": odd,
            "present": odd, "next": odd, "code": odd,
        }),
        json!({
            "to": { odd: odd }, "message": [odd], "type": odd, "idempotencyKey": { odd: 1 }, "assignee": [odd],
            "externalId": [odd], "into": { odd: odd }, "login": [odd], "name": { odd: odd }, "role": [odd],
            "password": [odd], "token": [odd], "present": [odd], "next": [odd], "code": [odd], "limits": odd,
        }),
        json!({ odd: odd }),
    ]
}

/// The answer, where it is a refusal.
fn ask(server: &TestServer, request: &Request) -> Option<String> {
    let answer = server.send(request).expect("an answer");
    assert!(answer.status != 500, "{request:?}: {}", answer.text());
    (answer.status >= 400).then(|| answer.text())
}

/// Every event, as it is meant and otherwise; whatever was refused. An event's name is the client's own.
fn ask_by_socket(scene: &Scene, narrow: &str) -> Vec<String> {
    let agents = Agents::default();
    let key = scene.server.secrets().api_key.clone();
    let mut refused = Vec::new();
    for token in [key.as_str(), narrow] {
        let mut client = ClientOptions::new(&scene.server).auth("token", token).start_in(&agents);
        client.connected();
        for request in names::Request::ALL {
            for odd in ODD.iter().map(|odd| json!(odd)).chain([json!([ODD]), json!({ "to": ODD }), json!(7)])
            {
                for args in
                    [vec![odd.clone()], vec![odd.clone(), odd.clone()], vec![json!(scene.own.phone), odd]]
                {
                    let ack = client.call(request.as_str(), &args);
                    if !ack["error"].is_null() {
                        refused.push(ack.to_string());
                    }
                }
            }
        }
        client.emit(ODD[0], &[json!(ODD)]);
        client.event("exception");
    }
    for (member, odd) in [
        ("token", json!(ODD[0])),
        ("token", json!([ODD])),
        ("pid", json!({ "x": ODD })),
        ("rooms", json!([ODD[0]])),
        ("offsets", json!(ODD[1])),
        ("since", json!(ODD[1])),
    ] {
        let mut client = ClientOptions::new(&scene.server).auth(member, odd).start_in(&agents);
        refused.push(client.refused().to_string());
    }
    for (member, odd) in [("pid", ODD[0]), ("offset", ODD[2])] {
        let mut client = ClientOptions::new(&scene.server).auth(member, odd).start_in(&agents);
        client.connected();
    }
    refused
}

fn secret_of(person: &Person) -> String {
    person.cookie().split_once('=').expect("a cookie has a value").1.to_owned()
}

/// The lines in which a canary is to be seen, the first for each.
fn shown(text: &str, hidden: &BTreeSet<String>) -> Vec<String> {
    let line = |canary: &&String| text.lines().find(|line| line.contains(canary.as_str()));
    hidden.iter().filter_map(|canary| line(&canary).map(|line| format!("{canary} is in: {line}"))).collect()
}

impl Target {
    /// What is personal of it: our own ids may be logged.
    fn personal(&self) -> impl Iterator<Item = &str> {
        let [phone, wamid, bsuid, _, _, _, external, profile, text] = self.all_secrets();
        [phone, wamid, bsuid, external, profile, text].into_iter()
    }
}
