//! Where a move stands, as it is written in the target's `meta`, in the transaction that got it there.

use serde::{Deserialize, Serialize};

use super::tables::TABLES;

/// A move, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The same in the source. A source that was served in between has forgotten it.
    pub(crate) id: String,
    pub(crate) stand: Stand,
}

/// Where a move stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stand {
    /// What comes before this place is there.
    Copying(CopyPlace),
    /// All is there, and was the head's version when it was.
    Finished { version: i64 },
    /// It was taken back: the source is the store again.
    Undone,
}

/// A place between two rows of all that is moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CopyPlace {
    /// The table that is being moved; one that is unknown or empty is the end.
    pub(crate) table: String,
    /// The key of the last row of it that is there.
    pub(crate) after: Option<Vec<KeyPart>>,
    /// How many rows of it are there.
    pub(crate) rows: u64,
}

/// A column of a row's key, as the source has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyPart {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl CopyPlace {
    /// Before the first row of the table at this index of [`TABLES`].
    pub(crate) fn before(table: usize) -> Self {
        let name = TABLES.get(table).map_or("", |table| table.name);
        Self { table: name.to_owned(), after: None, rows: 0 }
    }

    /// The index of the table that is being moved; the number of tables at the end.
    pub(crate) fn table(&self) -> usize {
        TABLES.iter().position(|table| table.name == self.table).unwrap_or(TABLES.len())
    }
}

impl Mark {
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can always be written as JSON")
    }

    pub(crate) fn from_text(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_whatever_the_key() {
        let after = vec![
            KeyPart::Number(i64::MIN),
            KeyPart::Text("a\0\u{fffd}\"é".into()),
            KeyPart::Bytes(vec![0, 255, 7]),
        ];
        let stand = Stand::Copying(CopyPlace { table: "seen".into(), after: Some(after), rows: 3 });
        let mark = Mark { id: "m".into(), stand };
        let text = mark.to_text();
        assert!(!text.contains('\0'), "PostgreSQL takes none");
        assert_eq!(Mark::from_text(&text).unwrap(), mark);
    }

    #[test]
    fn the_place_after_the_last_table_is_the_end() {
        assert_eq!(CopyPlace::before(0).table(), 0);
        assert_eq!(CopyPlace::before(TABLES.len()).table(), TABLES.len());
    }
}
