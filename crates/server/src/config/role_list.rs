//! RoleList that something is asked of.

use waypost_domain::Role;

use super::setting::{Raw, Setting, Shape, Shown, Wrong};

/// Some roles, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoleList(Vec<Role>);

impl RoleList {
    pub(crate) fn as_slice(&self) -> &[Role] {
        &self.0
    }
}

impl Setting for RoleList {
    const SHAPE: Shape = Shape::List;

    fn allowed() -> String {
        let words = Role::ALL.map(|role| format!("`{}`", role.as_str()));
        format!("of {}; or nothing", words.join(", "))
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let items = raw.items()?.into_iter();
        items
            .map(|item| Role::parse(item).ok_or_else(|| Wrong::item(item)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn shown(&self) -> Shown {
        Shown::list(&self.0.iter().map(|role| role.as_str()).collect::<Vec<_>>())
    }
}
