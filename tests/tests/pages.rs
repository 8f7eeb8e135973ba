//! The page in headless Chromium: the demo as its first visitor sees it, and a real server's with a key.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use waypost_testkit::{InboundText, TestServer, Webhook};
use waypost_tests::{Page, Program, Size, deliver, deliver_text, echo, status_of};

const DESKTOP: Size = (1440, 900);
const PHONE: Size = (390, 844);

const CONNECTED: &str = "[data-testid=connection-state][data-state=connected]";
const BANNER: &str = "[data-testid=banner]";
const MESSAGE: &str = "[data-testid=message]";
const INBOUND: &str = "[data-testid=message][data-direction=inbound]";
const OUTBOUND: &str = "[data-testid=message][data-direction=outbound]";
const TICKED: &str = "[data-testid=message][data-direction=outbound]:is([data-status=sent],[data-status=delivered],\
                      [data-status=read],[data-status=failed])";

/// Where pictures are left for a person to look at.
fn pictures() -> PathBuf {
    let folder = std::env::temp_dir().join("waypost-pictures");
    std::fs::create_dir_all(&folder).expect("the folder for pictures can be made");
    folder
}

/// Runs the demo in a folder of its own; its address.
fn demo(folder: &Path) -> (Program, String) {
    let program = Program::start(folder, &["demo", "--listen", "127.0.0.1:0"], &[]);
    let address = program.line("address of the demo", |line| {
        line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")).map(str::to_owned)
    });
    (program, address)
}

#[test]
fn the_demo_shows_customers_who_write_and_answer() {
    let Some(mut page) = Page::open(DESKTOP) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (_demo, address) = demo(folder.path());
    page.goto(&address);
    page.see(CONNECTED);
    page.see("[data-testid=mode-banner]");
    assert!(page.text("[data-testid=mode-banner]").contains("DEMO"));
    // It has joined the general room by itself, so that messages appear without a click.
    page.see_many(INBOUND, 3);
    page.screenshot(&pictures().join("demo-feed.png"));

    page.click("[data-testid=conversation][data-customer-id]");
    page.fill("[data-testid=reply-text]", "Thank you, we are looking into it!");
    page.click("[data-testid=reply-send]");
    page.see(OUTBOUND);
    page.see(TICKED);
    // Customers answer two of three; that none answers any of these is one in ten thousand runs.
    for question in [
        "Is it urgent?",
        "Shall we call you?",
        "Anything else?",
        "Still there?",
        "Can you see this?",
        "And now?",
        "Ready?",
        "Is that all?",
    ] {
        page.fill("[data-testid=reply-text]", question);
        page.click("[data-testid=reply-send]");
    }
    page.see_many(OUTBOUND, 9);
    // Who answers has read before.
    page.see(&format!("{OUTBOUND}[data-status=read]"));
    let before = page.attributes(INBOUND, "data-message-id");
    page.see_many(INBOUND, before.len() + 1);
    page.screenshot(&pictures().join("demo-conversation.png"));
    let ids = page.attributes(MESSAGE, "data-message-id");
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "every message is one bubble");
    assert_eq!(page.problems(), Vec::<String>::new());
}

#[test]
fn the_demo_fits_a_phone() {
    let Some(mut page) = Page::open(PHONE) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (_demo, address) = demo(folder.path());
    page.goto(&address);
    page.see_many(INBOUND, 2);
    page.screenshot(&pictures().join("demo-phone.png"));
    assert_eq!(page.problems(), Vec::<String>::new());
}

#[test]
fn a_person_with_a_key_joins_and_leaves_rooms() {
    let Some(mut page) = Page::open(DESKTOP) else { return };
    let mut server = TestServer::start();
    page.goto(&server.url());
    page.gone("[data-testid=mode-banner]");
    page.fill("[data-testid=credential]", "wrong");
    page.click("[data-testid=connect]");
    page.see("[data-testid=connection-state][data-state=refused]");
    page.fill("[data-testid=credential]", &server.secrets().api_key);
    page.click("[data-testid=connect]");
    page.see(CONNECTED);

    page.click("[data-testid=join-general]");
    page.see("#general-note[data-membership=joined]");
    let hostile = "<img src=x onerror=\"throw 1\"> '; DROP TABLE messages;--";
    let message =
        InboundText { name: "<b>Ana</b>".into(), ..InboundText::new("15550002001", "wamid.IN", hostile) };
    deliver(&server, &Webhook::new().text(&message).to_bytes());
    page.see(INBOUND);
    let shown = page.text(INBOUND);
    assert!(shown.contains(hostile) && shown.contains("<b>Ana</b>"), "it is text: {shown}");

    deliver(&server, &echo("15550002001", "wamid.OUT", "Hello Ana"));
    for status in ["sent", "delivered", "read"] {
        deliver(&server, &status_of("wamid.OUT", status, "15550002001").to_bytes());
        page.see(&format!("{OUTBOUND}[data-status={status}]"));
    }

    page.click("[data-testid=leave-general]");
    page.see("[data-testid=join-general]:enabled");
    page.fill("[data-testid=customer-name]", "15550002002");
    page.click("[data-testid=join-customer]");
    page.see("[data-testid=room-chip][data-membership=joined]");
    deliver_text(&server, "15550002003", "wamid.UNSEEN");
    deliver_text(&server, "15550002002", "wamid.SEEN");
    page.see_many(MESSAGE, 3);
    assert_eq!(page.attributes(MESSAGE, "data-message-id").len(), 3, "what Cleo wrote is not shown");
    page.screenshot(&pictures().join("live.png"));

    // The refused key is the page's only trouble; an end of the server is no trouble but a state.
    server.kill9();
    page.see("[data-testid=connection-state][data-state=reconnecting]");
    server.restart();
    page.see(CONNECTED);
    page.see("[data-testid=room-chip][data-membership=joined]");
    deliver_text(&server, "15550002002", "wamid.AFTER");
    page.see_many(MESSAGE, 4);
}

/// The banner used to outlive the connection that brought it: the next one says nothing where the server is well.
#[test]
fn a_server_that_cannot_store_is_degraded_until_it_says_otherwise_or_is_left() {
    let Some(mut page) = Page::open(DESKTOP) else { return };
    let mut server = TestServer::start();
    page.goto(&server.url());
    page.fill("[data-testid=credential]", &server.secrets().api_key);
    page.click("[data-testid=connect]");
    page.see(CONNECTED);
    let intruder = Connection::open(server.data_dir().join("waypost.db")).expect("the file is there");
    let keep_from_storing = |server: &TestServer| {
        intruder.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
        let webhook = Webhook::new().text(&InboundText::new("15550002001", "wamid.DURING", "hello"));
        assert_eq!(server.deliver(&webhook).expect("the server answers").status, 503);
    };
    keep_from_storing(&server);
    page.see(BANNER);
    intruder.execute_batch("ROLLBACK").expect("it can be given up");
    page.gone(BANNER);

    keep_from_storing(&server);
    page.see(BANNER);
    assert!(page.text(BANNER).contains("cannot store"));
    page.screenshot(&pictures().join("degraded.png"));
    server.kill9();
    intruder.execute_batch("ROLLBACK").expect("it can be given up");
    page.see("[data-testid=connection-state][data-state=reconnecting]");
    server.restart();
    page.see(CONNECTED);
    page.gone(BANNER);
}

#[test]
fn a_server_that_is_not_set_up_says_what_is_missing() {
    let Some(mut page) = Page::open(DESKTOP) else { return };
    let server = TestServer::options().without("WAYPOST_APP_SECRET").start();
    page.goto(&server.url());
    page.see("[data-testid=mode-banner]");
    let banner = page.text("[data-testid=mode-banner]");
    assert!(banner.contains("WAYPOST_APP_SECRET") && banner.contains("503"), "{banner}");
    page.screenshot(&pictures().join("setup.png"));
    assert_eq!(page.problems(), Vec::<String>::new());
}
