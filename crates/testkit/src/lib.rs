//! What tests share: waiting, time, webhooks as Meta sends them, and the binary as a process.
//!
//! The types that matter: [`TestServer`] runs the binary as a stranger would and looks at it from outside;
//! [`Webhook`] builds what it receives; [`hub_client`] speaks with a hub in process;
//! [`postgres`] is PostgreSQL for tests; [`ManualClock`] is the time of tests in process; and [`eventually`] is the only
//! way to wait.
//!
//! Deliberately absent: knowledge of how the product works inside. Signatures and bodies are made here anew instead of
//! by the code under test, which could otherwise agree with itself about a mistake.
//!
//! A dev-dependency of integration tests only. Whatever is wrong ends in a panic that says what to do: this code runs
//! in tests, where that is how to fail.

mod clock;
mod environment;
mod eventually;
mod http;
pub mod hub_client;
pub mod postgres;
mod server;
mod signature;
mod webhook;

pub use clock::ManualClock;
pub use environment::{chromium, clients_dir, conformance_binary, python, waypost_binary};
pub use eventually::{eventually, eventually_async};
pub use http::{Answer, Request};
pub use server::{FailedStart, Kept, NUMBER_ID, Secrets, ServerOptions, TestServer};
pub use signature::sign;
pub use webhook::{InboundText, StatusUpdate, Webhook, unix_seconds};
