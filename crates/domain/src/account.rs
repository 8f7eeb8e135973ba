//! Accounts of people: who they are, what they sign in with, and what may be a password.

use std::fmt;

use crate::access::{Limits, PrincipalId, RoleName};
use crate::ids::AccountId;

/// The longest login, in bytes.
const LOGIN_BYTES_MAX: usize = 128;
/// The longest name of a person, in characters.
const NAME_CHARS_MAX: usize = 100;
/// The shortest password, in characters (NIST SP 800-63B-4, section 3.1.1.2, asks for 15 where it is alone, 8 where not).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// An account of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What its person signs in with.
    pub login: Login,
    /// What its person is called.
    pub name: PersonName,
    /// What it may do: the name of a role that there is, or was.
    pub role: RoleName,
    /// Whether somebody can sign in with it.
    pub state: AccountState,
    /// What narrows the role.
    pub limits: Limits,
}

impl Account {
    /// Who does what its person does. A token's subject is `user:…`, so that the two are never the same.
    #[must_use]
    pub fn principal_id(&self) -> PrincipalId {
        let id = format!("account:{}", self.id);
        PrincipalId::parse(&id).expect("an id is of letters, digits and an underscore")
    }
}

/// What a person signs in with: a name or a mail address. Upper case is as lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct Login(Box<str>);

impl Login {
    /// `None` for an empty one, one over 128 bytes, and one with white space or a control character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let folded = text.trim().to_lowercase();
        let usable = (1..=LOGIN_BYTES_MAX).contains(&folded.len())
            && !folded.chars().any(|c| c.is_control() || c.is_whitespace());
        usable.then(|| Self(folded.into()))
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A login is personal, and so is in no log.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// What a person is called.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName(Box<str>);

impl PersonName {
    /// `None` for an empty one, one over 100 characters, and one with a control character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim();
        let usable =
            (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        usable.then(|| Self(name.into()))
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name is personal, and so is in no log.
impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

/// Whether somebody can sign in with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// Its person has not chosen a password yet.
    Invited,
    /// Its person can sign in.
    Active,
    /// Nobody can.
    Disabled,
}

impl AccountState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Disabled];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Why something is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// It is too short.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// It is too long.
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters")]
    TooLong,
    /// Whoever knows the login would know it.
    #[error("the password must not be the login")]
    IsLogin,
}

/// Whether `password` may be that of `login`. What it is made of is nobody's business (NIST SP 800-63B-4, section 3.1.1.2).
///
/// # Errors
/// See [`PasswordFault`].
pub fn check_password(password: &str, login: &Login) -> Result<(), PasswordFault> {
    match password.chars().count() {
        ..PASSWORD_CHARS_MIN => Err(PasswordFault::TooShort),
        count if count > PASSWORD_CHARS_MAX => Err(PasswordFault::TooLong),
        _ if password.trim().to_lowercase() == login.as_str() => Err(PasswordFault::IsLogin),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use crate::time::Timestamp;

    #[test]
    fn what_may_be_a_password() {
        let login = Login::parse("somebody@example.com").unwrap();
        for (password, expected) in [
            ("", Err(PasswordFault::TooShort)),
            ("elevenchars", Err(PasswordFault::TooShort)),
            ("twelve chars", Ok(())),
            ("öööööööööööö", Ok(())),
            ("Somebody@Example.com", Err(PasswordFault::IsLogin)),
            (&"x".repeat(128), Ok(())),
            (&"x".repeat(129), Err(PasswordFault::TooLong)),
        ] {
            assert_eq!(check_password(password, &login), expected, "{password}");
        }
    }

    #[test]
    fn a_login_is_the_same_in_upper_case_and_is_not_shown() {
        let login = Login::parse(" Ann@Example.COM ").unwrap();
        assert_eq!(login.as_str(), "ann@example.com");
        assert_eq!(format!("{login:?}"), "Login(…)");
        for text in ["", "  ", "a b", "a\nb", &"x".repeat(129)] {
            assert_eq!(Login::parse(text), None);
        }
    }

    #[test]
    fn no_account_is_the_subject_of_a_token() {
        let account = Account {
            id: AccountId::from_parts(Timestamp::from_millis(1), 2),
            login: Login::parse("ann").unwrap(),
            name: PersonName::parse("Ann").unwrap(),
            role: Role::Agent.into(),
            state: AccountState::Active,
            limits: Limits::default(),
        };
        assert!(account.principal_id().as_str().starts_with("account:usr_"));
    }
}
