//! What the server decides about live connections: who may connect, what is said first, what a request does.

mod auth;
mod leases;
mod limited;
mod requests;
mod visits;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::response::Response;
use http::{header, request};
use serde::Serialize;
use serde_json::value::to_raw_value;
use tokio::sync::watch;
use waypost_api::names::Request;
use waypost_api::{Connected, ErrorCode, GapNotice, IsoTime, Resumed, RoomName, names};
use waypost_domain::{AccountSessionId, Action, Principal, Timestamp, may};
use waypost_inbox::show::domain_offset;
use waypost_inbox::{Admission, Follower, Holdings, Newcomer, ResumeError, Seat, Seats, monitor_scope};
use waypost_realtime::{
    Accepted, Application, Args, ClientEvent, ConnectRequest, DisconnectReason, Greeting, HeldRoom, Hub,
    JsonObject, Notice, Offset, OffsetMode, Page, PageRequest, PageUnavailable, Refused, Replay, Room,
    Socket, SocketId, Start, View, WeakHub,
};
use waypost_store::accounts::SecretDigest;
use waypost_store::{HeldPosition, SessionError};

use crate::app::App;
use crate::config::Offsets;
use crate::http::credential::{Identity, Stranger};
use crate::http::gate::{Directness, directness};
use crate::limits::{Excess, Limit, Pace, Step};
use crate::rights::Claimed;
use crate::store_state::{Writes, server_state};

use leases::{Lease, Leases};
pub(crate) use leases::{note_sessions, watch_leases};
use visits::Visits;
pub(crate) use visits::{Visit, announce_visits};

/// What the server decides about live connections.
pub(crate) struct Live {
    app: App,
    settings: LiveSettings,
    /// How the store is.
    health: watch::Receiver<bool>,
    /// Set once, before anybody is let in.
    hub: OnceLock<WeakHub<Live>>,
    seats: Seats,
    leases: Leases,
    /// Since when no session could be read or kept. A short section: a look, or a note.
    sessions_trouble_since: Mutex<Option<Duration>>,
    sockets: AtomicUsize,
    visits: Visits,
}

/// How long clients that come back are sent away while sessions are in trouble, before they are let in without theirs.
const SESSIONS_PATIENCE: Duration = Duration::from_secs(15);

/// The settings of live connections.
pub(crate) struct LiveSettings {
    pub(crate) offsets: Offsets,
    pub(crate) rooms_max: usize,
    pub(crate) unbound_rooms_max: usize,
    pub(crate) monitors_below_clients: usize,
}

/// What is kept of the HTTP request that opened a connection.
pub(crate) struct Handshake {
    directness: Directness,
    /// Of whoever is signed in, where a page of our own opened it.
    cookie: Option<SecretDigest>,
    offsets: Option<OffsetMode>,
    /// How often its sockets may ask for something.
    pace: Pace,
}

/// What is kept of a connected socket.
pub(crate) struct Client {
    /// Of the connection, with what its sockets share.
    handshake: Arc<Handshake>,
    principal: Principal,
    /// Who said who that is, where somebody else did.
    issuer: Option<Box<str>>,
    /// Until when its first credential was good.
    until: Option<Timestamp>,
    /// Where it came by cookie.
    session: Option<(AccountSessionId, Claimed)>,
    holdings: Holdings,
    /// Its place under its session, if it has one.
    seat: Option<Seat>,
    resumed: Resumed,
    start: Start,
    gap: Option<GapNotice>,
    /// Keeps what is replayed from being pruned.
    _held: Option<HeldPosition>,
}

impl Live {
    /// The application, and what it has to say about who came and went, for [`announce_visits`].
    pub(crate) fn new(app: App, settings: LiveSettings) -> (Self, tokio::sync::mpsc::Receiver<Visit>) {
        let (visits, announced) = Visits::new();
        let live = Self {
            health: app.store.health(),
            app,
            settings,
            hub: OnceLock::new(),
            seats: Seats::default(),
            leases: Leases::default(),
            sessions_trouble_since: Mutex::default(),
            sockets: AtomicUsize::new(0),
            visits,
        };
        (live, announced)
    }

    /// The hub through which a connection whose session goes on elsewhere is told to go. To be called once, before
    /// anybody is let in.
    pub(crate) fn act_on(&self, hub: &Hub<Self>) {
        if self.hub.set(hub.downgrade()).is_err() {
            tracing::error!("live connections act on the first of two hubs");
        }
    }

    /// The sessions that have or had a connection since this was last asked.
    pub(crate) fn seats(&self) -> &Seats {
        &self.seats
    }

    /// How journal events are framed for a client: as it says, else as the operator says, else by what it is.
    fn offset_mode(&self, asked: Option<OffsetMode>, handshake: &Handshake) -> OffsetMode {
        asked.or(handshake.offsets).unwrap_or(match self.settings.offsets {
            Offsets::On | Offsets::Auto => OffsetMode::Trailing,
            Offsets::Off => OffsetMode::FieldOnly,
        })
    }

    /// The monitors' room, for those who need not ask for it.
    fn monitor_room(&self, principal: &Principal) -> Option<HeldRoom> {
        let are_few = self.sockets.load(Ordering::Relaxed) < self.settings.monitors_below_clients;
        let room = Room::new(RoomName::Monitor.to_string());
        (are_few && may(principal, Action::Monitor)).then(|| HeldRoom {
            room,
            scopes: vec![monitor_scope()],
            from: 0,
        })
    }

    /// Decides how a client begins. Where sessions are in trouble, a new client begins without one at once. One that comes
    /// back is sent away to come again, for a while, since it would be told of a gap that need not be.
    async fn admit(&self, newcomer: Newcomer<'_>) -> Result<Admission, Refused> {
        let store = &self.app.store;
        let error = match waypost_inbox::resume(store, newcomer.clone()).await {
            Ok(admission) => {
                *self.trouble_since() = None;
                return Ok(admission);
            }
            Err(ResumeError::Since) => {
                return Err(auth::invalid("`auth.since` has to be an offset that an event has had"));
            }
            // Another connection was quicker to resume it.
            Err(ResumeError::Session(SessionError::Fenced)) => return Err(Refused::Later),
            Err(error @ (ResumeError::Read(_) | ResumeError::Session(SessionError::Unavailable))) => error,
        };
        let now = self.app.clock.monotonic();
        if let Some(left_out) = self.app.refusals.due("sessions", now) {
            tracing::error!(%error, left_out, "the session of a client cannot be read or kept");
        }
        let trouble_since = *self.trouble_since().get_or_insert(now);
        if newcomer.claim.was_somewhere() && now.saturating_sub(trouble_since) < SESSIONS_PATIENCE {
            return Err(Refused::Later);
        }
        self.app.metrics.session_not_kept();
        waypost_inbox::begin_unkept(store, newcomer).await.map_err(|_| Refused::Later)
    }

    fn trouble_since(&self) -> MutexGuard<'_, Option<Duration>> {
        self.sessions_trouble_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the rooms that a client comes with. Those of a session were noted when it joined them.
    fn note_joins(&self, principal: &Principal, holdings: &Holdings, resumed: Resumed) {
        if resumed == Resumed::Session {
            return;
        }
        for (room, held) in holdings.all() {
            self.app.audit.note_join(&principal.id, &room, held.customer);
        }
    }

    /// Takes the seat of the connection's session; whoever had it is told to go before this one begins.
    async fn take_seat(&self, holdings: &Holdings) -> Option<Seat> {
        let (seat, before) = self.seats.take(holdings.tenure()?);
        if let (Some(before), Some(hub)) = (before, self.hub.get().and_then(WeakHub::upgrade))
            && hub.disconnect(before).await.is_err()
        {
            tracing::debug!("a connection whose session goes on elsewhere has ended with the hub");
        }
        Some(seat)
    }

    /// Who it is: by the token that it gives, else by the cookie, else by where it is.
    async fn identify(&self, token: Option<&str>, handshake: &Handshake) -> Result<Identity, Stranger> {
        let credentials = &self.app.credentials;
        if let (None, Some(cookie)) = (token, &handshake.cookie)
            && let Some(identity) = credentials.identify_cookie(cookie).await?
        {
            return Ok(identity);
        }
        credentials.identify(token, handshake.directness, self.app.clock.now()).await
    }

    fn follower<'a>(&self, client: &'a Client) -> Follower<'a> {
        let Client { principal, holdings, .. } = client;
        Follower { principal, holdings, unbound_rooms_max: self.settings.unbound_rooms_max }
    }
}

impl Application for Live {
    type Handshake = Handshake;
    type Connection = Client;

    fn handshake(&self, request: &request::Parts) -> Result<Handshake, Response> {
        let said = request.uri.query().and_then(offsets_of_query);
        let guessed = (self.settings.offsets == Offsets::Auto)
            .then(|| request.headers.get(header::USER_AGENT)?.to_str().ok())
            .flatten()
            .filter(|agent| takes_one_argument(agent))
            .map(|_| OffsetMode::FieldOnly);
        let cookie = self.app.cookie.digest(&self.app.gate, &request.headers);
        let pace = self.app.limits.pace();
        Ok(Handshake { directness: directness(request), cookie, offsets: said.or(guessed), pace })
    }

    async fn connect(
        &self,
        handshake: Arc<Handshake>,
        request: ConnectRequest,
    ) -> Result<Accepted<Client>, Refused> {
        let auth = self.read_auth(request.auth.as_deref())?;
        // The transport is closed: a client that did this in good faith comes back over a new one.
        let step = Step::Connect { rooms: auth.claim.rooms.len() };
        self.take(&handshake.pace, step).map_err(|_| Refused::Later)?;
        let Identity { principal, issuer, until, session } =
            match self.identify(auth.token.as_deref(), &handshake).await {
                Ok(identity) => identity,
                Err(stranger) if stranger.code == ErrorCode::Unavailable => return Err(Refused::Later),
                Err(stranger) => return Err(refused_because(stranger.code, stranger.reason)),
            };
        let offsets = self.offset_mode(auth.offsets, &handshake);
        let newcomer = Newcomer {
            principal: &principal,
            namespace: &request.namespace,
            claim: auth.claim,
            head: domain_offset(&request.head),
            fresh_pid: (offsets == OffsetMode::Trailing).then(|| self.app.new_pid()),
            at: self.app.clock.now(),
        };
        let admission = self.admit(newcomer).await?;
        let Admission { start, mut rooms, holdings, pid, resumed, gap, held } = admission;
        if rooms.len() > self.settings.rooms_max {
            return Err(self.too_many_rooms(Limit::RoomsPerConnection));
        }
        if holdings.unbound().len() > self.settings.unbound_rooms_max {
            return Err(self.too_many_rooms(Limit::UnboundRoomsPerConnection));
        }
        if holdings.get(&RoomName::Monitor).is_none() {
            rooms.extend(self.monitor_room(&principal));
        }
        self.app.metrics.connected(resumed, gap.as_ref());
        self.note_joins(&principal, &holdings, resumed);
        let seat = self.take_seat(&holdings).await;
        let start_of_client = start.clone();
        // The hub's memory does not know what somebody no longer sees.
        let replay = if principal.reach.is_everything() { Replay::Shortest } else { Replay::Asked };
        let view = match principal.view {
            waypost_domain::View::Full => View::Full,
            waypost_domain::View::Masked => View::Masked,
        };
        Ok(Accepted {
            connection: Client {
                principal,
                issuer,
                until,
                session,
                handshake,
                holdings,
                seat,
                resumed,
                start: start_of_client,
                gap,
                _held: held,
            },
            offsets,
            start,
            replay,
            view,
            rooms,
            decided_at: request.head.number,
            pid: pid.map(|pid| pid.expose().into()),
        })
    }

    fn greet(&self, socket: SocketId, client: &Client, head: &Offset) -> Option<Greeting> {
        if client.seat.as_ref().is_some_and(|seat| seat.sit(socket).is_err()) {
            return None;
        }
        self.sockets.fetch_add(1, Ordering::Relaxed);
        let lease = Lease {
            principal: client.principal.clone(),
            until: client.until,
            session: client.session.clone(),
        };
        self.leases.begin(socket, lease);
        self.visits.announce(Visit::Joined(socket));
        let from = match &client.start {
            Start::After(position) => Some(&*position.text),
            Start::Head => None,
        };
        let connected = Connected {
            message: "Connected to Waypost",
            client_id: &socket.to_string(),
            resumed: client.resumed,
            from,
            head: &head.text,
            offset: client.gap.is_none().then_some(from.unwrap_or(&head.text)),
            rooms: client.holdings.names(),
            timestamp: IsoTime(self.app.clock.now()),
        };
        let mut greeting = Greeting::with_position(names::CONNECTED, object(&connected));
        greeting.notice =
            client.gap.as_ref().map(|gap| Notice { name: names::GAP.into(), body: object(gap) });
        // A change after this is told to everybody, and so to this socket too.
        let writes = Writes::of(&self.health);
        greeting.aside = (writes == Writes::Fail).then(|| Notice {
            name: names::SERVER_STATE.into(),
            body: object(&server_state(&self.app, writes)),
        });
        Some(greeting)
    }

    async fn page(&self, client: Arc<Client>, request: PageRequest) -> Result<Page, PageUnavailable> {
        waypost_inbox::page(&self.app.store, &client.principal, request).await
    }

    async fn event(&self, socket: Socket<Self>, event: ClientEvent) {
        let request = Request::parse(&event.name);
        match self.take(&socket.connection().handshake.pace, requests::step(request)) {
            Ok(()) => requests::handle(self, &socket, (request, event)).await,
            Err(Excess::Wait { wait, .. }) => requests::refuse_for_now(&socket, event, wait).await,
            Err(Excess::Flood(flood)) => self.stop_flood(socket.id(), flood).await,
        }
    }

    fn disconnected(&self, socket: SocketId, _: &Client, why: DisconnectReason) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
        self.leases.end(socket);
        self.visits.announce(Visit::Left(socket));
        tracing::debug!(client.id = %socket, reason = ?why, "a client is gone");
    }
}

fn refused(code: ErrorCode) -> Refused {
    refused_because(code, None)
}

fn refused_because(code: ErrorCode, reason: Option<&str>) -> Refused {
    Refused::Final { message: reason.unwrap_or(code.title()).into(), code: code.as_str().into() }
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

/// A body of the public contract.
fn object(body: &impl Serialize) -> JsonObject {
    let json = serde_json::to_vec(body).expect("strings, numbers and times can always be written");
    JsonObject::new(json).expect("bodies are structs, so objects")
}

/// A body of the public contract as the only argument of an event or an ack.
pub(crate) fn argument(body: &impl Serialize) -> Args {
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
}
