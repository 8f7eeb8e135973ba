//! With what signed tokens (JWTs) are verified.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::setting::{Raw, Secrecy, Setting, Shape, Shown, Wrong};
use super::{JwksUrl, Roles, Secret};

/// How a verifier is told, once it is whole.
#[derive(Debug, Clone)]
pub(crate) struct JwtSettings {
    pub(crate) keys: JwtKeys,
    /// What `iss` has to be.
    pub(crate) issuer: Box<str>,
    /// What `aud` has to be, or name.
    pub(crate) audience: Box<str>,
    /// By how much the clocks of issuer and server may differ.
    pub(crate) leeway: Duration,
    /// What the word in `role` stands for.
    pub(crate) roles: Roles,
}

/// Where the keys come from.
#[derive(Debug, Clone)]
pub(crate) enum JwtKeys {
    /// One secret, shared with the issuer.
    Secret(Secret),
    /// One public key.
    PublicKey(PublicKey),
    /// What the issuer publishes.
    Jwks(JwksUrl),
}

/// A secret that is long enough to sign with (RFC 7518, section 3.2).
#[derive(Debug, Clone)]
pub(crate) struct JwtSecret(Secret);

impl JwtSecret {
    const BYTES_MIN: usize = 32;

    pub(super) fn secret(&self) -> &Secret {
        &self.0
    }
}

impl Setting for JwtSecret {
    const SHAPE: Shape = Shape::Text;
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        format!("at least {} visible ASCII characters without spaces", Self::BYTES_MIN)
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let text = raw.text()?;
        Secret::new(text).filter(|_| text.len() >= Self::BYTES_MIN).map(Self).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::Hidden(1)
    }
}

/// A public key, or where it is. It is no secret, and hidden all the same: the private one is easily put in its place.
#[derive(Clone)]
pub(crate) enum PublicKey {
    Pem(String),
    File(PathBuf),
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PublicKey(hidden)")
    }
}

impl Setting for PublicKey {
    const SHAPE: Shape = Shape::Text;
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        "a key that begins with -----BEGIN PUBLIC KEY-----, with line ends or `\\n` between its lines; or the path of a \
         file with it, in visible ASCII without spaces"
            .to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let text = raw.text()?;
        if text.contains("PRIVATE KEY") {
            return Err(Wrong::because("it is a private key, which belongs to the issuer alone"));
        }
        if text.starts_with("-----BEGIN PUBLIC KEY-----") {
            // Files of variables have one line for each.
            return Ok(Self::Pem(text.replace("\\n", "\n")));
        }
        let is_path = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_path { Ok(Self::File(PathBuf::from(text))) } else { Err(Wrong::whole()) }
    }

    fn shown(&self) -> Shown {
        Shown::Hidden(1)
    }
}

/// What a claim of every token has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimText(Box<str>);

impl ClaimText {
    const BYTES_MAX: usize = 256;

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for ClaimText {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        format!("1 to {} visible ASCII characters without spaces", Self::BYTES_MAX)
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let text = raw.text()?;
        let is_usable =
            (1..=Self::BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_usable { Ok(Self(text.into())) } else { Err(Wrong::whole()) }
    }

    fn shown(&self) -> Shown {
        Shown::text(&*self.0)
    }
}
