//! What a token says of itself before its signature is looked at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::TokenError;

/// With what a token is signed, by its own word: nothing of it is trusted.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    /// The key's name among those of the issuer.
    pub(super) key: Option<String>,
}

#[derive(Deserialize)]
struct Read {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl Header {
    pub(super) fn parse(token: &str) -> Result<Self, TokenError> {
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Malformed);
        };
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenError::Malformed)?;
        let read: Read = serde_json::from_slice(&header).map_err(|_| TokenError::Malformed)?;
        if read.crit.is_some() {
            // RFC 7515, section 4.1.11: whoever does not know what is critical refuses the token; we know none of it.
            return Err(TokenError::Critical);
        }
        // `none` is no algorithm here.
        let algorithm = read.alg.parse().map_err(|_| TokenError::Algorithm)?;
        Ok(Self { algorithm, key: read.kid })
    }
}
