//! Those who harm: each connection asks for one thing, and for it again as soon as it was answered.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::http::Connection;
use crate::server::Server;

/// So much later whoever was sent away comes back, as a stock client does at the earliest.
const COME_BACK_AFTER: Duration = Duration::from_millis(500);

/// Whose requests are counted by address: apart from the others, who would not get in beside these.
const KNOCKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 10);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Events that there are not, over a live connection.
    Events,
    /// Joins of a room.
    Joins,
    /// Handshakes that never connect a namespace.
    Connections,
    /// Lists, by a good key.
    Requests,
    /// Sign-ins with a wrong password.
    Logins,
}

const KINDS: [Kind; 5] = [Kind::Events, Kind::Joins, Kind::Connections, Kind::Requests, Kind::Logins];

/// How often each kind was asked for.
#[derive(Debug, Default)]
struct Asked([AtomicU64; KINDS.len()]);

/// Floods under way.
pub(super) struct Floods {
    tasks: JoinSet<Result<()>>,
    asked: Arc<Asked>,
    begun: Instant,
}

/// What each kind asked for in a second.
pub(super) struct Rates([f64; KINDS.len()]);

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the flood, each second:")?;
        for (place, (kind, rate)) in KINDS.iter().zip(self.0).enumerate() {
            let before = if place == 0 { "" } else { "," };
            write!(f, "{before} {rate:.0} {}", format!("{kind:?}").to_lowercase())?;
        }
        Ok(())
    }
}

impl Floods {
    /// Lets so many connections of each kind begin.
    pub(super) fn begin(server: &Server, connections: u16) -> Self {
        let asked = Arc::new(Asked::default());
        let mut tasks = JoinSet::new();
        for kind in KINDS.iter().cycle().take(KINDS.len() * usize::from(connections)) {
            let knock =
                Knock { server: server.address(3), key: server.api_key().into(), asked: asked.clone() };
            tasks.spawn(knock.on(*kind));
        }
        Self { tasks, asked, begun: Instant::now() }
    }

    /// Ends them, if none has failed before; what they asked for.
    pub(super) async fn end(&mut self) -> Result<Rates> {
        let seconds = self.begun.elapsed().as_secs_f64();
        while let Some(failed) = self.tasks.try_join_next() {
            failed??;
        }
        self.tasks.shutdown().await;
        Ok(Rates(self.asked.0.each_ref().map(|asked| asked.load(Ordering::Relaxed) as f64 / seconds)))
    }
}

/// One connection of a flood, and those after it.
struct Knock {
    server: SocketAddr,
    key: Box<str>,
    asked: Arc<Asked>,
}

impl Knock {
    async fn on(self, kind: Kind) -> Result<()> {
        match kind {
            Kind::Events => self.emit(kind, r#"427["nothing"]"#).await,
            Kind::Joins => self.emit(kind, r#"427["joinWhatsAppCustomer","flood"]"#).await,
            Kind::Connections => {
                let request = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n";
                self.ask(kind, request.to_owned()).await
            }
            Kind::Requests => {
                let key = &self.key;
                let request = format!(
                    "GET /api/conversations?limit=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
                );
                self.ask(kind, request).await
            }
            Kind::Logins => {
                let body = r#"{"login":"flood","password":"wrong horse battery"}"#;
                let request = format!(
                    "POST /api/login HTTP/1.1\r\nHost: localhost\r\nX-Waypost-CSRF: 1\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                self.ask(kind, request).await
            }
        }
    }

    fn count(&self, kind: Kind) {
        self.asked.0[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Emits for ever. Whoever is closed, or not let in, comes back.
    async fn emit(&self, kind: Kind, event: &str) -> Result<()> {
        loop {
            if let Ok(mut client) = Client::connect(self.server, &self.key).await {
                while client.send(event).await.is_ok() && client.expect("437[").await.is_ok() {
                    self.count(kind);
                }
            }
            sleep(COME_BACK_AFTER).await;
        }
    }

    /// Asks for ever, over one connection for as long as the server lets it.
    async fn ask(&self, kind: Kind, request: String) -> Result<()> {
        loop {
            let mut connection = Connection::open_from(KNOCKER, self.server).await?;
            while connection.send(request.as_bytes(), |_| Ok(())).await.is_ok() {
                self.count(kind);
            }
        }
    }
}
