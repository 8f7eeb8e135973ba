//! Why a token is not taken.

use std::error::Error;
use std::fmt;

use waypost_api::ErrorCode;
use waypost_domain::LimitError;

/// Why a token is not taken. Nothing of the token is in it, so that it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// Longer than any token is; it was not looked at.
    TooLarge,
    /// No token: not three parts, not base64, not JSON, or a claim of another type.
    Malformed,
    /// Signed with an algorithm that its key is not for, or not signed at all.
    Algorithm,
    /// It demands something of who reads it (`crit`).
    Critical,
    /// The issuer publishes no such key.
    UnknownKey,
    /// Not signed with the key, or changed since.
    Signature,
    /// Another's, or nobody's.
    Issuer,
    /// For somebody else.
    Audience,
    /// It never ends.
    NoExpiry,
    /// It ended.
    Expired,
    /// It ends more than a day from now.
    TooLong,
    /// It begins later, or was issued later than now.
    NotYetValid,
    /// `sub` is missing, or cannot be the name of a principal.
    Subject,
    /// It says not what its holder may do.
    NoRole,
    /// Its role is none of ours.
    UnknownRole,
    /// What narrows its role cannot be understood.
    Limits(LimitError),
    /// No key is known, or the one that it names, and the issuer does not answer: nobody can say whether it is good.
    Unavailable,
}

impl TokenError {
    /// What the client is told it is. Only what may pass by itself is no verdict.
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            Self::Unavailable => ErrorCode::Unavailable,
            _ => ErrorCode::Unauthenticated,
        }
    }

    /// In a few words, for the client and the log.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::TooLarge => "the token is longer than 8 KiB",
            Self::Malformed => "this is not a token that can be read",
            Self::Algorithm => "the token is not signed with an algorithm of its key",
            Self::Critical => "the token has a critical header",
            Self::UnknownKey => "the token's key is not known",
            Self::Signature => "the token's signature is wrong",
            Self::Issuer => "the token is of another issuer",
            Self::Audience => "the token is for another audience",
            Self::NoExpiry => "the token has no `exp`",
            Self::Expired => "the token has expired",
            Self::TooLong => "the token's `exp` is more than 24 hours ahead",
            Self::NotYetValid => "the token is not valid yet",
            Self::Subject => "the token's `sub` is missing, longer than 123 bytes, or not visible ASCII",
            Self::NoRole => "the token has no `role`",
            Self::UnknownRole => {
                "the token's `role` is none of viewer, agent, service, supervisor, admin and those of `auth.roles`"
            }
            Self::Limits(LimitError::Numbers) => "the token's `numbers` are not up to 64 phone number ids",
            Self::Limits(LimitError::Teams) => "the token's `teams` are not up to 64 names of teams",
            Self::Limits(LimitError::Customers) => {
                "the token's `customers` are not up to 64 names of customers"
            }
            Self::Limits(LimitError::TooMany) => {
                "the token's `numbers`, `teams` and `customers` come to more than 500 combinations"
            }
            Self::Unavailable => "the keys of the token's issuer are not known at the moment",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason())
    }
}

impl Error for TokenError {}
