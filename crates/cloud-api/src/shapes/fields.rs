//! Of fields other than messages: old chats, the contact book, calls, preferences, groups, accounts.

use crate::json::shape;

shape!(
    /// A chunk of old chats, or why there is none.
    HistoryChunk { metadata = "metadata", threads = "threads", errors = "errors" }
);
shape!(
    /// Where a chunk stands among the others.
    ChunkMetadata { phase = "phase", chunk_order = "chunk_order", progress = "progress" }
);
shape!(
    /// An old chat.
    HistoryThread { id = "id", context = "context", messages = "messages" }
);
shape!(
    /// With whom an old chat is.
    ThreadContext { wa_id = "wa_id", user_id = "user_id", parent_user_id = "parent_user_id" }
);
shape!(
    /// How far an old message had come.
    HistoryContext { status = "status" }
);
shape!(
    /// A change to the contact book of the business's phone.
    ContactChange { kind = "type", contact = "contact", action = "action", metadata = "metadata" }
);
shape!(
    /// A contact in that book.
    BookContact {
        full_name = "full_name",
        first_name = "first_name",
        phone_number = "phone_number",
        user_id = "user_id",
        parent_user_id = "parent_user_id",
        username = "username",
    }
);
shape!(
    /// When something was changed.
    ChangeMetadata { timestamp = "timestamp" }
);
shape!(
    /// A report of a call.
    CallItem {
        id = "id",
        from = "from",
        from_user_id = "from_user_id",
        from_parent_user_id = "from_parent_user_id",
        to = "to",
        to_user_id = "to_user_id",
        to_parent_user_id = "to_parent_user_id",
        event = "event",
        direction = "direction",
        timestamp = "timestamp",
        status = "status",
        start_time = "start_time",
        end_time = "end_time",
        duration = "duration",
    }
);
shape!(
    /// What a customer wants to get.
    PreferenceItem {
        wa_id = "wa_id",
        user_id = "user_id",
        parent_user_id = "parent_user_id",
        detail = "detail",
        category = "category",
        value = "value",
        signup_id = "signup_id",
        timestamp = "timestamp",
    }
);
shape!(
    /// What another app sent, as it gave it to the Graph API.
    StandbyEcho { id = "id", timestamp = "timestamp", message = "message" }
);
shape!(
    /// When a template is disabled.
    DisableInfo { disable_date = "disable_date" }
);
shape!(
    /// What else is said of a template, and where.
    OtherInfo { other_info = "other_info", title = "title", description = "description" }
);
shape!(
    /// Which rule was broken.
    ViolationInfo { kind = "violation_type" }
);
shape!(
    /// An alert, and what it is about.
    AlertInfo { entity_type = "entity_type", entity_id = "entity_id", alert_info = "alert_info" }
);
shape!(
    /// Who deals with a customer from now on.
    HandoverParts {
        sender = "sender",
        timestamp = "timestamp",
        passed = "control_passed",
        taken = "control_taken",
    }
);
shape!(
    /// A part of that.
    HandoverControl { metadata = "metadata" }
);
shape!(
    /// The customer of whom it is.
    HandoverSender {
        phone_number = "phone_number",
        user_id = "user_id",
        parent_user_id = "parent_user_id",
    }
);
shape!(
    /// A click on a link.
    LinkClick {
        action_type = "action_type",
        timestamp = "timestamp",
        click = "marketing_messages_link_click_data",
    }
);
shape!(
    /// How WhatsApp speaks of somebody in a group.
    GroupMember { wa_id = "wa_id", user_id = "user_id", parent_user_id = "parent_user_id" }
);
shape!(
    /// What was to be changed of a group.
    GroupSettings {
        subject = "group_subject",
        description = "group_description",
        picture = "profile_picture",
    }
);
