//! What a field says of who is who, and of whose an account is.

use waypost_domain::{Alias, AliasKind, PortfolioId, Tie, WabaId};

use super::contacts::phone;
use crate::json::Node;
use crate::shapes::{ChangedId, UserIdUpdate, Value, WabaInfo};

/// The most people of one change whose ids are read: Meta tells of one at a time.
const PEOPLE_MAX: usize = 64;

/// What the value of a field says; what cannot be used is left out, and stands in the value.
pub(super) fn ties(field: &str, value: &Value<'_>) -> Vec<Tie> {
    match field {
        "user_id_update" => {
            let people = value.user_id_update.items_or_one().into_iter().take(PEOPLE_MAX);
            people.filter_map(Node::object).filter_map(|update| names(&update)).collect()
        }
        "account_update" => value.waba_info.object().and_then(|info| owner(&info)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// All names of one person, where there are several.
fn names(update: &UserIdUpdate<'_>) -> Option<Tie> {
    let changed = |node: Node<'_>, kind| {
        let ChangedId { previous, current } = node.object().unwrap_or_default();
        [previous, current].map(|id| Alias::parse(kind, &id.text()?))
    };
    let of_user = changed(update.user_id, AliasKind::Bsuid);
    let of_parent = changed(update.parent_user_id, AliasKind::ParentBsuid);
    let now = update.wa_id.text().and_then(|id| phone(&id));
    let names: Vec<Alias> = of_user.into_iter().chain(of_parent).flatten().chain(now).collect();
    (names.len() > 1).then_some(Tie::Names(names))
}

fn owner(info: &WabaInfo<'_>) -> Option<Tie> {
    let waba = WabaId::parse(&info.waba_id.text()?)?;
    let portfolio = PortfolioId::parse(&info.owner.text()?)?;
    Some(Tie::Owner { waba, portfolio })
}
