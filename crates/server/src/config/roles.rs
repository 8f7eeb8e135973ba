//! Roles beside those that are always there.

use std::collections::BTreeMap;

use waypost_domain::{Permission, Permissions, Rights, Role, RoleName, Sees, View};

use super::setting::{Raw, Setting, Shape, Shown, Wrong};

/// Every role there is, by its name: the ones of ours, and those of `auth.roles`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roles(BTreeMap<RoleName, Rights>);

impl Roles {
    /// What a role stands for; `None` where there is none of this name.
    pub(crate) fn rights(&self, name: &RoleName) -> Option<Rights> {
        let ours = Role::parse(name.as_str()).map(Role::rights);
        ours.or_else(|| self.0.get(name).copied())
    }
}

#[cfg(test)]
impl Roles {
    pub(crate) fn of(text: &str) -> Option<Self> {
        Self::parse(&Raw::Text(text.to_owned())).ok()
    }
}

/// Understands `name:permission+permission:whose:view`; `None` where it is not so.
fn parse_role(text: &str) -> Option<(RoleName, Rights)> {
    let mut parts = text.split(':');
    let name = parts.next().filter(|name| Role::parse(name).is_none()).and_then(RoleName::parse)?;
    let permissions: Option<Vec<Permission>> = parts.next()?.split('+').map(Permission::parse).collect();
    let sees = parts.next().map_or(Some(Sees::All), Sees::parse)?;
    let view = match parts.next() {
        None | Some("full") => View::Full,
        Some("masked") => View::Masked,
        Some(_) => return None,
    };
    let rights = Rights { permissions: Permissions::of(&permissions?), sees, view };
    parts.next().is_none().then_some((name, rights))
}

fn to_text((name, rights): (&RoleName, &Rights)) -> String {
    let has = |permission: &Permission| rights.permissions.contains(*permission);
    let permissions: Vec<&str> = Permission::ALL
        .iter()
        .filter(|permission| has(permission))
        .map(|permission| permission.as_str())
        .collect();
    let view = match rights.view {
        View::Full => "full",
        View::Masked => "masked",
    };
    format!("{name}:{}:{}:{view}", permissions.join("+"), rights.sees.as_str())
}

impl Setting for Roles {
    const SHAPE: Shape = Shape::List;

    fn allowed() -> String {
        let permissions: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
        format!(
            "items such as night-shift:read+send+assign or temp:read+send:own:masked: a name of lower-case letters, digits \
             and `-` that no other role has; permissions ({}); whose conversations (`all`, `team`, `own`); how much of them \
             (`full`, `masked`); or nothing",
            permissions.join(", ")
        )
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let mut roles = BTreeMap::new();
        for item in raw.items()? {
            let (name, rights) = parse_role(item).ok_or_else(|| Wrong::item(item))?;
            if roles.insert(name, rights).is_some() {
                return Err(Wrong::item(item));
            }
        }
        Ok(Self(roles))
    }

    fn shown(&self) -> Shown {
        Shown::list(&self.0.iter().map(to_text).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_says_what_where_and_how_much() {
        let roles =
            Roles::parse(&Raw::Text("night:read+send,temp:read+send+assign:own:masked".into())).unwrap();
        let rights = |name| roles.rights(&RoleName::parse(name).unwrap());
        let temp = rights("temp").unwrap();
        assert_eq!((temp.sees, temp.view), (Sees::Own, View::Masked));
        assert!(
            temp.permissions.contains(Permission::Assign) && !temp.permissions.contains(Permission::Manage)
        );
        let night = rights("night").unwrap();
        assert_eq!((night.sees, night.view), (Sees::All, View::Full));
        assert_eq!(rights("admin"), Some(Role::Admin.rights()));
        assert_eq!(rights("nobody"), None);
        for text in [
            "admin:read",
            "Temp:read",
            "a:see",
            "a:",
            "a",
            ":read",
            "a:read:mine",
            "a:read:own:half",
            "a:read:own:full:x",
            "a:read,a:send",
        ] {
            assert!(Roles::parse(&Raw::Text(text.into())).is_err(), "{text}");
        }
    }
}
