//! Whose an item is: the customer behind its aliases, and the conversation with one of our numbers.
//!
//! A known BSUID wins. An unknown BSUID with the phone of a customer who has no BSUID is attached to that customer;
//! with the phone of one who has another BSUID it is a new customer, and the phone goes over to it (carriers give
//! numbers to new people). An alias that another customer holds stays there in every other case.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use waypost_domain::{
    Alias, AliasKind, ConversationId, CustomerAliases, CustomerId, CustomerName, Timestamp,
};

use super::Appender;
use crate::sqlite::rows::known;

/// The newest this many (customer, number) pairs are remembered; at the bound the cache starts anew.
const THREADS_CACHED_MAX: usize = 100_000;

/// A conversation and the customer in it.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) customer: CustomerId,
    pub(super) conversation: ConversationId,
    pub(super) customer_number: Box<str>,
    pub(super) customer_name: Option<CustomerName>,
}

/// What the newest items resolved to. It holds exactly what the database does: it is dropped at each rollback.
#[derive(Default)]
pub(super) struct KnownThreads(HashMap<(i64, Alias), CachedThread>);

struct CachedThread {
    thread: Thread,
    aliases: CustomerAliases,
}

/// What an item says of its customer.
pub(super) struct Mention<'a> {
    pub(super) aliases: &'a CustomerAliases,
    pub(super) name: Option<&'a CustomerName>,
    pub(super) at: Timestamp,
}

impl Appender {
    /// The thread of whom `mention` names with our number `number`; created where it is new.
    pub(super) fn thread(
        &mut self,
        connection: &Connection,
        number: i64,
        mention: &Mention<'_>,
    ) -> rusqlite::Result<Thread> {
        let deciding = mention.aliases.iter().next().expect("CustomerAliases are never empty").clone();
        let key = (number, deciding);
        if let Some(cached) = self.threads.0.get(&key)
            && cached.aliases == *mention.aliases
            && (mention.name.is_none() || mention.name == cached.thread.customer_name.as_ref())
        {
            return Ok(cached.thread.clone());
        }
        let customer = self.resolve_customer(connection, mention)?;
        if let Some(name) = mention.name {
            let renamed = connection
                .prepare_cached("UPDATE customers SET name = ?2 WHERE id = ?1 AND name IS NOT ?2")?
                .execute(params![customer.to_bytes(), name.as_str()])?;
            if renamed > 0 {
                self.threads.0.clear();
            }
        }
        let thread = self.thread_of(connection, number, customer, mention.at)?;
        if self.threads.0.len() == THREADS_CACHED_MAX {
            self.threads.0.clear();
        }
        let cached = CachedThread { thread: thread.clone(), aliases: mention.aliases.clone() };
        self.threads.0.insert(key, cached);
        Ok(thread)
    }

    /// The thread of a customer who exists with our number `number`; created where it is new.
    pub(super) fn thread_of(
        &mut self,
        connection: &Connection,
        number: i64,
        customer: CustomerId,
        at: Timestamp,
    ) -> rusqlite::Result<Thread> {
        let (customer_number, name): (String, Option<String>) = connection
            .prepare_cached("SELECT number, name FROM customers WHERE id = ?1")?
            .query_row([customer.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let existing = connection
            .prepare_cached("SELECT id FROM conversations WHERE customer = ?1 AND number = ?2")?
            .query_row(params![customer.to_bytes(), number], |row| row.get(0))
            .optional()?;
        let conversation = if let Some(id) = existing {
            ConversationId::from_bytes(id)
        } else {
            let (at, bits) = self.ids.next_parts(at);
            let id = ConversationId::from_parts(at, bits);
            connection
                .prepare_cached(
                    "INSERT INTO conversations (id, customer, number, last_message_at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![id.to_bytes(), customer.to_bytes(), number, at.as_millis()])?;
            id
        };
        Ok(Thread {
            customer,
            conversation,
            customer_number: customer_number.into(),
            customer_name: name.as_deref().and_then(CustomerName::parse),
        })
    }

    /// The customer whom the aliases name, with every alias attached that nobody else holds.
    pub(super) fn resolve_customer(
        &mut self,
        connection: &Connection,
        mention: &Mention<'_>,
    ) -> rusqlite::Result<CustomerId> {
        let mut holders = Vec::new();
        for alias in mention.aliases.iter() {
            holders.push((alias, read_holder(connection, alias)?));
        }
        let decided = match holders.iter().find_map(|(alias, holder)| Some((*alias, (*holder)?))) {
            // The item has a BSUID that is unknown, and a phone that is known: is it the same person?
            Some((alias, holder))
                if alias.kind == AliasKind::Phone
                    && mention.aliases.of_kind(AliasKind::Bsuid).is_some()
                    && has_alias(connection, holder, AliasKind::Bsuid)? =>
            {
                take_alias(connection, alias)?;
                self.threads.0.clear();
                None
            }
            Some((_, holder)) => Some(holder),
            None => None,
        };
        let customer = match decided {
            Some(customer) => customer,
            None => self.create_customer(connection, mention)?,
        };
        for (alias, holder) in holders {
            let is_free = holder.is_none() || decided.is_none();
            if is_free && self.attach(connection, alias, customer)? && decided.is_some() {
                self.threads.0.clear();
            }
        }
        Ok(customer)
    }

    /// Attaches those of `aliases` that nobody holds to a customer who exists.
    pub(super) fn attach_free(
        &mut self,
        connection: &Connection,
        customer: CustomerId,
        aliases: &CustomerAliases,
    ) -> rusqlite::Result<()> {
        for alias in aliases.iter() {
            if self.attach(connection, alias, customer)? {
                self.threads.0.clear();
            }
        }
        Ok(())
    }

    /// Gives a free alias to the customer and says so; whether it was free. A phone is from then on what is shown.
    ///
    /// Who waits for the name is shown what comes next, live or later: one number says where that begins.
    fn attach(
        &mut self,
        connection: &Connection,
        alias: &Alias,
        customer: CustomerId,
    ) -> rusqlite::Result<bool> {
        let since = self.journal.newest();
        let attached = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO aliases (kind, value, customer, since) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![alias.kind.as_str(), alias.value, customer.to_bytes(), since])?
            == 1;
        if !attached {
            return Ok(false);
        }
        if alias.kind == AliasKind::Phone {
            connection
                .prepare_cached("UPDATE customers SET number = ?2 WHERE id = ?1")?
                .execute(params![customer.to_bytes(), alias.value])?;
        }
        self.journal.bind(&alias.value, customer);
        Ok(true)
    }

    fn create_customer(
        &mut self,
        connection: &Connection,
        mention: &Mention<'_>,
    ) -> rusqlite::Result<CustomerId> {
        let (at, bits) = self.ids.next_parts(mention.at);
        let id = CustomerId::from_parts(at, bits);
        connection
            .prepare_cached("INSERT INTO customers (id, number, name, created_at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                id.to_bytes(),
                mention.aliases.shown_number(),
                mention.name.map(CustomerName::as_str),
                mention.at.as_millis()
            ])?;
        Ok(id)
    }
}

fn take_alias(connection: &Connection, alias: &Alias) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM aliases WHERE kind = ?1 AND value = ?2")?
        .execute(params![alias.kind.as_str(), alias.value])?;
    Ok(())
}

fn has_alias(connection: &Connection, customer: CustomerId, kind: AliasKind) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM aliases WHERE customer = ?1 AND kind = ?2)")?
        .query_row(params![customer.to_bytes(), kind.as_str()], |row| row.get(0))
}

fn read_holder(connection: &Connection, alias: &Alias) -> rusqlite::Result<Option<CustomerId>> {
    let id: Option<[u8; 16]> = connection
        .prepare_cached("SELECT customer FROM aliases WHERE value = ?2 AND kind = ?1")?
        .query_row(params![alias.kind.as_str(), alias.value], |row| row.get(0))
        .optional()?;
    Ok(id.map(CustomerId::from_bytes))
}

/// A customer's aliases, the one that decides first; `None` where there is no such customer.
pub(crate) fn read_aliases(
    connection: &Connection,
    customer: CustomerId,
) -> rusqlite::Result<Option<CustomerAliases>> {
    let mut statement = connection.prepare_cached("SELECT kind, value FROM aliases WHERE customer = ?1")?;
    let mut rows = statement.query([customer.to_bytes()])?;
    let mut aliases = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, value): (String, String) = (row.get(0)?, row.get(1)?);
        let kind = known(AliasKind::parse(&kind), "aliases.kind")?;
        aliases.push(known(Alias::parse(kind, &value), "aliases.value")?);
    }
    Ok(CustomerAliases::new(aliases))
}
