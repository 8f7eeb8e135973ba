//! TLS to a server with a certificate for `localhost`, which takes nothing else by TCP.

use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::NamedTempFile;
use waypost_store::{Keys, OpenError, Place};
use waypost_testkit::postgres::{Cluster, Database, Durability};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn root() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn file(issuer: &Issuer) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(&file, issuer.pem()).unwrap();
    file
}

/// Has the server write a file of its own: it reads no key that anybody else could read or write.
fn write(database: &Database, path: &str, text: &str) {
    let lines = format!("SELECT unnest(string_to_array('{}', E'\\n'))", text.trim());
    database.execute(&format!("COPY ({lines}) TO PROGRAM 'umask 077 && cat >{path}'"));
}

/// Why a store at this address cannot be opened, as whoever runs it is told; empty where it can.
fn refusal(url: &str) -> String {
    let Err(error) = Keys::open(&Place::Postgres(url.parse().unwrap())) else { return String::new() };
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        told.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    assert!(!told.contains("hunter2"), "{told}");
    assert!(!error.is_temporary(), "nobody is to wait for this: {told}");
    told
}

#[test]
fn a_connection_is_as_protected_as_the_address_says() {
    if waypost_testkit::postgres::url().is_none() {
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cluster = Cluster::start_on(Durability::Skipped, port).unwrap();
    let database = Database::at(cluster.url());
    let (ours, stranger) = (root(), root());
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ours).unwrap();
    for (name, text) in [
        ("server.crt", certificate.pem()),
        ("server.key", key.serialize_pem()),
        (
            "pg_hba.conf",
            "local all all trust\nhostssl all postgres all trust\nhostssl all all all scram-sha-256"
                .to_owned(),
        ),
    ] {
        write(&database, &cluster.folder().join("data").join(name).display().to_string(), &text);
    }
    database.execute("CREATE ROLE clerk LOGIN SUPERUSER PASSWORD 'hunter2@?%'");
    database.execute("SELECT pg_reload_conf()");
    database.execute("ALTER SYSTEM SET ssl = on");
    database.execute("SELECT pg_reload_conf()");
    waypost_testkit::eventually(std::time::Duration::from_secs(20), "server that speaks TLS", || {
        (database.text("SHOW ssl") == "on").then_some(())
    });

    let (ours, stranger) = (file(&ours), file(&stranger));
    let (ours, stranger) = (ours.path().display(), stranger.path().display());
    let url = |host: &str, settings: &str| format!("postgres://postgres@{host}:{port}/postgres?{settings}");
    for (host, settings, why) in [
        ("localhost", "", ""),
        ("localhost", "sslmode=prefer", ""),
        ("localhost", "sslmode=require", ""),
        ("localhost", &format!("sslmode=require&sslrootcert={ours}"), ""),
        ("localhost", &format!("sslmode=verify-ca&sslrootcert={ours}"), ""),
        ("localhost", &format!("sslmode=verify-full&sslrootcert={ours}"), ""),
        // The certificate is not for this name.
        ("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={ours}"), ""),
        ("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={ours}"), "not valid for name"),
        ("localhost", &format!("sslmode=require&sslrootcert={stranger}"), "invalid peer certificate"),
        ("localhost", &format!("sslmode=verify-ca&sslrootcert={stranger}"), "invalid peer certificate"),
        ("localhost", &format!("sslmode=verify-full&sslrootcert={stranger}"), "invalid peer certificate"),
        // What the system trusts does not help.
        ("localhost", "sslmode=verify-full", "invalid peer certificate"),
        ("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem", "/nowhere.pem"),
        ("localhost", "sslmode=disable", "no pg_hba.conf entry"),
    ] {
        let told = refusal(&url(host, settings));
        assert!(told.contains(why) && told.is_empty() == why.is_empty(), "{host} {settings}: {told:?}");
    }
    let login =
        |password: &str| format!("postgres://clerk:{password}@localhost:{port}/postgres?sslmode=require");
    assert_eq!(refusal(&login("hunter2%40%3F%25")), "");
    assert!(refusal(&login("hunter2")).contains("password authentication failed for user \"clerk\""));
}

#[test]
fn a_plain_server_is_refused_where_tls_is_asked_for() {
    if waypost_testkit::postgres::url().is_none() {
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cluster = Cluster::start_on(Durability::Skipped, port).unwrap();
    let url = |settings: &str| format!("postgres://postgres@localhost:{port}/postgres?{settings}");
    assert_eq!(refusal(&url("sslmode=prefer")), "");
    assert!(refusal(&url("sslmode=require")).contains("server does not support TLS"));
    assert!(refusal(&url("sslmode=verify-full")).contains("server does not support TLS"));
    drop(cluster);
    let Err(error) = Keys::open(&Place::Postgres(url("").parse().unwrap())) else {
        panic!("there is no server any more")
    };
    assert!(error.is_temporary(), "a server that is not there may come: {error:?}");
    assert!(matches!(error, OpenError::Postgres { .. }));
}
