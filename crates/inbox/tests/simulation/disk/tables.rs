//! PostgreSQL: a schema in which one run follows another, and a connection beside the store.

use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};
use waypost_testkit::postgres::Schema;

use super::{Part, Row};

/// What begins the name of a table's copy.
const COPY: &str = "copy_of_";

/// The database, with the store and beside it.
pub(crate) struct Tables {
    schema: Schema,
    beside: Client,
    /// Where the connection beside the store lives.
    runtime: Runtime,
}

impl Tables {
    /// `None` where there is no server.
    pub(crate) fn new() -> Option<Tables> {
        let schema = Schema::new()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = url_of(&schema);
        let beside = apart(|| {
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
                runtime.spawn(connection);
                client
            })
        });
        Some(Tables { schema, beside, runtime })
    }

    /// Where the store connects to.
    pub(crate) fn url(&self) -> String {
        url_of(&self.schema)
    }

    pub(crate) fn copy(&self) {
        self.execute_for_each(Part::All, |table| {
            format!(
                "CREATE TABLE IF NOT EXISTS {COPY}{table} (LIKE {table});
                 DELETE FROM {COPY}{table}; INSERT INTO {COPY}{table} SELECT * FROM {table}"
            )
        });
    }

    pub(crate) fn put_back(&self, part: Part) {
        self.execute_for_each(part, |table| {
            format!(
                "DELETE FROM {table};
                 INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {COPY}{table}"
            )
        });
    }

    /// As if it had just been made: the store that is opened next draws another epoch.
    pub(crate) fn empty(&self, part: Part) {
        self.execute_for_each(part, |table| match table {
            "schema_version" => String::new(),
            "journal_head" => {
                r#"UPDATE journal_head SET version = 0, number = 0, "check" = 0, message = 0, "row" = 0"#
                    .into()
            }
            table => format!("DELETE FROM {table}"),
        });
    }

    /// Carries all out in one transaction.
    fn execute_for_each(&self, part: Part, sql: impl Fn(&str) -> String) {
        let all: Vec<String> = self.tables(part).iter().map(|table| sql(table)).collect();
        apart(|| self.runtime.block_on(self.beside.batch_execute(&all.join(";")))).unwrap();
    }

    fn tables(&self, part: Part) -> Vec<String> {
        let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1";
        let mut tables: Vec<String> = self.query(sql, &[]).iter().map(|row| row.get(0)).collect();
        tables.retain(|table| {
            let is_of_sessions = ["sessions", "rooms"].contains(&&**table);
            !table.starts_with(COPY) && (part == Part::All || !is_of_sessions)
        });
        tables
    }
}

/// What crashes here is the store, never the server: nothing has to wait for the server's disk.
fn url_of(schema: &Schema) -> String {
    schema.url().replace("options=", "options=-csynchronous_commit%3Doff%20")
}

/// Beside the store.
impl Tables {
    fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<tokio_postgres::Row> {
        apart(|| self.runtime.block_on(self.beside.query(sql, parameters))).unwrap()
    }

    pub(crate) fn epoch(&self) -> String {
        self.query("SELECT value FROM meta WHERE key = 'epoch'", &[])[0].get(0)
    }

    pub(crate) fn oldest(&self) -> Option<u64> {
        let oldest: Option<i64> = self.query("SELECT min(number) FROM journal", &[])[0].get(0);
        oldest.map(|oldest| u64::try_from(oldest).unwrap())
    }

    pub(crate) fn check_of(&self, number: u64) -> Option<u32> {
        let number = i64::try_from(number).unwrap();
        let rows = self.query("SELECT \"check\" FROM journal WHERE number = $1", &[&number]);
        rows.first().map(|row| u32::try_from(row.get::<_, i64>(0)).unwrap())
    }

    pub(crate) fn after(&self, number: usize) -> Vec<Row> {
        let sql =
            "SELECT number, \"check\", name, audience, body FROM journal WHERE number > $1 ORDER BY number";
        let rows = self.query(sql, &[&i64::try_from(number).unwrap()]);
        let rows = rows.iter().map(|row| Row {
            number: usize::try_from(row.get::<_, i64>(0)).unwrap(),
            check: u32::try_from(row.get::<_, i64>(1)).unwrap(),
            name: row.get(2),
            audience: row.get(3),
            body: row.get(4),
        });
        rows.collect()
    }
}

/// On a thread that the caller waits for: the caller may be on the simulation's runtime.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}
