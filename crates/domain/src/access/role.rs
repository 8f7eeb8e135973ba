//! What people and programs are given.

use std::fmt;

use super::View;
use super::permission::{Permission, Permissions};
use super::rights::{Rights, Sees};

/// What a person is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees.
    Viewer,
    /// Sees, answers, and takes over conversations.
    Agent,
    /// Also says who customers are: for programs that work by themselves.
    Service,
    /// Also sees who is there.
    Supervisor,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them, each with all that the one before has.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Agent, Self::Service, Self::Supervisor, Self::Admin];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Service => "service",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }

    /// The role with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// What it stands for.
    #[must_use]
    pub const fn rights(self) -> Rights {
        Rights { permissions: self.permissions(), sees: Sees::All, view: View::Full }
    }

    /// What it may do.
    #[must_use]
    pub const fn permissions(self) -> Permissions {
        use Permission::{Assign, Manage, Monitor, Read, Send};
        match self {
            Self::Viewer => Permissions::of(&[Read]),
            Self::Agent => Permissions::of(&[Read, Send, Assign]),
            Self::Service => Permissions::of(&[Read, Send, Assign, Manage]),
            Self::Supervisor => Permissions::of(&[Read, Send, Assign, Manage, Monitor]),
            Self::Admin => Permissions::of(&Permission::ALL),
        }
    }
}

/// The longest name of a role, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What a role is called: one of ours ([`Role`]), or one that the operator made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleName(Box<str>);

impl RoleName {
    /// `None` for an empty one, one over 64 bytes, and one with other characters than `a` to `z`, digits and `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_usable = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_word);
        is_usable.then(|| Self(text.into()))
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        Self(role.as_str().into())
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a program's key is good for. A key has one or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// See.
    Read,
    /// Write to customers.
    Send,
    /// Say who answers, and who customers are.
    Manage,
    /// See who connects and leaves.
    Monitor,
    /// Read metrics.
    Metrics,
    /// Everything.
    Admin,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Send, Self::Manage, Self::Monitor, Self::Metrics, Self::Admin];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Send => "send",
            Self::Manage => "manage",
            Self::Monitor => "monitor",
            Self::Metrics => "metrics",
            Self::Admin => "admin",
        }
    }

    /// The scope with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// What it is good for.
    #[must_use]
    pub const fn permissions(self) -> Permissions {
        use Permission::{Assign, Manage, Metrics, Monitor, Read, Send};
        match self {
            Self::Read => Permissions::of(&[Read]),
            Self::Send => Permissions::of(&[Send]),
            Self::Manage => Permissions::of(&[Assign, Manage]),
            Self::Monitor => Permissions::of(&[Monitor]),
            Self::Metrics => Permissions::of(&[Metrics]),
            Self::Admin => Permissions::of(&Permission::ALL),
        }
    }
}
