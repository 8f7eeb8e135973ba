//! What a server has logged, once it has been read.

use waypost_testkit::{TestServer, eventually};

use crate::DEADLINE;

/// What a server logs at its very end.
const LAST_LINE: &str = "waypost::server: stopped";

/// Waits until the server has logged something.
#[track_caller]
pub fn logged(server: &TestServer, what: &str) {
    eventually(DEADLINE, &format!("{what:?} in the log"), || server.log().contains(what).then_some(()));
}

/// All that a server has logged, which was stopped politely.
#[must_use]
#[track_caller]
pub fn whole_log(server: &TestServer) -> String {
    logged(server, LAST_LINE);
    server.log()
}
