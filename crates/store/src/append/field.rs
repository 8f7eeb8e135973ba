//! Webhook fields other than messages: kept as they came, and shown to those who may see them. What some of them say of a
//! customer or a number is state, too; there the newest counts, whatever the order in which they come.

use waypost_domain::notice::{HistoryProgress, NumberErrors, SavedContact, StandbyPart};
use waypost_domain::{
    CustomerAliases, CustomerId, Event, FieldNotice, FieldReport, MarketingChoice, Notice, Timestamp,
};

use super::Decider;
use super::customer::Mention;
use super::dedup::{SeenKey, WamidDigest};
use super::item::Delivery;
use super::message::open_window;
use super::plan::{Plan, Write};
use crate::store::Received;

/// A field's report names no business number of ours as its key; it is told apart by what it says.
const NO_NUMBER: i64 = 0;

pub(super) const fn key(digest: WamidDigest) -> SeenKey {
    SeenKey::message(NO_NUMBER, digest)
}

/// What tells a report from others: what it says, of which account and number, when, and beside what.
pub(super) fn identity(report: &FieldReport) -> Vec<u8> {
    let number = report.number.as_ref().map_or("", |number| number.as_str());
    let waba = report.waba.as_ref().map_or("", |waba| waba.as_str());
    let told_at = report.told_at.map(Timestamp::as_millis).unwrap_or_default().to_be_bytes();
    let beside = match &report.notice {
        Some(Notice::Errors(NumberErrors { beside: Some(beside), .. })) => beside.as_slice(),
        _ => &[],
    };
    let parts: [&[u8]; 6] = [
        report.field.as_bytes(),
        waba.as_bytes(),
        number.as_bytes(),
        &told_at,
        beside,
        report.raw.as_str().as_bytes(),
    ];
    parts.join(&0)
}

/// What of a report is state, beyond being shown.
enum Told<'a> {
    Contact(&'a SavedContact),
    Marketing(MarketingChoice, Option<Timestamp>),
    /// The customer wrote to another app on our number.
    Elsewhere(Option<Timestamp>),
    History(&'a HistoryProgress),
}

impl<'a> Told<'a> {
    fn by(report: &'a FieldReport) -> Option<Self> {
        match report.notice.as_ref()? {
            Notice::Contact(contact) => Some(Self::Contact(contact)),
            Notice::Preference(preference) => Some(Self::Marketing(preference.marketing()?, preference.at)),
            Notice::Standby(copy) if copy.part == StandbyPart::Message => Some(Self::Elsewhere(copy.at)),
            Notice::History(progress) => Some(Self::History(progress)),
            _ => None,
        }
    }
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
        // Who somebody is by now is who the report is about.
        self.tie(plan, delivery, report);
        let customer = self.take_in(plan, delivery, report);
        plan.write(Write::FieldReport { report, received });
        let notice = FieldNotice {
            field: report.field.clone(),
            number: report.number.clone(),
            waba: report.waba.clone(),
            customer,
            notice: report.notice.clone(),
            raw: report.raw.clone(),
            at: received,
        };
        self.show(plan, &Event::Field(Box::new(notice)), received);
        Received::Stored
    }

    /// Takes in what of a report is state; the customer of whom it speaks, where that is somebody.
    fn take_in<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        delivery: &'a Delivery,
        report: &'a FieldReport,
    ) -> Option<CustomerId> {
        let received = delivery.received;
        let (Some(phone_number), Some(told)) = (&report.number, Told::by(report)) else {
            let number = self.known.number(report.number.as_ref()?)?.row;
            return self.known_holder(report.customer.as_ref()?, number);
        };
        let number = self.number(plan, &delivery.app, phone_number, report.waba.as_ref());
        if let Told::History(progress) = told {
            plan.write(Write::HistorySync { number, progress, at: received });
            return None;
        }
        // Whoever is not known yet is created: what is told of them earlier may come later.
        let aliases = report.customer.as_ref()?;
        let mention = Mention { aliases, name: None, username: None, at: received };
        if let Told::Elsewhere(at) = told {
            let thread = self.thread(plan, number, &mention);
            open_window(plan, thread.conversation, (at.unwrap_or(received), received));
            return Some(thread.customer);
        }
        let customer = self.resolve_customer(plan, number, &mention);
        match told {
            Told::Contact(contact) => plan.write(Write::SavedName {
                customer,
                name: contact.saved_name.as_ref(),
                at: contact.at.unwrap_or(received),
            }),
            Told::Marketing(choice, at) => {
                plan.write(Write::Marketing { customer, choice, at: at.unwrap_or(received) });
            }
            Told::Elsewhere(_) | Told::History(_) => {}
        }
        Some(customer)
    }

    /// Whom the first of the names means that is anybody's.
    pub(super) fn known_holder(&self, aliases: &CustomerAliases, number: i64) -> Option<CustomerId> {
        let scope = self.known.scope_of(number);
        let holder = aliases.iter().find_map(|alias| self.known.holder(&alias.canonical(), scope))?;
        Some(self.known.merges.now(holder))
    }
}
