//! Who is who: what is wanted of scopes, names and merges.

use tokio_postgres::Row;
use waypost_domain::{
    Alias, AliasKind, ConversationId, CustomerId, CustomerName, ExternalId, PhoneNumberId, Username,
};

use super::link::Link;
use super::load::{Found, asked, family_of, find, note_family};
use super::rows::{assignment, id, known, to_column, unsigned};
use crate::append::{
    HeldName, HolderRow, Known, KnownCustomer, KnownDuplicate, ScopeKind, ScopeName, Scopes, Wants,
};
use crate::group::DatabaseError;

const SCOPES: &str = "SELECT id, kind, name, united_into FROM scopes";
/// It looks at all names: scopes meet once.
const OVERLAP: &str =
    "SELECT kind, value FROM aliases WHERE scope = ANY ($1) GROUP BY value, kind HAVING count(*) > 1";
const HOLDERS: &str = "SELECT k.place, a.scope, a.customer, a.since
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (kind, value, place)
     JOIN aliases a ON a.value = k.value AND a.kind = k.kind";
const CUSTOMERS: &str = concat!(
    "SELECT id, number, number_since, name, username, ",
    family_of!("customers.id"),
    " FROM customers WHERE id = ANY ($1)"
);
const NAMES: &str = "SELECT customer, kind, value, scope, since FROM aliases
     WHERE customer = ANY ($1) AND kind IN ('bsuid', 'phone')";
const THREADS: &str = "SELECT c.customer, n.phone_number_id, c.id, c.assignee, c.team
     FROM conversations c JOIN numbers n ON n.id = c.number WHERE c.customer = ANY ($1)";
const EXTERNAL_IDS: &str =
    "SELECT customer, value FROM aliases WHERE customer = ANY ($1) AND kind = 'external'";
const NOTED: &str = "SELECT first, second FROM duplicates WHERE first = ANY ($1)
     UNION ALL SELECT second, first FROM duplicates WHERE second = ANY ($1)";
const DUPLICATES: &str =
    "SELECT entry, first, second, dismissed_at IS NOT NULL FROM duplicates WHERE entry = ANY ($1)";

/// What was found, by the statements above.
pub(super) struct People {
    scopes: Option<Vec<Row>>,
    overlaps: Vec<Vec<Row>>,
    rest: [Vec<Row>; 7],
}

pub(super) async fn load(link: &Link, wants: &Wants) -> Result<People, DatabaseError> {
    let scopes = match wants.scopes {
        true => Some(find(link, SCOPES, 1, []).await?),
        false => None,
    };
    let mut overlaps = Vec::with_capacity(wants.overlaps.len());
    for scopes in &wants.overlaps {
        overlaps.push(find(link, OVERLAP, 1, [scopes]).await?);
    }
    Ok(People { scopes, overlaps, rest: load_rest(link, wants).await? })
}

async fn load_rest(link: &Link, wants: &Wants) -> Found<7> {
    let bytes = |id: &CustomerId| id.to_bytes().to_vec();
    let kinds: Vec<&str> = wants.holders.iter().map(|alias| alias.kind.as_str()).collect();
    let values: Vec<&str> = wants.holders.iter().map(|alias| &*alias.value).collect();
    let customers: Vec<Vec<u8>> = wants.customers.iter().map(bytes).collect();
    let named: Vec<Vec<u8>> = wants.external_ids.iter().map(bytes).collect();
    let noted: Vec<Vec<u8>> = wants.noted.iter().map(bytes).collect();
    let entries: Vec<i64> = wants.duplicates.iter().map(|entry| to_column(*entry)).collect();
    let (holders, found, names, threads, external_ids, noted, duplicates) = tokio::join!(
        find(link, HOLDERS, kinds.len(), [&kinds, &values]),
        find(link, CUSTOMERS, customers.len(), [&customers]),
        find(link, NAMES, customers.len(), [&customers]),
        find(link, THREADS, customers.len(), [&customers]),
        find(link, EXTERNAL_IDS, named.len(), [&named]),
        find(link, NOTED, noted.len(), [&noted]),
        find(link, DUPLICATES, entries.len(), [&entries])
    );
    Ok([holders?, found?, names?, threads?, external_ids?, noted?, duplicates?])
}

pub(super) fn note(found: &People, wants: &Wants, into: &mut Known) -> Result<(), DatabaseError> {
    if let Some(rows) = &found.scopes {
        let mut scopes = Scopes::default();
        for row in rows {
            let kind = known(ScopeKind::parse(row.try_get(1)?), "scopes.kind")?;
            let name = ScopeName { kind, value: row.try_get::<_, &str>(2)?.into() };
            scopes.load(row.try_get(0)?, name, row.try_get(3)?);
        }
        into.load_scopes(scopes);
    }
    for (scopes, rows) in wants.overlaps.iter().zip(&found.overlaps) {
        for row in rows {
            let kind = known(AliasKind::parse(row.try_get(0)?), "aliases.kind")?;
            into.load_overlap(scopes, known(Alias::parse(kind, row.try_get(1)?), "aliases.value")?);
        }
    }
    note_rest(&found.rest, wants, into)
}

fn note_rest(
    [holders, customers, names, threads, external_ids, noted, duplicates]: &[Vec<Row>; 7],
    wants: &Wants,
    into: &mut Known,
) -> Result<(), DatabaseError> {
    for row in holders {
        let customer = CustomerId::from_bytes(id(row, 2)?);
        let held = HolderRow { scope: row.try_get(1)?, customer, since: unsigned(row, 3)? };
        into.load_holder(asked(&wants.holders, row, 0)?.clone(), held);
    }
    for row in customers {
        let (name, username): (Option<&str>, Option<&str>) = (row.try_get(3)?, row.try_get(4)?);
        let customer = KnownCustomer {
            number: row.try_get::<_, &str>(1)?.into(),
            number_since: unsigned(row, 2)?,
            name: name.and_then(CustomerName::parse),
            username: username.and_then(Username::parse),
            names: Vec::new(),
            threads: Vec::new(),
        };
        note_family(row, 5, into)?;
        into.load_customer(CustomerId::from_bytes(id(row, 0)?), customer);
    }
    for row in names {
        let kind = known(AliasKind::parse(row.try_get(1)?), "aliases.kind")?;
        let alias = known(Alias::parse(kind, row.try_get(2)?), "aliases.value")?;
        let name = HeldName { alias, scope: row.try_get(3)?, since: unsigned(row, 4)? };
        into.load_name(CustomerId::from_bytes(id(row, 0)?), name);
    }
    for row in threads {
        let number = known(PhoneNumberId::parse(row.try_get(1)?), "numbers.phone_number_id")?;
        let conversation = ConversationId::from_bytes(id(row, 2)?);
        into.load_thread(CustomerId::from_bytes(id(row, 0)?), (number, conversation));
        into.load_assignment(conversation, assignment(row, 3)?);
    }
    for row in external_ids {
        let external = known(ExternalId::parse(row.try_get(1)?), "aliases.value")?;
        into.load_external_id(CustomerId::from_bytes(id(row, 0)?), external);
    }
    for row in noted {
        into.load_noted(CustomerId::from_bytes(id(row, 0)?), CustomerId::from_bytes(id(row, 1)?));
    }
    for row in duplicates {
        let customers = (CustomerId::from_bytes(id(row, 1)?), CustomerId::from_bytes(id(row, 2)?));
        let duplicate = KnownDuplicate { customers, is_dismissed: row.try_get(3)? };
        into.load_duplicate(unsigned(row, 0)?, duplicate);
    }
    Ok(())
}
