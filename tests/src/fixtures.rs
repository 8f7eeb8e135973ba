//! The recorded webhooks in `tests/fixtures/webhooks`, and what is expected of each.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::DeadLetters;

/// Types of items that change another message and are not shown as one.
const CHANGES_ANOTHER: [&str; 3] = ["reaction", "edit", "revoke"];

/// All recorded webhooks.
pub struct Fixtures {
    /// The secret for which `signatures.tsv` was made.
    pub app_secret: String,
    /// Bodies as Meta sends them.
    pub good: Vec<GoodFixture>,
    /// Malformed and hostile ones.
    pub bad: Vec<BadFixture>,
}

/// A body as Meta sends it.
pub struct GoodFixture {
    /// Its file.
    pub name: String,
    /// Its bytes.
    pub body: Vec<u8>,
    /// `X-Hub-Signature-256` over them.
    pub signature: String,
    /// Messages that are shown: inbound ones and echoes, each once, without those that change another.
    pub shown: usize,
    /// Messages that are stored: the same, with those.
    pub messages: usize,
    /// Different statuses.
    pub statuses: usize,
    /// Its webhook fields other than messages and echoes.
    pub fields: Vec<String>,
}

/// A malformed or hostile body.
pub struct BadFixture {
    /// Its file in `bad/`.
    pub name: String,
    /// Its bytes.
    pub body: Vec<u8>,
    /// `X-Hub-Signature-256` over them.
    pub signature: String,
    /// Messages that are stored and shown.
    pub messages: usize,
    /// Statuses that are stored.
    pub statuses: usize,
    /// Reports of other fields.
    pub fields: usize,
    /// What is kept as a dead letter.
    pub dead: DeadLetters,
}

impl Fixtures {
    /// Reads all of them.
    ///
    /// # Panics
    /// When a file or a row of its expectations is missing.
    #[must_use]
    pub fn read() -> Self {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it when it runs a test");
        let folder = Path::new(&package).join("fixtures/webhooks");
        let signatures = read_table(&folder.join("signatures.tsv"));
        let signature_of = |name: &str| {
            let row = signatures.iter().find(|row| row[0] == name);
            row.unwrap_or_else(|| panic!("no signature of {name}"))[1].clone()
        };
        let good = read_table(&folder.join("expected.tsv")).into_iter().map(|row| {
            let body = read(&folder.join(&row[0]));
            GoodFixture { signature: signature_of(&row[0]), ..GoodFixture::expected(&row, body) }
        });
        let bad = read_table(&folder.join("bad-expected.tsv")).into_iter().map(|row| {
            let body = read(&folder.join("bad").join(&row[0]));
            BadFixture {
                signature: signature_of(&format!("bad/{}", row[0])),
                ..BadFixture::expected(&row, body)
            }
        });
        let (good, bad): (Vec<_>, Vec<_>) = (good.collect(), bad.collect());
        assert_eq!(good.len(), count_bodies(&folder), "every body has a row in expected.tsv");
        assert_eq!(bad.len(), count_bodies(&folder.join("bad")), "every body has a row in bad-expected.tsv");
        Self { app_secret: app_secret(&folder), good, bad }
    }
}

impl GoodFixture {
    fn expected(row: &[String], body: Vec<u8>) -> Self {
        // The dashboard's test is told, and is no message.
        if row[0] == "dashboard-test-message.json" {
            return Self {
                name: row[0].clone(),
                signature: String::new(),
                shown: 0,
                messages: 0,
                statuses: 0,
                fields: vec!["waypost_test".to_owned()],
                body,
            };
        }
        let messages = number(row, 3) + number(row, 6) + past_and_calls(row);
        let json: Value = serde_json::from_slice(&body).expect("a good body is JSON");
        // Calls and late pictures are messages, and no events of their own.
        let is_event = |field: &&str| match *field {
            "messages" | "smb_message_echoes" | "calls" => false,
            "history" => !row[0].starts_with("history-media"),
            _ => true,
        };
        let fields = row[1].split(',').filter(is_event);
        Self {
            name: row[0].clone(),
            signature: String::new(),
            shown: messages - count_changes(&json),
            messages,
            statuses: number(row, 5),
            fields: fields.map(str::to_owned).collect(),
            body,
        }
    }
}

impl BadFixture {
    fn expected(row: &[String], body: Vec<u8>) -> Self {
        Self {
            name: row[0].clone(),
            body,
            signature: String::new(),
            messages: number(row, 1),
            statuses: number(row, 2),
            fields: number(row, 3),
            dead: DeadLetters { not_json: number(row, 4), empty: number(row, 5), item: number(row, 6) },
        }
    }
}

/// How many messages a body adds by old chats and calls.
fn past_and_calls(row: &[String]) -> usize {
    match row[0].as_str() {
        // It fills a placeholder of the chunk before it, and this one goes on with a call.
        "history-media-followup.json" | "calls-terminate.json" => 0,
        name if name.starts_with("calls-") => 1,
        _ => number(row, 7) + number(row, 8),
    }
}

/// How many messages and echoes of a body change another message.
fn count_changes(body: &Value) -> usize {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let changes = list(&body["entry"]).into_iter().flat_map(move |entry| list(&entry["changes"]));
    let own =
        changes.filter(|change| change["field"] == "messages" || change["field"] == "smb_message_echoes");
    let items = own.flat_map(|change| {
        [list(&change["value"]["messages"]), list(&change["value"]["message_echoes"])].concat()
    });
    items.filter(|item| CHANGES_ANOTHER.iter().any(|kind| item["type"] == *kind)).count()
}

fn app_secret(folder: &Path) -> String {
    let signatures = String::from_utf8(read(&folder.join("signatures.tsv"))).expect("the table is UTF-8");
    let first = signatures.lines().next().and_then(|line| line.strip_prefix("# app_secret="));
    first.expect("the first line of signatures.tsv has the secret").to_owned()
}

/// The rows of a table without its comments.
fn read_table(path: &Path) -> Vec<Vec<String>> {
    let text = String::from_utf8(read(path)).expect("the table is UTF-8");
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn number(row: &[String], column: usize) -> usize {
    row[column].parse().unwrap_or_else(|_| panic!("{}: column {column} is no number", row[0]))
}

fn count_bodies(folder: &Path) -> usize {
    let files = fs::read_dir(folder).expect("the folder of the fixtures is there");
    let paths: Vec<PathBuf> = files.map(|file| file.expect("it can be listed").path()).collect();
    paths.iter().filter(|path| path.extension().is_some_and(|end| end == "json" || end == "bin")).count()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
