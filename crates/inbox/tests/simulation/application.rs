//! The application: what the server does about live connections, without HTTP, credentials and metrics. What it decides
//! is compared at once with what the database says, and noted for who checks the clients.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use axum::response::Response;
use http::request;
use serde::Serialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use waypost_api::{Connected, IsoTime, Resumed, RoomName, names};
use waypost_domain::{Offset, Pid, Principal, PrincipalId, Role};
use waypost_inbox::show::domain_offset;
use waypost_inbox::{Admission, Claim, Follower, Holdings, Newcomer, Seat, Seats};
use waypost_realtime::{
    Accepted, Application, Args, ClientEvent, ConnectRequest, DisconnectReason, Greeting, Hub, JsonObject,
    Notice, OffsetMode, Page, PageRequest, PageUnavailable, Refused, Replay, Socket, SocketId, Start, View,
    WeakHub,
};
use waypost_store::{Clock, HeldPosition, IdSource, Store};

use crate::clock::SimulatedClock;
use crate::disk::Past;
use crate::ledger::{Done, Kept, Ledger};

/// Most rooms of customers who are nobody's yet.
const UNBOUND_ROOMS_MAX: usize = 3;

pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) clock: SimulatedClock,
    pub(crate) seats: Seats,
    pub(crate) ledger: Arc<Ledger>,
    hub: OnceLock<WeakHub<Desk>>,
    ids: Mutex<IdSource>,
    /// Beside the store, to know better.
    past: Mutex<Past>,
    /// The sessions that have a connection, as they were greeted and went, and those that had one since the last look.
    present: Mutex<BTreeMap<String, usize>>,
    left: Mutex<BTreeSet<String>>,
}

pub(crate) struct Guest {
    principal: Principal,
    holdings: Holdings,
    seat: Option<Seat>,
    resumed: Resumed,
    start: Start,
    gap: Option<waypost_api::GapNotice>,
    pid: Option<String>,
    _held: Option<HeldPosition>,
}

impl Desk {
    pub(crate) fn new(
        store: Store,
        clock: SimulatedClock,
        ledger: Arc<Ledger>,
        past: Past,
        seed: [u8; 32],
    ) -> Desk {
        Desk {
            store,
            clock,
            seats: Seats::default(),
            ledger,
            hub: OnceLock::new(),
            ids: Mutex::new(IdSource::new(seed)),
            past: Mutex::new(past),
            present: Mutex::default(),
            left: Mutex::default(),
        }
    }

    pub(crate) fn act_on(&self, hub: &Hub<Desk>) {
        assert!(self.hub.set(hub.downgrade()).is_ok(), "one hub");
    }

    /// Notes which sessions have a connection, as the server does each minute.
    pub(crate) async fn keep_sessions(&self) {
        let now = self.clock.now();
        let mut seen: BTreeSet<String> = std::mem::take(&mut *self.left.lock().unwrap());
        seen.extend(self.present.lock().unwrap().keys().cloned());
        self.ledger.seen(&seen, now);
        self.store.touch_sessions(self.seats.seen(), now).await.unwrap();
    }

    fn new_pid(&self) -> Pid {
        let mut ids = self.ids.lock().unwrap();
        Pid::from_random((u128::from(ids.random_u64()) << 64) | u128::from(ids.random_u64()))
    }

    /// What is decided is decided beside the hub, which goes on meanwhile.
    async fn dawdle(&self) {
        let turns = self.ids.lock().unwrap().random_u64() % 8;
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }

    async fn take_seat(&self, holdings: &Holdings) -> Option<Seat> {
        let (seat, before) = self.seats.take(holdings.tenure()?);
        if let (Some(before), Some(hub)) = (before, self.hub.get().and_then(WeakHub::upgrade)) {
            assert!(hub.disconnect(before).await.is_ok(), "the hub is there");
        }
        Some(seat)
    }

    /// Whether the admission is what it has to be, by what is in the files.
    fn compare(&self, claim: &Claim, fresh: Option<&Pid>, head: Offset, admission: &Admission) {
        let past = self.past.lock().unwrap();
        let known = claim.pid.as_ref().filter(|_| fresh.is_some()).and_then(|pid| self.ledger.session(pid));
        let position = known.as_ref().map(|session| session.position(claim));
        let is_known = !known.as_ref().is_some_and(|it| it.is_before(claim))
            && position.is_some_and(|it| past.is_there(&it));
        let limit = self.ledger.session_ms();
        let lives = known.as_ref().is_some_and(|it| self.clock.now().as_millis() - it.seen_ms <= limit);
        let since = claim.since.as_deref().map(|since| since.parse::<Offset>().unwrap());
        let since = since.map(|since| match claim.offset.as_deref().map(str::parse::<Offset>) {
            Some(Ok(offset))
                if offset.epoch == head.epoch
                    && since.epoch == head.epoch
                    && offset.number > since.number =>
            {
                offset
            }
            _ => since,
        });
        let begun = match since {
            Some(since) if past.is_there(&since) => (Resumed::Since, Some(since), false),
            Some(_) => (Resumed::None, None, true),
            None => (Resumed::None, None, claim.pid.is_some() || claim.offset.is_some()),
        };
        let resumed = (Resumed::Session, position, false);
        // Its rooms may be of a past that is no more.
        let is_sure = lives && known.as_ref().is_some_and(|it| it.lineage == self.ledger.lineage());
        let expected = match (is_known, is_sure) {
            (true, true) => vec![resumed],
            (true, false) => vec![resumed, begun],
            (false, _) => vec![begun],
        };
        let start = match &admission.start {
            Start::After(position) => Some(domain_offset(position)),
            Start::Head => None,
        };
        let got = (admission.resumed, start, admission.gap.is_some());
        if !expected.contains(&got) {
            self.ledger.wrong(format!("{claim:?} gets {got:?} instead of {expected:?}"));
        }
        for name in admission.holdings.names() {
            let held = RoomName::parse(&name).and_then(|room| admission.holdings.get(&room)).unwrap();
            let is_foreign =
                start.is_some_and(|start| held.from.number > start.number) && !past.is_there(&held.from);
            if admission.resumed == Resumed::Session && is_foreign {
                self.ledger.wrong(format!("{name} is held from {}, which is not in the journal", held.from));
            }
        }
        let begun_at = start.unwrap_or(head);
        let pid = admission.pid.as_ref().map(Pid::expose);
        let kept = Kept::new(begun_at, admission.gap.is_some(), self.clock.now());
        self.ledger.admitted(pid.as_deref(), admission.resumed, kept);
    }
}

impl Application for Desk {
    type Handshake = ();
    type Connection = Guest;

    fn handshake(&self, _: &request::Parts) -> Result<(), Response> {
        Ok(())
    }

    async fn connect(&self, _: Arc<()>, request: ConnectRequest) -> Result<Accepted<Guest>, Refused> {
        let auth: Value = request.auth.map_or(Value::Null, |auth| serde_json::from_str(auth.get()).unwrap());
        let claim = claim(&auth);
        let offsets = if auth["offsets"] == false { OffsetMode::FieldOnly } else { OffsetMode::Trailing };
        let principal = Principal::with_role(PrincipalId::parse("key:1").unwrap(), Role::Admin);
        let head = domain_offset(&request.head);
        let fresh_pid = (offsets == OffsetMode::Trailing).then(|| self.new_pid());
        let newcomer = Newcomer {
            principal: &principal,
            namespace: &request.namespace,
            claim: claim.clone(),
            head,
            fresh_pid: fresh_pid.clone(),
            at: self.clock.now(),
        };
        let admission = match waypost_inbox::resume(&self.store, newcomer).await {
            Ok(admission) => admission,
            Err(error) => {
                self.ledger.wrong(format!("a client is sent away: {error:?}"));
                return Err(Refused::Later);
            }
        };
        self.compare(&claim, fresh_pid.as_ref(), head, &admission);
        self.dawdle().await;
        let Admission { start, rooms, holdings, pid, resumed, gap, held } = admission;
        let seat = self.take_seat(&holdings).await;
        let pid = pid.map(|pid| pid.expose());
        Ok(Accepted {
            connection: Guest {
                principal,
                holdings,
                seat,
                resumed,
                start: start.clone(),
                gap,
                pid: pid.clone(),
                _held: held,
            },
            offsets,
            start,
            replay: Replay::Shortest,
            view: View::Full,
            rooms,
            decided_at: request.head.number,
            pid: pid.map(Into::into),
        })
    }

    fn greet(&self, socket: SocketId, guest: &Guest, head: &waypost_realtime::Offset) -> Option<Greeting> {
        if guest.seat.as_ref().is_some_and(|seat| seat.sit(socket).is_err()) {
            return None;
        }
        let rooms = guest.holdings.names().into_iter().map(|name| {
            let held = RoomName::parse(&name).and_then(|room| guest.holdings.get(&room)).unwrap();
            (name, held.from.number)
        });
        self.ledger.greeted(&socket.to_string(), rooms.collect());
        if let Some(pid) = &guest.pid {
            *self.present.lock().unwrap().entry(pid.clone()).or_default() += 1;
        }
        let from = match &guest.start {
            Start::After(position) => Some(&*position.text),
            Start::Head => None,
        };
        let connected = Connected {
            message: "Connected to Waypost",
            client_id: &socket.to_string(),
            resumed: guest.resumed,
            from,
            head: &head.text,
            offset: guest.gap.is_none().then_some(from.unwrap_or(&head.text)),
            rooms: guest.holdings.names(),
            timestamp: IsoTime(self.clock.now()),
        };
        let mut greeting = Greeting::with_position(names::CONNECTED, object(&connected));
        greeting.notice = guest.gap.as_ref().map(|gap| Notice { name: names::GAP.into(), body: object(gap) });
        Some(greeting)
    }

    async fn page(&self, guest: Arc<Guest>, request: PageRequest) -> Result<Page, PageUnavailable> {
        waypost_inbox::page(&self.store, &guest.principal, request).await
    }

    async fn event(&self, socket: Socket<Self>, event: ClientEvent) {
        let args: Vec<Value> =
            event.args.values().map(|arg| serde_json::from_str(arg.get()).unwrap()).collect();
        let (room, number) = (RoomName::parse(args[0].as_str().unwrap()).unwrap(), args[1].as_u64().unwrap());
        let Guest { principal, holdings, .. } = socket.connection();
        let done = if event.name == "join" {
            let follower = Follower { principal, holdings, unbound_rooms_max: UNBOUND_ROOMS_MAX };
            match waypost_inbox::join(&self.store, &socket, follower, &room).await {
                Ok(held) => Done::Joined(held.from.number, held.from.to_string()),
                Err(error) => Done::Refused(error.to_string()),
            }
        } else {
            match waypost_inbox::leave(&self.store, &socket, holdings, &room).await {
                Ok(()) => Done::Left,
                Err(error) => Done::Refused(error.to_string()),
            }
        };
        self.ledger.done(&socket.id().to_string(), number, done.clone());
        let answer = match done {
            Done::Joined(_, offset) => json!({ "ok": true, "offset": offset }),
            Done::Left => json!({ "ok": true }),
            Done::Refused(why) => json!({ "ok": false, "why": why }),
        };
        // The client may be gone.
        if let Some(ack) = event.ack {
            let _gone = ack.send(argument(&answer)).await;
        }
    }

    fn disconnected(&self, _: SocketId, guest: &Guest, _: DisconnectReason) {
        let Some(pid) = &guest.pid else { return };
        let mut present = self.present.lock().unwrap();
        let connections = present.get_mut(pid).unwrap();
        *connections -= 1;
        if *connections == 0 {
            present.remove(pid);
        }
        self.left.lock().unwrap().insert(pid.clone());
    }
}

fn claim(auth: &Value) -> Claim {
    let text = |name: &str| auth[name].as_str().map(str::to_owned);
    let rooms = auth["rooms"].as_array().into_iter().flatten();
    Claim {
        pid: text("pid"),
        offset: text("offset"),
        since: text("since"),
        rooms: rooms.map(|room| RoomName::parse(room.as_str().unwrap()).unwrap()).collect(),
    }
}

fn object(body: &impl Serialize) -> JsonObject {
    JsonObject::new(serde_json::to_vec(body).unwrap()).unwrap()
}

fn argument(body: &impl Serialize) -> Args {
    to_raw_value(body).unwrap().into()
}
