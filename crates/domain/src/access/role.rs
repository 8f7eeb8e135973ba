//! What people and programs are given.

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
    /// Also says who customers are, and sees who is there.
    Supervisor,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them, each with all that the one before has.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Agent, Self::Supervisor, Self::Admin];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
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
            Self::Supervisor => Permissions::of(&[Read, Send, Assign, Manage, Monitor]),
            Self::Admin => Permissions::of(&Permission::ALL),
        }
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
