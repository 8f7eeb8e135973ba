//! Listeners and the HTTP connections that they accept.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::config::Addresses;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head of a request.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The pause after a failed accept (usually: no descriptors left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds every address. Of several, those of an address family that the machine lacks are left out.
pub(crate) async fn bind(addresses: &Addresses, flag: &str) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for &address in addresses.as_slice() {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable && address.is_ipv6() => {
                tracing::info!(server.address = %address, "this machine has no such address; listening on the others");
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                anyhow::bail!(
                    "{address} is busy: another program listens there. Stop it, or choose another address, for \
                     example `{flag} 127.0.0.1:3001`"
                );
            }
            Err(error) => return Err(error).with_context(|| format!("cannot listen on {address}")),
        }
    }
    anyhow::ensure!(!listeners.is_empty(), "none of the addresses of {flag} is this machine's");
    Ok(listeners)
}

/// What every connection of the server shares.
#[derive(Clone)]
pub(crate) struct Connections {
    /// A permit is taken before a connection is accepted and goes with it.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) tasks: TaskTracker,
    /// Cancelled when no further request is to be taken.
    pub(crate) stop: CancellationToken,
}

/// Accepts connections and serves them until the stop; requests that are under way then are answered first.
pub(crate) async fn serve(listener: TcpListener, router: Router, connections: Connections) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = connections.stop.cancelled() => return,
            accepted = accept(&listener, &connections.places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let router = router.clone();
                let stop = connections.stop.clone();
                connections.tasks.spawn(async move {
                    serve_connection(stream, peer, router, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    let service = router.map_request(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
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
        tracing::debug!(error = %error, "a connection ended early");
    }
}
