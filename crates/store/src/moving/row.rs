//! Rows as bytes, the same on both sides: what PostgreSQL calls the binary format of COPY. A row is the number of its
//! fields, then each field as its length (-1 for NULL) and its bytes; numbers and lengths have their most significant
//! byte first. What is sent, what comes back, and what a checksum is of, are these bytes.

use bytes::{Buf as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

/// What a stream of rows begins with: a signature, and that nothing is unusual.
const HEAD: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Instead of a number of fields: there are no more rows.
const END: [u8; 2] = (-1_i16).to_be_bytes();
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// What came back is no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the database sends is not in COPY's binary format")]
pub(crate) struct NotRows;

/// Rows that are being written.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    count: u64,
}

impl Rows {
    /// Begins a row of so many fields.
    pub(crate) fn begin(&mut self, fields: usize) {
        let fields = i16::try_from(fields).expect("a table has not that many columns");
        self.bytes.extend(fields.to_be_bytes());
        self.count += 1;
    }

    pub(crate) fn null(&mut self) {
        self.bytes.extend(NULL);
    }

    /// Adds a field; `None` where it is longer than any column can hold.
    pub(crate) fn field(&mut self, bytes: &[u8]) -> Option<()> {
        let length = i32::try_from(bytes.len()).ok()?;
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend(bytes);
        Some(())
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// The rows alone.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes all rows out.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// What COPY takes: a head, the rows, an end.
    pub(crate) fn into_copy(self) -> Bytes {
        [&HEAD[..], &self.bytes, &END].concat().into()
    }
}

/// Rows that come in, cut anywhere.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    bytes: BytesMut,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Head,
    Rows,
    End,
}

impl Incoming {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next row that is there wholly.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, NotRows> {
        if self.place == Place::Head {
            if self.bytes.len() < HEAD.len() {
                return Ok(None);
            }
            if self.bytes.split_to(HEAD.len()) != HEAD[..] {
                return Err(NotRows);
            }
            self.place = Place::Rows;
        }
        if self.place == Place::End {
            return if self.bytes.is_empty() { Ok(None) } else { Err(NotRows) };
        }
        if self.bytes.starts_with(&END) {
            self.bytes.advance(END.len());
            self.place = Place::End;
            return self.next();
        }
        let Some(length) = row_length(&self.bytes)? else { return Ok(None) };
        Ok(Some(self.bytes.split_to(length).freeze()))
    }

    /// Whether all rows have come.
    pub(crate) fn is_whole(&self) -> bool {
        self.place == Place::End && self.bytes.is_empty()
    }
}

/// The bytes of the first row; `None` where it is not there wholly.
fn row_length(bytes: &[u8]) -> Result<Option<usize>, NotRows> {
    let Some(fields) = bytes.first_chunk().copied().map(i16::from_be_bytes) else { return Ok(None) };
    let mut length = 2;
    for _ in 0..u16::try_from(fields).map_err(|_| NotRows)? {
        let Some(field) = bytes.get(length..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
        length += NULL.len();
        if *field != NULL {
            length += usize::try_from(i32::from_be_bytes(*field)).map_err(|_| NotRows)?;
        }
    }
    Ok((length <= bytes.len()).then_some(length))
}

/// A field of a row; `None` where it is NULL or not there.
pub(crate) fn field(row: &[u8], index: usize) -> Option<&[u8]> {
    let mut rest = row.get(2..)?;
    for place in 0.. {
        let (length, after) = rest.split_first_chunk()?;
        let length = i32::from_be_bytes(*length);
        let (bytes, after) = after.split_at_checked(usize::try_from(length.max(0)).ok()?)?;
        if place == index {
            return (length >= 0).then_some(bytes);
        }
        rest = after;
    }
    None
}

/// How many rows, and a sum over them in which their order does not count: of each row the SHA-256, as two numbers of 128
/// bits, added up. The two databases sort text each in its own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checksum {
    pub(crate) rows: u64,
    sum: [u128; 2],
}

impl Checksum {
    pub(crate) fn add(&mut self, row: &[u8]) {
        let digest: [u8; 32] = Sha256::digest(row).into();
        let (halves, _) = digest.as_chunks::<16>();
        for (sum, half) in self.sum.iter_mut().zip(halves) {
            *sum = sum.wrapping_add(u128::from_be_bytes(*half));
        }
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Row = Vec<Option<Vec<u8>>>;

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let field = prop::option::of(prop::collection::vec(any::<u8>(), 0..20));
        prop::collection::vec(prop::collection::vec(field, 1..5), 0..6)
    }

    fn written(rows: &[Row]) -> Rows {
        let mut written = Rows::default();
        for row in rows {
            written.begin(row.len());
            for field in row {
                match field {
                    Some(bytes) => written.field(bytes).unwrap(),
                    None => written.null(),
                }
            }
        }
        written
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_wherever_it_is_cut(rows in rows(), piece in 1_usize..40) {
            let mut incoming = Incoming::default();
            let mut read = Vec::new();
            for bytes in written(&rows).into_copy().chunks(piece) {
                prop_assert!(!incoming.is_whole());
                incoming.push(bytes);
                while let Some(row) = incoming.next().unwrap() {
                    read.push(row);
                }
            }
            prop_assert!(incoming.is_whole());
            let fields: Vec<Row> = read
                .iter()
                .zip(&rows)
                .map(|(bytes, row)| (0..row.len()).map(|index| field(bytes, index).map(<[u8]>::to_vec)).collect())
                .collect();
            prop_assert_eq!(&fields, &rows);
            prop_assert_eq!(read.concat(), written(&rows).bytes().to_vec());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut incoming = Incoming::default();
            incoming.push(HEAD);
            incoming.push(&bytes);
            while let Ok(Some(row)) = incoming.next() {
                prop_assert!(row.len() >= 2);
            }
            field(&bytes, 3);
        }

        #[test]
        fn a_checksum_is_of_the_rows_and_not_of_their_order(mut rows in rows()) {
            let sum = |rows: &[Row]| {
                let mut sum = Checksum::default();
                rows.iter().for_each(|row| sum.add(written(std::slice::from_ref(row)).bytes()));
                sum
            };
            let before = sum(&rows);
            rows.reverse();
            prop_assert_eq!(sum(&rows), before);
            if let Some(row) = rows.first_mut() {
                row.push(None);
                prop_assert_ne!(sum(&rows), before);
            }
        }
    }
}
