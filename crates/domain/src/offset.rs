//! Positions in the journal.

use std::fmt;
use std::str::FromStr;

/// The name of one life of a journal: 8 Crockford characters, drawn when it is created, and anew by whatever makes
/// its past uncertain (a restore, the promotion of a standby).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch([u8; 8]);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Epoch {
    /// An epoch out of 40 random bits.
    #[must_use]
    pub fn from_random(random: u64) -> Self {
        Self(std::array::from_fn(|i| CROCKFORD[((random >> (5 * i)) & 31) as usize]))
    }

    /// From the 8 characters that [`Self::as_str`] gave.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 8] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(|byte| CROCKFORD.contains(byte)).then_some(Self(bytes))
    }

    /// The 8 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made of Crockford characters only")
    }
}

/// A position in one journal, written `<epoch>.<number>.<check>`.
///
/// Equal numbers with different checks are positions in journals whose pasts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Offset {
    /// The life of the journal.
    pub epoch: Epoch,
    /// 1 for the first event; 0 is the position before it.
    pub number: u64,
    /// 32 bits of the running hash over the journal up to and with this event.
    pub check: u32,
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{:08x}", self.epoch.as_str(), self.number, self.check)
    }
}

/// A text that is no offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an offset of the form <epoch>.<number>.<check>")]
pub struct InvalidOffset;

impl FromStr for Offset {
    type Err = InvalidOffset;

    fn from_str(text: &str) -> Result<Self, InvalidOffset> {
        let mut parts = text.split('.');
        let (Some(epoch), Some(number), Some(check), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidOffset);
        };
        Ok(Self {
            epoch: Epoch::parse(epoch).ok_or(InvalidOffset)?,
            number: number.parse().map_err(|_| InvalidOffset)?,
            check: u32::from_str_radix(check, 16).map_err(|_| InvalidOffset)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_read_as_it_was_written() {
        let offset = Offset { epoch: Epoch::from_random(0x12_3456_789a), number: 42, check: 0xbeef };
        assert_eq!(offset.to_string().parse(), Ok(offset));
        for text in ["", "1.2", "AAAAAAAA.x.1", "AAAAAAAA.1.zz", "short.1.1", "AAAAAAAA.1.1.1"] {
            assert_eq!(text.parse::<Offset>(), Err(InvalidOffset), "{text}");
        }
    }
}
