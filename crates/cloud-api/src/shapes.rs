//! The members of Meta's objects that are read. Everything else is stepped over, and kept in the item's raw text.

mod fields;

use crate::json::shape;

pub(crate) use fields::{
    AlertInfo, BookContact, CallItem, ChangeMetadata, ChunkMetadata, ContactChange, DisableInfo, GroupMember,
    GroupSettings, HandoverControl, HandoverParts, HandoverSender, HistoryChunk, HistoryContext,
    HistoryThread, LinkClick, OtherInfo, PreferenceItem, StandbyEcho, ThreadContext, ViolationInfo,
};

shape!(
    /// The whole body.
    Envelope { object = "object", entry = "entry" }
);
shape!(
    /// The changes of one account.
    Entry { id = "id", time = "time", changes = "changes" }
);
shape!(
    /// One change.
    Change { field = "field", value = "value" }
);
shape!(
    /// What changed, for the fields that are read.
    Value {
        metadata = "metadata",
        recipient = "recipient",
        contacts = "contacts",
        messages = "messages",
        statuses = "statuses",
        message_echoes = "message_echoes",
        history = "history",
        state_sync = "state_sync",
        calls = "calls",
        user_preferences = "user_preferences",
        groups = "groups",
        automatic_events = "automatic_events",
        standby = "standby",
        errors = "errors",
        user_actions = "user_actions",
        user_id_update = "user_id_update",
        event = "event",
        waba_info = "waba_info",
    }
);
shape!(
    /// Which business number it concerns.
    Metadata { phone_number_id = "phone_number_id", display = "display_phone_number" }
);
shape!(
    /// A person of whom the items speak.
    Contact { profile = "profile", wa_id = "wa_id", user_id = "user_id", parent_user_id = "parent_user_id" }
);
shape!(
    /// How a person calls themselves.
    Profile { name = "name", username = "username" }
);
shape!(
    /// `user_id_update`: somebody has another user id.
    UserIdUpdate {
        wa_id = "wa_id",
        user_id = "user_id",
        parent_user_id = "parent_user_id",
        detail = "detail",
        timestamp = "timestamp",
    }
);
shape!(
    /// An id before and after.
    ChangedId { previous = "previous", current = "current" }
);
shape!(
    /// `waba_info`: whose an account is.
    WabaInfo { waba_id = "waba_id", owner = "owner_business_id" }
);
shape!(
    /// A message, inbound or an echo. Its type names the member that holds the content.
    MessageItem {
        id = "id",
        kind = "type",
        timestamp = "timestamp",
        from = "from",
        from_user_id = "from_user_id",
        from_parent_user_id = "from_parent_user_id",
        to = "to",
        to_user_id = "to_user_id",
        to_parent_user_id = "to_parent_user_id",
        group_id = "group_id",
        context = "context",
        errors = "errors",
        text = "text",
        image = "image",
        video = "video",
        sticker = "sticker",
        document = "document",
        audio = "audio",
        location = "location",
        contacts = "contacts",
        // Of shared contacts: some say it here, some on each card.
        origin = "origin",
        interactive = "interactive",
        button = "button",
        reaction = "reaction",
        order = "order",
        system = "system",
        edit = "edit",
        revoke = "revoke",
        unsupported = "unsupported",
        identity = "identity",
        referral = "referral",
        history_context = "history_context",
    }
);
shape!(
    /// What a message answers, and how it got here.
    Context {
        id = "id",
        from = "from",
        forwarded = "forwarded",
        frequently_forwarded = "frequently_forwarded",
        referred_product = "referred_product",
    }
);
shape!(
    /// A product that is asked about.
    Product { catalog_id = "catalog_id", product = "product_retailer_id" }
);
shape!(
    /// The advertisement or post that opened the chat.
    Referral {
        source_type = "source_type",
        source_id = "source_id",
        source_url = "source_url",
        headline = "headline",
        body = "body",
        media_type = "media_type",
        image_url = "image_url",
        video_url = "video_url",
        thumbnail_url = "thumbnail_url",
        click = "ctwa_clid",
        welcome = "welcome_message",
    }
);
shape!(
    /// What greeted the customer.
    Welcome { text = "text" }
);
shape!(
    /// `text`, and whatever else is a body.
    Text { body = "body", preview_url = "preview_url" }
);
shape!(
    /// `image`, `video`, `document`, `audio`, `sticker`.
    Media {
        id = "id",
        url = "url",
        mime_type = "mime_type",
        sha256 = "sha256",
        caption = "caption",
        filename = "filename",
        voice = "voice",
        animated = "animated",
    }
);
shape!(
    /// `location`.
    Location {
        name = "name",
        address = "address",
        url = "url",
        latitude = "latitude",
        longitude = "longitude",
    }
);
shape!(
    /// A shared contact card.
    Card {
        origin = "origin",
        name = "name",
        org = "org",
        birthday = "birthday",
        phones = "phones",
        emails = "emails",
        addresses = "addresses",
        urls = "urls",
        vcard = "vcard",
    }
);
shape!(
    /// The name on a card.
    CardName { formatted = "formatted_name", first = "first_name", last = "last_name" }
);
shape!(
    /// A number on a card.
    CardPhone { phone = "phone", wa_id = "wa_id", kind = "type" }
);
shape!(
    /// An e-mail address on a card.
    CardEmail { email = "email", kind = "type" }
);
shape!(
    /// A postal address on a card.
    CardAddress { street = "street", city = "city", state = "state", zip = "zip", country = "country" }
);
shape!(
    /// A page on a card.
    CardUrl { url = "url" }
);
shape!(
    /// Where the person on a card works.
    CardOrg { company = "company" }
);
shape!(
    /// `interactive`: the answer to a question with buttons, a list, a flow, ….
    Interactive {
        kind = "type",
        button_reply = "button_reply",
        list_reply = "list_reply",
        nfm_reply = "nfm_reply",
        call_permission_reply = "call_permission_reply",
    }
);
shape!(
    /// Any of the interactive replies.
    Reply {
        id = "id",
        title = "title",
        description = "description",
        name = "name",
        body = "body",
        response_json = "response_json",
        response = "response",
        is_permanent = "is_permanent",
        expiration_timestamp = "expiration_timestamp",
        response_source = "response_source",
    }
);
shape!(
    /// `button`: a template's quick reply.
    Button { text = "text", payload = "payload" }
);
shape!(
    /// `reaction`.
    Reaction { message_id = "message_id", emoji = "emoji" }
);
shape!(
    /// `order`.
    Order { catalog_id = "catalog_id", text = "text", product_items = "product_items" }
);
shape!(
    /// One line of an order.
    OrderItem {
        product = "product_retailer_id",
        quantity = "quantity",
        price = "item_price",
        currency = "currency",
    }
);
shape!(
    /// `system`: something happened to the customer's account.
    System {
        kind = "type",
        body = "body",
        wa_id = "wa_id",
        // What it was called before.
        new_wa_id = "new_wa_id",
        user_id = "user_id",
        parent_user_id = "parent_user_id",
        identity = "identity",
    }
);
shape!(
    /// `identity`: the keys of the encryption as they are now.
    Identity { hash = "hash", created_timestamp = "created_timestamp" }
);
shape!(
    /// `unsupported`: what WhatsApp does not hand out.
    Unsupported { kind = "type" }
);
shape!(
    /// `edit` and `revoke`: what happened to another message.
    Amendment { original_message_id = "original_message_id", message = "message" }
);
shape!(
    /// A status of a message that was sent.
    StatusItem {
        id = "id",
        // Only those of a call say what they are of.
        kind = "type",
        status = "status",
        timestamp = "timestamp",
        recipient_type = "recipient_type",
        recipient_id = "recipient_id",
        recipient_user_id = "recipient_user_id",
        recipient_parent_user_id = "recipient_parent_user_id",
        // What Meta's page called it at first.
        recipient_parent_user_id_too = "parent_recipient_user_id",
        participant_id = "recipient_participant_id",
        // The groups page spells it both ways.
        participant_id_too = "participant_recipient_id",
        participant_user_id = "recipient_participant_user_id",
        pricing = "pricing",
        conversation = "conversation",
        errors = "errors",
    }
);
shape!(
    /// The conversation of a status; for groups the price stands inside.
    Conversation { pricing = "pricing" }
);
shape!(
    /// What a message costs.
    Pricing { billable = "billable", model = "pricing_model", kind = "type", category = "category" }
);
shape!(
    /// An error, in a webhook or in an answer of the Graph API.
    ErrorItem { code = "code", title = "title", message = "message", error_data = "error_data" }
);
shape!(
    /// What an error says to a person.
    ErrorData { details = "details" }
);
shape!(
    /// The Graph API's answer to a send.
    GraphAnswer { messages = "messages", contacts = "contacts", error = "error" }
);
