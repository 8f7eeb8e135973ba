//! Our numbers, and who is who.

use waypost_domain::listing::folded;

use super::super::link::Parameter;
use super::super::rows::to_column;
use super::{Id, Last, Statement};
use crate::append::Write;

const NUMBERS: &str = "INSERT INTO numbers (id, phone_number_id, app, waba, scope)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[])";
const NUMBER_WABAS: &str = "UPDATE numbers n SET waba = u.waba
     FROM unnest($1::bigint[], $2::text[]) AS u (id, waba) WHERE n.id = u.id";
const SCOPES: &str = "INSERT INTO scopes (id, kind, name)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])";
const UNITED: &str = "UPDATE scopes s SET united_into = u.into_scope
     FROM unnest($1::bigint[], $2::bigint[]) AS u (id, into_scope) WHERE s.id = u.id";
const CUSTOMERS: &str = "INSERT INTO customers (id, number, number_since, name, folded_name, created_at)
     SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[])";
const CUSTOMER_NAMES: &str = "UPDATE customers c SET name = u.name, folded_name = u.folded_name
     FROM unnest($1::bytea[], $2::text[], $3::text[]) AS u (id, name, folded_name) WHERE c.id = u.id";
const USERNAMES: &str = "UPDATE customers c SET username = u.username
     FROM unnest($1::bytea[], $2::text[]) AS u (id, username) WHERE c.id = u.id";
const CUSTOMER_NUMBERS: &str = "UPDATE customers c SET number = u.number, number_since = u.since
     FROM unnest($1::bytea[], $2::text[], $3::bigint[]) AS u (id, number, since) WHERE c.id = u.id";
const ALIASES_GONE: &str = "DELETE FROM aliases a
     USING unnest($1::text[], $2::text[], $3::bigint[]) AS u (kind, value, scope)
     WHERE a.value = u.value AND a.kind = u.kind AND a.scope = u.scope";
const ALIASES: &str = "INSERT INTO aliases (kind, value, scope, customer, since)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::bigint[])
     ON CONFLICT (value, kind, scope) DO UPDATE SET customer = excluded.customer, since = excluded.since";
const UNMERGED: &str = "DELETE FROM merges m USING unnest($1::bytea[]) AS u (customer)
     WHERE m.customer = u.customer";
const REROUTED: &str = "UPDATE merges m SET survivor = u.survivor
     FROM unnest($1::bytea[], $2::bytea[]) AS u (customer, survivor) WHERE m.customer = u.customer";
const MERGED: &str = "INSERT INTO merges (customer, merged_into, survivor, at)
     SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[])
     ON CONFLICT (customer) DO UPDATE
     SET merged_into = excluded.merged_into, survivor = excluded.survivor, at = excluded.at";
const PHONE_MOVES: &str = "INSERT INTO phone_moves (entry, phone, moved_from, moved_to, at)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[])";
const DUPLICATES: &str = "INSERT INTO duplicates (entry, first, second, at)
     SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[]) ON CONFLICT DO NOTHING";
const DISMISSED: &str = "UPDATE duplicates d SET dismissed_at = u.at
     FROM unnest($1::bigint[], $2::bigint[]) AS u (entry, at) WHERE d.entry = u.entry";

type CustomerColumns = (Id, String, i64, Option<String>, Option<String>, i64);
/// Kind, value and scope.
type AliasKey = (&'static str, String, i64);

/// The rows of these tables, as they will be after the plan.
#[derive(Default)]
pub(super) struct People {
    numbers: Vec<(i64, String, String, Option<String>, i64)>,
    number_wabas: Last<i64, String>,
    scopes: Vec<(i64, &'static str, String)>,
    united: Last<i64, i64>,
    customers: Vec<CustomerColumns>,
    customer_names: Last<Id, (String, String)>,
    usernames: Last<Id, String>,
    customer_numbers: Last<Id, (String, i64)>,
    /// `None` where nobody holds the name any more.
    aliases: Last<AliasKey, Option<(Id, i64)>>,
    /// `None` where the merge is undone.
    merges: Last<Id, Option<(Id, Id, i64)>>,
    rerouted: Last<Id, Id>,
    phone_moves: Vec<(i64, String, Id, Id, i64)>,
    duplicates: Vec<(i64, Id, Id, i64)>,
    dismissed: Last<i64, i64>,
}

impl People {
    pub(super) fn put(&mut self, write: &Write<'_>) {
        match write {
            Write::Number { row, number, app, waba, scope } => self.numbers.push((
                *row,
                number.as_str().into(),
                app.as_str().into(),
                waba.map(|waba| waba.as_str().into()),
                *scope,
            )),
            Write::NumberWaba { row, waba } => self.number_wabas.put(*row, waba.as_str().into()),
            Write::Scope { row, name } => {
                self.scopes.push((*row, name.kind.as_str(), name.value.clone().into()));
            }
            Write::ScopeUnited { row, into } => self.united.put(*row, *into),
            Write::Customer { id, number, number_since, name, at } => self.customers.push((
                id.to_bytes().into(),
                number.clone().into(),
                to_column(*number_since),
                name.as_ref().map(|name| name.as_str().into()),
                name.as_ref().map(|name| folded(name.as_str())),
                at.as_millis(),
            )),
            Write::CustomerName { id, name } => {
                self.customer_names.put(id.to_bytes().into(), (name.as_str().into(), folded(name.as_str())));
            }
            Write::CustomerUsername { id, username } => {
                self.usernames.put(id.to_bytes().into(), username.as_str().into());
            }
            Write::CustomerNumber { id, number, since } => {
                self.customer_numbers.put(id.to_bytes().into(), (number.clone().into(), to_column(*since)));
            }
            Write::Alias { alias, row } => self.aliases.put(
                (alias.kind.as_str(), alias.value.clone().into(), row.scope),
                Some((row.customer.to_bytes().into(), to_column(row.since))),
            ),
            Write::AliasGone { alias, scope } => {
                self.aliases.put((alias.kind.as_str(), alias.value.clone().into(), *scope), None);
            }
            _ => self.put_merge(write),
        }
    }

    fn put_merge(&mut self, write: &Write<'_>) {
        match write {
            Write::Redirect { customer, to } => self.merges.put(
                customer.to_bytes().into(),
                to.map(|to| (to.into.to_bytes().into(), to.now.to_bytes().into(), to.at.as_millis())),
            ),
            Write::Rerouted { customer, now } => {
                let (customer, now): (Id, Id) = (customer.to_bytes().into(), now.to_bytes().into());
                match self.merges.find(&customer) {
                    Some(Some((_, survivor, _))) => *survivor = now,
                    Some(None) | None => self.rerouted.put(customer, now),
                }
            }
            Write::PhoneMoved(moved) => self.phone_moves.push((
                to_column(moved.entry),
                moved.phone.value.clone().into(),
                moved.from.to_bytes().into(),
                moved.to.to_bytes().into(),
                moved.at.as_millis(),
            )),
            Write::Duplicate { entry, customers: (first, second), at } => self.duplicates.push((
                to_column(*entry),
                first.to_bytes().into(),
                second.to_bytes().into(),
                at.as_millis(),
            )),
            Write::DuplicateDismissed { entry, at } => {
                self.dismissed.put(to_column(*entry), at.as_millis());
            }
            _ => {}
        }
    }

    pub(super) fn into_statements(self) -> Vec<Statement> {
        let (mut held, mut gone) = (Vec::new(), Vec::new());
        for (key, value) in self.aliases.rows {
            match value {
                Some(value) => held.push((key, value)),
                None => gone.push(key),
            }
        }
        let (mut merged, mut unmerged) = (Vec::new(), Vec::new());
        for (key, value) in self.merges.rows {
            match value {
                Some(value) => merged.push((key, value)),
                None => unmerged.push(key),
            }
        }
        let mut all = Vec::new();
        columns!(all, SCOPES, self.scopes, |(a, b, c)| (a, b, c));
        columns!(all, UNITED, self.united.rows, |(a, b)| (a, b));
        columns!(all, NUMBERS, self.numbers, |(a, b, c, d, e)| (a, b, c, d, e));
        columns!(all, NUMBER_WABAS, self.number_wabas.rows, |(a, b)| (a, b));
        columns!(all, CUSTOMERS, self.customers, |(a, b, c, d, e, f)| (a, b, c, d, e, f));
        columns!(all, CUSTOMER_NAMES, self.customer_names.rows, |(a, (b, c))| (a, b, c));
        columns!(all, USERNAMES, self.usernames.rows, |(a, b)| (a, b));
        columns!(all, CUSTOMER_NUMBERS, self.customer_numbers.rows, |(a, (b, c))| (a, b, c));
        columns!(all, ALIASES_GONE, gone, |(a, b, c)| (a, b, c));
        columns!(all, ALIASES, held, |((a, b, c), (d, e))| (a, b, c, d, e));
        columns!(all, REROUTED, self.rerouted.rows, |(a, b)| (a, b));
        columns!(all, UNMERGED, unmerged, |a| (a));
        columns!(all, MERGED, merged, |(a, (b, c, d))| (a, b, c, d));
        columns!(all, PHONE_MOVES, self.phone_moves, |(a, b, c, d, e)| (a, b, c, d, e));
        columns!(all, DUPLICATES, self.duplicates, |(a, b, c, d)| (a, b, c, d));
        columns!(all, DISMISSED, self.dismissed.rows, |(a, b)| (a, b));
        all
    }
}
