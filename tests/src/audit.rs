//! Who did what, as a server tells it, as a command verifies it, and as whoever has the database sees it.

use std::path::Path;

use serde_json::Value;
use waypost_testkit::{TestServer, eventually};

use crate::DEADLINE;
use crate::command::{Ended, run_waypost};
use crate::database::Database;
use crate::rest::read;

/// The audit of a server.
pub struct Audit<'a>(pub &'a TestServer);

impl Audit<'_> {
    /// The entries that the configured key is told for a query, the oldest first, once there are `count`. That it asks is told
    /// too, and left out here.
    ///
    /// # Panics
    /// When there are fewer in time, or more.
    #[must_use]
    #[track_caller]
    pub fn entries(&self, query: &str, count: usize) -> Vec<Value> {
        eventually(DEADLINE, "the entries of the audit", || {
            let page = read(self.0, &format!("/api/audit?limit=100{query}"));
            let mut entries = page["data"].as_array().expect("a list").clone();
            entries.retain(|entry| entry["action"] != "audit_read");
            entries.reverse();
            (entries.len() >= count).then_some(entries)
        })
    }

    /// Runs `waypost audit verify` with these arguments.
    #[must_use]
    #[track_caller]
    pub fn verify(&self, arguments: &[&str]) -> Ended {
        let arguments: Vec<&str> = ["audit", "verify"].iter().chain(arguments).copied().collect();
        run_waypost(Path::new("/"), &arguments, &self.0.kept().variables())
    }

    /// Changes the tables as whoever has the database can.
    ///
    /// # Panics
    /// When that fails.
    #[track_caller]
    pub fn tamper(&self, sql: &str) {
        assert!(!Database::of_audit_to_change(self.0).rows(&format!("{sql} RETURNING number")).is_empty());
    }

    /// All that the tables hold but MACs, as text.
    #[must_use]
    #[track_caller]
    pub fn text(&self) -> String {
        let sql = "SELECT actor, action, target FROM audit ORDER BY number";
        let rows = Database::of_audit_to_change(self.0).rows(sql);
        let rows = rows.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "));
        rows.collect::<Vec<_>>().join("\n")
    }
}
