//! Webhook fields other than messages: kept as they came, and shown to those who may see them.

use waypost_domain::{Event, FieldNotice, FieldReport};

use super::Decider;
use super::dedup::{SeenKey, WamidDigest};
use super::item::Delivery;
use super::plan::{Plan, Write};
use crate::store::Received;

/// A field's report names no business number of ours as its key; it is told apart by what it says.
const NO_NUMBER: i64 = 0;

pub(super) const fn key(digest: WamidDigest) -> SeenKey {
    SeenKey::message(NO_NUMBER, digest)
}

impl Decider {
    pub(super) fn receive_field<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        (delivery, digest): (&'a Delivery, WamidDigest),
        report: &'a FieldReport,
    ) -> Received {
        let received = delivery.received;
        if self.is_repeated(plan, key(digest), received) {
            return Received::Repeated;
        }
        plan.write(Write::FieldReport { report, received });
        let notice = FieldNotice {
            field: report.field.clone(),
            number: report.number.clone(),
            waba: report.waba.clone(),
            raw: report.raw.clone(),
            at: received,
        };
        self.journal.write(plan, &Event::Field(Box::new(notice)), received);
        Received::Stored
    }
}
