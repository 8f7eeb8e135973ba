//! What the configuration promises, through its pure entrance.

use std::collections::BTreeSet;
use std::path::PathBuf;

use expect_test::{Expect, expect, expect_file};

use super::file::ConfigFile;
use super::key::{Demo, Profile};
use super::setting::Secrecy;
use super::*;

/// A configuration's sources, as a test writes them.
#[derive(Default)]
struct Written {
    file: Option<&'static str>,
    variables: Vec<(&'static str, &'static str)>,
    flags: Vec<(&'static str, &'static str)>,
}

impl Written {
    fn file(text: &'static str) -> Self {
        Self { file: Some(text), ..Self::default() }
    }

    fn variables<const N: usize>(variables: [(&'static str, &'static str); N]) -> Self {
        Self { variables: variables.to_vec(), ..Self::default() }
    }

    fn read(&self, profile: Profile) -> Result<Config, Problems> {
        let mut flags = Flags::default();
        for (flag, value) in &self.flags {
            let key = Key::all().find(|key| key.flag() == *flag).expect("a known flag");
            flags.add(key, &[(*value).to_owned()]);
        }
        let environment = self.variables.iter().copied().collect();
        let file = self.file.map(toml_file);
        Config::from_sources(profile, &flags, &environment, Ok(file))
    }

    fn serve(&self) -> Config {
        self.read(Profile::Serve).expect("a right configuration")
    }

    fn check_problems(&self, expected: &Expect) {
        let problems = self.read(Profile::Serve).expect_err("a wrong configuration");
        expected.assert_eq(&problems.to_string());
    }
}

fn toml_file(text: &str) -> ConfigFile {
    ConfigFile { path: PathBuf::from("waypost.toml"), text: text.to_owned() }
}

impl Config {
    /// For tests of other rooms: as if there were neither file nor variables.
    pub(crate) fn from_flags(flags: &Flags) -> Result<Self, Problems> {
        Self::from_sources(Profile::Serve, flags, &Environment::default(), Ok(None))
    }
}

/// One line of `waypost config`.
fn line_of(config: &Config, name: &str) -> String {
    let text = config.to_toml();
    let line = text.lines().find(|line| line.trim_start_matches("# ").starts_with(name));
    line.expect("a line for the key").to_owned()
}

#[test]
fn flag_beats_variable_beats_file_beats_default() {
    let mut written = Written::default();
    expect!["readers = 4 # default"].assert_eq(&line_of(&written.serve(), "readers"));
    written.file = Some("[store]\nreaders = 5");
    expect!["readers = 5 # waypost.toml:2"].assert_eq(&line_of(&written.serve(), "readers"));
    written.variables.push(("WAYPOST_STORE_READERS", "6"));
    expect!["readers = 6 # environment WAYPOST_STORE_READERS"]
        .assert_eq(&line_of(&written.serve(), "readers"));
    written.flags.push(("store-readers", "7"));
    expect!["readers = 7 # flag --store-readers"].assert_eq(&line_of(&written.serve(), "readers"));
    assert_eq!(written.serve().store.readers.value(), 7);
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one text, a line for each key")]
fn the_defaults_are_what_others_rely_on() {
    let config = Written::default().serve();
    expect![[r##"
        # The configuration in effect. Behind each value stands where it came from; secrets are hidden.

        [server]
        listen = ["127.0.0.1:3000", "[::1]:3000"] # default
        # webhook_listen: not set # default
        # public_url: not set # default
        cors_origins = [] # default
        trusted_proxies = [] # default
        log = "info" # default
        log_format = "text" # default
        shutdown_timeout_seconds = 10 # default

        [store]
        url = "sqlite" # default
        data_dir = "./waypost-data" # default
        readers = 4 # default

        [whatsapp]
        app = "default" # default
        # app_secret: not set # default
        # further_apps: not set # default
        # verify_token: not set # default
        # phone_number_id: not set # default
        # portfolio_id: not set # default
        claimed_numbers = [] # default
        # access_token: not set # default
        graph_url = "https://graph.facebook.com" # default
        graph_version = "v26.0" # default
        graph_timeout_seconds = 30 # default

        [realtime]
        offsets = "auto" # default
        ping_interval_ms = 25000 # default
        ping_timeout_ms = 20000 # default
        max_payload_bytes = 1000000 # default
        connections_max = 60000 # default
        shards = 0 # default
        stalled_timeout_seconds = 30 # default

        [limits]
        webhook_body_bytes_max = 3145728 # default
        webhook_bodies_in_memory_max = 64 # default
        webhook_body_timeout_seconds = 10 # default
        webhook_answer_timeout_seconds = 10 # default
        ingest_queue_max = 4096 # default
        rest_body_bytes_max = 65536 # default
        unconnected_per_address_max = 1000 # default
        handshakes_per_address_per_second = 200 # default
        events_per_connection_per_second = 200 # default
        joins_per_connection_per_second = 100 # default
        requests_per_principal_per_second = 200 # default
        rooms_per_connection_max = 1000 # default
        unbound_rooms_per_connection_max = 100 # default
        monitors_below_clients = 100 # default
        login_failures_per_account_max = 5 # default
        login_failures_per_address_max = 20 # default

        [retention]
        dead_letter_days = 30 # default
        dead_letter_bytes_max = 1073741824 # default
        parked_status_days = 30 # default
        parked_statuses_max = 100000 # default
        dedup_days = 45 # default
        report_days = 90 # default
        journal_days = 7 # default
        session_hours = 24 # default
        sessions_max = 200000 # default
        audit_days = 365 # default

        [auth]
        # api_key: not set # default
        anonymous = "off" # default
        roles = [] # default
        # jwt_secret: not set # default
        # jwt_public_key: not set # default
        # jwt_jwks_url: not set # default
        # jwt_issuer: not set # default
        # jwt_audience: not set # default
        jwt_leeway_seconds = 30 # default
        session_hours = 12 # default
        session_idle_minutes = 120 # default
        totp_required_roles = [] # default

        [master_key]
        # file: not set # default
        # command: not set # default
        # key: not set # default

        [audit]
        # key_file: not set # default
    "##]]
    .assert_eq(&config.to_toml());
}

#[test]
fn long_and_short_variables_are_the_same() {
    for name in ["WAYPOST_LISTEN", "WAYPOST_SERVER_LISTEN"] {
        let config = Written::variables([(name, "127.0.0.1:9")]).serve();
        assert_eq!(config.server.listen.as_slice(), ["127.0.0.1:9".parse().unwrap()]);
    }
    Written::variables([("WAYPOST_LISTEN", "127.0.0.1:9"), ("WAYPOST_SERVER_LISTEN", "127.0.0.1:9")])
        .check_problems(&expect![[r#"
            the configuration has a problem:
              - server.listen is set twice (environment WAYPOST_LISTEN and WAYPOST_SERVER_LISTEN); keep one"#]]);
}

#[test]
fn names_are_unique_and_leave_the_commands_their_own() {
    let mut variables = BTreeSet::from(["WAYPOST_CONFIG".to_owned()]);
    let own = [
        "config",
        "help",
        "version",
        "url",
        "rate",
        "graph-listen",
        "seed",
        "name",
        "id",
        "default",
        "reference",
        "file",
        "new-file",
    ];
    let mut flags: BTreeSet<String> = own.map(str::to_owned).into();
    for key in Key::all() {
        assert!(flags.insert(key.flag()), "--{}", key.flag());
        assert!(variables.insert(key.long_variable()), "{}", key.long_variable());
        assert!(key.short.is_none() || variables.insert(key.variable()), "{}", key.variable());
    }
}

#[test]
fn the_short_names_that_others_rely_on_are_there() {
    let names = Key::all().filter(|key| key.short.is_some()).map(Key::variable).collect::<Vec<_>>();
    expect![[r#"
        WAYPOST_LISTEN
        WAYPOST_WEBHOOK_LISTEN
        WAYPOST_PUBLIC_URL
        WAYPOST_CORS_ORIGINS
        WAYPOST_TRUSTED_PROXIES
        WAYPOST_LOG
        WAYPOST_STORE
        WAYPOST_DATA_DIR
        WAYPOST_APP_SECRET
        WAYPOST_FURTHER_APPS
        WAYPOST_VERIFY_TOKEN
        WAYPOST_PHONE_NUMBER_ID
        WAYPOST_PORTFOLIO_ID
        WAYPOST_CLAIMED_NUMBERS
        WAYPOST_ACCESS_TOKEN
        WAYPOST_GRAPH_URL
        WAYPOST_GRAPH_VERSION
        WAYPOST_OFFSETS
        WAYPOST_API_KEY
        WAYPOST_ANONYMOUS
        WAYPOST_JWT_SECRET
        WAYPOST_JWT_PUBLIC_KEY
        WAYPOST_JWT_JWKS_URL
        WAYPOST_JWT_ISSUER
        WAYPOST_JWT_AUDIENCE
        WAYPOST_MASTER_KEY"#]]
    .assert_eq(&names.join("\n"));
}

#[test]
fn unknown_names_are_errors_with_the_nearest_known() {
    let written = Written {
        file: Some(
            "lisen = 1\nqqq = 1\nstore = 3\n[servr]\nlisten = 1\n[server]\nlog_fromat = \"text\"\nping_interval_ms = 1\nfoo = 1\n[[auth]]\n",
        ),
        variables: vec![
            ("WAYPOST_LISTN", "x"),
            ("WAYPOST_SERVER_LOG_FROMAT", "x"),
            ("WAYPOST_QQQ", "x"),
            ("WAYPOST_CONFIG", "waypost.toml"),
            ("WAYPOST_CONFG", "x"),
            ("PATH", "/bin"),
        ],
        flags: vec![],
    };
    written.check_problems(&expect![[r#"
        the configuration has 12 problems:
          - unknown key `lisen` (waypost.toml:1); did you mean `server.listen`?
          - unknown key `qqq` (waypost.toml:2)
          - unknown key `store` (waypost.toml:3); did you mean `store.url`?
          - unknown section `[servr]` (waypost.toml:4); did you mean `[server]`?
          - unknown key `server.log_fromat` (waypost.toml:7); did you mean `log_format`?
          - unknown key `server.ping_interval_ms` (waypost.toml:8); did you mean `realtime.ping_interval_ms`?
          - unknown key `server.foo` (waypost.toml:9)
          - unknown key `auth` (waypost.toml:10); did you mean `[auth]`?
          - unknown variable `WAYPOST_CONFG` (environment); did you mean `WAYPOST_CONFIG`?
          - unknown variable `WAYPOST_LISTN` (environment); did you mean `WAYPOST_LISTEN`?
          - unknown variable `WAYPOST_QQQ` (environment)
          - unknown variable `WAYPOST_SERVER_LOG_FROMAT` (environment); did you mean `WAYPOST_SERVER_LOG_FORMAT`?"#]]);
}

#[test]
fn wrong_values_name_key_source_value_and_what_is_allowed() {
    Written {
        file: Some(
            "[server]\nlisten = [\"127.0.0.1:1\", \"localhost:2\"]\nshutdown_timeout_seconds = 11\n\
             cors_origins = \"https://a.example/path\"\nlog_format = true\npublic_url = { a = 1 }\n\
             [store]\nreaders = 1.5\n[retention]\ndedup_days = 29\njournal_days = [7]\ndead_letter_days = 1979-05-27\n",
        ),
        variables: vec![
            ("WAYPOST_STORE", "mysql://waypost:hunter2@db.example/waypost"),
            ("WAYPOST_LOG", "inof"),
            ("WAYPOST_OFFSETS", "yes"),
            ("WAYPOST_GRAPH_VERSION", "26"),
            ("WAYPOST_PHONE_NUMBER_ID", "+1 555 0100"),
            ("WAYPOST_DATA_DIR", ""),
        ],
        flags: vec![("listen", "127.0.0.1:3000,127.0.0.1:3000"), ("graph-url", "ftp://graph.example"), ("anonymous", "on\n")],
    }
    .check_problems(&expect![[r#"
        the configuration has 18 problems:
          - server.listen is `localhost:2` (waypost.toml:2); allowed: different addresses with a port, such as 127.0.0.1:3000 or [::1]:3000
          - server.shutdown_timeout_seconds is `11` (waypost.toml:3); allowed: a whole number of seconds from 1 to 10
          - server.cors_origins is `https://a.example/path` (waypost.toml:4); allowed: origins such as https://desk.example.org, without a path, each by name (`*` is not one); or nothing
          - server.log_format is `true` (waypost.toml:5); allowed: `text` or `json`
          - server.public_url is a table (waypost.toml:6); allowed: an address such as https://waypost.example.org, without a path; or nothing
          - store.readers is `1.5` (waypost.toml:8); allowed: a whole number from 1 to 64
          - retention.dedup_days is `29` (waypost.toml:10); allowed: a whole number of days from 30 to 3650
          - retention.journal_days is `7` (waypost.toml:11); allowed: a whole number of days from 1 to 3650
          - retention.dead_letter_days is a date (waypost.toml:12); allowed: a whole number of days from 1 to 3650
          - store.data_dir is empty (environment WAYPOST_DATA_DIR); allowed: the path of a directory
          - whatsapp.graph_version is `26` (environment WAYPOST_GRAPH_VERSION); allowed: a version such as v26.0
          - server.log is `inof` (environment WAYPOST_LOG); allowed: a level (off, error, warn, info, debug, trace), or comma-separated parts such as waypost_store=debug
          - realtime.offsets is `yes` (environment WAYPOST_OFFSETS); allowed: `on`, `off` or `auto`
          - whatsapp.phone_number_id is `+1 555 0100` (environment WAYPOST_PHONE_NUMBER_ID); allowed: 1 to 32 digits; or nothing
          - store.url is a value that is not shown (environment WAYPOST_STORE); allowed: `sqlite`, or an address such as postgres://user:password@host:5432/database
          - server.listen is `127.0.0.1:3000` (flag --listen); allowed: different addresses with a port, such as 127.0.0.1:3000 or [::1]:3000
          - whatsapp.graph_url is `ftp://graph.example` (flag --graph-url); allowed: an address such as https://graph.facebook.com
          - auth.anonymous is `on\n` (flag --anonymous); allowed: `off` or `loopback`"#]]);
}

#[test]
fn a_wrong_value_is_a_problem_even_where_a_flag_hides_it() {
    let flags = vec![("store-readers", "4")];
    Written { variables: vec![("WAYPOST_STORE_READERS", "0")], flags, ..Written::default() }
        .check_problems(&expect![[r#"
            the configuration has a problem:
              - store.readers is `0` (environment WAYPOST_STORE_READERS); allowed: a whole number from 1 to 64"#]]);
}

#[test]
fn a_file_that_is_not_toml_is_told_by_line_without_its_content() {
    Written::file("[server]\nlog = \"info\"\n[whatsapp]\napp_secret = hunter2\nverify_token = \"hunter2\n")
        .check_problems(&expect![[r#"
            the configuration has 2 problems:
              - this is not TOML (waypost.toml:4): string values must be quoted, expected literal string
              - this is not TOML (waypost.toml:5): invalid basic string, expected `"`"#]]);
    Written::file("[server]\nlog = \"info\"\nlog = \"debug\"\n").check_problems(&expect![[r#"
        the configuration has a problem:
          - this is not TOML (waypost.toml:3): duplicate key"#]]);
}

#[test]
fn a_named_file_that_is_not_there_is_a_problem_beside_the_others() {
    let flags = Flags::new(Some(PathBuf::from("/nowhere/waypost.toml")));
    let environment = [("WAYPOST_LOG_FORMAT", "x")].into_iter().collect();
    let problems = Config::load(&flags, &environment).expect_err("no such file");
    expect![[r#"
        the configuration has 2 problems:
          - the configuration file `/nowhere/waypost.toml` cannot be read: No such file or directory (os error 2)
          - unknown variable `WAYPOST_LOG_FORMAT` (environment); did you mean `WAYPOST_SERVER_LOG_FORMAT`?"#]].assert_eq(&problems.to_string());
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_not_text_is_a_problem() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let environment = [("WAYPOST_APP_SECRET", OsString::from_vec(vec![0xff]))].into_iter().collect();
    let problems = Config::from_sources(Profile::Serve, &Flags::default(), &environment, Ok(None));
    expect![[r#"
        the configuration has a problem:
          - the value of a variable is not UTF-8 (environment WAYPOST_APP_SECRET)"#]]
    .assert_eq(&problems.expect_err("not UTF-8").to_string());
}

#[test]
fn the_webhook_has_addresses_of_its_own() {
    Written::variables([("WAYPOST_WEBHOOK_LISTEN", "127.0.0.1:4000,127.0.0.1:3000")])
        .check_problems(&expect![[r#"
            the configuration has a problem:
              - server.webhook_listen is `127.0.0.1:3000` (environment WAYPOST_WEBHOOK_LISTEN); allowed: addresses that server.listen has not"#]]);
    Written::variables([("WAYPOST_LISTEN", "127.0.0.1:0"), ("WAYPOST_WEBHOOK_LISTEN", "127.0.0.1:0")])
        .serve();
}

#[test]
fn lists_are_arrays_or_comma_separated() {
    for text in [
        "[server]\ncors_origins = [\"https://a.example\", \"HTTP://B.example:80/\"]",
        "[server]\ncors_origins = \"https://a.example:443 , http://b.example\"",
    ] {
        let origins = Written::file(text).serve().server.cors_origins;
        assert!(origins.contains("https://a.example") && origins.contains("http://b.example"));
        assert!(!origins.contains("https://b.example"));
    }
    let secrets = Written::variables([("WAYPOST_APP_SECRET", "new,old")]).serve().whatsapp.app_secret;
    assert_eq!(secrets.iter().map(Secret::expose).collect::<Vec<_>>(), ["new", "old"]);
    assert!(Written::variables([("WAYPOST_APP_SECRET", "new,,old")]).read(Profile::Serve).is_err());
}

#[test]
fn proxies_are_addresses_and_networks() {
    for text in [
        "[server]\ntrusted_proxies = [\"127.0.0.1\", \"::ffff:10.0.0.0/104\", \"fd00::/8\"]",
        "[server]\ntrusted_proxies = \"127.0.0.1/32, 10.0.0.0/8,fd00::/8\"",
    ] {
        let config = Written::file(text).serve();
        expect![[r#"trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"] # waypost.toml:2"#]]
            .assert_eq(&line_of(&config, "trusted_proxies"));
    }
    Written {
        file: Some("[server]\ntrusted_proxies = [\"127.0.0.1\", \"10.1.2.3/8\"]"),
        variables: vec![("WAYPOST_TRUSTED_PROXIES", "proxy.example")],
        flags: vec![("trusted-proxies", "10.0.0.0/33")],
    }
    .check_problems(&expect![[r#"
        the configuration has 3 problems:
          - server.trusted_proxies is `10.1.2.3/8` (waypost.toml:2); allowed: addresses such as 127.0.0.1 and networks such as 10.0.0.0/8, without bits beyond the prefix; or nothing
          - server.trusted_proxies is `proxy.example` (environment WAYPOST_TRUSTED_PROXIES); allowed: addresses such as 127.0.0.1 and networks such as 10.0.0.0/8, without bits beyond the prefix; or nothing
          - server.trusted_proxies is `10.0.0.0/33` (flag --trusted-proxies); allowed: addresses such as 127.0.0.1 and networks such as 10.0.0.0/8, without bits beyond the prefix; or nothing"#]]);
}

#[test]
fn nothing_written_is_nothing_set() {
    let config = Written {
        file: Some("[auth]\napi_key = \"from-file\"\n[server]\npublic_url = \"https://file.example\"\n"),
        variables: vec![("WAYPOST_API_KEY", ""), ("WAYPOST_PUBLIC_URL", " "), ("WAYPOST_WEBHOOK_LISTEN", "")],
        flags: vec![],
    }
    .serve();
    assert!(config.auth.api_key.is_empty());
    assert_eq!((config.server.public_url, config.server.webhook_listen), (None, None));
}

#[test]
fn numbers_are_read_as_people_write_them() {
    let config = Written {
        file: Some(
            "[whatsapp]\nphone_number_id = 106540352242922\n[limits]\nrest_body_bytes_max = 0x10000\n",
        ),
        variables: vec![("WAYPOST_LIMITS_WEBHOOK_BODY_BYTES_MAX", "3_145_728")],
        flags: vec![],
    }
    .serve();
    assert_eq!(config.whatsapp.phone_number_id.expect("an id").as_str(), "106540352242922");
    assert_eq!(config.limits.rest_body_bytes_max.value(), 65_536);
    assert_eq!(config.limits.webhook_body_bytes_max.value(), 3_145_728);
}

#[test]
fn addresses_on_the_web_are_normalised() {
    let variables =
        [("WAYPOST_PUBLIC_URL", "HTTPS://Way.Example:443/"), ("WAYPOST_GRAPH_URL", "http://127.0.0.1:4000/")];
    let config = Written::variables(variables).serve();
    let public = config.server.public_url.expect("a public URL");
    assert_eq!((public.host(), public.origin().as_str()), ("way.example", "https://way.example"));
    assert_eq!(config.whatsapp.graph_url.as_str(), "http://127.0.0.1:4000");
    for refused in [
        "*",
        "null",
        "https://user:hunter2@a.example",
        "https://a.example/x",
        "a.example",
        "https://a.example?x",
    ] {
        assert_eq!(Origins::one(refused), None, "{refused}");
    }
}

/// Every secret of the table, given in every way.
#[test]
fn secrets_are_never_shown() {
    // The address of a database is hidden in part where it is right: below.
    let is_hidden = |key: &&Key| key.secrecy == Secrecy::Secret && key.path() != "store.url";
    for key in Key::all().filter(is_hidden) {
        let value = match key.path().as_str() {
            "whatsapp.further_apps" => "shop:hunter2",
            "auth.jwt_secret" => "hunter2-hunter2-hunter2-hunter2-",
            "master_key.key" => "wpm_hunter2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            _ => "hunter2",
        };
        let right: &[(&str, &str)] =
            &[(&key.variable(), value), ("WAYPOST_JWT_ISSUER", "login"), ("WAYPOST_JWT_AUDIENCE", "waypost")];
        let environment = right.iter().copied().collect();
        let config = Config::from_sources(Profile::Serve, &Flags::default(), &environment, Ok(None)).unwrap();
        let shown = format!("{config:?}\n{config:#?}\n{}\n{environment:?}", config.to_toml());
        assert!(!shown.contains("hunter2"), "{}", key.path());
        expect_line(&config, key, ": set, hidden # environment");

        let mut flags = Flags::default();
        flags.add(key, &["hunter2 hunter2".to_owned()]);
        let wrong =
            [(key.variable(), "hunter2,\u{1}"), (key.long_variable(), "hunter2 ü")].into_iter().collect();
        let text = format!("[{}]\n{} = {{ hunter2 = \"hunter2\" }}", key.section.name(), key.name);
        let problems = Config::from_sources(Profile::Serve, &flags, &wrong, Ok(Some(toml_file(&text))));
        let problems = problems.expect_err("wrong everywhere");
        let shown = format!("{problems}\n{problems:?}\n{flags:?}\n{wrong:?}");
        assert!(!shown.contains("hunter2"), "{}: {shown}", key.path());
    }
    let secret = Secret::new("hunter2").unwrap();
    expect!["[hidden] Secret(hidden)"].assert_eq(&format!("{secret} {secret:?}"));
}

#[test]
fn a_mistyped_address_of_a_database_is_not_shown() {
    for address in [
        "host=h user=waypost password=hunter2",
        "postgres//u:hunter2@h/d",
        "postgres:/u:hunter2@h/d",
        "u:hunter2@h/d",
        "postgres://u:hunter2",
        "postgres://h:1/d;password=hunter2",
        "mysql://u:hunter2@h/d",
    ] {
        let environment = [("WAYPOST_STORE", address)].into_iter().collect();
        let read = Config::from_sources(Profile::Serve, &Flags::default(), &environment, Ok(None));
        let shown = match read {
            Ok(config) => format!("{config:?} {}", config.to_toml()),
            Err(problems) => format!("{problems:?} {problems}"),
        };
        assert!(!shown.contains("hunter2"), "{address}: {shown}");
    }
}

fn expect_line(config: &Config, key: &Key, part: &str) {
    let line = line_of(config, key.name);
    assert!(line.contains(part), "{line}");
}

#[test]
fn tokens_have_one_source_of_keys_an_issuer_and_an_audience() {
    let all = [
        ("WAYPOST_JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-"),
        ("WAYPOST_JWT_PUBLIC_KEY", "/etc/login.pem"),
        ("WAYPOST_JWT_JWKS_URL", "https://login.example/keys"),
    ];
    Written::variables(all).check_problems(&expect![[r#"
        the configuration has 4 problems:
          - auth.jwt_public_key is set (environment WAYPOST_JWT_PUBLIC_KEY); auth.jwt_secret is, too; keep one
          - auth.jwt_jwks_url is set (environment WAYPOST_JWT_JWKS_URL); auth.jwt_secret is, too; keep one
          - auth.jwt_issuer is not set (default); wanted with auth.jwt_secret: the `iss` of every token
          - auth.jwt_audience is not set (default); wanted with auth.jwt_secret: the `aud` by which tokens are for this server"#]]);
    assert!(Written::default().serve().auth.jwt().is_none());
    for source in all {
        let names = [("WAYPOST_JWT_ISSUER", "login"), ("WAYPOST_JWT_AUDIENCE", "waypost")];
        let jwt = Written::variables([source, names[0], names[1]]).serve().auth.jwt().expect("a verifier");
        assert_eq!((&*jwt.issuer, &*jwt.audience, jwt.leeway.as_secs()), ("login", "waypost", 30));
    }
}

#[test]
fn the_master_key_is_in_one_place() {
    let key = ("WAYPOST_MASTER_KEY", "wpm_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    let [file, command] = [
        ("WAYPOST_MASTER_KEY_FILE", "/etc/waypost/master.key"),
        ("WAYPOST_MASTER_KEY_COMMAND", "vault,read"),
    ];
    Written::variables([file, command, key]).check_problems(&expect![[r#"
        the configuration has 2 problems:
          - master_key.command is set (environment WAYPOST_MASTER_KEY_COMMAND); master_key.file is, too; keep one
          - master_key.key is set (environment WAYPOST_MASTER_KEY); master_key.file is, too; keep one"#]]);
    Written::variables([("WAYPOST_MASTER_KEY", "wpk_0123")]).check_problems(&expect![[r#"
        the configuration has a problem:
          - master_key.key is a value that is not shown (environment WAYPOST_MASTER_KEY); allowed: wpm_ and 43 characters, as `waypost master-key init` writes it; or nothing"#]]);
    let is = |one, wanted: fn(&KeySource<'_>) -> bool| {
        Written::variables([one]).serve().master_key.source().is_some_and(|source| wanted(&source))
    };
    assert!(is(key, |source| matches!(source, KeySource::Key(_))));
    assert!(is(file, |source| matches!(source, KeySource::File(path) if path.ends_with("master.key"))));
    assert!(is(
        command,
        |source| matches!(source, KeySource::Command([vault, read]) if vault == "vault" && read == "read")
    ));
    assert!(Written::default().serve().master_key.source().is_none());
}

#[test]
fn a_public_key_may_be_written_in_one_line() {
    let config = Written::variables([
        ("WAYPOST_JWT_PUBLIC_KEY", r"-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----"),
        ("WAYPOST_JWT_ISSUER", "login"),
        ("WAYPOST_JWT_AUDIENCE", "waypost"),
    ]);
    let jwt = config.serve().auth.jwt().expect("a verifier");
    let JwtKeys::PublicKey(PublicKey::Pem(pem)) = jwt.keys else { panic!("a key in PEM") };
    expect![[r#"
        -----BEGIN PUBLIC KEY-----
        MA==
        -----END PUBLIC KEY-----"#]]
    .assert_eq(&pem);
}

#[test]
fn keys_that_would_not_be_safe_are_refused() {
    let written = Written {
        variables: vec![
            ("WAYPOST_JWT_SECRET", "hunter2-hunter2-hunter2-hunter2"),
            ("WAYPOST_JWT_PUBLIC_KEY", "-----BEGIN EC PRIVATE KEY-----"),
            ("WAYPOST_JWT_JWKS_URL", "http://login.example/keys"),
            ("WAYPOST_AUTH_JWT_LEEWAY_SECONDS", "301"),
        ],
        ..Written::default()
    };
    written.check_problems(&expect![[r#"
        the configuration has 4 problems:
          - auth.jwt_leeway_seconds is `301` (environment WAYPOST_AUTH_JWT_LEEWAY_SECONDS); allowed: a whole number of seconds from 0 to 300
          - auth.jwt_jwks_url is `http://login.example/keys` (environment WAYPOST_JWT_JWKS_URL); allowed: an https address such as https://login.example.org/.well-known/jwks.json, or an http one of this machine; without login, query and fragment; or nothing
          - auth.jwt_public_key is a value that is not shown (environment WAYPOST_JWT_PUBLIC_KEY); it is a private key, which belongs to the issuer alone
          - auth.jwt_secret is a value that is not shown (environment WAYPOST_JWT_SECRET); allowed: at least 32 visible ASCII characters without spaces; or nothing"#]]);
    for url in ["http://127.0.0.1:9/keys", "http://[::1]:9/keys", "http://localhost/keys"] {
        assert!(JwksUrl::new(url).is_some(), "{url}");
    }
}

#[test]
fn the_demo_makes_its_own_secrets() {
    let written = Written {
        file: Some("[whatsapp]\naccess_token = \"hunter2\"\n"),
        variables: vec![
            ("WAYPOST_APP_SECRET", "hunter2"),
            ("WAYPOST_API_KEY", "not even right"),
            ("WAYPOST_GRAPH_URL", "https://graph.example"),
            ("WAYPOST_LOG", "debug"),
        ],
        flags: vec![],
    };
    let config = written.read(Profile::Demo).expect("the demo's configuration");
    for key in Key::all().filter(|key| key.demo == Demo::Own) {
        expect_line(&config, key, "# default");
    }
    assert_eq!(config.auth.anonymous, Anonymous::Loopback);
    assert_eq!(config.store.data_dir.as_path(), PathBuf::from("./waypost-demo-data"));
    expect![[r#"
        waypost.toml:2
        environment WAYPOST_API_KEY
        environment WAYPOST_APP_SECRET
        environment WAYPOST_GRAPH_URL"#]]
    .assert_eq(&config.ignored.join("\n"));
}

#[test]
fn the_demo_stays_on_this_machine_and_refuses_secrets_by_flag() {
    let written = Written {
        variables: vec![("WAYPOST_LISTEN", "0.0.0.0:3000"), ("WAYPOST_WEBHOOK_LISTEN", "[::]:3001")],
        flags: vec![("app-secret", "hunter2")],
        file: None,
    };
    let problems = written.read(Profile::Demo).expect_err("a wrong demo");
    expect![[r#"
        the configuration has 3 problems:
          - the demo makes its own value (flag --app-secret); leave the flag out
          - server.listen is `0.0.0.0:3000` (environment WAYPOST_LISTEN); allowed: the demo listens on loopback addresses only
          - server.webhook_listen is `[::]:3001` (environment WAYPOST_WEBHOOK_LISTEN); allowed: the demo listens on loopback addresses only"#]].assert_eq(&problems.to_string());
}

#[test]
fn the_default_file_reads_as_the_defaults() {
    let defaults = Written::default().serve();
    // As it is, with everything commented out; then with every setting made active.
    let text = default_file();
    let active: String = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert_eq!(
        active.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count(),
        Key::all().count()
    );
    for text in [text, active] {
        let file = Ok(Some(toml_file(&text)));
        let config =
            Config::from_sources(Profile::Serve, &Flags::default(), &Environment::default(), file).unwrap();
        assert_eq!(shown(&config), shown(&defaults));
    }
}

#[test]
fn the_effective_configuration_reads_as_itself() {
    let config = Written::variables([
        ("WAYPOST_CORS_ORIGINS", "https://a.example"),
        ("WAYPOST_DATA_DIR", "/a \"b\"\\c"),
    ])
    .serve();
    let file = Ok(Some(toml_file(&config.to_toml())));
    let again =
        Config::from_sources(Profile::Serve, &Flags::default(), &Environment::default(), file).unwrap();
    assert_eq!(shown(&config), shown(&again));
}

fn shown(config: &Config) -> Vec<(String, setting::Shown)> {
    let name = |effective: &Effective| format!("{}.{}", effective.section.name(), effective.name);
    config.effective.iter().map(|effective| (name(effective), effective.shown.clone())).collect()
}

#[test]
fn the_default_file_has_every_meaning() {
    let text = default_file();
    let start: String = text.lines().take(24).map(|line| format!("{line}\n")).collect();
    expect![[r##"
        # waypost.toml: every setting with its default.
        # To change one, take away the # in front of it. Variables come before this file, flags before both.
        # `waypost config` shows what is in effect, and from where.

        # Where the server listens, under which address it is known, and what it logs.
        [server]

        # Addresses to listen on. To be reached from other machines, put a reverse proxy with TLS in front, or listen
        # on 0.0.0.0 or [::].
        # Allowed: different addresses with a port, such as 127.0.0.1:3000 or [::1]:3000.
        # Variable WAYPOST_LISTEN, flag --listen.
        #listen = ["127.0.0.1:3000", "[::1]:3000"]

        # Further addresses that serve the webhook and nothing else: what a tunnel or a public port should lead to.
        # Allowed: different addresses with a port, such as 127.0.0.1:3000 or [::1]:3000; or nothing.
        # Variable WAYPOST_WEBHOOK_LISTEN, flag --webhook-listen.
        #webhook_listen = []

        # The address at which browsers and Meta reach this server. Requests to another host than this and loopback
        # are refused.
        # Allowed: an address such as https://waypost.example.org, without a path; or nothing.
        # Variable WAYPOST_PUBLIC_URL, flag --public-url.
        #public_url = ""

    "##]].assert_eq(&start);
}

#[test]
fn the_reference_page_is_current() {
    expect_file!["../../../../docs/CONFIGURATION.md"].assert_eq(&reference_markdown());
}
