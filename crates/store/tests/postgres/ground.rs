//! What a store stands on, in PostgreSQL: a schema of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use waypost_store::{Place, Threads};

use crate::proxy::Proxy;
use crate::server;

pub(crate) struct Ground {
    url: String,
    schema: String,
}

/// `group_concat` is SQLite's; here the tests bring their own.
const GROUP_CONCAT: &str = "
    CREATE FUNCTION and_then(text, anyelement) RETURNS text LANGUAGE sql AS $$
        SELECT concat_ws(',', $1, $2::text) $$;
    CREATE AGGREGATE group_concat(anyelement) (sfunc = and_then, stype = text)";

impl Ground {
    pub(crate) fn new() -> Self {
        static SCHEMAS: AtomicU64 = AtomicU64::new(0);
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let schema = format!("waypost_test_{}_{number}", std::process::id());
        let server = server::url();
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{schema}&application_name={schema}");
        let ground = Self { url, schema };
        ground.execute(&format!("CREATE SCHEMA {}; {GROUP_CONCAT}", ground.schema));
        ground
    }

    pub(crate) fn place(&self) -> Place {
        Place::Postgres(self.url.parse().unwrap())
    }

    /// The same, through a proxy.
    pub(crate) fn place_behind(&self, proxy: &Proxy) -> Place {
        let (_, settings) = self.url.split_once('?').unwrap();
        let url = format!("postgres://postgres@{}/postgres?sslmode=disable&{settings}", proxy.address());
        Place::Postgres(url.parse().unwrap())
    }

    pub(crate) fn threads(&self) -> Threads {
        Threads::Own
    }

    /// Whoever had the store open needs not have gone: nothing is locked.
    #[expect(clippy::unused_async, reason = "on other grounds there is something to wait for")]
    pub(crate) async fn left(&self) {}

    pub(crate) fn text(&self, sql: &str) -> String {
        let sql = sql.to_owned();
        self.ask(async move |client| {
            let answer = client.simple_query(&sql).await.unwrap();
            let row = answer.iter().find_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            });
            row.unwrap().get(0).unwrap().to_owned()
        })
    }

    pub(crate) fn hexadecimal(&self, sql: &str) -> String {
        self.text(&format!("SELECT encode(({sql}), 'hex')"))
    }

    pub(crate) fn execute(&self, sql: &str) {
        let sql = sql.to_owned();
        self.ask(async move |client| client.batch_execute(&sql).await.unwrap());
    }

    pub(crate) fn sessions_text(&self, sql: &str) -> String {
        self.text(sql)
    }

    pub(crate) fn sessions_hexadecimal(&self, sql: &str) -> String {
        self.hexadecimal(sql)
    }

    pub(crate) fn execute_on_sessions(&self, sql: &str) {
        self.execute(sql);
    }

    /// A connection beside the store, on the caller's runtime.
    pub(crate) async fn connect(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::runtime::Handle::current().spawn(connection);
        client
    }

    /// Ends all connections that a store on this ground has.
    pub(crate) fn cut_connections(&self) {
        self.execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = '{}' AND pid <> pg_backend_pid()",
            self.schema
        ));
    }

    /// Asks beside the store, and waits for the answer on a thread of its own: the caller is on a runtime.
    fn ask<T: Send>(&self, question: impl AsyncFnOnce(&Client) -> T + Send) -> T {
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
                    tokio::select! {
                        answer = question(&client) => answer,
                        ended = connection => panic!("the connection ended: {ended:?}"),
                    }
                })
            });
            asked.join().unwrap()
        })
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.execute(&format!("DROP SCHEMA {} CASCADE", self.schema));
        }
    }
}
