//! Files that come with a message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waypost_domain::detail::{Media, MediaKind, Sha256};

use super::{members, opaque, words};
use crate::json::Node;
use crate::shapes;

pub(super) fn image(node: Node<'_>) -> Media {
    media(MediaKind::Image, &members(node))
}

pub(super) fn video(node: Node<'_>) -> Media {
    media(MediaKind::Video, &members(node))
}

pub(super) fn document(node: Node<'_>) -> Media {
    media(MediaKind::Document, &members(node))
}

pub(super) fn audio(node: Node<'_>) -> Media {
    let audio: shapes::Media<'_> = members(node);
    media(if audio.voice.is_true() { MediaKind::Voice } else { MediaKind::Audio }, &audio)
}

pub(super) fn sticker(node: Node<'_>) -> Media {
    let sticker: shapes::Media<'_> = members(node);
    let kind = if sticker.animated.is_true() { MediaKind::AnimatedSticker } else { MediaKind::Sticker };
    media(kind, &sticker)
}

fn media(kind: MediaKind, media: &shapes::Media<'_>) -> Media {
    Media {
        kind,
        id: opaque(media.id),
        url: opaque(media.url),
        mime_type: opaque(media.mime_type),
        sha256: sha256(media.sha256),
        caption: words(media.caption),
        filename: words(media.filename),
    }
}

/// In base64 as a rule, in hexadecimal in some of Meta's examples: 44 characters or 64.
fn sha256(node: Node<'_>) -> Option<Sha256> {
    let text = node.string()?;
    let bytes = match text.len() {
        64 => hexadecimal(&text)?,
        _ => STANDARD.decode(text.as_bytes()).ok()?,
    };
    bytes.try_into().ok().map(Sha256::from_bytes)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(&pair[0])? << 4 | digit(&pair[1])?)).collect()
}
