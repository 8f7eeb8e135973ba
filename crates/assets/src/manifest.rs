//! Which files the binary serves: read by the build script, which embeds them, and by the library, which answers for
//! those that are missing.

/// The page that `GET /whatsapp-websocket-test.html` answers.
pub const PAGE: &str = "whatsapp-websocket-test.html";

/// The page that `GET /login` answers.
pub const LOGIN_PAGE: &str = "login.html";

/// The files by name, each with its content type. They are built into `packages/test-client/dist`.
pub(crate) const FILES: [(&str, &str); 7] = [
    (PAGE, "text/html; charset=utf-8"),
    ("whatsapp-websocket-test.css", "text/css; charset=utf-8"),
    ("whatsapp-websocket-test.js", "text/javascript; charset=utf-8"),
    (LOGIN_PAGE, "text/html; charset=utf-8"),
    ("login.css", "text/css; charset=utf-8"),
    ("login.js", "text/javascript; charset=utf-8"),
    ("socket.io.js", "text/javascript; charset=utf-8"),
];
