//! The encoder that the store is built with.

use waypost_store::{Encode, EncodedEvent};

/// Writes events and messages as the public contract has them.
#[must_use]
pub fn encoder() -> Encode {
    Encode {
        event: |event| {
            let (name, body) = waypost_api::encode(event);
            EncodedEvent { name, body }
        },
        detail: waypost_api::encode_detail,
    }
}
