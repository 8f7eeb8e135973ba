//! What a message costs, as WhatsApp says ("Pricing on the WhatsApp Business Platform").

use crate::detail::Token;

/// What WhatsApp says of a message's price. New words appear without notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pricing {
    /// Whether it is charged; newer statuses leave it out, and `kind` tells.
    pub billable: Option<bool>,
    /// `PMP` (per message), formerly `CBP` (per conversation).
    pub model: Option<Token>,
    /// `regular` (charged), `free_customer_service` or `free_entry_point`.
    pub kind: Option<Token>,
    /// `service`, `utility`, `marketing`, `authentication`, ….
    pub category: Option<Token>,
}
