//! Databases that will not do, each refused with words for whoever runs the server.

use waypost_domain::Timestamp;
use waypost_store::{ApiKey, Keys, OpenError, Place};
use waypost_testkit::postgres::{self, Database};

use crate::fixture::Fixture;

/// Opens the keys of a database of the shared server; what was wrong with it.
fn wrong(url: &str) -> OpenError {
    match Keys::open(&Place::Postgres(url.parse().unwrap())) {
        Err(OpenError::Postgres { source, .. }) => *source,
        Err(error) => panic!("it is not said where: {error:?}"),
        Ok(_) => panic!("it can be opened"),
    }
}

/// The same server, another database, with these settings.
fn elsewhere(url: &str, database: &str, settings: &str) -> String {
    let (server, _) = url.split('?').next().unwrap().rsplit_once('/').unwrap();
    format!("{server}/{database}?{settings}")
}

#[test]
fn a_database_that_will_not_do_is_refused() {
    let Some(url) = postgres::url() else { return };
    let server = Database::at(url);
    let name = format!("waypost_test_start_{}", std::process::id());
    server.execute(&format!("CREATE ROLE {name} LOGIN PASSWORD 'x'"));
    server.execute(&format!(
        "CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    ));
    let encoding = wrong(&elsewhere(url, &name, ""));
    let nowhere = wrong(&elsewhere(url, &format!("{name}_nowhere"), ""));
    let rights = wrong(&elsewhere(url, "postgres", &format!("options=-crole%3D{name}")));
    let schema = wrong(&elsewhere(url, "postgres", "options=-csearch_path%3Dnowhere"));
    server.execute(&format!("DROP DATABASE {name}"));
    server.execute(&format!("DROP ROLE {name}"));
    assert!(matches!(&encoding, OpenError::Encoding { encoding } if encoding == "SQL_ASCII"), "{encoding:?}");
    assert!(matches!(nowhere, OpenError::Connection(_)), "{nowhere:?}");
    assert!(matches!(rights, OpenError::Rights(_)), "{rights:?}");
    assert!(matches!(schema, OpenError::Rights(_)), "{schema:?}");
}

#[test]
fn keys_are_made_listed_and_revoked_beside_a_server_and_before_there_is_one() {
    let fixture = Fixture::new();
    let keys = Keys::open(&fixture.ground().place()).unwrap();
    let key =
        |id: &str, at| ApiKey { id: id.into(), name: "agent".into(), created_at: Timestamp::from_millis(at) };
    keys.create(&key("key_b", 2), &[2; 32]).unwrap();
    keys.create(&key("key_a", 1), &[1; 32]).unwrap();
    keys.create(&key("key_c", 3), &[1; 32]).unwrap_err();
    assert_eq!(keys.list().unwrap(), [key("key_a", 1), key("key_b", 2)]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let find = |digest| runtime.block_on(fixture.store.find_key(digest)).unwrap();
    assert_eq!(find([1; 32]), Some(key("key_a", 1)));
    assert!(keys.revoke("key_a").unwrap());
    assert!(!keys.revoke("key_a").unwrap());
    assert_eq!(find([1; 32]), None);
}
