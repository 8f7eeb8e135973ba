//! The application: it lets everybody in, and either into the one room or into none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use waypost_realtime::{
    Accepted, Application, ClientEvent, ConnectRequest, DisconnectReason, Greeting, HeldRoom, JsonObject,
    Offset, OffsetMode, Refused, Room, Scope, Socket, SocketId,
};

/// The room of all members, and the scope that it stands for.
pub(crate) const ALL: &str = "all";
/// What a client sends to be in that room.
pub(crate) const JOIN: &str = r#"42["join"]"#;
/// What a client sends to be kept, and let into rooms from outside.
pub(crate) const HERE: &str = r#"42["here"]"#;

#[derive(Default)]
pub(crate) struct Desk {
    joined: AtomicUsize,
    /// Those that are kept. Held for one look.
    sockets: Mutex<Vec<Socket<Desk>>>,
}

impl Desk {
    pub(crate) fn joined(&self) -> usize {
        self.joined.load(Ordering::Relaxed)
    }

    pub(crate) fn kept(&self) -> usize {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn take_kept(&self) -> Vec<Socket<Desk>> {
        std::mem::take(&mut self.sockets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Application for Desk {
    type Handshake = ();
    type Connection = ();

    fn handshake(&self, _: &http::request::Parts) -> Result<(), axum::response::Response> {
        Ok(())
    }

    async fn connect(&self, _: Arc<()>, _: ConnectRequest) -> Result<Accepted<()>, Refused> {
        Ok(Accepted::at_head((), OffsetMode::Trailing))
    }

    fn greet(&self, _: SocketId, (): &(), _: &Offset) -> Option<Greeting> {
        let body = JsonObject::new("{}").expect("an object");
        Some(Greeting::with_position("connected", body))
    }

    async fn event(&self, socket: Socket<Desk>, event: ClientEvent) {
        if event.name == "here" {
            self.sockets.lock().unwrap_or_else(PoisonError::into_inner).push(socket);
        } else if socket
            .join(HeldRoom { room: Room::new(ALL), scopes: vec![Scope::new(ALL)], from: 0 })
            .await
            .is_ok()
        {
            self.joined.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn disconnected(&self, _: SocketId, (): &(), _: DisconnectReason) {}
}
