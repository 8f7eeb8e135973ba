//! What each route and each client event asks of the policy, on one page.
//!
//! The answers themselves are given where things are done. This is what is said of them: in the description of the routes, and in
//! docs/SECURITY.md. The matrix of `tests/` holds both against what is answered.

use http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Operation;
use waypost_api::names::Request;
use waypost_domain::ActionKind;

/// What somebody has to be, or has to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nobody in particular.
    Nothing,
    /// Meta, by its signature or the word that was agreed on.
    Meta,
    /// Somebody with any credential.
    Credential,
    /// Whoever is signed in with an account; about nobody else.
    OwnAccount,
    /// Somebody who may do all of this.
    May(&'static [ActionKind]),
}

impl Need {
    /// In words.
    pub(crate) fn words(self) -> Vec<&'static str> {
        match self {
            Self::Nothing => vec!["nothing"],
            Self::Meta => vec!["Meta's signature"],
            Self::Credential => vec!["any credential"],
            Self::OwnAccount => vec!["an account of one's own"],
            Self::May(kinds) => kinds.iter().map(|kind| kind.as_str()).collect(),
        }
    }
}

/// What each described route needs, by its method and path.
const ROUTES: &[(Method, &str, Need)] = {
    use ActionKind::{
        Assign, Audit, List, Manage, ManageAccounts, ManageCustomers, Measure, Operate, SeeConversation,
        SeeCustomer, Send,
    };
    use Need::{May, Meta, Nothing, OwnAccount};
    &[
        (Method::GET, "/api/conversations", May(&[List])),
        (Method::GET, "/api/conversations/{id}", May(&[SeeConversation])),
        (Method::PATCH, "/api/conversations/{id}", May(&[SeeConversation, Assign])),
        (Method::GET, "/api/conversations/{id}/messages", May(&[SeeConversation])),
        (Method::GET, "/api/messages/{id}", May(&[SeeConversation])),
        (Method::POST, "/api/messages", May(&[Send])),
        (Method::GET, "/api/customers", May(&[List])),
        (Method::GET, "/api/customers/{id}", May(&[SeeCustomer])),
        (Method::PATCH, "/api/customers/{id}", May(&[SeeCustomer, ManageCustomers])),
        (Method::POST, "/api/customers/{id}/merge", May(&[SeeCustomer, ManageCustomers])),
        (Method::POST, "/api/customers/{id}/unmerge", May(&[SeeCustomer, ManageCustomers])),
        (Method::GET, "/api/customers/duplicates", May(&[ManageCustomers])),
        (Method::POST, "/api/customers/duplicates/{id}/dismiss", May(&[ManageCustomers])),
        (Method::GET, "/whatsapp/conversations", May(&[List])),
        (Method::GET, "/whatsapp/messages/last-50", May(&[List])),
        (Method::GET, "/whatsapp/conversation/{customer}", May(&[SeeCustomer])),
        (Method::GET, "/whatsapp/messages/chat-list/{customer}", May(&[SeeCustomer])),
        (Method::POST, "/whatsapp/conversation/{customer}/clear", May(&[SeeConversation, Manage])),
        (Method::POST, "/whatsapp/send-message", May(&[Send])),
        (Method::GET, "/api/numbers", May(&[Operate])),
        (Method::GET, "/api/dead-letters", May(&[Operate])),
        (Method::GET, "/api/dead-letters/{id}", May(&[Operate])),
        (Method::POST, "/api/dead-letters/reprocess", May(&[Operate])),
        (Method::GET, "/metrics", May(&[Measure])),
        (Method::GET, "/api/accounts", May(&[ManageAccounts])),
        (Method::POST, "/api/accounts", May(&[ManageAccounts])),
        (Method::PATCH, "/api/accounts/{id}", May(&[ManageAccounts])),
        (Method::POST, "/api/accounts/{id}/reset", May(&[ManageAccounts])),
        (Method::GET, "/api/accounts/{id}/sessions", May(&[ManageAccounts])),
        (Method::DELETE, "/api/accounts/{id}/sessions", May(&[ManageAccounts])),
        (Method::GET, "/api/audit", May(&[Audit])),
        (Method::GET, "/api/me", Need::Credential),
        (Method::POST, "/api/me/password", OwnAccount),
        (Method::GET, "/api/me/sessions", OwnAccount),
        (Method::DELETE, "/api/me/sessions/{id}", OwnAccount),
        (Method::POST, "/api/me/totp", OwnAccount),
        (Method::POST, "/api/me/totp/confirm", OwnAccount),
        (Method::POST, "/api/me/totp/disable", OwnAccount),
        (Method::POST, "/api/logout", OwnAccount),
        (Method::POST, "/api/login", Nothing),
        (Method::POST, "/api/login/link", Nothing),
        (Method::POST, "/api/login/link/use", Nothing),
        (Method::GET, "/healthz", Nothing),
        (Method::GET, "/readyz", Nothing),
        (Method::GET, "/whatsapp/webhook", Meta),
        (Method::POST, "/whatsapp/webhook", Meta),
    ]
};

/// The described routes with what they need.
pub(crate) fn routes() -> impl Iterator<Item = (&'static Method, &'static str, Need)> {
    ROUTES.iter().map(|(method, path, need)| (method, *path, *need))
}

/// What a client event needs. A client is somebody with a credential already.
pub(crate) const fn of_event(request: Request) -> Need {
    match request {
        Request::JoinGeneral => Need::May(&[ActionKind::List]),
        // Of a name that is nobody's: `SeeAnyCustomer`.
        Request::JoinCustomer => Need::May(&[ActionKind::SeeCustomer]),
        Request::JoinMonitor => Need::May(&[ActionKind::Monitor]),
        Request::LeaveGeneral | Request::LeaveCustomer | Request::LeaveMonitor | Request::Authenticate => {
            Need::Credential
        }
    }
}

/// Says of each operation what it needs, as `x-needs`.
pub(crate) fn describe(description: &mut OpenApi) {
    for (method, path, need) in routes() {
        let item = description.paths.paths.get_mut(path);
        let operation = item.and_then(|item| operation_mut(item, method));
        if let Some(operation) = operation {
            let said = serde_json::Value::from(need.words());
            operation.extensions.get_or_insert_with(Extensions::default).insert("x-needs".to_owned(), said);
        }
    }
}

fn operation_mut<'a>(item: &'a mut utoipa::openapi::PathItem, method: &Method) -> Option<&'a mut Operation> {
    match *method {
        Method::GET => item.get.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::PATCH => item.patch.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_route_says_what_it_needs() {
        let described: serde_json::Value = serde_json::from_str(&crate::routes::description_json()).unwrap();
        let mut operations = 0;
        for (path, methods) in described["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(operation["x-needs"].is_array(), "{method} {path} has no row in needs.rs");
                operations += 1;
            }
        }
        assert_eq!(routes().count(), operations, "a row of needs.rs is of no route");
    }
}
