//! The body of a send (Meta's "messages" endpoint).

use serde::Serialize;
use waypost_domain::{AliasKind, LinkPreview};

use super::OutgoingText;

/// A text message.
#[derive(Serialize)]
pub(super) struct TextRequest<'a> {
    messaging_product: &'static str,
    recipient_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<&'a str>,
    r#type: &'static str,
    text: TextBody<'a>,
    biz_opaque_callback_data: String,
}

#[derive(Serialize)]
struct TextBody<'a> {
    body: &'a str,
    preview_url: bool,
}

impl<'a> TextRequest<'a> {
    pub(super) fn new(text: &OutgoingText<'a>) -> Self {
        let name: &'a str = &text.to.value;
        let (to, recipient) = match text.to.kind {
            // Without the plus Meta puts the business number's country code in front.
            AliasKind::Phone => (Some(format!("+{name}")), None),
            AliasKind::Group => (Some(name.to_owned()), None),
            // An external id is in nobody's `CustomerAliases`.
            AliasKind::Bsuid | AliasKind::ParentBsuid | AliasKind::External => (None, Some(name)),
        };
        Self {
            messaging_product: "whatsapp",
            recipient_type: if text.to.kind == AliasKind::Group { "group" } else { "individual" },
            to,
            recipient,
            r#type: "text",
            text: TextBody { body: text.body, preview_url: text.preview == LinkPreview::Shown },
            biz_opaque_callback_data: text.callback.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use waypost_domain::{Alias, OutboxId, Timestamp};

    use super::*;

    fn json(kind: AliasKind, value: &str) -> serde_json::Value {
        let to = Alias::parse(kind, value).unwrap();
        let callback = OutboxId::from_parts(Timestamp::from_millis(1), 2);
        let text = OutgoingText { to: &to, body: "Hi \"you\"", preview: LinkPreview::Hidden, callback };
        serde_json::to_value(TextRequest::new(&text)).unwrap()
    }

    #[test]
    fn a_phone_is_dialled_with_its_plus() {
        assert_eq!(
            json(AliasKind::Phone, "15550002001"),
            serde_json::json!({
                "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+15550002001",
                "type": "text", "text": { "body": "Hi \"you\"", "preview_url": false },
                "biz_opaque_callback_data": OutboxId::from_parts(Timestamp::from_millis(1), 2).to_string(),
            })
        );
    }

    #[test]
    fn a_bsuid_is_a_recipient_and_a_group_is_a_group() {
        let bsuid = json(AliasKind::Bsuid, "US.70000000000000002001");
        assert_eq!((&bsuid["recipient"], bsuid.get("to")), (&"US.70000000000000002001".into(), None));
        let group = json(AliasKind::Group, "RmFrZUdyb3Vw");
        assert_eq!((&group["recipient_type"], &group["to"]), (&"group".into(), &"RmFrZUdyb3Vw".into()));
    }
}
