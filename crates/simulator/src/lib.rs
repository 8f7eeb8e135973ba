//! A stand-in for Meta, for demos, tests and load: a Graph API that accepts what agents send, and a cast of
//! customers who write, read, react and answer. Everything reaches the server as Meta's webhooks do: one signed
//! HTTP POST each, sent again with the same bytes until it is answered 200.
//!
//! The types that matter: [`Script`] decides what happens and when; it is pure, so a seed tells the same story
//! every time. [`Simulation`] is the thin tokio shell around it: it sleeps, posts and counts. The router behind
//! [`Simulation::serve_graph`] is the Graph API.
//!
//! Deliberately absent: the server's types and its database (the webhook URL is all that is known of it), a
//! wall clock (one is passed in), and the network: only loopback is ever spoken to, and only +1 555 01xx writes.
//!
//! Start reading at [`script`], then [`simulation`], then [`graph`].

mod agenda;
mod answer;
mod business;
pub mod cast;
mod chances;
mod counts;
mod dice;
mod error;
mod fate;
pub mod graph;
mod ignore;
mod payload;
mod post;
pub mod script;
pub mod simulation;
mod target;
mod wamid;

pub use business::Business;
pub use chances::Chances;
pub use counts::Counts;
pub use error::SimulateError;
pub use script::{Delivery, Moment, Script};
pub use simulation::{Simulation, SimulationConfig};
