//! API keys, by their digest.

use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::Timestamp;

use super::rows::unreadable;
use crate::columns::{
    key_numbers_from_column, key_numbers_to_column, key_scopes_from_column, key_scopes_to_column,
};
use crate::keys::ApiKey;

pub(crate) fn insert(connection: &Connection, key: &ApiKey, digest: &[u8; 32]) -> rusqlite::Result<()> {
    let scopes = key_scopes_to_column(&key.scopes);
    let expires_at = key.expires_at.map(Timestamp::as_millis);
    let numbers = key.numbers.as_ref().map(key_numbers_to_column);
    connection.execute(
        "INSERT INTO api_keys (id, name, digest, created_at, scopes, expires_at, numbers)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![key.id, key.name, digest, key.created_at.as_millis(), scopes, expires_at, numbers],
    )?;
    Ok(())
}

pub(crate) fn find(connection: &Connection, digest: &[u8; 32]) -> rusqlite::Result<Option<ApiKey>> {
    connection
        .prepare_cached(
            "SELECT id, name, created_at, scopes, expires_at, numbers FROM api_keys WHERE digest = ?1",
        )?
        .query_row([digest], from_row)
        .optional()
}

pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<ApiKey>> {
    connection
        .prepare(
            "SELECT id, name, created_at, scopes, expires_at, numbers FROM api_keys ORDER BY created_at, id",
        )?
        .query_map([], from_row)?
        .collect()
}

/// Those of `ids`, a JSON array, that are there and have not expired.
pub(crate) fn alive(connection: &Connection, ids: &str, now: Timestamp) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT id FROM api_keys
             WHERE id IN (SELECT value FROM json_each(?1)) AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .query_map(params![ids, now.as_millis()], |row| row.get(0))?
        .collect()
}

pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    Ok(connection.execute("DELETE FROM api_keys WHERE id = ?1", [id])? == 1)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let expires_at: Option<i64> = row.get(4)?;
    Ok(ApiKey {
        id: row.get(0)?,
        name: row.get(1)?,
        created_at: Timestamp::from_millis(row.get(2)?),
        scopes: key_scopes_from_column(row.get_ref(3)?.as_str()?).map_err(unreadable)?,
        expires_at: expires_at.map(Timestamp::from_millis),
        numbers: key_numbers_from_column(row.get_ref(5)?.as_str_or_null()?).map_err(unreadable)?,
    })
}
