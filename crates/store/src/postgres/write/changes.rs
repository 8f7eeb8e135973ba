//! What changes a message that is there: reactions, edits and revokes, and what it says anew.

use waypost_domain::{DeadLetterKind, RawJson, Reactor, Timestamp};

use super::{Id, Last, Parameter, Statement};
use crate::append::{ReactionRow, Write};
use crate::columns::text_to_column;

const CHANGES_PARKED: &str =
    "INSERT INTO parked_changes (change, number, wamid, change_wamid, reactor, received_at)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::text[], $6::bigint[])";
const CHANGES_UNPARKED: &str = "DELETE FROM parked_changes p
     USING unnest($1::bigint[], $2::bytea[]) AS u (number, wamid)
     WHERE p.number = u.number AND p.wamid = u.wamid";
const CHANGE_TARGETS: &str = "UPDATE messages m SET target = u.target
     FROM unnest($1::bigint[], $2::bigint[]) AS u (seq, target) WHERE m.seq = u.seq";
const EDITED: &str = "UPDATE messages m SET original = coalesce(m.original, m.content), content = u.content,
         metadata = u.metadata, media = coalesce(u.media, m.media), edited_at = u.at, edited_by = u.wamid
     FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bytea[])
         AS u (seq, content, metadata, media, at, wamid) WHERE m.seq = u.seq";
const AUTHORS: &str = "UPDATE messages m SET author = u.author
     FROM unnest($1::bigint[], $2::text[]) AS u (seq, author) WHERE m.seq = u.seq";
const REFUSED: &str = "INSERT INTO dead_letters (received_at, app, kind, reason, raw)
     SELECT u.received_at, n.app, u.kind, u.reason, coalesce(m.raw, '')
     FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY
         AS u (seq, received_at, kind, reason, place)
     JOIN messages m ON m.seq = u.seq JOIN conversations c ON c.id = m.conversation
     JOIN numbers n ON n.id = c.number ORDER BY u.place";
const REVOKED: &str = "UPDATE messages m SET revoked_at = u.at
     FROM unnest($1::bigint[], $2::bigint[]) AS u (seq, at) WHERE m.seq = u.seq";
const REACTIONS: &str = "INSERT INTO reactions (message, reactor, emoji, at, wamid)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
     ON CONFLICT (message, reactor) DO UPDATE SET emoji = excluded.emoji, at = excluded.at, wamid = excluded.wamid";
const RENEWED: &str = "UPDATE messages m SET type = u.type,
         content = CASE WHEN m.edited_at IS NULL THEN u.content ELSE m.content END,
         original = CASE WHEN m.edited_at IS NULL THEN m.original ELSE u.content END,
         metadata = CASE WHEN m.edited_at IS NULL THEN u.metadata ELSE m.metadata END,
         media = CASE WHEN m.edited_at IS NULL THEN u.media ELSE coalesce(m.media, u.media) END, at = coalesce(u.at, m.at),
         sent_at = CASE WHEN m.sent_at IS NOT NULL THEN coalesce(u.at, m.sent_at) END,
         raw = coalesce(u.raw, m.raw)
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bigint[], $7::bytea[])
         AS u (seq, type, content, metadata, media, at, raw) WHERE m.seq = u.seq";

/// A message that says something else now: its type and content, metadata and media, time and item.
type Renewed = ((String, String), (Option<Vec<u8>>, Option<Vec<u8>>), (Option<i64>, Option<Vec<u8>>));

type EditColumns = (String, Option<Vec<u8>>, Option<Vec<u8>>, i64, Id);

/// Their rows, as they will be after the plan.
#[derive(Default)]
pub(super) struct Changes {
    parked: Vec<(i64, i64, Id, Id, Option<String>, i64)>,
    unparked: Vec<(i64, Id)>,
    targets: Last<i64, i64>,
    authors: Vec<(i64, Option<String>)>,
    refused: Vec<(i64, i64, &'static str, String)>,
    renewed: Last<i64, Renewed>,
    edited: Last<i64, EditColumns>,
    revoked: Last<i64, i64>,
    reactions: Last<(i64, String), (Option<String>, i64, Id)>,
}

impl Changes {
    pub(super) fn take(&mut self, write: &Write<'_>) {
        match write {
            Write::ChangeParked { number, wamid, change, received } => self.parked.push((
                change.seq,
                *number,
                wamid.to_vec(),
                change.wamid.to_vec(),
                change.kind.reactor().map(Reactor::to_text),
                received.as_millis(),
            )),
            Write::ChangesUnparked { number, wamid } => self.unparked.push((*number, wamid.to_vec())),
            Write::Renewed { seq, at, version, raw } => {
                let json = |json: &RawJson| json.as_str().into();
                let detail = &version.detail;
                let row = (
                    (version.kind.as_str().into(), text_to_column(&version.content).into_owned()),
                    (detail.metadata.as_ref().map(json), detail.media.as_ref().map(json)),
                    (at.map(Timestamp::as_millis), raw.map(json)),
                );
                self.renewed.put(*seq, row);
            }
            Write::ChangeTarget { change, target } => self.targets.put(*change, *target),
            Write::Author { seq, author } => self.authors.push((*seq, author.to_text())),
            Write::ChangeRefused { change, reason, received } => {
                let kind = DeadLetterKind::NotAllowed.as_str();
                self.refused.push((*change, received.as_millis(), kind, reason.clone()));
            }
            Write::Edited { seq, edited: (at, wamid), version } => {
                let json = |json: &Option<RawJson>| json.as_ref().map(|json| json.as_str().into());
                let content = text_to_column(&version.content).into_owned();
                let metadata = json(&version.detail.metadata);
                let columns =
                    (content, metadata, json(&version.detail.media), at.as_millis(), wamid.to_vec());
                let known = self.edited.of(*seq, || columns.clone());
                // A file stays until there is another.
                let media = columns.2.clone().or_else(|| known.2.take());
                *known = (columns.0, columns.1, media, columns.3, columns.4);
            }
            Write::Revoked { seq, at } => self.revoked.put(*seq, at.as_millis()),
            Write::Reaction { seq, row } => {
                let ReactionRow { reaction, wamid } = &**row;
                let emoji = reaction.emoji.as_ref().map(|emoji| text_to_column(emoji.as_str()).into_owned());
                self.reactions
                    .put((*seq, reaction.by.to_text()), (emoji, reaction.at.as_millis(), wamid.to_vec()));
            }
            _ => {}
        }
    }

    pub(super) fn into_statements(self, all: &mut Vec<Statement>) {
        columns!(all, CHANGES_PARKED, self.parked, |(a, b, c, d, e, f)| (a, b, c, d, e, f));
        columns!(all, CHANGES_UNPARKED, self.unparked, |(a, b)| (a, b));
        columns!(all, CHANGE_TARGETS, self.targets.rows, |(a, b)| (a, b));
        columns!(all, AUTHORS, self.authors, |(a, b)| (a, b));
        columns!(all, REFUSED, self.refused, |(a, b, c, d)| (a, b, c, d));
        // Of what is renewed and edited at once, the edit counts.
        columns!(all, RENEWED, self.renewed.rows, |(a, ((b, c), (d, e), (f, g)))| (a, b, c, d, e, f, g));
        columns!(all, EDITED, self.edited.rows, |(a, (b, c, d, e, f))| (a, b, c, d, e, f));
        columns!(all, REVOKED, self.revoked.rows, |(a, b)| (a, b));
        columns!(all, REACTIONS, self.reactions.rows, |((a, b), (c, d, e))| (a, b, c, d, e));
    }
}
