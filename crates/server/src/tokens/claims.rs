//! What a token claims, and whether it holds.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use waypost_domain::{Principal, PrincipalId, Role, Timestamp};

use super::error::Narrowing;
use super::{Token, TokenError};
use crate::config::JwtSettings;

/// How far ahead a token may end: nobody can take one back.
const LIFE_MAX_MS: i64 = 24 * 60 * 60 * 1000;

/// What a token has to be.
pub(super) struct Expected {
    issuer: Box<str>,
    audience: Box<str>,
    leeway_ms: i64,
}

impl Expected {
    pub(super) fn of(settings: &JwtSettings) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            leeway_ms: i64::try_from(settings.leeway.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// The claims that are looked at. A token may have others.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: Option<String>,
    aud: Option<Audience>,
    sub: Option<String>,
    exp: Option<Number>,
    nbf: Option<Number>,
    iat: Option<Number>,
    role: Option<Value>,
    #[serde(default, deserialize_with = "whatever")]
    numbers: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "whatever")]
    teams: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "whatever")]
    customers: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// `null` is a claim, too.
fn whatever<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IgnoredAny>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(Some)
}

impl Claims {
    /// What they prove, if all of them hold.
    pub(super) fn check(&self, expected: &Expected, now: Timestamp) -> Result<Token, TokenError> {
        if self.iss.as_deref() != Some(&*expected.issuer) {
            return Err(TokenError::Issuer);
        }
        let is_for_us = match &self.aud {
            Some(Audience::One(audience)) => **audience == *expected.audience,
            Some(Audience::Several(audiences)) => {
                audiences.iter().any(|audience| **audience == *expected.audience)
            }
            None => false,
        };
        if !is_for_us {
            return Err(TokenError::Audience);
        }
        let until = self.until(expected.leeway_ms, now)?;
        self.check_narrowing()?;
        let id = self.sub.as_deref().filter(|subject| !subject.is_empty());
        let id = id.and_then(|subject| PrincipalId::parse(&format!("user:{subject}")));
        let id = id.ok_or(TokenError::Subject)?;
        let role = self.role()?;
        Ok(Token { principal: Principal::with_role(id, role), issuer: expected.issuer.clone(), until })
    }

    fn until(&self, leeway_ms: i64, now: Timestamp) -> Result<Timestamp, TokenError> {
        let expiry = moment(self.exp.as_ref().ok_or(TokenError::NoExpiry)?)?;
        let until = expiry.plus_millis(leeway_ms);
        if now >= until {
            return Err(TokenError::Expired);
        }
        let latest_start = now.plus_millis(leeway_ms);
        if expiry > latest_start.plus_millis(LIFE_MAX_MS) {
            return Err(TokenError::TooLong);
        }
        for start in [&self.nbf, &self.iat].into_iter().flatten() {
            if moment(start)? > latest_start {
                return Err(TokenError::NotYetValid);
            }
        }
        Ok(until)
    }

    /// A claim that would narrow what its holder may see must not be passed over.
    fn check_narrowing(&self) -> Result<(), TokenError> {
        let claims = [
            (self.numbers, Narrowing::Numbers),
            (self.teams, Narrowing::Teams),
            (self.customers, Narrowing::Customers),
        ];
        match claims.into_iter().find(|(claim, _)| claim.is_some()) {
            Some((_, narrowing)) => Err(TokenError::Narrowed(narrowing)),
            None => Ok(()),
        }
    }

    fn role(&self) -> Result<Role, TokenError> {
        let role = self.role.as_ref().ok_or(TokenError::NoRole)?;
        role.as_str().and_then(Role::parse).ok_or(TokenError::UnknownRole)
    }
}

/// Seconds since the Unix epoch, of which there may be parts (RFC 7519, section 2, `NumericDate`).
fn moment(number: &Number) -> Result<Timestamp, TokenError> {
    if let Some(seconds) = number.as_i64() {
        return Ok(Timestamp::from_millis(seconds.saturating_mul(1000)));
    }
    let seconds = number.as_f64().ok_or(TokenError::Malformed)?;
    #[expect(clippy::cast_possible_truncation, reason = "it is held at the ends of the range")]
    Ok(Timestamp::from_millis((seconds * 1000.0) as i64))
}
