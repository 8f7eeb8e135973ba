//! A database that a store is moved into: a schema of its own.

use tokio_postgres::{Client, NoTls};
use waypost_store::Place;
use waypost_testkit::postgres::Schema;

pub(crate) struct Ground(Schema);

impl Ground {
    /// One on the server that tests share. Where there is none, which has been said, the run ends here.
    pub(crate) fn new() -> Self {
        Self(Schema::new().unwrap_or_else(|| std::process::exit(0)))
    }

    pub(crate) fn place(&self) -> Place {
        Place::Postgres(self.0.url().parse().unwrap())
    }

    pub(crate) fn text(&self, sql: &str) -> String {
        self.0.database().text(sql)
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.0.database().execute(sql);
    }

    /// A connection beside the store, on the caller's runtime.
    pub(crate) async fn connect(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(self.0.url(), NoTls).await.unwrap();
        tokio::runtime::Handle::current().spawn(connection);
        client
    }

    /// Ends all connections to it.
    pub(crate) fn cut_connections(&self) {
        self.0.cut_connections();
    }
}
