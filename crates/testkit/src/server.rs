//! The binary, run as a stranger runs it: a process, its addresses, its log; stopped politely or killed.

mod kept;
mod options;
mod process;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

pub use kept::Kept;
use options::Listen;
pub use options::{Secrets, ServerOptions};
pub use process::FailedStart;
use process::Process;

use crate::postgres::Schema;
use crate::{Answer, Request, Webhook, sign};

/// The `phone_number_id` of a test server, which the recorded webhooks have too.
pub const NUMBER_ID: &str = "100000000000101";

/// What the README promises of stopping, and some.
const STOP_MAX: Duration = Duration::from_secs(15);

/// A running (or stopped) `waypost` with a data directory of its own, which goes with it. When the test fails, what the
/// server has logged is shown.
pub struct TestServer {
    options: ServerOptions,
    listen: Listen,
    process: Process,
    kept: Kept,
    /// The process comes before what it keeps, so that it has ended when that is deleted.
    _schema: Option<Schema>,
    folder: TempDir,
}

impl TestServer {
    /// A server with the default options.
    ///
    /// # Panics
    ///
    /// When it does not become ready: the message shows its log.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        ServerOptions::new().start()
    }

    /// Options to change before the start.
    #[must_use]
    pub fn options() -> ServerOptions {
        ServerOptions::new()
    }

    pub(crate) fn from_options(mut options: ServerOptions) -> Result<Self, FailedStart> {
        let folder = tempfile::Builder::new()
            .prefix("waypost-test-")
            .tempdir()
            .expect("a temporary folder can be made");
        let schema = options.has_store_of_run().then(kept::of_run).flatten();
        if let Some(schema) = &schema {
            options = options.env(kept::SETTING, schema.url());
        }
        let kept = Kept::of(options.setting(kept::SETTING), folder.path().join("data"));
        let process = Process::spawn(&mut options.to_command(folder.path(), None))?;
        Ok(Self { options, listen: process.listen.clone(), process, kept, _schema: schema, folder })
    }

    /// The first address that it listens on; the same after a restart.
    ///
    /// # Panics
    ///
    /// When it listens nowhere.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        *self.listen.all.first().expect("a server listens somewhere")
    }

    /// The address of the listener that serves the webhook only.
    ///
    /// # Panics
    ///
    /// When there is none: see [`ServerOptions::webhook_listener`].
    #[must_use]
    pub fn webhook_address(&self) -> SocketAddr {
        *self.listen.webhook.first().expect("the options opened a webhook listener")
    }

    /// `http://` and the address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The secrets of this server.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        self.options.secrets()
    }

    /// Where it keeps everything.
    #[must_use]
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Its data directory, unless the test chose otherwise. Where it keeps everything in PostgreSQL, that is not there.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The process id, for `/proc`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether the process runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// What the running process has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// What the running process has printed on stdout so far, the ready line first.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    ///
    /// See [`Request::send`].
    pub fn send(&self, request: &Request) -> std::io::Result<Answer> {
        request.send(self.address())
    }

    /// Sends a webhook, rightly signed.
    ///
    /// # Errors
    ///
    /// See [`Request::send`]: the server may be down, and then it is redelivered.
    pub fn deliver(&self, webhook: &Webhook) -> std::io::Result<Answer> {
        self.deliver_bytes(&webhook.to_bytes())
    }

    /// Sends any bytes as a webhook, rightly signed.
    ///
    /// # Errors
    ///
    /// See [`Request::send`].
    pub fn deliver_bytes(&self, body: &[u8]) -> std::io::Result<Answer> {
        self.send(
            &Request::post("/whatsapp/webhook", "application/json", body)
                .header("X-Hub-Signature-256", &sign(&self.secrets().app_secret, body)),
        )
    }

    /// Kills it, as a power cut would.
    pub fn kill9(&mut self) {
        self.process.kill();
    }

    /// Stops it as a machine does that hangs: its connections stay open, and nothing answers.
    pub fn freeze(&mut self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&mut self) {
        self.process.signal(Signal::CONT);
    }

    /// Asks it to stop, with SIGTERM, and waits for the end.
    ///
    /// # Panics
    ///
    /// When it runs on for longer than `deadline`.
    #[track_caller]
    pub fn terminate(&mut self, deadline: Duration) -> ExitStatus {
        self.process.signal(Signal::TERM);
        self.process.wait(deadline)
    }

    /// Asks it to stop, with SIGTERM, and does not wait: for tests of what happens meanwhile.
    pub fn begin_terminate(&mut self) {
        self.process.signal(Signal::TERM);
    }

    /// Starts it again with the same data, secrets and addresses; first stops it if it runs.
    ///
    /// # Panics
    ///
    /// When it does not stop, or not become ready again.
    #[track_caller]
    pub fn restart(&mut self) {
        if self.is_running() {
            self.terminate(STOP_MAX);
        }
        let mut command = self.options.to_command(self.folder.path(), Some(&self.listen));
        self.process = Process::spawn(&mut command).unwrap_or_else(|failed| panic!("{failed}"));
    }

    /// Sets a variable from its next start on.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.options = self.options.clone().env(name, value);
    }

    /// Leaves a variable out from its next start on.
    pub fn unset_env(&mut self, name: &str) {
        self.options = self.options.clone().without(name);
    }

    /// Has it keep everything in another store, such as one that a test has moved there, from its next start on.
    pub fn keep_in(&mut self, store: &str) {
        self.options = self.options.clone().env(kept::SETTING, store);
        self.kept = Kept::of(self.options.setting(kept::SETTING), self.data_dir());
    }
}
