//! The members of Meta's objects that are read. Everything else is stepped over, and kept in the item's raw text.

use crate::json::{Node, Shape, shape};

shape!(
    /// The whole body.
    Envelope { object = "object", entry = "entry" }
);
shape!(
    /// The changes of one account.
    Entry { id = "id", changes = "changes" }
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
        errors = "errors",
        user_actions = "user_actions",
    }
);
shape!(
    /// Which business number it concerns.
    Metadata { phone_number_id = "phone_number_id" }
);
shape!(
    /// A chunk of an old chat, or why there is none.
    HistoryChunk { threads = "threads", errors = "errors" }
);
shape!(
    /// A person of whom the items speak.
    Contact { profile = "profile", wa_id = "wa_id", user_id = "user_id", parent_user_id = "parent_user_id" }
);
shape!(
    /// How a person calls themselves.
    Profile { name = "name" }
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
        document = "document",
        audio = "audio",
        location = "location",
        contacts = "contacts",
        interactive = "interactive",
        button = "button",
        reaction = "reaction",
        order = "order",
        system = "system",
        edit = "edit",
        revoke = "revoke",
    }
);
shape!(
    /// What a message answers.
    Context { id = "id" }
);
shape!(
    /// `text`, and whatever else is a body.
    Text { body = "body" }
);
shape!(
    /// `image`, `video`, `document`, `audio`.
    Media { caption = "caption", filename = "filename", voice = "voice" }
);
shape!(
    /// `location`.
    Location { name = "name", address = "address", latitude = "latitude", longitude = "longitude" }
);
shape!(
    /// A shared contact card.
    Card { name = "name", phones = "phones" }
);
shape!(
    /// The name on a card.
    CardName { formatted = "formatted_name", first = "first_name", last = "last_name" }
);
shape!(
    /// A number on a card.
    CardPhone { phone = "phone", wa_id = "wa_id" }
);
shape!(
    /// `interactive`: the answer to a question with buttons, a list, a flow, ….
    Interactive {
        button_reply = "button_reply",
        list_reply = "list_reply",
        nfm_reply = "nfm_reply",
        call_permission_reply = "call_permission_reply",
    }
);
shape!(
    /// Any of the interactive replies.
    Reply { title = "title", body = "body", response = "response" }
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
    Order { text = "text", product_items = "product_items" }
);
shape!(
    /// One line of an order.
    OrderItem { product = "product_retailer_id", quantity = "quantity" }
);
shape!(
    /// `system`: something happened to the customer's account.
    System { body = "body", wa_id = "wa_id", user_id = "user_id", parent_user_id = "parent_user_id" }
);
shape!(
    /// `edit` and `revoke`: what happened to another message.
    Amendment { original_message_id = "original_message_id", message = "message" }
);
shape!(
    /// A status of a message that was sent.
    StatusItem {
        id = "id",
        status = "status",
        timestamp = "timestamp",
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
