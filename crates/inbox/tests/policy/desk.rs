//! The application: what the server does about live connections, for principals that the script decides.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::response::Response;
use http::request;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use waypost_api::RoomName;
use waypost_domain::{Pid, Principal, Timestamp};
use waypost_inbox::show::domain_offset;
use waypost_inbox::{Admission, Claim, Follower, Holdings, Newcomer};
use waypost_realtime::{
    Accepted, Application, Args, ClientEvent, ConnectRequest, DisconnectReason, Greeting, JsonObject,
    OffsetMode, Page, PageRequest, PageUnavailable, Refused, Replay, Socket, SocketId, Start, View,
};
use waypost_store::{HeldPosition, Store};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_794_000_000_000);

pub(crate) struct Desk {
    pub(crate) store: Store,
    /// Everybody, by number. Short: taken to read or change one.
    pub(crate) people: Arc<Mutex<Vec<Principal>>>,
    pids: Mutex<u128>,
}

pub(crate) struct Visitor {
    principal: Principal,
    holdings: Holdings,
    start: Start,
    resumed: waypost_api::Resumed,
    _held: Option<HeldPosition>,
}

impl Desk {
    pub(crate) fn new(store: Store, people: Arc<Mutex<Vec<Principal>>>) -> Self {
        Self { store, people, pids: Mutex::new(1) }
    }

    /// As the server does: whoever is held to customers is held to those who are one with them, too.
    async fn principal(&self, who: usize) -> Principal {
        let mut principal = self.people.lock().unwrap()[who].clone();
        if let Some(customers) = &mut principal.reach.customers {
            let mut all = BTreeSet::new();
            for customer in customers.iter() {
                let family = self.store.family(*customer).await.unwrap();
                all.insert(family.now);
                all.extend(family.merged);
            }
            *customers = all;
        }
        principal
    }

    fn new_pid(&self) -> Pid {
        let mut pids = self.pids.lock().unwrap();
        *pids += 1;
        Pid::from_random(*pids)
    }
}

impl Application for Desk {
    type Handshake = ();
    type Connection = Visitor;

    fn handshake(&self, _: &request::Parts) -> Result<(), Response> {
        Ok(())
    }

    async fn connect(&self, _: Arc<()>, request: ConnectRequest) -> Result<Accepted<Visitor>, Refused> {
        let auth: Value = serde_json::from_str(request.auth.unwrap().get()).unwrap();
        let text = |name: &str| auth[name].as_str().map(str::to_owned);
        let principal = self.principal(usize::try_from(auth["who"].as_u64().unwrap()).unwrap()).await;
        let newcomer = Newcomer {
            principal: &principal,
            namespace: &request.namespace,
            claim: Claim { pid: text("pid"), offset: text("offset"), ..Claim::default() },
            head: domain_offset(&request.head),
            fresh_pid: Some(self.new_pid()),
            at: NOW,
        };
        let admission = waypost_inbox::resume(&self.store, newcomer).await.unwrap();
        let Admission { start, rooms, holdings, pid, resumed, held, .. } = admission;
        let replay = if principal.reach.is_everything() { Replay::Shortest } else { Replay::Asked };
        Ok(Accepted {
            connection: Visitor { principal, holdings, start: start.clone(), resumed, _held: held },
            offsets: OffsetMode::Trailing,
            start,
            replay,
            view: View::Full,
            rooms,
            decided_at: request.head.number,
            pid: pid.map(|pid| pid.expose().into()),
        })
    }

    fn greet(&self, _: SocketId, visitor: &Visitor, head: &waypost_realtime::Offset) -> Option<Greeting> {
        let from = match &visitor.start {
            Start::After(position) => &position.text,
            Start::Head => &head.text,
        };
        let body =
            json!({ "offset": &**from, "rooms": visitor.holdings.names(), "resumed": visitor.resumed });
        Some(Greeting::with_position("connected", JsonObject::new(body.to_string()).unwrap()))
    }

    async fn page(&self, visitor: Arc<Visitor>, request: PageRequest) -> Result<Page, PageUnavailable> {
        waypost_inbox::page(&self.store, &visitor.principal, request).await
    }

    async fn event(&self, socket: Socket<Self>, event: ClientEvent) {
        let room: String = serde_json::from_str(event.args.get(0).unwrap().get()).unwrap();
        let room = RoomName::parse(&room).unwrap();
        let Visitor { principal, holdings, .. } = socket.connection();
        let answer = if event.name == "join" {
            let follower = Follower { principal, holdings, unbound_rooms_max: 100 };
            match waypost_inbox::join(&self.store, &socket, follower, &room).await {
                Ok(held) => json!({ "from": held.from.number }),
                Err(error) => json!({ "error": error.to_string() }),
            }
        } else {
            waypost_inbox::leave(&self.store, &socket, holdings, &room).await.unwrap();
            json!({})
        };
        let answer: Args = to_raw_value(&answer).unwrap().into();
        event.ack.unwrap().send(answer).await.unwrap();
    }

    fn disconnected(&self, _: SocketId, _: &Visitor, _: DisconnectReason) {}
}
