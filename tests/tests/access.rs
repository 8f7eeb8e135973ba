//! Who is let in: by key, by being at the machine itself, by the name of the host and the page that asks.

use serde_json::{Value, json};
use waypost_testkit::{Answer, Kept, Request, ServerOptions, TestServer};
use waypost_tests::{ClientOptions, Graph, RawRequest, StockClient, Variant, deliver_text, run_waypost};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";
const ANA: &str = "15550002001";
const CRM: &str = "https://crm.example.org";

fn anonymous() -> ServerOptions {
    TestServer::options().env("WAYPOST_ANONYMOUS", "loopback")
}

fn upgrade() -> Request {
    Request::get(WEBSOCKET)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// One request of each way in, with a name for when it fails.
fn ways_in() -> [(&'static str, Request); 5] {
    [
        ("polling", Request::get(POLLING)),
        ("a polling post", Request::post(POLLING, "text/plain;charset=UTF-8", "40")),
        ("WebSocket", upgrade()),
        ("REST", Request::get("/api/openapi.json")),
        ("a REST post", Request::post_json("/api/messages", &json!({}))),
    ]
}

fn send(server: &TestServer, request: &Request) -> Answer {
    server.send(request).expect("the server answers")
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.json()["code"], code, "{what}");
}

/// Every documented route that does not say that it is open, as a request without a credential.
fn guarded_routes(description: &Value) -> Vec<Request> {
    let paths = description["paths"].as_object().expect("paths");
    let mut requests = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            if operation.get("security").is_none() {
                requests.push(Request::new(&method.to_uppercase(), path));
            }
        }
    }
    requests
}

#[test]
fn without_a_key_everything_but_webhook_health_and_pages_is_refused() {
    let server = TestServer::start();
    let key = &server.secrets().api_key;
    let description = send(&server, &Request::get("/api/openapi.json").bearer(key)).json();
    let mut guarded = guarded_routes(&description);
    assert!(guarded.len() >= 3, "{guarded:?}");
    guarded.push(Request::get("/api/openapi.json"));
    for request in &guarded {
        let answer = send(&server, request);
        assert_refused(&answer, 401, "unauthenticated", &format!("{request:?}"));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        for header in ["Bearer wrong", "Bearer ", "Basic a2V5", key] {
            let answer = send(&server, &request.clone().header("Authorization", header));
            assert_refused(&answer, 401, "unauthenticated", header);
        }
    }
    assert_eq!(send(&server, &Request::get("/metrics").bearer(key)).status, 200);
    for open in [
        "/healthz",
        "/readyz",
        "/whatsapp-websocket-test.html",
        "/whatsapp-websocket-test.js",
        "/whatsapp-websocket-test.css",
        "/socket.io/socket.io.js",
    ] {
        assert_eq!(send(&server, &Request::get(open)).status, 200, "{open}");
    }
    assert_eq!(send(&server, &Request::get("/")).header("location"), Some("/whatsapp-websocket-test.html"));
}

#[test]
fn at_the_machine_itself_no_key_is_needed_where_that_is_configured() {
    let server = anonymous().start();
    for variant in Variant::ALL {
        let mut client = ClientOptions::new(&server).variant(variant).option("auth", Value::Null).connect();
        client.join_general();
    }
    assert_eq!(send(&server, &Request::get("/api/openapi.json")).status, 200);
    let wrong = send(&server, &Request::get("/api/openapi.json").bearer("wrong"));
    assert_refused(&wrong, 401, "unauthenticated", "a wrong key is not no key");
}

#[test]
fn a_tunnelled_request_is_not_at_the_machine_itself() {
    let server = anonymous().env("WAYPOST_PUBLIC_URL", "https://waypost.example.org").start();
    for (header, value) in [
        ("X-Forwarded-For", "203.0.113.7"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=203.0.113.7"),
        ("Via", "1.1 proxy"),
        ("Cf-Ray", "8a1"),
    ] {
        let answer = send(&server, &Request::get("/api/openapi.json").header(header, value));
        assert_refused(&answer, 401, "unauthenticated", header);
        let post = Request::post_json("/api/messages", &json!({})).header(header, value);
        assert_refused(&send(&server, &post), 401, "unauthenticated", header);
    }
    for variant in [Variant::WebSocketOnly, Variant::PollingOnly] {
        let options = ClientOptions::new(&server)
            .variant(variant)
            .option("extraHeaders", json!({ "X-Forwarded-For": "203.0.113.7" }));
        let error = options.clone().option("auth", Value::Null).start().refused();
        assert_eq!(error["data"]["code"], "unauthenticated", "{variant:?}");
        // Who has a key comes through a proxy as well.
        drop(options.connect());
    }
    // Under our public name it is not direct either.
    let public = Request::get("/api/openapi.json").header("Host", "waypost.example.org");
    assert_refused(&send(&server, &public), 401, "unauthenticated", "public host");
}

#[test]
fn a_foreign_host_is_refused_in_every_way_in() {
    for options in [anonymous(), TestServer::options()] {
        let server = options.start();
        for (what, request) in ways_in() {
            for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:3000", "10.0.0.5"]
            {
                let request = request.clone().header("Host", host).bearer(&server.secrets().api_key);
                assert_refused(&send(&server, &request), 403, "foreign_host", what);
            }
        }
    }
}

#[test]
fn a_foreign_origin_is_refused_in_every_way_in() {
    for options in [anonymous(), TestServer::options()] {
        let server = options.env("WAYPOST_CORS_ORIGINS", CRM).start();
        for (what, request) in ways_in() {
            for origin in
                ["https://evil.example", "null", "http://localhost:1", "https://crm.example.org.evil.example"]
            {
                let request = request.clone().header("Origin", origin).bearer(&server.secrets().api_key);
                let answer = send(&server, &request);
                assert_refused(&answer, 403, "foreign_origin", what);
                assert_eq!(answer.header("access-control-allow-origin"), None, "{what}");
            }
        }
    }
}

#[test]
fn a_form_is_refused() {
    let server = anonymous().start();
    let body = "{\"to\":\"15550002001\",\"message\":\"hello\"}";
    for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
        for path in ["/api/messages", "/whatsapp/send-message"] {
            let answer = send(&server, &Request::post(path, kind, body));
            assert_refused(&answer, 415, "unsupported_media_type", kind);
        }
        for path in ["/api/messages", "/whatsapp/send-message", POLLING] {
            let form = Request::post(path, kind, body).header("Origin", "https://evil.example");
            assert_refused(&send(&server, &form), 403, "foreign_origin", kind);
        }
    }
}

#[test]
fn pages_of_an_allowed_origin_may_use_everything_with_credentials() {
    let server = TestServer::options().env("WAYPOST_CORS_ORIGINS", CRM).start();
    for (request, status) in [
        (Request::get(POLLING), 200),
        (Request::get("/api/openapi.json").bearer(&server.secrets().api_key), 200),
        (Request::get("/api/openapi.json"), 401),
    ] {
        let answer = send(&server, &request.header("Origin", CRM));
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(CRM));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    }
    let upgrade = format!(
        "GET {WEBSOCKET} HTTP/1.1\r\nHost: {}\r\nOrigin: {CRM}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        server.address()
    );
    assert_eq!(RawRequest::begin(server.address(), &upgrade).status(), 101);
    for path in ["/api/messages", POLLING] {
        let preflight = Request::new("OPTIONS", path)
            .header("Origin", CRM)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization,content-type");
        let answer = send(&server, &preflight);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(CRM), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        let allowed = |name| answer.header(name).unwrap_or_default().to_lowercase();
        assert!(allowed("access-control-allow-methods").contains("post"), "{path}");
        let headers = allowed("access-control-allow-headers");
        assert!(headers.contains("authorization") && headers.contains("content-type"), "{path}");
    }
}

#[test]
fn our_own_page_may_use_us_under_every_name_of_ours() {
    let server = TestServer::options().env("WAYPOST_PUBLIC_URL", "https://waypost.example.org").start();
    let here = server.address().to_string();
    let port = server.address().port();
    for (host, origin) in [
        (here.clone(), format!("http://{here}")),
        (format!("localhost:{port}"), format!("http://localhost:{port}")),
        ("waypost.example.org".to_owned(), "https://waypost.example.org".to_owned()),
    ] {
        let request = Request::get(POLLING).header("Host", &host).header("Origin", &origin);
        assert_eq!(send(&server, &request).status, 200, "{host}");
    }
}

#[test]
fn a_key_made_while_the_server_runs_works_until_it_is_revoked() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let run = |arguments: &[&str]| run_waypost(folder.path(), arguments, &server.kept().variables());
    let create = ["key", "create", "desk", "--scope", "read", "--scope", "metrics", "--expires", "12h"];
    let key = run(&create).success().trim().to_owned();
    let rest = || send(&server, &Request::get("/metrics").bearer(&key)).status;
    let options = || ClientOptions::new(&server).option("auth", json!({ "token": key }));
    assert_eq!(rest(), 200);
    let mut client = options().connect();
    client.join_general();
    let list = run(&["key", "list"]).success();
    assert!(list.contains("desk") && !list.contains(&key), "{list}");
    assert!(list.contains("  read,metrics  ") && !list.contains("never"), "{list}");
    let id = list.split_whitespace().next().expect("an id");
    assert!(run(&["key", "revoke", id]).success().contains(id));
    assert_eq!(rest(), 401);
    assert_eq!(client.disconnected(), "io server disconnect");
    assert_eq!(options().start().refused()["data"]["code"], "unauthenticated");
    assert_eq!(run(&["key", "revoke", id]).code, Some(1), "there is no such key any more");
    // The configured key was never touched.
    drop(StockClient::connect(&server));
}

/// A key for `server`, made with these arguments.
#[track_caller]
fn make_key(server: &TestServer, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let command = [&["key", "create", "program"], arguments].concat();
    run_waypost(folder.path(), &command, &server.kept().variables()).success().trim().to_owned()
}

fn connect(server: &TestServer, key: &str) -> StockClient {
    ClientOptions::new(server).option("auth", json!({ "token": key })).connect()
}

/// A reply to Ana.
fn reply(key: &str) -> Request {
    let body = json!({ "to": ANA, "type": "text", "text": { "body": "hello" }, "idempotencyKey": "one" });
    Request::post_json("/api/messages", &body).bearer(key)
}

/// Reads of all customers.
const LISTS: [&str; 4] =
    ["/api/conversations", "/api/customers", "/whatsapp/conversations", "/whatsapp/messages/last-50"];

/// Reads of Ana alone.
const READS_OF_ANA: [&str; 2] =
    ["/whatsapp/conversation/15550002001", "/whatsapp/messages/chat-list/15550002001"];

#[track_caller]
fn assert_sees_nothing(server: &TestServer, key: &str) {
    for address in LISTS {
        let answer = send(server, &Request::get(address).bearer(key));
        assert_refused(&answer, 403, "forbidden", address);
    }
    for address in READS_OF_ANA {
        let answer = send(server, &Request::get(address).bearer(key));
        assert_refused(&answer, 404, "unknown_customer", address);
    }
    let mut client = connect(server, key);
    for (event, args, code) in [
        ("joinWhatsAppGeneral", vec![], "forbidden"),
        ("joinWhatsAppCustomer", vec![json!(ANA)], "unknown_customer"),
        ("joinWhatsAppCustomer", vec![json!("15550002009")], "unknown_customer"),
    ] {
        let ack = client.call(event, &args);
        assert_eq!((&ack["ok"], &ack["error"]["code"]), (&json!(false), &json!(code)), "{event}: {ack}");
    }
}

#[test]
fn a_key_to_read_reads_and_sends_nothing() {
    let graph = Graph::start();
    let server = TestServer::options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    deliver_text(&server, ANA, "wamid.1");
    let key = make_key(&server, &["--scope", "read"]);
    let mut client = connect(&server, &key);
    client.join_general();
    client.join_customer(ANA);
    for address in LISTS.into_iter().chain(READS_OF_ANA) {
        assert_eq!(send(&server, &Request::get(address).bearer(&key)).status, 200, "{address}");
    }
    assert_refused(&send(&server, &reply(&key)), 403, "forbidden", "a reply");
    for address in ["/metrics", "/api/dead-letters", "/api/numbers"] {
        let answer = send(&server, &Request::get(address).bearer(&key));
        assert_refused(&answer, 403, "forbidden", address);
    }
}

#[test]
fn a_key_to_send_sends_and_sees_nothing() {
    let graph = Graph::start();
    let server = TestServer::options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    deliver_text(&server, ANA, "wamid.1");
    let key = make_key(&server, &["--scope", "send"]);
    let answer = std::thread::scope(|scope| {
        let sending = scope.spawn(|| send(&server, &reply(&key)));
        graph.call().accept("wamid.2");
        sending.join().expect("sending does not panic")
    });
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_sees_nothing(&server, &key);
}

#[test]
fn a_key_for_metrics_reads_those_and_nothing_else() {
    let graph = Graph::start();
    let server = TestServer::options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    deliver_text(&server, ANA, "wamid.1");
    let key = make_key(&server, &["--scope", "metrics"]);
    assert_eq!(send(&server, &Request::get("/metrics").bearer(&key)).status, 200);
    assert_sees_nothing(&server, &key);
    assert_refused(&send(&server, &reply(&key)), 403, "forbidden", "a reply");
}

#[test]
fn a_key_that_has_expired_is_refused() {
    let server = TestServer::start();
    let key = make_key(&server, &["--scope", "admin", "--expires", "1h"]);
    let metrics = Request::get("/metrics").bearer(&key);
    assert_eq!(send(&server, &metrics).status, 200);
    let sql = "UPDATE api_keys SET expires_at = created_at";
    match server.kept() {
        Kept::Files(data_dir) => {
            let file = rusqlite::Connection::open(data_dir.join("waypost.db")).expect("the database");
            file.execute_batch(sql).expect("a key can be changed");
        }
        Kept::Postgres(database) => database.execute(sql),
    }
    assert_refused(&send(&server, &metrics), 401, "unauthenticated", "REST");
    let options = ClientOptions::new(&server).option("auth", json!({ "token": key }));
    assert_eq!(options.start().refused()["data"]["code"], "unauthenticated");
}

#[test]
fn a_key_that_would_have_expired_already_is_not_made() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let arguments = ["key", "create", "late", "--scope", "read", "--expires", "2020-01-01"];
    let ended = run_waypost(folder.path(), &arguments, &[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("expired already"), "{}", ended.stderr);
    let list = run_waypost(folder.path(), &["key", "list"], &[]).success();
    assert_eq!(list, "");
}
