//! The master key from outside: secrets are sealed by it, and nothing opens without it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use waypost_testkit::{Kept, Request, TestServer};
use waypost_tests::{
    Authenticator, DEADLINE, Ended, PASSWORD, Person, run_waypost, sign_in, use_link, waypost_admin,
};

const FILE: &str = "WAYPOST_MASTER_KEY_FILE";

/// Files of master keys, outside of any data directory.
struct Keys(tempfile::TempDir);

impl Keys {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a key; its file and its id.
    #[track_caller]
    fn make(&self, name: &str) -> (String, String) {
        let path = self.path(name).to_str().expect("the path is UTF-8").to_owned();
        let told = run_waypost(self.0.path(), &["master-key", "init", "--file", &path], &[]).success();
        assert!(told.contains(&format!("[master_key]\nfile = \"{path}\"")), "{told}");
        let key = std::fs::read_to_string(&path).expect("the file is there");
        assert!(key.starts_with("wpm_") && !told.contains(key.trim()), "{told}");
        let id = told.split_once("master key ").and_then(|(_, rest)| rest.split_once(';'));
        (path, id.expect("an id").0.to_owned())
    }
}

/// Sets up one-time passwords for the first administrator.
#[track_caller]
fn enrol(server: &TestServer) -> Authenticator {
    let admin = Person::first_admin(server);
    let enrolment = admin.send(server, Request::new("POST", "/api/me/totp")).json();
    let app = Authenticator::new(enrolment["secret"].as_str().expect("a secret"));
    let confirm = json!({ "code": app.password(0) });
    let confirmed = admin.send(server, Request::post_json("/api/me/totp/confirm", &confirm));
    assert_eq!(confirmed.status, 200, "{}", confirmed.text());
    app
}

fn try_to_sign_in(server: &TestServer, code: &str) -> u16 {
    sign_in(server, &json!({ "login": "root", "password": PASSWORD, "code": code })).status
}

/// Starts a server on what another one keeps, which fails.
#[track_caller]
fn refused_start(server: &TestServer, variables: &[(&str, &str)]) -> String {
    let mut all = server.kept().variables();
    all.push(("WAYPOST_LISTEN", "127.0.0.1:0"));
    all.extend(variables);
    let ended = run_waypost(Path::new("/"), &["serve"], &all);
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{}", ended.stderr);
    ended.stderr
}

#[track_caller]
fn master_key(server: &TestServer, arguments: &[&str], file: &str) -> Ended {
    let arguments: Vec<&str> = ["master-key"].iter().chain(arguments).copied().collect();
    let mut variables = server.kept().variables();
    variables.push((FILE, file));
    run_waypost(Path::new("/"), &arguments, &variables)
}

/// The column as hexadecimal digits.
fn stored_secret(server: &TestServer) -> String {
    let text = match server.kept() {
        Kept::Files(data_dir) => {
            let file = rusqlite::Connection::open(data_dir.join("waypost.db")).expect("the file is there");
            file.query_row("SELECT hex(totp) FROM accounts", [], |row| row.get(0)).expect("a secret")
        }
        Kept::Postgres(database) => database.text("SELECT encode(totp, 'hex') FROM accounts"),
    };
    text.to_lowercase()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a file of the data directory holds these bytes.
fn is_on_disk(server: &TestServer, bytes: &[u8]) -> bool {
    let Kept::Files(data_dir) = server.kept() else { return false };
    let files = std::fs::read_dir(data_dir).expect("the directory is there");
    files.into_iter().any(|file| {
        let content = std::fs::read(file.expect("an entry").path()).expect("it can be read");
        content.windows(bytes.len()).any(|part| part == bytes)
    })
}

#[test]
fn one_signs_in_with_a_sealed_secret_across_a_restart_and_never_without_the_key() {
    let keys = Keys::new();
    let (file, id) = keys.make("deep/master.key");
    let mut server = TestServer::options().env(FILE, &file).start();
    let app = enrol(&server);
    assert!(!is_on_disk(&server, app.secret()));
    assert!(!stored_secret(&server).contains(&hexadecimal(app.secret())));
    server.restart();
    assert_eq!(try_to_sign_in(&server, "000000"), 401);
    assert_eq!(try_to_sign_in(&server, &app.password(1)), 200);
    server.terminate(DEADLINE);
    assert!(!is_on_disk(&server, app.secret()));

    let (other, other_id) = keys.make("other.key");
    let mut named = String::new();
    for (variables, present) in [
        (vec![], "none is configured".to_owned()),
        (vec![(FILE, &*other)], format!("{other_id} is configured")),
    ] {
        let said = refused_start(&server, &variables);
        for part in [&*id, &present, "of 1 accounts", "--totp"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        named = said.split_whitespace().last().expect("an account").to_owned();
    }
    let checked = master_key(&server, &["check"], &other).success();
    assert_eq!(checked, format!("configured: {other_id}\nwanted: {id}, for 1 of 1 keys\n"));

    // Whoever has lost the key gives up what it sealed, person by person.
    let link = waypost_admin(&server, &["reset", &named, "--totp"]).success();
    server.set_env(FILE, &other);
    server.restart();
    assert_eq!(use_link(&server, &link, &json!({})).status, 200);
    assert_eq!(Person::sign_in(&server, "root").me(&server)["totp"], "off");
}

#[test]
fn secrets_from_before_there_was_a_key_are_sealed_at_the_next_start() {
    let keys = Keys::new();
    let mut server = TestServer::start();
    assert!(server.log().contains("there is no master key"), "{}", server.log());
    let app = enrol(&server);
    assert_eq!(stored_secret(&server), hexadecimal(app.secret()));
    server.set_env(FILE, &keys.make("master.key").0);
    server.restart();
    assert!(!stored_secret(&server).contains(&hexadecimal(app.secret())));
    assert!(server.log().contains("were sealed"), "{}", server.log());
    assert_eq!(try_to_sign_in(&server, &app.password(1)), 200);
}

#[test]
fn another_master_key_takes_the_place_of_the_first() {
    let keys = Keys::new();
    let [(old, old_id), (new, new_id)] = [keys.make("old.key"), keys.make("new.key")];
    let mut server = TestServer::options().env(FILE, &old).start();
    let app = enrol(&server);
    let told = master_key(&server, &["rotate", "--new-file", &new], &old).success();
    assert!(told.contains("1 keys") && told.contains(&old_id) && told.contains(&new_id), "{told}");
    server.terminate(DEADLINE);
    assert!(refused_start(&server, &[(FILE, &old)]).contains(&new_id));
    server.set_env(FILE, &new);
    server.restart();
    assert_eq!(try_to_sign_in(&server, &app.password(1)), 200);
    let same = master_key(&server, &["rotate", "--new-file", &new], &new);
    assert!(
        same.code == Some(1) && same.stderr.contains("holds the master key that is configured"),
        "{}",
        same.stderr
    );
}

#[test]
fn a_key_that_is_not_kept_as_it_has_to_be_is_refused_at_the_start() {
    let keys = Keys::new();
    let (file, _) = keys.make("master.key");
    let again = run_waypost(Path::new("/"), &["master-key", "init", "--file", &file], &[]);
    assert!(again.code == Some(1) && again.stderr.contains("is there already"), "{}", again.stderr);
    let nowhere = run_waypost(Path::new("/"), &["master-key", "init"], &[]);
    assert!(nowhere.code == Some(1) && nowhere.stderr.contains("--file"), "{}", nowhere.stderr);

    let data_dir = keys.path("data");
    let start = |variables: &[(&str, &str)]| {
        let mut all = vec![
            ("WAYPOST_LISTEN", "127.0.0.1:0"),
            ("WAYPOST_STORE", "sqlite"),
            ("WAYPOST_DATA_DIR", data_dir.to_str().expect("the path is UTF-8")),
        ];
        all.extend(variables);
        let ended = run_waypost(Path::new("/"), &["serve"], &all);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(!ended.stderr.contains("wpm_") || ended.stderr.contains("wpm_ and 43"), "{}", ended.stderr);
        ended.stderr
    };
    std::fs::create_dir(&data_dir).expect("it can be made");
    let inside = data_dir.join("master.key");
    std::fs::copy(&file, &inside).expect("it can be copied");
    assert!(start(&[(FILE, inside.to_str().expect("UTF-8"))]).contains("in the data directory"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("its mode can be set");
    assert!(start(&[(FILE, &file)]).contains("chmod 600"));
    assert!(start(&[("WAYPOST_MASTER_KEY_COMMAND", "false")]).contains("it failed"));
    assert!(start(&[("WAYPOST_MASTER_KEY", "wpm_short")]).contains("wpm_ and 43"));
    assert!(
        start(&[(FILE, &file), ("WAYPOST_MASTER_KEY_COMMAND", "false")]).contains("master_key.file is, too")
    );
}

#[test]
fn the_key_may_come_from_a_program_or_a_variable() {
    let keys = Keys::new();
    let (file, _) = keys.make("master.key");
    let mut server = TestServer::options().env("WAYPOST_MASTER_KEY_COMMAND", format!("cat,{file}")).start();
    let app = enrol(&server);
    let key = std::fs::read_to_string(&file).expect("the file is there");
    server.unset_env("WAYPOST_MASTER_KEY_COMMAND");
    server.set_env("WAYPOST_MASTER_KEY", key.trim());
    server.restart();
    assert_eq!(try_to_sign_in(&server, &app.password(1)), 200);
    assert!(!server.log().contains(key.trim()));
}
