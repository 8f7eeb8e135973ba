//! The encoder that the store is built with.

use waypost_store::{Encode, EncodedEvent};

/// Writes events as the public contract has them.
#[must_use]
pub fn encoder() -> Encode {
    Box::new(|event| {
        let (name, body) = waypost_api::encode(event);
        EncodedEvent { name, body }
    })
}
