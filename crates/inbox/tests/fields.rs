//! What every recorded webhook says beside messages and statuses, as clients are shown it: parsed by `cloud-api`, written by
//! `api`. `UPDATE_EXPECT=1` writes the snapshot anew.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use expect_test::expect_file;
use serde_json::Value;
use waypost_domain::{
    CallReport, CustomerAliases, Event, Fact, FieldNotice, FieldReport, PastMessage, Timestamp,
};

/// Shortly after the newest stamp of the fixtures.
const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

#[test]
fn every_field_is_told_in_detail() {
    let mut text = String::new();
    for folder in ["", "bad"] {
        for (name, body) in fixtures(folder) {
            let facts = waypost_cloud_api::parse(&body, RECEIVED);
            let lines: Vec<String> = facts.iter().filter_map(line).collect();
            if !lines.is_empty() {
                writeln!(text, "{name}\n{}\n", lines.join("\n")).unwrap();
            }
        }
    }
    expect_file!["fields.txt"].assert_eq(&text);
}

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

fn line(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Message(_) | Fact::Status(_) | Fact::Dead(_) => return None,
        Fact::Past(past) => past_line(past),
        Fact::Call(report) => call_line(report),
        Fact::Field(report) => field_line(report),
    })
}

fn past_line(past: &PastMessage) -> String {
    let message = &past.message;
    format!(
        "  past {} {} {:?} {} {:?} {:?}",
        message.source.direction().as_str(),
        aliases(&message.customer),
        message.content,
        message.kind.as_str(),
        past.state,
        message.at
    )
}

fn call_line(report: &CallReport) -> String {
    format!(
        "  call {} {} {:?} {:?} opens window: {}",
        report.direction.as_str(),
        aliases(&report.customer),
        report.call,
        report.at,
        report.opens_window()
    )
}

/// The event, without what stands in every one, and without the value as it came.
fn field_line(report: &FieldReport) -> String {
    let notice = FieldNotice {
        field: report.field.clone(),
        number: report.number.clone(),
        waba: report.waba.clone(),
        customer: None,
        notice: report.notice.clone(),
        raw: report.raw.clone(),
        at: RECEIVED,
    };
    let (_, body) = waypost_api::encode(&Event::Field(Box::new(notice)));
    let mut event: Value = serde_json::from_slice(&body).unwrap();
    let shown = event.as_object_mut().unwrap();
    for member in ["value", "timestamp", "phoneNumberId", "wabaId"] {
        shown.remove(member);
    }
    let customer = report.customer.as_ref().map(|customer| format!(" of {}", aliases(customer)));
    format!("  {event}{}", customer.unwrap_or_default())
}

fn aliases(aliases: &CustomerAliases) -> String {
    let all: Vec<String> =
        aliases.iter().map(|alias| format!("{}:{}", alias.kind.as_str(), alias.value)).collect();
    all.join(",")
}
