//! One-time passwords by time (RFC 6238): SHA-1, six digits, thirty seconds, as every app has them. And the codes for whoever
//! has lost the app.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use waypost_domain::{Login, Timestamp};
use waypost_store::accounts::CodeDigest;
use zeroize::Zeroizing;

use super::secret::digest;

const STEP_MS: i64 = 30_000;
const DIGITS: usize = 6;
/// The bytes of a secret: as many as the digest has (RFC 4226, section 4).
pub(super) const SECRET_BYTES: usize = 20;
/// Random bytes of a recovery code.
const CODE_BYTES: usize = 10;
/// Who asks for the password, as the app shows it.
const ISSUER: &str = "Waypost";
const BASE_32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What one-time passwords are made with.
pub(super) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// The step whose password `code` is: the present one, or one beside it. All three are looked at, whichever it is.
pub(super) fn matching_step(secret: &TotpSecret, code: &str, now: Timestamp) -> Option<u64> {
    let present = u64::try_from(now.as_millis().div_euclid(STEP_MS)).ok()?;
    let (mut found, mut matched) = (Choice::from(0), 0);
    for step in present.saturating_sub(1)..=present + 1 {
        let is_it = password(secret, step).as_bytes().ct_eq(code.as_bytes());
        matched = u64::conditional_select(&matched, &step, is_it);
        found |= is_it;
    }
    bool::from(found).then_some(matched)
}

/// Whether it is written as a one-time password is; else it may be a recovery code.
pub(super) fn is_password(code: &str) -> bool {
    code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// The one-time password of a step.
pub(super) fn password(secret: &TotpSecret, step: u64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose()).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let place = usize::from(digest[19] & 15);
    let word = u32::from_be_bytes([digest[place], digest[place + 1], digest[place + 2], digest[place + 3]]);
    format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
}

/// The secret as one types it into an app.
pub(super) fn secret_text(secret: &TotpSecret) -> String {
    base_32(secret.expose())
}

/// The secret as an app reads it.
pub(super) fn uri(secret: &TotpSecret, login: &Login) -> String {
    // A login has no white space, so that this is percent-encoding.
    let login: String = url::form_urlencoded::byte_serialize(login.as_str().as_bytes()).collect();
    let secret = secret_text(secret);
    format!(
        "otpauth://totp/{ISSUER}:{login}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={}",
        STEP_MS / 1_000
    )
}

/// A recovery code, as it is shown once.
pub(super) fn recovery_code(random: &[u8; 32]) -> String {
    let text = base_32(&random[..CODE_BYTES]);
    let groups: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..at + 4]).collect();
    groups.join("-")
}

/// Under which a recovery code is known, however it is typed.
pub(super) fn code_digest(code: &str) -> CodeDigest {
    let plain: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|digit| digit.to_ascii_uppercase()).collect();
    digest(&plain)
}

/// RFC 4648, section 6, of bytes that come in fives.
fn base_32(bytes: &[u8]) -> String {
    let (fives, _) = bytes.as_chunks::<5>();
    let digits = fives.iter().flat_map(|five| {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..8)
            .rev()
            .map(move |place| char::from(BASE_32[usize::try_from(bits >> (5 * place) & 31).unwrap_or(0)]))
    });
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// RFC 6238, appendix B; of its eight digits the last six.
    #[test]
    fn passwords_are_those_of_the_standard() {
        let secret = TotpSecret::new(b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(matching_step(&secret, code, at(seconds)), Some(step), "{seconds}");
            assert_eq!(matching_step(&secret, code, at(seconds + 30)), Some(step));
            assert_eq!(matching_step(&secret, code, at(seconds - 30)), Some(step));
            assert_eq!(matching_step(&secret, code, at(seconds + 60)), None);
        }
        for wrong in ["", "28708", "2870820", "000000"] {
            assert_eq!(matching_step(&secret, wrong, at(59)), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_is_told_all_it_needs() {
        let secret = TotpSecret::new(b"12345678901234567890");
        let uri = uri(&secret, &Login::parse("ann+desk@example.com").unwrap());
        assert_eq!(
            uri,
            "otpauth://totp/Waypost:ann%2Bdesk%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Waypost&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let code = recovery_code(&[0xab; 32]);
        assert_eq!(code, "VOV2-XK5L-VOV2-XK5L");
        assert_eq!(code_digest(&code), code_digest("vov2xk5l vov2xk5l"));
        assert!(!is_password(&code) && is_password("012345"));
    }
}
