//! What is kept of who did what: ids of ours, never names, numbers or texts.

use std::fmt;
use std::str::FromStr;

use crate::ids::{AccountId, AccountSessionId, ConversationId, CustomerId, MessageId};
use crate::time::Timestamp;

/// The longest id of a key or of a token's subject, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Declares what can be done, each with its word.
macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $action:ident = $word:literal,)+) => {
        /// What somebody did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AuditAction {
            $($(#[doc = $doc])+ $action,)+
        }

        impl AuditAction {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$action),+];

            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$action => $word,)+
                }
            }
        }
    };
}

actions! {
    /// Signed in; the target is the session.
    SignedIn = "sign_in",
    /// Tried to, and was refused; the target is the account, where there is one.
    SignInFailed = "sign_in_failed",
    /// Signed out; the target is the session.
    SignedOut = "sign_out",
    /// Ended a session of one's own, or all of an account.
    SessionEnded = "session_ended",
    /// Was let into a room, and is shown what comes.
    Joined = "join",
    /// Read by REST; without a target, a list.
    Read = "read",
    /// Wrote to a customer; the target is the conversation.
    Sent = "send",
    /// Said who answers a conversation.
    Assigned = "assign",
    /// Gave or took a customer's external id.
    CustomerChanged = "customer_changed",
    /// Merged a customer into another.
    Merged = "merged",
    /// Undid that.
    Unmerged = "unmerged",
    /// Said that two are not one.
    DuplicateDismissed = "duplicate_dismissed",
    /// Hid a conversation, or all of a customer's, from the older reads.
    Cleared = "conversation_cleared",
    /// Read what could not be understood.
    LetterRead = "dead_letter_read",
    /// Had it read again.
    Reprocessed = "reprocessed",
    /// Made an account.
    AccountInvited = "account_invited",
    /// Changed an account.
    AccountChanged = "account_changed",
    /// Made a link to a new password.
    AccountReset = "account_reset",
    /// Made the link of the first administrator.
    FirstLinkMade = "first_link_made",
    /// Used a link to come to a password.
    LinkUsed = "link_used",
    /// Changed one's password.
    PasswordChanged = "password_changed",
    /// Set up one-time passwords.
    TotpEnrolled = "totp_enrolled",
    /// Is asked for none any more.
    TotpDisabled = "totp_disabled",
    /// Made an API key.
    KeyCreated = "key_created",
    /// Revoked an API key.
    KeyRevoked = "key_revoked",
    /// Put another master key in the place of one.
    MasterKeyRotated = "master_key_rotated",
    /// Read the audit.
    AuditRead = "audit_read",
    /// So many entries could not be taken and are not here.
    Lost = "lost",
}

impl AuditAction {
    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word)
    }
}

/// The name of a key, or what stands for a token's subject: letters, digits, `-` and `_`, 64 at most.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuditName(Box<str>);

impl AuditName {
    /// `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_usable = (1..=NAME_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_usable.then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AuditActor {
    /// A person with an account.
    Account(AccountId),
    /// A program with a key, by the key's id.
    Key(AuditName),
    /// Whoever a token speaks for: the subject where it is an id, else a keyed digest of it.
    Token(AuditName),
    /// Somebody at the machine itself without a credential, or nobody knows who.
    Anonymous,
    /// Whoever ran a command on the machine.
    Command,
    /// The server by itself.
    System,
}

impl fmt::Display for AuditActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Key(name) => write!(f, "key:{}", name.as_str()),
            Self::Token(name) => write!(f, "token:{}", name.as_str()),
            Self::Anonymous => f.write_str("anonymous"),
            Self::Command => f.write_str("command"),
            Self::System => f.write_str("system"),
        }
    }
}

/// A text that is no actor or target of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not of the form kind:id")]
pub struct InvalidAuditId;

impl FromStr for AuditActor {
    type Err = InvalidAuditId;

    fn from_str(text: &str) -> Result<Self, InvalidAuditId> {
        let name = |name| AuditName::parse(name).ok_or(InvalidAuditId);
        match text.split_once(':') {
            Some(("account", id)) => id.parse().map(Self::Account).map_err(|_| InvalidAuditId),
            Some(("key", id)) => Ok(Self::Key(name(id)?)),
            Some(("token", id)) => Ok(Self::Token(name(id)?)),
            None if text == "anonymous" => Ok(Self::Anonymous),
            None if text == "command" => Ok(Self::Command),
            None if text == "system" => Ok(Self::System),
            _ => Err(InvalidAuditId),
        }
    }
}

/// To what it was done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AuditTarget {
    /// A customer.
    Customer(CustomerId),
    /// A conversation.
    Conversation(ConversationId),
    /// A message.
    Message(MessageId),
    /// An account.
    Account(AccountId),
    /// A session of an account.
    Session(AccountSessionId),
    /// An API key, by its id.
    Key(AuditName),
    /// A dead letter.
    Letter(u64),
    /// Two customers who may be one.
    Duplicate(u64),
    /// The room of all conversations.
    GeneralRoom,
    /// The room in which one sees who comes and goes.
    MonitorRoom,
}

impl fmt::Display for AuditTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => write!(f, "customer:{id}"),
            Self::Conversation(id) => write!(f, "conversation:{id}"),
            Self::Message(id) => write!(f, "message:{id}"),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Session(id) => write!(f, "session:{id}"),
            Self::Key(name) => write!(f, "key:{}", name.as_str()),
            Self::Letter(id) => write!(f, "letter:{id}"),
            Self::Duplicate(id) => write!(f, "duplicate:{id}"),
            Self::GeneralRoom => f.write_str("room:general"),
            Self::MonitorRoom => f.write_str("room:monitor"),
        }
    }
}

impl FromStr for AuditTarget {
    type Err = InvalidAuditId;

    fn from_str(text: &str) -> Result<Self, InvalidAuditId> {
        let (kind, id) = text.split_once(':').ok_or(InvalidAuditId)?;
        let target = match kind {
            "customer" => id.parse().ok().map(Self::Customer),
            "conversation" => id.parse().ok().map(Self::Conversation),
            "message" => id.parse().ok().map(Self::Message),
            "account" => id.parse().ok().map(Self::Account),
            "session" => id.parse().ok().map(Self::Session),
            "key" => AuditName::parse(id).map(Self::Key),
            "letter" => id.parse().ok().map(Self::Letter),
            "duplicate" => id.parse().ok().map(Self::Duplicate),
            "room" if id == "general" => Some(Self::GeneralRoom),
            "room" if id == "monitor" => Some(Self::MonitorRoom),
            _ => None,
        };
        target.ok_or(InvalidAuditId)
    }
}

impl From<CustomerId> for AuditTarget {
    fn from(id: CustomerId) -> Self {
        Self::Customer(id)
    }
}

impl From<ConversationId> for AuditTarget {
    fn from(id: ConversationId) -> Self {
        Self::Conversation(id)
    }
}

impl From<MessageId> for AuditTarget {
    fn from(id: MessageId) -> Self {
        Self::Message(id)
    }
}

impl From<AccountId> for AuditTarget {
    fn from(id: AccountId) -> Self {
        Self::Account(id)
    }
}

impl From<AccountSessionId> for AuditTarget {
    fn from(id: AccountSessionId) -> Self {
        Self::Session(id)
    }
}

/// That somebody did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: AuditActor,
    /// What.
    pub action: AuditAction,
    /// To what; `None` for a list, or where it is not known.
    pub target: Option<AuditTarget>,
    /// How often, in the minutes up to then.
    pub count: u32,
}

/// Which entries somebody looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those of this actor.
    pub actor: Option<AuditActor>,
    /// Those of this kind.
    pub action: Option<AuditAction>,
    /// Those to this target.
    pub target: Option<AuditTarget>,
    /// Those of this time or later.
    pub after: Option<Timestamp>,
    /// Those from before this time.
    pub before: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let at = Timestamp::from_millis(1_794_000_000_000);
        let name = AuditName::parse("key_01").unwrap();
        for actor in [
            AuditActor::Account(AccountId::from_parts(at, 1)),
            AuditActor::Key(name.clone()),
            AuditActor::Token(name.clone()),
            AuditActor::Anonymous,
            AuditActor::Command,
            AuditActor::System,
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        for target in [
            CustomerId::from_parts(at, 1).into(),
            ConversationId::from_parts(at, 1).into(),
            MessageId::from_parts(at, 1).into(),
            AccountId::from_parts(at, 1).into(),
            AccountSessionId::from_parts(at, 1).into(),
            AuditTarget::Key(name),
            AuditTarget::Letter(7),
            AuditTarget::Duplicate(7),
            AuditTarget::GeneralRoom,
            AuditTarget::MonitorRoom,
        ] {
            assert_eq!(target.to_string().parse(), Ok(target));
        }
        for action in AuditAction::ALL {
            assert_eq!(AuditAction::parse(action.as_str()), Some(*action));
        }
    }

    #[test]
    fn neither_a_mail_address_nor_a_name_with_a_space_is_an_id() {
        for text in ["ana@example.com", "Ana Example", "+15550002001", "", "Ána", &"x".repeat(65)] {
            assert_eq!(AuditName::parse(text), None, "{text}");
        }
        for text in ["token:a@b", "user:ana", "account:1", "command:x", "key"] {
            assert!(text.parse::<AuditActor>().is_err(), "{text}");
        }
        for text in ["customer:15550002001", "room:other", "letter:-1", "message", ""] {
            assert!(text.parse::<AuditTarget>().is_err(), "{text}");
        }
    }
}
