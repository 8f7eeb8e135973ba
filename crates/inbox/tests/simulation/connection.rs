//! A client's connection: bytes through a pipe, or requests in process. It may be cut at any of them.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use waypost_testkit::hub_client::{Client as Pipe, Door, client_frame, split_frame};

use crate::client::{Client, State};
use crate::world::Stage;

/// How a connection is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) is_polling: bool,
    pub(crate) pipe_bytes: usize,
    pub(crate) read_bytes: usize,
    /// After how many bytes, or answers to polls, it breaks.
    pub(crate) breaks_after: Option<usize>,
}

/// A connection that is there, as the script has it in hand.
pub(crate) struct Connection {
    pub(crate) task: JoinHandle<()>,
    pub(crate) orders: mpsc::Sender<String>,
    pub(crate) reads: watch::Sender<bool>,
    pub(crate) breaks: bool,
}

/// The client's end.
struct End {
    stage: Arc<Stage>,
    client: Arc<Mutex<Client>>,
    /// The number of this connection among the client's.
    connection: u64,
    plan: Plan,
    orders: mpsc::Receiver<String>,
    reads: watch::Receiver<bool>,
}

/// What a connection does next.
enum Next<T> {
    /// Sends this packet.
    Order(String),
    /// Takes this.
    Came(T),
}

impl Connection {
    /// Begins to connect.
    pub(crate) fn open(stage: &Arc<Stage>, client: &Arc<Mutex<Client>>, plan: Plan) -> Connection {
        let connection = {
            let mut client = client.lock().unwrap();
            client.connection += 1;
            client.state = State::Connecting;
            client.connection
        };
        let (orders, taken) = mpsc::channel(256);
        let (reads, may_read) = watch::channel(true);
        let end = End {
            stage: stage.clone(),
            client: client.clone(),
            connection,
            plan,
            orders: taken,
            reads: may_read,
        };
        let task = stage.tasks.spawn(async move {
            let (client, connection) = (end.client.clone(), end.connection);
            if plan.is_polling {
                end.poll().await;
            } else {
                end.read().await;
            }
            let mut client = client.lock().unwrap();
            if client.connection == connection {
                client.state = State::Offline;
            }
        });
        Connection { task, orders, reads, breaks: plan.breaks_after.is_some() }
    }
}

impl End {
    /// Hands on a packet; `None` when the client has given this connection up.
    fn take(&self, packet: &str) -> Option<Vec<String>> {
        let mut client = self.client.lock().unwrap();
        if client.connection != self.connection {
            return None;
        }
        self.stage.log(|| format!("client {} < {packet}", client.name));
        let said = client.take(packet, self.stage.here());
        let ends = packet == "41" || packet == "1";
        (!ends).then_some(said)
    }

    /// Waits for what the script orders, and while it lets the client read, for what is `coming`.
    async fn next<T>(&mut self, coming: impl Future<Output = T>) -> Next<T> {
        let mut coming = std::pin::pin!(coming);
        loop {
            let may_read = *self.reads.borrow_and_update();
            tokio::select! {
                biased;
                changed = self.reads.changed() => {
                    // The script has given the connection up and does not cut it: it stays as it is.
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
                Some(order) = self.orders.recv() => return Next::Order(order),
                came = &mut coming, if may_read => return Next::Came(came),
            }
        }
    }

    async fn read(mut self) {
        let mut pipe = self.stage.door.pipe(self.plan.pipe_bytes);
        if pipe.io.write_all(self.stage.door.opening("EIO=4&transport=websocket").as_bytes()).await.is_err() {
            return;
        }
        let (mut received, mut total, mut is_open) = (Vec::new(), 0, false);
        loop {
            let mut buffer = vec![0; self.plan.read_bytes];
            match self.next(pipe.io.read(&mut buffer)).await {
                Next::Order(order) => {
                    if send(&mut pipe, &order).await.is_err() {
                        return;
                    }
                }
                Next::Came(read) => {
                    let bytes = read.unwrap_or(0);
                    let left = self.plan.breaks_after.map_or(usize::MAX, |after| after.saturating_sub(total));
                    received.extend(&buffer[..bytes.min(left)]);
                    total += bytes;
                    if !is_open
                        && let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n")
                    {
                        received.drain(..end + 4);
                        is_open = true;
                    }
                    let goes_on = !is_open || self.take_frames(&mut pipe, &mut received).await;
                    if !goes_on || bytes == 0 || bytes >= left {
                        return;
                    }
                }
            }
        }
    }

    /// Takes all whole frames; whether the connection goes on.
    async fn take_frames(&self, pipe: &mut Pipe, received: &mut Vec<u8>) -> bool {
        while let Some((first, payload, used)) = split_frame(received) {
            received.drain(..used);
            if first != 0x81 {
                return false;
            }
            let Some(said) = self.take(std::str::from_utf8(&payload).unwrap()) else { return false };
            for packet in said {
                if send(pipe, &packet).await.is_err() {
                    return false;
                }
            }
        }
        true
    }

    async fn poll(mut self) {
        let door = self.stage.door.clone();
        let (status, open) = door.answer("GET", "EIO=4&transport=polling", "").await;
        if status != 200 {
            return;
        }
        let sid: serde_json::Value = serde_json::from_str(&open[1..]).unwrap();
        let query = format!("EIO=4&transport=polling&sid={}", sid["sid"].as_str().unwrap());
        let Some(said) = self.take(&open) else { return };
        if !push(&door, &query, said).await {
            return;
        }
        let mut answers = 0;
        loop {
            let mut poll = std::pin::pin!(door.answer("GET", &query, ""));
            let payload = loop {
                match self.next(poll.as_mut()).await {
                    Next::Order(order) => {
                        if !push(&door, &query, vec![order]).await {
                            return;
                        }
                    }
                    Next::Came((status, payload)) => {
                        if status != 200 {
                            return;
                        }
                        break payload;
                    }
                }
            };
            answers += 1;
            if self.plan.breaks_after.is_some_and(|after| answers > after) {
                return;
            }
            let mut said = Vec::new();
            for packet in payload.split('\x1e') {
                let Some(more) = self.take(packet) else { return };
                said.extend(more);
            }
            if !said.is_empty() && !push(&door, &query, said).await {
                return;
            }
        }
    }
}

async fn send(pipe: &mut Pipe, packet: &str) -> std::io::Result<()> {
    pipe.io.write_all(&client_frame(0x81, packet.as_bytes())).await
}

async fn push(door: &Door, query: &str, packets: Vec<String>) -> bool {
    door.answer("POST", query, packets.join("\x1e")).await.0 == 200
}
