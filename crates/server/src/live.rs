//! What the server decides about live connections: who may connect, what is said first, what a request does.

mod requests;
mod visits;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::response::Response;
use http::{header, request};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use waypost_api::{Connected, ErrorCode, IsoTime, names};
use waypost_domain::{Action, Principal, may};
use waypost_realtime::{
    Accepted, Application, Args, ClientEvent, ConnectRequest, DisconnectReason, Greeting, GreetingPosition,
    JsonObject, Offset, OffsetMode, Refused, Room, Scope, Socket, SocketId,
};

use crate::app::App;
use crate::config::Offsets;
use crate::http::gate::{Directness, directness};

use visits::Visits;
pub(crate) use visits::{Visit, announce_visits};

/// The room, and the scope, of those who watch connections come and go.
pub(crate) const MONITOR: &str = "monitor";

/// What the server decides about live connections.
pub(crate) struct Live {
    app: App,
    offsets: Offsets,
    unbound_rooms_max: usize,
    monitors_below_clients: usize,
    sockets: AtomicUsize,
    visits: Visits,
}

/// The settings of live connections.
pub(crate) struct LiveSettings {
    pub(crate) offsets: Offsets,
    pub(crate) unbound_rooms_max: usize,
    pub(crate) monitors_below_clients: usize,
}

/// What is kept of the HTTP request that opened a connection.
pub(crate) struct Handshake {
    directness: Directness,
    offsets: Option<OffsetMode>,
}

/// What is kept of a connected socket.
pub(crate) struct Client {
    principal: Principal,
    /// Customers' rooms that were joined while nobody had the name. A short section: one join or leave.
    unbound: Mutex<HashSet<String>>,
}

/// What a client may put into `auth`.
#[derive(Default, Deserialize)]
struct Auth {
    token: Option<String>,
    offsets: Option<bool>,
}

impl Live {
    /// The application, and what it has to say about who came and went, for [`announce_visits`].
    pub(crate) fn new(app: App, settings: &LiveSettings) -> (Self, tokio::sync::mpsc::Receiver<Visit>) {
        let (visits, announced) = Visits::new();
        let live = Self {
            app,
            offsets: settings.offsets,
            unbound_rooms_max: settings.unbound_rooms_max,
            monitors_below_clients: settings.monitors_below_clients,
            sockets: AtomicUsize::new(0),
            visits,
        };
        (live, announced)
    }

    /// How journal events are framed for a client: as it says, else as the operator says, else by what it is.
    fn offset_mode(&self, asked: Option<OffsetMode>, handshake: &Handshake) -> OffsetMode {
        asked.or(handshake.offsets).unwrap_or(match self.offsets {
            Offsets::On | Offsets::Auto => OffsetMode::Trailing,
            Offsets::Off => OffsetMode::FieldOnly,
        })
    }

    fn initial_rooms(&self, principal: &Principal) -> Vec<(Room, Vec<Scope>)> {
        let are_few = self.sockets.load(Ordering::Relaxed) < self.monitors_below_clients;
        let is_monitor = are_few && may(principal, Action::Monitor);
        is_monitor.then(|| (Room::new(MONITOR), vec![Scope::new(MONITOR)])).into_iter().collect()
    }
}

impl Application for Live {
    type Handshake = Handshake;
    type Connection = Client;

    fn handshake(&self, request: &request::Parts) -> Result<Handshake, Response> {
        let said = request.uri.query().and_then(offsets_of_query);
        let guessed = (self.offsets == Offsets::Auto)
            .then(|| request.headers.get(header::USER_AGENT)?.to_str().ok())
            .flatten()
            .filter(|agent| takes_one_argument(agent))
            .map(|_| OffsetMode::FieldOnly);
        Ok(Handshake { directness: directness(request), offsets: said.or(guessed) })
    }

    async fn connect(
        &self,
        handshake: Arc<Handshake>,
        request: ConnectRequest,
    ) -> Result<Accepted<Client>, Refused> {
        let auth = read_auth(request.auth.as_deref())?;
        let principal =
            match self.app.credentials.principal(auth.token.as_deref(), handshake.directness).await {
                Ok(Some(principal)) => principal,
                Ok(None) => return Err(refused(ErrorCode::Unauthenticated)),
                Err(error) => {
                    tracing::error!(error = %error, "a credential could not be looked up");
                    return Err(Refused::Later);
                }
            };
        let asked = auth.offsets.map(|on| if on { OffsetMode::Trailing } else { OffsetMode::FieldOnly });
        Ok(Accepted {
            rooms: self.initial_rooms(&principal),
            connection: Client { principal, unbound: Mutex::default() },
            offsets: self.offset_mode(asked, &handshake),
        })
    }

    fn greet(&self, socket: SocketId, _: &Client, head: Option<&Offset>) -> Greeting {
        self.sockets.fetch_add(1, Ordering::Relaxed);
        self.visits.announce(Visit::Joined(socket));
        let connected = Connected {
            message: "Connected to Waypost",
            client_id: &socket.to_string(),
            resumed: "none",
            head: head.map(|head| &*head.text),
            rooms: Vec::new(),
            timestamp: IsoTime(self.app.clock.now()),
        };
        let json = serde_json::to_vec(&connected).expect("strings and times can always be written");
        let body = JsonObject::new(json).expect("the body is a struct, so an object");
        Greeting { name: names::CONNECTED.into(), body, position: GreetingPosition::Head }
    }

    async fn event(&self, socket: Socket<Self>, event: ClientEvent) {
        requests::handle(self, &socket, event).await;
    }

    fn disconnected(&self, socket: SocketId, _: &Client, why: DisconnectReason) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
        self.visits.announce(Visit::Left(socket));
        tracing::debug!(client.id = %socket, reason = ?why, "a client is gone");
    }
}

fn refused(code: ErrorCode) -> Refused {
    Refused::Final { message: code.title().into(), code: code.as_str().into() }
}

fn read_auth(auth: Option<&RawValue>) -> Result<Auth, Refused> {
    auth.map_or(Ok(Auth::default()), |auth| serde_json::from_str(auth.get())).map_err(|_| Refused::Final {
        message: "`auth` has to be an object; its `token` a string, its `offsets` true or false".into(),
        code: ErrorCode::InvalidPayload.as_str().into(),
    })
}

/// `offsets=0` turns the further argument off, `offsets=1` on.
fn offsets_of_query(query: &str) -> Option<OffsetMode> {
    query.split('&').find_map(|pair| match pair {
        "offsets=0" | "offsets=false" => Some(OffsetMode::FieldOnly),
        "offsets=1" | "offsets=true" => Some(OffsetMode::Trailing),
        _ => None,
    })
}

/// Clients whose handlers take exactly one argument: python-socketio raises on a second one and loses the event, the
/// Dart client hands over a list.
fn takes_one_argument(user_agent: &str) -> bool {
    ["python-", "Python/", "Dart/"].iter().any(|client| user_agent.starts_with(client))
}

/// A body of the public contract as the only argument of an event or an ack.
pub(crate) fn argument(body: &impl serde::Serialize) -> Args {
    to_raw_value(body).expect("strings, numbers and booleans can always be written").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_the_query_and_the_kind_of_client() {
        assert_eq!(offsets_of_query("EIO=4&transport=polling&offsets=0"), Some(OffsetMode::FieldOnly));
        assert_eq!(offsets_of_query("offsets=1"), Some(OffsetMode::Trailing));
        assert_eq!(offsets_of_query("EIO=4&offsets=00"), None);
        assert!(takes_one_argument("python-requests/2.31"));
        assert!(takes_one_argument("Dart/3.2 (dart:io)"));
        assert!(!takes_one_argument("Mozilla/5.0"));
    }

    #[test]
    fn an_auth_of_the_wrong_shape_is_refused_and_a_missing_one_is_empty() {
        assert!(read_auth(None).is_ok());
        for json in ["{\"token\":5}", "[]", "\"key\"", "{\"offsets\":\"no\"}"] {
            let raw = RawValue::from_string(json.into()).unwrap();
            assert!(read_auth(Some(&raw)).is_err(), "{json}");
        }
        let known = RawValue::from_string("{\"token\":null,\"since\":\"x\"}".into()).unwrap();
        assert!(read_auth(Some(&known)).is_ok());
    }
}
