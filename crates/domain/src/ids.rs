//! Identifiers: ours, which are ordered by time, and WhatsApp's, which are opaque.

use std::fmt;
use std::str::FromStr;

use ulid::Ulid;

use crate::time::Timestamp;

/// A text that is no id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 26 Crockford characters")]
pub struct InvalidId {
    prefix: &'static str,
}

macro_rules! our_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        ///
        #[doc = concat!("Written as `", $prefix, "_` and 26 Crockford characters, in order of time.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// The id of the millisecond `at`, made unique by the low 80 of `random` bits.
            #[must_use]
            pub fn from_parts(at: Timestamp, random: u128) -> Self {
                Self(Ulid::from_parts(at.as_millis().max(0).unsigned_abs(), random))
            }

            /// The 16 bytes under which it is stored; their order is that of time.
            #[must_use]
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_bytes()
            }

            /// From what [`Self::to_bytes`] gave.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Ulid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|id| id.len() == 26)
                    .and_then(|id| Ulid::from_string(id).ok())
                    .map(Self)
                    .ok_or(InvalidId { prefix: $prefix })
            }
        }
    };
}

our_id!(
    /// A customer. It never changes when the customer's numbers and names do.
    CustomerId,
    "cus"
);
our_id!(
    /// One customer with one business number, for ever.
    ConversationId,
    "cnv"
);
our_id!(
    /// A message, inbound or outbound.
    MessageId,
    "msg"
);
our_id!(
    /// An account of a person.
    AccountId,
    "usr"
);
our_id!(
    /// That somebody signed in with an account, from one browser.
    AccountSessionId,
    "ses"
);
our_id!(
    /// An intent to send, from before Meta has heard of it.
    OutboxId,
    "out"
);

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, max_bytes: $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// `None` where the text cannot be such an id: empty, longer than the limit, or with white space or a
            /// control character.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let usable = !text.is_empty() && text.len() <= $max && !text.chars().any(|c| c.is_control() || c.is_whitespace());
                usable.then(|| Self(text.into()))
            }

            /// The id as WhatsApp wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

opaque_id!(
    /// WhatsApp's id of a message. It contains the customer's phone number in clear, so `Debug` hides it.
    /// Meta documents 128 characters; four times that is accepted.
    Wamid,
    max_bytes: 512
);
opaque_id!(
    /// Meta's id of a business phone number (`phone_number_id`), by which everything is routed.
    PhoneNumberId,
    max_bytes: 128
);
opaque_id!(
    /// Meta's id of a WhatsApp Business Account (`entry[].id`).
    WabaId,
    max_bytes: 128
);
opaque_id!(
    /// Meta's id of a business portfolio, which owns accounts (`owner_business_id`).
    PortfolioId,
    max_bytes: 128
);
opaque_id!(
    /// The name that the operator gave a Meta app.
    AppName,
    max_bytes: 64
);

impl fmt::Debug for Wamid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wamid(hidden)")
    }
}

macro_rules! debug_as_text {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
debug_as_text!(PhoneNumberId, WabaId, PortfolioId, AppName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_and_ordered_by_time() {
        let early = MessageId::from_parts(Timestamp::from_millis(1_000), u128::MAX);
        let late = MessageId::from_parts(Timestamp::from_millis(1_001), 0);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().len(), "msg_".len() + 26);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert!(early.to_string().parse::<CustomerId>().is_err());
    }

    #[test]
    fn a_wamid_is_not_shown() {
        let wamid = Wamid::parse("wamid.HBgLMTU1NTAwMDIwMDE").unwrap();
        assert!(!format!("{wamid:?}").contains("HBg"));
    }

    #[test]
    fn unusable_ids_are_refused() {
        for text in ["", "a\0b", &"x".repeat(10_000)] {
            assert!(Wamid::parse(text).is_none());
        }
    }
}
