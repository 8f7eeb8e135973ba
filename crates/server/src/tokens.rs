//! Signed tokens (JWTs, RFC 7519): who somebody is by the word of an issuer that we trust.
//!
//! [`Tokens`] verifies a token and says whose it is and until when. `key.rs` pins each key to its algorithms, `claims.rs` reads
//! what is claimed, `jwks.rs` keeps the keys that an issuer publishes and `fetch.rs` gets them. Nothing here knows of routes,
//! sockets or cookies, or of what else proves who somebody is; the time comes in from outside.

mod claims;
mod error;
mod fetch;
mod header;
mod jwks;
mod key;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::task::TaskTracker;
use waypost_domain::{PrincipalId, Timestamp};
use waypost_store::Clock;

use crate::config::{JwtKeys, JwtSettings, PublicKey};
use crate::rights::Claimed;

use claims::Expected;
use header::Header;
use jwks::Jwks;
use key::Key;

pub(crate) use error::TokenError;

/// The longest token, in bytes. Headers of HTTP are not longer either.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// What a token proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Whose it is.
    pub(crate) id: PrincipalId,
    /// What it claims of them.
    pub(crate) claimed: Claimed,
    /// Who says so.
    pub(crate) issuer: Box<str>,
    /// From when on it proves nothing any more; the leeway is in it.
    pub(crate) until: Timestamp,
}

/// Verifies tokens of one issuer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<Verifier>);

struct Verifier {
    keys: Keys,
    expected: Expected,
}

enum Keys {
    One(Box<Key>),
    Published(Jwks),
}

impl Tokens {
    /// A verifier. A key that is in a file is read here; published keys are read with the first token. Reading them runs in
    /// `tasks`, so that it goes on when whoever showed a token has gone.
    ///
    /// # Errors
    /// Where the configured key cannot be read or is not safe to use.
    pub(crate) fn new(
        settings: &JwtSettings,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
    ) -> anyhow::Result<Self> {
        let keys = match &settings.keys {
            JwtKeys::Secret(secret) => Keys::One(Box::new(Key::from_secret(secret.expose().as_bytes()))),
            JwtKeys::PublicKey(key) => {
                let key = Key::from_pem(&pem(key)?).context("auth.jwt_public_key cannot be used")?;
                Keys::One(Box::new(key))
            }
            JwtKeys::Jwks(url) => Keys::Published(Jwks::new(url.url().clone(), clock, tasks)?),
        };
        let expected = Expected::of(settings);
        Ok(Self(Arc::new(Verifier { keys, expected })))
    }

    /// Whose token it is, if it is good `now`. It may wait for the issuer's keys, for some seconds at most. Dropping the
    /// future loses nothing.
    pub(crate) async fn verify(&self, token: &str, now: Timestamp) -> Result<Token, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLarge);
        }
        let header = Header::parse(token)?;
        let claims = match &self.0.keys {
            Keys::One(key) => key.claims(token, header.algorithm)?,
            Keys::Published(jwks) => jwks.key(&header).await?.claims(token, header.algorithm)?,
        };
        claims.check(&self.0.expected, now)
    }
}

fn pem(key: &PublicKey) -> anyhow::Result<String> {
    match key {
        PublicKey::Pem(text) => Ok(text.clone()),
        PublicKey::File(path) => std::fs::read_to_string(path)
            .with_context(|| format!("auth.jwt_public_key cannot be read from `{}`", path.display())),
    }
}
