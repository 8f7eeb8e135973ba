//! What messages are in detail: every fixture, the odd cases one by one, and what holds for any JSON.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

mod any_json;
mod odd;
mod written;

use std::fs;
use std::path::PathBuf;

use expect_test::expect_file;
use waypost_cloud_api::parse;
use waypost_domain::{Fact, ReceivedMessage, Timestamp};

/// Shortly after the newest stamp of the fixtures.
const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

/// Messages that are written of one body: the batches are more of the same.
const WRITTEN_MAX: usize = 3;

/// The fixtures of a folder below `tests/fixtures/webhooks`, by name.
fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it when it runs a test");
    let folder = PathBuf::from(package).join("../../tests/fixtures/webhooks").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut paths: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

fn messages(body: &[u8]) -> Vec<ReceivedMessage> {
    let facts = parse(body, RECEIVED).into_iter();
    facts.filter_map(|fact| if let Fact::Message(message) = fact { Some(*message) } else { None }).collect()
}

fn snapshot(folder: &str) -> String {
    let mut text = String::new();
    for (name, body) in fixtures(folder) {
        let messages = messages(&body);
        if messages.is_empty() {
            continue;
        }
        text += &format!("{name}\n");
        for message in messages.iter().take(WRITTEN_MAX) {
            text += &format!("{}\n", written::message(message));
        }
        if messages.len() > WRITTEN_MAX {
            text += &format!("… and {} more\n", messages.len() - WRITTEN_MAX);
        }
        text.push('\n');
    }
    text
}

#[test]
fn every_good_message_is_understood_in_detail() {
    expect_file!["good.txt"].assert_eq(&snapshot(""));
}

#[test]
fn of_a_broken_message_is_kept_what_can_be_read() {
    expect_file!["bad.txt"].assert_eq(&snapshot("bad"));
}
