//! Who did what: a chain that shows whatever was done to it.

use std::future::Future;
use std::path::PathBuf;

use tempfile::TempDir;
use waypost_domain::{
    AuditAction, AuditActor, AuditEntry, AuditFilter, AuditName, AuditTarget, ConversationId, CustomerId,
    Timestamp,
};
use waypost_store::audit::{AuditError, AuditFault, AuditKeyError, AuditVerified, VerifyError, verify};
use waypost_store::{Audit, AuditHead, AuditPlace, AuditRecord, AuditRequest};

use crate::fixture::START;
use crate::ground::Ground;

const HOUR_MS: i64 = 3_600_000;

/// An audit on a ground of its own, with its key beside.
struct Trail {
    ground: Ground,
    keys: TempDir,
}

impl Trail {
    fn new() -> Self {
        Self { ground: Ground::new(), keys: tempfile::tempdir().unwrap() }
    }

    fn key_file(&self) -> PathBuf {
        self.keys.path().join("audit.key")
    }

    fn place(&self) -> AuditPlace {
        AuditPlace { store: self.ground.place(), key_file: self.key_file() }
    }

    fn open(&self) -> Audit {
        Audit::open(&self.place(), &[7; 32]).unwrap()
    }

    fn verify(&self, expected: &[AuditHead]) -> Result<AuditVerified, AuditFault> {
        verify(&self.place(), expected).map_err(|error| match error {
            VerifyError::Fault(fault) => fault,
            other => panic!("{other:?}"),
        })
    }

    /// Begins anew with entries `1..=count`, an hour apart; where the chain ends.
    fn with(count: i64) -> (Self, AuditHead) {
        let trail = Self::new();
        let audit = trail.open();
        (1..=count).for_each(|n| audit.record(entry(n)));
        let head = wait(audit.settle()).unwrap();
        (trail, head)
    }

    fn tampered(&self, sql: &str) -> Result<AuditVerified, AuditFault> {
        self.ground.execute_on_audit(sql);
        self.verify(&[])
    }
}

/// A runtime as a server has.
fn wait<T>(asked: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(asked)
}

fn at(n: i64) -> Timestamp {
    START.plus_millis(n * HOUR_MS)
}

fn entry(n: i64) -> AuditEntry {
    let customer = CustomerId::from_parts(START, n.unsigned_abs().into());
    let (action, target) = match n % 3 {
        0 => (AuditAction::Read, None),
        1 => (AuditAction::Sent, Some(ConversationId::from_parts(START, 1).into())),
        _ => (AuditAction::Read, Some(customer.into())),
    };
    let actor = if n % 2 == 0 { AuditActor::Command } else { key("key_1") };
    AuditEntry { at: at(n), actor, action, target, count: 1 }
}

fn key(name: &str) -> AuditActor {
    AuditActor::Key(AuditName::parse(name).unwrap())
}

fn page(audit: &Audit, filter: AuditFilter, before: Option<i64>) -> Vec<AuditRecord> {
    wait(audit.page(&AuditRequest { filter, before, limit: 3 })).unwrap()
}

fn numbers(records: &[AuditRecord]) -> Vec<i64> {
    records.iter().map(|record| record.number).collect()
}

#[test]
fn a_chain_is_as_it_was_written_after_every_start() {
    let (trail, head) = Trail::with(5);
    let on_a_runtime = wait(async { trail.open().settle().await });
    assert_eq!(on_a_runtime, Some(head));
    let whole = AuditVerified { entries: 5, pruned_to: 0, head };
    assert_eq!(trail.verify(&[head]), Ok(whole));
    let again = trail.open();
    assert_eq!(wait(again.settle()), Some(head));
    again.record(entry(6));
    let later = wait(again.settle()).unwrap();
    assert_eq!((later.number, trail.verify(&[head, later]).unwrap().entries), (6, 6));
    assert_eq!(again.lost(), 0);
}

#[test]
fn whatever_is_changed_about_an_entry_is_found() {
    for change in [
        "at = at + 1",
        "actor = 'command '",
        "action = 'send'",
        "target = NULL",
        "target = 'customer:nobody'",
        "count = 2",
        "count = -1",
        "mac = (SELECT mac FROM audit WHERE number = 1)",
        "mac = substr(mac, 2)",
    ] {
        let (trail, _) = Trail::with(4);
        let found = trail.tampered(&format!("UPDATE audit SET {change} WHERE number = 2"));
        assert_eq!(found, Err(AuditFault::Changed { number: 2 }), "{change}");
    }
}

#[test]
fn an_entry_that_was_taken_out_put_in_or_moved_is_found() {
    let number_of = |sql| Trail::with(4).0.tampered(sql).unwrap_err();
    assert_eq!(number_of("DELETE FROM audit WHERE number = 2"), AuditFault::Missing { number: 2 });
    assert_eq!(number_of("DELETE FROM audit WHERE number = 1"), AuditFault::Missing { number: 1 });
    assert_eq!(number_of("UPDATE audit SET number = 99 WHERE number = 4"), AuditFault::Missing { number: 4 });
    let swapped =
        "UPDATE audit SET number = 0 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3;
        UPDATE audit SET number = 3 WHERE number = 0";
    assert_eq!(number_of(swapped), AuditFault::Changed { number: 2 });
    let forged =
        "INSERT INTO audit SELECT 5, at, actor, action, target, count, mac FROM audit WHERE number = 4";
    assert_eq!(number_of(forged), AuditFault::Changed { number: 5 });
    let before =
        "INSERT INTO audit SELECT 0, at, actor, action, target, count, mac FROM audit WHERE number = 1";
    assert_eq!(number_of(before), AuditFault::Changed { number: 0 });
}

#[test]
fn an_end_that_was_cut_off_is_found_by_what_was_logged() {
    let (trail, head) = Trail::with(4);
    trail.ground.execute_on_audit("DELETE FROM audit WHERE number > 2");
    assert_eq!(trail.verify(&[]).unwrap().entries, 2);
    assert_eq!(trail.verify(&[head]), Err(AuditFault::Cut { head: 2, number: 4 }));
    // Whoever goes on after the cut writes another entry of that number.
    let audit = trail.open();
    [7, 8].into_iter().for_each(|n| audit.record(entry(n)));
    assert_eq!(wait(audit.settle()).unwrap().number, 4);
    assert_eq!(trail.verify(&[]).unwrap().entries, 4);
    assert_eq!(trail.verify(&[head]), Err(AuditFault::Unexpected { number: 4 }));
}

#[test]
fn pruning_begins_with_the_oldest_and_the_rest_fits_on() {
    let (trail, head) = Trail::with(5);
    let audit = trail.open();
    assert_eq!(wait(audit.prune(at(3))).unwrap(), 2);
    assert_eq!(wait(audit.prune(at(3))).unwrap(), 0);
    assert_eq!(trail.verify(&[head]), Ok(AuditVerified { entries: 3, pruned_to: 2, head }));
    let old = AuditHead { number: 1, ..head };
    assert_eq!(trail.verify(&[old]), Err(AuditFault::Pruned { number: 1 }));
    // All of it goes, and the chain goes on.
    assert_eq!(wait(audit.prune(at(99))).unwrap(), 3);
    assert_eq!(trail.verify(&[head]), Ok(AuditVerified { entries: 0, pruned_to: 5, head }));
    audit.record(entry(6));
    assert_eq!(wait(audit.settle()).unwrap().number, 6);
    assert_eq!(trail.verify(&[head]).unwrap().entries, 1);
}

#[test]
fn nobody_prunes_without_the_key_and_what_was_made_to_look_old_stays() {
    let (trail, _) = Trail::with(4);
    let pruned = "UPDATE audit_anchor SET number = 2, mac = (SELECT mac FROM audit WHERE number = 2);
        DELETE FROM audit WHERE number <= 2";
    assert_eq!(trail.tampered(pruned), Err(AuditFault::Anchor));
    let opened = Audit::open(&trail.place(), &[7; 32]);
    assert!(matches!(opened, Err(AuditError::WrongKey { .. })));

    let (trail, _) = Trail::with(4);
    let audit = trail.open();
    trail.ground.execute_on_audit("UPDATE audit SET at = 1 WHERE number = 1");
    assert!(wait(audit.prune(START)).is_err());
    assert_eq!(trail.verify(&[]), Err(AuditFault::Changed { number: 1 }));
}

#[test]
fn two_writers_extend_one_chain() {
    let trail = Trail::new();
    let (one, other) = (trail.open(), trail.open());
    for n in 1..=300 {
        one.record(entry(n));
        other.record(entry(n));
    }
    wait(async { tokio::join!(one.settle(), other.settle()) });
    let whole = trail.verify(&[]).unwrap();
    assert_eq!((whole.entries, whole.head.number), (600, 600));
}

#[test]
fn what_is_more_than_can_be_written_is_lost_and_the_chain_tells_of_it() {
    let trail = Trail::new();
    let audit = trail.open();
    let held = trail.ground.hold_audit();
    let mut asked = 0;
    while audit.lost() < 3 {
        audit.record(entry(1));
        asked += 1;
        assert!(asked < 100_000, "the queue has no end");
    }
    drop(held);
    audit_settles(&audit);
    // Whoever was last finds room again.
    audit.record(entry(2));
    audit_settles(&audit);
    let lost = AuditFilter { action: Some(AuditAction::Lost), ..AuditFilter::default() };
    let told = page(&audit, lost, None);
    assert_eq!(told.iter().map(|record| record.count).sum::<i64>(), 3);
    assert_eq!(told[0].actor, "system");
    let written = asked - 3 + 1 + i64::try_from(told.len()).unwrap();
    assert_eq!(trail.verify(&[]).unwrap().head.number, written);
}

fn audit_settles(audit: &Audit) {
    assert!(wait(audit.settle()).is_some());
}

#[test]
fn entries_are_found_by_who_what_and_when() {
    let (trail, _) = Trail::with(8);
    let audit = trail.open();
    let all = AuditFilter::default();
    assert_eq!(numbers(&page(&audit, all.clone(), None)), [8, 7, 6]);
    assert_eq!(numbers(&page(&audit, all.clone(), Some(6))), [5, 4, 3]);
    assert!(page(&audit, all.clone(), Some(1)).is_empty());
    let conversation = AuditTarget::from(ConversationId::from_parts(START, 1));
    for (filter, expected) in [
        (AuditFilter { actor: Some(AuditActor::Command), ..all.clone() }, &[8, 6, 4][..]),
        (AuditFilter { actor: Some(key("key_2")), ..all.clone() }, &[]),
        (AuditFilter { action: Some(AuditAction::Sent), ..all.clone() }, &[7, 4, 1]),
        (AuditFilter { target: Some(conversation), ..all.clone() }, &[7, 4, 1]),
        (AuditFilter { after: Some(at(2)), before: Some(at(4)), ..all.clone() }, &[3, 2]),
        (AuditFilter { actor: Some(key("key_1")), action: Some(AuditAction::Sent), ..all }, &[7, 1]),
    ] {
        assert_eq!(numbers(&page(&audit, filter, None)), expected);
    }
    let first = page(&audit, AuditFilter::default(), Some(3)).remove(0);
    let told = (first.at, &*first.actor, &*first.action, first.target.unwrap());
    let customer = format!("customer:{}", CustomerId::from_parts(START, 2));
    assert_eq!(told, (at(2), "command", "read", customer));
}

#[test]
fn a_chain_whose_key_is_gone_or_another_is_left_alone() {
    let (trail, head) = Trail::with(1);
    let kept = std::fs::read(trail.key_file()).unwrap();
    std::fs::remove_file(trail.key_file()).unwrap();
    let open = || Audit::open(&trail.place(), &[8; 32]).map(drop);
    assert!(matches!(open(), Err(AuditError::Key(AuditKeyError::Missing { .. }))));
    assert!(!trail.key_file().exists());
    let other = Trail::new();
    drop(Audit::open(&other.place(), &[9; 32]).unwrap());
    std::fs::copy(other.key_file(), trail.key_file()).unwrap();
    assert!(matches!(open(), Err(AuditError::WrongKey { .. })));
    assert_eq!(trail.verify(&[]), Err(AuditFault::Anchor));
    std::fs::write(trail.key_file(), kept).unwrap();
    open().unwrap();
    assert_eq!(trail.verify(&[head]).unwrap().entries, 1);
}

#[test]
fn where_there_is_no_audit_none_is_made_to_verify_it() {
    let trail = Trail::new();
    drop(Trail::new().open());
    let elsewhere = Trail::with(1).0;
    std::fs::copy(elsewhere.key_file(), trail.key_file()).unwrap();
    assert!(matches!(verify(&trail.place(), &[]), Err(VerifyError::NoAudit(_))));
}

#[test]
fn a_name_is_stood_for_by_what_the_key_makes_of_it() {
    let (trail, _) = Trail::with(1);
    let audit = trail.open();
    let name = audit.stand_in("ana@example.com");
    assert_eq!(name, trail.open().stand_in("ana@example.com"));
    assert!(!name.as_str().contains("ana") && name != audit.stand_in("ben@example.com"));
}
