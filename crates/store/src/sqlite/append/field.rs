//! Webhook fields other than messages: kept as they came, and shown to those who may see them.

use rusqlite::{Connection, params};
use waypost_domain::{Event, FieldNotice, FieldReport, PhoneNumberId, WabaId};

use super::seen::{Seen, Sight};
use super::{Appender, ChangeError, Delivery};
use crate::sqlite::rows::text_to_column;
use crate::store::Received;

/// A field's report names no business number of ours as its key; it is told apart by what it says.
const NO_NUMBER: i64 = 0;

impl Appender {
    pub(super) fn receive_field(
        &mut self,
        connection: &Connection,
        delivery: &Delivery,
        report: &FieldReport,
    ) -> Result<Received, ChangeError> {
        let said = [report.field.as_bytes(), b"\0", report.raw.as_str().as_bytes()].concat();
        let seen = Seen { number: NO_NUMBER, wamid: self.dedup.digest(&said), what: "", message: None };
        if seen.note(connection, delivery.received)? == Sight::Repeated {
            return Ok(Received::Repeated);
        }
        connection
            .prepare_cached(
                "INSERT INTO field_reports (received_at, field, number, waba, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                delivery.received.as_millis(),
                text_to_column(&report.field),
                report.number.as_ref().map(PhoneNumberId::as_str),
                report.waba.as_ref().map(WabaId::as_str),
                report.raw.as_str()
            ])?;
        let notice = FieldNotice {
            field: report.field.clone(),
            number: report.number.clone(),
            waba: report.waba.clone(),
            raw: report.raw.clone(),
            at: delivery.received,
        };
        self.journal.write(connection, &Event::Field(Box::new(notice)), delivery.received)?;
        Ok(Received::Stored)
    }
}
