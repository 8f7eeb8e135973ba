//! What only its holder has: in a cookie, or in a link. Stored is the digest.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use waypost_store::accounts::SecretDigest;

/// 256 random bits, written as base64url.
pub(crate) struct Secret256(String);

impl Secret256 {
    pub(crate) fn from_random(bits: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bits))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn digest(&self) -> SecretDigest {
        digest(&self.0)
    }
}

impl fmt::Debug for Secret256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret256(…)")
    }
}

/// The digest under which a secret is known. Whoever looks it up by that learns nothing from the time it takes.
pub(crate) fn digest(secret: &str) -> SecretDigest {
    Sha256::digest(secret.as_bytes()).into()
}
