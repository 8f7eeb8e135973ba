//! A client: what it holds, and what it has to be shown next.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use waypost_domain::Principal;
use waypost_testkit::hub_client::{Client, Door};

use crate::oracle::{Room, Verdict};

/// Longer than anything takes that is under way.
const IDLE: Duration = Duration::from_millis(5);

pub(crate) struct Guest {
    /// Who it is, by number.
    pub(crate) who: usize,
    pub(crate) line: Option<Line>,
    pid: Option<String>,
    offset: Option<String>,
    pub(crate) rooms: BTreeMap<String, Room>,
    /// Those of its session that it might not be in when it came.
    pub(crate) dormant: BTreeMap<String, Room>,
    /// What comes next, by the journal.
    expected: Vec<(u64, Verdict)>,
}

/// Its connection.
pub(crate) struct Line {
    client: Client,
    /// As it was let in.
    pub(crate) principal: Principal,
    asked: u64,
}

/// How it was let in.
pub(crate) struct Begun {
    pub(crate) is_resumed: bool,
    pub(crate) from: u64,
    pub(crate) rooms: Vec<String>,
}

impl Guest {
    pub(crate) fn new(who: usize) -> Self {
        Self {
            who,
            line: None,
            pid: None,
            offset: None,
            rooms: BTreeMap::new(),
            dormant: BTreeMap::new(),
            expected: Vec::new(),
        }
    }

    /// Connects, with what it remembers; it may be somebody else by now.
    pub(crate) async fn connect(&mut self, door: &Door, principal: Principal) -> Begun {
        let mut client = door.websocket().await;
        let auth = json!({ "who": self.who, "pid": self.pid, "offset": self.offset });
        client.send(&format!("40{auth}")).await;
        let reply = client.next().await;
        let reply: Value = serde_json::from_str(reply.strip_prefix("40").unwrap()).unwrap();
        let greeting = client.next().await;
        let greeting: Value = serde_json::from_str(greeting.strip_prefix("42").unwrap()).unwrap();
        let pid = reply["pid"].as_str().unwrap().to_owned();
        let is_resumed = greeting[1]["resumed"] == "session";
        assert_eq!(is_resumed, self.pid.as_ref() == Some(&pid), "{greeting}");
        let offset = greeting[2].as_str().unwrap_or_else(|| panic!("no position: {greeting}")).to_owned();
        let from = number_of(&offset);
        (self.pid, self.offset) = (Some(pid), Some(offset));
        self.line = Some(Line { client, principal, asked: 0 });
        self.expected.clear();
        let rooms = greeting[1]["rooms"].as_array().unwrap();
        Begun {
            is_resumed,
            from,
            rooms: rooms.iter().map(|room| room.as_str().unwrap().to_owned()).collect(),
        }
    }

    pub(crate) fn disconnect(&mut self) {
        self.line = None;
        self.expected.clear();
    }

    pub(crate) fn expect(&mut self, number: u64, verdict: Verdict) {
        self.expected.push((number, verdict));
    }

    /// Emits, and waits for the answer; what is shown before it counts as shown.
    pub(crate) async fn ask(&mut self, event: &str, room: &str) -> Value {
        let line = self.line.as_mut().unwrap();
        line.asked += 1;
        let asked = line.asked;
        line.client.send(&format!("42{asked}{}", json!([event, room]))).await;
        loop {
            let packet = self.line.as_mut().unwrap().client.next().await;
            if let Some(answer) = packet.strip_prefix(&format!("43{asked}")) {
                return serde_json::from_str::<Value>(answer).unwrap()[0].clone();
            }
            self.take(&packet);
        }
    }

    /// Takes what has come. All that had to come has.
    pub(crate) async fn drain(&mut self) {
        while let Some(line) = &mut self.line {
            let Ok(packet) = tokio::time::timeout(IDLE, line.client.next()).await else { break };
            self.take(&packet);
        }
        let missing: Vec<_> = self.expected.iter().filter(|(_, verdict)| *verdict == Verdict::Must).collect();
        assert!(missing.is_empty(), "{} was not shown {missing:?}", self.described());
        self.expected.clear();
    }

    fn take(&mut self, packet: &str) {
        let event: Value =
            serde_json::from_str(packet.strip_prefix("42").unwrap_or_else(|| panic!("{packet}"))).unwrap();
        let Some(offset) = event.as_array().unwrap().last().and_then(Value::as_str) else {
            panic!("{packet}")
        };
        self.offset = Some(offset.to_owned());
        if event[0] == "position" {
            return;
        }
        let number = number_of(offset);
        loop {
            assert!(
                !self.expected.is_empty(),
                "{} was shown {packet}, which was not to come",
                self.described()
            );
            let (next, verdict) = self.expected.remove(0);
            if next == number {
                assert_ne!(verdict, Verdict::Never, "{} was shown {packet}", self.described());
                return;
            }
            assert_ne!(
                verdict,
                Verdict::Must,
                "{} was shown {number} and not {next}: {packet}",
                self.described()
            );
        }
    }

    /// For whoever looks for what was wrong.
    fn described(&self) -> String {
        let principal = self.line.as_ref().map(|line| &line.principal);
        format!("{principal:?} in {:?}", self.rooms)
    }
}

fn number_of(offset: &str) -> u64 {
    offset.split('.').nth(1).unwrap().parse().unwrap()
}
