//! What a store stands on, in PostgreSQL: a schema of its own.

use waypost_store::{Place, Threads};
use waypost_testkit::postgres::Schema;

pub(crate) struct Ground {
    pub(crate) schema: Schema,
    threads: Threads,
}

/// `group_concat` is SQLite's; here the tests bring their own.
const GROUP_CONCAT: &str = "
    CREATE FUNCTION and_then(text, anyelement) RETURNS text LANGUAGE sql AS $$
        SELECT concat_ws(',', $1, $2::text) $$;
    CREATE AGGREGATE group_concat(anyelement) (sfunc = and_then, stype = text)";

impl Ground {
    /// One that is worked on as this run of the suite says.
    pub(crate) fn new() -> Self {
        Self::with(crate::THREADS)
    }

    /// One on the server that tests share. Where there is none, which has been said, the run ends here.
    pub(crate) fn with(threads: Threads) -> Self {
        let Some(schema) = Schema::new() else { std::process::exit(0) };
        schema.database().execute(GROUP_CONCAT);
        Self { schema, threads }
    }

    pub(crate) fn place(&self) -> Place {
        Place::Postgres(self.schema.url().parse().unwrap())
    }

    pub(crate) fn threads(&self) -> Threads {
        self.threads
    }

    /// Whoever had the store open needs not have gone: nothing is locked.
    #[expect(clippy::unused_async, reason = "on other grounds there is something to wait for")]
    pub(crate) async fn left(&self) {}

    pub(crate) fn text(&self, sql: &str) -> String {
        self.schema.database().text(sql)
    }

    pub(crate) fn hexadecimal(&self, sql: &str) -> String {
        self.text(&format!("SELECT encode(({sql}), 'hex')"))
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.schema.database().execute(sql);
    }

    pub(crate) fn sessions_text(&self, sql: &str) -> String {
        self.text(sql)
    }

    pub(crate) fn sessions_hexadecimal(&self, sql: &str) -> String {
        self.hexadecimal(sql)
    }

    pub(crate) fn execute_on_audit(&self, sql: &str) {
        self.execute(sql);
    }

    /// Keeps everybody from writing to the audit, until it is dropped.
    pub(crate) fn hold_audit(&self) -> impl Sized + use<> {
        self.schema.database().hold("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE")
    }

    pub(crate) fn execute_on_sessions(&self, sql: &str) {
        self.execute(sql);
    }
}
