//! Who came and went, told to those who watch.

use tokio::sync::mpsc;
use waypost_api::{IsoTime, Visitor, names};
use waypost_inbox::monitor_scope;
use waypost_realtime::{Audience, Emit, Hub, SocketId};

use super::{Live, argument};
use crate::app::App;

/// Visits that wait to be told; at the bound the next ones are not told. They are of the moment.
const VISITS_MAX: usize = 1_024;

/// A client came or went.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Visit {
    Joined(SocketId),
    Left(SocketId),
}

/// Where visits are noted, in a shard's turn, without waiting.
pub(super) struct Visits(mpsc::Sender<Visit>);

impl Visits {
    pub(super) fn new() -> (Self, mpsc::Receiver<Visit>) {
        let (sender, receiver) = mpsc::channel(VISITS_MAX);
        (Self(sender), receiver)
    }

    pub(super) fn announce(&self, visit: Visit) {
        if self.0.try_send(visit).is_err() {
            tracing::debug!("a visit is not told: too many at once, or the server is stopping");
        }
    }
}

/// Tells the monitors until the hub is gone.
pub(crate) async fn announce_visits(app: App, hub: Hub<Live>, mut visits: mpsc::Receiver<Visit>) {
    while let Some(visit) = visits.recv().await {
        let (name, socket) = match visit {
            Visit::Joined(socket) => (names::CLIENT_JOINED, socket),
            Visit::Left(socket) => (names::CLIENT_LEFT, socket),
        };
        let visitor = Visitor { client_id: &socket.to_string(), timestamp: IsoTime(app.clock.now()) };
        let emit = Emit {
            to: Audience::Scopes(vec![monitor_scope()]),
            except: vec![socket],
            name: name.into(),
            args: argument(&visitor),
        };
        if hub.emit(emit).await.is_err() {
            return;
        }
    }
}
