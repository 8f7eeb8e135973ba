//! Who customers are.

use rusqlite::{Connection, Row, params};
use waypost_domain::{Alias, AliasKind, CustomerId, CustomerName, ExternalId, Timestamp, Username};

use super::rows::known;
use crate::customers::{CustomerRows, Family, MemberRow, MovedPhone, PossibleDuplicate};
use crate::store::{Binding, CustomerMatch};

/// The customer `?1` and whoever is one with it, as a table.
const FAMILY: &str = "WITH
    who (id) AS (SELECT coalesce((SELECT survivor FROM merges WHERE customer = ?1), ?1)),
    family (id) AS (SELECT id FROM who UNION SELECT customer FROM merges, who WHERE survivor = who.id)";

pub(super) fn find(connection: &Connection, name: &str) -> rusqlite::Result<CustomerMatch> {
    if let Ok(id) = name.parse::<CustomerId>() {
        let exists =
            connection.prepare_cached("SELECT 1 FROM customers WHERE id = ?1")?.exists([id.to_bytes()])?;
        return Ok(match exists {
            true => CustomerMatch::One(Binding { customer: id, since: 0 }),
            false => CustomerMatch::Nobody,
        });
    }
    let (external, bare) = match name.strip_prefix(ExternalId::PREFIX) {
        Some(id) => (Some(AliasKind::External.as_str()), id),
        None => (None, name),
    };
    // A phone is stored in its canonical form, however it is asked for. As two kinds of name it is bound twice: who waited
    // has moved at the first.
    let phone = Alias::dialled(bare).map(|phone| phone.canonical().into_owned().value);
    let mut statement = connection.prepare_cached(
        "SELECT customer, min(since), coalesce((SELECT survivor FROM merges m WHERE m.customer = a.customer),
             a.customer) AS survivor
         FROM aliases a
         WHERE (value = ?1 OR value = ?2) AND kind = coalesce(?3, kind) GROUP BY survivor LIMIT 2",
    )?;
    let holders: Vec<([u8; 16], u64)> = statement
        .query_map(params![bare, phone, external], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(match holders[..] {
        [] => CustomerMatch::Nobody,
        [(holder, since)] => CustomerMatch::One(Binding { customer: CustomerId::from_bytes(holder), since }),
        _ => CustomerMatch::Ambiguous,
    })
}

pub(super) fn family(connection: &Connection, customer: CustomerId) -> rusqlite::Result<Family> {
    let mut statement = connection.prepare_cached(
        "SELECT customer, survivor FROM merges WHERE survivor =
             coalesce((SELECT survivor FROM merges WHERE customer = ?1), ?1) ORDER BY customer",
    )?;
    let mut rows = statement.query([customer.to_bytes()])?;
    let mut family = Family { now: customer, merged: Vec::new() };
    while let Some(row) = rows.next()? {
        family.merged.push(CustomerId::from_bytes(row.get(0)?));
        family.now = CustomerId::from_bytes(row.get(1)?);
    }
    Ok(family)
}

/// What the tables say of a customer, at one moment.
pub(super) fn read(connection: &Connection, customer: CustomerId) -> rusqlite::Result<CustomerRows> {
    let transaction = connection.unchecked_transaction()?;
    let id = customer.to_bytes();
    let members = transaction
        .prepare_cached(&format!(
            "{FAMILY} SELECT c.id, number, number_since, name, username, created_at, merged_into, at
             FROM family JOIN customers c ON c.id = family.id LEFT JOIN merges m ON m.customer = c.id"
        ))?
        .query_map([id], member)?
        .collect::<rusqlite::Result<_>>()?;
    let aliases = transaction
        .prepare_cached(&format!(
            "{FAMILY} SELECT kind, value, customer FROM family JOIN aliases ON customer = family.id
             ORDER BY since DESC, kind, value"
        ))?
        .query_map([id], |row| {
            let kind = known(AliasKind::parse(row.get_ref(0)?.as_str()?), "aliases.kind")?;
            let alias = known(Alias::parse(kind, row.get_ref(1)?.as_str()?), "aliases.value")?;
            Ok((alias, CustomerId::from_bytes(row.get(2)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let moved_phones = transaction
        .prepare_cached(&format!(
            "{FAMILY} SELECT phone, moved_from, moved_to, at FROM phone_moves
             WHERE moved_from IN family OR moved_to IN family ORDER BY entry"
        ))?
        .query_map([id], |row| {
            let (from, to) = (CustomerId::from_bytes(row.get(1)?), CustomerId::from_bytes(row.get(2)?));
            Ok(MovedPhone { phone: row.get(0)?, from, to, at: Timestamp::from_millis(row.get(3)?) })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(CustomerRows { members, aliases, moved_phones })
}

fn member(row: &Row<'_>) -> rusqlite::Result<MemberRow> {
    let (into, at): (Option<[u8; 16]>, Option<i64>) = (row.get(6)?, row.get(7)?);
    Ok(MemberRow {
        id: CustomerId::from_bytes(row.get(0)?),
        number: row.get(1)?,
        number_since: row.get(2)?,
        name: row.get_ref(3)?.as_str_or_null()?.and_then(CustomerName::parse),
        username: row.get_ref(4)?.as_str_or_null()?.and_then(Username::parse),
        created_at: Timestamp::from_millis(row.get(5)?),
        merged: into.map(CustomerId::from_bytes).zip(at.map(Timestamp::from_millis)),
    })
}

pub(super) fn possible_duplicates(
    connection: &Connection,
    (after, limit): (u64, usize),
) -> rusqlite::Result<Vec<PossibleDuplicate>> {
    connection
        .prepare_cached(
            "SELECT entry, coalesce(f.survivor, first) AS one, coalesce(s.survivor, second) AS other, d.at
             FROM duplicates d
             LEFT JOIN merges f ON f.customer = d.first LEFT JOIN merges s ON s.customer = d.second
             WHERE entry > ?1 AND dismissed_at IS NULL AND one <> other ORDER BY entry LIMIT ?2",
        )?
        .query_map(params![i64::try_from(after).unwrap_or(i64::MAX), limit], |row| {
            Ok(PossibleDuplicate {
                id: row.get(0)?,
                customers: (CustomerId::from_bytes(row.get(1)?), CustomerId::from_bytes(row.get(2)?)),
                at: Timestamp::from_millis(row.get(3)?),
            })
        })?
        .collect()
}
