//! The business that the customers write to.

use waypost_domain::{PhoneNumberId, WabaId};

/// One business number, as webhooks and the Graph API name it.
#[derive(Clone, Debug)]
pub struct Business {
    /// The account: `entry[].id`.
    pub waba_id: WabaId,
    /// The number's id: `metadata.phone_number_id`, and the path of the Graph API.
    pub phone_number_id: PhoneNumberId,
    /// The number in digits: `metadata.display_phone_number`.
    pub display_phone_number: String,
}

impl Business {
    /// The business of the demo, which exists nowhere else.
    #[must_use]
    pub fn demo() -> Self {
        Self::with_number(PhoneNumberId::parse("100000000000101").expect("fifteen digits are an id"))
    }

    /// The business of the demo, with the number id that a server is configured for.
    #[must_use]
    pub fn with_number(phone_number_id: PhoneNumberId) -> Self {
        Self {
            waba_id: WabaId::parse("200000000000001").expect("fifteen digits are an id"),
            phone_number_id,
            display_phone_number: "15550100000".to_owned(),
        }
    }
}
