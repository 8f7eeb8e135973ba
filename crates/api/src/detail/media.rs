//! Files.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::detail::{Media, MediaKind};

/// `media`: the file of a message. Its caption is the message's content.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MediaView<'a> {
    /// `image`, `video`, `audio`, `voice`, `document` or `sticker`.
    kind: &'static str,
    /// Whether a sticker moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    animated: Option<bool>,
    /// WhatsApp's id, by which it can be fetched for seven days.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// Where it can be fetched for five minutes, with the access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// Its type as the sender claims it, with parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// What the sender calls it: never a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
}

impl<'a> MediaView<'a> {
    pub(super) fn new(media: &'a Media) -> Self {
        Self {
            kind: match media.kind {
                MediaKind::Image => "image",
                MediaKind::Video => "video",
                MediaKind::Audio => "audio",
                MediaKind::Voice => "voice",
                MediaKind::Document => "document",
                MediaKind::Sticker | MediaKind::AnimatedSticker => "sticker",
            },
            animated: (media.kind == MediaKind::AnimatedSticker).then_some(true),
            id: media.id.as_ref().map(|id| id.as_str()),
            url: media.url.as_ref().map(|url| url.as_str()),
            mime_type: media.mime_type.as_ref().map(|mime| mime.as_str()),
            sha256: media.sha256.as_ref().map(ToString::to_string),
            filename: media.filename.as_ref().map(|name| name.as_str()),
        }
    }
}
