//! A message in detail as lines of text, every part of it: its own `Debug` hides what is personal.

use std::fmt::Display;

use waypost_domain::detail::{
    CallPermission, Card, Context, Detail, Opaque, OrderLine, Product, Promotion, Referral, Reply, Typed,
    Words,
};
use waypost_domain::{Alias, CustomerAliases, MessageType, ReceivedMessage, Timestamp, Wamid};

/// Longest text that is written, in characters.
const CHARS_MAX: usize = 80;

/// Type, content, and a line for each part of the detail.
pub(crate) fn message(message: &ReceivedMessage) -> String {
    let (kind, content) = (message.kind.as_str(), quoted(&message.content));
    let mut lines = vec![format!("{kind} {content}")];
    lines.extend(detail(&message.detail));
    lines.join("\n")
}

fn detail(detail: &Detail) -> Vec<String> {
    let mut lines = typed(&detail.typed);
    if detail.context != Context::default() {
        lines.push(context(&detail.context));
    }
    lines.extend(detail.referral.as_deref().map(referral));
    lines.extend(detail.participant.as_deref().map(|participant| {
        let name = participant.name.as_ref().map(|name| quoted(name.as_str()));
        Line::of("participant").part("aliases", Some(aliases(&participant.aliases))).part("name", name).end()
    }));
    lines.into_iter().map(|line| format!("  {line}")).collect()
}

/// One line: what it is about, and those of its parts that are there.
struct Line(String);

impl Line {
    fn of(subject: impl Into<String>) -> Self {
        Self(subject.into())
    }

    fn part(mut self, name: &str, value: Option<impl Display>) -> Self {
        self.0.extend(value.map(|value| format!(" {name}={value}")));
        self
    }

    fn words<const CHARS_MAX: usize>(self, name: &str, words: Option<&Words<CHARS_MAX>>) -> Self {
        self.part(name, words.map(|words| quoted(words.as_str())))
    }

    fn opaque<const BYTES_MAX: usize>(self, name: &str, text: Option<&Opaque<BYTES_MAX>>) -> Self {
        self.part(name, text.map(|text| quoted(text.as_str())))
    }

    fn debug(self, name: &str, value: Option<impl std::fmt::Debug>) -> Self {
        self.part(name, value.map(|value| format!("{value:?}")))
    }

    fn end(self) -> String {
        self.0
    }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
        None => format!("{text:?}"),
    }
}

fn alias(alias: &Alias) -> String {
    format!("{}:{}", alias.kind.as_str(), alias.value)
}

fn aliases(aliases: &CustomerAliases) -> String {
    aliases.iter().map(alias).collect::<Vec<_>>().join(",")
}

fn target(line: Line, target: Option<&Wamid>) -> Line {
    line.part("target", target.map(Wamid::as_str))
}

fn typed(typed: &Typed) -> Vec<String> {
    let line = match typed {
        Typed::Text(text) => Line::of("text").debug("preview", text.preview),
        Typed::Media(media) => Line::of(format!("{:?}", media.kind))
            .opaque("id", media.id.as_ref())
            .opaque("mime", media.mime_type.as_ref())
            .words("caption", media.caption.as_ref())
            .words("filename", media.filename.as_ref())
            .part("sha256", media.sha256)
            .opaque("url", media.url.as_ref()),
        Typed::Location(place) => Line::of("place")
            .part("at", place.point.map(|point| format!("{},{}", point.latitude, point.longitude)))
            .words("name", place.name.as_ref())
            .words("address", place.address.as_ref())
            .opaque("url", place.url.as_ref()),
        Typed::Contacts(cards) => return cards.iter().map(card).collect(),
        Typed::Reply(answer) => reply(answer),
        Typed::QuickReply(button) => Line::of("quick reply")
            .words("text", button.text.as_ref())
            .opaque("payload", button.payload.as_ref()),
        Typed::Reaction(reaction) => {
            target(Line::of("reaction").words("emoji", reaction.emoji.as_ref()), reaction.target.as_ref())
        }
        Typed::Order(order) => {
            let head = Line::of("order")
                .opaque("catalog", order.catalog.as_ref())
                .words("note", order.note.as_ref())
                .end();
            return std::iter::once(head).chain(order.lines.iter().map(order_line)).collect();
        }
        Typed::System(system) => Line::of(format!("system {:?}", system.change))
            .part("now", system.now.as_ref().map(aliases))
            .opaque("identity", system.identity.as_ref())
            .part("identity_at", system.identity_at.map(Timestamp::as_millis)),
        Typed::Edit(edit) => {
            let head = target(Line::of("edit"), edit.target.as_ref()).end();
            let edited = edit.edited.as_deref().map(self::typed).unwrap_or_default();
            return std::iter::once(head).chain(edited).collect();
        }
        Typed::Revoke(revoke) => target(Line::of("revoke"), revoke.target.as_ref()),
        Typed::Unsupported(unsupported) => {
            Line::of("unsupported").part("kind", unsupported.kind.as_ref().map(MessageType::as_str))
        }
        Typed::RequestWelcome => Line::of("request welcome"),
        Typed::MediaPlaceholder => Line::of("media placeholder"),
        Typed::Call(call) => Line::of("call").part("stage", Some(call.stage.as_str())),
        Typed::Unknown(kind) => Line::of("unknown").part("type", Some(kind.as_str())),
    };
    vec![line.end()]
}

fn card(card: &Card) -> String {
    let phones = card.phones.iter().fold(Line::of(""), |line, phone| {
        line.words("phone", phone.number.as_ref())
            .part("wa_id", phone.wa_id.as_ref().map(alias))
            .opaque("kind", phone.kind.as_ref())
    });
    let emails = card.emails.iter().fold(phones, |line, email| {
        line.words("email", Some(&email.address)).opaque("kind", email.kind.as_ref())
    });
    let addresses = card.addresses.iter().fold(emails, |line, address| line.words("address", Some(address)));
    let urls = card.urls.iter().fold(addresses, |line, url| line.opaque("url", Some(url)));
    Line::of("card")
        .debug("origin", card.origin)
        .words("name", card.name.as_ref())
        .words("company", card.company.as_ref())
        .opaque("birthday", card.birthday.as_ref())
        .words("vcard", card.vcard.as_ref())
        .end()
        + &urls.end()
}

fn reply(reply: &Reply) -> Line {
    match reply {
        Reply::Button { id, title } => {
            Line::of("button").opaque("id", id.as_ref()).words("title", title.as_ref())
        }
        Reply::Row { id, title, description } => Line::of("row")
            .opaque("id", id.as_ref())
            .words("title", title.as_ref())
            .words("description", description.as_ref()),
        Reply::Form { name, body, response } => Line::of("form")
            .opaque("name", name.as_ref())
            .words("body", body.as_ref())
            .opaque("response", response.as_ref()),
        Reply::CallPermission(CallPermission { answer, permanence, until, source }) => {
            Line::of("call permission")
                .debug("answer", answer.as_ref())
                .debug("permanence", permanence.as_ref())
                .part("until", until.map(Timestamp::as_millis))
                .debug("source", source.as_ref())
        }
        Reply::Other(kind) => Line::of("another reply").part("kind", kind.as_ref().map(MessageType::as_str)),
    }
}

fn order_line(line: &OrderLine) -> String {
    Line::of("line")
        .part("quantity", line.quantity)
        .opaque("product", line.product.as_ref())
        .part("price", line.price.as_ref().map(|price| price.as_str()))
        .opaque("currency", line.currency.as_ref())
        .end()
}

fn context(context: &Context) -> String {
    let product = |Product { catalog, product }: &Product| {
        Line::of("").opaque("catalog", catalog.as_ref()).opaque("product", product.as_ref()).end()
    };
    Line::of("context")
        .part("quoted_author", context.quoted_author.as_ref().map(alias))
        .debug("forwarded", context.forwarded)
        .end()
        + &context.product.as_ref().map(product).unwrap_or_default()
}

fn referral(referral: &Referral) -> String {
    let promotion = match &referral.promotion {
        None => Line::of(""),
        Some(Promotion::Image { url }) => Line::of("").opaque("image", url.as_ref()),
        Some(Promotion::Video { url, thumbnail }) => {
            Line::of("").opaque("video", url.as_ref()).opaque("thumbnail", thumbnail.as_ref())
        }
    };
    Line::of("referral")
        .debug("source", referral.source)
        .opaque("id", referral.source_id.as_ref())
        .opaque("url", referral.source_url.as_ref())
        .words("headline", referral.headline.as_ref())
        .words("body", referral.body.as_ref())
        .opaque("click", referral.click.as_ref())
        .words("welcome", referral.welcome.as_ref())
        .end()
        + &promotion.end()
}
