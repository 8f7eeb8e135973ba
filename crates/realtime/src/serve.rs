//! The accept loop: HTTP/1.1 connections in front of a hub's routes, every one bounded in time, memory and number.
//!
//! `axum::serve` waits for a request's head for ever and takes as many connections as there are descriptors, so that
//! anybody who opens sockets and says little keeps others out. Whoever mounts [`Hub::router`](crate::Hub::router)
//! serves it with [`serve`] instead.

use crate::ignore::Ignore;
use crate::tcp::Tcp;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Every limit of the accept loop. What happens at each is said beside it.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Most connections at a time, WebSockets of [`Hub::router`](crate::Hub::router) among them: each is a descriptor.
    /// At it, none is accepted, and who comes waits in the system's queue. More than
    /// [`HubConfig::connections_max`](crate::HubConfig::connections_max), so that there is room left to answer 503.
    pub connections_max: usize,
    /// How long a client may take to send the head of a request, from the connection's begin or the last answer; then
    /// the connection is closed.
    pub head_timeout: Duration,
    /// Within how many bytes the head of a request has to end; a longer one is answered 431 and the connection closed.
    /// The read that crosses the bound may still end it, so that one of up to twice this size can pass. At least 8 KiB.
    pub head_bytes_max: usize,
    /// The pause after an accept that failed for a reason of this machine (usually: no descriptors left), so that the
    /// loop does not spin.
    pub accept_pause: Duration,
}

impl Default for ServeConfig {
    fn default() -> ServeConfig {
        ServeConfig {
            connections_max: 64_000,
            head_timeout: Duration::from_secs(10),
            head_bytes_max: 64 * 1024,
            accept_pause: Duration::from_millis(50),
        }
    }
}

/// What the HTTP connections of a server share, over all its listeners. Clones are the same.
#[derive(Debug, Clone)]
pub struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: ServeConfig,
    /// A permit is taken before a connection is accepted and goes with its socket.
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Connections {
    /// No connection yet. From the cancellation of `stop` on, no further request is taken.
    ///
    /// # Panics
    /// If `config.head_bytes_max` is under 8 KiB, or `config.connections_max` over [`Semaphore::MAX_PERMITS`].
    #[must_use]
    pub fn new(config: ServeConfig, stop: CancellationToken) -> Connections {
        assert!(config.head_bytes_max >= HEAD_BYTES_LEAST, "the head of a request needs 8 KiB");
        let places = Arc::new(Semaphore::new(config.connections_max));
        Connections(Arc::new(Shared { config, places, stop }))
    }
}

/// Below this hyper has no buffer to read into.
const HEAD_BYTES_LEAST: usize = 8 * 1024;

/// Accepts connections and serves them until the stop; then waits until the requests that are under way are answered.
///
/// Each request has its peer's address in its extensions, as `ConnectInfo<SocketAddr>`. If the future is dropped,
/// nobody is accepted any more, and the connections that are there go on until the stop.
pub async fn serve(listener: TcpListener, router: Router, connections: Connections) {
    let served = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = connections.0.stop.cancelled() => break,
            accepted = accept(&listener, &connections.0.places) => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => {
                let (router, connections) = (router.clone(), connections.clone());
                served.spawn(async move { serve_connection(tcp, peer, router, &connections).await });
            }
            Err(error) if is_of_one_client(&error) => {
                tracing::debug!(%error, "a client went before its turn");
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(connections.0.config.accept_pause).await;
            }
        }
    }
    // Who comes now is refused by the system at once, and may try another server.
    drop(listener);
    served.close();
    served.wait().await;
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(Tcp, SocketAddr)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream
        .set_nodelay(true)
        .ignore_because("a socket that refuses is slower or closed, and reading tells which");
    Ok((Tcp::in_place(stream, place), peer))
}

/// Whether the next accept may go well at once.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

async fn serve_connection<I>(io: I, peer: SocketAddr, router: Router, connections: &Connections)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Shared { config, stop, .. } = &*connections.0;
    let service = router.map_request(move |mut request: http::Request<Incoming>| -> Request {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.head_timeout)
        .max_buf_size(config.head_bytes_max)
        .serve_connection(TokioIo::new(io), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::net::TcpStream;
    use tokio::sync::Notify;

    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

    /// Routes that answer with the peer's address.
    fn routes() -> Router {
        Router::new().route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()))
    }

    fn connections() -> Connections {
        Connections::new(ServeConfig::default(), CancellationToken::new())
    }

    /// A client's end of a connection that is served in memory.
    fn client(tasks: &TaskTracker, connections: &Connections) -> DuplexStream {
        let (near, far) = tokio::io::duplex(4 * 1024);
        let connections = connections.clone();
        tasks.spawn(async move {
            serve_connection(far, ([192, 0, 2, 1], 4000).into(), routes(), &connections).await;
        });
        near
    }

    async fn ask(io: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
        io.write_all(REQUEST.as_bytes()).await.unwrap();
        answer(io).await
    }

    /// An answer with a short body, which comes in one piece.
    async fn answer(io: &mut (impl AsyncRead + Unpin)) -> String {
        let mut answer = vec![0; 4 * 1024];
        let length = io.read(&mut answer).await.unwrap();
        answer.truncate(length);
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_byte_by_byte_ends_at_its_time_and_others_are_served_meanwhile() {
        let (tasks, connections) = (TaskTracker::new(), connections());
        let (mut slow, mut brisk) = (client(&tasks, &connections), client(&tasks, &connections));
        let start = tokio::time::Instant::now();
        let mut bytes = REQUEST.bytes();
        while slow.write_all(&[bytes.next().expect("closed long before the head is whole")]).await.is_ok() {
            assert!(ask(&mut brisk).await.ends_with("192.0.2.1:4000"));
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(slow.read(&mut [0; 64]).await.unwrap(), 0);
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_more_ends_too() {
        let (tasks, connections) = (TaskTracker::new(), connections());
        let mut idle = client(&tasks, &connections);
        ask(&mut idle).await;
        let start = tokio::time::Instant::now();
        assert_eq!(idle.read(&mut [0; 64]).await.unwrap(), 0);
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_without_end_is_answered_431_and_closed() {
        let (tasks, connections) = (TaskTracker::new(), connections());
        let (mut reader, mut writer) = tokio::io::split(client(&tasks, &connections));
        let mut sent = 0;
        tasks.spawn(async move {
            let begun = writer.write_all(b"GET / HTTP/1.1\r\nX-Long: ").await;
            begun.expect("the head is short yet");
            while writer.write_all(&[b'x'; 1024]).await.is_ok() {
                sent += 1024;
                assert!(sent <= 128 * 1024, "the head is read for ever");
            }
        });
        let mut said = String::new();
        reader.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
        tasks.close();
        tasks.wait().await;
    }

    #[tokio::test]
    async fn the_next_is_accepted_when_there_is_a_place() {
        let served = Arc::new(AtomicUsize::new(0));
        let count = served.clone();
        let router = Router::new().route(
            "/",
            get(move || {
                count.fetch_add(1, Ordering::Relaxed);
                async {}
            }),
        );
        let stop = CancellationToken::new();
        let config = ServeConfig { connections_max: 1, ..ServeConfig::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients = async {
            let mut first = TcpStream::connect(address).await.unwrap();
            ask(&mut first).await;
            let mut second = TcpStream::connect(address).await.unwrap();
            second.write_all(REQUEST.as_bytes()).await.unwrap();
            ask(&mut first).await;
            assert_eq!(served.load(Ordering::Relaxed), 2, "both of the first");
            drop(first);
            assert!(answer(&mut second).await.starts_with("HTTP/1.1 200 "));
            stop.cancel();
        };
        tokio::join!(clients, serve(listener, router, Connections::new(config, stop.clone())));
    }

    #[tokio::test]
    async fn a_stop_answers_what_is_under_way_and_takes_no_more() {
        let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, wait) = (begun.clone(), finish.clone());
        let router = Router::new().route(
            "/",
            get(move || async move {
                tell.notify_one();
                wait.notified().await;
            }),
        );
        let stop = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = async {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(REQUEST.as_bytes()).await.unwrap();
            begun.notified().await;
            stop.cancel();
            while TcpStream::connect(address).await.is_ok() {
                tokio::task::yield_now().await;
            }
            finish.notify_one();
            let answer = answer(&mut client).await;
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close"), "{answer}");
        };
        tokio::join!(client, serve(listener, router, Connections::new(ServeConfig::default(), stop.clone())));
    }
}
