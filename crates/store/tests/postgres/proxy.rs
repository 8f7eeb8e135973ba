//! The network between a store and its database, which fails at the worst moment: around a COMMIT.
//!
//! The proxy reads the messages of the PostgreSQL protocol (version 3.0, "Message Formats") as far as to see one.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// What happens at the next COMMIT. Everything else passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The answer is lost, and the connection with it.
    AnswerLost,
    /// It is not sent, and nothing is any more: whoever holds the lock is frozen.
    Frozen,
    /// The connection is cut before it is sent: whoever holds the lock is killed.
    Killed,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: Config,
    /// Guards the fault that is to come. Taken at each COMMIT, for a moment.
    next: Mutex<Option<Fault>>,
    /// How many have come.
    faults: watch::Sender<usize>,
}

impl Proxy {
    /// Starts one before the server, on a thread of its own: who opens a store blocks.
    pub(crate) fn start(server: &str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            server: server.parse().unwrap(),
            next: Mutex::new(None),
            faults: watch::Sender::new(0),
        });
        let accepting = Arc::clone(&state);
        // It ends with the test.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(accept(listener, accepting));
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets it happen at the next COMMIT.
    pub(crate) fn at_next_commit(&self, fault: Fault) {
        *self.state.next.lock().unwrap() = Some(fault);
    }

    /// Waits until as many faults have come.
    pub(crate) async fn faults(&self, count: usize) {
        self.state.faults.subscribe().wait_for(|faults| *faults >= count).await.unwrap();
    }
}

async fn accept(listener: std::net::TcpListener, state: Arc<State>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let [host, ..] = state.server.get_hosts() else { panic!("a server has a host") };
            let port = state.server.get_ports().first().copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => {
                    relay(client, TcpStream::connect((name.as_str(), port)).await.unwrap(), &state).await;
                }
                Host::Unix(folder) => {
                    let socket = folder.join(format!(".s.PGSQL.{port}"));
                    relay(client, UnixStream::connect(socket).await.unwrap(), &state).await;
                }
            }
        });
    }
}

/// Both directions, until one ends or a fault comes; then both connections are closed.
async fn relay(client: TcpStream, server: impl AsyncRead + AsyncWrite, state: &State) {
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    tokio::select! {
        ended = send(from_client, to_server, state) => drop(ended),
        ended = answer(from_server, to_client, state) => drop(ended),
    }
}

async fn send(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: &State,
) -> io::Result<()> {
    // The first message has no type.
    let mut start = vec![0; 4];
    from.read_exact(&mut start).await?;
    read_rest(&mut from, &mut start, 0).await?;
    to.write_all(&start).await?;
    loop {
        let message = read(&mut from).await?;
        if message[0] == b'Q' && &message[5..] == b"COMMIT\0" {
            match state.take(|fault| fault != Fault::AnswerLost) {
                Some(Fault::Frozen) => std::future::pending().await,
                Some(_) => return Ok(()),
                None => {}
            }
        }
        to.write_all(&message).await?;
    }
}

async fn answer(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: &State,
) -> io::Result<()> {
    loop {
        let message = read(&mut from).await?;
        let is_commit = message[0] == b'C' && &message[5..] == b"COMMIT\0";
        if is_commit && state.take(|fault| fault == Fault::AnswerLost).is_some() {
            return Ok(());
        }
        to.write_all(&message).await?;
    }
}

impl State {
    /// The fault that is to come, if it is one of these: it has come now.
    fn take(&self, is_meant: impl FnOnce(Fault) -> bool) -> Option<Fault> {
        let fault = self.next.lock().unwrap().take_if(|fault| is_meant(*fault));
        self.faults.send_modify(|faults| *faults += usize::from(fault.is_some()));
        fault
    }
}

/// A message: its type, its length, and the rest.
async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 5];
    from.read_exact(&mut message).await?;
    read_rest(from, &mut message, 1).await?;
    Ok(message)
}

/// The rest of a message whose length stands at `at`: it counts itself, but not the type before it.
async fn read_rest(from: &mut (impl AsyncRead + Unpin), message: &mut Vec<u8>, at: usize) -> io::Result<()> {
    let length = u32::from_be_bytes(message[at..at + 4].try_into().unwrap());
    let begun = message.len();
    message.resize(at + usize::try_from(length).unwrap(), 0);
    from.read_exact(&mut message[begun..]).await?;
    Ok(())
}
