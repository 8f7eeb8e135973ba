//! The app on a person's phone that makes one-time passwords.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use waypost_testkit::unix_seconds;

/// One that was told a secret.
#[derive(Clone, Debug)]
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    /// Takes a secret as it is typed.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let digits = secret.bytes().map(|byte| match byte {
            b'A'..=b'Z' => byte - b'A',
            _ => byte - b'2' + 26,
        });
        let bits: Vec<u8> =
            digits.flat_map(|digit| (0..5).rev().map(move |place| digit >> place & 1)).collect();
        Self(bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit)).collect())
    }

    /// The bytes of the secret.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.0
    }

    /// What it shows now, or so many steps later.
    ///
    /// # Panics
    /// Never: an HMAC takes any key.
    #[must_use]
    pub fn password(&self, later: i64) -> String {
        let step = unix_seconds() / 30 + later;
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("a key");
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let place = usize::from(digest[19] & 15);
        let word = u32::from_be_bytes(digest[place..place + 4].try_into().expect("four bytes"));
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}
