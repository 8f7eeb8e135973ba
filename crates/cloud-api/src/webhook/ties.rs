//! What a field says of who is who, and of whose an account is.

use waypost_domain::detail::Token;
use waypost_domain::notice::UserIdChange;
use waypost_domain::{Alias, AliasKind, PortfolioId, Tie, Timestamp, WabaId};

use super::contacts::{Names, phone};
use super::detail::words;
use super::message::time;
use crate::json::Node;
use crate::shapes::{ChangedId, UserIdUpdate, Value, WabaInfo};

/// What the value of a field says of whose an account is.
pub(super) fn owners(field: &str, value: &Value<'_>) -> Vec<Tie> {
    let is_told = field == "account_update";
    let info = || value.waba_info.object().and_then(|info| owner(&info));
    is_told.then(info).flatten().into_iter().collect()
}

fn owner(info: &WabaInfo<'_>) -> Option<Tie> {
    let waba = WabaId::parse(&info.waba_id.text()?)?;
    let portfolio = PortfolioId::parse(&info.owner.text()?)?;
    Some(Tie::Owner { waba, portfolio })
}

/// Somebody has another user id.
pub(super) struct Renamed<'a> {
    update: UserIdUpdate<'a>,
    user: ChangedId<'a>,
    parent: ChangedId<'a>,
}

impl<'a> Renamed<'a> {
    pub(super) fn of(update: UserIdUpdate<'a>) -> Self {
        // A single id is the one from now on.
        let changed =
            |node: Node<'a>| node.object().unwrap_or(ChangedId { current: node, ..ChangedId::default() });
        Self { update, user: changed(update.user_id), parent: changed(update.parent_user_id) }
    }

    /// By which the person is called now, as far as it is told.
    pub(super) fn names(&self) -> Names<'a> {
        Names {
            user_id: self.user.current.text().or_else(|| self.user.previous.text()),
            parent_user_id: self.parent.current.text().or_else(|| self.parent.previous.text()),
            phone: self.update.wa_id.text(),
        }
    }

    /// All names of the person, where there are several.
    pub(super) fn tie(&self) -> Option<Tie> {
        let ids = |changed: ChangedId<'_>, kind| {
            [changed.previous, changed.current].map(|id| Alias::parse(kind, &id.text()?))
        };
        let of_user = ids(self.user, AliasKind::Bsuid);
        let of_parent = ids(self.parent, AliasKind::ParentBsuid);
        let number = self.update.wa_id.text().and_then(|id| phone(&id));
        let names: Vec<Alias> = of_user.into_iter().chain(of_parent).flatten().chain(number).collect();
        (names.len() > 1).then_some(Tie::Names(names))
    }

    pub(super) fn notice(&self, received: Timestamp) -> UserIdChange {
        let token = |id: Node<'_>| Token::parse(&id.text()?);
        UserIdChange {
            previous: token(self.user.previous),
            current: token(self.user.current),
            previous_parent: token(self.parent.previous),
            current_parent: token(self.parent.current),
            detail: words(self.update.detail),
            at: time(self.update.timestamp, received),
        }
    }
}
