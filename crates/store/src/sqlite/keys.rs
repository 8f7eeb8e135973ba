//! API keys, by their digest.

use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::Timestamp;

use crate::keys::ApiKey;

pub(crate) fn insert(connection: &Connection, key: &ApiKey, digest: &[u8; 32]) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO api_keys (id, name, digest, created_at) VALUES (?1, ?2, ?3, ?4)",
        params![key.id, key.name, digest, key.created_at.as_millis()],
    )?;
    Ok(())
}

pub(crate) fn find(connection: &Connection, digest: &[u8; 32]) -> rusqlite::Result<Option<ApiKey>> {
    connection
        .prepare_cached("SELECT id, name, created_at FROM api_keys WHERE digest = ?1")?
        .query_row([digest], from_row)
        .optional()
}

pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<ApiKey>> {
    connection
        .prepare("SELECT id, name, created_at FROM api_keys ORDER BY created_at, id")?
        .query_map([], from_row)?
        .collect()
}

pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    Ok(connection.execute("DELETE FROM api_keys WHERE id = ?1", [id])? == 1)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey { id: row.get(0)?, name: row.get(1)?, created_at: Timestamp::from_millis(row.get(2)?) })
}
