//! The secret by which a client comes back to its session.

use std::fmt;

/// A client's secret: 128 random bits. `Debug` hides it; [`Self::expose`] is for the client alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Pid(u128);

/// Hexadecimal digits of 128 bits.
const DIGITS: usize = 32;

impl Pid {
    /// A secret out of 128 random bits, fit for a key.
    #[must_use]
    pub const fn from_random(random: u128) -> Self {
        Self(random)
    }

    /// What [`Self::expose`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_ours = text.len() == DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_ours {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(Self)
    }

    /// The secret as the client gets and sends it: 32 hexadecimal digits.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{:0width$x}", self.0, width = DIGITS)
    }

    /// The 128 bits, for a digest.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pid(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_read_as_it_was_written_and_in_no_other_way() {
        for bits in [0, 0xbeef, u128::MAX] {
            let text = Pid::from_random(bits).expose();
            assert_eq!(text.len(), DIGITS);
            assert_eq!(Pid::parse(&text), Some(Pid::from_random(bits)));
        }
        let text = "0123456789abcdef0123456789abcdef";
        assert!(Pid::parse(text).is_some());
        for wrong in ["", &text[1..], &text.to_uppercase(), &format!("{text}0"), &text.replacen('0', "+", 1)]
        {
            assert_eq!(Pid::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_pid_is_not_shown() {
        assert!(!format!("{:?}", Pid::from_random(0xbeef)).contains("beef"));
    }
}
