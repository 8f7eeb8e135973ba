//! Who customers are.

use rusqlite::{Connection, Row, params};
use waypost_domain::{
    Alias, AliasKind, ConversationId, CustomerId, CustomerName, ExternalId, PhoneNumberId, Timestamp,
    Username,
};

use super::rows::{assignment, known};
use crate::customers::{CustomerRows, Family, MergedCustomer, MovedPhone, PossibleDuplicate, ShownRow};
use crate::listing::{CUSTOMER, USERNAME};
use crate::places::{Families, PlaceRow, PlacesOf};
use crate::store::{Binding, HOLDERS_MAX};

/// The customer `?1` and whoever is one with it, as a table.
const FAMILY: &str = "WITH
    who (id) AS (SELECT coalesce((SELECT survivor FROM merges WHERE customer = ?1), ?1)),
    family (id) AS (SELECT id FROM who UNION SELECT customer FROM merges, who WHERE survivor = who.id)";

pub(super) fn holders(connection: &Connection, name: &str) -> rusqlite::Result<Vec<Binding>> {
    if let Ok(id) = name.parse::<CustomerId>() {
        let exists =
            connection.prepare_cached("SELECT 1 FROM customers WHERE id = ?1")?.exists([id.to_bytes()])?;
        return Ok(exists.then_some(Binding { customer: id, since: 0 }).into_iter().collect());
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
         WHERE (value = ?1 OR value = ?2) AND kind = coalesce(?3, kind) GROUP BY survivor LIMIT ?4",
    )?;
    let holders = statement.query_map(params![bare, phone, external, HOLDERS_MAX], |row| {
        Ok(Binding { customer: CustomerId::from_bytes(row.get(0)?), since: row.get(1)? })
    })?;
    holders.collect()
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

/// All who are one with each of these, in one look.
pub(super) fn families(connection: &Connection, customers: Vec<CustomerId>) -> rusqlite::Result<Families> {
    let families = customers.into_iter().map(|customer| {
        let Family { now, merged } = family(connection, customer)?;
        Ok((customer, std::iter::once(now).chain(merged).collect()))
    });
    families.collect()
}

/// Conversations with whom they are, by rising id for each customer.
pub(super) fn places(connection: &Connection, of: &PlacesOf) -> rusqlite::Result<Vec<PlaceRow>> {
    let (key, asked): (_, Vec<[u8; 16]>) = match of {
        PlacesOf::Customers(customers) => ("c.customer", customers.iter().map(|id| id.to_bytes()).collect()),
        PlacesOf::Conversations(ids) => ("c.id", ids.iter().map(|id| id.to_bytes()).collect()),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT c.id, c.customer, n.phone_number_id, c.assignee, c.team, c.last_message_at
         FROM conversations c JOIN numbers n ON n.id = c.number WHERE {key} = ?1"
    ))?;
    let mut places = Vec::with_capacity(asked.len());
    for id in asked {
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            places.push(PlaceRow {
                conversation: ConversationId::from_bytes(row.get(0)?),
                customer: CustomerId::from_bytes(row.get(1)?),
                number: known(PhoneNumberId::parse(row.get_ref(2)?.as_str()?), "numbers.phone_number_id")?,
                assignment: assignment(row, 3)?,
                last_message_at: Timestamp::from_millis(row.get(5)?),
            });
        }
    }
    Ok(places)
}

/// What the tables say of a customer, at one moment.
pub(super) fn read(connection: &Connection, customer: CustomerId) -> rusqlite::Result<CustomerRows> {
    let transaction = connection.unchecked_transaction()?;
    let id = customer.to_bytes();
    let mut rows = CustomerRows::default();
    {
        let mut statement = transaction.prepare_cached(&format!(
            "{FAMILY} SELECT {CUSTOMER}, {USERNAME}, m.customer, m.merged_into, m.at
             FROM who JOIN customers u ON u.id = who.id LEFT JOIN merges m ON m.survivor = u.id
             ORDER BY m.at, m.customer"
        ))?;
        let mut members = statement.query([id])?;
        while let Some(row) = members.next()? {
            rows.shown = Some(shown(row)?);
            rows.merged.extend(merged(row)?);
        }
    }
    rows.aliases = transaction
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
    rows.moved_phones = transaction
        .prepare_cached(&format!(
            "{FAMILY} SELECT phone, moved_from, moved_to, at FROM phone_moves
             WHERE moved_from IN family OR moved_to IN family ORDER BY entry"
        ))?
        .query_map([id], |row| {
            let (from, to) = (CustomerId::from_bytes(row.get(1)?), CustomerId::from_bytes(row.get(2)?));
            Ok(MovedPhone { phone: row.get(0)?, from, to, at: Timestamp::from_millis(row.get(3)?) })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

fn shown(row: &Row<'_>) -> rusqlite::Result<ShownRow> {
    Ok(ShownRow {
        id: CustomerId::from_bytes(row.get(0)?),
        number: row.get(1)?,
        name: row.get_ref(2)?.as_str_or_null()?.and_then(CustomerName::parse),
        created_at: Timestamp::from_millis(row.get(3)?),
        username: row.get_ref(4)?.as_str_or_null()?.and_then(Username::parse),
    })
}

/// One that was merged, where there is any.
fn merged(row: &Row<'_>) -> rusqlite::Result<Option<MergedCustomer>> {
    let Some(customer) = row.get::<_, Option<[u8; 16]>>(5)?.map(CustomerId::from_bytes) else {
        return Ok(None);
    };
    let (into, at) = (CustomerId::from_bytes(row.get(6)?), Timestamp::from_millis(row.get(7)?));
    Ok(Some(MergedCustomer { customer, into, at }))
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
