//! The tables of docs/SECURITY.md, made from the policy itself.

use std::fmt::Write as _;

use waypost_api::names::Request;
use waypost_domain::{
    ActionKind, Assignment, KeyScope, Permission, Permissions, Person, PhoneNumberId, Place, Principal,
    PrincipalId, Reach, Role, may,
};

use crate::needs::{self, Need};

/// All tables.
pub(crate) fn markdown() -> String {
    let rows = |rows: Vec<String>| rows.concat();
    format!(
        "| permission | roles | scopes of keys |\n| --- | --- | --- |\n{}\n\
         | to | takes | where |\n| --- | --- | --- |\n{}\n\
         | route | needs to be allowed to |\n| --- | --- |\n{}\n\
         | event of a client | needs to be allowed to |\n| --- | --- |\n{}",
        rows(Permission::ALL.map(permission_row).into()),
        rows(ActionKind::ALL.map(action_row).into()),
        rows(
            needs::routes().map(|(method, path, need)| need_row(&format!("{method} {path}"), need)).collect()
        ),
        rows(Request::ALL.map(|request| need_row(request.as_str(), needs::of_event(request))).into()),
    )
}

fn permission_row(permission: Permission) -> String {
    let has = |permissions: Permissions| permissions.contains(permission);
    let roles = Role::ALL.iter().filter(|role| has(role.rights().permissions)).map(|role| role.as_str());
    let scopes = KeyScope::ALL.iter().filter(|scope| has(scope.permissions())).map(|scope| scope.as_str());
    format!("| `{}` | {} | {} |\n", permission.as_str(), listed(roles, ""), listed(scopes, "`"))
}

fn action_row(kind: ActionKind) -> String {
    let permission = kind.on(&place("1"), &person("1")).permission();
    format!("| {} | `{}` | {} |\n", kind.as_str(), permission.as_str(), bound(kind))
}

fn need_row(name: &str, need: Need) -> String {
    format!("| `{name}` | {} |\n", need.words().join(", "))
}

/// What a narrower reach leaves of an action: the policy is asked, here and elsewhere.
fn bound(kind: ActionKind) -> &'static str {
    let principal = Principal {
        reach: Reach { numbers: Some([number("1")].into()), ..Reach::EVERYTHING },
        ..Principal::with_role(PrincipalId::parse("somebody").expect("visible ASCII"), Role::Admin)
    };
    let may_at = |number| may(&principal, kind.on(&place(number), &person(number)));
    match (may_at("1"), may_at("2")) {
        (true, true) => "whatever one reaches",
        (true, false) => "wherever one reaches",
        (false, _) => "only where one reaches everything",
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a str>, quote: &str) -> String {
    let mut list = String::new();
    for word in words {
        let separator = if list.is_empty() { "" } else { ", " };
        write!(list, "{separator}{quote}{word}{quote}").expect("a string takes everything");
    }
    list
}

fn number(id: &str) -> PhoneNumberId {
    PhoneNumberId::parse(id).expect("a digit is a number's id")
}

fn place(at: &str) -> Place {
    Place { customers: Vec::new(), number: number(at), assignment: Assignment::default() }
}

fn person(at: &str) -> Person {
    Person { customers: Vec::new(), places: vec![place(at)] }
}
