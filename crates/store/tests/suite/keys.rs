//! API keys: made and revoked beside the store, and asked of it.

use waypost_domain::{KeyScope, Permission, Permissions, PhoneNumberId, Timestamp};
use waypost_store::{ApiKey, Keys, ReadError};

use crate::fixture::{Fixture, START};

fn key(id: &str, created_at: i64) -> ApiKey {
    ApiKey {
        id: id.into(),
        name: "agent".into(),
        created_at: Timestamp::from_millis(created_at),
        scopes: vec![KeyScope::Read, KeyScope::Metrics],
        expires_at: None,
        numbers: Some([PhoneNumberId::parse("100000000000101").unwrap()].into()),
    }
}

fn expiring(id: &str, expires_at: Timestamp) -> ApiKey {
    ApiKey { expires_at: Some(expires_at), ..key(id, 1) }
}

/// Whoever makes keys is on no runtime.
fn wait<T>(asked: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(asked)
}

fn find(fixture: &Fixture, digest: u8) -> Option<ApiKey> {
    wait(fixture.store.find_key([digest; 32])).unwrap()
}

fn alive(fixture: &Fixture, ids: &[&str], now: Timestamp) -> Vec<String> {
    let mut alive = wait(fixture.store.keys_alive(ids, now)).unwrap();
    alive.sort();
    alive
}

#[test]
fn keys_are_made_listed_and_revoked_beside_a_server() {
    let fixture = Fixture::new();
    let keys = Keys::open(&fixture.ground().place()).unwrap();
    keys.create(&key("key_b", 2), &[2; 32]).unwrap();
    keys.create(&expiring("key_a", START), &[1; 32]).unwrap();
    keys.create(&key("key_c", 3), &[1; 32]).unwrap_err();
    assert_eq!(keys.list().unwrap(), [expiring("key_a", START), key("key_b", 2)]);
    assert_eq!(find(&fixture, 1), Some(expiring("key_a", START)));
    assert!(keys.revoke("key_a").unwrap());
    assert!(!keys.revoke("key_a").unwrap());
    assert_eq!(find(&fixture, 1), None);
}

#[test]
fn a_key_lives_until_it_expires_or_is_revoked() {
    let fixture = Fixture::new();
    let keys = Keys::open(&fixture.ground().place()).unwrap();
    keys.create(&key("key_ever", 1), &[1; 32]).unwrap();
    keys.create(&expiring("key_ends", START), &[2; 32]).unwrap();
    keys.create(&key("key_unasked", 1), &[3; 32]).unwrap();
    let asked = ["key_ends", "key_none", "key_ever", "key_ends"];
    let before = START.plus_millis(-1);
    assert_eq!(alive(&fixture, &asked, before), ["key_ends", "key_ever"]);
    assert_eq!(alive(&fixture, &asked, START), ["key_ever"]);
    assert!(expiring("key_ends", START).is_alive(before) && !expiring("key_ends", START).is_alive(START));
    keys.revoke("key_ever").unwrap();
    assert_eq!(alive(&fixture, &asked, before), ["key_ends"]);
    assert!(alive(&fixture, &[], before).is_empty());
}

#[test]
fn more_keys_than_one_question_takes_are_asked_all_the_same() {
    let fixture = Fixture::new();
    let keys = Keys::open(&fixture.ground().place()).unwrap();
    keys.create(&key("key_0", 1), &[1; 32]).unwrap();
    keys.create(&key("key_10000", 1), &[2; 32]).unwrap();
    let ids: Vec<String> = (0..=10_000).map(|n| format!("key_{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(alive(&fixture, &ids, START), ["key_0", "key_10000"]);
}

#[test]
fn a_key_from_before_there_were_scopes_may_everything_for_ever() {
    let fixture = Fixture::new();
    let keys = Keys::open(&fixture.ground().place()).unwrap();
    keys.create(&key("key_new", 1), &[1; 32]).unwrap();
    let columns = "id, name, digest, created_at";
    fixture.ground().execute(&format!(
        "CREATE TABLE kept AS SELECT {columns} FROM api_keys;
         DELETE FROM api_keys;
         INSERT INTO api_keys ({columns}) SELECT {columns} FROM kept;
         DROP TABLE kept"
    ));
    let old = find(&fixture, 1).unwrap();
    assert_eq!((&*old.scopes, old.expires_at), (&[KeyScope::Admin][..], None));
    assert_eq!(old.permissions(), Permissions::of(&Permission::ALL));
}

#[test]
fn a_scope_that_is_not_known_is_an_error_that_names_the_column() {
    let fixture = Fixture::new();
    let keys = Keys::open(&fixture.ground().place()).unwrap();
    keys.create(&key("key_1", 1), &[1; 32]).unwrap();
    fixture.ground().execute("UPDATE api_keys SET scopes = 'read,fly'");
    let found = wait(fixture.store.find_key([1; 32]));
    for error in [found.unwrap_err(), keys.list().unwrap_err()] {
        let ReadError::Database(source) = error else { panic!("{error:?}") };
        let mut said = source.to_string();
        let mut cause = source.source();
        while let Some(inner) = cause {
            said.push_str(&inner.to_string());
            cause = inner.source();
        }
        assert!(said.contains("`api_keys.scopes`"), "{said}");
    }
}

#[test]
fn a_key_may_what_its_scopes_say_together() {
    let permissions = key("key_1", 1).permissions();
    assert_eq!(permissions, Permissions::of(&[Permission::Read, Permission::Metrics]));
    assert_eq!(ApiKey { scopes: Vec::new(), ..key("key_1", 1) }.permissions(), Permissions::NONE);
}
