//! What is moved: every table of all files, column by column. Where a schema has one that is not here, or none that is,
//! nothing is moved at all: whoever adds a column has to add it here.

/// A table that both databases have.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) file: File,
    /// The columns of its primary key, in the key's order.
    pub(crate) key: &'static [&'static str],
    pub(crate) columns: &'static [Column],
    pub(crate) numbering: Numbering,
}

/// Which of the files a table is in. PostgreSQL has them all in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    Main,
    Sessions,
    Audit,
}

/// Who numbers a table's new rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// Whoever writes them.
    Ours,
    /// PostgreSQL, in the column `id`.
    Identity,
}

/// A column, and how its values differ between the two.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    /// Yes or no: a number in SQLite.
    Flag,
    /// Text, in which U+0000 becomes U+FFFD.
    Text,
    /// What came from outside, byte for byte: a text in SQLite.
    Raw,
    Bytes,
}

impl Kind {
    pub(crate) const fn in_sqlite(self) -> &'static str {
        match self {
            Self::Number | Self::Flag => "INTEGER",
            Self::Text | Self::Raw => "TEXT",
            Self::Bytes => "BLOB",
        }
    }

    pub(crate) const fn in_postgres(self) -> &'static str {
        match self {
            Self::Number => "bigint",
            Self::Flag => "boolean",
            Self::Text => "text",
            Self::Raw | Self::Bytes => "bytea",
        }
    }
}

/// Tables of PostgreSQL alone. `meta` is in both, and moved on its own; the head is written at the end.
pub(crate) const POSTGRES_ONLY: [&str; 3] = ["meta", "schema_version", "journal_head"];
/// Tables of SQLite that are not moved as the others are.
pub(crate) const SQLITE_ONLY: [&str; 1] = ["meta"];

/// The table whose rows have an order that is told by a check.
pub(crate) const JOURNAL: &str = "journal";

/// A name, for statements.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

impl Table {
    /// Its columns, for statements.
    pub(crate) fn column_list(&self) -> String {
        self.columns.iter().map(|column| quoted(column.name)).collect::<Vec<_>>().join(", ")
    }

    /// The columns of its key, for statements.
    pub(crate) fn key_list(&self) -> String {
        self.key.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
    }
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

macro_rules! tables {
    ($($file:ident $name:ident ($($key:ident),+) $numbering:ident: $($kind:ident { $($column:ident)+ })+;)+) => {
        /// In the order in which they are moved.
        pub(crate) static TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            file: File::$file,
            key: &[$(stringify!($key)),+],
            columns: &[$($(column(stringify!($column), Kind::$kind)),+),+],
            numbering: Numbering::$numbering,
        }),+];
    };
}

tables! {
    Main scopes (id) Ours: Number { id } Text { kind name } Number { united_into };
    Main numbers (id) Ours: Number { id } Text { phone_number_id app waba } Number { scope } Flag { claimed };
    Main customers (id) Ours: Bytes { id } Text { number name folded_name } Number { created_at } Text { username }
        Number { number_since } Text { saved_name } Number { saved_name_at } Text { marketing }
        Number { marketing_at };
    Main aliases (value, kind, scope) Ours: Text { kind value } Number { scope } Bytes { customer }
        Number { since };
    Main merges (customer) Ours: Bytes { customer merged_into survivor } Number { at };
    Main phone_moves (entry) Ours: Number { entry } Text { phone } Bytes { moved_from moved_to } Number { at };
    Main duplicates (entry) Ours: Number { entry } Bytes { first second } Number { at dismissed_at };
    Main conversations (id) Ours: Bytes { id customer } Number { number last_message_at last_inbound_at cleared }
        Text { assignee team };
    Main referrals (conversation, at) Ours: Bytes { conversation } Number { at };
    Main messages (seq) Ours: Number { seq } Bytes { id conversation } Text { wamid source type content state }
        Number { at sent_at delivered_at read_at played_at failed_at } Text { reply_to errors } Bytes { outbox }
        Raw { raw metadata media } Text { original } Number { edited_at } Bytes { edited_by }
        Number { revoked_at target } Text { author };
    Main status_hops (message, status, participant) Ours: Number { message } Text { status participant }
        Number { at } Text { errors } Raw { pricing };
    Main reactions (message, reactor) Ours: Number { message } Text { reactor emoji } Number { at } Bytes { wamid };
    Main parked_changes (change) Ours: Number { change number } Bytes { wamid change_wamid } Text { reactor }
        Number { received_at };
    Main seen (number, wamid, what) Ours: Number { number } Bytes { wamid } Text { what } Number { day message };
    Main parked_statuses (id) Identity: Number { id number } Bytes { wamid } Text { status participant }
        Number { at } Text { errors } Raw { pricing } Number { received_at };
    Main journal (number) Ours: Number { number check } Text { name audience } Bytes { body }
        Number { received_at };
    Main outbox (id) Ours: Bytes { id } Text { principal idempotency_key } Bytes { conversation }
        Text { state body } Flag { preview } Number { message } Text { error } Number { created_at at };
    Main dead_letters (id) Identity: Number { id received_at } Text { app kind reason } Bytes { raw } Raw { around };
    Main field_reports (id) Identity: Number { id received_at } Text { field number waba } Raw { raw };
    Main history_syncs (number) Ours: Number { number phase progress declined_at };
    Main unknown_types (message) Ours: Number { message };
    Main calls (message) Ours: Number { message } Text { stage } Number { at began_at ended_at talk_seconds };
    Main call_reports (id) Identity: Number { id message received_at } Raw { raw };
    Main api_keys (id) Ours: Text { id name } Bytes { digest } Number { created_at } Text { scopes }
        Number { expires_at } Text { numbers };
    Main accounts (id) Ours: Text { id login name role state limits password } Bytes { totp totp_pending }
        Number { totp_step created_at };
    Main account_sessions (id) Ours: Text { id account } Bytes { digest } Text { agent }
        Number { created_at seen_at expires_at };
    Main account_links (digest) Ours: Bytes { digest } Text { account } Number { expires_at };
    Main account_codes (account, digest) Ours: Text { account } Bytes { digest };
    Main data_keys (id) Ours: Bytes { id wrapped wrapped_by } Number { created_at uses };
    Sessions sessions (id) Ours: Bytes { id } Number { generation } Text { principal namespace start }
        Flag { owes_gap } Number { seen_at };
    Sessions rooms (session, place) Ours: Bytes { session } Number { place } Text { name position }
        Bytes { customer } Number { since } Text { known_at };
    Audit audit (number) Ours: Number { number at } Text { actor action target } Number { count } Bytes { mac };
    Audit audit_anchor (id) Ours: Number { id number } Bytes { mac seal };
}

/// A column of a database, in that database's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) kind: String,
}

/// The first column that is in `found` and not among those that are moved, or the other way round.
pub(crate) fn find_difference(
    mut found: Vec<Found>,
    left_out: &[&str],
    word: impl Fn(Kind) -> &'static str,
) -> Option<Found> {
    found.retain(|column| !left_out.contains(&&*column.table));
    let moved = TABLES.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let mut moved: Vec<Found> = moved
        .map(|(table, column)| Found {
            table: table.name.to_owned(),
            column: column.name.to_owned(),
            kind: word(column.kind).to_owned(),
        })
        .collect();
    found.sort();
    moved.sort();
    let is_in = |column: &Found, others: &[Found]| others.binary_search(column).is_ok();
    found
        .iter()
        .find(|column| !is_in(column, &moved))
        .or_else(|| moved.iter().find(|column| !is_in(column, &found)))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Found> {
        let columns = TABLES.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
        columns
            .map(|(table, column)| Found {
                table: table.name.into(),
                column: column.name.into(),
                kind: column.kind.in_sqlite().into(),
            })
            .collect()
    }

    #[test]
    fn a_column_too_much_or_too_few_or_of_another_kind_is_found() {
        let difference = |found| find_difference(found, &[], Kind::in_sqlite);
        assert_eq!(difference(all()), None);
        let mut more = all();
        let added = Found { table: "customers".into(), column: "team".into(), kind: "TEXT".into() };
        more.push(added.clone());
        assert_eq!(difference(more), Some(added));
        let mut fewer = all();
        let removed = fewer.remove(7);
        assert_eq!(difference(fewer), Some(removed));
        let mut other = all();
        other[3].kind = "REAL".into();
        assert_eq!(difference(other.clone()), Some(other[3].clone()));
    }

    #[test]
    fn every_key_is_of_columns() {
        for table in TABLES {
            for key in table.key {
                assert!(table.columns.iter().any(|column| column.name == *key), "{}.{key}", table.name);
            }
        }
    }
}
