//! A stock Socket.IO client: `socket.io-client` from npm, in Node.js, driven by `clients/agent.mjs`.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use serde_json::{Value, json};
use waypost_testkit::{TestServer, clients_dir, eventually};

use crate::DEADLINE;

/// More reports than any test has waiting.
const REPORTS_MAX: usize = 100_000;

/// The names of the events that carry an offset.
const JOURNAL: [&str; 4] = ["whatsappMessage", "whatsappMessageStatus", "whatsappOutbox", "whatsappEvent"];

/// A way in which stock clients connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Polling first, then an upgrade to WebSocket.
    Default,
    /// WebSocket from the start.
    WebSocketOnly,
    /// Polling for ever.
    PollingOnly,
    /// The default transports, in the namespace of older deployments.
    OlderNamespace,
}

impl Variant {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Default, Self::WebSocketOnly, Self::PollingOnly, Self::OlderNamespace];
}

/// How a client connects.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    url: String,
    namespace: &'static str,
    options: Value,
}

impl ClientOptions {
    /// The defaults of the package, and the server's key.
    #[must_use]
    pub fn new(server: &TestServer) -> Self {
        // The pause before a client comes back is bounded, so that tests of restarts are short.
        let options = json!({ "auth": { "token": server.secrets().api_key }, "reconnectionDelayMax": 1000 });
        Self { url: server.url(), namespace: "/", options }
    }

    /// As the variant says.
    #[must_use]
    pub fn variant(mut self, variant: Variant) -> Self {
        match variant {
            Variant::Default => {}
            Variant::WebSocketOnly => self.options["transports"] = json!(["websocket"]),
            Variant::PollingOnly => self.options["transports"] = json!(["polling"]),
            Variant::OlderNamespace => self.namespace = "/websocket",
        }
        self
    }

    /// Another namespace than `/`.
    #[must_use]
    pub fn namespace(mut self, namespace: &'static str) -> Self {
        self.namespace = namespace;
        self
    }

    /// Sets an option of `io()`.
    #[must_use]
    pub fn option(mut self, name: &str, value: Value) -> Self {
        self.options[name] = value;
        self
    }

    /// Starts the client; what comes of it is reported.
    ///
    /// # Panics
    /// When Node.js or the package is missing: `cargo xtask test` installs the package.
    #[must_use]
    pub fn start(self) -> StockClient {
        let mut child = Command::new("node")
            .current_dir(clients_dir())
            .arg("agent.mjs")
            .arg(format!("{}{}", self.url, self.namespace))
            .arg(self.options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js is installed; `cargo xtask test` says so where it is not");
        let stdin = child.stdin.take().expect("stdin is piped");
        let reports = follow(child.stdout.take().expect("stdout is piped"));
        StockClient { child, stdin: Some(stdin), reports, waiting: VecDeque::new(), last_ack: 0 }
    }

    /// Starts the client and waits until it is connected.
    #[must_use]
    #[track_caller]
    pub fn connect(self) -> StockClient {
        let mut client = self.start();
        client.connected();
        client
    }
}

/// An event as a client's handler gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Vec<Value>,
}

impl Event {
    /// The first argument.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn body(&self) -> &Value {
        self.args.first().expect("an event has a body")
    }

    /// A text member of the body, empty where it is missing.
    #[must_use]
    pub fn text(&self, member: &str) -> &str {
        self.body()[member].as_str().unwrap_or_default()
    }

    /// WhatsApp's id of the message that it is about.
    #[must_use]
    pub fn wamid(&self) -> &str {
        self.text("whatsappMessageId")
    }

    /// The number in its offset, `<epoch>.<number>.<check>`, which must be the same in body and trailing argument.
    ///
    /// # Panics
    /// When the two differ, or there is none.
    #[must_use]
    #[track_caller]
    pub fn offset_number(&self) -> u64 {
        assert_eq!(self.args.len(), 2, "a journal event has its body and its offset: {self:?}");
        assert_eq!(self.args[1], self.body()["offset"], "the trailing offset is the body's");
        let text = self.args[1].as_str().expect("an offset is a string");
        let number = text.split('.').nth(1).and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("no number in the offset {text:?}"))
    }
}

/// What a client reports.
#[derive(Clone, Debug)]
enum Report {
    Open(String),
    Upgrade(String),
    Connect(String),
    Disconnect(String),
    Refused(Value),
    Event(Event),
    Ack(u64, Vec<Value>),
}

/// A stock client that runs; it ends with this value.
pub struct StockClient {
    child: Child,
    /// `None` once it was closed, at the end.
    stdin: Option<ChildStdin>,
    reports: Receiver<Report>,
    /// Reports that nobody has asked for yet, in their order.
    waiting: VecDeque<Report>,
    last_ack: u64,
}

impl StockClient {
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
            Report::Connect(id) => Some(id.clone()),
            Report::Refused(error) => panic!("the client was refused: {error}"),
            _ => None,
        })
    }

    /// Waits until the client has connected again by itself, whatever attempts failed before.
    #[track_caller]
    pub fn came_back(&mut self) {
        self.take("a connection after the restart", |report| {
            matches!(report, Report::Connect(_)).then_some(())
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
            Report::Connect(_) => panic!("the client was let in"),
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
            let next = self
                .event_where(&format!("the message {wamid}"), |event| JOURNAL.contains(&event.name.as_str()));
            let is_last = next.name == "whatsappMessage" && next.wamid() == wamid;
            shown.push(next);
            if is_last {
                return shown;
            }
        }
    }

    /// Emits without an ack.
    pub fn emit(&mut self, event: &str, args: &[Value]) {
        self.command(&json!({ "do": "emit", "event": event, "args": args }));
    }

    /// Emits with an ack, and waits for that.
    #[track_caller]
    pub fn call(&mut self, event: &str, args: &[Value]) -> Value {
        self.last_ack += 1;
        let wanted = self.last_ack;
        self.command(&json!({ "do": "emit", "event": event, "args": args, "ack": wanted }));
        self.take(&format!("an ack of {event}"), |report| match report {
            Report::Ack(ack, args) if *ack == wanted => Some(args.first().cloned().unwrap_or(Value::Null)),
            _ => None,
        })
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
        self.command(&json!({ "do": "disconnect" }));
    }

    fn command(&mut self, command: &Value) {
        let stdin = self.stdin.as_mut().expect("it is closed at the end only");
        writeln!(stdin, "{command}").expect("the client reads its commands");
    }

    /// Takes the first report for which `wanted` gives a value; those before it stay for later questions.
    #[track_caller]
    fn take<T>(&mut self, what: &str, mut wanted: impl FnMut(&Report) -> Option<T>) -> T {
        let found = self.waiting.iter().enumerate().find_map(|(at, report)| Some((at, wanted(report)?)));
        if let Some((at, value)) = found {
            self.waiting.remove(at);
            return value;
        }
        let Self { reports, waiting, .. } = self;
        eventually(DEADLINE, what, || {
            for report in reports.try_iter() {
                match wanted(&report) {
                    Some(value) => return Some(value),
                    None => waiting.push_back(report),
                }
            }
            None
        })
    }
}

impl Drop for StockClient {
    #[expect(
        clippy::print_stderr,
        reason = "the test harness captures it and shows it for the test that failed"
    )]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("what client {} reported beside: {:#?}", self.child.id(), self.waiting);
        }
        // It ends with its stdin; the kill is for one that hangs. Both fail only where it has ended by itself.
        drop(self.stdin.take());
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn follow(stdout: ChildStdout) -> Receiver<Report> {
    let (sender, reports) = mpsc::sync_channel(REPORTS_MAX);
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(report(&line)).is_err() {
                return;
            }
        }
    });
    reports
}

fn report(line: &str) -> Report {
    let line: Value = serde_json::from_str(line).expect("the agent prints JSON");
    let text = |member: &str| line[member].as_str().unwrap_or_default().to_owned();
    let args = || line["args"].as_array().cloned().unwrap_or_default();
    match line["kind"].as_str() {
        Some("open") => Report::Open(text("transport")),
        Some("upgrade") => Report::Upgrade(text("transport")),
        Some("connect") => Report::Connect(text("id")),
        Some("disconnect") => Report::Disconnect(text("reason")),
        Some("connect_error") => Report::Refused(json!({ "message": line["message"], "data": line["data"] })),
        Some("event") => Report::Event(Event { name: text("event"), args: args() }),
        Some("ack") => Report::Ack(line["ack"].as_u64().unwrap_or_default(), args()),
        _ => panic!("the agent printed {line}"),
    }
}
