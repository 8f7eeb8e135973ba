//! Whether a webhook body is Meta's: HMAC-SHA256 over the raw bytes, keyed with the app's secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

const PREFIX: &[u8] = b"sha256=";
const MAC_BYTES: usize = 32;

/// A signature header of the right shape: `sha256=` and 64 hexadecimal digits.
///
/// Its shape is checked before the body is read, so that nobody makes us buffer megabytes with a header that could
/// never be right. It holds a claim, not a proof: see [`AppSecrets::verify`].
#[derive(Clone, Copy)]
pub struct SignatureHeader([u8; MAC_BYTES]);

/// A header that cannot be a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature header is not sha256= and 64 hexadecimal digits")]
pub struct MalformedSignature;

impl SignatureHeader {
    /// Reads the value of `X-Hub-Signature-256`. Upper-case digits are accepted.
    ///
    /// # Errors
    /// When the value has another shape.
    pub fn parse(value: &[u8]) -> Result<Self, MalformedSignature> {
        let digits = value.strip_prefix(PREFIX).ok_or(MalformedSignature)?;
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != MAC_BYTES || !rest.is_empty() {
            return Err(MalformedSignature);
        }
        let mut mac = [0; MAC_BYTES];
        for (byte, [high, low]) in mac.iter_mut().zip(pairs) {
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
        }
        Ok(Self(mac))
    }
}

impl fmt::Debug for SignatureHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureHeader(hidden)")
    }
}

fn hex_digit(digit: u8) -> Result<u8, MalformedSignature> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(MalformedSignature),
    }
}

/// The secrets of one Meta app: usually one, two while it is being changed. `Debug` hides them.
#[derive(Clone)]
pub struct AppSecrets(Vec<Hmac<Sha256>>);

/// No secret, or a blank one, with which anybody could sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an app secret is missing or blank")]
pub struct InvalidSecrets;

/// A body that none of the secrets signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not one of this app's")]
pub struct WrongSignature;

impl AppSecrets {
    /// The secrets, each the text that Meta's dashboard shows (its bytes are the key: it is not decoded from hex).
    ///
    /// # Errors
    /// When there is none, or one of them is blank.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, InvalidSecrets> {
        let keyed = secrets
            .into_iter()
            .map(|secret| match secret.as_ref() {
                blank if blank.trim().is_empty() => Err(InvalidSecrets),
                secret => Ok(keyed(secret)),
            })
            .collect::<Result<Vec<_>, _>>()?;
        if keyed.is_empty() { Err(InvalidSecrets) } else { Ok(Self(keyed)) }
    }

    /// Whether one of the secrets made `header` for exactly these bytes. `body` is what came over the wire: not
    /// trimmed, decompressed or encoded again. The time taken tells neither which secret, nor where a byte differs.
    ///
    /// # Errors
    /// When none did.
    pub fn verify(&self, header: &SignatureHeader, body: &[u8]) -> Result<(), WrongSignature> {
        let found = self
            .0
            .iter()
            .fold(Choice::from(0), |found, secret| found | mac(secret.clone(), body).ct_eq(&header.0));
        if found.into() { Ok(()) } else { Err(WrongSignature) }
    }
}

impl fmt::Debug for AppSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppSecrets({} hidden)", self.0.len())
    }
}

/// The header's value for a body, as Meta makes it: for the simulator and for tests.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut header = String::from("sha256=");
    for byte in mac(keyed(secret), body) {
        for digit in [byte >> 4, byte & 15] {
            header.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    header
}

fn keyed(secret: &str) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length")
}

fn mac(mut keyed: Hmac<Sha256>, body: &[u8]) -> [u8; MAC_BYTES] {
    keyed.update(body);
    keyed.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"object":"whatsapp_business_account"}"#;

    fn verified(secrets: &[&str], header: &str, body: &[u8]) -> bool {
        let header = SignatureHeader::parse(header.as_bytes()).unwrap();
        AppSecrets::new(secrets).unwrap().verify(&header, body).is_ok()
    }

    #[test]
    fn each_of_the_secrets_signs() {
        assert!(verified(&["new", "old"], &sign("old", BODY), BODY));
        assert!(verified(&["new", "old"], &sign("new", BODY), BODY));
        assert!(!verified(&["new", "old"], &sign("stolen", BODY), BODY));
    }

    #[test]
    fn one_changed_byte_is_noticed() {
        let mut changed = BODY.to_vec();
        changed[3] ^= 1;
        assert!(!verified(&["secret"], &sign("secret", BODY), &changed));
        assert!(!verified(&["secret"], &sign("secret", BODY), b""));
    }

    #[test]
    fn upper_case_digits_are_accepted() {
        let header = sign("secret", BODY).replace("sha256=", "").to_uppercase();
        assert!(verified(&["secret"], &format!("sha256={header}"), BODY));
    }

    #[test]
    fn a_header_of_another_shape_is_refused() {
        let good = sign("secret", BODY);
        for bad in [
            "",
            "sha256=",
            "sha1=0897f3f7134b78cd13a0e5feab8e04acdad05f04",
            &good[..good.len() - 1],
            &format!("{good}0"),
            &format!("{good}00"),
            &format!(" {good}"),
            &good.replace("sha256", "SHA256"),
            &format!("sha256={}", "g".repeat(64)),
            &format!("sha256={}", "é".repeat(32)),
        ] {
            assert_eq!(SignatureHeader::parse(bad.as_bytes()).err(), Some(MalformedSignature), "{bad}");
        }
    }

    #[test]
    fn a_blank_secret_is_no_secret() {
        for secrets in [&[][..], &[""], &["good", " "]] {
            assert_eq!(AppSecrets::new(secrets).err(), Some(InvalidSecrets));
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", AppSecrets::new(["s3cret"]).unwrap());
        assert_eq!(shown, "AppSecrets(1 hidden)");
    }
}
