//! Customers, page by page. Those who were merged are one row, whose the one is who goes on. How a text begins is looked for
//! in the order of its bytes, whatever the database's own is.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use waypost_domain::{
    CustomerId, CustomerName, CustomerPlace, CustomerRow, CustomerSearch, FoundBy, Page, Reach,
};

use super::Postgres;
use super::reach::covers_customer;
use super::rows::{id, time};
use crate::columns::reach_to_column;
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::listing::{
    AliasKey, AliasRange, CustomerRequest, Key, NameKey, alias_ranges, customer_query, end_of,
};

/// Who goes on for a customer.
macro_rules! now {
    ($customer:literal) => {
        concat!("coalesce((SELECT survivor FROM merges WHERE customer = ", $customer, "), ", $customer, ")")
    };
}

/// All who are one with a customer that goes on.
macro_rules! family {
    ($now:literal) => {
        concat!("ARRAY(SELECT ", $now, " UNION ALL SELECT customer FROM merges WHERE survivor = ", $now, ")")
    };
}

/// Their aliases from $1 up to $2 or from $3 up to $4. They are found by whose they are: by an expression no index finds
/// them among all that begin so.
macro_rules! aliases {
    ($columns:literal, $now:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM aliases b WHERE b.customer = ANY (",
            family!($now),
            r#") AND ((b.value || '') COLLATE "C" >= $1 AND (b.value || '') COLLATE "C" < $2
                  OR (b.value || '') COLLATE "C" >= $3 AND (b.value || '') COLLATE "C" < $4)"#
        )
    };
}

/// The first of them.
macro_rules! first_alias {
    ($now:literal) => {
        concat!(
            aliases!("b.value, b.kind, b.scope", $now),
            r#" ORDER BY b.value COLLATE "C", b.kind, b.scope LIMIT 1"#
        )
    };
}

/// Their first name in a range.
macro_rules! first_name {
    ($now:literal, $from:literal, $until:literal) => {
        concat!(
            "SELECT d.folded_name, d.id FROM customers d WHERE d.id = ANY (",
            family!($now),
            ") AND d.folded_name >= ",
            $from,
            " AND d.folded_name < ",
            $until,
            " ORDER BY d.folded_name, d.id LIMIT 1"
        )
    };
}

const ALL: &str = "FROM customers u
    WHERE u.id < $1 AND NOT EXISTS (SELECT 1 FROM merges WHERE customer = u.id)
    ORDER BY u.id DESC LIMIT $2::bigint";

/// Those who have an alias from $1 up to $2, each at the first of all that fit (see [`first_alias`]), after the alias $5,
/// $6, $7. (That an alias is not below $5 follows; it is said for the planner, who sees a part of the table in it.)
const BY_ALIAS: &str = concat!(
    "FROM aliases a JOIN customers u ON u.id = ",
    now!("a.customer"),
    r#" WHERE (a.value COLLATE "C", a.kind, a.scope) > ($5, $6, $7::bigint)
         AND a.value COLLATE "C" >= $5 AND a.value COLLATE "C" < $2
         AND (a.value, a.kind, a.scope) = ("#,
    first_alias!("u.id"),
    r#") ORDER BY a.value COLLATE "C", a.kind, a.scope LIMIT $8::bigint"#
);

/// Those whose name lies from $5 up to $6, each at the first such name of theirs, and who were not found by an alias,
/// after the name $7 of $8.
const BY_NAME: &str = concat!(
    "FROM customers c JOIN customers u ON u.id = ",
    now!("c.id"),
    " WHERE (c.folded_name, c.id) > ($7, $8::bytea) AND c.folded_name >= $7 AND c.folded_name < $6 AND (",
    aliases!("b.value", "u.id"),
    " LIMIT 1) IS NULL AND (c.folded_name, c.id) = (",
    first_name!("u.id", "$5", "$6"),
    ") ORDER BY c.folded_name, c.id LIMIT $9::bigint"
);

const ALIAS_OF: &str =
    concat!("WITH asked (id) AS (SELECT ", now!("$5::bytea"), ") ", first_alias!("(SELECT id FROM asked)"));

const NAME_OF: &str = concat!(
    "WITH asked (id) AS (SELECT ",
    now!("$1::bytea"),
    ") ",
    first_name!("(SELECT id FROM asked)", "$2", "$3")
);

impl Postgres {
    pub(crate) async fn customers(
        &self,
        request: CustomerRequest,
        reach: Reach,
    ) -> Result<Page<CustomerRow>, ReadError> {
        let wanted = request.size.rows() + 1;
        let rows = match &request.search {
            None => {
                let after = request.after.map_or([u8::MAX; 16], |place| place.id.to_bytes());
                let within = is_within(&reach, "$3");
                let parameters: [&(dyn ToSql + Sync); 3] =
                    [&&after[..], &to_limit(wanted), &reach_to_column(&reach)];
                self.customer_rows((ALL, &within, FoundBy::Alias), &parameters).await?
            }
            Some(search) => self.found_customers((search, request.after, &reach), wanted).await?,
        };
        Ok(Page::out_of(rows, request.size))
    }

    async fn found_customers(
        &self,
        (search, after, reach): (&CustomerSearch, Option<CustomerPlace>, &Reach),
        wanted: usize,
    ) -> Result<Vec<CustomerRow>, ReadError> {
        let ranges = alias_ranges(search);
        let after_name = after.filter(|place| place.found_by == FoundBy::Name);
        let mut rows = match (after, after_name) {
            (_, Some(_)) => Vec::new(),
            (None, None) => self.found_by_alias((&ranges, reach), None, wanted).await?,
            (Some(place), None) => {
                let last = self.alias_of(&ranges, place.id).await?;
                self.found_by_alias((&ranges, reach), last, wanted).await?
            }
        };
        if rows.len() < wanted {
            let (name, name_end) = (search.name(), end_of(search.name()));
            let last = match after_name {
                Some(place) => self.name_of((name, &name_end), place.id).await?,
                None => None,
            };
            let (after_name, after_id) = last.unwrap_or_else(|| (name.into(), Vec::new()));
            let ([first, second], left) = (&ranges, to_limit(wanted - rows.len()));
            let (within, column) = (is_within(reach, "$10"), reach_to_column(reach));
            let parameters: [&(dyn ToSql + Sync); 10] = [
                &first.from,
                &first.until,
                &second.from,
                &second.until,
                &name,
                &name_end,
                &after_name,
                &after_id,
                &left,
                &column,
            ];
            rows.extend(self.customer_rows((BY_NAME, &within, FoundBy::Name), &parameters).await?);
        }
        Ok(rows)
    }

    async fn found_by_alias(
        &self,
        ([first, second], reach): (&[AliasRange; 2], &Reach),
        last: Option<AliasKey>,
        wanted: usize,
    ) -> Result<Vec<CustomerRow>, ReadError> {
        let (mut rows, within, column) = (Vec::new(), is_within(reach, "$9"), reach_to_column(reach));
        for (range, other) in [(first, second), (second, first)] {
            let AliasKey { value, kind, scope } = range.go_on_after(last.as_ref());
            let left = to_limit(wanted - rows.len());
            let parameters: [&(dyn ToSql + Sync); 9] =
                [&range.from, &range.until, &other.from, &other.until, &value, &kind, &scope, &left, &column];
            rows.extend(self.customer_rows((BY_ALIAS, &within, FoundBy::Alias), &parameters).await?);
        }
        Ok(rows)
    }

    /// The alias at which a customer was found; `None` where it has lost it meanwhile: then it goes on from the first.
    async fn alias_of(
        &self,
        [first, second]: &[AliasRange; 2],
        id: CustomerId,
    ) -> Result<Option<AliasKey>, ReadError> {
        let id = id.to_bytes();
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&first.from, &first.until, &second.from, &second.until, &&id[..]];
        self.read(ALIAS_OF, &parameters, |rows| {
            let key = |row: &Row| {
                Ok(AliasKey { value: row.try_get(0)?, kind: row.try_get(1)?, scope: row.try_get(2)? })
            };
            rows.first().map(key).transpose()
        })
        .await
    }

    /// The name at which a customer was found, and whose it is.
    async fn name_of(
        &self,
        (from, until): (&str, &str),
        id: CustomerId,
    ) -> Result<Option<NameKey>, ReadError> {
        self.read(NAME_OF, &[&&id.to_bytes()[..], &from, &until], |rows| {
            rows.first().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
        })
        .await
    }

    async fn customer_rows(
        &self,
        (from, within, found_by): (&str, &str, FoundBy),
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
        self.read(&customer_query(from, within), parameters, |rows| rows.iter().map(row).collect()).await
    }
}

pub(super) fn to_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Whether the customer `u` is within the reach `parameter`, which is NULL for everything. Where it goes to few, those are
/// found first, and not looked for among all.
fn is_within(reach: &Reach, parameter: &str) -> String {
    if reach.is_everything() {
        return format!("{parameter}::text IS NULL");
    }
    let each =
        |list: &str| format!("jsonb_array_elements_text({parameter}::text::jsonb -> '{list}') AS h (value)");
    let held = |list: &str, column: &str| {
        format!(
            "SELECT {} FROM {} JOIN conversations k ON k.{column} = h.value",
            now!("k.customer"),
            each(list)
        )
    };
    let found = match Key::within(reach) {
        Key::Holders => format!("{} UNION {}", held("agents", "assignee"), held("teams", "team")),
        Key::People => format!("SELECT {} FROM {}", now!("decode(h.value, 'hex')"), each("customers")),
        _ => return covers_customer(parameter),
    };
    format!("u.id = ANY (ARRAY({found})) AND {}", covers_customer(parameter))
}
