//! The roles that something is asked of.

use waypost_domain::RoleName;

use super::setting::{Raw, Setting, Shape, Shown, Wrong};

/// Some roles, or none. Whether there are such roles is for [`super::AuthConfig`] to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoleList(Vec<RoleName>);

impl RoleList {
    pub(crate) fn as_slice(&self) -> &[RoleName] {
        &self.0
    }
}

impl Setting for RoleList {
    const SHAPE: Shape = Shape::List;

    fn allowed() -> String {
        "names of roles, of ours or of `auth.roles`; or nothing".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let items = raw.items()?.into_iter();
        items
            .map(|item| RoleName::parse(item).ok_or_else(|| Wrong::item(item)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn shown(&self) -> Shown {
        Shown::list(&self.0.iter().map(RoleName::as_str).collect::<Vec<_>>())
    }
}
