//! What Meta sends, or who pretends to be Meta.

use waypost_cloud_api::{AppSecrets, SignatureHeader, parse, sign};
use waypost_domain::{Fact, Timestamp};

use crate::Budget;

const RECEIVED: Timestamp = Timestamp::from_millis(1_794_100_000_000);

/// The smallest item that is something is `{"type":"x"}`, a report; what is broken is kept in few dead letters, however
/// short its items are.
const BUDGET: Budget = Budget { per_byte: 400, fixed_bytes: 40_000 };

/// Most dead letters of one body.
const DEAD_LETTERS_MAX: usize = 101;

/// Longest reason of a dead letter, in bytes: a place, never what stands there.
const REASON_BYTES_MAX: usize = 200;

/// A body becomes facts that hold no more than the body did.
pub fn webhook(bytes: &[u8]) {
    let facts = BUDGET.spend(bytes.len(), || parse(bytes, RECEIVED));
    let mut raw_bytes = 0;
    for fact in &facts {
        raw_bytes += match fact {
            Fact::Message(message) => message.raw.as_str().len(),
            Fact::Status(status) => status.raw.as_str().len(),
            Fact::Past(past) => past.message.raw.as_str().len(),
            Fact::Call(report) => report.raw.as_str().len(),
            Fact::Field(report) => report.raw.as_str().len(),
            Fact::Dead(letter) => {
                assert!(letter.reason.len() <= REASON_BYTES_MAX, "{}", letter.reason);
                letter.raw.len()
            }
        };
    }
    let dead = facts.iter().filter(|fact| matches!(fact, Fact::Dead(_))).count();
    assert!(dead <= DEAD_LETTERS_MAX, "{dead} dead letters");
    // A history's progress has its JSON put together anew, and so has the dead letter of many items.
    let bytes_max = bytes.len() + 32 * (facts.len() + 1);
    assert!(raw_bytes <= bytes_max, "{raw_bytes} bytes of {}", bytes.len());
}

/// A header is taken exactly when it has the shape, without allocating anything, and is right exactly when it is what
/// the secret makes of the body.
pub fn signature_header(bytes: &[u8]) {
    const NOTHING: Budget = Budget { per_byte: 0, fixed_bytes: 0 };
    let parsed = NOTHING.spend(bytes.len(), || SignatureHeader::parse(bytes));
    let digits = bytes.strip_prefix(b"sha256=");
    let has_shape =
        digits.is_some_and(|digits| digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit));
    assert_eq!(parsed.is_ok(), has_shape);
    let Ok(header) = parsed else { return };
    let (secret, body) = ("secret", b"{}");
    let secrets = AppSecrets::new([secret]).expect("one secret that is not blank");
    let is_right = bytes.eq_ignore_ascii_case(sign(secret, body).as_bytes());
    assert_eq!(secrets.verify(&header, body).is_ok(), is_right);
}
