//! What a webhook field other than messages says, typed: `detail` of a `whatsappEvent`.
//!
//! Every member that is not known is left out. Meta's own words (`APPROVED`, `TIER_10K`, …) stay as they are.

mod account;
mod number;
mod people;
mod template;

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::detail::{Line, Link, Passage, Token};
use waypost_domain::notice::{Changed, StandbyPart};
use waypost_domain::{
    Alias, AliasKind, CustomerAliases, CustomerName, ErrorDetail, MessageType, Notice, Timestamp, Wamid,
};

use crate::event::ErrorBody;
use crate::time::IsoTime;
use account::{AccountView, AlertView, FlowView, PaymentView, ReviewView, SolutionView};
use number::{
    BusinessUsernameView, CapabilityView, HandoverView, HistoryView, NumberLimitsView, NumberNameView,
    SecurityView,
};
use people::{
    AutomaticEventView, ContactView, GroupView, PreferenceView, StandbyView, UserActionView, UserIdView,
};
use template::{TemplateCategoryView, TemplateComponentsView, TemplateQualityView, TemplateStatusView};

/// How a part of a notice is shown as a `V`; `None` where it is not there.
trait Shown<'a, V> {
    fn shown(&'a self) -> Option<V>;
}

/// What is text is shown as it is.
macro_rules! shown_as_text {
    ($($kind:ty),*) => {$(
        impl<'a> Shown<'a, &'a str> for Option<$kind> {
            fn shown(&'a self) -> Option<&'a str> {
                self.as_ref().map(<$kind>::as_str)
            }
        }
    )*};
}
shown_as_text!(Token, Link, Line, Passage, CustomerName, MessageType, Wamid);

impl<'a> Shown<'a, &'a str> for StandbyPart {
    fn shown(&'a self) -> Option<&'a str> {
        Some(self.as_str())
    }
}

impl Shown<'_, Self> for &'static str {
    fn shown(&self) -> Option<Self> {
        Some(self)
    }
}

impl Shown<'_, u32> for Option<u32> {
    fn shown(&self) -> Self {
        *self
    }
}

impl Shown<'_, bool> for Option<Changed> {
    fn shown(&self) -> Option<bool> {
        self.map(|changed| changed == Changed::Yes)
    }
}

impl Shown<'_, IsoTime> for Option<Timestamp> {
    fn shown(&self) -> Option<IsoTime> {
        self.map(IsoTime)
    }
}

impl<'a> Shown<'a, Vec<ErrorBody<'a>>> for Vec<ErrorDetail> {
    fn shown(&'a self) -> Option<Vec<ErrorBody<'a>>> {
        (!self.is_empty()).then(|| ErrorBody::all(self))
    }
}

/// Defines a view: a struct of what is there, each member made of the field of the same name, or of the one behind the
/// arrow.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident of $from:ident {
        $($(#[$about:meta])* $field:ident $(<- $source:ident)?: $kind:ty),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(serde::Serialize, utoipa::ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name<'a> {
            $(
                $(#[$about])*
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schema(inline)]
                $field: Option<$kind>,
            )*
        }

        impl<'a> $name<'a> {
            pub(super) fn new(from: &'a waypost_domain::notice::$from) -> Self {
                Self { $($field: crate::notice::view!(@shown from $field $($source)?),)* }
            }
        }

        impl<'a> crate::notice::Shown<'a, $name<'a>> for waypost_domain::notice::$from {
            fn shown(&'a self) -> Option<$name<'a>> {
                Some($name::new(self))
            }
        }

        impl<'a> crate::notice::Shown<'a, $name<'a>> for Option<waypost_domain::notice::$from> {
            fn shown(&'a self) -> Option<$name<'a>> {
                self.as_ref().map($name::new)
            }
        }

        impl<'a> crate::notice::Shown<'a, Vec<$name<'a>>> for Vec<waypost_domain::notice::$from> {
            fn shown(&'a self) -> Option<Vec<$name<'a>>> {
                (!self.is_empty()).then(|| self.iter().map($name::new).collect())
            }
        }
    };
    (@shown $from:ident $field:ident) => { crate::notice::Shown::shown(&$from.$field) };
    (@shown $from:ident $field:ident $source:ident) => { crate::notice::Shown::shown(&$from.$source) };
}
use view;

/// `detail` of a `whatsappEvent`: what the field says, by `kind`.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum NoticeView<'a> {
    /// `message_template_status_update`
    TemplateStatus(#[schema(inline)] TemplateStatusView<'a>),
    /// `message_template_quality_update`
    TemplateQuality(#[schema(inline)] TemplateQualityView<'a>),
    /// `message_template_components_update`
    TemplateComponents(#[schema(inline)] TemplateComponentsView<'a>),
    /// `template_category_update`, `template_correct_category_detection`
    TemplateCategory(#[schema(inline)] TemplateCategoryView<'a>),
    /// `phone_number_quality_update`, which is about limits
    NumberLimits(#[schema(inline)] NumberLimitsView<'a>),
    /// `phone_number_name_update`
    NumberName(#[schema(inline)] NumberNameView<'a>),
    /// `account_update`
    Account(#[schema(inline)] AccountView<'a>),
    /// `account_alerts`
    Alert(#[schema(inline)] AlertView<'a>),
    /// `account_review_update`
    Review(#[schema(inline)] ReviewView<'a>),
    /// `business_capability_update`
    Capability(#[schema(inline)] CapabilityView<'a>),
    /// `business_username_updates`
    BusinessUsername(#[schema(inline)] BusinessUsernameView<'a>),
    /// `security`
    Security(#[schema(inline)] SecurityView<'a>),
    /// `flows`
    Flow(#[schema(inline)] FlowView<'a>),
    /// `partner_solutions`
    Solution(#[schema(inline)] SolutionView<'a>),
    /// `payment_configuration_update`
    Payment(#[schema(inline)] PaymentView<'a>),
    /// `user_preferences`
    Preference(#[schema(inline)] PreferenceView<'a>),
    /// `group_lifecycle_update`, `group_participants_update`, `group_settings_update`, `group_status_update`
    Group(#[schema(inline)] GroupView<'a>),
    /// `standby`: a copy of what another app deals with. It is not yours to answer.
    Standby(#[schema(inline)] StandbyView<'a>),
    /// `messaging_handovers`
    Handover(#[schema(inline)] HandoverView<'a>),
    /// `automatic_events`
    AutomaticEvent(#[schema(inline)] AutomaticEventView<'a>),
    /// `errors` of a number, beside or in place of messages
    Errors(#[schema(inline)] ErrorsView<'a>),
    /// `user_actions`
    UserAction(#[schema(inline)] UserActionView<'a>),
    /// `user_id_update`: a customer has another user id
    UserId(#[schema(inline)] UserIdView<'a>),
    /// `smb_app_state_sync`: the contact book of the business's phone
    Contact(#[schema(inline)] ContactView<'a>),
    /// `history`: how far the sharing of old chats is
    History(#[schema(inline)] HistoryView<'a>),
}

impl<'a> NoticeView<'a> {
    pub(crate) fn new(notice: &'a Notice) -> Self {
        match notice {
            Notice::TemplateStatus(notice) => Self::TemplateStatus(TemplateStatusView::new(notice)),
            Notice::TemplateQuality(notice) => Self::TemplateQuality(TemplateQualityView::new(notice)),
            Notice::TemplateComponents(notice) => {
                Self::TemplateComponents(TemplateComponentsView::new(notice))
            }
            Notice::TemplateCategory(notice) => Self::TemplateCategory(TemplateCategoryView::new(notice)),
            Notice::NumberLimits(notice) => Self::NumberLimits(NumberLimitsView::new(notice)),
            Notice::NumberName(notice) => Self::NumberName(NumberNameView::new(notice)),
            Notice::Account(notice) => Self::Account(AccountView::new(notice)),
            Notice::Alert(notice) => Self::Alert(AlertView::new(notice)),
            Notice::Review(notice) => Self::Review(ReviewView::new(notice)),
            Notice::Capability(notice) => Self::Capability(CapabilityView::new(notice)),
            Notice::BusinessUsername(notice) => Self::BusinessUsername(BusinessUsernameView::new(notice)),
            Notice::Security(notice) => Self::Security(SecurityView::new(notice)),
            Notice::Flow(notice) => Self::Flow(FlowView::new(notice)),
            Notice::Solution(notice) => Self::Solution(SolutionView::new(notice)),
            Notice::Payment(notice) => Self::Payment(PaymentView::new(notice)),
            Notice::Preference(notice) => Self::Preference(PreferenceView::new(notice)),
            Notice::Group(notice) => Self::Group(GroupView::new(notice)),
            Notice::Standby(notice) => Self::Standby(StandbyView::new(notice)),
            Notice::Handover(notice) => Self::Handover(HandoverView::new(notice)),
            Notice::AutomaticEvent(notice) => Self::AutomaticEvent(AutomaticEventView::new(notice)),
            Notice::Errors(notice) => Self::Errors(ErrorsView { errors: ErrorBody::all(&notice.errors) }),
            Notice::UserAction(notice) => Self::UserAction(UserActionView::new(notice)),
            Notice::UserId(notice) => Self::UserId(UserIdView::new(notice)),
            Notice::Contact(notice) => Self::Contact(ContactView::new(notice)),
            Notice::History(notice) => Self::History(HistoryView::new(notice)),
        }
    }
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorsView<'a> {
    errors: Vec<ErrorBody<'a>>,
}

/// The names by which WhatsApp speaks of somebody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamesView<'a> {
    /// The phone number in digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    /// The BSUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    /// The BSUID of the enrolled parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_user_id: Option<&'a str>,
}

impl<'a> Shown<'a, NamesView<'a>> for Option<CustomerAliases> {
    fn shown(&'a self) -> Option<NamesView<'a>> {
        let aliases = self.as_ref()?;
        let of = |kind| aliases.of_kind(kind).map(|alias: &'a Alias| &*alias.value);
        Some(NamesView {
            phone: of(AliasKind::Phone),
            user_id: of(AliasKind::Bsuid),
            parent_user_id: of(AliasKind::ParentBsuid),
        })
    }
}
