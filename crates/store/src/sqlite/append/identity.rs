//! Who is who: what is wanted of scopes, names and merges, and what was decided of them.

use rusqlite::{Connection, OptionalExtension, params};
use waypost_domain::listing::folded;
use waypost_domain::{
    Alias, AliasKind, ConversationId, CustomerId, CustomerName, ExternalId, PhoneNumberId, Timestamp,
    Username, WabaId,
};

use crate::append::{
    HeldName, HolderRow, Known, KnownCustomer, KnownDuplicate, ScopeKind, ScopeName, Scopes, Wants, Write,
};
use crate::sqlite::rows::{assignment, known};

/// Selects who is one with a customer, each with whom it was merged into, in one text: see [`note_family`].
macro_rules! family_of {
    ($customer:literal) => {
        concat!(
            "(SELECT group_concat(hex(f.customer) || hex(f.merged_into)) FROM merges f WHERE f.survivor =
                 coalesce((SELECT survivor FROM merges WHERE customer = ",
            $customer,
            "), ",
            $customer,
            "))"
        )
    };
}
pub(super) use family_of;

/// Notes what `family_of!` selected.
pub(super) fn note_family(family: Option<&str>, into: &mut Known) -> rusqlite::Result<()> {
    for pair in family.into_iter().flat_map(|family| family.split(',')) {
        let ids = pair.split_at_checked(32).and_then(|(one, other)| Some((id(one)?, id(other)?)));
        let (customer, merged_into) = known(ids, "merges.customer")?;
        into.load_merge(customer, merged_into);
    }
    Ok(())
}

fn id(digits: &str) -> Option<CustomerId> {
    Some(CustomerId::from_bytes(u128::from_str_radix(digits, 16).ok()?.to_be_bytes()))
}

/// Loads what is wanted, but for numbers and conversations.
pub(super) fn load(connection: &Connection, wants: &mut Wants, into: &mut Known) -> rusqlite::Result<()> {
    if std::mem::take(&mut wants.scopes) {
        into.load_scopes(read_scopes(connection)?);
    }
    for scopes in wants.overlaps.drain(..) {
        for alias in read_overlap(connection, &scopes)? {
            into.load_overlap(&scopes, alias);
        }
    }
    for alias in wants.holders.drain(..) {
        for row in read_holders(connection, &alias)? {
            into.load_holder(alias.clone(), row);
        }
    }
    for customer in wants.customers.drain(..) {
        load_customer(connection, customer, into)?;
    }
    for customer in wants.external_ids.drain(..) {
        if let Some(id) = find_external_id(connection, customer)? {
            into.load_external_id(customer, id);
        }
    }
    for customer in wants.noted.drain(..) {
        load_noted(connection, customer, into)?;
    }
    for entry in wants.duplicates.drain(..) {
        if let Some(duplicate) = find_duplicate(connection, entry)? {
            into.load_duplicate(entry, duplicate);
        }
    }
    Ok(())
}

fn read_scopes(connection: &Connection) -> rusqlite::Result<Scopes> {
    let mut scopes = Scopes::default();
    let mut statement = connection.prepare_cached("SELECT id, kind, name, united_into FROM scopes")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let kind = known(ScopeKind::parse(row.get_ref(1)?.as_str()?), "scopes.kind")?;
        scopes.load(row.get(0)?, ScopeName { kind, value: row.get(2)? }, row.get(3)?);
    }
    Ok(scopes)
}

/// It looks at all names: scopes meet once.
fn read_overlap(connection: &Connection, scopes: &[i64]) -> rusqlite::Result<Vec<Alias>> {
    let list = scopes.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let mut statement = connection.prepare(&format!(
        "SELECT kind, value FROM aliases WHERE scope IN ({list}) GROUP BY value, kind HAVING count(*) > 1"
    ))?;
    let mut rows = statement.query([])?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = known(AliasKind::parse(row.get_ref(0)?.as_str()?), "aliases.kind")?;
        names.push(known(Alias::parse(kind, row.get_ref(1)?.as_str()?), "aliases.value")?);
    }
    Ok(names)
}

fn read_holders(connection: &Connection, alias: &Alias) -> rusqlite::Result<Vec<HolderRow>> {
    connection
        .prepare_cached("SELECT scope, customer, since FROM aliases WHERE value = ?2 AND kind = ?1")?
        .query_map(params![alias.kind.as_str(), alias.value], |row| {
            let customer = CustomerId::from_bytes(row.get(1)?);
            Ok(HolderRow { scope: row.get(0)?, customer, since: row.get(2)? })
        })?
        .collect()
}

fn load_customer(connection: &Connection, id: CustomerId, into: &mut Known) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT number, number_since, name, username, ",
        family_of!("?1"),
        " FROM customers WHERE id = ?1"
    ))?;
    let mut rows = statement.query([id.to_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(()) };
    let customer = KnownCustomer {
        number: row.get(0)?,
        number_since: row.get(1)?,
        name: row.get_ref(2)?.as_str_or_null()?.and_then(CustomerName::parse),
        username: row.get_ref(3)?.as_str_or_null()?.and_then(Username::parse),
        names: read_names(connection, id)?,
        threads: Vec::new(),
    };
    note_family(row.get_ref(4)?.as_str_or_null()?, into)?;
    into.load_customer(id, customer);
    load_threads(connection, id, into)
}

fn load_threads(connection: &Connection, customer: CustomerId, into: &mut Known) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT n.phone_number_id, c.id, c.assignee, c.team
         FROM conversations c JOIN numbers n ON n.id = c.number WHERE c.customer = ?1",
    )?;
    let mut rows = statement.query([customer.to_bytes()])?;
    while let Some(row) = rows.next()? {
        let number = known(PhoneNumberId::parse(row.get_ref(0)?.as_str()?), "numbers.phone_number_id")?;
        let conversation = ConversationId::from_bytes(row.get(1)?);
        into.load_thread(customer, (number, conversation));
        into.load_assignment(conversation, assignment(row, 2)?);
    }
    Ok(())
}

fn read_names(connection: &Connection, id: CustomerId) -> rusqlite::Result<Vec<HeldName>> {
    connection
        .prepare_cached(
            "SELECT kind, value, scope, since FROM aliases WHERE customer = ?1 AND kind IN ('bsuid', 'phone')",
        )?
        .query_map([id.to_bytes()], |row| {
            let kind = known(AliasKind::parse(row.get_ref(0)?.as_str()?), "aliases.kind")?;
            let alias = known(Alias::parse(kind, row.get_ref(1)?.as_str()?), "aliases.value")?;
            Ok(HeldName { alias, scope: row.get(2)?, since: row.get(3)? })
        })?
        .collect()
}

fn find_external_id(connection: &Connection, customer: CustomerId) -> rusqlite::Result<Option<ExternalId>> {
    connection
        .prepare_cached("SELECT value FROM aliases WHERE customer = ?1 AND kind = 'external'")?
        .query_row([customer.to_bytes()], |row| {
            known(ExternalId::parse(row.get_ref(0)?.as_str()?), "aliases.value")
        })
        .optional()
}

fn load_noted(connection: &Connection, customer: CustomerId, into: &mut Known) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT second FROM duplicates WHERE first = ?1
         UNION ALL SELECT first FROM duplicates WHERE second = ?1",
    )?;
    let mut rows = statement.query([customer.to_bytes()])?;
    while let Some(row) = rows.next()? {
        into.load_noted(customer, CustomerId::from_bytes(row.get(0)?));
    }
    Ok(())
}

fn find_duplicate(connection: &Connection, entry: u64) -> rusqlite::Result<Option<KnownDuplicate>> {
    // Whoever asks may name any number.
    let Ok(entry) = i64::try_from(entry) else { return Ok(None) };
    connection
        .prepare_cached("SELECT first, second, dismissed_at IS NOT NULL FROM duplicates WHERE entry = ?1")?
        .query_row([entry], |row| {
            let customers = (CustomerId::from_bytes(row.get(0)?), CustomerId::from_bytes(row.get(1)?));
            Ok(KnownDuplicate { customers, is_dismissed: row.get(2)? })
        })
        .optional()
}

/// Writes a row of these tables; `None` where it is one of another.
pub(super) fn write(connection: &Connection, write: &Write<'_>) -> rusqlite::Result<Option<usize>> {
    match write {
        Write::Number { row, number, app, waba, scope } => connection
            .prepare_cached(
                "INSERT INTO numbers (id, phone_number_id, app, waba, scope) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![row, number.as_str(), app.as_str(), waba.map(WabaId::as_str), scope]),
        Write::NumberWaba { row, waba } => connection
            .prepare_cached("UPDATE numbers SET waba = ?2 WHERE id = ?1")?
            .execute(params![row, waba.as_str()]),
        Write::Customer { id, number, number_since, name, at } => {
            let name = name.as_ref().map(CustomerName::as_str);
            connection
                .prepare_cached(
                    "INSERT INTO customers (id, number, number_since, name, folded_name, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![id.to_bytes(), number, number_since, name, name.map(folded), at.as_millis()])
        }
        Write::CustomerName { id, name } => connection
            .prepare_cached("UPDATE customers SET name = ?2, folded_name = ?3 WHERE id = ?1")?
            .execute(params![id.to_bytes(), name.as_str(), folded(name.as_str())]),
        Write::CustomerUsername { id, username } => connection
            .prepare_cached("UPDATE customers SET username = ?2 WHERE id = ?1")?
            .execute(params![id.to_bytes(), username.as_str()]),
        Write::CustomerNumber { id, number, since } => connection
            .prepare_cached("UPDATE customers SET number = ?2, number_since = ?3 WHERE id = ?1")?
            .execute(params![id.to_bytes(), number, since]),
        Write::Scope { row, name } => connection
            .prepare_cached("INSERT INTO scopes (id, kind, name) VALUES (?1, ?2, ?3)")?
            .execute(params![row, name.kind.as_str(), name.value]),
        Write::ScopeUnited { row, into } => connection
            .prepare_cached("UPDATE scopes SET united_into = ?2 WHERE id = ?1")?
            .execute(params![row, into]),
        Write::Alias { alias, row } => put_alias(connection, alias, row),
        Write::AliasGone { alias, scope } => connection
            .prepare_cached("DELETE FROM aliases WHERE value = ?2 AND kind = ?1 AND scope = ?3")?
            .execute(params![alias.kind.as_str(), alias.value, scope]),
        _ => return write_merge(connection, write),
    }
    .map(Some)
}

fn write_merge(connection: &Connection, write: &Write<'_>) -> rusqlite::Result<Option<usize>> {
    match write {
        Write::Redirect { customer, to: Some(to) } => connection
            .prepare_cached(
                "INSERT INTO merges (customer, merged_into, survivor, at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![customer.to_bytes(), to.into.to_bytes(), to.now.to_bytes(), to.at.as_millis()]),
        Write::Redirect { customer, to: None } => connection
            .prepare_cached("DELETE FROM merges WHERE customer = ?1")?
            .execute([customer.to_bytes()]),
        Write::Rerouted { customer, now } => connection
            .prepare_cached("UPDATE merges SET survivor = ?2 WHERE customer = ?1")?
            .execute(params![customer.to_bytes(), now.to_bytes()]),
        Write::PhoneMoved(moved) => {
            let (from, to) = (moved.from.to_bytes(), moved.to.to_bytes());
            connection
                .prepare_cached(
                    "INSERT INTO phone_moves (entry, phone, moved_from, moved_to, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![moved.entry, moved.phone.value, from, to, moved.at.as_millis()])
        }
        Write::Duplicate { entry, customers: (first, second), at } => connection
            .prepare_cached("INSERT INTO duplicates (entry, first, second, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
            .execute(params![entry, first.to_bytes(), second.to_bytes(), at.as_millis()]),
        Write::DuplicateDismissed { entry, at } => dismiss(connection, *entry, *at),
        _ => return Ok(None),
    }
    .map(Some)
}

/// The name is the customer's, whoever had it in this scope.
fn put_alias(connection: &Connection, alias: &Alias, row: &HolderRow) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO aliases (kind, value, scope, customer, since) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET customer = excluded.customer, since = excluded.since",
        )?
        .execute(params![alias.kind.as_str(), alias.value, row.scope, row.customer.to_bytes(), row.since])
}

fn dismiss(connection: &Connection, entry: u64, at: Timestamp) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("UPDATE duplicates SET dismissed_at = ?2 WHERE entry = ?1")?
        .execute(params![entry, at.as_millis()])
}
