//! The journal: every event in one order, with a running check.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};
use waypost_domain::{Audience, CustomerId, Epoch, Event, Offset, Timestamp};

use crate::commit::{CommittedEvent, Encode, Step};
use crate::ids::IdSource;
use crate::sqlite::rows::known;

/// The writer's end of the journal. It is the only one that assigns offsets.
pub(super) struct Journal {
    encode: Encode,
    head: Offset,
    steps: Vec<Step>,
}

impl Journal {
    /// Continues the journal in the file, or begins one with a new epoch.
    pub(super) fn load(
        connection: &Connection,
        ids: &mut IdSource,
        encode: Encode,
    ) -> rusqlite::Result<Self> {
        let drawn = Epoch::from_random(ids.random_u64());
        connection
            .execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?1)", [drawn.as_str()])?;
        Ok(Self { encode, head: read_head(connection)?, steps: Vec::new() })
    }

    pub(super) fn reload(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.steps.clear();
        self.head = read_head(connection)?;
        Ok(())
    }

    pub(super) fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    /// The number of the newest entry, that of the transaction under way included.
    pub(super) const fn newest(&self) -> u64 {
        self.head.number
    }

    /// `name` is `customer`'s from here on.
    pub(super) fn bind(&mut self, name: &str, customer: CustomerId) {
        self.steps.push(Step::Bind { name: name.into(), customer });
    }

    /// Writes the next entry.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        event: &Event,
        received: Timestamp,
    ) -> rusqlite::Result<()> {
        let encoded = (self.encode)(event);
        let audience = event.audience();
        let scopes = audience.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let offset = Offset {
            number: self.head.number + 1,
            check: next_check(self.head.check, encoded.name, &encoded.body),
            ..self.head
        };
        connection
            .prepare_cached(
                r#"INSERT INTO journal (number, "check", name, audience, body, received_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)"#,
            )?
            .execute(params![
                offset.number,
                offset.check,
                encoded.name,
                scopes,
                encoded.body,
                received.as_millis()
            ])?;
        self.head = offset;
        self.steps.push(Step::Event(CommittedEvent {
            offset,
            name: encoded.name.into(),
            body: Bytes::from(encoded.body),
            audience,
        }));
        Ok(())
    }
}

/// The check of the entry after the one with the check `previous`: the first 32 bits of the SHA-256 over both.
fn next_check(previous: u32, name: &str, body: &[u8]) -> u32 {
    let digest = Sha256::new()
        .chain_update(previous.to_be_bytes())
        .chain_update(name.as_bytes())
        .chain_update([0])
        .chain_update(body)
        .finalize();
    u32::from_be_bytes(*digest.first_chunk().expect("4 of 32 bytes"))
}

/// The position of the newest entry; number 0 where there is none yet.
pub(crate) fn read_head(connection: &Connection) -> rusqlite::Result<Offset> {
    let epoch = read_epoch(connection)?;
    let newest = connection
        .query_row(r#"SELECT number, "check" FROM journal ORDER BY number DESC LIMIT 1"#, [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (number, check) = newest.unwrap_or((0, 0));
    Ok(Offset { epoch, number, check })
}

/// The journal's epoch.
pub(crate) fn read_epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    let epoch: String = connection
        .prepare_cached("SELECT value FROM meta WHERE key = 'epoch'")?
        .query_row([], |row| row.get(0))?;
    known(Epoch::parse(&epoch), "meta.epoch")
}

/// What came into the file after the entry `number`, in order, as it would have been handed on. A name that became a
/// customer's right after that entry may have been handed on before; saying so twice changes nothing.
pub(crate) fn read_steps_after(connection: &Connection, number: u64) -> rusqlite::Result<Vec<Step>> {
    let epoch = read_epoch(connection)?;
    let mut bound = read_bound_from(connection, number)?.into_iter().peekable();
    let mut statement = connection.prepare_cached(
        r#"SELECT number, "check", name, body, audience FROM journal WHERE number > ?1 ORDER BY number"#,
    )?;
    let mut rows = statement.query([number])?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        let event = read_entry(row, epoch)?;
        while let Some((_, bind)) = bound.next_if(|(since, _)| *since < event.offset.number) {
            steps.push(bind);
        }
        steps.push(Step::Event(event));
    }
    steps.extend(bound.map(|(_, bind)| bind));
    Ok(steps)
}

/// The names that became customers' when the entry `number` or a later one was the newest, with that entry. It looks at
/// all names: this is asked after trouble only, and an index would cost every new customer.
fn read_bound_from(connection: &Connection, number: u64) -> rusqlite::Result<Vec<(u64, Step)>> {
    connection
        .prepare("SELECT since, value, customer FROM aliases WHERE since >= ?1 ORDER BY since")?
        .query_map([number], |row| {
            let customer = CustomerId::from_bytes(row.get(2)?);
            Ok((row.get(0)?, Step::Bind { name: row.get(1)?, customer }))
        })?
        .collect()
}

/// The entry in a row of number, check, name, body and audience.
pub(crate) fn read_entry(row: &Row<'_>, epoch: Epoch) -> rusqlite::Result<CommittedEvent> {
    let scopes = row.get_ref(4)?.as_str()?.split(' ').map(str::parse).collect::<Result<_, _>>();
    Ok(CommittedEvent {
        offset: Offset { epoch, number: row.get(0)?, check: row.get(1)? },
        name: row.get::<_, String>(2)?.into(),
        body: Bytes::from(row.get::<_, Vec<u8>>(3)?),
        audience: Audience(known(scopes.ok(), "journal.audience")?),
    })
}
