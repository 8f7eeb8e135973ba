//! A person with an account, as the browser that speaks for them.

use std::path::Path;

use serde_json::{Value, json};
use waypost_testkit::{Answer, Request, TestServer};

use crate::command::{Ended, run_waypost};
use crate::options::ClientOptions;

/// What a test's people choose.
pub const PASSWORD: &str = "correct horse battery";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    cookie: String,
}

impl Person {
    /// The first administrator of a server, let in by `waypost admin link`.
    ///
    /// # Panics
    /// When there is one already.
    #[must_use]
    #[track_caller]
    pub fn first_admin(server: &TestServer) -> Self {
        let link = waypost_admin(server, &["link"]).success();
        let answer = use_link(server, &link, &json!({ "login": "root", "name": "Root" }));
        assert_eq!(answer.status, 200, "{}", answer.text());
        Self::sign_in(server, "root")
    }

    /// Somebody whom an administrator invites.
    ///
    /// # Panics
    /// When that cannot be.
    #[must_use]
    #[track_caller]
    pub fn invited(server: &TestServer, admin: &Self, (login, role): (&str, &str)) -> Self {
        let invitation = json!({ "login": login, "name": login, "role": role });
        let invited = admin.send(server, Request::post_json("/api/accounts", &invitation));
        assert_eq!(invited.status, 201, "{}", invited.text());
        let invited = invited.json();
        let link = invited["link"].as_str().expect("a link");
        assert_eq!(use_link(server, link, &json!({})).status, 200);
        Self::sign_in(server, login)
    }

    /// Somebody who has an account and this test's password.
    ///
    /// # Panics
    /// When they are not let in.
    #[must_use]
    #[track_caller]
    pub fn sign_in(server: &TestServer, login: &str) -> Self {
        let answer = sign_in(server, &json!({ "login": login, "password": PASSWORD }));
        assert_eq!(answer.status, 200, "{}", answer.text());
        Self::of(&answer)
    }

    /// Whoever was let in by this answer.
    ///
    /// # Panics
    /// When nobody was.
    #[must_use]
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        Self { cookie: cookie.expect("a cookie").to_owned() }
    }

    /// The cookie, as a browser sends it.
    #[must_use]
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// What is answered to a page of the server's own.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    pub fn send(&self, server: &TestServer, request: Request) -> Answer {
        server.send(&from_page(request).header("Cookie", &self.cookie)).expect("an answer")
    }

    /// Who the server says it is.
    #[must_use]
    #[track_caller]
    pub fn me(&self, server: &TestServer) -> Value {
        self.send(server, Request::get("/api/me")).json()
    }

    /// A client on a page of the server's own.
    #[must_use]
    pub fn client(&self, server: &TestServer) -> ClientOptions {
        self.client_from(server, &server.url())
    }

    /// A client on a page of this origin.
    #[must_use]
    pub fn client_from(&self, server: &TestServer, origin: &str) -> ClientOptions {
        ClientOptions::at(server.url())
            .option("extraHeaders", json!({ "Cookie": self.cookie, "Origin": origin }))
            .option("reconnectionDelayMax", json!(1000))
    }
}

/// A request as a page of the server's own makes it.
#[must_use]
pub fn from_page(request: Request) -> Request {
    request.header("X-Waypost-CSRF", "1").header("Sec-Fetch-Site", "same-origin")
}

/// What is answered to whoever signs in.
///
/// # Panics
/// When there is no answer.
#[must_use]
#[track_caller]
pub fn sign_in(server: &TestServer, body: &Value) -> Answer {
    server.send(&from_page(Request::post_json("/api/login", body))).expect("an answer")
}

/// What is answered to whoever uses a link with this test's password, and says this.
///
/// # Panics
/// When there is no answer, or it is no link.
#[must_use]
#[track_caller]
pub fn use_link(server: &TestServer, link: &str, also: &Value) -> Answer {
    let token = link.trim().rsplit_once('=').expect("a link").1;
    let mut body = json!({ "token": token, "password": PASSWORD });
    for (name, value) in also.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    server.send(&from_page(Request::post_json("/api/login/link/use", &body))).expect("an answer")
}

/// Runs `waypost admin` on what the server keeps.
#[must_use]
#[track_caller]
pub fn waypost_admin(server: &TestServer, arguments: &[&str]) -> Ended {
    let arguments: Vec<&str> = ["admin"].iter().chain(arguments).copied().collect();
    run_waypost(Path::new("/"), &arguments, &server.kept().variables())
}
