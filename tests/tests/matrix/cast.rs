//! Everybody who asks: each role and each scope of a key, wide and narrow, and nobody.

use std::collections::BTreeSet;
use std::path::Path;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use waypost_domain::access::{
    KeyScope, Permission, Permissions, Principal, PrincipalId, Rights, Role, Sees, Standing, View,
};
use waypost_domain::{PhoneNumberId, Responder};
use waypost_testkit::{NUMBER_ID, Request, TestServer};
use waypost_tests::{Person, run_waypost};

use crate::scene::{AGENT, Scene, TEAM, text};

pub(crate) const SECRET: &str = "a-secret-for-tests-of-32-bytes-or-more";
pub(crate) const ISSUER: &str = "https://login.example";

/// Somebody who asks.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) credential: Credential,
    /// As the policy sees them; `None` for nobody.
    pub(crate) principal: Option<Principal>,
}

/// How they say who they are.
pub(crate) enum Credential {
    Nothing,
    Bearer(String),
    Cookie(Person),
}

/// Everybody.
pub(crate) fn all(scene: &Scene) -> Vec<Member> {
    let server = &scene.server;
    let mut members = vec![
        Member { name: "nobody".to_owned(), credential: Credential::Nothing, principal: None },
        Member {
            name: "a stranger".to_owned(),
            credential: Credential::Bearer("wpk_nobodys".to_owned()),
            principal: None,
        },
    ];
    members.extend(people(scene));
    members.extend(programs(server));
    let admin = Person::sign_in(server, "root");
    let agent = Person::invited(server, &admin, ("ann", "agent"));
    for (person, role) in [(admin, Role::Admin), (agent, Role::Agent)] {
        members.push(Member {
            name: format!("an account, {}", role.as_str()),
            credential: Credential::Cookie(person),
            principal: Some(Principal::with_role(id("account"), role)),
        });
    }
    members
}

/// An account that nobody uses. It is made by the first administrator, who is `root`.
pub(crate) fn spare_account(server: &TestServer) -> String {
    let admin = Person::first_admin(server);
    let invitation = json!({ "login": "spare", "name": "Spare", "role": "viewer" });
    let invited = admin.send(server, Request::post_json("/api/accounts", &invitation));
    assert_eq!(invited.status, 201, "{}", invited.text());
    text(&invited.json()["account"]["id"])
}

/// Roles of our own making: all permissions, held to less.
const FURTHER: [(&str, Sees, View); 4] = [
    ("team", Sees::Team, View::Full),
    ("own", Sees::Own, View::Full),
    ("masked", Sees::All, View::Masked),
    ("own-masked", Sees::Own, View::Masked),
];

/// As `WAYPOST_AUTH_ROLES` takes them.
pub(crate) fn further_roles() -> String {
    let permissions = Permission::ALL.map(Permission::as_str).join("+");
    let role = |(name, sees, view): (&str, Sees, View)| {
        let view = if view == View::Masked { "masked" } else { "full" };
        format!("{name}:{permissions}:{}:{view}", sees.as_str())
    };
    FURTHER.map(role).join(",")
}

/// People with tokens of another program.
fn people(scene: &Scene) -> Vec<Member> {
    let further = FURTHER.map(|(name, sees, view)| {
        (name, Rights { permissions: Permissions::of(&Permission::ALL), sees, view })
    });
    let roles = Role::ALL.map(|role| (role.as_str(), role.rights()));
    let numbers = || Some(BTreeSet::from([number()]));
    let teams = || Some(BTreeSet::from_iter(Responder::parse(TEAM)));
    let customers = || Some(BTreeSet::from([scene.own.customer.parse().expect("an id of ours")]));
    let limits = [
        (json!({ "numbers": [NUMBER_ID] }), Standing { numbers: numbers(), ..Standing::default() }),
        (json!({ "teams": [TEAM] }), Standing { teams: teams(), ..Standing::default() }),
        (
            json!({ "customers": [scene.own.phone] }),
            Standing { customers: customers(), ..Standing::default() },
        ),
        (json!({ "numbers": [] }), Standing { numbers: Some(BTreeSet::new()), ..Standing::default() }),
    ];
    let somebody =
        |(subject, role, rights): (&str, &str, Rights), claims: &Value, standing: Standing| Member {
            name: format!("{subject}, {role} {claims}"),
            credential: Credential::Bearer(token(subject, role, claims)),
            principal: Some(
                rights.of(id(subject), Standing { agent: Responder::parse(subject), ..standing }),
            ),
        };
    let mut members = Vec::new();
    for (role, rights) in roles.into_iter().chain(further) {
        for subject in [AGENT, "sam"] {
            members.push(somebody((subject, role, rights), &json!({}), Standing::default()));
        }
    }
    for (role, rights) in [Role::Agent, Role::Admin].map(|role| (role.as_str(), role.rights())) {
        for (claims, standing) in &limits {
            members.push(somebody(("sam", role, rights), claims, standing.clone()));
        }
    }
    members
}

/// Programs with keys.
fn programs(server: &TestServer) -> Vec<Member> {
    let mut members = Vec::new();
    for scope in KeyScope::ALL {
        for numbers in [None, Some(BTreeSet::from([number()]))] {
            let mut arguments = vec!["key", "create", "program", "--scope", scope.as_str()];
            arguments.extend(numbers.iter().flat_map(|_| ["--number", NUMBER_ID]));
            let key = run_waypost(Path::new("/"), &arguments, &server.kept().variables()).success();
            let rights = Rights { permissions: scope.permissions(), ..Role::Admin.rights() };
            let narrowed = if numbers.is_some() { " for a number" } else { "" };
            members.push(Member {
                name: format!("a key to {}{narrowed}", scope.as_str()),
                credential: Credential::Bearer(key.trim().to_owned()),
                principal: Some(rights.of(id("key"), Standing { numbers, ..Standing::default() })),
            });
        }
    }
    members
}

pub(crate) fn token(subject: &str, role: &str, limits: &Value) -> String {
    let mut claims = json!({
        "iss": ISSUER, "aud": "waypost", "sub": subject, "role": role,
        "exp": jsonwebtoken::get_current_timestamp() + 3_600,
    });
    for (name, value) in limits.as_object().expect("limits by name") {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}

fn number() -> PhoneNumberId {
    PhoneNumberId::parse(NUMBER_ID).expect("a number's id")
}

fn id(name: &str) -> PrincipalId {
    PrincipalId::parse(name).expect("visible ASCII")
}
