//! What a message says beyond its content, as clients get it: `metadata` and `media` of a message.
//!
//! Every member that is not known is left out, never `null`.

mod call;
mod card;
mod commerce;
mod media;
mod reply;
mod system;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use waypost_domain::detail::{
    Context, Detail, Forwarded, Item, Location, Participant, Point, QuickReply, Text, Typed,
};
use waypost_domain::{Alias, AliasKind, CustomerAliases, DetailJson, LinkPreview, MessageType, RawJson};

use crate::event::raw_value;
use call::CallView;
use card::CardView;
use commerce::{OrderView, ProductView, ReferralView};
pub use media::MediaView;
use reply::ReplyView;
use system::SystemView;

/// `metadata` and `media` of a message, as JSON. Where there is a `metadata`, though an empty one, the item is shown in it.
#[must_use]
pub fn encode_detail(detail: &Detail) -> DetailJson {
    let metadata = MetadataView::new(detail);
    DetailJson {
        metadata: (!metadata.is_empty() || is_text_with_more(detail)).then(|| to_json(&metadata)),
        media: media_of(detail).map(|media| to_json(&MediaView::new(media))),
    }
}

fn is_text_with_more(detail: &Detail) -> bool {
    matches!(detail.typed, Typed::Text(Text { item: Item::SaysMore, .. }))
}

fn media_of(detail: &Detail) -> Option<&waypost_domain::detail::Media> {
    match &detail.typed {
        Typed::Media(media) => Some(media),
        Typed::Edit(edit) => match edit.edited.as_deref() {
            // What an edited caption stands under stays as it is, unless the edit names a file.
            Some(Typed::Media(media)) if media.id.is_some() => Some(media),
            _ => None,
        },
        _ => None,
    }
}

fn to_json(view: &impl Serialize) -> RawJson {
    RawJson::new(serde_json::to_string(view).expect("strings and numbers can always be written"))
}

/// `metadata`: the detail of a message's type, and what may stand beside any type.
#[derive(Serialize, ToSchema, Default)]
#[serde(rename_all = "camelCase")]
pub struct MetadataView<'a> {
    /// Whether a text's first link is shown with a preview, where that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview_url: Option<bool>,
    /// A place.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationView<'a>>,
    /// Contact cards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contacts: Vec<CardView<'a>>,
    /// The answer to a question that was asked with buttons, a list or a form.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<ReplyView<'a>>,
    /// A template's button that was tapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    quick_reply: Option<QuickReplyView<'a>>,
    /// A cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderView<'a>>,
    /// What happened to the customer's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<SystemView<'a>>,
    /// What WhatsApp does not hand out, where it says so: `poll_creation`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    unsupported: Option<&'a str>,
    /// How a call went.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<CallView>,
    /// The type, where this version does not know it: `raw` holds the item, to be understood later.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<&'a str>,
    /// `seldom` (up to five times) or `frequently`, where it was forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<&'static str>,
    /// Who wrote the message that it quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    quoted_author: Option<&'a str>,
    /// The product that the customer asks about.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<ProductView<'a>>,
    /// The advertisement or post that made the customer write.
    #[serde(skip_serializing_if = "Option::is_none")]
    referral: Option<ReferralView<'a>>,
    /// Of an edit to words of a type that is not known: the edit's item.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    raw: Option<&'a RawValue>,
    /// Who of a group wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<ParticipantView<'a>>,
}

/// Whether a detail that was written holds an item already: no other member has this name, and within a text its quotes are
/// escaped.
pub(crate) fn holds_item(metadata: &str) -> bool {
    metadata.contains("\"raw\":")
}

impl<'a> MetadataView<'a> {
    fn new(detail: &'a Detail) -> Self {
        let mut view = Self::beside(&detail.context);
        view.referral = detail.referral.as_deref().map(ReferralView::new);
        view.participant = detail.participant.as_deref().map(ParticipantView::new);
        view.say(&detail.typed);
        view
    }

    fn beside(context: &'a Context) -> Self {
        Self {
            forwarded: context.forwarded.map(|forwarded| match forwarded {
                Forwarded::Seldom => "seldom",
                Forwarded::Frequently => "frequently",
            }),
            quoted_author: context.quoted_author.as_ref().map(|author| &*author.value),
            product: context.product.as_ref().map(ProductView::new),
            ..Self::default()
        }
    }

    fn say(&mut self, typed: &'a Typed) {
        match typed {
            Typed::Text(text) => self.preview_url = text.preview.map(|preview| preview == LinkPreview::Shown),
            Typed::Location(location) => self.location = Some(LocationView::new(location)),
            Typed::Contacts(cards) => self.contacts = cards.iter().map(CardView::new).collect(),
            Typed::Reply(reply) => self.reply = Some(ReplyView::new(reply)),
            Typed::QuickReply(tapped) => self.quick_reply = Some(QuickReplyView::new(tapped)),
            Typed::Order(order) => self.order = Some(OrderView::new(order)),
            Typed::System(system) => self.system = Some(SystemView::new(system)),
            Typed::Unsupported(what) => {
                self.unsupported = Some(what.kind.as_ref().map_or("unsupported", MessageType::as_str));
            }
            Typed::Call(call) => self.call = Some(CallView::new(call)),
            Typed::Unknown(kind) => self.unknown = Some(kind.as_str()),
            Typed::Edit(edit) => {
                if let Some(edited) = &edit.edited {
                    self.say(edited);
                }
                self.raw = edit.raw.as_ref().and_then(raw_value);
            }
            // What these say is the message's `media`, or the change that it makes to another message.
            Typed::Media(_) | Typed::Reaction(_) | Typed::Revoke(_) => {}
            Typed::RequestWelcome | Typed::MediaPlaceholder => {}
        }
    }

    fn is_empty(&self) -> bool {
        let Self {
            preview_url,
            location,
            contacts,
            reply,
            quick_reply,
            order,
            system,
            unsupported,
            call,
            unknown,
            forwarded,
            quoted_author,
            product,
            referral,
            raw,
            participant,
        } = self;
        preview_url.is_none()
            && location.is_none()
            && contacts.is_empty()
            && reply.is_none()
            && quick_reply.is_none()
            && order.is_none()
            && system.is_none()
            && unsupported.is_none()
            && call.is_none()
            && unknown.is_none()
            && forwarded.is_none()
            && quoted_author.is_none()
            && product.is_none()
            && referral.is_none()
            && raw.is_none()
            && participant.is_none()
    }
}

/// A place that somebody shared.
#[derive(Serialize, ToSchema)]
struct LocationView<'a> {
    /// Degrees north of the equator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    latitude: Option<Box<RawValue>>,
    /// Degrees east of Greenwich.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    longitude: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

impl<'a> LocationView<'a> {
    fn new(location: &'a Location) -> Self {
        let number =
            |of: fn(&Point) -> String| location.point.as_ref().and_then(|point| json_number(of(point)));
        Self {
            latitude: number(|point| point.latitude.to_string()),
            longitude: number(|point| point.longitude.to_string()),
            name: location.name.as_ref().map(|name| name.as_str()),
            address: location.address.as_ref().map(|address| address.as_str()),
            url: location.url.as_ref().map(|url| url.as_str()),
        }
    }
}

/// A decimal number as it is written: JSON has no others, and no binary fraction gets in between.
fn json_number(decimal: String) -> Option<Box<RawValue>> {
    RawValue::from_string(decimal).ok()
}

/// A template's button that was tapped.
#[derive(Serialize, ToSchema)]
struct QuickReplyView<'a> {
    /// What stands on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// What whoever sent the template gave it to mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
}

impl<'a> QuickReplyView<'a> {
    fn new(tapped: &'a QuickReply) -> Self {
        Self {
            text: tapped.text.as_ref().map(|text| text.as_str()),
            payload: tapped.payload.as_ref().map(|payload| payload.as_str()),
        }
    }
}

/// A member of a group.
#[derive(Serialize, ToSchema)]
struct ParticipantView<'a> {
    #[serde(flatten)]
    names: NamesView<'a>,
    /// The profile name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> ParticipantView<'a> {
    fn new(participant: &'a Participant) -> Self {
        Self {
            names: NamesView::new(&participant.aliases),
            name: participant.name.as_ref().map(waypost_domain::CustomerName::as_str),
        }
    }
}

/// The names by which WhatsApp speaks of somebody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NamesView<'a> {
    /// The phone number in digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    /// The business-scoped user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    /// The user id within the parent portfolio.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_user_id: Option<&'a str>,
}

impl<'a> NamesView<'a> {
    fn new(aliases: &'a CustomerAliases) -> Self {
        let of = |kind| aliases.of_kind(kind).map(|Alias { value, .. }| &**value);
        Self {
            phone: of(AliasKind::Phone),
            user_id: of(AliasKind::Bsuid),
            parent_user_id: of(AliasKind::ParentBsuid),
        }
    }
}

#[cfg(test)]
mod tests {
    use waypost_domain::detail::{Edit, Media, MediaKind, Opaque, Words};

    use super::*;

    fn encoded(typed: Typed) -> (Option<String>, Option<String>) {
        let json = encode_detail(&Detail { typed, ..Detail::text() });
        let text = |json: Option<RawJson>| json.map(|json| json.as_str().to_owned());
        (text(json.metadata), text(json.media))
    }

    #[test]
    fn a_plain_text_has_nothing_beyond_its_content() {
        assert_eq!(encode_detail(&Detail::text()), DetailJson::default());
    }

    #[test]
    fn a_text_whose_item_says_more_has_an_empty_object_for_it() {
        let text = Text { item: Item::SaysMore, ..Text::default() };
        assert_eq!(encoded(Typed::Text(text)), (Some("{}".to_owned()), None));
    }

    #[test]
    fn coordinates_are_decimal_numbers_as_they_were_sent() {
        let location = Location { point: Point::parse("50.0875", "-14.4213889"), ..Location::default() };
        let (metadata, _) = encoded(Typed::Location(Box::new(location)));
        assert_eq!(metadata.unwrap(), r#"{"location":{"latitude":50.0875,"longitude":-14.4213889}}"#);
    }

    #[test]
    fn an_edit_to_what_is_not_known_holds_its_item_and_nothing_else_does() {
        let edited = Some(Box::new(Typed::Unknown(MessageType::parse("hologram").unwrap())));
        let raw = Some(RawJson::new(r#"{"id":"wamid.2"}"#));
        let (metadata, _) = encoded(Typed::Edit(Edit { target: None, edited, raw }));
        let metadata = metadata.unwrap();
        assert_eq!(metadata, r#"{"unknown":"hologram","raw":{"id":"wamid.2"}}"#);
        assert!(holds_item(&metadata));
        let location = Location { name: Words::parse(r#","raw":{"#), ..Location::default() };
        assert!(!holds_item(&encoded(Typed::Location(Box::new(location))).0.unwrap()));
    }

    #[test]
    fn a_file_is_media_and_its_name_is_data() {
        let media = Media {
            kind: MediaKind::Voice,
            id: Opaque::parse("600000000000004"),
            url: None,
            mime_type: Opaque::parse("audio/ogg; codecs=opus"),
            sha256: None,
            caption: None,
            filename: Words::parse("../../etc/\"passwd\""),
        };
        let (metadata, media) = encoded(Typed::Media(Box::new(media)));
        assert_eq!(metadata, None);
        assert_eq!(
            media.unwrap(),
            r#"{"kind":"voice","id":"600000000000004","mimeType":"audio/ogg; codecs=opus","filename":"../../etc/\"passwd\""}"#
        );
    }
}
