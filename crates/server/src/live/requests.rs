//! What a client may ask for over its socket.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use waypost_api::names::{self, Request};
use waypost_api::{
    ErrorCode, Exception, IsoTime, JoinAck, LeaveAck, Refusal, Renewed, RoomChanged, RoomName,
};
use waypost_domain::Offset;
use waypost_inbox::{FollowError, History, HistoryError};
use waypost_realtime::{Ack, Args, ClientEvent, EmitError, Socket};

use super::{Live, argument};
use crate::http::problem::whole_seconds;
use crate::limits::{Limit, Step};

/// What a request is answered with.
struct Answer {
    /// Through the ack, where there is one.
    ack: Args,
    /// As an event, with its name.
    event: Option<(&'static str, Args)>,
}

/// Why a request is refused.
struct Refused {
    code: ErrorCode,
    message: String,
    /// Where it was too much.
    limit: Option<Limit>,
    /// When to try again, where that is known.
    retry_after: Option<Duration>,
}

impl Refused {
    fn new(code: ErrorCode) -> Self {
        Self::because(code, code.title())
    }

    fn because(code: ErrorCode, message: &str) -> Self {
        Self { code, message: message.into(), limit: None, retry_after: None }
    }

    fn at(limit: Limit, message: &str) -> Self {
        Self { limit: Some(limit), ..Self::because(ErrorCode::TooManyRooms, message) }
    }
}

impl From<FollowError> for Refused {
    fn from(error: FollowError) -> Self {
        Self::new(match &error {
            FollowError::UnknownCustomer => ErrorCode::UnknownCustomer,
            FollowError::Forbidden => ErrorCode::Forbidden,
            FollowError::Ambiguous => ErrorCode::AmbiguousCustomer,
            FollowError::TooManyRooms => {
                return Self::at(Limit::RoomsPerConnection, ErrorCode::TooManyRooms.title());
            }
            FollowError::TooManyUnbound => {
                return Self::at(Limit::UnboundRoomsPerConnection, &error.to_string());
            }
            FollowError::Closed => ErrorCode::Unavailable,
            FollowError::Read(_) | FollowError::Session => {
                tracing::error!(%error, "a room cannot be joined or left just now");
                ErrorCode::Unavailable
            }
        })
    }
}

impl From<HistoryError> for Refused {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Follow(error) => error.into(),
            HistoryError::Read(_) | HistoryError::Body(_) => {
                tracing::error!(%error, "the history of a room cannot be read");
                Self::new(ErrorCode::Unavailable)
            }
        }
    }
}

/// What it counts as, before it is looked at more closely. `None` is an event that there is not.
pub(super) fn step(request: Option<Request>) -> Step {
    match request {
        Some(Request::JoinGeneral | Request::JoinCustomer | Request::JoinMonitor) => Step::Join,
        Some(
            Request::LeaveGeneral | Request::LeaveCustomer | Request::LeaveMonitor | Request::Authenticate,
        )
        | None => Step::Event,
    }
}

/// Answers an event that came too soon.
pub(super) async fn refuse_for_now(socket: &Socket<Live>, event: ClientEvent, wait: Duration) {
    let refused = Refused { retry_after: Some(wait), ..Refused::new(ErrorCode::RateLimited) };
    note(socket, refuse(socket, event.ack, &event.name, &refused).await);
}

/// Does what the event asks for, and answers: through the ack where the client wants one.
pub(super) async fn handle(
    live: &Live,
    socket: &Socket<Live>,
    (request, event): (Option<Request>, ClientEvent),
) {
    let done = match request {
        Some(request) => perform(live, socket, request, &event.args).await,
        None => Err(Refused::new(ErrorCode::UnknownEvent)),
    };
    let told = match done {
        Ok(answer) => tell(socket, event.ack, answer).await,
        Err(refused) => {
            if let Some(limit) = refused.limit {
                live.app.limits.counts.add(limit);
            }
            refuse(socket, event.ack, &event.name, &refused).await
        }
    };
    note(socket, told);
}

fn note(socket: &Socket<Live>, told: Result<(), EmitError>) {
    if told.is_err() {
        tracing::debug!(client.id = %socket.id(), "a client went before its answer");
    }
}

async fn perform(
    live: &Live,
    socket: &Socket<Live>,
    request: Request,
    args: &Args,
) -> Result<Answer, Refused> {
    match request {
        Request::JoinGeneral => join(live, socket, RoomName::General, since(args.get(0))?).await,
        Request::LeaveGeneral => leave(live, socket, RoomName::General).await,
        Request::JoinCustomer => join(live, socket, customer(args)?, since(args.get(1))?).await,
        Request::LeaveCustomer => leave(live, socket, customer(args)?).await,
        Request::JoinMonitor => join(live, socket, RoomName::Monitor, None).await,
        Request::LeaveMonitor => leave(live, socket, RoomName::Monitor).await,
        Request::Authenticate => authenticate(live, socket, args).await,
    }
}

/// A fresh token of the same person keeps the connection. Where it gives other rights, the client is sent away, and comes
/// back with those.
async fn authenticate(live: &Live, socket: &Socket<Live>, args: &Args) -> Result<Answer, Refused> {
    let token: Option<String> = args.get(0).and_then(|token| serde_json::from_str(token.get()).ok());
    let token = token.ok_or_else(|| wrong("the token has to be a string"))?;
    let client = socket.connection();
    let now = live.app.clock.now();
    let identity = live.app.credentials.identify(Some(&token), client.handshake.directness, now).await;
    let identity = identity.map_err(|stranger| match stranger.reason {
        Some(reason) => Refused::because(stranger.code, reason),
        None => Refused::new(stranger.code),
    })?;
    if identity.principal.id != client.principal.id || identity.issuer != client.issuer {
        return Err(Refused::because(ErrorCode::Forbidden, "the token is somebody else's"));
    }
    let is_as_before = identity.principal == client.principal;
    let until = if is_as_before { identity.until } else { Some(now) };
    live.leases.renew(socket.id(), until);
    let ack = Renewed { ok: true, expires_at: identity.until.map(IsoTime) };
    Ok(Answer { ack: argument(&ack), event: None })
}

async fn join(
    live: &Live,
    socket: &Socket<Live>,
    room: RoomName,
    since: Option<Offset>,
) -> Result<Answer, Refused> {
    let (store, client) = (&live.app.store, socket.connection());
    let held = waypost_inbox::join(store, socket, live.follower(client), &room).await?;
    live.app.audit.note_join(&client.principal.id, &room, held.customer);
    let history = match since {
        Some(since) => Some(waypost_inbox::history(store, &client.principal, &room, (held, since)).await?),
        None => None,
    };
    let name = room.to_string();
    let customer_id = held.customer.map(|customer| customer.to_string());
    let mut ack = JoinAck {
        ok: true,
        room: &name,
        offset: &held.from.to_string(),
        customer_id: customer_id.clone(),
        events: None,
        next: None,
        gap: None,
    };
    match history {
        None => {}
        Some(History::Page { events, next }) => {
            ack.events = Some(events);
            ack.next = next.map(|next| next.to_string());
        }
        Some(History::Gap(gap)) => ack.gap = Some(gap),
    }
    let event = match room {
        RoomName::General => Some(names::GENERAL_JOINED),
        RoomName::Customer(_) => Some(names::CUSTOMER_JOINED),
        RoomName::Monitor => None,
    };
    Ok(Answer { ack: argument(&ack), event: changed(live, &room, event, customer_id) })
}

async fn leave(live: &Live, socket: &Socket<Live>, room: RoomName) -> Result<Answer, Refused> {
    let (store, holdings) = (&live.app.store, &socket.connection().holdings);
    let customer_id = holdings.get(&room).and_then(|held| held.customer).map(|customer| customer.to_string());
    waypost_inbox::leave(store, socket, holdings, &room).await?;
    let event = match room {
        RoomName::General => Some(names::GENERAL_LEFT),
        RoomName::Customer(_) => Some(names::CUSTOMER_LEFT),
        RoomName::Monitor => None,
    };
    let ack = LeaveAck { ok: true, room: &room.to_string() };
    Ok(Answer { ack: argument(&ack), event: changed(live, &room, event, customer_id) })
}

/// The event beside the ack, where the room has one.
fn changed(
    live: &Live,
    room: &RoomName,
    event: Option<&'static str>,
    customer_id: Option<String>,
) -> Option<(&'static str, Args)> {
    let customer = match room {
        RoomName::Customer(name) => Some(&**name),
        RoomName::General | RoomName::Monitor => None,
    };
    let timestamp = IsoTime(live.app.clock.now());
    let body = RoomChanged { room: &room.to_string(), customer, customer_id, timestamp };
    Some((event?, argument(&body)))
}

fn customer(args: &Args) -> Result<RoomName, Refused> {
    let first = args.get(0).ok_or_else(|| wrong("the customer is missing"))?;
    let name: String =
        serde_json::from_str(first.get()).map_err(|_| wrong("the customer has to be a string"))?;
    RoomName::customer(&name)
        .ok_or_else(|| wrong("the customer has to be 1 to 256 characters without control characters"))
}

/// From where on the room's history is asked for, in the options of a join.
fn since(options: Option<&RawValue>) -> Result<Option<Offset>, Refused> {
    #[derive(Deserialize)]
    struct Options {
        since: Option<String>,
    }
    let Some(options) = options else { return Ok(None) };
    let options: Option<Options> = serde_json::from_str(options.get())
        .map_err(|_| wrong("the options have to be an object, `since` a string"))?;
    let since = options.and_then(|options| options.since).map(|since| since.parse());
    since.transpose().map_err(|_| wrong("`since` has to be an offset that an event has had"))
}

fn wrong(message: &str) -> Refused {
    Refused::because(ErrorCode::InvalidPayload, message)
}

async fn tell(socket: &Socket<Live>, ack: Option<Ack>, answer: Answer) -> Result<(), EmitError> {
    if let Some(ack) = ack {
        ack.send(answer.ack).await?;
    }
    if let Some((name, body)) = answer.event {
        socket.emit(name, &body).await?;
    }
    Ok(())
}

async fn refuse(
    socket: &Socket<Live>,
    ack: Option<Ack>,
    event: &str,
    refused: &Refused,
) -> Result<(), EmitError> {
    let exception = Exception {
        retry_after: refused.retry_after.map(whole_seconds),
        ..Exception::new(refused.code, &refused.message, event)
    };
    match ack {
        Some(ack) => Ok(ack.send(argument(&Refusal { ok: false, error: exception })).await?),
        None => socket.emit(names::EXCEPTION, &argument(&exception)).await,
    }
}
