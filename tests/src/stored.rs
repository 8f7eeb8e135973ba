//! What a server has stored, as an outsider reads it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use waypost_testkit::TestServer;

use crate::database::Database;
use crate::journal::Entry;

/// What a server has stored. It may be running or not.
pub struct Stored(Database);

/// How many dead letters of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadLetters {
    /// Bodies that are no JSON.
    pub not_json: usize,
    /// JSON that holds nothing of a webhook.
    pub empty: usize,
    /// Items that cannot be used.
    pub item: usize,
}

impl std::ops::Sub for DeadLetters {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            not_json: self.not_json - earlier.not_json,
            empty: self.empty - earlier.empty,
            item: self.item - earlier.item,
        }
    }
}

impl Stored {
    /// Opens it.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn by(server: &TestServer) -> Self {
        Self(Database::of(server))
    }

    /// Rows of messages.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.count("SELECT count(*) FROM messages")
    }

    /// Statuses, those that wait for their message included.
    #[must_use]
    pub fn statuses(&self) -> usize {
        self.count("SELECT (SELECT count(*) FROM status_hops) + (SELECT count(*) FROM parked_statuses)")
    }

    /// Reports of other fields.
    #[must_use]
    pub fn fields(&self) -> usize {
        self.count("SELECT count(*) FROM field_reports")
    }

    /// Dead letters.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        let mut kinds = self.tally("SELECT kind, count(*) FROM dead_letters GROUP BY kind");
        let mut of = |kind: &str| kinds.remove(kind).unwrap_or_default();
        let letters = DeadLetters { not_json: of("not_json"), empty: of("empty"), item: of("item") };
        assert!(kinds.is_empty(), "dead letters of another kind: {kinds:?}");
        letters
    }

    /// How often each `wamid` is stored.
    #[must_use]
    pub fn wamids(&self) -> BTreeMap<String, usize> {
        self.tally("SELECT wamid, count(*) FROM messages GROUP BY wamid")
    }

    /// How often each `wamid` was written as a message to be shown.
    #[must_use]
    pub fn shown_wamids(&self) -> BTreeMap<String, usize> {
        let body = self.0.body();
        let mut tally = BTreeMap::new();
        for body in self.list(&format!("SELECT {body} FROM journal WHERE name = 'whatsappMessage'")) {
            // What customers send may have numbers that are too large for a `Value`.
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(&body).expect("a body is JSON");
            let wamid =
                serde_json::from_str(members["whatsappMessageId"].get()).expect("a message has an id");
            *tally.entry(wamid).or_default() += 1;
        }
        tally
    }

    /// The state of a message; `None` where it is not stored.
    #[must_use]
    pub fn state_of(&self, wamid: &str) -> Option<String> {
        self.list(&format!("SELECT state FROM messages WHERE wamid = {}", quoted(wamid))).pop()
    }

    /// What was reported of a message, sorted.
    #[must_use]
    pub fn hops_of(&self, wamid: &str) -> Vec<String> {
        let mut hops = self.list(&format!(
            "SELECT h.status FROM status_hops h JOIN messages m ON m.seq = h.message WHERE m.wamid = {}",
            quoted(wamid)
        ));
        hops.sort();
        hops
    }

    /// The numbers that are claimed.
    #[must_use]
    pub fn claimed_numbers(&self) -> Vec<String> {
        self.list("SELECT phone_number_id FROM numbers WHERE CAST(claimed AS integer) = 1 ORDER BY id")
    }

    /// The states of all sends, in their order.
    #[must_use]
    pub fn outbox(&self) -> Vec<String> {
        self.list("SELECT state FROM outbox ORDER BY created_at, id")
    }

    /// The journal, in its order.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        let epoch =
            self.list("SELECT value FROM meta WHERE key = 'epoch'").pop().expect("there is one journal");
        let body = self.0.body();
        let rows = self
            .0
            .rows(&format!(r#"SELECT number, "check", name, audience, {body} FROM journal ORDER BY number"#));
        let entries = rows.into_iter().map(|row| {
            let columns: Vec<String> = row.into_iter().map(|column| column.expect("none is NULL")).collect();
            let [number, check, name, scopes, body] = columns.try_into().expect("as many as were asked for");
            let check: u32 = check.parse().expect("a number");
            Entry {
                number: number.parse().expect("a number"),
                offset: format!("{epoch}.{number}.{check:08x}"),
                name,
                scopes: scopes.split(' ').map(str::to_owned).collect(),
                body: serde_json::from_str(&body).expect("a body is JSON"),
            }
        });
        entries.collect()
    }

    /// The only column of each row.
    fn list(&self, query: &str) -> Vec<String> {
        self.0.rows(query).into_iter().flatten().flatten().collect()
    }

    fn count(&self, query: &str) -> usize {
        self.list(query).pop().and_then(|number| number.parse().ok()).expect("the query counts")
    }

    fn tally(&self, query: &str) -> BTreeMap<String, usize> {
        let rows = self.0.rows(query).into_iter().map(|row| {
            let mut columns = row.into_iter().flatten();
            let what = columns.next().expect("what is counted");
            (what, columns.next().and_then(|number| number.parse().ok()).expect("the query counts"))
        });
        rows.collect()
    }
}

/// A text in SQL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
