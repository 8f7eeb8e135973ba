//! The kinds of things that somebody may do.

/// One kind of thing that somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See customers, conversations and messages, live and by REST.
    Read,
    /// Write to customers.
    Send,
    /// Say who answers a conversation.
    Assign,
    /// Say who customers are, merge them, and clear conversations.
    Manage,
    /// See who connects and leaves.
    Monitor,
    /// Read metrics.
    Metrics,
    /// Look after the server: its numbers, dead letters, and reading them again.
    Operate,
    /// Say who has an account, and what it may do.
    Accounts,
    /// Read who did what.
    Audit,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::Send,
        Self::Assign,
        Self::Manage,
        Self::Monitor,
        Self::Metrics,
        Self::Operate,
        Self::Accounts,
        Self::Audit,
    ];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Send => "send",
            Self::Assign => "assign",
            Self::Manage => "manage",
            Self::Monitor => "monitor",
            Self::Metrics => "metrics",
            Self::Operate => "operate",
            Self::Accounts => "accounts",
            Self::Audit => "audit",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == word)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    /// None.
    pub const NONE: Self = Self(0);

    /// These.
    #[must_use]
    pub const fn of(permissions: &[Permission]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < permissions.len() {
            bits |= permissions[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// Whether it has this one.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
