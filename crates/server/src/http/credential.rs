//! Whose credential it is.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{header, request};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use waypost_api::ErrorCode;
use waypost_domain::{Principal, PrincipalId, Rights, Role, Standing, Timestamp};
use waypost_store::{ReadError, Store};

use super::gate::{Directness, directness};
use super::problem::Refusal;
use super::view;
use crate::app::App;
use crate::config::{Anonymous, AuthConfig};
use crate::tokens::{Token, TokenError, Tokens};

/// The principal of a configured key.
const CONFIGURED: &str = "key:configured";
/// The principal of anonymous use at the machine itself.
const LOCAL: &str = "local";

/// Knows the credentials. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Credentials {
    configured: Arc<[KeyDigest]>,
    anonymous: Anonymous,
    tokens: Option<Tokens>,
    store: Store,
}

/// The SHA-256 of an API key. Keys have 192 random bits, so that a plain hash is enough.
pub(crate) type KeyDigest = [u8; 32];

/// The digest under which a key is known.
pub(crate) fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

/// Who somebody is, and for how long that is known.
pub(crate) struct Identity {
    pub(crate) principal: Principal,
    /// Who said so, where it was not us.
    pub(crate) issuer: Option<Box<str>>,
    /// `None` for a credential without an end.
    pub(crate) until: Option<Timestamp>,
}

impl Identity {
    /// Somebody who may do everything, for good.
    fn administrator(id: &str) -> Result<Self, Stranger> {
        let id = PrincipalId::parse(id).ok_or(Stranger::NOBODY)?;
        Ok(Self { principal: Principal::with_role(id, Role::Admin), issuer: None, until: None })
    }
}

/// Why it is not known who somebody is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stranger {
    /// [`ErrorCode::Unauthenticated`], or [`ErrorCode::Unavailable`] where it cannot be looked up just now.
    pub(crate) code: ErrorCode,
    /// What is wrong with the credential, where more is to be said.
    pub(crate) reason: Option<&'static str>,
}

impl Stranger {
    /// The credential is missing, or is nobody's.
    const NOBODY: Self = Self { code: ErrorCode::Unauthenticated, reason: None };
    const UNAVAILABLE: Self = Self { code: ErrorCode::Unavailable, reason: None };

    fn refusal(self) -> Refusal {
        match self.reason {
            Some(reason) => Refusal::because(self.code, reason),
            None => Refusal::new(self.code),
        }
    }
}

impl From<TokenError> for Stranger {
    fn from(error: TokenError) -> Self {
        Self { code: error.code(), reason: Some(error.reason()) }
    }
}

impl Credentials {
    pub(crate) fn new(auth: &AuthConfig, tokens: Option<Tokens>, store: Store) -> Self {
        let configured = auth.api_key.iter().map(|key| digest(key.expose())).collect();
        Self { configured, anonymous: auth.anonymous, tokens, store }
    }

    /// Who it is, by an API key, a token, or for being at the machine itself.
    ///
    /// # Errors
    /// See [`Stranger`].
    pub(crate) async fn identify(
        &self,
        credential: Option<&str>,
        directness: Directness,
        now: Timestamp,
    ) -> Result<Identity, Stranger> {
        let is_local = self.anonymous == Anonymous::Loopback && directness == Directness::Loopback;
        match credential {
            Some(credential) => self.holder(credential, now).await,
            None if is_local => Identity::administrator(LOCAL),
            None => Err(Stranger::NOBODY),
        }
    }

    async fn holder(&self, credential: &str, now: Timestamp) -> Result<Identity, Stranger> {
        let digest = digest(credential);
        if self.configured.iter().any(|known| known.ct_eq(&digest).into()) {
            return Identity::administrator(CONFIGURED);
        }
        if let Some(tokens) = self.tokens.as_ref().filter(|_| is_token(credential)) {
            let Token { id, claimed, issuer, until } = tokens.verify(credential, now).await?;
            let principal = claimed.principal(id, &self.store).await.map_err(|error| unavailable(&error))?;
            return Ok(Identity { principal, issuer: Some(issuer), until: Some(until) });
        }
        let stored = self.store.find_key(digest).await.map_err(|error| unavailable(&error))?;
        let key = stored.filter(|key| key.is_alive(now)).ok_or(Stranger::NOBODY)?;
        let rights = Rights { permissions: key.permissions(), ..Role::Admin.rights() };
        let standing = Standing { numbers: key.numbers.clone(), ..Standing::default() };
        let id = PrincipalId::parse(&format!("key:{}", key.id)).ok_or(Stranger::NOBODY)?;
        Ok(Identity { principal: rights.of(id, standing), issuer: None, until: key.expires_at })
    }
}

fn unavailable(error: &ReadError) -> Stranger {
    tracing::error!(%error, "it could not be looked up who somebody is");
    Stranger::UNAVAILABLE
}

/// Whether it is written as a signed token is (RFC 7519, section 3), which no key of ours is.
fn is_token(credential: &str) -> bool {
    credential.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// The id of the stored API key that a principal is; `None` for everybody else.
pub(crate) fn key_of(principal: &PrincipalId) -> Option<&str> {
    principal.as_str().strip_prefix("key:").filter(|_| principal.as_str() != CONFIGURED)
}

/// The principal of a request, for routes that need one.
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Refusal> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let key = match header.map(|value| value.to_str().ok().and_then(bearer)) {
            None => None,
            Some(Some(key)) => Some(key),
            Some(None) => {
                let hint = "the Authorization header has to be `Bearer` and an API key or a token";
                return Err(Refusal::because(ErrorCode::Unauthenticated, hint));
            }
        };
        let identity = app.credentials.identify(key, directness(parts), app.clock.now()).await;
        let Identity { principal, .. } = identity.map_err(Stranger::refusal)?;
        view::note(parts, principal.view);
        Ok(Self(principal))
    }
}

/// The token of a `Bearer` header (RFC 6750, section 2.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}
