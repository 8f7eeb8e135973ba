//! What a group reads and writes, within the caller's transaction. What is decided in between is in [`crate::append`].

mod changes;
mod fields;
mod identity;
mod letters;
mod load;
mod write;

use rusqlite::Connection;

use super::journal::read_head;
use crate::append::{Decider, Heads, Item, Outcome, Plan, Wants};

pub(crate) use load::read_under_way;

/// The newest rows of what is counted.
pub(crate) fn read_heads(connection: &Connection) -> rusqlite::Result<Heads> {
    let newest = |sql| connection.query_row(sql, [], |row| row.get(0));
    Ok(Heads {
        journal: read_head(connection)?,
        message: newest("SELECT coalesce(max(seq), 0) FROM messages")?,
        number: newest("SELECT coalesce(max(id), 0) FROM numbers")?,
        has_parked_changes: newest("SELECT EXISTS (SELECT 1 FROM parked_changes)")? > 0,
    })
}

/// Loads what the items touch, decides on them in order and writes what is decided. Reading is as cheap as it gets here,
/// so that each item is asked for what it wants when its turn comes.
pub(crate) fn append<'a>(
    connection: &Connection,
    decider: &mut Decider,
    items: &[Item<'a>],
) -> rusqlite::Result<(Vec<Outcome>, Plan<'a>)> {
    decider.begin_group();
    let mut plan = Plan::default();
    let mut outcomes = Vec::with_capacity(items.len());
    let mut wants = Wants::default();
    for item in items {
        loop {
            decider.want(item, &mut wants);
            let leads_on = wants.leads_on();
            load::load(connection, &mut wants, decider.known())?;
            if !leads_on {
                break;
            }
        }
        outcomes.push(decider.decide(item, &mut plan));
    }
    write::write(connection, &plan)?;
    Ok((outcomes, plan))
}
