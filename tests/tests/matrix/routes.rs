//! Every route: what it asks of the policy, how it refuses, and requests for it.

use std::collections::BTreeSet;

use serde_json::json;
use waypost_domain::access::ActionKind;
use waypost_testkit::Request;

use crate::scene::{Scene, Target};
use crate::verdict::{FORBIDDEN, NO_CUSTOMER, is_of_target};

/// A status and a code.
pub(crate) type Refusal = (u16, &'static str);

/// What a route asks of whoever calls it.
#[derive(Clone, Copy)]
pub(crate) enum Asks {
    Nothing,
    Credential,
    OwnAccount,
    /// All of these, in this order, and what is answered where it may not be.
    May(&'static [(ActionKind, Refusal)]),
}

/// A route.
pub(crate) struct Route {
    /// Its method and path.
    pub(crate) name: &'static str,
    pub(crate) asks: Asks,
    /// What is answered to whoever may. It changes nothing that another request is asked about: some are such that
    /// they could be done, but for their last field.
    pub(crate) done: u16,
    pub(crate) requests: fn(&Scene, &Target) -> Vec<Request>,
}

impl Route {
    /// Whether it is about somebody or something.
    pub(crate) fn is_of_target(&self) -> bool {
        matches!(self.asks, Asks::May(actions) if actions.iter().any(|(kind, _)| is_of_target(*kind)))
    }

    /// Whether it lists what its reader sees, of all there is.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.asks, Asks::May([(ActionKind::List, _)]))
    }

    /// What the description has to say of it.
    pub(crate) fn needs(&self) -> BTreeSet<&'static str> {
        match self.asks {
            Asks::Nothing if self.name.ends_with("/whatsapp/webhook") => ["Meta's signature"].into(),
            Asks::Nothing => ["nothing"].into(),
            Asks::Credential => ["any credential"].into(),
            Asks::OwnAccount => ["an account of one's own"].into(),
            Asks::May(actions) => actions.iter().map(|(kind, _)| kind.as_str()).collect(),
        }
    }
}

const NO_CONVERSATION: Refusal = (404, "unknown_conversation");
const NO_MESSAGE: Refusal = (404, "unknown_message");

const LIST: Asks = Asks::May(&[(ActionKind::List, FORBIDDEN)]);
const SEE_CONVERSATION: Asks = Asks::May(&[(ActionKind::SeeConversation, NO_CONVERSATION)]);
const SEE_CUSTOMER: Asks = Asks::May(&[(ActionKind::SeeCustomer, NO_CUSTOMER)]);
const CHANGE_CUSTOMER: Asks =
    Asks::May(&[(ActionKind::ManageCustomers, FORBIDDEN), (ActionKind::SeeCustomer, NO_CUSTOMER)]);
const SEND: Asks = Asks::May(&[(ActionKind::Send, FORBIDDEN)]);
const MANAGE_CUSTOMERS: Asks = Asks::May(&[(ActionKind::ManageCustomers, FORBIDDEN)]);
const OPERATE: Asks = Asks::May(&[(ActionKind::Operate, FORBIDDEN)]);
const ACCOUNTS: Asks = Asks::May(&[(ActionKind::ManageAccounts, FORBIDDEN)]);

/// All of them. What ends one's own session comes last.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        name: "GET /api/conversations",
        asks: LIST,
        done: 200,
        requests: |_, _| {
            get(["/api/conversations", "/api/conversations?limit=1", "/api/conversations?assignee=ben"])
        },
    },
    Route {
        name: "GET /api/conversations/{id}",
        asks: SEE_CONVERSATION,
        done: 200,
        requests: |_, target| get([format!("/api/conversations/{}", target.conversation)]),
    },
    Route {
        name: "PATCH /api/conversations/{id}",
        asks: Asks::May(&[(ActionKind::SeeConversation, NO_CONVERSATION), (ActionKind::Assign, FORBIDDEN)]),
        done: 200,
        requests: |_, target| {
            vec![Request::patch_json(&format!("/api/conversations/{}", target.conversation), &json!({}))]
        },
    },
    Route {
        name: "GET /api/conversations/{id}/messages",
        asks: SEE_CONVERSATION,
        done: 200,
        requests: |_, target| get([format!("/api/conversations/{}/messages", target.conversation)]),
    },
    Route {
        name: "GET /api/messages/{id}",
        asks: Asks::May(&[(ActionKind::SeeConversation, NO_MESSAGE)]),
        done: 200,
        requests: |_, target| get([format!("/api/messages/{}", target.message)]),
    },
    Route {
        name: "POST /api/messages",
        asks: SEND,
        done: 200,
        requests: |scene, target| {
            let to = |to: String| {
                let body = json!({
                    "to": to, "type": "text", "text": { "body": "hello" }, "idempotencyKey": scene.fresh_key(),
                });
                Request::post_json("/api/messages", &body)
            };
            addresses(scene, target).into_iter().map(to).collect()
        },
    },
    Route {
        name: "POST /whatsapp/send-message",
        asks: SEND,
        done: 200,
        requests: |scene, target| {
            let to = |to: String| {
                Request::post_json("/whatsapp/send-message", &json!({ "to": to, "message": "hello" }))
            };
            addresses(scene, target).into_iter().map(to).collect()
        },
    },
    Route {
        name: "GET /api/customers",
        asks: LIST,
        done: 200,
        requests: |_, _| {
            get([
                "/api/customers",
                "/api/customers?search=1555",
                "/api/customers?search=B",
                "/api/customers?limit=1",
            ])
        },
    },
    Route {
        name: "GET /api/customers/{id}",
        asks: SEE_CUSTOMER,
        done: 200,
        requests: |_, target| get([format!("/api/customers/{}", target.customer)]),
    },
    Route {
        name: "PATCH /api/customers/{id}",
        asks: CHANGE_CUSTOMER,
        done: 200,
        requests: |_, target| {
            let patch = json!({ "externalId": target.external });
            vec![Request::patch_json(&format!("/api/customers/{}", target.customer), &patch)]
        },
    },
    Route {
        name: "POST /api/customers/{id}/merge",
        asks: CHANGE_CUSTOMER,
        done: 200,
        requests: |scene, target| {
            let into = json!({ "into": scene.third });
            vec![Request::post_json(&format!("/api/customers/{}/merge", target.customer), &into)]
        },
    },
    Route {
        name: "POST /api/customers/{id}/unmerge",
        asks: CHANGE_CUSTOMER,
        // Nobody is merged.
        done: 409,
        requests: |_, target| {
            vec![Request::new("POST", &format!("/api/customers/{}/unmerge", target.customer))]
        },
    },
    Route {
        name: "GET /api/customers/duplicates",
        asks: MANAGE_CUSTOMERS,
        done: 200,
        requests: |_, _| get(["/api/customers/duplicates"]),
    },
    Route {
        name: "POST /api/customers/duplicates/{id}/dismiss",
        asks: MANAGE_CUSTOMERS,
        // There is no such pair.
        done: 404,
        requests: |_, _| vec![Request::new("POST", "/api/customers/duplicates/99/dismiss")],
    },
    Route {
        name: "GET /whatsapp/conversations",
        asks: LIST,
        done: 200,
        requests: |_, _| get(["/whatsapp/conversations?all=1"]),
    },
    Route {
        name: "GET /whatsapp/messages/last-50",
        asks: LIST,
        done: 200,
        requests: |_, _| get(["/whatsapp/messages/last-50?all=1"]),
    },
    Route {
        name: "GET /whatsapp/conversation/{customer}",
        asks: SEE_CUSTOMER,
        done: 200,
        requests: |_, target| get(target.names().map(|name| format!("/whatsapp/conversation/{name}?all=1"))),
    },
    Route {
        name: "GET /whatsapp/messages/chat-list/{customer}",
        asks: SEE_CUSTOMER,
        done: 200,
        requests: |_, target| {
            get(target.names().map(|name| format!("/whatsapp/messages/chat-list/{name}?all=1")))
        },
    },
    Route {
        name: "POST /whatsapp/conversation/{customer}/clear",
        asks: Asks::May(&[(ActionKind::SeeConversation, NO_CONVERSATION), (ActionKind::Manage, FORBIDDEN)]),
        done: 200,
        requests: |_, target| {
            vec![Request::new("POST", &format!("/whatsapp/conversation/{}/clear", target.conversation))]
        },
    },
    Route { name: "GET /api/numbers", asks: OPERATE, done: 200, requests: |_, _| get(["/api/numbers"]) },
    Route {
        name: "GET /api/dead-letters",
        asks: OPERATE,
        done: 200,
        requests: |_, _| get(["/api/dead-letters"]),
    },
    Route {
        name: "GET /api/dead-letters/{id}",
        asks: OPERATE,
        done: 200,
        requests: |scene, _| get([format!("/api/dead-letters/{}", scene.letter)]),
    },
    Route {
        name: "POST /api/dead-letters/reprocess",
        asks: OPERATE,
        done: 200,
        requests: |_, _| vec![Request::new("POST", "/api/dead-letters/reprocess")],
    },
    Route {
        name: "GET /metrics",
        asks: Asks::May(&[(ActionKind::Measure, FORBIDDEN)]),
        done: 200,
        requests: |_, _| get(["/metrics"]),
    },
    Route {
        name: "GET /api/audit",
        asks: Asks::May(&[(ActionKind::Audit, FORBIDDEN)]),
        done: 200,
        requests: |_, _| get(["/api/audit"]),
    },
    Route { name: "GET /api/accounts", asks: ACCOUNTS, done: 200, requests: |_, _| get(["/api/accounts"]) },
    Route {
        name: "POST /api/accounts",
        asks: ACCOUNTS,
        // There is no such role.
        done: 400,
        requests: |_, _| {
            let somebody = json!({ "login": "new", "name": "New", "role": "nothing" });
            vec![Request::post_json("/api/accounts", &somebody)]
        },
    },
    Route {
        name: "PATCH /api/accounts/{id}",
        asks: ACCOUNTS,
        done: 200,
        requests: |scene, _| {
            vec![Request::patch_json(&format!("/api/accounts/{}", scene.account), &json!({}))]
        },
    },
    Route {
        name: "POST /api/accounts/{id}/reset",
        asks: ACCOUNTS,
        done: 200,
        requests: |scene, _| {
            vec![Request::post_json(&format!("/api/accounts/{}/reset", scene.account), &json!({}))]
        },
    },
    Route {
        name: "GET /api/accounts/{id}/sessions",
        asks: ACCOUNTS,
        done: 200,
        requests: |scene, _| get([format!("/api/accounts/{}/sessions", scene.account)]),
    },
    Route {
        name: "DELETE /api/accounts/{id}/sessions",
        asks: ACCOUNTS,
        done: 204,
        requests: |scene, _| {
            vec![Request::new("DELETE", &format!("/api/accounts/{}/sessions", scene.account))]
        },
    },
    Route { name: "GET /api/me", asks: Asks::Credential, done: 200, requests: |_, _| get(["/api/me"]) },
    Route {
        name: "POST /api/me/password",
        asks: Asks::OwnAccount,
        done: 400,
        requests: |_, _| vec![Request::post_json("/api/me/password", &json!({}))],
    },
    Route {
        name: "GET /api/me/sessions",
        asks: Asks::OwnAccount,
        done: 200,
        requests: |_, _| get(["/api/me/sessions"]),
    },
    Route {
        name: "DELETE /api/me/sessions/{id}",
        asks: Asks::OwnAccount,
        // There is no such one.
        done: 404,
        requests: |scene, _| vec![Request::new("DELETE", &format!("/api/me/sessions/{}", scene.account))],
    },
    Route {
        name: "POST /api/me/totp",
        asks: Asks::OwnAccount,
        done: 200,
        requests: |_, _| vec![Request::new("POST", "/api/me/totp")],
    },
    Route {
        name: "POST /api/me/totp/confirm",
        asks: Asks::OwnAccount,
        done: 400,
        requests: |_, _| vec![Request::post_json("/api/me/totp/confirm", &json!({}))],
    },
    Route {
        name: "POST /api/me/totp/disable",
        asks: Asks::OwnAccount,
        done: 400,
        requests: |_, _| vec![Request::post_json("/api/me/totp/disable", &json!({}))],
    },
    Route {
        name: "POST /api/login",
        asks: Asks::Nothing,
        done: 400,
        requests: |_, _| vec![Request::post_json("/api/login", &json!({}))],
    },
    Route {
        name: "POST /api/login/link",
        asks: Asks::Nothing,
        done: 410,
        requests: |_, _| vec![Request::post_json("/api/login/link", &json!({ "token": "nobodys" }))],
    },
    Route {
        name: "POST /api/login/link/use",
        asks: Asks::Nothing,
        done: 410,
        requests: |_, _| {
            let used = json!({ "token": "nobodys", "password": waypost_tests::PASSWORD });
            vec![Request::post_json("/api/login/link/use", &used)]
        },
    },
    Route { name: "GET /healthz", asks: Asks::Nothing, done: 200, requests: |_, _| get(["/healthz"]) },
    Route { name: "GET /readyz", asks: Asks::Nothing, done: 200, requests: |_, _| get(["/readyz"]) },
    Route {
        name: "GET /whatsapp/webhook",
        asks: Asks::Nothing,
        // Nobody here has agreed on a word with Meta, or can sign.
        done: 403,
        requests: |_, _| get(["/whatsapp/webhook?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1"]),
    },
    Route {
        name: "POST /whatsapp/webhook",
        asks: Asks::Nothing,
        done: 401,
        requests: |_, _| vec![Request::post_json("/whatsapp/webhook", &json!({}))],
    },
    Route {
        name: "POST /api/logout",
        asks: Asks::OwnAccount,
        done: 204,
        requests: |_, _| vec![Request::new("POST", "/api/logout")],
    },
];

fn get<T: AsRef<str>>(targets: impl IntoIterator<Item = T>) -> Vec<Request> {
    targets.into_iter().map(|target| Request::get(target.as_ref())).collect()
}

/// Names to send to. Whoever is not one's own is written to as a stranger by what WhatsApp knows them by, which begins a
/// conversation (`reach.rs` tries that), and by no other name.
fn addresses(scene: &Scene, target: &Target) -> Vec<String> {
    let is_own = target.customer == scene.own.customer;
    let names = target.names().into_iter();
    names
        .filter(|name| {
            is_own || name.starts_with("ext:") || target.known.is_some() && name.starts_with("cus_")
        })
        .collect()
}
