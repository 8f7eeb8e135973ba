//! What is wanted, found by its keys: one statement for each kind of row, all of them in one round trip.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use waypost_domain::detail::Line;
use waypost_domain::{
    Author, Call, CallStage, ConversationId, CustomerId, DetailJson, MessageId, MessageReaction,
    MessageState, MessageType, OutboxEntry, OutboxId, OutboxState, PhoneNumberId, Reactor, Reported, Source,
    StatusTimes, Wamid,
};

use super::identity;
use super::link::{Link, rows};
use super::rows::{assignment, errors, id, known, optional_id, optional_json, optional_time, pricing, time};
use crate::append::{
    ChangeItem, ChangeKind, Known, KnownCall, KnownConversation, KnownNumber, KnownTalk, ParkedRow,
    ReactionRow, Sighting, Subject, Wants,
};
use crate::columns::text_to_column;
use crate::group::DatabaseError;
use crate::letters::LetterId;

/// Selects who is one with a customer, each with whom it was merged into: see [`note_family`].
macro_rules! family_of {
    ($customer:literal) => {
        concat!(
            "ARRAY(SELECT f.customer || f.merged_into FROM merges f WHERE f.survivor =
                 coalesce((SELECT survivor FROM merges WHERE customer = ",
            $customer,
            "), ",
            $customer,
            "))"
        )
    };
}
pub(super) use family_of;

const NUMBERS: &str =
    "SELECT phone_number_id, id, waba IS NOT NULL, scope FROM numbers WHERE phone_number_id = ANY ($1)";
const CONVERSATIONS: &str = "SELECT k.place, c.id, c.last_message_at
     FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY AS k (customer, number, place)
     JOIN conversations c ON c.customer = k.customer AND c.number = k.number";
const SEEN: &str = "SELECT k.place, s.message
     FROM unnest($1::bigint[], $2::bytea[], $3::text[]) WITH ORDINALITY AS k (number, wamid, what, place)
     JOIN seen s ON s.number = k.number AND s.wamid = k.wamid AND s.what = k.what";
const MESSAGES: &str = concat!(
    "SELECT m.seq, m.id, m.wamid, m.conversation, c.customer, m.source, m.state, m.sent_at,
         m.delivered_at, m.read_at, m.played_at, m.failed_at, m.type, m.edited_at, m.edited_by, m.revoked_at,
         CASE WHEN m.type = 'media_placeholder' AND m.edited_at IS NOT NULL THEN m.content END,
         m.author, m.target, ",
    family_of!("c.customer"),
    ", c.assignee, c.team FROM messages m JOIN conversations c ON c.id = m.conversation WHERE m.seq = ANY ($1)"
);
const LETTERS: &str = "SELECT id FROM dead_letters WHERE id = ANY ($1)";
const UNKNOWN_TYPES: &str = "SELECT message FROM unknown_types WHERE message = ANY ($1)";
const CALLS: &str =
    "SELECT message, stage, at, began_at, ended_at, talk_seconds FROM calls WHERE message = ANY ($1)";
const PARKED: &str = "SELECT k.place, p.status, p.participant, p.at, p.errors, p.pricing
     FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS k (number, wamid, place)
     JOIN parked_statuses p ON p.number = k.number AND p.wamid = k.wamid ORDER BY p.id";
const REACTIONS: &str = "SELECT message, reactor, emoji, at, wamid FROM reactions WHERE message = ANY ($1)
     ORDER BY at, wamid";
const PARKED_CHANGES: &str = "SELECT k.place, m.seq, p.change_wamid, c.customer, m.source, m.at, m.type,
         p.reactor, m.content, m.metadata, m.media, m.author
     FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS k (number, wamid, place)
     JOIN parked_changes p ON p.number = k.number AND p.wamid = k.wamid
     JOIN messages m ON m.seq = p.change JOIN conversations c ON c.id = m.conversation ORDER BY p.change";
const SENDS: &str = concat!(
    "SELECT o.id, o.conversation, c.customer, n.phone_number_id, o.state, m.id, m.wamid, o.error,
         o.body, o.at, ",
    family_of!("c.customer"),
    ", c.assignee, c.team FROM outbox o
     JOIN conversations c ON c.id = o.conversation
     JOIN numbers n ON n.id = c.number
     LEFT JOIN messages m ON m.seq = o.message WHERE o.id = ANY ($1)"
);
const TALKS: &str = "SELECT c.id, c.customer, n.phone_number_id, c.assignee, c.team
     FROM conversations c JOIN numbers n ON n.id = c.number WHERE c.id = ANY ($1)";
const SENDS_BY_KEY: &str = concat!(
    "SELECT o.id, o.conversation, c.customer, n.phone_number_id, o.state, m.id, m.wamid,
         o.error, o.body, o.at, ",
    family_of!("c.customer"),
    ", c.assignee, c.team, k.place
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (principal, idempotency_key, place)
     JOIN outbox o ON o.principal = k.principal AND o.idempotency_key = k.idempotency_key
     JOIN conversations c ON c.id = o.conversation
     JOIN numbers n ON n.id = c.number
     LEFT JOIN messages m ON m.seq = o.message"
);

/// Loads what is wanted, which leaves no wants.
pub(super) async fn load(link: &Link, wants: &mut Wants, into: &mut Known) -> Result<(), DatabaseError> {
    let wants = std::mem::take(wants);
    let (people, threads, things, changes, sends) = tokio::join!(
        identity::load(link, &wants),
        load_threads(link, &wants),
        load_messages(link, &wants),
        load_changes(link, &wants),
        load_sends(link, &wants)
    );
    identity::note(&people?, &wants, into)?;
    note_threads(&threads?, &wants, into)?;
    note_messages(&things?, &wants, into)?;
    note_changes(&changes?, &wants, into)?;
    note_sends(&sends?, &wants, into)
}

pub(super) type Found<const N: usize> = Result<[Vec<Row>; N], DatabaseError>;

async fn load_threads(link: &Link, wants: &Wants) -> Found<2> {
    let numbers: Vec<&str> = wants.numbers.iter().map(PhoneNumberId::as_str).collect();
    let (threads, of_numbers): (Vec<Vec<u8>>, Vec<i64>) =
        wants.conversations.iter().map(|(customer, number)| (customer.to_bytes().to_vec(), *number)).unzip();
    let (numbers, conversations) = tokio::join!(
        find(link, NUMBERS, numbers.len(), [&numbers]),
        find(link, CONVERSATIONS, threads.len(), [&threads, &of_numbers])
    );
    Ok([numbers?, conversations?])
}

fn note_threads(
    [numbers, conversations]: &[Vec<Row>; 2],
    wants: &Wants,
    into: &mut Known,
) -> Result<(), DatabaseError> {
    for row in numbers {
        let number = known(PhoneNumberId::parse(row.try_get(0)?), "numbers.phone_number_id")?;
        let (id, has_waba, scope) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        into.load_number(number, KnownNumber { row: id, has_waba, scope });
    }
    for row in conversations {
        let key = *asked(&wants.conversations, row, 0)?;
        let (id, last_message_at) = (ConversationId::from_bytes(id(row, 1)?), time(row, 2)?);
        into.load_conversation(key, KnownConversation { id, last_message_at });
    }
    Ok(())
}

/// Notes what `family_of!` selected.
pub(super) fn note_family(row: &Row, index: usize, into: &mut Known) -> Result<(), DatabaseError> {
    for pair in row.try_get::<_, Vec<&[u8]>>(index)? {
        let (customer, merged_into) = known(pair.split_at_checked(16), "merges.customer")?;
        let [customer, merged_into] = [customer.try_into()?, merged_into.try_into()?];
        into.load_merge(CustomerId::from_bytes(customer), CustomerId::from_bytes(merged_into));
    }
    Ok(())
}

async fn load_messages(link: &Link, wants: &Wants) -> Found<4> {
    let numbers: Vec<i64> = wants.seen.iter().map(|key| key.number).collect();
    let digests: Vec<&[u8]> = wants.seen.iter().map(|key| &key.wamid[..]).collect();
    let whats: Vec<_> = wants.seen.iter().map(|key| text_to_column(key.what())).collect();
    let (parked_numbers, parked_digests): (Vec<i64>, Vec<&[u8]>) =
        wants.parked.iter().map(|(number, digest)| (*number, &digest[..])).unzip();
    let (seen, messages, parked, calls) = tokio::join!(
        find(link, SEEN, numbers.len(), [&numbers, &digests, &whats]),
        find(link, MESSAGES, wants.messages.len(), [&wants.messages]),
        find(link, PARKED, parked_numbers.len(), [&parked_numbers, &parked_digests]),
        find(link, CALLS, wants.calls.len(), [&wants.calls])
    );
    Ok([seen?, messages?, parked?, calls?])
}

fn note_messages(
    [seen, messages, parked, calls]: &[Vec<Row>; 4],
    wants: &Wants,
    into: &mut Known,
) -> Result<(), DatabaseError> {
    for row in seen {
        into.load_sighting(asked(&wants.seen, row, 0)?.clone(), Sighting { message: row.try_get(1)? });
    }
    for row in messages {
        let source = known(Source::parse(row.try_get(5)?), "messages.source")?;
        let subject = Subject {
            id: MessageId::from_bytes(id(row, 1)?),
            wamid: known(Wamid::parse(row.try_get(2)?), "messages.wamid")?,
            conversation: ConversationId::from_bytes(id(row, 3)?),
            customer: CustomerId::from_bytes(id(row, 4)?),
            direction: source.direction(),
            author: Author::parse(row.try_get(17)?),
            past: Subject::past(source, row.try_get(12)?),
            state: known(MessageState::parse(row.try_get(6)?), "messages.state")?,
            times: StatusTimes {
                sent_at: optional_time(row, 7)?,
                delivered_at: optional_time(row, 8)?,
                read_at: optional_time(row, 9)?,
                played_at: optional_time(row, 10)?,
                failed_at: optional_time(row, 11)?,
            },
            kind: known(MessageType::parse(row.try_get(12)?), "messages.type")?,
            edited: optional_time(row, 13)?.zip(optional_id(row, 14)?),
            revoked_at: optional_time(row, 15)?,
            caption: row.try_get(16)?,
            target: row.try_get(18)?,
        };
        note_family(row, 19, into)?;
        into.load_assignment(subject.conversation, assignment(row, 20)?);
        into.load_subject(row.try_get(0)?, subject);
    }
    for row in calls {
        into.load_call(row.try_get(0)?, known_call(row)?);
    }
    for row in parked {
        let parked = ParkedRow {
            reported: known(Reported::parse(row.try_get(1)?), "parked_statuses.status")?,
            participant: row.try_get::<_, Option<&str>>(2)?.map(Into::into),
            at: time(row, 3)?,
            errors: errors(row, 4)?,
            pricing: pricing(row, 5)?,
        };
        into.load_parked(*asked(&wants.parked, row, 0)?, parked);
    }
    Ok(())
}

async fn load_changes(link: &Link, wants: &Wants) -> Found<4> {
    let (numbers, digests): (Vec<i64>, Vec<&[u8]>) =
        wants.parked_changes.iter().map(|(number, digest)| (*number, &digest[..])).unzip();
    let letters: Vec<i64> = wants.letters.iter().map(|letter| letter.0).collect();
    let (reactions, parked, letters, unknown) = tokio::join!(
        find(link, REACTIONS, wants.reactions.len(), [&wants.reactions]),
        find(link, PARKED_CHANGES, numbers.len(), [&numbers, &digests]),
        find(link, LETTERS, letters.len(), [&letters]),
        find(link, UNKNOWN_TYPES, wants.unknown_types.len(), [&wants.unknown_types])
    );
    Ok([reactions?, parked?, letters?, unknown?])
}

fn note_changes(
    [reactions, parked, letters, unknown]: &[Vec<Row>; 4],
    wants: &Wants,
    into: &mut Known,
) -> Result<(), DatabaseError> {
    for row in reactions {
        let reaction = MessageReaction {
            by: known(Reactor::parse(row.try_get(1)?), "reactions.reactor")?,
            emoji: row.try_get::<_, Option<&str>>(2)?.and_then(Line::parse),
            at: time(row, 3)?,
        };
        into.load_reaction(row.try_get(0)?, ReactionRow { reaction, wamid: id(row, 4)? });
    }
    for row in parked {
        let detail = DetailJson { metadata: optional_json(row, 9)?, media: optional_json(row, 10)? };
        let kind = ChangeKind::from_columns(row.try_get(6)?, row.try_get(7)?, (row.try_get(8)?, detail));
        let change = ChangeItem {
            seq: row.try_get(1)?,
            wamid: id(row, 2)?,
            customer: CustomerId::from_bytes(id(row, 3)?),
            direction: known(Source::parse(row.try_get(4)?), "messages.source")?.direction(),
            author: Author::parse(row.try_get(11)?),
            at: time(row, 5)?,
            kind: known(kind, "messages.type")?,
        };
        into.load_parked_change(*asked(&wants.parked_changes, row, 0)?, change);
    }
    for row in letters {
        into.load_letter(LetterId(row.try_get(0)?));
    }
    for row in unknown {
        into.load_unknown_type(row.try_get(0)?);
    }
    Ok(())
}

fn known_call(row: &Row) -> Result<KnownCall, DatabaseError> {
    let call = Call {
        stage: known(CallStage::parse(row.try_get(1)?), "calls.stage")?,
        began_at: optional_time(row, 3)?,
        ended_at: optional_time(row, 4)?,
        talk_seconds: row.try_get::<_, Option<i64>>(5)?.map(u32::try_from).transpose()?,
    };
    Ok(KnownCall { call, at: time(row, 2)? })
}

async fn load_sends(link: &Link, wants: &Wants) -> Found<3> {
    let ids: Vec<Vec<u8>> = wants.sends.iter().map(|id| id.to_bytes().to_vec()).collect();
    let principals: Vec<&str> = wants.sends_by_key.iter().map(|(principal, _)| principal.as_str()).collect();
    let keys: Vec<_> = wants.sends_by_key.iter().map(|(_, key)| text_to_column(key)).collect();
    let talks: Vec<Vec<u8>> = wants.talks.iter().map(|id| id.to_bytes().to_vec()).collect();
    let (sends, by_key, talks) = tokio::join!(
        find(link, SENDS, ids.len(), [&ids]),
        find(link, SENDS_BY_KEY, keys.len(), [&principals, &keys]),
        find(link, TALKS, talks.len(), [&talks])
    );
    Ok([sends?, by_key?, talks?])
}

fn note_sends(
    [sends, by_key, talks]: &[Vec<Row>; 3],
    wants: &Wants,
    into: &mut Known,
) -> Result<(), DatabaseError> {
    for row in sends.iter().chain(by_key) {
        note_family(row, 10, into)?;
        into.load_assignment(ConversationId::from_bytes(id(row, 1)?), assignment(row, 11)?);
    }
    for row in sends {
        into.load_send(send(row)?);
    }
    for row in by_key {
        into.load_send_of(asked(&wants.sends_by_key, row, 13)?.clone(), send(row)?);
    }
    for row in talks {
        let talk = KnownTalk {
            customer: CustomerId::from_bytes(id(row, 1)?),
            number: known(PhoneNumberId::parse(row.try_get(2)?), "numbers.phone_number_id")?,
            assignment: assignment(row, 3)?,
        };
        into.load_talk(ConversationId::from_bytes(id(row, 0)?), talk);
    }
    Ok(())
}

fn send(row: &Row) -> Result<OutboxEntry, DatabaseError> {
    let message = optional_id(row, 5)?.map(MessageId::from_bytes);
    let wamid = row.try_get::<_, Option<&str>>(6)?.and_then(Wamid::parse);
    Ok(OutboxEntry {
        id: OutboxId::from_bytes(id(row, 0)?),
        conversation: ConversationId::from_bytes(id(row, 1)?),
        customer: CustomerId::from_bytes(id(row, 2)?),
        number: known(PhoneNumberId::parse(row.try_get(3)?), "numbers.phone_number_id")?,
        state: known(OutboxState::parse(row.try_get(4)?), "outbox.state")?,
        message: message.zip(wamid),
        error: errors(row, 7)?.pop(),
        body: row.try_get(8)?,
        at: time(row, 9)?,
    })
}

/// The key that a row was found by: `WITH ORDINALITY` counts them from 1.
pub(super) fn asked<'a, T>(keys: &'a [T], row: &Row, index: usize) -> Result<&'a T, DatabaseError> {
    let place = usize::try_from(row.try_get::<_, i64>(index)?)?;
    known(place.checked_sub(1).and_then(|place| keys.get(place)), "place")
}

pub(super) async fn find<const N: usize>(
    link: &Link,
    sql: &str,
    keys: usize,
    parameters: [&(dyn ToSql + Sync); N],
) -> Result<Vec<Row>, DatabaseError> {
    if keys == 0 {
        return Ok(Vec::new());
    }
    Ok(rows(link, sql, &parameters).await?)
}
