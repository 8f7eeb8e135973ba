//! The lists of items that a value may hold, and the fact that an item of each is.

use waypost_domain::detail::Line;
use waypost_domain::notice::{Preference, StandbyCopy, StandbyPart};
use waypost_domain::{
    CustomerAliases, Direction, Fact, FieldReport, MessageType, Notice, RawJson, Source, Timestamp, WabaId,
    Wamid,
};

use super::call::{call, call_status, is_status_of_call};
use super::contacts::Names;
use super::content::content;
use super::message::{Flaw, Surroundings, message, time, wamid};
use super::notice::{automatic_event, contact, group, preference, user_action};
use super::past::late_media;
use super::status::status;
use super::ties::Renamed;
use crate::json::Node;
use crate::shapes::{
    BookContact, ContactChange, MessageItem, PreferenceItem, StandbyEcho, UserIdUpdate, Value,
};

/// A list of items.
#[derive(Clone, Copy)]
pub(super) enum List {
    Messages,
    Statuses,
    Echoes,
    PastMessages,
    PastEchoes,
    Calls,
    CallStatuses,
    ContactBook,
    Preferences,
    UserIds,
    Groups,
    AutomaticEvents,
    UserActions,
    StandbyMessages,
    StandbyEchoes,
    StandbyStatuses,
}

impl List {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Messages | Self::PastMessages => "messages",
            Self::Statuses | Self::CallStatuses => "statuses",
            Self::Echoes | Self::PastEchoes => "message_echoes",
            Self::Calls => "calls",
            Self::ContactBook => "state_sync",
            Self::Preferences => "user_preferences",
            Self::UserIds => "user_id_update",
            Self::Groups => "groups",
            Self::AutomaticEvents => "automatic_events",
            Self::UserActions => "user_actions",
            Self::StandbyMessages => "standby.messages",
            Self::StandbyEchoes => "standby.message_echoes",
            Self::StandbyStatuses => "standby.statuses",
        }
    }

    pub(super) fn of<'a>(self, value: &Value<'a>) -> Node<'a> {
        match self {
            Self::Messages | Self::PastMessages | Self::StandbyMessages => value.messages,
            Self::Statuses | Self::CallStatuses | Self::StandbyStatuses => value.statuses,
            Self::Echoes | Self::PastEchoes | Self::StandbyEchoes => value.message_echoes,
            Self::Calls => value.calls,
            Self::ContactBook => value.state_sync,
            Self::Preferences => value.user_preferences,
            Self::UserIds => value.user_id_update,
            Self::Groups => value.groups,
            Self::AutomaticEvents => value.automatic_events,
            Self::UserActions => value.user_actions,
        }
    }
}

/// What the items of one list have in common.
pub(super) struct Items<'v, 'a> {
    /// The field's name, clean.
    pub(super) field: Box<str>,
    /// The account.
    pub(super) waba: Option<&'v WabaId>,
    /// When the change was told.
    pub(super) told_at: Option<Timestamp>,
    /// When the body came.
    pub(super) received: Timestamp,
    /// What there is where the value names a business number, and why there is nothing where it does not.
    pub(super) around: Result<Surroundings<'a>, Flaw>,
}

impl Items<'_, '_> {
    /// The fact that an item of `list` is.
    pub(super) fn fact(&self, list: List, node: Node<'_>) -> Result<Fact, Flaw> {
        match list {
            List::Messages => Ok(Fact::Message(Box::new(message(node, Source::Customer, self.around()?)?))),
            List::Echoes => Ok(Fact::Message(Box::new(message(node, Source::PhoneApp, self.around()?)?))),
            List::Statuses if is_status_of_call(node) => self.call_status(node),
            List::Statuses => Ok(Fact::Status(Box::new(status(node, self.around()?)?))),
            List::PastMessages => self.late(node, Direction::Inbound),
            List::PastEchoes => self.late(node, Direction::Outbound),
            List::Calls => Ok(match call(node, self.around()?)? {
                Some(report) => Fact::Call(Box::new(report)),
                None => self.report(node, None, None),
            }),
            List::CallStatuses => self.call_status(node),
            List::ContactBook => self.contact(node),
            List::Preferences => self.preference(node),
            List::UserIds => self.user_id(node),
            List::Groups => {
                let change = group(known(node)?);
                change.kind.as_ref().ok_or(Flaw::Missing("type"))?;
                Ok(self.report(node, None, Some(Notice::Group(Box::new(change)))))
            }
            List::AutomaticEvents => {
                let event = automatic_event(known(node)?);
                event.name.as_ref().ok_or(Flaw::Missing("event_name"))?;
                Ok(self.report(node, None, Some(Notice::AutomaticEvent(event))))
            }
            List::UserActions => {
                let action = user_action(known(node)?);
                action.action.as_ref().ok_or(Flaw::Missing("action_type"))?;
                Ok(self.report(node, None, Some(Notice::UserAction(action))))
            }
            List::StandbyMessages => self.standby_message(node),
            List::StandbyEchoes => self.standby_echo(node),
            List::StandbyStatuses => {
                let status = status(node, self.around()?)?;
                let copy = StandbyCopy {
                    part: StandbyPart::Status,
                    kind: None,
                    content: Line::parse(status.reported.as_str()),
                    wamid: Some(status.wamid),
                    at: status.at,
                };
                Ok(self.report(node, status.customer, Some(Notice::Standby(copy))))
            }
        }
    }

    /// What a field says that has no fact of its own.
    pub(super) fn report(
        &self,
        node: Node<'_>,
        customer: Option<CustomerAliases>,
        notice: Option<Notice>,
    ) -> Fact {
        self.report_of(RawJson::new(node.raw().unwrap_or_default()), customer, notice)
    }

    /// The same, of a JSON text.
    pub(super) fn report_of(
        &self,
        raw: RawJson,
        customer: Option<CustomerAliases>,
        notice: Option<Notice>,
    ) -> Fact {
        Fact::Field(Box::new(self.field_report(raw, customer, notice)))
    }

    /// The report of a JSON text, which ties nobody to anything.
    pub(super) fn field_report(
        &self,
        raw: RawJson,
        customer: Option<CustomerAliases>,
        notice: Option<Notice>,
    ) -> FieldReport {
        let number = self.around.as_ref().ok().map(|around| around.number.clone());
        let (field, waba, told_at) = (self.field.clone(), self.waba.cloned(), self.told_at);
        FieldReport { field, number, waba, customer, notice, ties: Vec::new(), told_at, raw }
    }

    fn around(&self) -> Result<&Surroundings<'_>, Flaw> {
        self.around.as_ref().map_err(|flaw| *flaw)
    }

    fn late(&self, node: Node<'_>, direction: Direction) -> Result<Fact, Flaw> {
        Ok(Fact::Past(Box::new(late_media(node, direction, self.around()?)?)))
    }

    fn call_status(&self, node: Node<'_>) -> Result<Fact, Flaw> {
        Ok(match call_status(node, self.around()?)? {
            Some(report) => Fact::Call(Box::new(report)),
            None => self.report(node, None, None),
        })
    }

    /// All the names of whom `names` name.
    fn customer(&self, names: &Names<'_>) -> Option<CustomerAliases> {
        let known = || Some(self.around.as_ref().ok()?.contacts.customer(names)?.aliases);
        known().or_else(|| names.aliases(None))
    }

    fn contact(&self, node: Node<'_>) -> Result<Fact, Flaw> {
        let change: ContactChange<'_> = node.object().ok_or(Flaw::NoObject)?;
        if change.kind.string().is_some_and(|kind| kind != "contact") {
            return Ok(self.report(node, None, None));
        }
        let book: BookContact<'_> =
            change.contact.object().ok_or_else(|| Flaw::of("contact", change.contact))?;
        let names = Names {
            user_id: book.user_id.text(),
            parent_user_id: book.parent_user_id.text(),
            phone: book.phone_number.text(),
        };
        let customer =
            names.aliases(None).ok_or_else(|| Flaw::of("contact.phone_number", book.phone_number))?;
        Ok(self.report(node, Some(customer), Some(Notice::Contact(contact(&change, self.received)))))
    }

    fn preference(&self, node: Node<'_>) -> Result<Fact, Flaw> {
        let fields: PreferenceItem<'_> = node.object().ok_or(Flaw::NoObject)?;
        let names = Names {
            user_id: fields.user_id.text(),
            parent_user_id: fields.parent_user_id.text(),
            phone: fields.wa_id.text(),
        };
        let customer = self.customer(&names).ok_or_else(|| Flaw::of("wa_id", fields.wa_id))?;
        let preference: Preference = preference(node, self.received);
        Ok(self.report(node, Some(customer), Some(Notice::Preference(preference))))
    }

    fn user_id(&self, node: Node<'_>) -> Result<Fact, Flaw> {
        let fields: UserIdUpdate<'_> = node.object().ok_or(Flaw::NoObject)?;
        let renamed = Renamed::of(fields);
        let customer = self.customer(&renamed.names()).ok_or_else(|| Flaw::of("user_id", fields.user_id))?;
        let raw = RawJson::new(node.raw().unwrap_or_default());
        let notice = Notice::UserId(renamed.notice(self.received));
        let report = self.field_report(raw, Some(customer), Some(notice));
        Ok(Fact::Field(Box::new(FieldReport { ties: renamed.tie().into_iter().collect(), ..report })))
    }

    fn standby_message(&self, node: Node<'_>) -> Result<Fact, Flaw> {
        let message = message(node, Source::Customer, self.around()?)?;
        let copy = StandbyCopy {
            part: StandbyPart::Message,
            wamid: Some(message.wamid),
            kind: Some(message.kind),
            content: Line::parse(&message.content),
            at: message.at,
        };
        Ok(self.report(node, Some(message.customer), Some(Notice::Standby(copy))))
    }

    /// What the other app sent: around a body as one gives it to the Graph API.
    fn standby_echo(&self, node: Node<'_>) -> Result<Fact, Flaw> {
        let outer: StandbyEcho<'_> = node.object().ok_or(Flaw::NoObject)?;
        let sent: MessageItem<'_> = outer.message.object().unwrap_or_default();
        let wamid: Wamid = wamid(outer.id)?;
        let kind = sent.kind.string().and_then(|word| MessageType::parse(&word));
        let names = Names { user_id: None, parent_user_id: None, phone: sent.to.text() };
        let copy = StandbyCopy {
            part: StandbyPart::Echo,
            wamid: Some(wamid),
            content: kind.as_ref().and_then(|kind| Line::parse(&content(kind.as_str(), &sent))),
            kind,
            at: time(outer.timestamp, self.received),
        };
        Ok(self.report(node, self.customer(&names), Some(Notice::Standby(copy))))
    }
}

/// An item that is an object.
fn known(node: Node<'_>) -> Result<Node<'_>, Flaw> {
    if node.raw().is_some_and(|raw| raw.starts_with('{')) { Ok(node) } else { Err(Flaw::NoObject) }
}
