//! What is read beside the appends. Each question is one statement, which sees one state of the database.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use waypost_domain::{
    CustomerId, CustomerName, CustomerNotes, Epoch, HistorySync, MarketingChoice, Offset, PhoneNumberId,
    Timestamp,
};

use super::Postgres;
use super::link;
use super::rows::{known, optional_time, time, to_column, unsigned};
use super::tail::entry;
use crate::columns::{key_numbers_from_column, key_scopes_from_column};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::keys::ApiKey;
use crate::page::{JournalPage, PageBuilder, PageError, PageRequest, SCAN_ROWS_MAX};
use crate::position::Gap;

const EPOCH: &str = "(SELECT value FROM meta WHERE key = 'epoch')";

impl Postgres {
    /// Asks one question, on a connection of its own; waits for one where all are busy, within the time for the answer.
    pub(super) async fn read<T>(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        answer: impl FnOnce(&[Row]) -> Result<T, DatabaseError>,
    ) -> Result<T, ReadError> {
        let mut link = None;
        let asked = async {
            let link = link.insert(link::take(&self.readers).await?);
            Ok::<_, DatabaseError>(link::rows(link, sql, parameters).await?)
        };
        match tokio::time::timeout(link::ANSWER_TIMEOUT, asked).await {
            Ok(rows) => answer(&rows.map_err(ReadError::Database)?).map_err(ReadError::Database),
            Err(_) => {
                // The answer may still come: the connection is no use to anybody else.
                drop(link.map(link::Link::take));
                Err(ReadError::of(link::NoAnswer))
            }
        }
    }

    pub(crate) async fn head(&self) -> Result<Offset, ReadError> {
        let sql = format!(r#"SELECT {EPOCH}, number, "check" FROM journal_head"#);
        self.read(&sql, &[], |rows| position(known(rows.first(), "journal_head")?, 0)).await
    }

    pub(crate) async fn journal_page(
        &self,
        request: PageRequest,
    ) -> Result<Result<JournalPage, PageError>, ReadError> {
        // Bodies that can match nothing, and those beyond the page's limits, stay in the database.
        // `OFFSET 0` keeps the comparison where it is: the planner would copy it to wherever `is_for` is asked.
        let sql = format!(
            r#"SELECT number, "check", name, CASE WHEN is_for THEN body END, audience, is_for, {EPOCH}
               FROM (
                   SELECT *, count(*) FILTER (WHERE is_for) OVER so_far AS events,
                       sum(length(body)) FILTER (WHERE is_for) OVER so_far AS bytes
                   FROM (
                       SELECT *, CASE WHEN parts && $2::text[] THEN EXISTS (
                           SELECT 1 FROM unnest($6::text[], $7::text[]) AS scope (key, rest)
                           WHERE key = ANY (parts) AND parts @> string_to_array(rest, ' ')
                       ) ELSE false END AS is_for
                       FROM (
                           SELECT *, string_to_array(audience, ' ') AS parts FROM journal
                           WHERE number > $1 ORDER BY number LIMIT $3
                       ) AS scanned OFFSET 0
                   ) AS compared WINDOW so_far AS (ORDER BY number)
               ) AS counted WHERE events <= greatest($4::bigint, 1) AND (events <= 1 OR bytes <= $5::bigint) ORDER BY number"#
        );
        let needles = request.needles();
        let (keys, (scope_keys, rests)) = (needles.keys(), needles.scopes());
        // Where nothing is asked for, one entry says whether the journal goes on after the reader.
        let limit = request.until.saturating_sub(request.after).clamp(1, SCAN_ROWS_MAX);
        let (after, limit) = (to_column(request.after), to_column(limit));
        let (events_max, bytes_max) =
            (to_column(request.events_max as u64), to_column(request.bytes_max as u64));
        self.read(&sql, &[&after, &keys, &limit, &events_max, &bytes_max, &scope_keys, &rests], |rows| {
            let mut page = PageBuilder::new(&request);
            for row in rows {
                let epoch = known(Epoch::parse(row.try_get(6)?), "meta.epoch")?;
                let offset = Offset { epoch, number: unsigned(row, 0)?, check: unsigned(row, 1)? };
                let entry = || {
                    let found = row.try_get::<_, bool>(5)?.then(|| entry(row, epoch)).transpose()?;
                    Ok::<_, DatabaseError>(found.filter(|entry| entry.audience.is_for(&request.scopes)))
                };
                if page.push(offset, entry)?.is_break() {
                    break;
                }
            }
            Ok(page.finish())
        })
        .await
    }

    pub(crate) async fn has_position(&self, position: Offset) -> Result<bool, ReadError> {
        // A position is whatever a client sends. None beyond the database's integers is in the journal.
        let Ok(number) = i64::try_from(position.number) else { return Ok(false) };
        let sql = format!(
            r#"SELECT {EPOCH} = $1 AND CASE
                   WHEN $2::bigint = 0 THEN $3::bigint = 0 AND (
                       EXISTS (SELECT 1 FROM journal WHERE number = 1) OR NOT EXISTS (SELECT 1 FROM journal))
                   ELSE EXISTS (SELECT 1 FROM journal WHERE number = $2 AND "check" = $3) END"#
        );
        let check = i64::from(position.check);
        self.read(&sql, &[&position.epoch.as_str(), &number, &check], |rows| {
            Ok(known(rows.first(), "journal")?.try_get(0)?)
        })
        .await
    }

    pub(crate) async fn gap(&self, from: u64) -> Result<Gap, ReadError> {
        let sql = format!(
            r#"SELECT {EPOCH}, h.number, h."check", j.number, j."check" FROM journal_head h
               LEFT JOIN LATERAL (
                   SELECT number, "check" FROM journal WHERE number >= $1 ORDER BY number LIMIT 1
               ) j ON true"#
        );
        self.read(&sql, &[&to_column(from)], |rows| {
            let row = known(rows.first(), "journal_head")?;
            let head = position(row, 0)?;
            let oldest = match row.try_get::<_, Option<i64>>(3)? {
                Some(_) => Some(Offset { number: unsigned(row, 3)?, check: unsigned(row, 4)?, ..head }),
                None => None,
            };
            Ok(Gap { oldest, head })
        })
        .await
    }

    pub(crate) async fn has_number(&self, number: PhoneNumberId) -> Result<bool, ReadError> {
        let sql = "SELECT 1 FROM numbers WHERE phone_number_id = $1";
        self.read(sql, &[&number.as_str()], |rows| Ok(!rows.is_empty())).await
    }

    /// The newest notes of all that are one with the customer.
    pub(crate) async fn customer_notes(&self, customer: CustomerId) -> Result<CustomerNotes, ReadError> {
        let newest = |value: &str, at: &str| {
            format!(
                r#"(SELECT {value} FROM customers WHERE id IN (
                        SELECT id FROM now UNION
                        SELECT customer FROM merges WHERE survivor = (SELECT id FROM now)
                    ) AND {at} IS NOT NULL
                    ORDER BY {at} DESC, coalesce({value}, '') COLLATE "C" DESC LIMIT 1)"#
            )
        };
        let sql = format!(
            "WITH now (id) AS (SELECT coalesce((SELECT survivor FROM merges WHERE customer = $1), $1))
             SELECT {}, {}",
            newest("saved_name", "saved_name_at"),
            newest("marketing", "marketing_at")
        );
        self.read(&sql, &[&&customer.to_bytes()[..]], |rows| {
            let row = known(rows.first(), "customers")?;
            let (name, choice): (Option<&str>, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
            Ok(CustomerNotes {
                saved_name: name.and_then(CustomerName::parse),
                marketing: choice.and_then(MarketingChoice::parse),
            })
        })
        .await
    }

    pub(crate) async fn history_sync(&self, number: PhoneNumberId) -> Result<Option<HistorySync>, ReadError> {
        let sql =
            "SELECT h.phase, h.progress, h.declined_at FROM history_syncs h JOIN numbers n ON n.id = h.number
            WHERE n.phone_number_id = $1";
        let count = |row: &Row, index| {
            Ok::<_, DatabaseError>(row.try_get::<_, Option<i64>>(index)?.map(u32::try_from).transpose()?)
        };
        self.read(sql, &[&number.as_str()], |rows| {
            let Some(row) = rows.first() else { return Ok(None) };
            let declined_at = optional_time(row, 2)?;
            Ok(Some(HistorySync { phase: count(row, 0)?, progress: count(row, 1)?, declined_at }))
        })
        .await
    }

    pub(crate) async fn has_keys(&self) -> Result<bool, ReadError> {
        self.read("SELECT 1 FROM api_keys LIMIT 1", &[], |rows| Ok(!rows.is_empty())).await
    }

    pub(crate) async fn find_key(&self, digest: [u8; 32]) -> Result<Option<ApiKey>, ReadError> {
        let sql = "SELECT id, name, created_at, scopes, expires_at, numbers FROM api_keys WHERE digest = $1";
        self.read(sql, &[&&digest[..]], |rows| rows.first().map(api_key).transpose()).await
    }

    pub(crate) async fn keys_alive(&self, ids: &[&str], now: Timestamp) -> Result<Vec<String>, ReadError> {
        let sql =
            "SELECT id FROM api_keys WHERE id = ANY($1) AND (expires_at IS NULL OR expires_at > $2::bigint)";
        self.read(sql, &[&ids, &now.as_millis()], |rows| rows.iter().map(|row| Ok(row.try_get(0)?)).collect())
            .await
    }
}

pub(super) fn api_key(row: &Row) -> Result<ApiKey, DatabaseError> {
    Ok(ApiKey {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        created_at: time(row, 2)?,
        scopes: key_scopes_from_column(row.try_get(3)?)?,
        expires_at: optional_time(row, 4)?,
        numbers: key_numbers_from_column(row.try_get(5)?)?,
    })
}

/// The position in three columns from `index` on: epoch, number, check.
fn position(row: &Row, index: usize) -> Result<Offset, DatabaseError> {
    let epoch = known(Epoch::parse(row.try_get(index)?), "meta.epoch")?;
    Ok(Offset { epoch, number: unsigned(row, index + 1)?, check: unsigned(row, index + 2)? })
}
