//! Reads over REST, as a program with a key makes them.

use serde_json::Value;
use waypost_testkit::{Answer, Request, TestServer};

/// What a route answers to whoever has the server's key.
///
/// # Panics
/// When the server does not answer.
#[must_use]
#[track_caller]
pub fn ask(server: &TestServer, request: Request) -> Answer {
    server.send(&request.bearer(&server.secrets().api_key)).expect("the server answers")
}

/// The JSON at an address.
///
/// # Panics
/// When it is not answered with 200.
#[must_use]
#[track_caller]
pub fn read(server: &TestServer, address: &str) -> Value {
    let answer = ask(server, Request::get(address));
    assert_eq!(answer.status, 200, "{address}: {}", answer.text());
    answer.json()
}

/// A member of each row of a page.
///
/// # Panics
/// When it is no page.
#[must_use]
#[track_caller]
pub fn column<'a>(page: &'a Value, member: &str) -> Vec<&'a str> {
    let rows = page["data"].as_array().unwrap_or_else(|| panic!("no page: {page}"));
    rows.iter().map(|row| row[member].as_str().unwrap_or_default()).collect()
}
