//! What a client is refused for being too much, or too often.

use serde_json::value::RawValue;
use waypost_api::ErrorCode;
use waypost_realtime::{Refused, SocketId, WeakHub};

use super::auth::Auth;
use super::{Live, refused};
use crate::limits::{Excess, Flood, Limit, Pace, Step};

impl Live {
    pub(super) fn read_auth(&self, auth: Option<&RawValue>) -> Result<Auth, Refused> {
        match Auth::read(auth)? {
            auth if auth.claim.rooms.len() > self.settings.rooms_max => {
                Err(self.too_many_rooms(Limit::RoomsPerConnection))
            }
            auth => Ok(auth),
        }
    }

    pub(super) fn too_many_rooms(&self, limit: Limit) -> Refused {
        self.app.limits.counts.add(limit);
        refused(ErrorCode::TooManyRooms)
    }

    /// Counts what a client asks for, and what it is refused.
    pub(super) fn take(&self, pace: &Pace, step: Step) -> Result<(), Excess> {
        let counts = &self.app.limits.counts;
        pace.take(step).inspect_err(|excess| match excess {
            Excess::Wait { limit, .. } => counts.add(*limit),
            Excess::Flood(Flood::Begins) => counts.add_flood(),
            Excess::Flood(Flood::GoesOn) => {}
        })
    }

    /// A client goes on though it was refused many times. Its transport is closed: what it sent besides is dropped unread.
    pub(super) async fn stop_flood(&self, socket: SocketId, flood: Flood) {
        let (Flood::Begins, Some(hub)) = (flood, self.hub.get().and_then(WeakHub::upgrade)) else { return };
        tracing::debug!(client.id = %socket, "a client that went on after many refusals is sent away");
        if hub.send_away(socket).await.is_err() {
            tracing::debug!(client.id = %socket, "it has ended with the hub");
        }
    }
}
