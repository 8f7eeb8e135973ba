//! Whose credential it is.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{header, request};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use waypost_api::ErrorCode;
use waypost_domain::{Principal, PrincipalId, Role, Timestamp};
use waypost_store::{ReadError, Store};

use super::gate::{Directness, directness};
use super::problem::Refusal;
use crate::app::App;
use crate::config::{Anonymous, Secrets};

/// The principal of a configured key.
const CONFIGURED: &str = "key:configured";
/// The principal of anonymous use at the machine itself.
const LOCAL: &str = "local";

/// Knows the credentials. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Credentials {
    configured: Arc<[KeyDigest]>,
    anonymous: Anonymous,
    store: Store,
}

/// The SHA-256 of an API key. Keys have 192 random bits, so that a plain hash is enough.
pub(crate) type KeyDigest = [u8; 32];

/// The digest under which a key is known.
pub(crate) fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

impl Credentials {
    pub(crate) fn new(keys: &Secrets, anonymous: Anonymous, store: Store) -> Self {
        let configured = keys.iter().map(|key| digest(key.expose())).collect();
        Self { configured, anonymous, store }
    }

    /// Who it is; `None` where the credential is missing or not valid.
    ///
    /// # Errors
    /// Where the store cannot say.
    pub(crate) async fn principal(
        &self,
        key: Option<&str>,
        directness: Directness,
        now: Timestamp,
    ) -> Result<Option<Principal>, ReadError> {
        match key {
            Some(key) => self.key_holder(key, now).await,
            None if self.anonymous == Anonymous::Loopback && directness == Directness::Loopback => {
                Ok(admin(LOCAL))
            }
            None => Ok(None),
        }
    }

    async fn key_holder(&self, key: &str, now: Timestamp) -> Result<Option<Principal>, ReadError> {
        let digest = digest(key);
        if self.configured.iter().any(|known| known.ct_eq(&digest).into()) {
            return Ok(admin(CONFIGURED));
        }
        let stored = self.store.find_key(digest).await?.filter(|key| key.is_alive(now));
        Ok(stored.and_then(|key| {
            let id = PrincipalId::parse(&format!("key:{}", key.id))?;
            Some(Principal { id, permissions: key.permissions() })
        }))
    }
}

fn admin(id: &str) -> Option<Principal> {
    PrincipalId::parse(id).map(|id| Principal::with_role(id, Role::Admin))
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
                let hint = "the Authorization header has to be `Bearer` and an API key";
                return Err(Refusal::because(ErrorCode::Unauthenticated, hint));
            }
        };
        match app.credentials.principal(key, directness(parts), app.clock.now()).await {
            Ok(Some(principal)) => Ok(Self(principal)),
            Ok(None) => Err(Refusal::new(ErrorCode::Unauthenticated)),
            Err(error) => {
                tracing::error!(error = %error, "a credential could not be looked up");
                Err(Refusal::new(ErrorCode::Unavailable))
            }
        }
    }
}

/// The token of a `Bearer` header (RFC 6750, section 2.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}
