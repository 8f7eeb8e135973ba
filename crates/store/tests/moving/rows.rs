//! All rows of both sides as text, read by other means than the move's own.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tokio_postgres::SimpleQueryMessage;

use crate::database;
use crate::ground::Ground;

/// Of each table its rows, sorted; each row its columns, sorted by their names.
pub(crate) type Tables = BTreeMap<String, Vec<String>>;

/// What the files hold, as PostgreSQL would write it.
pub(crate) fn of_files(ground: &Ground) -> Tables {
    let mut tables = Tables::new();
    for file in [ground.files.file(), ground.files.sessions_file(), ground.files.audit_file()] {
        let tables_sql = "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND name <> 'meta' AND name NOT LIKE 'sqlite_%'";
        for table in names(&file, tables_sql) {
            let rows = file_rows(&file, &table);
            tables.insert(table, rows);
        }
    }
    tables
}

fn names(file: &Connection, sql: &str) -> Vec<String> {
    let mut statement = file.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn file_rows(file: &Connection, table: &str) -> Vec<String> {
    let columns = names(file, &format!("SELECT name FROM pragma_table_info('{table}') ORDER BY name"));
    let list: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let mut statement = file.prepare(&format!("SELECT {} FROM {table}", list.join(", "))).unwrap();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let values = columns
            .iter()
            .enumerate()
            .map(|(index, column)| format!("{column}={}", value(row.get_ref(index).unwrap(), column)));
        rows.push(values.collect::<Vec<_>>().join("|"));
    }
    rows.sort();
    rows
}

fn value(value: ValueRef<'_>, column: &str) -> String {
    let hexadecimal = |bytes: &[u8]| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\\x{digits}")
    };
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) if ["preview", "owes_gap", "claimed"].contains(&column) => {
            ["f", "t"][usize::try_from(number).unwrap()].into()
        }
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(bytes) if ["raw", "pricing", "metadata", "media", "around"].contains(&column) => {
            hexadecimal(bytes)
        }
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).unwrap().replace('\0', "\u{fffd}"),
        ValueRef::Blob(bytes) => hexadecimal(bytes),
        ValueRef::Real(_) => unreachable!(),
    }
}

/// What the database holds.
pub(crate) fn of_database(ground: &database::Ground) -> Tables {
    // The caller may be on a runtime, in which no other can be waited for.
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(database_rows(ground))
        });
        asked.join().unwrap()
    })
}

async fn database_rows(ground: &database::Ground) -> Tables {
    let client = ground.connect().await;
    let all = "SELECT table_name::text, string_agg(quote_ident(column_name), ', ' ORDER BY column_name COLLATE \"C\")
         FROM information_schema.columns WHERE table_schema = current_schema()
             AND table_name NOT IN ('meta', 'schema_version', 'journal_head') GROUP BY 1";
    let mut tables = Tables::new();
    for row in client.query(all, &[]).await.unwrap() {
        let (table, columns): (String, String) = (row.get(0), row.get(1));
        let mut rows = Vec::new();
        for message in client.simple_query(&format!("SELECT {columns} FROM {table}")).await.unwrap() {
            let SimpleQueryMessage::Row(row) = message else { continue };
            let values = row
                .columns()
                .iter()
                .enumerate()
                .map(|(index, column)| format!("{}={}", column.name(), row.get(index).unwrap_or("NULL")));
            rows.push(values.collect::<Vec<_>>().join("|"));
        }
        rows.sort();
        tables.insert(table, rows);
    }
    tables
}
