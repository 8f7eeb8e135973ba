//! The binary as a person at a terminal meets it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use waypost_testkit::{NUMBER_ID, Request, TestServer};
use waypost_tests::{Ended, Program, StockClient, run_waypost};

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    run_waypost(folder.path(), arguments, variables)
}

#[track_caller]
fn assert_fails(ended: &Ended, words: &[&str]) {
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert_eq!(ended.stdout, "", "what went wrong is said on stderr");
    for word in words {
        assert!(ended.stderr.contains(word), "{word:?} is not in {}", ended.stderr);
    }
}

#[test]
fn help_teaches() {
    let help = run(&["--help"], &[]).success();
    for word in
        ["waypost demo", "WAYPOST_APP_SECRET", "App settings", "--listen", "--data-dir", "--webhook-listen"]
    {
        assert!(help.contains(word), "{word}");
    }
    assert!(run(&["--version"], &[]).success().starts_with("waypost "));
}

#[test]
fn config_shows_what_is_in_effect_and_hides_secrets() {
    let shown = run(
        &["config", "--listen", "127.0.0.1:4001", "--access-token", "hunter-flag"],
        &[
            ("WAYPOST_APP_SECRET", "hunter-one,hunter-two"),
            ("WAYPOST_API_KEY", "hunter-key"),
            ("WAYPOST_LOG", "debug"),
        ],
    )
    .success();
    assert!(!shown.contains("hunter"), "{shown}");
    for word in ["127.0.0.1:4001", "flag --listen", "environment WAYPOST_LOG", "app_secret: 2 set, hidden"] {
        assert!(shown.contains(word), "{word:?} is not in {shown}");
    }
}

#[test]
fn settings_stand_in_the_file_too_and_come_last() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = "[server]\nlisten = [\"127.0.0.1:4001\"]\nlog = \"warn\"\n";
    std::fs::write(folder.path().join("waypost.toml"), file).expect("it can be written");
    let shown = run_waypost(folder.path(), &["config"], &[("WAYPOST_LOG", "debug")]).success();
    assert!(shown.contains("127.0.0.1:4001") && shown.contains("log = \"debug\""), "{shown}");
    std::fs::write(folder.path().join("waypost.toml"), "[server]\nlissten = []\n")
        .expect("it can be written");
    assert_fails(
        &run_waypost(folder.path(), &["config"], &[]),
        &["lissten", "waypost.toml:2", "did you mean"],
    );
}

#[test]
fn what_nobody_reads_is_an_error() {
    let ended = run(&["config"], &[("WAYPOST_APP_SECRT", "hunter")]);
    assert_fails(&ended, &["WAYPOST_APP_SECRT", "did you mean `WAYPOST_APP_SECRET`"]);
    assert!(!ended.stderr.contains("hunter"), "{}", ended.stderr);
    assert_fails(&run(&["serve"], &[("WAYPOST_LISTEN", "nowhere")]), &["WAYPOST_LISTEN", "allowed"]);
    assert_fails(&run(&["--listn", "127.0.0.1:1"], &[]), &["--listn", "--listen"]);
}

#[test]
fn a_busy_port_names_the_flag_that_helps() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = taken.local_addr().expect("it has an address").to_string();
    let ended = run(&["serve"], &[("WAYPOST_LISTEN", &address)]);
    assert_fails(&ended, &[&address, "busy", "--listen"]);
    let ended = run(&["serve", "--listen", "127.0.0.1:0", "--webhook-listen", &address], &[]);
    assert_fails(&ended, &[&address, "busy", "--webhook-listen"]);
}

#[test]
fn the_ready_line_is_the_only_line_on_stdout_and_the_port_answers_then() {
    let mut server = TestServer::start();
    assert_eq!(server.send(&Request::get("/readyz")).expect("an answer").status, 200);
    let ready: Vec<_> = server.stdout().lines().map(str::to_owned).collect();
    server.terminate(waypost_tests::DEADLINE);
    assert_eq!(ready.len(), 1, "{ready:?}");
    assert!(ready[0].starts_with("{\"event\":\"ready\",\"listen\":[\"127.0.0.1:"), "{ready:?}");
}

#[test]
fn the_data_directory_is_its_owners_and_one_servers() {
    let server = TestServer::start();
    let data_dir = server.data_dir();
    let mode = data_dir.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let second = run(
        &["serve", "--listen", "127.0.0.1:0"],
        &[("WAYPOST_DATA_DIR", data_dir.to_str().expect("the path is UTF-8"))],
    );
    assert_fails(&second, &["in use"]);
    assert_eq!(server.send(&Request::get("/readyz")).expect("an answer").status, 200);
}

#[test]
fn metrics_count_what_came_and_what_was_shown() {
    let server = TestServer::start();
    waypost_tests::deliver_text(&server, "15550002001", "wamid.1");
    let refused = server.send(&Request::post("/whatsapp/webhook", "application/json", "{}"));
    assert_eq!(refused.expect("an answer").status, 401);
    let metrics =
        server.send(&Request::get("/metrics").bearer(&server.secrets().api_key)).expect("an answer");
    assert!(
        metrics.header("content-type").is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    let text = metrics.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let counters = text.lines().filter(|line| line.contains("webhook") && line.ends_with(" 1"));
    assert!(counters.count() >= 2, "one stored and one refused: {text}");
}

#[test]
fn a_demo_and_a_server_never_share_their_data() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let demo_dir = folder.path().join("demo");
    let server_dir = folder.path().join("server");
    let as_text = |path: &Path| path.to_str().expect("the path is UTF-8").to_owned();
    let serve = |data_dir: &Path| {
        run_waypost(
            folder.path(),
            &["serve", "--listen", "127.0.0.1:0", "--data-dir", &as_text(data_dir)],
            &[],
        )
    };
    let demo = Program::start(
        folder.path(),
        &["demo", "--listen", "127.0.0.1:0", "--data-dir", &as_text(&demo_dir)],
        &[],
    );
    demo.line("address of the demo", |line| line.contains("http://127.0.0.1:").then_some(()));
    drop(demo);
    assert_fails(&serve(&demo_dir), &["belongs to a demo", "--data-dir"]);
    let keys = run_waypost(folder.path(), &["key", "list", "--data-dir", &as_text(&demo_dir)], &[]);
    assert_fails(&keys, &["belongs to a demo"]);

    let keys = run_waypost(
        folder.path(),
        &["key", "create", "desk", "--scope", "read", "--data-dir", &as_text(&server_dir)],
        &[],
    );
    assert!(keys.success().starts_with("wpk_"));
    let demo = run_waypost(
        folder.path(),
        &["demo", "--listen", "127.0.0.1:0", "--data-dir", &as_text(&server_dir)],
        &[],
    );
    assert_fails(&demo, &["not a demo's", "--data-dir"]);
}

#[test]
fn what_is_stored_can_be_read_by_its_owner_only_also_in_a_directory_that_was_there() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data_dir = folder.path().join("open to all");
    std::fs::create_dir(&data_dir).expect("a folder can be made");
    std::fs::set_permissions(&data_dir, std::fs::Permissions::from_mode(0o755)).expect("a mode can be set");
    let keys = run_waypost(
        folder.path(),
        &[
            "key",
            "create",
            "desk",
            "--scope",
            "read",
            "--data-dir",
            data_dir.to_str().expect("a path in UTF-8"),
        ],
        &[],
    );
    assert!(keys.success().starts_with("wpk_"));
    let mode = std::fs::metadata(data_dir.join("waypost.db")).expect("a database").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn simulate_drives_a_server_on_this_machine() {
    let server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let program = Program::start(
        folder.path(),
        &["simulate", "--url", &server.url(), "--rate", "50", "--seed", "7"],
        &[("WAYPOST_APP_SECRET", &server.secrets().app_secret), ("WAYPOST_PHONE_NUMBER_ID", NUMBER_ID)],
    );
    program.line("seed to repeat the run", |line| line.contains("--seed 7").then_some(()));
    for _ in 0..20 {
        let message = client.event("whatsappMessage");
        assert!(message.text("whatsappNumber").starts_with("1555010"), "{message:?}");
        assert_eq!(message.text("phoneNumberId"), NUMBER_ID);
    }
}

#[test]
fn the_demo_stays_on_this_machine_and_ignores_real_secrets() {
    let ended = run(&["demo", "--listen", "0.0.0.0:0"], &[]);
    assert_fails(&ended, &["loopback"]);
    let ended = run(&["demo", "--app-secret", "hunter"], &[]);
    assert_fails(&ended, &["--app-secret"]);
    assert!(!ended.stderr.contains("hunter"));
}
