//! Customers, page by page. Those who were merged are one row, whose the one is who goes on.

use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use waypost_domain::{
    CustomerId, CustomerName, CustomerPlace, CustomerRow, CustomerSearch, FoundBy, Page, Reach, Timestamp,
};

use super::reach::covers_customer;
use crate::columns::reach_to_column;
use crate::listing::{
    AliasKey, AliasRange, CustomerRequest, Key, NameKey, alias_ranges, customer_query, end_of,
};

/// Who goes on for a customer.
macro_rules! now {
    ($customer:literal) => {
        concat!("coalesce((SELECT survivor FROM merges WHERE customer = ", $customer, "), ", $customer, ")")
    };
}

/// All who are one with a customer that goes on.
macro_rules! family {
    ($now:literal) => {
        concat!("(SELECT ", $now, " UNION ALL SELECT customer FROM merges WHERE survivor = ", $now, ")")
    };
}

/// Their aliases from `?1` up to `?2` or from `?3` up to `?4`.
macro_rules! aliases {
    ($columns:literal, $now:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM aliases b WHERE b.customer IN ",
            family!($now),
            " AND (b.value >= ?1 AND b.value < ?2 OR b.value >= ?3 AND b.value < ?4)"
        )
    };
}

/// The first of them.
macro_rules! first_alias {
    ($now:literal) => {
        concat!(aliases!("b.value, b.kind, b.scope", $now), " ORDER BY b.value, b.kind, b.scope LIMIT 1")
    };
}

/// Their first name in a range.
macro_rules! first_name {
    ($now:literal, $from:literal, $until:literal) => {
        concat!(
            "SELECT d.folded_name, d.id FROM customers d WHERE d.id IN ",
            family!($now),
            " AND d.folded_name >= ",
            $from,
            " AND d.folded_name < ",
            $until,
            " ORDER BY d.folded_name, d.id LIMIT 1"
        )
    };
}

pub(super) const ALL: &str = "FROM customers u
    WHERE u.id < ?1 AND NOT EXISTS (SELECT 1 FROM merges WHERE customer = u.id) ORDER BY u.id DESC LIMIT ?2";

/// Those who have an alias from `?1` up to `?2`, each at the first of all that fit (see [`first_alias`]), after the alias
/// `?5`, `?6`, `?7`.
pub(super) const BY_ALIAS: &str = concat!(
    "FROM aliases a CROSS JOIN customers u ON u.id = ",
    now!("a.customer"),
    " WHERE (a.value, a.kind, a.scope) > (?5, ?6, ?7) AND a.value < ?2
         AND (a.value, a.kind, a.scope) = (",
    first_alias!("u.id"),
    ") ORDER BY a.value, a.kind, a.scope LIMIT ?8"
);

/// Those whose name lies from `?5` up to `?6`, each at the first such name of theirs, and who were not found by an alias,
/// after the name `?7` of `?8`.
pub(super) const BY_NAME: &str = concat!(
    "FROM customers c INDEXED BY customers_by_name CROSS JOIN customers u ON u.id = ",
    now!("c.id"),
    " WHERE (c.folded_name, c.id) > (?7, ?8) AND c.folded_name < ?6
         AND (",
    aliases!("b.value", "u.id"),
    " LIMIT 1) IS NULL AND (c.folded_name, c.id) = (",
    first_name!("u.id", "?5", "?6"),
    ") ORDER BY c.folded_name, c.id LIMIT ?9"
);

const ALIAS_OF: &str =
    concat!("WITH asked (id) AS (SELECT ", now!("?5"), ") ", first_alias!("(SELECT id FROM asked)"));

const NAME_OF: &str = concat!(
    "WITH asked (id) AS (SELECT ",
    now!("?1"),
    ") ",
    first_name!("(SELECT id FROM asked)", "?2", "?3")
);

pub(crate) fn read_customers(
    connection: &Connection,
    (request, reach): (&CustomerRequest, &Reach),
) -> rusqlite::Result<Page<CustomerRow>> {
    let wanted = request.size.rows() + 1;
    let rows = match &request.search {
        None => {
            let after = request.after.map_or([u8::MAX; 16], |place| place.id.to_bytes());
            let within = is_within(reach, "?3");
            read(connection, (ALL, &within, FoundBy::Alias), params![after, wanted, reach_to_column(reach)])?
        }
        Some(search) => {
            // All lists as they were at one moment.
            let snapshot = connection.unchecked_transaction()?;
            found(&snapshot, (search, request.after, reach), wanted)?
        }
    };
    Ok(Page::out_of(rows, request.size))
}

fn found(
    connection: &Connection,
    (search, after, reach): (&CustomerSearch, Option<CustomerPlace>, &Reach),
    wanted: usize,
) -> rusqlite::Result<Vec<CustomerRow>> {
    let ranges = alias_ranges(search);
    let after_name = after.filter(|place| place.found_by == FoundBy::Name);
    let (mut rows, column) = (Vec::new(), reach_to_column(reach));
    if after_name.is_none() {
        let within = is_within(reach, "?9");
        let last = after.map(|place| alias_of(connection, &ranges, place.id)).transpose()?.flatten();
        let [first, second] = &ranges;
        for (range, other) in [(first, second), (second, first)] {
            let AliasKey { value, kind, scope } = range.go_on_after(last.as_ref());
            let left = wanted - rows.len();
            let parameters =
                params![range.from, range.until, other.from, other.until, value, kind, scope, left, column];
            rows.extend(read(connection, (BY_ALIAS, &within, FoundBy::Alias), parameters)?);
        }
    }
    if rows.len() < wanted {
        let (name, name_end) = (search.name(), end_of(search.name()));
        let last = after_name.map(|place| name_of(connection, (name, &name_end), place.id)).transpose()?;
        let (after_name, after_id) = last.flatten().unwrap_or_else(|| (name.into(), Vec::new()));
        let [first, second] = &ranges;
        let left = wanted - rows.len();
        let parameters = params![
            first.from,
            first.until,
            second.from,
            second.until,
            name,
            name_end,
            after_name,
            after_id,
            left,
            column
        ];
        let within = is_within(reach, "?10");
        rows.extend(read(connection, (BY_NAME, &within, FoundBy::Name), parameters)?);
    }
    Ok(rows)
}

/// Whether the customer `u` is within the reach `parameter`, which is NULL for everything. Where it goes to few, those are
/// found first, and not looked for among all.
pub(super) fn is_within(reach: &Reach, parameter: &str) -> String {
    if reach.is_everything() {
        return format!("{parameter} IS NULL");
    }
    let found = match Key::within(reach) {
        Key::Holders => held_by_somebody(parameter),
        Key::People => {
            format!("SELECT {} FROM json_each({parameter}, '$.customers') h", now!("unhex(h.value)"))
        }
        _ => return covers_customer(parameter),
    };
    format!("u.id IN ({found}) AND {}", covers_customer(parameter))
}

/// Who goes on for the customers of all conversations that are assigned to one of a reach.
fn held_by_somebody(parameter: &str) -> String {
    let of = |list: &str, column: &str| {
        format!(
            "SELECT {} FROM json_each({parameter}, '$.{list}') h
             CROSS JOIN conversations k INDEXED BY conversations_by_{column} WHERE k.{column} = h.value",
            now!("k.customer")
        )
    };
    format!("{} UNION {}", of("agents", "assignee"), of("teams", "team"))
}

/// The alias at which a customer was found; `None` where it has lost it meanwhile: then it goes on from the first.
fn alias_of(
    connection: &Connection,
    [first, second]: &[AliasRange; 2],
    id: CustomerId,
) -> rusqlite::Result<Option<AliasKey>> {
    connection
        .prepare_cached(ALIAS_OF)?
        .query_row(params![first.from, first.until, second.from, second.until, id.to_bytes()], |row| {
            Ok(AliasKey { value: row.get(0)?, kind: row.get(1)?, scope: row.get(2)? })
        })
        .optional()
}

/// The name at which a customer was found, and whose it is.
fn name_of(
    connection: &Connection,
    (from, until): (&str, &str),
    id: CustomerId,
) -> rusqlite::Result<Option<NameKey>> {
    connection
        .prepare_cached(NAME_OF)?
        .query_row(params![id.to_bytes(), from, until], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn read(
    connection: &Connection,
    (from, within, found_by): (&str, &str, FoundBy),
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
    connection.prepare_cached(&customer_query(from, within))?.query_map(parameters, row)?.collect()
}
