//! The page at /login in headless Chromium: from the first administrator's link to the test client.

use waypost_testkit::{Request, TestServer};
use waypost_tests::{PASSWORD, Page, Size, waypost_admin};

const DESKTOP: Size = (1000, 800);

#[test]
fn the_first_administrator_signs_in_by_the_link_and_connects_without_a_key() {
    let Some(mut page) = Page::open(DESKTOP) else { return };
    let server = TestServer::start();
    let link = waypost_admin(&server, &["link"]).success();
    let token = link.trim().rsplit_once('=').expect("a link").1;
    page.goto(&format!("{}/login#first={token}", server.url()));
    page.fill("[data-testid=link-login]", "root");
    page.fill("[data-testid=link-name]", "Root");
    page.fill("[data-testid=link-password]", PASSWORD);
    page.fill("[data-testid=link-again]", "something else");
    page.click("[data-testid=link-button]");
    assert!(page.text("[data-testid=problem]").contains("not the same"));
    page.fill("[data-testid=link-again]", PASSWORD);
    page.click("[data-testid=link-button]");
    page.see("[data-testid=home]");
    assert_eq!(page.text("[data-testid=me-name]"), "Root");

    // The cookie alone connects the test client, by polling first as by WebSocket.
    page.goto(&format!("{}/whatsapp-websocket-test.html", server.url()));
    page.click("[data-testid=connect]");
    page.see("[data-testid=connection-state][data-state=connected]");

    page.goto(&format!("{}/login", server.url()));
    page.click("[data-testid=enrol]");
    page.see("[data-testid=enrolment]");
    assert_eq!(page.text("[data-testid=totp-secret]").len(), 32);
    page.goto(&format!("{}/login", server.url()));
    page.click("[data-testid=sign-out]");
    page.see("[data-testid=sign-in]");
    page.fill("[data-testid=login]", "Root");
    page.fill("[data-testid=password]", PASSWORD);
    page.click("[data-testid=sign-in-button]");
    page.see("[data-testid=home]");
    // Whoever is not signed in yet asks in vain who they are; nothing else went wrong.
    let unexpected = |problem: &String| !problem.contains("/api/me") && !problem.contains("401");
    assert_eq!(page.problems().into_iter().filter(unexpected).collect::<Vec<_>>(), Vec::<String>::new());
}

/// Whoever fails to sign in and is sent a link pastes it where the page is open: the address changes, and nothing is loaded.
#[test]
fn a_link_pasted_into_the_open_page_is_opened_and_leaves_the_address() {
    let Some(mut page) = Page::open(DESKTOP) else { return };
    let server = TestServer::start();
    page.goto(&format!("{}/login", server.url()));
    page.see("[data-testid=sign-in]");
    let link = waypost_admin(&server, &["link"]).success();
    page.goto(&format!("{}/login#{}", server.url(), link.trim().rsplit_once('#').expect("a link").1));
    page.see("[data-testid=link]");
    assert_eq!(page.address(), format!("{}/login", server.url()));
}

#[test]
fn a_page_says_what_a_browser_must_not_do_with_it() {
    let server = TestServer::start();
    for address in ["/login", "/whatsapp-websocket-test.html"] {
        let page = server.send(&Request::get(address)).expect("an answer");
        assert_eq!(page.status, 200);
        let header = |name: &str| page.header(name).unwrap_or_default().to_owned();
        let policy = header("content-security-policy");
        for part in ["default-src", "frame-ancestors 'none'", "base-uri 'none'", "form-action"] {
            assert!(policy.contains(part), "{address}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{address}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("referrer-policy"), "no-referrer");
    }
}
