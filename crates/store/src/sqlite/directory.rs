//! Customers, page by page.

use rusqlite::{Connection, Params, Row, params};
use waypost_domain::{
    CustomerId, CustomerName, CustomerPlace, CustomerRow, CustomerSearch, FoundBy, Page, Timestamp,
};

use crate::listing::{CustomerRequest, end_of};

const ALL: &str = "SELECT u.id, u.number, u.name, u.created_at FROM customers u
    WHERE u.id < ?1 ORDER BY u.id DESC LIMIT ?2";

/// Those who have an alias from `?1` up to `?2`, each at the first of them, after the customer `?3`. Where that one has
/// lost the alias meanwhile, from the first on.
pub(super) const BY_ALIAS: &str = "SELECT u.id, u.number, u.name, u.created_at
    FROM aliases a CROSS JOIN customers u ON u.id = a.customer
    WHERE a.value >= ?1 AND a.value < ?2 AND (a.value, a.kind) > (
            coalesce((SELECT min(b.value) FROM aliases b
                WHERE b.customer = ?3 AND b.value >= ?1 AND b.value < ?2), ''),
            coalesce((SELECT b.kind FROM aliases b WHERE b.customer = ?3 AND b.value >= ?1 AND b.value < ?2
                ORDER BY b.value, b.kind LIMIT 1), ''))
        AND NOT EXISTS (SELECT 1 FROM aliases b WHERE b.customer = a.customer AND b.value >= ?1 AND b.value < ?2
            AND (b.value, b.kind) < (a.value, a.kind))
    ORDER BY a.value, a.kind LIMIT ?4";

/// Those whose name lies from `?1` up to `?2` and who were not found by an alias from `?3` up to `?4`, after the customer
/// `?5`.
pub(super) const BY_NAME: &str = "SELECT u.id, u.number, u.name, u.created_at
    FROM customers u INDEXED BY customers_by_name
    WHERE u.folded_name >= ?1 AND u.folded_name < ?2 AND (u.folded_name, u.id) > (
            coalesce((SELECT folded_name FROM customers WHERE id = ?5), ''), coalesce(?5, x''))
        AND NOT EXISTS (SELECT 1 FROM aliases b WHERE b.customer = u.id AND b.value >= ?3 AND b.value < ?4)
    ORDER BY u.folded_name, u.id LIMIT ?6";

pub(crate) fn read_customers(
    connection: &Connection,
    request: &CustomerRequest,
) -> rusqlite::Result<Page<CustomerRow>> {
    let wanted = request.size.rows() + 1;
    let rows = match &request.search {
        None => {
            let after = request.after.map_or([u8::MAX; 16], |place| place.id.to_bytes());
            read(connection, (ALL, FoundBy::Alias), params![after, wanted])?
        }
        Some(search) => found(connection, (search, request.after), wanted)?,
    };
    Ok(Page::out_of(rows, request.size))
}

fn found(
    connection: &Connection,
    (search, after): (&CustomerSearch, Option<CustomerPlace>),
    wanted: usize,
) -> rusqlite::Result<Vec<CustomerRow>> {
    let after_id =
        |found_by| after.filter(|place| place.found_by == found_by).map(|place| place.id.to_bytes());
    let (alias, alias_end) = (search.alias(), end_of(search.alias()));
    // Both lists as they were at one moment.
    let snapshot = connection.unchecked_transaction()?;
    let mut rows = match after {
        Some(CustomerPlace { found_by: FoundBy::Name, .. }) => Vec::new(),
        _ => read(
            &snapshot,
            (BY_ALIAS, FoundBy::Alias),
            params![alias, alias_end, after_id(FoundBy::Alias), wanted],
        )?,
    };
    if rows.len() < wanted {
        let (name, left) = (search.name(), wanted - rows.len());
        rows.extend(read(
            &snapshot,
            (BY_NAME, FoundBy::Name),
            params![name, end_of(name), alias, alias_end, after_id(FoundBy::Name), left],
        )?);
    }
    Ok(rows)
}

fn read(
    connection: &Connection,
    (sql, found_by): (&str, FoundBy),
    parameters: impl Params,
) -> rusqlite::Result<Vec<CustomerRow>> {
    let row = |row: &Row<'_>| {
        Ok(CustomerRow {
            found_by,
            id: CustomerId::from_bytes(row.get(0)?),
            number: row.get(1)?,
            name: row.get_ref(2)?.as_str_or_null()?.and_then(CustomerName::parse),
            created_at: Timestamp::from_millis(row.get(3)?),
        })
    };
    connection.prepare_cached(sql)?.query_map(parameters, row)?.collect()
}
