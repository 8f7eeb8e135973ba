//! The server that tests share: the one that `TEST_POSTGRES_URL` names, else the one on the default local port, else one of
//! our own, for the time of this process. Where there is none, what needs it is not run, and that is said.

use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use super::{Cluster, Database, Durability};

/// Where it is. `cargo xtask test` finds it once for all; `none` says that there is none, and that this has been reported.
const VARIABLE: &str = "TEST_POSTGRES_URL";
const NONE: &str = "none";

/// Where PostgreSQL listens unless it was told otherwise.
const LOCAL: ([u8; 4], u16) = ([127, 0, 0, 1], 5432);
const LOCAL_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// How long a machine on the other side may take to be found absent.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// A server that lets us in.
pub struct Found {
    /// Where to connect.
    pub url: String,
    /// Words for a person.
    pub what: String,
    /// Kept for its end, where it is ours.
    _cluster: Option<Cluster>,
}

/// Where tests connect to; `None` where there is no server. Then a test that needs one returns, and it is said that it was not
/// run.
///
/// # Panics
///
/// When there is none in continuous integration.
#[must_use]
pub fn url() -> Option<&'static str> {
    // Its end is the process's, so that one of our own ends with it.
    static FOUND: LazyLock<Result<Option<Found>, String>> = LazyLock::new(|| match variable(VARIABLE) {
        Some(told) if told == NONE => Ok(None),
        Some(url) => Ok(Some(Found { url, what: String::new(), _cluster: None })),
        None => find().map(Some),
    });
    match &*FOUND {
        Ok(found) => found.as_ref().map(|found| found.url.as_str()),
        Err(why) => {
            say_not_run(why);
            None
        }
    }
}

/// Says that what needs PostgreSQL is not run.
#[track_caller]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know")]
pub(super) fn say_not_run(why: &str) {
    eprintln!("not run: the tests on PostgreSQL, because {why}");
    assert!(
        variable("CI").is_none_or(|value| value != "true" && value != "1"),
        "CI=true asks for everything"
    );
}

/// Looks for one that lets us in, and starts one where there is none.
///
/// # Errors
///
/// Why there is none.
pub fn find() -> Result<Found, String> {
    let found = |url: &str, what: String| Found { url: url.to_owned(), what, _cluster: None };
    if let Some(url) = variable(VARIABLE) {
        let what = look(&url).map_err(|why| format!("the one that {VARIABLE} names {why}"))?;
        return Ok(found(&url, format!("{what}, named by {VARIABLE}")));
    }
    let refused = if TcpStream::connect_timeout(&SocketAddr::from(LOCAL), CONNECT_MAX).is_ok() {
        match look(LOCAL_URL) {
            Ok(what) => return Ok(found(LOCAL_URL, format!("{what}, on the default local port"))),
            Err(why) => format!("the one on the default local port {why}; "),
        }
    } else {
        String::new()
    };
    let cluster = Cluster::start(Durability::Skipped).map_err(|why| format!("{refused}{why}"))?;
    let what = look(cluster.url()).map_err(|why| format!("{refused}our own {why}"))?;
    let what = format!("{refused}{what}, our own, which does not wait for the disk");
    Ok(Found { url: cluster.url().to_owned(), what, _cluster: Some(cluster) })
}

/// What is there; or why it will not do.
fn look(url: &str) -> Result<String, String> {
    const QUESTION: &str =
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int >= 140000,
        has_database_privilege(current_database(), 'CREATE')";
    let rows =
        Database::at(url).try_rows(QUESTION).map_err(|error| format!("does not let us in ({error})"))?;
    let columns: Vec<&str> = rows.first().into_iter().flatten().flatten().map(String::as_str).collect();
    match columns.as_slice() {
        [version, "t", "t"] => Ok(format!("PostgreSQL {version}")),
        [version, "f", _] => Err(format!("is too old: PostgreSQL {version}")),
        _ => Err("does not let us make schemas".to_owned()),
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
