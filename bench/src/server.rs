//! The server under test: a release binary on a core of its own, with a fresh store.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use waypost_testkit::postgres::{Cluster, Durability};
use waypost_testkit::{Request, TestServer};

use crate::corpus::Corpus;
use crate::machine::{LOAD_CORE, SERVER_CORE, pin_to};
use crate::usage::Company;

/// What a server keeps everything in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Store {
    /// Files.
    Sqlite,
    /// A PostgreSQL of the benchmark's own, with its usual settings, on the server's core.
    Postgres,
}

/// As it stands behind what was measured; nothing for the one that is meant where none is named.
impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "",
            Self::Postgres => ", on PostgreSQL",
        })
    }
}

/// A running server. It ends, and its store is deleted, when this is dropped.
pub(crate) struct Server {
    /// Before its store, so that it has ended when that is deleted.
    process: TestServer,
    cluster: Option<Cluster>,
    _folder: TempDir,
}

impl Server {
    /// Starts one with its store in a new folder below `place`.
    pub(crate) fn start(place: &Path, store: Store) -> Result<Self> {
        // Children inherit the core of the thread that starts them, and see no other.
        pin_to(SERVER_CORE)?;
        let server = Self::start_here(place, store);
        pin_to(LOAD_CORE)?;
        server
    }

    fn start_here(place: &Path, store: Store) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("waypost-bench-").tempdir_in(place)?;
        let mut options = TestServer::options()
            .env("WAYPOST_DATA_DIR", folder.path().join("data"))
            .env("WAYPOST_LISTEN", "0.0.0.0:0")
            .env("WAYPOST_LOG", "warn");
        let cluster = match store {
            Store::Sqlite => None,
            Store::Postgres => Some(Cluster::start(Durability::Real).map_err(anyhow::Error::msg)?),
        };
        if let Some(cluster) = &cluster {
            options = options.env("WAYPOST_STORE", cluster.url());
        }
        Ok(Self { process: options.try_start()?, cluster, _folder: folder })
    }

    /// A source of webhooks for it.
    pub(crate) fn corpus(&self, seed: u64) -> Corpus {
        Corpus::new(seed, &self.process.secrets().app_secret, self.address(1))
    }

    /// Its address on loopback number `net`: it listens on all of 127.0.0.0/8.
    pub(crate) fn address(&self, net: u8) -> SocketAddr {
        SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, net), self.process.address().port()).into()
    }

    /// The credential of clients.
    pub(crate) fn api_key(&self) -> &str {
        &self.process.secrets().api_key
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Who is on its core besides.
    pub(crate) fn company(&self) -> Company {
        if self.cluster.is_some() { Company::Database } else { Company::Nobody }
    }

    /// Checks that it has stored as many messages, and refused nothing: a 200 also answers what is only a dead letter.
    pub(crate) fn check_stored(&self, messages: u64) -> Result<()> {
        let request = Request::get("/metrics").bearer(self.api_key());
        let answer = request.send(self.address(1)).context("the server does not show its metrics")?;
        ensure!(answer.status == 200, "/metrics: {}", answer.text());
        let text = answer.text();
        let stored =
            text.lines().find_map(|line| line.strip_prefix(STORED)?.trim().parse().ok()).unwrap_or(0);
        ensure!(stored == messages, "{messages} messages were answered 200 and {stored} stored");
        Ok(())
    }
}

/// The line of `/metrics` that counts new messages.
const STORED: &str = "waypost_webhook_items_total{outcome=\"stored\"}";
