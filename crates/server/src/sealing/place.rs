//! Where a sealed value stands.

/// A field of the database. What was sealed for one does not open in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'a str,
    /// The row's primary key.
    pub(crate) row: &'a [u8],
    pub(crate) column: &'a str,
}

impl Place<'_> {
    /// What is authenticated beside the value: the form, the place and the key's id, each with its length before it, so that no
    /// two places give the same bytes.
    pub(super) fn associated_data(&self, form: u8, key: &[u8]) -> Vec<u8> {
        let mut bytes = vec![form];
        for part in [self.table.as_bytes(), self.row, self.column.as_bytes(), key] {
            // Names and ids: none is anywhere near as long.
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_places_are_alike() {
        let place = |table, row: &'static str, column| Place { table, row: row.as_bytes(), column };
        let alike = [
            (place("accounts", "a", "totp"), "k"),
            (place("account", "sa", "totp"), "k"),
            (place("accounts", "at", "otp"), "k"),
            (place("accounts", "a", "totpk"), ""),
            (place("accounts", "", "atotp"), "k"),
        ];
        let bytes = alike.map(|(place, key)| place.associated_data(1, key.as_bytes()));
        for (n, one) in bytes.iter().enumerate() {
            assert!(!bytes[n + 1..].contains(one), "{n}");
        }
        let (one, _) = alike[0];
        assert_ne!(one.associated_data(1, b"k"), one.associated_data(2, b"k"));
    }
}
