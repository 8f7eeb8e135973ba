//! What a token claims, and whether it holds.

use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use waypost_domain::{Limits, PrincipalId, Responder, Rights, RoleName, Timestamp};

use super::{Token, TokenError};
use crate::config::{JwtSettings, Roles};
use crate::rights::Claimed;

/// How far ahead a token may end: nobody can take one back.
const LIFE_MAX_MS: i64 = 24 * 60 * 60 * 1000;

/// What a token has to be.
pub(super) struct Expected {
    issuer: Box<str>,
    audience: Box<str>,
    leeway_ms: i64,
    roles: Roles,
}

impl Expected {
    pub(super) fn of(settings: &JwtSettings) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            leeway_ms: i64::try_from(settings.leeway.as_millis()).unwrap_or(i64::MAX),
            roles: settings.roles.clone(),
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
    #[serde(default, deserialize_with = "names")]
    numbers: Option<Vec<String>>,
    #[serde(default, deserialize_with = "names")]
    teams: Option<Vec<String>>,
    #[serde(default, deserialize_with = "names")]
    customers: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// A claim that is there is a list: `null` does not mean that nothing is narrowed.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
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
        let id = self.sub.as_deref().filter(|subject| !subject.is_empty());
        let id = id.and_then(|subject| PrincipalId::parse(&format!("user:{subject}")));
        let id = id.ok_or(TokenError::Subject)?;
        let claimed = Claimed {
            rights: self.rights(&expected.roles)?,
            agent: self.sub.as_deref().and_then(Responder::parse),
            limits: self.limits()?,
        };
        Ok(Token { id, claimed, issuer: expected.issuer.clone(), until })
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

    fn limits(&self) -> Result<Limits, TokenError> {
        let limits = Limits::parse(self.numbers.as_deref(), self.teams.as_deref(), self.customers.as_deref());
        limits.map_err(TokenError::Limits)
    }

    fn rights(&self, roles: &Roles) -> Result<Rights, TokenError> {
        let role = self.role.as_ref().ok_or(TokenError::NoRole)?;
        role.as_str()
            .and_then(RoleName::parse)
            .and_then(|role| roles.rights(&role))
            .ok_or(TokenError::UnknownRole)
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
