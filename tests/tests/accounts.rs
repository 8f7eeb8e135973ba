//! Accounts of people from outside: how one comes to one, signs in, is connected by it, and loses it.

use serde_json::{Value, json};
use waypost_testkit::{Request, TestServer};
use waypost_tests::{
    Authenticator, PASSWORD, Person, deliver_text, from_page, sign_in, use_link, waypost_admin,
};

const ANA: &str = "15550002001";

fn code_of(answer: &waypost_testkit::Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

fn account_of(person: &Person, server: &TestServer) -> String {
    person.me(server)["account"]["id"].as_str().expect("an account").to_owned()
}

fn change(server: &TestServer, admin: &Person, account: &str, patch: &Value) -> (u16, Value) {
    let answer = admin.send(server, Request::patch_json(&format!("/api/accounts/{account}"), patch));
    (answer.status, answer.json())
}

#[test]
fn the_first_administrator_comes_by_a_link_that_is_good_once() {
    let server = TestServer::start();
    let void = waypost_admin(&server, &["link"]).success();
    let link = waypost_admin(&server, &["link"]).success();
    let who = json!({ "login": "Root@Example.com", "name": "Root" });
    assert_eq!(code_of(&use_link(&server, &void, &who)), "link_void");
    for (also, expected) in [
        (json!({ "name": "Root" }), "invalid_request"),
        (json!({ "login": "root", "name": "Root", "password": "short" }), "invalid_request"),
        (
            json!({ "login": PASSWORD.replace(' ', "-"), "name": "R", "password": PASSWORD.replace(' ', "-") }),
            "invalid_request",
        ),
    ] {
        assert_eq!(code_of(&use_link(&server, &link, &also)), expected);
    }
    assert_eq!(use_link(&server, &link, &who).status, 200);
    assert_eq!(code_of(&use_link(&server, &link, &who)), "link_void");
    let refused = waypost_admin(&server, &["link"]);
    assert!(
        refused.code == Some(1) && refused.stderr.contains("administrator already"),
        "{}",
        refused.stderr
    );

    let me = Person::sign_in(&server, "root@example.com").me(&server);
    assert_eq!((&me["account"]["role"], &me["totp"]), (&json!("admin"), &json!("off")));
    let log = server.log();
    for secret in ["example.com", PASSWORD, link.trim().rsplit_once('=').expect("a link").1] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn whoever_is_signed_in_may_what_the_role_says_by_rest_and_live() {
    let server = TestServer::start();
    let admin = Person::first_admin(&server);
    let agent = Person::invited(&server, &admin, ("ann", "agent"));
    assert_eq!(agent.send(&server, Request::get("/api/conversations")).status, 200);
    assert_eq!(agent.send(&server, Request::get("/api/accounts")).status, 403);
    assert_eq!(admin.send(&server, Request::get("/api/accounts")).json()["data"][1]["login"], "ann");
    // A header beats the cookie.
    let both = agent.send(&server, Request::get("/api/me").bearer(&server.secrets().api_key)).json();
    assert_eq!((&both["principal"], &both["account"]), (&json!("key:configured"), &Value::Null));

    let mut socket = agent.client(&server).connect();
    socket.join_general();
    assert_eq!(socket.call("joinMonitor", &[])["error"]["code"], "forbidden");
    let account = account_of(&agent, &server);
    let (status, _) = change(&server, &admin, &account, &json!({ "role": "supervisor" }));
    assert_eq!(status, 200);
    socket.disconnected();
    socket.came_back();
    socket.call_well("joinMonitor", &[]);

    let (_, disabled) = change(&server, &admin, &account, &json!({ "disabled": true }));
    assert_eq!(disabled["state"], "disabled");
    assert_eq!(socket.disconnected(), "io server disconnect");
    assert_eq!(agent.send(&server, Request::get("/api/me")).status, 401);
    assert_eq!(code_of(&sign_in(&server, &json!({ "login": "ann", "password": PASSWORD }))), "invalid_login");
}

#[test]
fn ending_a_session_ends_its_connections_and_no_others() {
    let server = TestServer::start();
    let admin = Person::first_admin(&server);
    let (here, there) = (Person::invited(&server, &admin, ("ann", "agent")), Person::sign_in(&server, "ann"));
    let mut stays = here.client(&server).connect();
    let mut goes = there.client(&server).connect();
    let sessions = here.send(&server, Request::get("/api/me/sessions")).json();
    let sessions = sessions["data"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).expect("another");
    let address = format!("/api/me/sessions/{}", other["id"].as_str().expect("an id"));
    // Somebody else's is nobody's.
    assert_eq!(code_of(&admin.send(&server, Request::new("DELETE", &address))), "unknown_session");
    assert_eq!(here.send(&server, Request::new("DELETE", &address)).status, 204);
    assert_eq!(goes.disconnected(), "io server disconnect");
    assert_eq!(there.send(&server, Request::get("/api/me")).status, 401);
    stays.join_general();

    let again = Person::sign_in(&server, "ann");
    let change = json!({ "present": PASSWORD, "next": "another horse battery" });
    assert_eq!(again.send(&server, Request::post_json("/api/me/password", &change)).status, 204);
    assert_eq!(stays.disconnected(), "io server disconnect");
    assert_eq!(again.send(&server, Request::get("/api/me")).status, 200);
    let left = again.send(&server, Request::new("POST", "/api/logout"));
    assert!(
        left.status == 204 && left.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0"))
    );
    assert_eq!(again.send(&server, Request::get("/api/me")).status, 401);
}

#[test]
fn the_cookie_speaks_for_pages_of_our_own_only_and_changes_want_the_header() {
    const DESK: &str = "https://desk.example.org";
    let server = TestServer::options().env("WAYPOST_CORS_ORIGINS", DESK).start();
    let admin = Person::first_admin(&server);
    let own = server.url();
    let with = |request: Request, headers: &[(&str, &str)]| {
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        server.send(&request.header("Cookie", admin.cookie())).expect("an answer").status
    };
    let me = || Request::get("/api/me");
    let invite =
        || Request::post_json("/api/accounts", &json!({ "login": "x y", "name": "X", "role": "agent" }));
    let csrf = ("X-Waypost-CSRF", "1");
    for (request, headers, expected) in [
        (me(), vec![], 401),
        (me(), vec![("Origin", &*own)], 200),
        (me(), vec![("Sec-Fetch-Site", "same-origin")], 200),
        (me(), vec![("Sec-Fetch-Site", "cross-site"), csrf], 401),
        (me(), vec![("Origin", DESK), csrf], 401),
        (me(), vec![("Origin", "https://evil.example"), csrf], 403),
        (invite(), vec![("Origin", &*own)], 403),
        (invite(), vec![("Origin", DESK), csrf], 401),
        (invite(), vec![("Origin", &*own), csrf], 400),
        (Request::post("/api/accounts", "text/plain", "{}"), vec![("Origin", &*own), csrf], 415),
        (Request::post("/api/login", "text/plain", "{}"), vec![("Origin", &*own)], 403),
    ] {
        assert_eq!(with(request.clone(), &headers), expected, "{request:?} {headers:?}");
    }
    let mut refused = admin.client_from(&server, DESK).start();
    assert_eq!(refused.refused()["data"]["code"], "unauthenticated");
    let mut own_page = admin.client(&server).connect();
    own_page.join_general();
}

#[test]
fn whoever_guesses_has_to_wait() {
    let server = TestServer::start();
    let _admin = Person::first_admin(&server);
    let guess = |login: &str| sign_in(&server, &json!({ "login": login, "password": "a wrong password" }));
    for _ in 0..5 {
        assert_eq!(code_of(&guess("root")), "invalid_login");
    }
    let limited = guess("root");
    assert_eq!((limited.status, &*code_of(&limited)), (429, "rate_limited"));
    let wait: u64 = limited.header("retry-after").and_then(|wait| wait.parse().ok()).expect("Retry-After");
    assert!((1..=30).contains(&wait), "{wait}");
    let right = sign_in(&server, &json!({ "login": "root", "password": PASSWORD }));
    assert_eq!(right.status, 429, "nor is whoever knows it let in before");
    for n in 0..15 {
        assert_eq!(code_of(&guess(&format!("nobody{n}"))), "invalid_login");
    }
    assert_eq!(code_of(&guess("anybody")), "rate_limited", "it is one address");
}

#[test]
fn the_bounds_on_guessing_can_be_off() {
    let server = TestServer::options()
        .env("WAYPOST_LIMITS_LOGIN_FAILURES_PER_ACCOUNT_MAX", "off")
        .env("WAYPOST_LIMITS_LOGIN_FAILURES_PER_ADDRESS_MAX", "off")
        .start();
    for _ in 0..25 {
        let guess = sign_in(&server, &json!({ "login": "root", "password": "a wrong password" }));
        assert_eq!(code_of(&guess), "invalid_login");
    }
}

#[test]
fn a_one_time_password_is_asked_and_good_once() {
    let server = TestServer::options()
        .env("WAYPOST_AUTH_TOTP_REQUIRED_ROLES", "admin")
        .env("WAYPOST_LIMITS_LOGIN_FAILURES_PER_ACCOUNT_MAX", "100")
        .start();
    let admin = Person::first_admin(&server);
    assert_eq!(admin.me(&server)["totp"], "missing");
    assert_eq!(code_of(&admin.send(&server, Request::get("/api/accounts"))), "totp_missing");
    let mut kept_out = admin.client(&server).start();
    assert_eq!(kept_out.refused()["data"]["code"], "totp_missing");

    let enrolment = admin.send(&server, Request::new("POST", "/api/me/totp")).json();
    let app = Authenticator::new(enrolment["secret"].as_str().expect("a secret"));
    let confirm = |code: &str| {
        admin.send(&server, Request::post_json("/api/me/totp/confirm", &json!({ "code": code })))
    };
    assert_eq!(code_of(&confirm("abcdef")), "invalid_login");
    let first = app.password(0);
    let codes = confirm(&first).json();
    let codes = codes["recoveryCodes"].as_array().expect("codes");
    assert_eq!(codes.len(), 10);
    assert_eq!(admin.send(&server, Request::get("/api/accounts")).status, 200, "the session goes on");

    let with = |code: &str| sign_in(&server, &json!({ "login": "root", "password": PASSWORD, "code": code }));
    assert_eq!(code_of(&with("")), "totp_required");
    assert_eq!(code_of(&with(&first)), "invalid_login", "it was used when it was set up");
    let next = app.password(1);
    assert_eq!(with(&next).status, 200);
    assert_eq!(code_of(&with(&next)), "invalid_login");
    let recovery = codes[0].as_str().expect("a code").to_lowercase();
    assert_eq!(with(&recovery).status, 200);
    assert_eq!(code_of(&with(&recovery)), "invalid_login");
    let wrong = json!({ "password": "a wrong password" });
    assert_eq!(
        code_of(&admin.send(&server, Request::post_json("/api/me/totp/disable", &wrong))),
        "invalid_login"
    );

    let link = waypost_admin(&server, &["reset", "root", "--totp"]).success();
    assert_eq!(use_link(&server, &link, &json!({})).status, 200);
    assert_eq!(admin.send(&server, Request::get("/api/me")).status, 401, "a reset ends all sessions");
    assert_eq!(Person::sign_in(&server, "root").me(&server)["totp"], "missing");
}

#[test]
fn an_administrator_resets_and_the_last_one_stays() {
    let server = TestServer::start();
    let admin = Person::first_admin(&server);
    let own = account_of(&admin, &server);
    for patch in [json!({ "role": "agent" }), json!({ "disabled": true })] {
        let (status, problem) = change(&server, &admin, &own, &patch);
        assert_eq!((status, &problem["code"]), (409, &json!("last_admin")));
    }
    let agent = Person::invited(&server, &admin, ("ann", "agent"));
    let account = account_of(&agent, &server);
    let reset =
        admin.send(&server, Request::post_json(&format!("/api/accounts/{account}/reset"), &json!({})));
    let link = reset.json()["link"].as_str().expect("a link").to_owned();
    assert!(link.contains("/login#reset="), "{link}");
    assert_eq!(agent.send(&server, Request::get("/api/me")).status, 200, "until it is used");
    assert_eq!(use_link(&server, &link, &json!({ "password": "another horse battery" })).status, 200);
    assert_eq!(agent.send(&server, Request::get("/api/me")).status, 401);

    let ended = admin.send(&server, Request::new("DELETE", &format!("/api/accounts/{own}/sessions")));
    assert_eq!(ended.status, 204);
    assert_eq!(admin.send(&server, Request::get("/api/me")).status, 401);
    assert_eq!(server.send(&from_page(Request::get("/api/accounts"))).expect("an answer").status, 401);
}

#[test]
fn an_account_sees_what_its_role_and_its_limits_leave_and_changes_count_at_once() {
    let server = TestServer::options().env("WAYPOST_AUTH_ROLES", "temp:read:all:masked").start();
    let admin = Person::first_admin(&server);
    let eva = Person::invited(&server, &admin, ("eva", "agent"));
    let account = account_of(&eva, &server);
    deliver_text(&server, ANA, "wamid.A1");
    let listed = || {
        let answer = eva.send(&server, Request::get("/api/conversations")).json();
        answer["data"].as_array().expect("a list").clone()
    };
    let conversation = listed()[0]["id"].as_str().expect("an id").to_owned();
    for (patch, wrong) in [
        (json!({ "role": "no-such-role" }), "role: "),
        (json!({ "limits": { "numbers": ["1 2"] } }), "limits.numbers: "),
        (json!({ "limits": { "teams": [" "] } }), "limits.teams: "),
        (json!({ "limits": { "customers": [""] } }), "limits.customers: "),
    ] {
        let (status, problem) = change(&server, &admin, &account, &patch);
        assert_eq!(status, 400);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.starts_with(wrong)), "{problem}");
    }

    let mut client = eva.client(&server).connect();
    client.join_general();
    let limits = json!({ "teams": ["north"] });
    let (_, narrowed) = change(&server, &admin, &account, &json!({ "limits": limits }));
    assert_eq!(narrowed["limits"], limits);
    assert_eq!(listed(), Vec::<Value>::new());
    client.back();
    deliver_text(&server, ANA, "wamid.A2");
    let path = format!("/api/conversations/{conversation}");
    let assigned = admin.send(&server, Request::patch_json(&path, &json!({ "assignee": account })));
    assert_eq!(assigned.status, 200);
    assert_eq!(client.event("whatsappAccess").text("conversationId"), conversation);
    assert_eq!(listed().len(), 1);
    deliver_text(&server, ANA, "wamid.A3");
    let shown = client.journal_to("wamid.A3");
    assert!(shown.iter().all(|event| event.name != "whatsappMessage" || event.wamid() == "wamid.A3"));

    let (_, temp) = change(&server, &admin, &account, &json!({ "role": "temp", "limits": {} }));
    assert_eq!((&temp["role"], &temp["limits"]), (&json!("temp"), &json!({})));
    client.back();
    let masked = &listed()[0];
    assert_eq!((&masked["id"], &masked["whatsappNumber"]), (&json!(conversation), &masked["customerId"]));
}
