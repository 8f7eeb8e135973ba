//! A model of the stock client, and of programs with a client that remembers nothing: what they remember and say, and
//! what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::chain::{Chain, Hold, Left, Maybe, Told};
use crate::ledger::{Done, Ledger};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Remembers by itself; nothing is joined again.
    Stock,
    /// Joins all its rooms again in each `connect` handler.
    Rejoining,
    /// Takes one argument, and comes back with `since` and `rooms`.
    OneArgument,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Offline,
    Connecting,
    Connected,
}

/// A join or a leave that is not answered.
#[derive(Clone, Debug)]
struct Order {
    socket: String,
    number: u64,
    is_join: bool,
    room: String,
    /// The newest entry that was shown to anybody when it was sent, and the last that the client was told then.
    published: u64,
    place: u64,
    lineage: usize,
}

#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) name: usize,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// Which of its connections is its own; what others still bring is nobody's.
    pub(crate) connection: u64,
    ledger: Arc<Ledger>,
    pid: Option<String>,
    last_offset: Option<String>,
    /// The field `offset` of what came last.
    since: Option<String>,
    /// What it wants to be in.
    pub(crate) wanted: BTreeSet<String>,
    static_auth: Map<String, Value>,
    socket: Option<String>,
    recovered: bool,
    orders: Vec<Order>,
    next_order: u64,
    pub(crate) chain: Chain,
    /// Which were ended by a gap, or by a new beginning.
    pub(crate) ended: Vec<Chain>,
    /// Whether somebody else may have changed its session.
    pub(crate) is_shared: bool,
    /// Whether there was a new beginning that it was not told of yet.
    was_somewhere: bool,
}

/// What surrounds a client when something comes.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings {
    /// The newest entry of the journal, and the newest that was shown to anybody.
    pub(crate) head: u64,
    pub(crate) published: u64,
    pub(crate) lineage: usize,
}

impl Client {
    pub(crate) fn new(name: usize, kind: Kind, ledger: Arc<Ledger>) -> Client {
        Client {
            name,
            kind,
            state: State::Offline,
            connection: 0,
            ledger,
            pid: None,
            last_offset: None,
            since: None,
            wanted: BTreeSet::new(),
            static_auth: Map::new(),
            socket: None,
            recovered: false,
            orders: Vec::new(),
            next_order: 0,
            chain: Chain::default(),
            ended: Vec::new(),
            is_shared: false,
            was_somewhere: false,
        }
    }

    /// The page is loaded anew: only what it has stored itself is there, which may be older than what it was shown.
    pub(crate) fn reload(&mut self, remembers: bool, here: Surroundings) {
        self.end_chain(here, None);
        (self.pid, self.last_offset, self.socket) = (None, None, None);
        self.static_auth.clear();
        self.was_somewhere = false;
        if let (true, Some(since)) = (remembers, &self.since) {
            self.static_auth.insert("since".into(), json!(since));
            self.static_auth.insert("rooms".into(), json!(self.wanted));
        } else {
            self.since = None;
            self.wanted.clear();
        }
    }

    /// The CONNECT packet.
    fn connect(&self) -> String {
        let mut auth = Map::new();
        if let Some(pid) = &self.pid {
            auth.insert("pid".into(), json!(pid));
            if let Some(offset) = &self.last_offset {
                auth.insert("offset".into(), json!(offset));
            }
        }
        match (self.kind, &self.since) {
            (Kind::OneArgument, since) => {
                auth.insert("offsets".into(), json!(false));
                auth.insert("rooms".into(), json!(self.wanted));
                if let Some(since) = since {
                    auth.insert("since".into(), json!(since));
                }
            }
            _ => auth.extend(self.static_auth.clone()),
        }
        format!("40{}", Value::Object(auth))
    }

    /// A packet has come; what to send.
    pub(crate) fn take(&mut self, packet: &str, here: Surroundings) -> Vec<String> {
        if packet == "2" {
            return vec!["3".into()];
        }
        if packet.starts_with("0{") {
            return vec![self.connect()];
        }
        if let Some(reply) = packet.strip_prefix("40") {
            return self.take_reply(&serde_json::from_str(reply).unwrap(), here);
        }
        if let Some(event) = packet.strip_prefix("42") {
            self.take_event(packet, &serde_json::from_str(event).unwrap(), here);
        } else if let Some(answer) = packet.strip_prefix("43") {
            let digits = answer.find('[').unwrap();
            let number = answer[..digits].parse().unwrap();
            self.take_answer(number, &serde_json::from_str(&answer[digits..]).unwrap(), here);
        } else if packet == "41" {
            self.state = State::Offline;
        } else if packet != "6" && packet != "1" {
            self.wrong(&format!("it was told {packet}"));
        }
        Vec::new()
    }

    fn take_reply(&mut self, reply: &Value, here: Surroundings) -> Vec<String> {
        let pid = reply["pid"].as_str().map(str::to_owned);
        self.recovered = pid.is_some() && pid == self.pid;
        if !self.recovered {
            let place = self.chain.place();
            self.was_somewhere |= place.is_some();
            self.end_chain(here, None);
        }
        self.pid = pid;
        self.socket = Some(reply["sid"].as_str().unwrap().to_owned());
        self.state = State::Connected;
        let again = if self.kind == Kind::Rejoining { self.wanted.clone() } else { BTreeSet::new() };
        again.into_iter().map(|room| self.order(&room, true, here)).collect()
    }

    /// A join or a leave to send.
    pub(crate) fn order(&mut self, room: &str, is_join: bool, here: Surroundings) -> String {
        self.next_order += 1;
        let (number, socket) = (self.next_order, self.socket.clone().unwrap());
        let place = self.chain.place().unwrap_or(0);
        let room = room.to_owned();
        if is_join {
            self.wanted.insert(room.clone());
        } else {
            self.wanted.remove(&room);
        }
        let name = if is_join { "join" } else { "leave" };
        let packet = format!("42{number}{}", json!([name, room, number]));
        self.orders.push(Order {
            socket,
            number,
            is_join,
            room,
            published: here.published,
            place,
            lineage: here.lineage,
        });
        packet
    }

    fn take_event(&mut self, text: &str, args: &Value, here: Surroundings) {
        let args = args.as_array().unwrap();
        let trailing = args.last().and_then(Value::as_str).filter(|_| args.len() > 2);
        if let (Some(offset), true) = (trailing, self.pid.is_some()) {
            self.last_offset = Some(offset.to_owned());
        }
        let (name, body) = (args[0].as_str().unwrap(), &args[1]);
        match name {
            "connected" => self.take_connected(body, trailing, here),
            "whatsappGap" => {}
            "position" => {
                let offset = body["offset"].as_str().unwrap();
                self.since = Some(offset.to_owned());
                self.chain.told.push(Told::Position(number_of(offset)));
            }
            _ => {
                let offset = body["offset"].as_str().unwrap();
                self.since = Some(offset.to_owned());
                let told = Told::Event {
                    number: number_of(offset),
                    text: text.into(),
                    has_trailing_offset: trailing.is_some(),
                };
                self.chain.told.push(told);
            }
        }
        // With a gap the position is told after it.
        let has_position = name != "whatsappGap" && body["offset"].is_string();
        if has_position && trailing.is_some() != (self.kind != Kind::OneArgument) {
            self.wrong(&format!("the offset is in the wrong place: {text}"));
        }
    }

    fn take_connected(&mut self, body: &Value, trailing: Option<&str>, here: Surroundings) {
        let from = body["from"].as_str().map(str::to_owned);
        let begin = from.clone().unwrap_or_else(|| body["head"].as_str().unwrap().to_owned());
        if trailing.is_some_and(|offset| offset != begin) {
            self.wrong(&format!("`connected` ends with {trailing:?} instead of {begin}"));
        }
        let rooms: Vec<String> = serde_json::from_value(body["rooms"].clone()).unwrap();
        let resumed = body["resumed"].as_str().unwrap().to_owned();
        if self.recovered != (resumed == "session") {
            self.wrong(&format!("recovered is {} after {resumed}", self.recovered));
        }
        let socket = self.socket.clone().unwrap();
        let begun = self.ledger.rooms_of(&socket);
        let number = number_of(&begin);
        let goes_on = resumed == "session" && self.chain.start.is_some();
        if goes_on && !self.is_shared {
            self.settle_before(&socket, &rooms, here);
            if self.chain.place() != Some(number) {
                self.wrong(&format!("it goes on from {number} instead of {:?}", self.chain.place()));
            }
            self.chain.told.push(Told::From(number));
            self.chain.lineage = here.lineage;
            let mut told = rooms.clone();
            told.sort_unstable();
            if told != self.chain.rooms() {
                self.wrong(&format!("it is told that it holds {told:?} instead of {:?}", self.chain.rooms()));
            }
        } else {
            self.end_chain(here, Some(&socket));
            self.begin_chain(number, &begun, here);
        }
        if self.kind != Kind::Rejoining {
            self.wanted = rooms.into_iter().collect();
            for Order { is_join, room, .. } in &self.orders {
                if *is_join {
                    self.wanted.insert(room.clone())
                } else {
                    self.wanted.remove(room)
                };
            }
        }
        // Where it goes on just where it was, nothing is missing; which rooms it is in, it is told.
        let is_where_it_was = self.since.as_ref() == Some(&begin) || self.asks_for(&begin);
        if resumed == "session" && self.was_somewhere && !is_where_it_was {
            self.wrong("it had been somewhere, its session was lost, and it is told that it goes on");
        }
        self.was_somewhere = false;
        if body["offset"].is_string() {
            self.since = Some(begin);
        }
    }

    /// Whether its page asks to go on from there, and what it was shown since is of another journal: the one that it
    /// asks for was put back, and it was not told that its wish was granted.
    fn asks_for(&self, position: &str) -> bool {
        let is_of_another = self.since.as_ref().is_none_or(|last| epoch_of(last) != epoch_of(position));
        is_of_another && self.static_auth.get("since").is_some_and(|since| since == position)
    }

    fn begin_chain(&mut self, start: u64, begun: &BTreeMap<String, u64>, here: Surroundings) {
        let holds = begun.iter().map(|(room, from)| Hold {
            room: room.clone(),
            from: *from,
            asked_at: *from,
            left: None,
        });
        self.chain =
            Chain { start: Some(start), lineage: here.lineage, holds: holds.collect(), ..Chain::default() };
    }

    /// Ends a chain; what is still asked for by `current`, if anything, is of the next.
    fn end_chain(&mut self, here: Surroundings, current: Option<&str>) {
        let (orders, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.orders).into_iter().partition(|order| Some(&*order.socket) != current);
        self.orders = rest;
        for order in orders {
            let done = self.ledger.outcome(&order.socket, order.number);
            self.settle(&order, done, None, here);
        }
        let chain = std::mem::take(&mut self.chain);
        if chain.start.is_some() {
            self.ended.push(chain);
        }
    }

    /// What the connections before `socket` had asked for and were not told of: the session says what became of it.
    fn settle_before(&mut self, socket: &str, rooms: &[String], here: Surroundings) {
        let (orders, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.orders).into_iter().partition(|order| order.socket != socket);
        self.orders = rest;
        for order in orders {
            let done = self.ledger.outcome(&order.socket, order.number);
            self.settle(&order, done, Some(rooms), here);
        }
    }

    fn settle(&mut self, order: &Order, done: Option<Done>, rooms: Option<&[String]>, here: Surroundings) {
        let Order { room, .. } = order;
        let until = if order.lineage == here.lineage { here.head } else { u64::MAX };
        match (done, order.is_join) {
            (Some(Done::Joined(from, _)), _) => self.hold(order, from, until),
            (Some(Done::Left), _) => self.leave(order, until),
            (_, true) => self.chain.maybes.push(Maybe { room: room.clone(), after: order.published, until }),
            // The session lets go of a room before the connection does.
            (_, false) if rooms.is_none_or(|rooms| !rooms.contains(room)) => self.leave(order, until),
            (_, false) => {}
        }
    }

    fn hold(&mut self, order: &Order, from: u64, head: u64) {
        if let Some(held) = self.chain.held(&order.room) {
            if held.from != from && !self.is_shared {
                let before = held.from;
                self.wrong(&format!("{} is held from {from} instead of {before}", order.room));
            }
            return;
        }
        // Whoever shares the session may have joined before.
        let is_early = from < order.published && !self.is_shared;
        if self.chain.start.is_some() && (is_early || from > head) {
            self.wrong(&format!(
                "{} is held from {from}, not between {} and {head}",
                order.room, order.published
            ));
        }
        let (room, asked_at) = (order.room.clone(), order.published);
        self.chain.holds.push(Hold { room, from, asked_at, left: None });
    }

    fn leave(&mut self, order: &Order, at_most: u64) {
        let surely = order.place;
        if let Some(held) = self.chain.held(&order.room) {
            held.left = Some(Left { surely, at_most });
        }
    }

    fn take_answer(&mut self, number: u64, answer: &Value, here: Surroundings) {
        let at = self.orders.iter().position(|order| order.number == number);
        let Some(at) = at else { return self.wrong(&format!("the answer {number} is to nothing")) };
        let order = self.orders.remove(at);
        let answer = &answer[0];
        let done = match (answer["ok"].as_bool().unwrap(), answer["offset"].as_str()) {
            (true, Some(offset)) => Done::Joined(number_of(offset), offset.to_owned()),
            (true, None) => Done::Left,
            (false, _) => Done::Refused(answer["why"].to_string()),
        };
        if let (Done::Refused(_), true) = (&done, order.is_join) {
            self.wanted.remove(&order.room);
        }
        // Its session goes on elsewhere: the connection is about to be closed, and is in the room until then.
        if let (Done::Refused(_), false) = (&done, order.is_join) {
            self.wanted.insert(order.room);
            return;
        }
        // A name that is waited for may be refused: too many are.
        self.settle(&order, Some(done), None, here);
    }

    pub(crate) fn wrong(&self, what: &str) {
        self.ledger.wrong(format!("client {}: {what}", self.name));
    }
}

fn epoch_of(offset: &str) -> &str {
    offset.split('.').next().unwrap()
}

fn number_of(offset: &str) -> u64 {
    offset.split('.').nth(1).unwrap().parse().unwrap()
}
