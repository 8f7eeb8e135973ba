//! Customers and groups.

use super::{NamesView, view};
use crate::event::ErrorBody;
use crate::time::IsoTime;

view!(
    /// What a customer wants to get.
    PreferenceView of Preference {
        /// Of what (`marketing_messages`).
        category: &'a str,
        /// What they chose (`stop`, `resume`, `signup`).
        value: &'a str,
        /// In words.
        text <- detail: &'a str,
        /// Where they signed up.
        signup_id <- signup: &'a str,
        /// When.
        at: IsoTime,
    }
);
view!(
    /// A contact in the book of the business's phone.
    ContactView of SavedContact {
        /// `add`, also for a change, or `remove`.
        action: &'a str,
        /// The name as it is saved; not there where the contact was removed, or has none.
        saved_name: &'a str,
        /// Its username.
        username: &'a str,
        /// When.
        at: IsoTime,
    }
);
view!(
    /// A copy of what another app deals with.
    StandbyView of StandbyCopy {
        /// `message`, `echo` (the other app wrote) or `status`.
        part: &'a str,
        /// WhatsApp's id of the message.
        whatsapp_message_id <- wamid: &'a str,
        /// The message's type.
        message_type <- kind: &'a str,
        /// What a person would read of it; the word of a status.
        content: &'a str,
        /// When.
        at: IsoTime,
    }
);
view!(
    /// WhatsApp found that a chat led to something.
    AutomaticEventView of AutomaticEvent {
        /// Its id.
        id: &'a str,
        /// What (`LeadSubmitted`, `Purchase`).
        name: &'a str,
        /// The click on an advertisement that it goes back to.
        click_id <- click: &'a str,
        /// When.
        at: IsoTime,
    }
);
view!(
    /// Somebody clicked on a link; who is not told.
    UserActionView of UserAction {
        /// What was done (`marketing_messages_link_click`).
        action: &'a str,
        /// On what.
        component: &'a str,
        /// The product behind it.
        product_id <- product: &'a str,
        /// The click's id.
        click_id <- click: &'a str,
        /// What whoever sent the message gave it to be known by.
        tracking: &'a str,
        /// When.
        at: IsoTime,
    }
);
view!(
    /// A customer has another user id.
    UserIdView of UserIdChange {
        /// The BSUID until now.
        previous_user_id <- previous: &'a str,
        /// The BSUID from now on.
        user_id <- current: &'a str,
        /// The BSUID of the enrolled parent until now.
        previous_parent_user_id <- previous_parent: &'a str,
        /// The BSUID of the enrolled parent from now on.
        parent_user_id <- current_parent: &'a str,
        /// In words.
        text <- detail: &'a str,
        /// When.
        at: IsoTime,
    }
);
view!(
    /// Something happened to a group.
    GroupView of GroupChange {
        /// What (`group_create`, `group_suspend`, …).
        r#type <- kind: &'a str,
        /// The group.
        group_id <- group: &'a str,
        /// The request of ours that it answers.
        request_id <- request: &'a str,
        /// Why, in a word.
        reason: &'a str,
        /// The group's subject.
        subject: &'a str,
        /// The group's description.
        description: &'a str,
        /// The link that invites.
        invite_link: &'a str,
        /// Who may come in.
        join_approval: &'a str,
        /// The request to join.
        join_request_id <- join_request: &'a str,
        /// Who wants to join, or left.
        member: NamesView<'a>,
        /// By whose doing.
        initiated_by: &'a str,
        /// Who came.
        added: Vec<MemberView<'a>>,
        /// Who went.
        removed: Vec<MemberView<'a>>,
        /// Who could not come or go.
        failed: Vec<FailedMemberView<'a>>,
        /// What was to be changed of subject, description and picture.
        settings: Vec<SettingView<'a>>,
        /// What went wrong with all of it.
        errors: Vec<ErrorBody<'a>>,
        /// When.
        at: IsoTime,
    }
);
view!(
    /// Somebody in a group.
    MemberView of Member {
        /// What you called them in your request.
        input: &'a str,
        /// The names by which WhatsApp speaks of them.
        names <- aliases: NamesView<'a>,
        /// Their username.
        username: &'a str,
    }
);
view!(
    /// Somebody who could not be added or taken out.
    FailedMemberView of FailedMember {
        /// Who.
        member: MemberView<'a>,
        /// Why.
        errors: Vec<ErrorBody<'a>>,
    }
);

view!(
    /// One setting of a group that was to be changed.
    SettingView of GroupSetting {
        /// `group_subject`, `group_description` or `profile_picture`.
        name: &'a str,
        /// Its text.
        text: &'a str,
        /// Whether it was changed.
        changed: bool,
        /// Why not.
        errors: Vec<ErrorBody<'a>>,
    }
);
