//! What happens to a store on PostgreSQL from outside.

use tokio_postgres::{Client, NoTls};
use waypost_store::Place;

use crate::ground::Ground;
use crate::proxy::Proxy;

impl Ground {
    /// The same place, through a proxy.
    pub(crate) fn place_behind(&self, proxy: &Proxy) -> Place {
        let (_, settings) = self.schema.url().split_once('?').unwrap();
        let url = format!("postgres://postgres@{}/postgres?sslmode=disable&{settings}", proxy.address());
        Place::Postgres(url.parse().unwrap())
    }

    /// A connection beside the store, on the caller's runtime.
    pub(crate) async fn connect(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(self.schema.url(), NoTls).await.unwrap();
        tokio::runtime::Handle::current().spawn(connection);
        client
    }

    /// Ends all connections that a store on this ground has.
    pub(crate) fn cut_connections(&self) {
        self.schema.cut_connections();
    }
}
