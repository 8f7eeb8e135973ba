//! Everybody asks everything: each route and each client event, by each role and each scope of a key, about what is one's own,
//! somebody else's and nobody's. What is answered is what the policy says, and nothing else.
//!
//! What is expected is computed by `domain::access` alone; which action a route stands for is the table in `routes.rs`. A route or an
//! event that the table does not know fails here, so that each later one has to join.

mod canaries;
mod cast;
mod events;
mod routes;
mod scene;
mod verdict;

use std::collections::BTreeSet;

use serde_json::Value;
use waypost_testkit::{Answer, Request};

use cast::{Credential, Member};
use routes::{ROUTES, Route};
use scene::{Scene, Target};
use verdict::{Verdict, sees, verdict};

#[test]
fn every_route_answers_each_as_the_policy_says() {
    let scene = Scene::start();
    assert_every_route_is_known(&scene);
    for member in cast::all(&scene) {
        for route in ROUTES {
            check(&scene, &member, route);
        }
    }
}

/// The table has the routes that are served, and says of each what the description says.
fn assert_every_route_is_known(scene: &Scene) {
    let description = waypost_tests::read(&scene.server, "/api/openapi.json");
    let mut served = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let name = format!("{} {path}", method.to_uppercase());
            let route = ROUTES.iter().find(|route| route.name == name);
            let route = route.unwrap_or_else(|| panic!("{name} has no row in matrix/routes.rs"));
            let said: BTreeSet<&str> =
                operation["x-needs"].as_array().expect("needs").iter().filter_map(Value::as_str).collect();
            assert_eq!(said, route.needs(), "what the description says of {name}");
            served.insert(name);
        }
    }
    for route in ROUTES {
        assert!(served.contains(route.name), "{} is not served any more", route.name);
    }
}

/// An answer without what is of the moment.
type Told = (u16, Vec<(String, String)>, String);

fn check(scene: &Scene, member: &Member, route: &Route) {
    let targets: &[&Target] =
        if route.is_of_target() { &[&scene.own, &scene.other, &scene.unknown] } else { &[&scene.own] };
    let mut answers = Vec::new();
    for target in targets {
        let expected = verdict(member, route, target);
        let what = format!("{} by {} about {}", route.name, member.name, target.name);
        let requests = (route.requests)(scene, target);
        let several: Vec<Answer> =
            requests.into_iter().map(|request| ask(scene, member, request, (&expected, &what))).collect();
        if route.is_list() && expected == Verdict::Done(route.done) {
            let listed = several[0].text();
            for target in [&scene.own, &scene.other] {
                assert_eq!(
                    listed.contains(&target.customer),
                    sees(member, target),
                    "{what}, {}",
                    target.name
                );
            }
        }
        answers.push((expected, several));
    }
    // What is somebody else's is as what is not there.
    if let [_, (Verdict::Missing(..), other), (Verdict::Missing(..), unknown)] = answers.as_slice() {
        // By whatever name it was asked for.
        let told = |answers: &[Answer]| -> Vec<Told> {
            let headers =
                |answer: &Answer| answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
            let mut told: Vec<_> =
                answers.iter().map(|answer| (answer.status, headers(answer), answer.text())).collect();
            told.dedup();
            told
        };
        assert_eq!(told(other), told(unknown), "{} by {}", route.name, member.name);
    }
}

/// The answer, once it is the expected one and shows nothing beyond what its reader may see.
#[track_caller]
fn ask(scene: &Scene, member: &Member, request: Request, (expected, what): (&Verdict, &str)) -> Answer {
    let request = match &member.credential {
        Credential::Nothing => request,
        Credential::Bearer(token) => request.bearer(token),
        Credential::Cookie(person) => request.header("Cookie", person.cookie()),
    };
    let answer = scene.server.send(&waypost_tests::from_page(request)).expect("an answer");
    expected.assert(&answer, what);
    assert_shows_no_more(scene, member, (&answer.text(), what));
    if answer.status >= 400 {
        assert_names_nobody(scene, &answer.text(), what);
    }
    scene.undo(&answer, what);
    answer
}

/// What is refused repeats nothing of what it is about.
#[track_caller]
pub(crate) fn assert_names_nobody(scene: &Scene, text: &str, what: &str) {
    for secret in [&scene.own, &scene.other, &scene.unknown].into_iter().flat_map(Target::all_secrets) {
        assert!(!text.contains(secret), "{what} repeats {secret}: {text}");
    }
}

/// Of whom `member` may not see, there is nothing; and no number and none of WhatsApp's ids for whoever is not to see those.
#[track_caller]
pub(crate) fn assert_shows_no_more(scene: &Scene, member: &Member, (text, what): (&str, &str)) {
    for target in [&scene.own, &scene.other] {
        for secret in target.secrets(member) {
            assert!(!text.contains(secret), "{what} shows {secret}: {text}");
        }
    }
}
