//! A stock Socket.IO client, driven by the agent of its language in `clients/`.

mod recovery;

use serde_json::{Value, json};
use waypost_testkit::TestServer;

pub use recovery::{Back, Session};

use crate::agent::{Agent, Driven};
use crate::event::Event;
use crate::options::ClientOptions;

/// What a client reports.
#[derive(Clone, Debug)]
enum Report {
    Open(String),
    Upgrade(String),
    Connect { id: String, transport: String, recovered: bool },
    Disconnect(String),
    Refused(Value),
    Event(Event),
    Ack(u64, Vec<Value>),
    Exception(String),
    Session(Session),
}

/// A stock client that runs; it disconnects with this value.
pub struct StockClient {
    driven: Driven<Report>,
    last_ack: u64,
}

impl StockClient {
    pub(crate) fn start(agent: Agent, options: Value) -> Self {
        Self { driven: Driven::start(agent, options, report), last_ack: 0 }
    }

    /// A client with the defaults of the package, connected.
    #[must_use]
    #[track_caller]
    pub fn connect(server: &TestServer) -> Self {
        ClientOptions::new(server).connect()
    }

    /// A client with the defaults of the package, connected and in the general room.
    #[must_use]
    #[track_caller]
    pub fn in_general(server: &TestServer) -> Self {
        let mut client = Self::connect(server);
        client.join_general();
        client
    }

    /// Waits for the next connection; its Socket.IO id.
    #[track_caller]
    pub fn connected(&mut self) -> String {
        self.take("a connection", |report| match report {
            Report::Connect { id, .. } => Some(id.clone()),
            Report::Refused(error) => panic!("the client was refused: {error}"),
            _ => None,
        })
    }

    /// Waits for the next connection; the transport that it has at that moment.
    #[track_caller]
    pub fn connected_by(&mut self) -> String {
        self.take("a connection", |report| match report {
            Report::Connect { transport, .. } => Some(transport.clone()),
            Report::Refused(error) => panic!("the client was refused: {error}"),
            _ => None,
        })
    }

    /// Waits until the client has connected again by itself, whatever attempts failed before.
    #[track_caller]
    pub fn came_back(&mut self) {
        self.take("a connection after the restart", |report| {
            matches!(report, Report::Connect { .. }).then_some(())
        });
    }

    /// Waits for the next disconnection; its reason.
    #[track_caller]
    pub fn disconnected(&mut self) -> String {
        self.take("the end of the connection", |report| match report {
            Report::Disconnect(reason) => Some(reason.clone()),
            _ => None,
        })
    }

    /// Waits for a refused connection; `{ message, data }`.
    #[track_caller]
    pub fn refused(&mut self) -> Value {
        self.take("a refused connection", |report| match report {
            Report::Refused(error) => Some(error.clone()),
            Report::Connect { .. } => panic!("the client was let in"),
            _ => None,
        })
    }

    /// Waits for the transport with which the connection begins.
    #[track_caller]
    pub fn opened_by(&mut self) -> String {
        self.take("an open transport", |report| match report {
            Report::Open(transport) => Some(transport.clone()),
            _ => None,
        })
    }

    /// Waits for an upgrade; the new transport.
    #[track_caller]
    pub fn upgraded_to(&mut self) -> String {
        self.take("an upgrade", |report| match report {
            Report::Upgrade(transport) => Some(transport.clone()),
            _ => None,
        })
    }

    /// Waits for the next event, whatever it is.
    #[track_caller]
    pub fn any_event(&mut self) -> Event {
        self.take("an event", |report| match report {
            Report::Event(event) => Some(event.clone()),
            _ => None,
        })
    }

    /// Waits for the next event of that name.
    #[track_caller]
    pub fn event(&mut self, name: &str) -> Event {
        self.event_where(name, |event| event.name == name)
    }

    /// Waits for the next event that is so.
    #[track_caller]
    pub fn event_where(&mut self, what: &str, mut is_so: impl FnMut(&Event) -> bool) -> Event {
        self.take(what, |report| match report {
            Report::Event(event) if is_so(event) => Some(event.clone()),
            _ => None,
        })
    }

    /// Everything of the journal that is shown up to the message `wamid`, with it. What is not in here and was
    /// delivered before that message was never shown: events keep the order of the journal.
    #[track_caller]
    pub fn journal_to(&mut self, wamid: &str) -> Vec<Event> {
        let mut shown = Vec::new();
        loop {
            let next = self.event_where(&format!("the message {wamid}"), Event::is_of_journal);
            let is_last = next.name == "whatsappMessage" && next.wamid() == wamid;
            shown.push(next);
            if is_last {
                return shown;
            }
        }
    }

    /// What events came that nobody has waited for, up to this moment.
    pub fn events_so_far(&mut self) -> Vec<Event> {
        let events = self.driven.waiting().filter_map(|report| match report {
            Report::Event(event) => Some(event.clone()),
            _ => None,
        });
        events.collect()
    }

    /// Waits for what a handler of the program has raised: in Python, where the event is lost by that.
    #[track_caller]
    pub fn exception(&mut self) -> String {
        self.take("an exception", |report| match report {
            Report::Exception(error) => Some(error.clone()),
            _ => None,
        })
    }

    /// Emits without an ack. Bytes are `{ "base64": "…" }`, here as in every report.
    pub fn emit(&mut self, event: &str, args: &[Value]) {
        self.driven.command("emit", json!({ "event": event, "args": args }));
    }

    /// Emits with an ack, and waits for that; its first argument.
    #[track_caller]
    pub fn call(&mut self, event: &str, args: &[Value]) -> Value {
        self.call_for_all(event, args).into_iter().next().unwrap_or(Value::Null)
    }

    /// Emits with an ack, and waits for that; all its arguments.
    #[track_caller]
    pub fn call_for_all(&mut self, event: &str, args: &[Value]) -> Vec<Value> {
        self.last_ack += 1;
        let wanted = self.last_ack;
        self.driven.command("emit", json!({ "event": event, "args": args, "ack": wanted }));
        self.take(&format!("an ack of {event}"), |report| match report {
            Report::Ack(ack, args) if *ack == wanted => Some(args.clone()),
            _ => None,
        })
    }

    /// From now on, an event of that name that asks for an ack gets this one.
    pub fn answer(&mut self, event: &str, args: &[Value]) {
        self.driven.command("answer", json!({ "event": event, "args": args }));
    }

    /// Joins the general room; the ack.
    #[track_caller]
    pub fn join_general(&mut self) -> Value {
        self.call_well("joinWhatsAppGeneral", &[])
    }

    /// Joins the room of a customer; the ack.
    #[track_caller]
    pub fn join_customer(&mut self, customer: &str) -> Value {
        self.call_well("joinWhatsAppCustomer", &[json!(customer)])
    }

    /// Emits with an ack that has to be good.
    #[track_caller]
    pub fn call_well(&mut self, event: &str, args: &[Value]) -> Value {
        let ack = self.call(event, args);
        assert_eq!(ack["ok"], true, "{event} is refused: {ack}");
        ack
    }

    /// Disconnects, as the program itself would.
    pub fn disconnect(&mut self) {
        self.driven.command("disconnect", json!({}));
    }

    /// Connects again after that.
    pub fn connect_again(&mut self) {
        self.driven.command("connect", json!({}));
    }

    #[track_caller]
    fn take<T>(&mut self, what: &str, wanted: impl FnMut(&Report) -> Option<T>) -> T {
        self.driven.take(what, wanted)
    }
}

fn report(line: &Value) -> Report {
    let text = |member: &str| match line[member].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("the agent reported no {member}: {line}"),
    };
    let args = || line["args"].as_array().expect("arguments are a list").clone();
    match line["kind"].as_str() {
        Some("open") => Report::Open(text("transport")),
        Some("upgrade") => Report::Upgrade(text("transport")),
        Some("connect") => {
            let recovered = line["recovered"].as_bool().expect("whether it is recovered is known");
            Report::Connect { id: text("id"), transport: text("transport"), recovered }
        }
        Some("disconnect") => Report::Disconnect(text("reason")),
        Some("connect_error") => Report::Refused(json!({ "message": line["message"], "data": line["data"] })),
        Some("event") => Report::Event(Event { name: text("event"), args: args() }),
        Some("ack") => Report::Ack(line["ack"].as_u64().expect("an ack has the number it was given"), args()),
        Some("exception") => Report::Exception(text("error")),
        Some("session") => Report::Session(Session {
            pid: line["pid"].as_str().map(str::to_owned),
            offset: line["offset"].as_str().map(str::to_owned),
        }),
        _ => panic!("the agent reported {line}"),
    }
}
