//! Customers, page by page. How a text begins is looked for in the order of its bytes, whatever the database's own is.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use waypost_domain::{CustomerId, CustomerName, CustomerPlace, CustomerRow, CustomerSearch, FoundBy, Page};

use super::Postgres;
use super::rows::{id, time};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::listing::{CustomerRequest, end_of};

const ALL: &str = "SELECT u.id, u.number, u.name, u.created_at FROM customers u
    WHERE u.id < $1 ORDER BY u.id DESC LIMIT $2::bigint";

/// Those who have an alias from $1 up to $2, each at the first of them, after the customer $3. Where that one has lost the
/// alias meanwhile, from the first on.
pub(super) const BY_ALIAS: &str = r#"SELECT u.id, u.number, u.name, u.created_at
    FROM aliases a JOIN customers u ON u.id = a.customer
    WHERE a.value COLLATE "C" >= $1 AND a.value COLLATE "C" < $2 AND (a.value COLLATE "C", a.kind) > (
            coalesce((SELECT min(b.value COLLATE "C") FROM aliases b
                WHERE b.customer = $3 AND b.value COLLATE "C" >= $1 AND b.value COLLATE "C" < $2), ''),
            coalesce((SELECT b.kind FROM aliases b
                WHERE b.customer = $3 AND b.value COLLATE "C" >= $1 AND b.value COLLATE "C" < $2
                ORDER BY b.value COLLATE "C", b.kind LIMIT 1), ''))
        AND NOT EXISTS (SELECT 1 FROM aliases b WHERE b.customer = a.customer
            AND b.value COLLATE "C" >= $1 AND b.value COLLATE "C" < $2
            AND (b.value COLLATE "C", b.kind) < (a.value COLLATE "C", a.kind))
    ORDER BY a.value COLLATE "C", a.kind LIMIT $4::bigint"#;

/// Those whose name lies from $1 up to $2 and who were not found by an alias from $3 up to $4, after the customer $5.
pub(super) const BY_NAME: &str = r#"SELECT u.id, u.number, u.name, u.created_at FROM customers u
    WHERE u.folded_name >= $1 AND u.folded_name < $2 AND (u.folded_name, u.id) > (
            coalesce((SELECT folded_name FROM customers WHERE id = $5), ''), coalesce($5, ''::bytea))
        AND NOT EXISTS (SELECT 1 FROM aliases b WHERE b.customer = u.id
            AND b.value COLLATE "C" >= $3 AND b.value COLLATE "C" < $4)
    ORDER BY u.folded_name, u.id LIMIT $6::bigint"#;

impl Postgres {
    pub(crate) async fn customers(&self, request: CustomerRequest) -> Result<Page<CustomerRow>, ReadError> {
        let wanted = request.size.rows() + 1;
        let rows = match &request.search {
            None => {
                let after = request.after.map_or([u8::MAX; 16], |place| place.id.to_bytes());
                self.customer_rows((ALL, FoundBy::Alias), &[&&after[..], &to_limit(wanted)]).await?
            }
            Some(search) => self.found_customers((search, request.after), wanted).await?,
        };
        Ok(Page::out_of(rows, request.size))
    }

    async fn found_customers(
        &self,
        (search, after): (&CustomerSearch, Option<CustomerPlace>),
        wanted: usize,
    ) -> Result<Vec<CustomerRow>, ReadError> {
        let after_id = |found_by| {
            after.filter(|place| place.found_by == found_by).map(|place| place.id.to_bytes().to_vec())
        };
        let (alias, alias_end) = (search.alias(), end_of(search.alias()));
        let mut rows = match after {
            Some(CustomerPlace { found_by: FoundBy::Name, .. }) => Vec::new(),
            _ => {
                let after = after_id(FoundBy::Alias);
                let parameters: [&(dyn ToSql + Sync); 4] = [&alias, &alias_end, &after, &to_limit(wanted)];
                self.customer_rows((BY_ALIAS, FoundBy::Alias), &parameters).await?
            }
        };
        if rows.len() < wanted {
            let (name, name_end) = (search.name(), end_of(search.name()));
            let (after, left) = (after_id(FoundBy::Name), to_limit(wanted - rows.len()));
            let parameters: [&(dyn ToSql + Sync); 6] = [&name, &name_end, &alias, &alias_end, &after, &left];
            rows.extend(self.customer_rows((BY_NAME, FoundBy::Name), &parameters).await?);
        }
        Ok(rows)
    }

    async fn customer_rows(
        &self,
        (sql, found_by): (&str, FoundBy),
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<CustomerRow>, ReadError> {
        let row = |row: &Row| {
            let name: Option<&str> = row.try_get(2)?;
            Ok::<_, DatabaseError>(CustomerRow {
                found_by,
                id: CustomerId::from_bytes(id(row, 0)?),
                number: row.try_get::<_, &str>(1)?.into(),
                name: name.and_then(CustomerName::parse),
                created_at: time(row, 3)?,
            })
        };
        self.read(sql, parameters, |rows| rows.iter().map(row).collect()).await
    }
}

pub(super) fn to_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
