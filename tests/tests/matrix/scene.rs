//! What everybody asks about: a conversation of Ana's, which is that of whoever has little; one of Ben's, which is not; and what is
//! nobody's.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use waypost_domain::access::{Person, Place, View};
use waypost_domain::{Assignment, CustomerId, PhoneNumberId, Responder};
use waypost_testkit::{Answer, NUMBER_ID, Request, ServerOptions, TestServer, Webhook};
use waypost_tests::{ask, deliver, read};

use crate::cast::{self, Member};
use crate::verdict::sees;

/// The other of our numbers.
pub(crate) const OTHER_NUMBER: &str = "100000000000109";
/// To whom Ana's conversation is assigned, and whose team is hers.
pub(crate) const AGENT: &str = "eva";
pub(crate) const TEAM: &str = "sales";

/// A server in which something is there to be asked about.
pub(crate) struct Scene {
    pub(crate) server: TestServer,
    pub(crate) own: Target,
    pub(crate) other: Target,
    pub(crate) unknown: Target,
    /// Somebody with whom others are merged, and who is not asked about.
    pub(crate) third: String,
    /// A dead letter, as the list names it.
    pub(crate) letter: String,
    /// An account that nobody of the cast has.
    pub(crate) account: String,
    keys: AtomicUsize,
}

/// A conversation, by all that names it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) conversation: String,
    pub(crate) customer: String,
    pub(crate) message: String,
    pub(crate) phone: String,
    pub(crate) bsuid: String,
    pub(crate) external: String,
    wamid: String,
    profile: String,
    text: String,
    /// As the policy sees it; `None` where there is none.
    pub(crate) known: Option<(Place, Person)>,
}

impl Target {
    /// All that is nobody's business who does not see it.
    pub(crate) fn all_secrets(&self) -> [&str; 9] {
        [
            &self.phone,
            &self.wamid,
            &self.bsuid,
            &self.conversation,
            &self.customer,
            &self.message,
            &self.external,
            &self.profile,
            &self.text,
        ]
    }

    /// What `member` must not be shown of it.
    pub(crate) fn secrets(&self, member: &Member) -> Vec<&str> {
        let is_masked = member.principal.as_ref().is_some_and(|principal| principal.view == View::Masked);
        match (sees(member, self), is_masked) {
            (false, _) => self.all_secrets().to_vec(),
            // The number and WhatsApp's ids.
            (true, true) => self.all_secrets()[..3].to_vec(),
            (true, false) => Vec::new(),
        }
    }

    /// All names by which the customer is found.
    pub(crate) fn names(&self) -> [String; 4] {
        [self.customer.clone(), self.phone.clone(), self.bsuid.clone(), format!("ext:{}", self.external)]
    }
}

impl Scene {
    pub(crate) fn start() -> Self {
        Self::start_with(options())
    }

    pub(crate) fn start_with(options: ServerOptions) -> Self {
        let server = options.start();
        let own = target(&server, &Told::ANA);
        let other = target(&server, &Told::BEN);
        let third = customer_of(&server, &Told::CAT);
        let unknown = Target {
            name: "what is nobody's",
            conversation: another(&own.conversation),
            customer: another(&own.customer),
            message: another(&own.message),
            phone: "15550009999".to_owned(),
            bsuid: "US.79999999999999999999".to_owned(),
            external: "crm-nobody".to_owned(),
            wamid: "wamid.nobody".to_owned(),
            profile: "Nobody At All".to_owned(),
            text: "nothing that was said".to_owned(),
            known: None,
        };
        deliver(&server, br#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":7}]}]}"#);
        let letter = text(&read(&server, "/api/dead-letters")["data"][0]["id"]);
        let account = cast::spare_account(&server);
        Self { server, own, other, unknown, third, letter, account, keys: AtomicUsize::new(0) }
    }

    /// An idempotency key that was not used yet.
    pub(crate) fn fresh_key(&self) -> String {
        format!("matrix-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Undoes a merge that was allowed, so that the next is asked about the same two.
    #[track_caller]
    pub(crate) fn undo(&self, answer: &Answer, what: &str) {
        if what.contains("/merge") && answer.status == 200 {
            let merged = &answer.json()["merged"][0]["customerId"];
            let target = format!("/api/customers/{}/unmerge", text(merged));
            assert_eq!(ask(&self.server, Request::new("POST", &target)).status, 200, "{what}");
        }
    }
}

pub(crate) fn options() -> ServerOptions {
    TestServer::options()
        .env("WAYPOST_JWT_SECRET", cast::SECRET)
        .env("WAYPOST_JWT_ISSUER", cast::ISSUER)
        .env("WAYPOST_JWT_AUDIENCE", "waypost")
        .env("WAYPOST_AUTH_ROLES", cast::further_roles())
}

/// What is known of somebody before they are asked about.
struct Told {
    name: &'static str,
    number: &'static str,
    phone: &'static str,
    bsuid: &'static str,
    external: &'static str,
    profile: &'static str,
    assignee: &'static str,
    team: &'static str,
}

impl Told {
    const ANA: Self = Self {
        name: "one's own",
        number: NUMBER_ID,
        phone: "15550002001",
        bsuid: "US.70000000000000002001",
        external: "crm-ana-1",
        profile: "Ana Quartz",
        assignee: AGENT,
        team: TEAM,
    };
    const BEN: Self = Self {
        name: "somebody else's",
        number: OTHER_NUMBER,
        phone: "15550002002",
        bsuid: "US.70000000000000002002",
        external: "crm-ben-2",
        profile: "Ben Larch",
        assignee: "ben",
        team: "support",
    };
    const CAT: Self = Self {
        name: "a third",
        number: OTHER_NUMBER,
        phone: "15550002003",
        bsuid: "US.70000000000000002003",
        external: "crm-cat-3",
        profile: "Cat Myrtle",
        assignee: "ben",
        team: "support",
    };
}

/// Writes once, is named by another system, and is given to somebody.
fn target(server: &TestServer, told: &Told) -> Target {
    let customer = customer_of(server, told);
    let found = read(server, &format!("/api/conversations?customerId={customer}"));
    let conversation = text(&found["data"][0]["id"]);
    let thread = read(server, &format!("/api/conversations/{conversation}/messages"));
    let message = text(&thread["data"][0]["id"]);
    let external = json!({ "externalId": told.external });
    well(server, Request::patch_json(&format!("/api/customers/{customer}"), &external));
    let assignment = json!({ "assignee": told.assignee, "team": told.team });
    well(server, Request::patch_json(&format!("/api/conversations/{conversation}"), &assignment));
    let id: CustomerId = customer.parse().expect("an id of ours");
    let place = Place {
        customers: vec![id],
        number: PhoneNumberId::parse(told.number).expect("a number's id"),
        assignment: Assignment {
            assignee: Responder::parse(told.assignee),
            team: Responder::parse(told.team),
        },
    };
    let person = Person { customers: vec![id], places: vec![place.clone()] };
    Target {
        name: told.name,
        conversation,
        customer,
        message,
        phone: told.phone.to_owned(),
        bsuid: told.bsuid.to_owned(),
        external: told.external.to_owned(),
        wamid: wamid(told),
        profile: told.profile.to_owned(),
        text: said(told),
        known: Some((place, person)),
    }
}

fn customer_of(server: &TestServer, told: &Told) -> String {
    let contact = json!({ "profile": { "name": told.profile }, "wa_id": told.phone, "user_id": told.bsuid });
    let message = json!({
        "from": told.phone, "from_user_id": told.bsuid, "id": wamid(told), "timestamp": "1790000000",
        "type": "text", "text": { "body": said(told) },
    });
    deliver(server, &Webhook::for_number(told.number).message(&contact, &message).to_bytes());
    let found = read(server, &format!("/api/customers?search={}", told.phone));
    text(&found["data"][0]["id"])
}

fn wamid(told: &Told) -> String {
    format!("wamid.of-{}", told.assignee.to_owned() + told.phone)
}

fn said(told: &Told) -> String {
    format!("the plain words of {}", told.profile)
}

/// An id like this one that is nobody's.
fn another(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

#[track_caller]
fn well(server: &TestServer, request: Request) {
    let answer = ask(server, request);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
