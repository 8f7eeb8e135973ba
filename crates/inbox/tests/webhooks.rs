//! What becomes of every recorded webhook: each goes into a store of its own, and what it shows, byte for byte, and leaves
//! behind is compared with a reviewed snapshot. `UPDATE_EXPECT=1` writes the snapshots anew.
//!
//! Our own ids differ from run to run: each stands here under a number, in the order in which it appears.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

#[path = "webhooks/changes.rs"]
mod changes;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use expect_test::{ExpectFile, expect_file};
use tempfile::TempDir;
use waypost_domain::{AppName, Fact, Timestamp};
use waypost_inbox::Numbers;
use waypost_store::{Commits, Limits, Options, Step, Store, Threads};
use waypost_testkit::ManualClock;

/// Shortly after the newest stamp of the fixtures.
const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

/// Events of one body that are written out; of a longer one they are counted.
const EVENTS_MAX: usize = 12;

/// Characters of an event that are written out.
const LINE_CHARS_MAX: usize = 4_000;

#[tokio::test]
async fn every_good_body_is_shown_and_stored_as_it_was_reviewed() {
    check("", &expect_file!["webhooks/good.txt"]).await;
}

#[tokio::test]
async fn every_bad_body_harms_nothing_and_is_kept() {
    check("bad", &expect_file!["webhooks/bad.txt"]).await;
}

/// Customers' numbers and user ids, wamids and ids of files, as the fixtures have them.
const NAMES_OF_WHATSAPP: [&str; 5] = ["15550002", "1555000-2", "US.7000", "wamid.", "600000000000"];

/// WhatsApp's sentence about a changed number had both numbers in it, a card without a name was called by its number, and a
/// file by WhatsApp's id.
#[tokio::test]
async fn nothing_that_is_masked_names_anybody() {
    for (name, body) in fixtures("") {
        let directory = TempDir::new().unwrap();
        let (store, mut commits) = open(&directory);
        let (app, numbers) = (AppName::parse("default").unwrap(), Numbers::default());
        waypost_inbox::receive((&store, &numbers), &app, &body, RECEIVED).await.unwrap();
        for (event, body) in shown(&store, &mut commits).await {
            let masked = String::from_utf8(waypost_api::mask_json(body.as_bytes()).unwrap()).unwrap();
            let bare = masked.replace([' ', '(', ')'], "");
            let told = NAMES_OF_WHATSAPP.iter().find(|told| bare.contains(**told));
            assert_eq!(told, None, "{name}: {event} {}", on_one_line(&masked));
        }
    }
}

async fn check(folder: &str, expected: &ExpectFile) {
    let mut text = String::new();
    for (name, body) in fixtures(folder) {
        writeln!(text, "== {name}").unwrap();
        describe(&body, &mut text).await;
    }
    expected.assert_eq(&text);
}

/// The fixtures of a folder below `tests/fixtures/webhooks`, by name.
fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it when it runs a test");
    let folder = PathBuf::from(package).join("../../tests/fixtures/webhooks").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut bodies: Vec<_> = files
        .filter(|path| {
            path.is_file() && !path.extension().is_some_and(|ending| ending == "tsv" || ending == "md")
        })
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    bodies.sort();
    bodies
}

/// What becomes of one body in an empty store.
async fn describe(body: &[u8], text: &mut String) {
    let directory = TempDir::new().unwrap();
    let (store, mut commits) = open(&directory);
    for fact in waypost_cloud_api::parse(body, RECEIVED) {
        if let Fact::Dead(letter) = fact {
            writeln!(
                text,
                "dead letter {}: {} ({} bytes)",
                letter.kind.as_str(),
                letter.reason,
                letter.raw.len()
            )
            .unwrap();
        }
    }
    let (app, numbers) = (AppName::parse("default").unwrap(), Numbers::default());
    let counts = waypost_inbox::receive((&store, &numbers), &app, body, RECEIVED).await.unwrap().counts;
    let again = waypost_inbox::receive((&store, &numbers), &app, body, RECEIVED).await.unwrap().counts;
    writeln!(
        text,
        "{} stored, {} repeated, {} waiting, {} dead; once more: {} stored",
        counts.stored, counts.repeated, counts.parked, counts.dead, again.stored
    )
    .unwrap();
    let events = shown(&store, &mut commits).await;
    let mut ids = Ids::default();
    if events.len() <= EVENTS_MAX {
        for (name, body) in events {
            writeln!(text, "{name} {}", on_one_line(&ids.numbered(&body))).unwrap();
        }
        return;
    }
    let mut counted = BTreeMap::<String, usize>::new();
    events.into_iter().for_each(|(name, _)| *counted.entry(name).or_default() += 1);
    counted.iter().for_each(|(name, count)| writeln!(text, "{count} × {name}").unwrap());
}

/// White space between the members of what Meta sent is left out, and so is the end of a hostile length.
fn on_one_line(json: &str) -> String {
    let joined: String = json.split('\n').map(str::trim_start).collect();
    match joined.char_indices().nth(LINE_CHARS_MAX) {
        Some((end, _)) => format!("{} … {} bytes", &joined[..end], joined.len()),
        None => joined,
    }
}

fn open(directory: &TempDir) -> (Store, Commits) {
    let limits = Limits {
        queue_max: 64,
        readers: 1,
        journal_days: 7,
        dead_letter_days: 30,
        dead_letter_bytes_max: 1 << 30,
        parked_status_days: 30,
        parked_statuses_max: 10_000,
        dedup_days: 30,
        report_days: 90,
        session_hours: 24,
        sessions_max: 5,
    };
    Store::open(Options {
        place: waypost_store::Place::Directory(directory.path().join("data")),
        seed: [7; 32],
        clock: Arc::new(ManualClock::at(RECEIVED)),
        encode: waypost_inbox::encoder(),
        portfolios: Vec::new(),
        limits,
        threads: Threads::Caller,
    })
    .unwrap()
}

/// All that was committed, by name and body.
async fn shown(store: &Store, commits: &mut Commits) -> Vec<(String, String)> {
    let head = store.head().await.unwrap().number;
    let mut events = Vec::new();
    while (events.len() as u64) < head {
        for step in commits.next().await.unwrap().steps {
            if let Step::Event(event) = step {
                events.push((event.name.into_owned(), String::from_utf8(event.body.to_vec()).unwrap()));
            }
        }
    }
    events
}

/// Ids of ours, numbered by kind in the order in which they appear.
#[derive(Default)]
struct Ids {
    known: HashMap<String, String>,
    counts: HashMap<String, usize>,
}

impl Ids {
    /// The text with a number for each id: it has to be one of ours, whole.
    fn numbered(&mut self, text: &str) -> String {
        let mut numbered = String::with_capacity(text.len());
        for (index, part) in text.split('"').enumerate() {
            if index > 0 {
                numbered.push('"');
            }
            match part.split_once('_') {
                Some((kind @ ("cus" | "cnv" | "msg" | "out"), id)) if id.len() == 26 => {
                    numbered.push_str(self.number(kind, part));
                }
                _ => numbered.push_str(part),
            }
        }
        numbered
    }

    fn number(&mut self, kind: &str, id: &str) -> &str {
        let count = self.counts.entry(kind.to_owned()).or_default();
        self.known.entry(id.to_owned()).or_insert_with(|| {
            *count += 1;
            format!("{kind}_{count}")
        })
    }
}
