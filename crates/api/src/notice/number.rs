//! Business numbers.

use super::view;
use crate::event::ErrorBody;
use crate::time::IsoTime;

view!(
    /// What a number may send.
    NumberLimitsView of NumberLimits {
        /// The number, in digits.
        number: &'a str,
        /// What happened (`ONBOARDING`, `THROUGHPUT_UPGRADE`, …).
        event: &'a str,
        /// How many customers a day may be written to first (`TIER_10K`).
        daily_limit: &'a str,
        /// The limit before, in older webhooks.
        old_limit: &'a str,
        /// The limit now, in older webhooks.
        current_limit: &'a str,
    }
);
view!(
    /// The name of a number was decided on.
    NumberNameView of NumberName {
        /// The number, in digits.
        number: &'a str,
        /// How.
        decision: &'a str,
        /// The name that was asked for.
        requested: &'a str,
        /// Why not.
        rejection: &'a str,
    }
);
view!(
    /// What the business may do.
    CapabilityView of Capability {
        /// How many customers a day may be written to first: a tier, or in older webhooks a number.
        daily_limit: &'a str,
        /// How many numbers the business may have.
        numbers_per_business: u32,
        /// How many numbers an account may have.
        numbers_per_waba: u32,
    }
);
view!(
    /// The username of a business number.
    BusinessUsernameView of BusinessUsername {
        /// The number, in digits.
        number: &'a str,
        /// The username; not there where it was deleted.
        username: &'a str,
        /// `approved`, `reserved` or `deleted`.
        status: &'a str,
    }
);
view!(
    /// Something about the PIN of a number.
    SecurityView of SecurityNotice {
        /// The number, in digits.
        number: &'a str,
        /// What (`PIN_CHANGED`, …).
        event: &'a str,
        /// Who asked for it.
        requester: &'a str,
    }
);
view!(
    /// A customer's chat goes from one app to another.
    HandoverView of Handover {
        /// `passed` or `taken`.
        control: &'a str,
        /// What the app before says to the next one.
        metadata: &'a str,
        /// The customer's number, in digits.
        customer_number: &'a str,
        /// When.
        at: IsoTime,
    }
);
view!(
    /// How far the sharing of old chats is. Chunks come in any order.
    HistoryView of HistoryProgress {
        /// 0: the last day; 1: up to 90 days; 2: up to 180 days.
        phase: u32,
        /// The place of the chunk in its phase.
        chunk_order: u32,
        /// In per cent of the whole.
        progress: u32,
        /// Why there is none: 2593109 says that the business declined to share.
        errors: Vec<ErrorBody<'a>>,
    }
);
