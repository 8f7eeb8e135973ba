//! The application of the conformance server: what the protocol's published suites expect of a server.

use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use waypost_realtime::{
    Accepted, Application, Args, AskError, ClientEvent, ConnectRequest, DisconnectReason, EmitError,
    Greeting, HubConfig, JsonObject, Message, Namespace, Offset, OffsetMode, Protocol, Refused, Socket,
    SocketId,
};

/// How long a client may take to answer `emit-with-ack`.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The limits and waits that the suites are written for.
pub(crate) fn config(protocol: Protocol) -> HubConfig {
    HubConfig {
        protocol,
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_secs(1),
        payload_bytes_max: 1_000_000,
        ..HubConfig::default()
    }
}

/// Socket.IO with the two namespaces of the suites.
pub(crate) fn namespaces() -> Protocol {
    Protocol::SocketIo(vec![Namespace::new("/"), Namespace::new("/custom")])
}

/// Says back whatever it is told.
pub(crate) struct Echo;

impl Application for Echo {
    type Handshake = ();
    /// The `auth` of the CONNECT packet.
    type Connection = JsonObject;

    fn handshake(&self, _: &http::request::Parts) -> Result<(), axum::response::Response> {
        Ok(())
    }

    async fn connect(&self, _: Arc<()>, request: ConnectRequest) -> Result<Accepted<JsonObject>, Refused> {
        let auth = request.auth.map_or("{}".to_owned(), |auth| auth.get().to_owned());
        let connection = JsonObject::new(auth).expect("the engine lets nothing but an object through");
        Ok(Accepted::at_head(connection, OffsetMode::FieldOnly))
    }

    fn greet(&self, _: SocketId, auth: &JsonObject, _: &Offset) -> Option<Greeting> {
        Some(Greeting::without_position("auth", auth.clone()))
    }

    async fn event(&self, socket: Socket<Echo>, event: ClientEvent) {
        let ClientEvent { name, args, ack } = event;
        let done = match (name.as_str(), ack) {
            ("message", _) => socket.emit("message-back", &args).await,
            ("message-with-ack", Some(ack)) => ack.send(args).await.map_err(EmitError::from),
            ("emit-with-ack", _) => ask(&socket, args).await,
            _ => Ok(()),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a client went before its answer");
        }
    }

    fn message(&self, (): &(), message: Message) -> Option<Message> {
        Some(message)
    }

    fn disconnected(&self, socket: SocketId, _: &JsonObject, why: DisconnectReason) {
        tracing::debug!(%socket, ?why, "gone");
    }
}

/// Asks the client, and tells it what it answered.
async fn ask(socket: &Socket<Echo>, args: Args) -> Result<(), EmitError> {
    match socket.emit_with_ack("emit-with-ack", args, ANSWER_MAX).await {
        Ok(answer) => socket.emit("emit-with-ack", &answer).await,
        Err(AskError::Closed) => Err(EmitError::Closed),
        Err(error) => {
            let text: Box<RawValue> =
                serde_json::value::to_raw_value(&error.to_string()).expect("a string can always be written");
            socket.emit("error", &text.into()).await
        }
    }
}
