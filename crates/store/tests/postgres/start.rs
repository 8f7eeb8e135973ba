//! Databases that will not do, each refused with words for whoever runs the server.

use waypost_store::{Keys, OpenError, Place};
use waypost_testkit::postgres::{self, Database};

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
