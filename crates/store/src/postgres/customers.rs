//! Who customers are.

use tokio_postgres::Row;
use waypost_domain::{
    Alias, AliasKind, ConversationId, CustomerId, CustomerName, ExternalId, PhoneNumberId, Username,
};

use super::Postgres;
use super::rows::{assignment, id, known, optional_id, time, to_column, unsigned};
use crate::customers::{CustomerRows, Family, MergedCustomer, MovedPhone, PossibleDuplicate, ShownRow};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::listing::{CUSTOMER, USERNAME};
use crate::places::{Families, PlaceRow, PlacesOf};
use crate::store::{Binding, HOLDERS_MAX};

/// The customer `$1` and whoever is one with it, as a table.
const FAMILY: &str = "WITH
    who (id) AS (SELECT coalesce((SELECT survivor FROM merges WHERE customer = $1), $1)),
    family (id) AS (SELECT id FROM who UNION SELECT customer FROM merges, who WHERE survivor = who.id)";

impl Postgres {
    pub(crate) async fn holders(&self, name: &str) -> Result<Vec<Binding>, ReadError> {
        if let Ok(customer) = name.parse::<CustomerId>() {
            let sql = "SELECT 1 FROM customers WHERE id = $1";
            return self
                .read(sql, &[&&customer.to_bytes()[..]], |rows| {
                    Ok(rows.iter().map(|_| Binding { customer, since: 0 }).collect())
                })
                .await;
        }
        // No name that is stored has a U+0000 in it.
        if name.contains('\0') {
            return Ok(Vec::new());
        }
        let (external, bare) = match name.strip_prefix(ExternalId::PREFIX) {
            Some(id) => (Some(AliasKind::External.as_str()), id),
            None => (None, name),
        };
        // A phone is stored in its canonical form, however it is asked for. As two kinds of name it is bound twice: who
        // waited has moved at the first.
        let phone = Alias::dialled(bare).map(|phone| phone.canonical().into_owned().value);
        let values: Vec<&str> = [Some(bare), phone.as_deref()].into_iter().flatten().collect();
        let sql = "SELECT DISTINCT ON (survivor) customer, since, survivor FROM (
                 SELECT a.customer, a.since, coalesce(m.survivor, a.customer) AS survivor
                 FROM aliases a LEFT JOIN merges m ON m.customer = a.customer
                 WHERE a.value = ANY ($1) AND a.kind = coalesce($2, a.kind)
             ) AS holders ORDER BY survivor, since LIMIT $3";
        self.read(sql, &[&values, &external, &HOLDERS_MAX], |rows| {
            let holder = |row: &Row| {
                Ok(Binding { customer: CustomerId::from_bytes(id(row, 0)?), since: unsigned(row, 1)? })
            };
            rows.iter().map(holder).collect()
        })
        .await
    }

    pub(crate) async fn family(&self, customer: CustomerId) -> Result<Family, ReadError> {
        let sql = "SELECT customer, survivor FROM merges WHERE survivor =
                 coalesce((SELECT survivor FROM merges WHERE customer = $1), $1) ORDER BY customer";
        self.read(sql, &[&&customer.to_bytes()[..]], |rows| {
            let mut family = Family { now: customer, merged: Vec::with_capacity(rows.len()) };
            for row in rows {
                family.merged.push(CustomerId::from_bytes(id(row, 0)?));
                family.now = CustomerId::from_bytes(id(row, 1)?);
            }
            Ok(family)
        })
        .await
    }

    /// All who are one with each of these, in one statement.
    pub(crate) async fn families(&self, customers: Vec<CustomerId>) -> Result<Families, ReadError> {
        let asked: Vec<Vec<u8>> = customers.iter().map(|id| id.to_bytes().into()).collect();
        let sql = "SELECT asked.id, asked.now,
                 ARRAY (SELECT m.customer FROM merges m WHERE m.survivor = asked.now ORDER BY m.customer)
             FROM (
                 SELECT a.id, coalesce((SELECT survivor FROM merges WHERE customer = a.id), a.id) AS now
                 FROM unnest($1::bytea[]) AS a (id)
             ) AS asked";
        self.read(sql, &[&asked], |rows| {
            let family = |row: &Row| {
                let merged: Vec<&[u8]> = row.try_get(2)?;
                let mut all = vec![CustomerId::from_bytes(id(row, 1)?)];
                for id in merged {
                    all.push(CustomerId::from_bytes(id.try_into()?));
                }
                Ok((CustomerId::from_bytes(id(row, 0)?), all))
            };
            rows.iter().map(family).collect()
        })
        .await
    }

    /// Conversations with whom they are.
    pub(crate) async fn places(&self, of: PlacesOf) -> Result<Vec<PlaceRow>, ReadError> {
        let (key, asked): (_, Vec<Vec<u8>>) = match &of {
            PlacesOf::Customers(customers) => {
                ("c.customer", customers.iter().map(|id| id.to_bytes().into()).collect())
            }
            PlacesOf::Conversations(ids) => ("c.id", ids.iter().map(|id| id.to_bytes().into()).collect()),
        };
        let sql = format!(
            "SELECT c.id, c.customer, n.phone_number_id, c.assignee, c.team, c.last_message_at
             FROM conversations c JOIN numbers n ON n.id = c.number WHERE {key} = ANY ($1)"
        );
        self.read(&sql, &[&asked], |rows| rows.iter().map(place).collect()).await
    }

    /// What the tables say of a customer. They are asked one after another: what changes meanwhile may be seen in part.
    pub(crate) async fn customer(&self, customer: CustomerId) -> Result<CustomerRows, ReadError> {
        let customer = customer.to_bytes();
        let sql = format!(
            "{FAMILY} SELECT {CUSTOMER}, {USERNAME}, m.customer, m.merged_into, m.at
             FROM who JOIN customers u ON u.id = who.id LEFT JOIN merges m ON m.survivor = u.id
             ORDER BY m.at, m.customer"
        );
        let (shown, merged) = self
            .read(&sql, &[&&customer[..]], |rows| {
                let merged =
                    rows.iter().filter_map(|row| merged(row).transpose()).collect::<Result<_, _>>()?;
                Ok((rows.first().map(shown).transpose()?, merged))
            })
            .await?;
        let sql = format!(
            "{FAMILY} SELECT kind, value, customer FROM family JOIN aliases ON customer = family.id
             ORDER BY since DESC, kind, value"
        );
        let aliases = self.read(&sql, &[&&customer[..]], |rows| rows.iter().map(alias).collect()).await?;
        let sql = format!(
            "{FAMILY} SELECT phone, moved_from, moved_to, at FROM phone_moves
             WHERE moved_from IN (SELECT id FROM family) OR moved_to IN (SELECT id FROM family) ORDER BY entry"
        );
        let moved_phones =
            self.read(&sql, &[&&customer[..]], |rows| rows.iter().map(moved_phone).collect()).await?;
        Ok(CustomerRows { shown, merged, aliases, moved_phones })
    }

    pub(crate) async fn possible_duplicates(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<PossibleDuplicate>, ReadError> {
        let sql = "SELECT entry, coalesce(f.survivor, first), coalesce(s.survivor, second), d.at
             FROM duplicates d
             LEFT JOIN merges f ON f.customer = d.first LEFT JOIN merges s ON s.customer = d.second
             WHERE entry > $1 AND dismissed_at IS NULL
                 AND coalesce(f.survivor, first) <> coalesce(s.survivor, second)
             ORDER BY entry LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(sql, &[&to_column(after), &limit], |rows| {
            rows.iter()
                .map(|row| {
                    let customers =
                        (CustomerId::from_bytes(id(row, 1)?), CustomerId::from_bytes(id(row, 2)?));
                    Ok(PossibleDuplicate { id: unsigned(row, 0)?, customers, at: time(row, 3)? })
                })
                .collect()
        })
        .await
    }
}

fn shown(row: &Row) -> Result<ShownRow, DatabaseError> {
    let (name, username): (Option<&str>, Option<&str>) = (row.try_get(2)?, row.try_get(4)?);
    Ok(ShownRow {
        id: CustomerId::from_bytes(id(row, 0)?),
        number: row.try_get::<_, &str>(1)?.into(),
        name: name.and_then(CustomerName::parse),
        username: username.and_then(Username::parse),
        created_at: time(row, 3)?,
    })
}

/// One that was merged, where there is any.
fn merged(row: &Row) -> Result<Option<MergedCustomer>, DatabaseError> {
    let Some(customer) = optional_id(row, 5)?.map(CustomerId::from_bytes) else { return Ok(None) };
    let (into, at) = (CustomerId::from_bytes(id(row, 6)?), time(row, 7)?);
    Ok(Some(MergedCustomer { customer, into, at }))
}

fn alias(row: &Row) -> Result<(Alias, CustomerId), DatabaseError> {
    let kind = known(AliasKind::parse(row.try_get(0)?), "aliases.kind")?;
    let alias = known(Alias::parse(kind, row.try_get(1)?), "aliases.value")?;
    Ok((alias, CustomerId::from_bytes(id(row, 2)?)))
}

fn moved_phone(row: &Row) -> Result<MovedPhone, DatabaseError> {
    let (from, to) = (CustomerId::from_bytes(id(row, 1)?), CustomerId::from_bytes(id(row, 2)?));
    Ok(MovedPhone { phone: row.try_get::<_, &str>(0)?.into(), from, to, at: time(row, 3)? })
}

fn place(row: &Row) -> Result<PlaceRow, DatabaseError> {
    Ok(PlaceRow {
        conversation: ConversationId::from_bytes(id(row, 0)?),
        customer: CustomerId::from_bytes(id(row, 1)?),
        number: known(PhoneNumberId::parse(row.try_get(2)?), "numbers.phone_number_id")?,
        assignment: assignment(row, 3)?,
        last_message_at: time(row, 5)?,
    })
}
