//! A key and the algorithms that it is for: what a token says of itself chooses among these and nothing else.

use anyhow::{Context as _, bail};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation, decode};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{SubjectPublicKeyInfoDer, alg_id};
use serde::Deserialize;

use super::TokenError;
use super::claims::Claims;

const HMAC: &[Algorithm] = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];
const P256: &[Algorithm] = &[Algorithm::ES256];
const P384: &[Algorithm] = &[Algorithm::ES384];
const ED25519: &[Algorithm] = &[Algorithm::EdDSA];

/// A smaller RSA key verifies nothing: RFC 7518, section 3.3.
const RSA_BITS_MIN: usize = 2048;

/// A key to verify with.
pub(super) struct Key {
    decoding: DecodingKey,
    /// Of the signature alone, with the algorithms that the key is for; claims are ours to check.
    signature: Validation,
}

impl Key {
    pub(super) fn from_secret(secret: &[u8]) -> Self {
        Self::new(DecodingKey::from_secret(secret), HMAC)
    }

    /// A public key in PEM.
    pub(super) fn from_pem(text: &str) -> anyhow::Result<Self> {
        let info = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes())
            .ok()
            .context("it has no part that begins with -----BEGIN PUBLIC KEY----- and can be read")?;
        let (kind, bits) = public_key_info(&info).context("it is no public key")?;
        let key = match kind {
            kind if kind == alg_id::RSA_ENCRYPTION.as_ref() => {
                if rsa_bits(bits).is_none_or(|bits| bits < RSA_BITS_MIN) {
                    bail!("an RSA key has to have at least {RSA_BITS_MIN} bits");
                }
                Self::new(DecodingKey::from_rsa_der(bits), RSA)
            }
            kind if kind == alg_id::ECDSA_P256.as_ref() => Self::new(DecodingKey::from_ec_der(bits), P256),
            kind if kind == alg_id::ECDSA_P384.as_ref() => Self::new(DecodingKey::from_ec_der(bits), P384),
            kind if kind == alg_id::ED25519.as_ref() => Self::new(DecodingKey::from_ed_der(bits), ED25519),
            _ => bail!("it is of another kind than RSA, P-256, P-384 and Ed25519"),
        };
        Ok(key)
    }

    fn new(decoding: DecodingKey, algorithms: &[Algorithm]) -> Self {
        let mut signature = Validation::new(Algorithm::HS256);
        signature.algorithms = algorithms.to_vec();
        signature.required_spec_claims.clear();
        signature.validate_exp = false;
        signature.validate_aud = false;
        Self { decoding, signature }
    }

    /// Whether it is for this algorithm.
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        self.signature.algorithms.contains(&algorithm)
    }

    /// The claims of a token that is signed with this key.
    pub(super) fn claims(&self, token: &str, algorithm: Algorithm) -> Result<Claims, TokenError> {
        if !self.is_for(algorithm) {
            return Err(TokenError::Algorithm);
        }
        match decode::<Claims>(token, &self.decoding, &self.signature) {
            Ok(read) => Ok(read.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::InvalidSignature => TokenError::Signature,
                ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => TokenError::Algorithm,
                _ => TokenError::Malformed,
            }),
        }
    }
}

/// A key of a JWK set (RFC 7517), as far as it matters here.
#[derive(Deserialize)]
pub(super) struct PublishedKey {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    pub(super) kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl PublishedKey {
    /// `None` where it is not for signatures, or of a kind or size that is not verified with. A secret (`oct`) is none any
    /// more once it is published.
    pub(super) fn key(&self) -> Option<Key> {
        let is_to_verify = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_to_verify {
            return None;
        }
        let (decoding, algorithms) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => (self.rsa()?, RSA),
            ("EC", Some("P-256")) => (self.point(65)?, P256),
            ("EC", Some("P-384")) => (self.point(97)?, P384),
            ("OKP", Some("Ed25519")) => (self.ed25519()?, ED25519),
            _ => return None,
        };
        match &self.alg {
            None => Some(Key::new(decoding, algorithms)),
            Some(word) => {
                let algorithm = word.parse().ok().filter(|algorithm| algorithms.contains(algorithm))?;
                Some(Key::new(decoding, &[algorithm]))
            }
        }
    }

    fn rsa(&self) -> Option<DecodingKey> {
        let key = DecodingKey::from_rsa_components(self.n.as_ref()?, self.e.as_ref()?).ok()?;
        let is_long = match key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, .. } => bits(n) >= RSA_BITS_MIN,
            DecodingKeyKind::SecretOrDer(_) => false,
        };
        is_long.then_some(key)
    }

    fn point(&self, bytes: usize) -> Option<DecodingKey> {
        let key = DecodingKey::from_ec_components(self.x.as_ref()?, self.y.as_ref()?).ok()?;
        key.try_get_as_bytes().is_ok_and(|point| point.len() == bytes).then_some(key)
    }

    fn ed25519(&self) -> Option<DecodingKey> {
        let key = DecodingKey::from_ed_components(self.x.as_ref()?).ok()?;
        key.try_get_as_bytes().is_ok_and(|bytes| bytes.len() == 32).then_some(key)
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// The algorithm of a `SubjectPublicKeyInfo` (RFC 5280, section 4.1), and the key's own bytes.
fn public_key_info(info: &[u8]) -> Option<(&[u8], &[u8])> {
    let (info, _) = element(SEQUENCE, info)?;
    let (algorithm, rest) = element(SEQUENCE, info)?;
    let (bits, _) = element(BIT_STRING, rest)?;
    // The first byte says how many bits of the last are not used.
    Some((algorithm, bits.strip_prefix(&[0])?))
}

/// The size of an `RSAPublicKey` (RFC 8017, appendix A.1.1).
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let (key, _) = element(SEQUENCE, key)?;
    let (modulus, _) = element(INTEGER, key)?;
    Some(bits(modulus))
}

/// The bits of a number, most significant byte first.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros..];
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// The content of the DER element that these bytes begin with, and what comes after it.
pub(super) fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = der.split_first_chunk()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => {
            let (&[length], rest) = rest.split_first_chunk()?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        // No key is longer.
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}
