//! Who signs in with a token of another program, for how long, and what they may.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use waypost_testkit::{Request, ServerOptions, TestServer};
use waypost_tests::{ClientOptions, StockClient};

const SECRET: &str = "a-secret-for-tests-of-32-bytes-or-more";

fn options() -> ServerOptions {
    TestServer::options()
        .env("WAYPOST_JWT_SECRET", SECRET)
        .env("WAYPOST_JWT_ISSUER", "https://login.example")
        .env("WAYPOST_JWT_AUDIENCE", "waypost")
}

fn in_seconds(seconds: u64) -> u64 {
    jsonwebtoken::get_current_timestamp() + seconds
}

fn token(subject: &str, role: &str, until: u64) -> String {
    let claims = json!({
        "iss": "https://login.example", "aud": "waypost", "sub": subject, "role": role, "exp": until,
    });
    signed(&claims)
}

fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).expect("a token")
}

/// The same claims under `alg: none`, without the last part.
fn unsigned(claims: &Value) -> String {
    // {"alg":"none","typ":"JWT"}
    let header = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let signed = signed(claims);
    let content = signed.split('.').nth(1).expect("a token has three parts");
    format!("{header}.{content}")
}

fn signature(token: &str) -> &str {
    token.rsplit_once('.').expect("a token has three parts").1
}

fn client(server: &TestServer, token: &str) -> ClientOptions {
    ClientOptions::new(server).auth("token", token)
}

fn status(server: &TestServer, request: Request, token: &str) -> u16 {
    server.send(&request.bearer(token)).expect("an answer").status
}

#[test]
fn a_role_may_what_it_says_and_nothing_else() {
    let server = options().start();
    let until = in_seconds(600);
    let send =
        || Request::post_json("/whatsapp/send-message", &json!({ "to": "15550002001", "message": "hi" }));
    for (role, may) in [
        ("viewer", [true, false, false, false]),
        ("agent", [true, true, false, false]),
        ("supervisor", [true, true, true, false]),
        ("admin", [true, true, true, true]),
    ] {
        let token = token("ana", role, until);
        let duplicates = Request::get("/api/customers/duplicates");
        let answers = [
            status(&server, Request::get("/api/conversations"), &token),
            status(&server, send(), &token),
            status(&server, duplicates, &token),
            status(&server, Request::get("/metrics"), &token),
        ];
        assert_eq!(answers.map(|status| status != 403), may, "{role}: {answers:?}");
    }
    let mut viewer = client(&server, &token("ana", "viewer", until)).connect();
    viewer.join_general();
    assert_eq!(viewer.call("joinMonitor", &[])["error"]["code"], "forbidden");
}

#[test]
fn a_token_that_is_not_good_lets_nobody_in() {
    let server = options().start();
    let good = json!({
        "iss": "https://login.example", "aud": "waypost", "sub": "ana", "role": "agent", "exp": in_seconds(60),
    });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signed(&claims)
    };
    for (what, token) in [
        ("another audience", with("aud", json!("another"))),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("expired", with("exp", json!(in_seconds(0) - 60))),
        ("good for too long", with("exp", json!(in_seconds(100_000)))),
        ("no role", with("role", Value::Null)),
        ("a role that is none", with("role", json!("owner"))),
        ("a limit that is no list", with("numbers", json!("100000000000101"))),
        ("not valid yet", with("nbf", json!(in_seconds(600)))),
        ("cut off", signed(&good)[..40].to_owned()),
        ("not signed", format!("{}.", unsigned(&good))),
        ("signed for another algorithm", format!("{}.{}", unsigned(&good), signature(&signed(&good)))),
    ] {
        assert_eq!(status(&server, Request::get("/api/conversations"), &token), 401, "{what}");
        let mut refused = client(&server, &token).start();
        assert_eq!(refused.refused()["data"]["code"], "unauthenticated", "{what}");
    }
    assert_eq!(status(&server, Request::get("/api/conversations"), &signed(&good)), 200);
}

#[test]
fn a_connection_ends_with_its_token_and_a_fresh_one_of_the_same_person_keeps_it() {
    let server = options().env("WAYPOST_AUTH_JWT_LEEWAY_SECONDS", "0").start();
    let until = in_seconds(4);
    let mut goes: StockClient = client(&server, &token("ana", "agent", until)).connect();
    let mut stays: StockClient = client(&server, &token("ana", "agent", until)).connect();
    let somebody_elses = json!(token("ben", "agent", in_seconds(600)));
    assert_eq!(stays.call("authenticate", &[somebody_elses])["error"]["code"], "forbidden");
    let ack = stays.call_well("authenticate", &[json!(token("ana", "agent", in_seconds(600)))]);
    assert!(ack["expiresAt"].is_string(), "{ack}");
    goes.disconnected();
    assert_eq!(goes.refused()["data"]["code"], "unauthenticated");
    stays.join_general();
}
