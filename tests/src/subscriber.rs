//! A stock client in the general room, with a network of its own, and everything it was shown over all its connections.

use serde_json::{Value, json};
use waypost_testkit::TestServer;

use crate::cable::Cable;
use crate::client::{Back, Session, StockClient};
use crate::event::Event;
use crate::journal::Journal;
use crate::options::{ClientOptions, Variant};
use crate::packages::Agents;

/// The general room.
pub const GENERAL: &str = "whatsapp:general";

/// A client that is in the general room, and everything of the journal that it was shown.
pub struct Subscriber {
    /// Words for a failed assertion.
    pub what: String,
    /// The client.
    pub client: StockClient,
    /// What it is connected by.
    pub cable: Cable,
    /// Its Socket.IO id on its first connection.
    pub id: String,
    /// The position at which it joined; null on an empty journal.
    pub joined: Value,
    shown: Vec<Event>,
}

impl Subscriber {
    /// One for each way of transport, connected and joined.
    #[must_use]
    #[track_caller]
    pub fn of_each_transport(server: &TestServer, agents: &Agents) -> Vec<Self> {
        Variant::TRANSPORTS.into_iter().map(|variant| Self::start(server, agents, variant)).collect()
    }

    /// Connects and joins the general room.
    #[must_use]
    #[track_caller]
    pub fn start(server: &TestServer, agents: &Agents, variant: Variant) -> Self {
        let cable = Cable::to(server);
        let mut client = Self::options(&cable, server).variant(variant).start_in(agents);
        let id = client.connected();
        client.event("connected");
        if variant == Variant::Default {
            client.upgraded_to();
        }
        let joined = client.join_general()["offset"].clone();
        Self { what: format!("{variant:?}"), client, cable, id, joined, shown: Vec::new() }
    }

    /// Over this cable, with the pauses before a client comes back made short.
    #[must_use]
    pub fn options(cable: &Cable, server: &TestServer) -> ClientOptions {
        ClientOptions::over(cable, server)
            .option("reconnectionDelay", json!(20))
            .option("reconnectionDelayMax", json!(200))
    }

    /// Pulls its cable out, and waits until the client has noticed; what it will present when it is back.
    #[track_caller]
    pub fn go_away(&mut self) -> Session {
        self.cable.unplug();
        self.client.disconnected();
        self.client.session()
    }

    /// Plugs its cable in again after [`go_away`](Self::go_away): it has to come back to its session, in the general
    /// room, at the position that it presented.
    #[track_caller]
    pub fn come_back(&mut self, presented: &Session) -> Back {
        self.cable.plug_in();
        let back = self.client.back();
        back.assert_session(&[GENERAL], &self.what);
        assert_eq!(presented.offset.as_deref(), Some(back.from()), "{}: it goes on where it was", self.what);
        assert_eq!(self.client.session().pid, presented.pid, "{}", self.what);
        back
    }

    /// Waits until it was shown the message `wamid`.
    #[track_caller]
    pub fn see_to(&mut self, wamid: &str) {
        self.shown.extend(self.client.journal_to(wamid));
    }

    /// It was shown everything of the journal since it joined, each event once, in order, and nothing else.
    #[track_caller]
    pub fn assert_whole(&mut self, server: &TestServer) {
        self.assert_shown(&Journal::of(server).general().after(&self.joined));
    }

    /// It was shown exactly this.
    #[track_caller]
    pub fn assert_shown(&mut self, journal: &Journal) {
        let waiting = self.client.events_so_far();
        let is_gap = waiting.iter().any(|event| event.name == "whatsappGap");
        assert!(!is_gap, "{}: it was told of a gap: {waiting:?}", self.what);
        let more = waiting.into_iter().filter(Event::is_of_journal);
        let shown: Vec<_> = self.shown.iter().cloned().chain(more).collect();
        journal.assert_shown(&shown, &self.what);
    }

    /// The WhatsApp ids of what it was shown.
    #[must_use]
    pub fn wamids(&self) -> Vec<&str> {
        self.shown.iter().map(Event::wamid).collect()
    }
}
