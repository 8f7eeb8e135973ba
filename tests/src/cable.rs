//! A cable between a client and the server, which a test can pull out, also at a chosen place of what the server sends. The client needs to do nothing for it, and learns of it as of any failure of a network.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use waypost_testkit::{TestServer, eventually};

use crate::DEADLINE;

/// How much is passed on at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// The longest text at which a cable can be pulled out.
const TEXT_BYTES_MAX: usize = 256;

/// A cable; it is pulled out for ever with this value.
pub struct Cable {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    plug: Plug,
    cut: Option<Cut>,
    /// Both ends of what is connected, to be closed.
    connections: HashMap<u64, [TcpStream; 2]>,
    last_connection: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Plug {
    #[default]
    In,
    Out,
    /// The test is done with it.
    Gone,
}

/// Where the cable will be pulled out.
enum Cut {
    /// Within the next occurrence of these bytes in one connection.
    Within(Vec<u8>),
    /// After so many more bytes, of all connections together.
    After(usize),
}

impl Cable {
    /// One that is plugged in.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn to(server: &TestServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let state = Arc::<Mutex<State>>::default();
        let (server, shared) = (server.address(), Arc::clone(&state));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let plug = lock(&shared).plug;
                match plug {
                    Plug::In => connect(&shared, client, server),
                    Plug::Out => {}
                    Plug::Gone => return,
                }
            }
        });
        Self { address, state }
    }

    /// Its near end, as the server's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Pulls it out: connections end, and new ones are closed at once.
    pub fn unplug(&self) {
        lock(&self.state).end_all(Plug::Out);
    }

    /// Plugs it in again.
    pub fn plug_in(&self) {
        lock(&self.state).plug = Plug::In;
    }

    /// Pulls it out in the midst of the next `text` that the server sends.
    ///
    /// # Panics
    /// When the text is too long.
    pub fn pull_out_within(&self, text: &str) {
        assert!(text.len() <= TEXT_BYTES_MAX, "no such text is looked for");
        lock(&self.state).cut = Some(Cut::Within(text.as_bytes().to_vec()));
    }

    /// Pulls it out after so many more bytes that the server sends.
    pub fn pull_out_after(&self, bytes: usize) {
        lock(&self.state).cut = Some(Cut::After(bytes));
    }

    /// Waits until it was pulled out so.
    #[track_caller]
    pub fn was_pulled_out(&self) {
        eventually(DEADLINE, "bytes at which the cable is pulled out", || {
            lock(&self.state).cut.is_none().then_some(())
        });
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        lock(&self.state).end_all(Plug::Gone);
        // Wakes the thread that accepts; one that has ended needs no waking.
        drop(TcpStream::connect(self.address));
    }
}

impl State {
    fn end_all(&mut self, plug: Plug) {
        self.plug = plug;
        for ends in std::mem::take(&mut self.connections).into_values() {
            close(&ends);
        }
    }

    /// Ends all connections where a cut was asked for. Whoever waits for that finds the cable out.
    fn pull_out(&mut self) {
        self.end_all(Plug::Out);
        self.cut = None;
    }

    /// How much of `chunk` is passed on, `before` being the end of what was passed on before it; `None` for all.
    fn cut_of(&mut self, before: &[u8], chunk: &[u8]) -> Option<usize> {
        let passed = match self.cut.as_mut()? {
            Cut::After(left) if *left > chunk.len() => {
                *left -= chunk.len();
                return None;
            }
            Cut::After(left) => *left,
            Cut::Within(text) => {
                let seen = [before, chunk].concat();
                let found = seen.windows(text.len()).position(|window| window == text.as_slice())?;
                (found + text.len() - 1).saturating_sub(before.len())
            }
        };
        Some(passed)
    }
}

fn connect(state: &Arc<Mutex<State>>, client: TcpStream, server: SocketAddr) {
    // Whoever cannot reach the server is closed, as the server would have done.
    let Ok(server) = TcpStream::connect(server) else { return };
    let ends = || Some([client.try_clone().ok()?, server.try_clone().ok()?]);
    let (Some(kept), Some([from_client, to_server])) = (ends(), ends()) else { return };
    let number = {
        let mut held = lock(state);
        if held.plug != Plug::In {
            close(&kept);
            return;
        }
        held.last_connection += 1;
        let number = held.last_connection;
        held.connections.insert(number, kept);
        number
    };
    thread::spawn(move || pass_up(from_client, to_server));
    let state = Arc::clone(state);
    thread::spawn(move || {
        pass_down(&state, server, client);
        lock(&state).connections.remove(&number);
    });
}

fn pass_up(mut client: TcpStream, mut server: TcpStream) {
    // The end, whatever its reason, is the other's end too.
    drop(std::io::copy(&mut client, &mut server));
    close(&[client, server]);
}

fn pass_down(state: &Mutex<State>, mut server: TcpStream, mut client: TcpStream) {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut before = Vec::new();
    while let Ok(read @ 1..) = server.read(&mut chunk) {
        let read = &chunk[..read];
        let cut = lock(state).cut_of(&before, read);
        let sent = client.write_all(&read[..cut.unwrap_or(read.len())]);
        if cut.is_some() {
            lock(state).pull_out();
        }
        if sent.is_err() || cut.is_some() {
            break;
        }
        before = [&before, read].concat();
        before.drain(..before.len().saturating_sub(TEXT_BYTES_MAX));
    }
    close(&[server, client]);
}

fn close(ends: &[TcpStream; 2]) {
    for end in ends {
        // It fails for one that has ended already.
        drop(end.shutdown(Shutdown::Both));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
