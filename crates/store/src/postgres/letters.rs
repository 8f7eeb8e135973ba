//! What is read for whoever looks after the server.

use tokio_postgres::Row;
use waypost_domain::{AppName, DeadLetterKind, PhoneNumberId, Source, WabaId};

use super::Postgres;
use super::rows::{known, optional_json, time, unsigned};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::letters::{Letter, LetterHead, LetterId, OurNumber, UnknownMessage};

impl Postgres {
    pub(crate) async fn numbers(&self) -> Result<Vec<OurNumber>, ReadError> {
        let sql = "SELECT phone_number_id, app, waba, claimed FROM numbers ORDER BY id";
        self.read(sql, &[], |rows| {
            rows.iter()
                .map(|row| {
                    let number = PhoneNumberId::parse(row.try_get(0)?);
                    let waba: Option<&str> = row.try_get(2)?;
                    Ok(OurNumber {
                        number: known(number, "numbers.phone_number_id")?,
                        app: known(AppName::parse(row.try_get(1)?), "numbers.app")?,
                        waba: waba.and_then(WabaId::parse),
                        is_claimed: row.try_get(3)?,
                    })
                })
                .collect()
        })
        .await
    }

    pub(crate) async fn dead_letters(
        &self,
        before: LetterId,
        count: usize,
    ) -> Result<Vec<LetterHead>, ReadError> {
        let sql = "SELECT id, received_at, app, kind, reason, length(raw)::bigint FROM dead_letters
             WHERE id < $1 ORDER BY id DESC LIMIT $2";
        self.read(sql, &[&before.0, &i64::try_from(count).unwrap_or(i64::MAX)], |rows| {
            rows.iter().map(head).collect()
        })
        .await
    }

    pub(crate) async fn dead_letter_from(
        &self,
        from: LetterId,
        until: LetterId,
    ) -> Result<Option<Letter>, ReadError> {
        let sql = "SELECT id, received_at, app, kind, reason, length(raw)::bigint, raw, around
             FROM dead_letters WHERE id >= $1 AND id <= $2 ORDER BY id LIMIT 1";
        self.read(sql, &[&from.0, &until.0], |rows| {
            let Some(row) = rows.first() else { return Ok(None) };
            Ok(Some(Letter { head: head(row)?, raw: row.try_get(6)?, around: optional_json(row, 7)? }))
        })
        .await
    }

    pub(crate) async fn unknown_messages(&self, after: i64) -> Result<Vec<UnknownMessage>, ReadError> {
        let sql = "SELECT m.seq, n.phone_number_id, m.source, m.at, m.raw
             FROM unknown_types u JOIN messages m ON m.seq = u.message
             JOIN conversations c ON c.id = m.conversation JOIN numbers n ON n.id = c.number
             WHERE u.message > $1 AND m.raw IS NOT NULL ORDER BY u.message LIMIT 100";
        self.read(sql, &[&after], |rows| {
            rows.iter()
                .map(|row| {
                    let number = PhoneNumberId::parse(row.try_get(1)?);
                    Ok(UnknownMessage {
                        seq: row.try_get(0)?,
                        number: known(number, "numbers.phone_number_id")?,
                        source: known(Source::parse(row.try_get(2)?), "messages.source")?,
                        at: time(row, 3)?,
                        raw: known(optional_json(row, 4)?, "messages.raw")?,
                    })
                })
                .collect()
        })
        .await
    }
}

fn head(row: &Row) -> Result<LetterHead, DatabaseError> {
    Ok(LetterHead {
        id: LetterId(row.try_get(0)?),
        received: time(row, 1)?,
        app: known(AppName::parse(row.try_get(2)?), "dead_letters.app")?,
        kind: known(DeadLetterKind::parse(row.try_get(3)?), "dead_letters.kind")?,
        reason: row.try_get(4)?,
        size_bytes: unsigned(row, 5)?,
    })
}
