//! The bell: says to other nodes that something was appended, and hears them say so.
//!
//! It only says "look": with the number of the newest entry, after the commit, on a connection of its own. A bell that is
//! lost costs at most the second after which everybody looks anyway.

use std::future::{pending, poll_fn};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client};

use super::link::{self, ANSWER_TIMEOUT};
use super::url::PostgresUrl;
use crate::group::DatabaseError;
use crate::job::Job;

/// How often the writer looks, whatever was heard.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long the bell is silent after it has rung: for what is appended meanwhile it rings once.
const RING_INTERVAL: Duration = Duration::from_millis(5);

/// The bell of one node.
pub(super) struct Bell {
    url: PostgresUrl,
    /// The number of the newest entry that this node has handed on; closed with the writer.
    published: watch::Receiver<u64>,
    /// The writer's queue. Where it is full nothing needs to be said: whoever appends sees what came between.
    looks: mpsc::WeakSender<Job>,
    /// `None` until there is one, and after trouble.
    line: Option<Line>,
}

/// A connection that listens.
struct Line {
    client: Client,
    channel: String,
    /// The newest entry that others said they had appended; closed with the connection.
    heard: watch::Receiver<u64>,
}

/// Why something is to be done.
enum Event {
    /// It is time to look.
    Tick,
    /// Others have appended, up to this entry.
    Heard(u64),
    /// The connection has ended.
    Lost,
    /// This node has handed on more.
    Published(u64),
    /// The writer has ended.
    Closed,
}

impl Bell {
    /// Starts its thread, which ends with the writer.
    pub(super) fn start(
        url: PostgresUrl,
        published: watch::Receiver<u64>,
        looks: mpsc::WeakSender<Job>,
    ) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let bell = Self { url, published, looks, line: None };
        std::thread::Builder::new().name("waypost-bell".into()).spawn(move || bell.run(&runtime))?;
        Ok(())
    }

    fn run(mut self, runtime: &Runtime) {
        runtime.block_on(async {
            let mut ticks = interval(LOOK_INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut silent_until = Instant::now();
            loop {
                match self.next(&mut ticks, silent_until).await {
                    Event::Tick => {
                        if self.line.is_none() {
                            self.connect().await;
                        }
                        self.look(None);
                    }
                    Event::Heard(head) => self.look(Some(head)),
                    Event::Lost => self.line = None,
                    Event::Published(head) => {
                        self.ring(head).await;
                        silent_until = Instant::now() + RING_INTERVAL;
                    }
                    Event::Closed => return,
                }
            }
        });
    }

    async fn next(&mut self, ticks: &mut Interval, silent_until: Instant) -> Event {
        let Self { published, line, .. } = self;
        let heard = async {
            let Some(line) = line else { return pending().await };
            match line.heard.changed().await {
                Ok(()) => Event::Heard(*line.heard.borrow_and_update()),
                Err(_) => Event::Lost,
            }
        };
        let published = async {
            sleep_until(silent_until).await;
            match published.changed().await {
                Ok(()) => Event::Published(*published.borrow_and_update()),
                Err(_) => Event::Closed,
            }
        };
        tokio::select! {
            biased;
            _ = ticks.tick() => Event::Tick,
            event = heard => event,
            event = published => event,
        }
    }

    fn look(&self, head: Option<u64>) {
        let is_known = head.is_some_and(|head| head <= *self.published.borrow());
        if let (false, Some(looks)) = (is_known, self.looks.upgrade()) {
            let (Ok(()) | Err(_)) = looks.try_send(Job::Look { head });
        }
    }

    /// Says that there is something new, unless it was others who said so.
    async fn ring(&mut self, head: u64) {
        let Some(line) = &self.line else { return };
        if head <= *line.heard.borrow() {
            return;
        }
        let (head, sql) = (head.to_string(), "SELECT pg_notify($1, $2)");
        let parameters: [&(dyn ToSql + Sync); 2] = [&line.channel, &head];
        let notified = line.client.execute(sql, &parameters);
        if !matches!(timeout(ANSWER_TIMEOUT, notified).await, Ok(Ok(_))) {
            self.line = None;
        }
    }

    /// Connects, if that can be done. That it cannot be the writer says, who sees the same.
    async fn connect(&mut self) {
        let line = timeout(ANSWER_TIMEOUT, listen(&self.url)).await;
        self.line = line.ok().and_then(Result::ok);
    }
}

async fn listen(url: &PostgresUrl) -> Result<Line, DatabaseError> {
    let (client, mut connection) = link::connect(url, "").await?;
    let (said, heard) = watch::channel(0);
    // It ends with the client, and nobody waits for it.
    Handle::current().spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            let AsyncMessage::Notification(notification) = message else { continue };
            let Ok(head) = notification.payload().parse::<u64>() else { continue };
            said.send_if_modified(|heard| std::mem::replace(heard, head.max(*heard)) < head);
        }
    });
    // Schemas of one database have bells of their own.
    let channel = client.query_one("SELECT 'waypost_' || md5(current_schema())", &[]).await?.try_get(0)?;
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    Ok(Line { client, channel, heard })
}
