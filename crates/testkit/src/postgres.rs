//! PostgreSQL for tests: the server that they share, a schema for each, and servers of a test's own.
//!
//! Tests that need PostgreSQL run where there is one: [`url`] says where, and [`Schema::new`] gives a test a place of its
//! own there. A test that stops its server, or needs what is written to be safe from that, has a [`Cluster`].

mod cluster;
mod database;
mod schema;
mod server;

pub use cluster::{Cluster, Durability};
pub use database::{Database, Hold};
pub use schema::Schema;
pub use server::{Found, find, url};
