//! What is taken, and every way in which a token is refused. All keys are made when a test runs.

mod claims;
mod keys;
mod published;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;
use waypost_domain::Timestamp;
use waypost_store::Clock;

use super::{Token, TokenError, Tokens, key};
use crate::config::{JwtKeys, JwtSettings, PublicKey, Roles, Secret};

/// The time of the tests, in seconds.
const NOW: i64 = 1_794_000_000;

const SECRET: &str = "of-32-bytes,-and-made-for-a-test";

/// A clock that a test sets.
#[derive(Default)]
struct TestClock(AtomicU64);

impl TestClock {
    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(NOW * 1000)
}

fn settings(keys: JwtKeys) -> JwtSettings {
    JwtSettings {
        keys,
        issuer: "https://login.example".into(),
        audience: "waypost".into(),
        leeway: Duration::from_secs(30),
        roles: Roles::default(),
    }
}

fn tokens_with(keys: JwtKeys) -> anyhow::Result<Tokens> {
    Tokens::new(&settings(keys), Arc::new(TestClock::default()), TaskTracker::new())
}

fn tokens_with_secret() -> Tokens {
    let secret = Secret::new(SECRET).expect("a secret");
    tokens_with(JwtKeys::Secret(secret)).unwrap()
}

fn tokens_with_key(issuer: &Issuer) -> Tokens {
    tokens_with(JwtKeys::PublicKey(PublicKey::Pem(issuer.pem.clone()))).unwrap()
}

async fn verify(tokens: &Tokens, token: &str) -> Result<Token, TokenError> {
    tokens.verify(token, now()).await
}

/// Somebody who signs tokens.
struct Issuer {
    key: EncodingKey,
    algorithm: Algorithm,
    pem: String,
    name: Option<String>,
}

impl Issuer {
    fn secret() -> Self {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        Self { key, algorithm: Algorithm::HS256, pem: String::new(), name: None }
    }

    fn rsa() -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let der = pair.serialize_der();
        // PKCS #8 around PKCS #1: version, algorithm, key.
        let (info, _) = key::element(0x30, &der).unwrap();
        let (_, rest) = key::element(0x02, info).unwrap();
        let (_, rest) = key::element(0x30, rest).unwrap();
        let (inner, _) = key::element(0x04, rest).unwrap();
        Self::of(&pair, EncodingKey::from_rsa_der(inner), Algorithm::RS256)
    }

    fn p256() -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self::of(&pair, EncodingKey::from_ec_der(&pair.serialize_der()), Algorithm::ES256)
    }

    fn p384() -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        Self::of(&pair, EncodingKey::from_ec_der(&pair.serialize_der()), Algorithm::ES384)
    }

    fn ed25519() -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        Self::of(&pair, EncodingKey::from_ed_der(&pair.serialize_der()), Algorithm::EdDSA)
    }

    fn of(pair: &KeyPair, key: EncodingKey, algorithm: Algorithm) -> Self {
        Self { key, algorithm, pem: pair.public_key_pem(), name: None }
    }

    fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    fn with(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid.clone_from(&self.name);
        encode(&header, claims, &self.key).unwrap()
    }

    /// As it would be published.
    fn jwk(&self) -> Value {
        if self.algorithm == Algorithm::EdDSA {
            // The raw key is what its PEM ends with.
            let der = pem_content(&self.pem);
            let x = encoded(&der[der.len() - 32..]);
            return json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.name });
        }
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id.clone_from(&self.name);
        serde_json::to_value(&jwk).unwrap()
    }
}

/// Claims that are right.
fn claims() -> Value {
    json!({
        "iss": "https://login.example",
        "aud": "waypost",
        "sub": "ana",
        "role": "agent",
        "exp": NOW + 3_600,
    })
}

/// Right claims but for this one; `Value::Null` leaves it out.
fn claims_but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

fn pem_content(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(text).unwrap()
}

fn encoded(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
