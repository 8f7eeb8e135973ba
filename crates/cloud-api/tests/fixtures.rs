//! Every fixture of `tests/fixtures/webhooks`, against the tables that lie beside them.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use waypost_cloud_api::{AppSecrets, SignatureHeader, parse, sign};
use waypost_domain::{DeadLetterKind, Fact, Source, Timestamp};

/// Shortly after the newest stamp of the fixtures.
const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

fn path(file: &str) -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it when it runs a test");
    PathBuf::from(package).join("../../tests/fixtures/webhooks").join(file)
}

fn body(file: &str) -> Vec<u8> {
    fs::read(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The rows of a table, without its comments.
fn rows(table: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path(table)).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    inbound: usize,
    inbound_unique: usize,
    statuses: usize,
    statuses_unique: usize,
    echoes: usize,
    past: usize,
    calls: usize,
    fields: usize,
    not_json: usize,
    empty: usize,
    items: usize,
}

fn count(facts: &[Fact]) -> Counts {
    let mut counts = Counts::default();
    let (mut messages, mut statuses) = (HashSet::new(), HashSet::new());
    for fact in facts {
        match fact {
            Fact::Message(message) if message.source == Source::PhoneApp => counts.echoes += 1,
            Fact::Message(message) => {
                counts.inbound += 1;
                messages.insert((&message.number, &message.wamid));
            }
            Fact::Status(status) => {
                counts.statuses += 1;
                statuses.insert((&status.number, &status.wamid, &status.reported, &status.participant));
            }
            Fact::Past(_) => counts.past += 1,
            Fact::Call(_) => counts.calls += 1,
            Fact::Field(_) => counts.fields += 1,
            Fact::Dead(letter) => match letter.kind {
                DeadLetterKind::NotJson => counts.not_json += 1,
                DeadLetterKind::Empty => counts.empty += 1,
                DeadLetterKind::Item => counts.items += 1,
                DeadLetterKind::Refused
                | DeadLetterKind::NotAllowed
                | DeadLetterKind::ForeignApp
                | DeadLetterKind::ForeignWaba => panic!("nobody refuses it, and no number is claimed"),
            },
        }
    }
    (counts.inbound_unique, counts.statuses_unique) = (messages.len(), statuses.len());
    counts
}

/// How many reports a body gives beside its messages, by its fields: one a change, or one an item.
fn reports(file: &str, fields: &str) -> usize {
    match file {
        "app-state-sync.json" => 3,
        "history-chunk-out-of-order.json" => 2,
        "messages-user-actions-link-click.json" => 1,
        // Late pictures are messages, and say nothing of how far the sharing is.
        _ if file.starts_with("history-media") => 0,
        _ => fields
            .split(',')
            .filter(|field| !matches!(*field, "messages" | "smb_message_echoes" | "calls"))
            .count(),
    }
}

#[test]
fn every_good_body_yields_what_it_holds() {
    let rows = rows("expected.tsv");
    assert_eq!(rows.len(), 167);
    for row in rows {
        let file = &row[0];
        // The dashboard's test is no message, though it looks like one.
        if file == "dashboard-test-message.json" {
            assert_eq!(count(&parse(&body(file), RECEIVED)), Counts { fields: 1, ..Counts::default() });
            continue;
        }
        let number = |column: usize| row[column].parse::<usize>().unwrap();
        let expected = Counts {
            inbound: number(2),
            inbound_unique: number(3),
            statuses: number(4),
            statuses_unique: number(5),
            echoes: number(6),
            past: number(7) + number(8),
            calls: usize::from(file.starts_with("calls-")),
            fields: reports(file, &row[1]) + number(9),
            ..Counts::default()
        };
        let counts = count(&parse(&body(file), RECEIVED));
        assert_eq!(counts, expected, "{file}");
    }
}

#[test]
fn every_bad_body_has_the_outcome_that_was_decided() {
    let rows = rows("bad-expected.tsv");
    let files: HashSet<String> = rows.iter().map(|row| row[0].clone()).collect();
    let present = fs::read_dir(path("bad")).unwrap().map(|file| file.unwrap().file_name());
    let present: HashSet<String> = present.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(files, present);
    for row in rows {
        let number = |column: usize| row[column].parse::<usize>().unwrap();
        let expected = (number(1), number(2), number(3), number(4), number(5), number(6));
        let body = body(&format!("bad/{}", row[0]));
        let facts = parse(&body, RECEIVED);
        let counts = count(&facts);
        let found =
            (counts.inbound, counts.statuses, counts.fields, counts.not_json, counts.empty, counts.items);
        assert_eq!(found, expected, "{}: {facts:?}", row[0]);
        for fact in &facts {
            let Fact::Dead(letter) = fact else { continue };
            if letter.kind != DeadLetterKind::Item {
                assert_eq!(letter.raw, body, "{}: the whole body is kept", row[0]);
            }
        }
    }
}

#[test]
fn every_signature_is_right_over_exactly_its_bytes() {
    let text = fs::read_to_string(path("signatures.tsv")).unwrap();
    let secret = text.lines().next().unwrap().strip_prefix("# app_secret=").unwrap();
    let secrets = AppSecrets::new([secret]).unwrap();
    let rows = rows("signatures.tsv");
    assert_eq!(rows.len(), 167 + 93);
    for row in rows {
        let mut body = body(&row[0]);
        let header = SignatureHeader::parse(row[1].as_bytes()).unwrap();
        assert_eq!(secrets.verify(&header, &body), Ok(()), "{}", row[0]);
        assert_eq!(sign(secret, &body), row[1], "{}", row[0]);
        body.push(b'\n');
        assert!(secrets.verify(&header, &body).is_err(), "{}", row[0]);
        assert!(SignatureHeader::parse(row[2].as_bytes()).is_err(), "SHA-1 alone is not accepted");
    }
}
