//! Whose credential it is.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{Method, header, request};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use waypost_api::ErrorCode;
use waypost_domain::{AccountSessionId, Principal, PrincipalId, Rights, Role, Standing, Timestamp};
use waypost_realtime::ClientAddress;
use waypost_store::accounts::{SecretDigest, SignedIn};
use waypost_store::{ReadError, Store};

use super::gate::{Directness, directness, has_csrf_header};
use super::problem::Refusal;
use super::view;
use crate::accounts::{NoRights, People};
use crate::app::App;
use crate::config::{Anonymous, AuthConfig};
use crate::limits::Who;
use crate::rights::Claimed;
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
    people: Arc<People>,
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
    /// Of whoever is signed in, with what the account gives.
    pub(crate) session: Option<(AccountSessionId, Claimed)>,
}

impl Identity {
    /// Somebody who may do everything, for good.
    fn administrator(id: &str) -> Result<Self, Stranger> {
        let id = PrincipalId::parse(id).ok_or(Stranger::NOBODY)?;
        Ok(Self {
            principal: Principal::with_role(id, Role::Admin),
            issuer: None,
            until: None,
            session: None,
        })
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

impl From<NoRights> for Stranger {
    fn from(why: NoRights) -> Self {
        let code = match why {
            NoRights::TotpMissing => ErrorCode::TotpMissing,
            NoRights::UnknownRole => ErrorCode::Forbidden,
        };
        Self { code, reason: Some(why.reason()) }
    }
}

impl From<TokenError> for Stranger {
    fn from(error: TokenError) -> Self {
        Self { code: error.code(), reason: Some(error.reason()) }
    }
}

impl Credentials {
    pub(crate) fn new(
        auth: &AuthConfig,
        tokens: Option<Tokens>,
        (people, store): (Arc<People>, Store),
    ) -> Self {
        let configured = auth.api_key.iter().map(|key| digest(key.expose())).collect();
        Self { configured, anonymous: auth.anonymous, tokens, people, store }
    }

    /// Who is signed in with a cookie; `None` where nobody is any more.
    ///
    /// # Errors
    /// Where the account gives no rights, and where that cannot be looked up just now.
    pub(crate) async fn identify_cookie(&self, digest: &SecretDigest) -> Result<Option<Identity>, Stranger> {
        let Some(signed_in) = self.signed_in(digest).await? else { return Ok(None) };
        let claimed = self.claimed(&signed_in)?;
        let principal = self.principal(claimed.clone(), signed_in.account.principal_id()).await?;
        let SignedIn { session, .. } = signed_in;
        let until = Some(session.expires_at);
        Ok(Some(Identity { principal, issuer: None, until, session: Some((session.id, claimed)) }))
    }

    async fn signed_in(&self, digest: &SecretDigest) -> Result<Option<SignedIn>, Stranger> {
        self.people.signed_in(digest).await.map_err(|error| {
            tracing::error!(%error, "a session of an account could not be looked up");
            Stranger::UNAVAILABLE
        })
    }

    fn claimed(&self, signed_in: &SignedIn) -> Result<Claimed, Stranger> {
        self.people.claimed(signed_in).map_err(Stranger::from)
    }

    async fn principal(&self, claimed: Claimed, id: PrincipalId) -> Result<Principal, Stranger> {
        claimed.principal(id, &self.store).await.map_err(|error| unavailable(&error))
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
            let principal = self.principal(claimed, id).await?;
            return Ok(Identity { principal, issuer: Some(issuer), until: Some(until), session: None });
        }
        let stored = self.store.find_key(digest).await.map_err(|error| unavailable(&error))?;
        let key = stored.filter(|key| key.is_alive(now)).ok_or(Stranger::NOBODY)?;
        let rights = Rights { permissions: key.permissions(), ..Role::Admin.rights() };
        let standing = Standing { numbers: key.numbers.clone(), ..Standing::default() };
        let id = PrincipalId::parse(&format!("key:{}", key.id)).ok_or(Stranger::NOBODY)?;
        Ok(Identity {
            principal: rights.of(id, standing),
            issuer: None,
            until: key.expires_at,
            session: None,
        })
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
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) Principal);

/// Who is signed in, whatever the account may do: for what one does with one's own account.
pub(crate) struct SignedInCaller(pub(crate) SignedIn);

/// Whoever calls.
pub(crate) enum Somebody {
    /// By cookie, whatever the account may do.
    SignedIn(SignedIn),
    /// In another way.
    Other(Principal),
}

impl FromRequestParts<App> for SignedInCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Refusal> {
        let hint = "sign in with an account: this is about whoever does";
        match signed_in(parts, app).await? {
            Some(signed_in) => counted(app, &signed_in.account.principal_id()).map(|()| Self(signed_in)),
            None => Err(stranger_refusal(parts, app, Refusal::because(ErrorCode::Unauthenticated, hint))),
        }
    }
}

impl FromRequestParts<App> for Somebody {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Refusal> {
        if let Some(signed_in) = signed_in(parts, app).await? {
            counted(app, &signed_in.account.principal_id())?;
            return Ok(Self::SignedIn(signed_in));
        }
        Caller::from_request_parts(parts, app).await.map(|Caller(principal)| Self::Other(principal))
    }
}

/// Who is signed in by the cookie of a page of ours. A header beats it. What changes something has to have the header that
/// only such a page can send.
async fn signed_in(parts: &request::Parts, app: &App) -> Result<Option<SignedIn>, Refusal> {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let Some(digest) = app.cookie.digest(&app.gate, &parts.headers) else { return Ok(None) };
    let found = app.credentials.signed_in(&digest).await.map_err(Stranger::refusal)?;
    let changes = ![Method::GET, Method::HEAD].contains(&parts.method);
    if found.is_some() && changes && !has_csrf_header(&parts.headers) {
        return Err(Refusal::new(ErrorCode::CsrfHeaderMissing));
    }
    Ok(found)
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Refusal> {
        if let Some(signed_in) = signed_in(parts, app).await? {
            counted(app, &signed_in.account.principal_id())?;
            let claimed = app.credentials.claimed(&signed_in).map_err(Stranger::refusal)?;
            let principal = app.credentials.principal(claimed, signed_in.account.principal_id()).await;
            return principal.map(|principal| Self::noted(parts, principal)).map_err(Stranger::refusal);
        }
        let header = parts.headers.get(header::AUTHORIZATION);
        let key = match header.map(|value| value.to_str().ok().and_then(bearer)) {
            None => None,
            Some(Some(key)) => Some(key),
            Some(None) => {
                let hint = "the Authorization header has to be `Bearer` and an API key or a token";
                let refusal = Refusal::because(ErrorCode::Unauthenticated, hint);
                return Err(stranger_refusal(parts, app, refusal));
            }
        };
        let identity = app.credentials.identify(key, directness(parts), app.clock.now()).await;
        let Identity { principal, .. } = match identity {
            Ok(identity) => identity,
            Err(stranger) => return Err(stranger_refusal(parts, app, stranger.refusal())),
        };
        counted(app, &principal.id)?;
        Ok(Self::noted(parts, principal))
    }
}

impl Caller {
    fn noted(parts: &request::Parts, principal: Principal) -> Self {
        view::note(parts, principal.view);
        Self(principal)
    }
}

/// Counts a request of somebody who is known.
fn counted(app: &App, id: &PrincipalId) -> Result<(), Refusal> {
    let counted = app.limits.request(Who::Principal(id.clone()));
    counted.map_err(|wait| Refusal::for_now(ErrorCode::RateLimited, wait))
}

/// Counts a request of nobody for its address. Only what is refused anyway is counted so: others behind the same address, with
/// a good credential, are not kept out by it.
fn stranger_refusal(parts: &request::Parts, app: &App, refusal: Refusal) -> Refusal {
    counted_address(parts, app).err().unwrap_or(refusal)
}

/// Counts a request for its address.
pub(super) fn counted_address(parts: &request::Parts, app: &App) -> Result<(), Refusal> {
    let Some(ClientAddress(address)) = app.trusted_proxies.client_of(parts) else { return Ok(()) };
    let counted = app.limits.request(Who::Address(address));
    counted.map_err(|wait| Refusal::for_now(ErrorCode::RateLimited, wait))
}

/// The token of a `Bearer` header (RFC 6750, section 2.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}
