//! Every client event, by everybody; and what each is shown then.

use serde_json::{Value, json};
use waypost_api::names::Request;
use waypost_domain::access::{ActionKind, general_scopes};
use waypost_testkit::{InboundText, NUMBER_ID, Webhook};
use waypost_tests::{Agents, ClientOptions, StockClient, deliver};

use crate::cast::{self, Credential, Member};
use crate::routes::Refusal;
use crate::scene::{OTHER_NUMBER, Scene, Target};
use crate::verdict::{FORBIDDEN, NO_CUSTOMER, Verdict, refused, sees};
use crate::{assert_names_nobody, assert_shows_no_more};

/// An event of a client with what is asked by it.
struct Question {
    request: Request,
    args: Vec<Value>,
    /// Whom it is about, and what has to be allowed.
    asks: Option<(ActionKind, Refusal)>,
    expected: Option<&'static str>,
}

#[test]
fn every_event_is_answered_and_shown_to_each_as_the_policy_says() {
    let scene = Scene::start();
    let agents = Agents::default();
    let mut clients = Vec::new();
    for member in cast::all(&scene) {
        let mut client = options(&scene, &member).start_in(&agents);
        if member.principal.is_none() {
            assert_eq!(client.refused()["data"]["code"], "unauthenticated", "{}", member.name);
            continue;
        }
        client.connected();
        for request in Request::ALL {
            let answers = [&scene.own, &scene.other, &scene.unknown]
                .map(|target| ask_all(&scene, &member, (&mut client, request, target)));
            let [_, (Some(Verdict::Missing(_)), other), (Some(Verdict::Missing(_)), unknown)] = &answers
            else {
                continue;
            };
            assert_eq!(other, unknown, "{} by {}", request.as_str(), member.name);
        }
        clients.push((member, client));
    }
    assert_each_is_shown_what_is_theirs(&scene, clients);
}

fn options(scene: &Scene, member: &Member) -> ClientOptions {
    match &member.credential {
        Credential::Nothing => ClientOptions::at(scene.server.url()),
        Credential::Bearer(token) => ClientOptions::new(&scene.server).auth("token", token.as_str()),
        Credential::Cookie(person) => person.client(&scene.server),
    }
}

/// Asks in every way; the verdict, and the answers.
fn ask_all(
    scene: &Scene,
    member: &Member,
    (client, request, target): (&mut StockClient, Request, &Target),
) -> (Option<Verdict>, Vec<Value>) {
    let mut last = None;
    let mut answers = Vec::new();
    for question in questions(member, request, target) {
        let what = format!("{} by {} about {}", request.as_str(), member.name, target.name);
        let verdict = verdict(member, &question, target);
        let ack = client.call(question.request.as_str(), &question.args);
        assert_eq!(ack["error"]["code"].as_str(), code(verdict, &question), "{what}: {ack}");
        assert_eq!(ack["ok"], json!(ack["error"].is_null()), "{what}: {ack}");
        // The answer repeats the name that was asked for.
        let asked = question.args.first().and_then(Value::as_str).unwrap_or("none");
        let text = ack.to_string().replace(asked, "");
        assert_shows_no_more(scene, member, (&text, &what));
        if !ack["error"].is_null() {
            assert_names_nobody(scene, &ack.to_string(), &what);
        }
        last = verdict;
        answers.push(ack);
    }
    (last, answers)
}

fn verdict(member: &Member, question: &Question, target: &Target) -> Option<Verdict> {
    let (kind, refusal) = question.asks?;
    let principal = member.principal.as_ref()?;
    // Whoever may see nothing at all has no general room, although their lists are merely empty.
    if question.request == Request::JoinGeneral && general_scopes(principal).is_empty() {
        return Some(Verdict::Refused(refusal));
    }
    refused(principal, kind, (target, refusal))
}

fn code(verdict: Option<Verdict>, question: &Question) -> Option<&'static str> {
    match verdict {
        Some(Verdict::Missing((_, code)) | Verdict::Refused((_, code))) => Some(code),
        Some(Verdict::Done(_)) | None => question.expected,
    }
}

/// What a client can ask by this event of this target. A new event fails to compile here.
fn questions(member: &Member, request: Request, target: &Target) -> Vec<Question> {
    let of = |args, asks| Question { request, args, asks, expected: None };
    // Whoever sees all may wait for a name that is nobody's.
    let customer = if target.known.is_some() { ActionKind::SeeCustomer } else { ActionKind::SeeAnyCustomer };
    match request {
        Request::JoinGeneral => vec![of(vec![], Some((ActionKind::List, FORBIDDEN)))],
        Request::JoinMonitor => vec![of(vec![], Some((ActionKind::Monitor, FORBIDDEN)))],
        Request::JoinCustomer => {
            let join = |name| of(vec![json!(name)], Some((customer, NO_CUSTOMER)));
            target.names().into_iter().map(join).collect()
        }
        Request::LeaveCustomer => {
            target.names().into_iter().map(|name| of(vec![json!(name)], None)).collect()
        }
        Request::LeaveGeneral | Request::LeaveMonitor => vec![of(vec![], None)],
        Request::Authenticate => {
            let with = |token: &str, expected| Question { expected, ..of(vec![json!(token)], None) };
            let own = match &member.credential {
                Credential::Bearer(token) => Some(with(token, None)),
                Credential::Nothing | Credential::Cookie(_) => None,
            };
            let somebody_elses = with(&cast::token("zoe", "viewer", &json!({})), Some("forbidden"));
            own.into_iter().chain([somebody_elses, with("nobodys", Some("unauthenticated"))]).collect()
        }
    }
}

/// Whoever is in all rooms they are let into is shown the messages that the policy says, and those alone.
fn assert_each_is_shown_what_is_theirs(scene: &Scene, clients: Vec<(Member, StockClient)>) {
    let rooms = |client: &mut StockClient| {
        client.call("joinWhatsAppGeneral", &[]);
        for name in [&scene.own, &scene.other].into_iter().flat_map(Target::names) {
            client.call("joinWhatsAppCustomer", &[json!(name)]);
        }
    };
    let mut clients = clients;
    clients.iter_mut().for_each(|(_, client)| rooms(client));
    for (target, number, text) in
        [(&scene.other, OTHER_NUMBER, "said by the other"), (&scene.own, NUMBER_ID, "said by one's own")]
    {
        let name = "Live".to_owned();
        let said =
            InboundText { name, ..InboundText::new(&target.phone, &format!("wamid.live-{number}"), text) };
        deliver(&scene.server, &Webhook::for_number(number).text(&said).to_bytes());
    }
    let (see, blind): (Vec<_>, Vec<_>) =
        clients.into_iter().partition(|(member, _)| sees(member, &scene.own));
    for (member, mut client) in see {
        let mut shown = Vec::new();
        while shown.last().is_none_or(|last| last != "said by one's own") {
            let event = client.event("whatsappMessage");
            assert_shows_no_more(scene, &member, (&event.body().to_string(), &member.name));
            shown.push(event.text("content").to_owned());
        }
        let both = ["said by the other", "said by one's own"];
        let expected = if sees(&member, &scene.other) { &both[..] } else { &both[1..] };
        assert_eq!(shown, expected, "{}", member.name);
    }
    // By now everybody else has been sent theirs.
    for (member, mut client) in blind {
        assert!(!sees(&member, &scene.other), "{}", member.name);
        let shown = client.events_so_far();
        assert!(!shown.iter().any(|event| event.is_of_journal()), "{}: {shown:?}", member.name);
    }
}
