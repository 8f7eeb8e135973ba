//! What a webhook field other than messages says, typed: one closed set, a variant for each shape that Meta documents.
//!
//! As with `detail`, whatever is left out or cannot be used is `None`, all text is bounded, and the raw item keeps what
//! was sent. Meta's own words (`APPROVED`, `TIER_10K`, …) are kept as words: new ones appear without notice.

mod account;
mod group;
mod number;
mod people;
mod template;

use crate::customer::CustomerName;
use crate::detail::Token;
use crate::message::ErrorDetail;
use crate::time::Timestamp;

pub use account::{
    AccountAlert, AccountChange, AccountReview, Ban, Disconnection, FlowNotice, PartnerSolution,
    PaymentConfiguration, Restriction, SharedAccount, VolumeTier,
};
pub use group::{Changed, FailedMember, GroupChange, GroupSetting, Member};
pub use number::{BusinessUsername, Capability, Handover, NumberLimits, NumberName, SecurityNotice};
pub use people::{
    AutomaticEvent, MarketingChoice, Preference, SavedContact, StandbyCopy, StandbyPart, UserAction,
    UserIdChange,
};
pub use template::{
    Rejection, TemplateButton, TemplateCategory, TemplateComponents, TemplateName, TemplateQuality,
    TemplateStatus,
};

/// What a field said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// `message_template_status_update`
    TemplateStatus(TemplateStatus),
    /// `message_template_quality_update`
    TemplateQuality(TemplateQuality),
    /// `message_template_components_update`
    TemplateComponents(TemplateComponents),
    /// `template_category_update` and `template_correct_category_detection`
    TemplateCategory(TemplateCategory),
    /// `phone_number_quality_update`, which is about limits
    NumberLimits(NumberLimits),
    /// `phone_number_name_update`
    NumberName(NumberName),
    /// `account_update`
    Account(Box<AccountChange>),
    /// `account_alerts`
    Alert(AccountAlert),
    /// `account_review_update`
    Review(AccountReview),
    /// `business_capability_update`
    Capability(Capability),
    /// `business_username_updates`
    BusinessUsername(BusinessUsername),
    /// `security`
    Security(SecurityNotice),
    /// `flows`
    Flow(FlowNotice),
    /// `partner_solutions`
    Solution(PartnerSolution),
    /// `payment_configuration_update`
    Payment(PaymentConfiguration),
    /// `user_preferences`: what a customer wants to get
    Preference(Preference),
    /// `group_lifecycle_update`, `group_participants_update`, `group_settings_update`, `group_status_update`
    Group(Box<GroupChange>),
    /// `standby`: a copy of what another app deals with
    Standby(StandbyCopy),
    /// `messaging_handovers`: who deals with a customer from now on
    Handover(Handover),
    /// `automatic_events`
    AutomaticEvent(AutomaticEvent),
    /// `errors` of a number, beside or in place of its messages
    Errors(NumberErrors),
    /// `user_actions`: a link was clicked; by whom is not told
    UserAction(UserAction),
    /// `user_id_update`: a customer has another user id
    UserId(UserIdChange),
    /// `smb_app_state_sync`: the contact book of the business's phone
    Contact(SavedContact),
    /// `history`: how far the sharing of old chats is
    History(HistoryProgress),
}

/// What went wrong with a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberErrors {
    /// The errors.
    pub errors: Vec<ErrorDetail>,
    /// What tells the items that they stood beside from others: the same errors beside others are told again. `None` where they
    /// came alone.
    pub beside: Option<[u8; 32]>,
}

/// How far the sharing of old chats is. The order of what comes is not the order of the chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryProgress {
    /// 0: the last day; 1: up to 90 days; 2: up to 180 days.
    pub phase: Option<u32>,
    /// The place of the chunk in its phase.
    pub chunk_order: Option<u32>,
    /// In per cent of the whole.
    pub progress: Option<u32>,
    /// Why there is none: 2593109 says that the business declined to share.
    pub errors: Vec<ErrorDetail>,
}

impl HistoryProgress {
    /// Meta's code for "the business does not share its chats".
    pub const DECLINED: i64 = 2_593_109;

    /// Whether the business declined to share its chats.
    #[must_use]
    pub fn is_declined(&self) -> bool {
        self.errors.iter().any(|error| error.code == Self::DECLINED)
    }
}

/// How far the sharing of a number's old chats has come in all, whatever the order of its chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistorySync {
    /// The highest phase that was seen.
    pub phase: Option<u32>,
    /// The highest progress that was seen, in per cent.
    pub progress: Option<u32>,
    /// When the business declined.
    pub declined_at: Option<Timestamp>,
}

/// What is noted of a customer beside how they call themselves. Of several notes the newest counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerNotes {
    /// How the business's phone calls them.
    pub saved_name: Option<CustomerName>,
    /// Whether they want marketing messages, where they have said so.
    pub marketing: Option<MarketingChoice>,
}

/// Meta's word or id, for programs.
type Word = Option<Token>;
