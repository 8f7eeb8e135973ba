//! What accounts ask of either database: a few statements that both of them understand, done together or not at all.

use std::fmt;

use crate::group::DatabaseError;

/// A value in a column or a parameter.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A statement with its parameters, `$1` and so on. What it reads, or says that it is `RETURNING`, are its rows.
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Cell>,
    pub(crate) need: Need,
}

/// What it means that a statement has no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    /// Nothing of all that was asked is done.
    Rows,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>, parameters: impl IntoIterator<Item = Cell>) -> Self {
        Self { sql: sql.into(), parameters: parameters.into_iter().collect(), need: Need::Nothing }
    }

    /// Without rows of this one nothing is done.
    pub(crate) fn needed(mut self) -> Self {
        self.need = Need::Rows;
        self
    }
}

/// The rows of one statement.
pub(crate) type Rows = Vec<Vec<Cell>>;

/// What became of statements.
pub(crate) enum Done {
    /// All were done; the rows of the last.
    All(Rows),
    /// This one, counted from 0, had no rows and needed some: nothing was done.
    Stopped(usize),
}

/// A cell is of another kind than the schema has.
#[derive(Debug, thiserror::Error)]
#[error("a column of an account holds another kind of value, or one that this version does not know")]
pub(crate) struct WrongCell;

/// Reads the cells of a row from left to right.
pub(crate) struct Reading(std::vec::IntoIter<Cell>);

impl Reading {
    pub(crate) fn of(row: Vec<Cell>) -> Self {
        Self(row.into_iter())
    }

    pub(crate) fn number(&mut self) -> Result<i64, DatabaseError> {
        match self.0.next() {
            Some(Cell::Number(number)) => Ok(number),
            _ => Err(WrongCell.into()),
        }
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, DatabaseError> {
        match self.0.next() {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Null) => Ok(None),
            _ => Err(WrongCell.into()),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, DatabaseError> {
        self.optional_text()?.ok_or_else(|| WrongCell.into())
    }

    /// A text that has to be a value of ours.
    pub(crate) fn known<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, DatabaseError> {
        parse(&self.text()?).ok_or_else(|| WrongCell.into())
    }

    pub(crate) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, DatabaseError> {
        match self.0.next() {
            Some(Cell::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Cell::Null) => Ok(None),
            _ => Err(WrongCell.into()),
        }
    }
}

/// What is in it may be a secret, or say who somebody is.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell(…)")
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Cell {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
