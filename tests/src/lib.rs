//! The binary from outside: what its tests in `tests/` have in common beyond `testkit`.
//!
//! The types that matter: [`StockClient`] is a Socket.IO client from npm or for Python, [`EngineClient`] one of the layer
//! below, and [`Agents`] are the processes in which a test has them; [`Subscriber`] is a client with what it was shown over
//! all its connections, [`Cable`] its network, and [`Journal`] what it must have been shown; [`ConformanceServer`] is the
//! engine without the product; [`read`] reads over REST; [`Authenticator`] makes one-time passwords; [`Graph`] is a Graph API whose every answer the test decides; [`Stored`] reads the
//! database as an outsider; [`Fixtures`] are the recorded webhooks and what is expected of them; [`Page`] is a page in headless
//! Chromium.
//!
//! Deliberately absent: every crate of the product. What these tests know of it is its contract. Only `tests/matrix` asks the policy
//! itself (`domain::access`), and holds the binary against it.
//!
//! Start reading at `tests/stock_clients.rs`.

mod agent;
mod audit;
mod authenticator;
mod browser;
mod burst;
mod cable;
mod client;
mod command;
mod conformance;
mod database;
mod engine_client;
mod event;
mod fixtures;
mod graph;
mod journal;
mod log;
mod options;
mod packages;
mod person;
mod raw;
mod rest;
mod stored;
mod subscriber;
mod tampering;
mod webhook;

pub use audit::Audit;
pub use authenticator::Authenticator;
pub use browser::{Page, Size};
pub use burst::Burst;
pub use cable::Cable;
pub use client::{Back, Session, StockClient};
pub use command::{Ended, Program, run_waypost, run_waypost_within};
pub use conformance::ConformanceServer;
pub use database::Held;
pub use engine_client::EngineClient;
pub use event::Event;
pub use fixtures::{BadFixture, Fixtures, GoodFixture};
pub use graph::{Graph, GraphCall};
pub use journal::{Entry, Journal, number_of};
pub use log::{logged, whole_log};
pub use options::{ClientOptions, Variant};
pub use packages::{Agents, ENGINE_IO_VERSIONS, Package};
pub use person::{PASSWORD, Person, from_page, sign_in, use_link, waypost_admin};
pub use raw::RawRequest;
pub use rest::{ask, column, read};
pub use stored::{DeadLetters, Stored};
pub use subscriber::{GENERAL, Subscriber};
pub use tampering::{DatabaseCopy, age_sessions, prune_journal, remove_database};
pub use webhook::{deliver, deliver_text, echo, post_webhook, status_of};

use std::time::Duration;

/// How long anything that is expected may take: the machine may be compiling besides.
pub const DEADLINE: Duration = Duration::from_secs(20);
