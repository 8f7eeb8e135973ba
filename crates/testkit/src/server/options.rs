//! How a test server is started: its secrets and what a test changes.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use rand::distr::{Alphanumeric, SampleString as _};

use super::kept::{AUDIT_KEY, SETTING, shared_audit_key};
use super::{FailedStart, NUMBER_ID, TestServer};

/// A port that nothing listens on, so that no test ever calls the real Graph API.
const NO_GRAPH_URL: &str = "http://127.0.0.1:9";

/// What a run alone knows.
#[derive(Clone)]
pub struct Secrets {
    /// Signs webhooks.
    pub app_secret: String,
    /// Verifies the webhook's address.
    pub verify_token: String,
    /// The credential of REST and sockets.
    pub api_key: String,
    /// The credential at the Graph API.
    pub access_token: String,
}

impl Secrets {
    /// New ones.
    #[must_use]
    pub fn random() -> Self {
        let mut random = rand::rng();
        let mut draw = |prefix: &str| format!("{prefix}{}", Alphanumeric.sample_string(&mut random, 32));
        Self {
            app_secret: draw("app"),
            verify_token: draw("verify"),
            api_key: draw("key"),
            access_token: draw("token"),
        }
    }
}

/// What a test changes of a server before it starts.
#[derive(Clone)]
pub struct ServerOptions {
    secrets: Secrets,
    command: Vec<OsString>,
    settings: Vec<(String, Option<OsString>)>,
    flags: Vec<OsString>,
    open_files_max: Option<u32>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerOptions {
    /// `waypost serve` with new secrets, number [`NUMBER_ID`](super::NUMBER_ID), and a Graph API that is not there.
    #[must_use]
    pub fn new() -> Self {
        let secrets = Secrets::random();
        let options = Self {
            secrets: secrets.clone(),
            command: vec!["serve".into()],
            settings: Vec::new(),
            flags: Vec::new(),
            open_files_max: None,
        };
        options
            .env("WAYPOST_APP_SECRET", &secrets.app_secret)
            .env("WAYPOST_VERIFY_TOKEN", &secrets.verify_token)
            .env("WAYPOST_PHONE_NUMBER_ID", NUMBER_ID)
            .env("WAYPOST_ACCESS_TOKEN", &secrets.access_token)
            .env("WAYPOST_API_KEY", &secrets.api_key)
            .env("WAYPOST_GRAPH_URL", NO_GRAPH_URL)
            .env("WAYPOST_LISTEN", "127.0.0.1:0")
    }

    /// Runs another command than `serve`, such as `["demo"]`.
    #[must_use]
    pub fn command(mut self, words: &[&str]) -> Self {
        self.command = words.iter().map(OsString::from).collect();
        self
    }

    /// Sets a variable; of several settings of one, the last counts.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.settings.push((name.to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    /// Leaves a variable out that is set otherwise, such as `WAYPOST_APP_SECRET` for set-up mode.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.settings.push((name.to_owned(), None));
        self
    }

    /// Adds arguments behind the command.
    #[must_use]
    pub fn flags<I: IntoIterator<Item: Into<OsString>>>(mut self, flags: I) -> Self {
        self.flags.extend(flags.into_iter().map(Into::into));
        self
    }

    /// Lets the server have only so many open files.
    #[must_use]
    pub fn open_files_max(mut self, files: u32) -> Self {
        self.open_files_max = Some(files);
        self
    }

    /// Opens a second listener that serves the webhook only.
    #[must_use]
    pub fn webhook_listener(self) -> Self {
        self.env("WAYPOST_WEBHOOK_LISTEN", "127.0.0.1:0")
    }

    /// Whether the server keeps everything where this run of the tests is to: a demonstration has its files, and a test may
    /// choose.
    pub(super) fn has_store_of_run(&self) -> bool {
        self.command == ["serve"] && self.setting(SETTING).is_none()
    }

    /// What a variable is set to.
    pub(super) fn setting(&self, name: &str) -> Option<&OsStr> {
        let last = self.settings.iter().rfind(|(set, _)| set == name);
        last.and_then(|(_, value)| value.as_deref())
    }

    /// The secrets that the server will have.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Starts the server and returns when it is ready.
    ///
    /// # Panics
    ///
    /// When it does not become ready: the message shows its log.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> TestServer {
        self.try_start().unwrap_or_else(|failed| panic!("{failed}"))
    }

    /// Starts the server and returns when it is ready.
    ///
    /// # Errors
    ///
    /// When it ends before, or is not ready within 20 s.
    pub fn try_start(self) -> Result<TestServer, FailedStart> {
        TestServer::from_options(self)
    }

    /// The command line and the environment, of which nothing that begins with `WAYPOST_` comes from the test's own.
    /// The server runs in `folder`, which holds its data directory.
    pub(super) fn to_command(&self, folder: &Path, listen: Option<&Listen>) -> Command {
        let mut command = match self.open_files_max {
            None => Command::new(crate::waypost_binary()),
            Some(files) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")]);
                shell.arg(crate::waypost_binary());
                shell
            }
        };
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WAYPOST_") {
                command.env_remove(name);
            }
        }
        command.current_dir(folder).args(&self.command).args(&self.flags);
        let data_dir = folder.join("data");
        // A store that was moved from files into a database goes on with the key that it had.
        let is_in_database = self.setting(SETTING).is_some_and(|store| store != "sqlite");
        if is_in_database && !data_dir.join("audit.key").exists() {
            command.env(AUDIT_KEY, shared_audit_key());
        }
        command.env("WAYPOST_DATA_DIR", data_dir);
        for (name, value) in &self.settings {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(listen) = listen {
            command.env("WAYPOST_LISTEN", join(&listen.all));
            if !listen.webhook.is_empty() {
                command.env("WAYPOST_WEBHOOK_LISTEN", join(&listen.webhook));
            }
        }
        command
    }
}

/// The addresses that a server had, which it gets again at a restart, so that its clients find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listen {
    pub(super) all: Vec<SocketAddr>,
    pub(super) webhook: Vec<SocketAddr>,
}

fn join(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_its_own_secrets() {
        let (one, other) = (Secrets::random(), Secrets::random());
        assert_ne!(one.api_key, other.api_key);
        assert_ne!(one.app_secret, one.verify_token);
    }
}
