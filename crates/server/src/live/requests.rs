//! What a client may ask for over its socket.

use std::sync::PoisonError;

use waypost_api::names::{self, Request};
use waypost_api::room::{GENERAL_ROOM, customer_room};
use waypost_api::{ErrorCode, Exception, IsoTime, JoinAck, LeaveAck, Refusal, RoomChanged};
use waypost_domain::{Action, may};
use waypost_inbox::{FollowError, Followed};
use waypost_realtime::{Ack, Args, ClientEvent, EmitError, Room, Scope, Socket};
use waypost_store::CustomerMatch;

use super::{Client, Live, MONITOR, argument};

/// The longest name of a customer that may be asked for, in bytes.
const CUSTOMER_NAME_BYTES_MAX: usize = 256;

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
}

impl Refused {
    fn new(code: ErrorCode) -> Self {
        Self { code, message: code.title().into() }
    }

    fn because(code: ErrorCode, message: &str) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<FollowError> for Refused {
    fn from(error: FollowError) -> Self {
        Self::new(match &error {
            FollowError::UnknownCustomer => ErrorCode::UnknownCustomer,
            FollowError::Ambiguous => ErrorCode::AmbiguousCustomer,
            FollowError::TooManyRooms => ErrorCode::TooManyRooms,
            FollowError::Closed => ErrorCode::Unavailable,
            FollowError::Store(source) => {
                tracing::error!(error = %source, "a customer could not be looked up");
                ErrorCode::Unavailable
            }
        })
    }
}

/// Does what the event asks for, and answers: through the ack where the client wants one.
pub(super) async fn handle(live: &Live, socket: &Socket<Live>, event: ClientEvent) {
    let done = match Request::parse(&event.name) {
        Some(request) => perform(live, socket, request, &event.args).await,
        None => Err(Refused::new(ErrorCode::UnknownEvent)),
    };
    let told = match done {
        Ok(answer) => tell(socket, event.ack, answer).await,
        Err(refused) => refuse(socket, event.ack, &event.name, &refused).await,
    };
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
        Request::JoinGeneral => {
            let followed = waypost_inbox::join_general(socket, &socket.connection().principal).await?;
            Ok(joined(live, GENERAL_ROOM, None, &followed))
        }
        Request::LeaveGeneral => leave(live, socket, GENERAL_ROOM, None).await,
        Request::JoinCustomer => join_customer(live, socket, customer_name(args)?).await,
        Request::LeaveCustomer => {
            let name = customer_name(args)?;
            unbound(socket.connection()).remove(&name);
            leave(live, socket, &customer_room(&name), Some(&name)).await
        }
        Request::JoinMonitor => {
            if !may(&socket.connection().principal, Action::Monitor) {
                return Err(Refused::new(ErrorCode::Forbidden));
            }
            let join = socket.join(Room::new(MONITOR), vec![Scope::new(MONITOR)]).await;
            let joined = join.map_err(FollowError::from)?;
            let ack = JoinAck {
                ok: true,
                room: MONITOR,
                offset: joined.head.as_ref().map(|head| &*head.text),
                customer_id: None,
            };
            Ok(Answer { ack: argument(&ack), event: None })
        }
        Request::LeaveMonitor => leave(live, socket, MONITOR, None).await,
    }
}

async fn join_customer(live: &Live, socket: &Socket<Live>, name: String) -> Result<Answer, Refused> {
    let client = socket.connection();
    make_room_for_unbound(live, client, &name).await?;
    let followed = waypost_inbox::join_customer(&live.app.store, socket, &client.principal, &name).await?;
    if followed.customer.is_none() {
        unbound(client).insert(name.clone());
    }
    Ok(joined(live, &customer_room(&name), Some(&name), &followed))
}

/// Refuses a join over the bound of names that are nobody's. What became somebody's meanwhile does not count.
async fn make_room_for_unbound(live: &Live, client: &Client, name: &str) -> Result<(), Refused> {
    let waiting: Vec<String> = {
        let unbound = unbound(client);
        if unbound.len() < live.unbound_rooms_max || unbound.contains(name) {
            return Ok(());
        }
        unbound.iter().cloned().collect()
    };
    for name in waiting {
        let found = live.app.store.find_customer(&name).await.map_err(FollowError::from)?;
        if found != CustomerMatch::Nobody {
            unbound(client).remove(&name);
        }
    }
    let still_full = unbound(client).len() >= live.unbound_rooms_max;
    let is_known =
        live.app.store.find_customer(name).await.map_err(FollowError::from)? != CustomerMatch::Nobody;
    if still_full && !is_known {
        return Err(Refused::because(
            ErrorCode::TooManyRooms,
            "the connection waits for as many unknown customers as it may",
        ));
    }
    Ok(())
}

fn unbound(client: &Client) -> std::sync::MutexGuard<'_, std::collections::HashSet<String>> {
    client.unbound.lock().unwrap_or_else(PoisonError::into_inner)
}

fn joined(live: &Live, room: &str, customer: Option<&str>, followed: &Followed) -> Answer {
    let customer_id = followed.customer.map(|id| id.to_string());
    let ack = JoinAck {
        ok: true,
        room,
        offset: followed.head.as_ref().map(|head| &*head.text),
        customer_id: customer_id.clone(),
    };
    let name = if customer.is_some() { names::CUSTOMER_JOINED } else { names::GENERAL_JOINED };
    let event = RoomChanged { room, customer, customer_id, timestamp: IsoTime(live.app.clock.now()) };
    Answer { ack: argument(&ack), event: Some((name, argument(&event))) }
}

async fn leave(
    live: &Live,
    socket: &Socket<Live>,
    room: &str,
    customer: Option<&str>,
) -> Result<Answer, Refused> {
    socket.leave(Room::new(room)).await.map_err(|_| Refused::new(ErrorCode::Unavailable))?;
    let event = match room {
        MONITOR => None,
        GENERAL_ROOM => Some(names::GENERAL_LEFT),
        _ => Some(names::CUSTOMER_LEFT),
    };
    let customer_id = match customer {
        Some(name) => match live.app.store.find_customer(name).await.map_err(FollowError::from)? {
            CustomerMatch::One { customer, .. } => Some(customer.to_string()),
            CustomerMatch::Nobody | CustomerMatch::Ambiguous => None,
        },
        None => None,
    };
    let left = RoomChanged { room, customer, customer_id, timestamp: IsoTime(live.app.clock.now()) };
    Ok(Answer {
        ack: argument(&LeaveAck { ok: true, room }),
        event: event.map(|name| (name, argument(&left))),
    })
}

fn customer_name(args: &Args) -> Result<String, Refused> {
    let wrong = |message| Refused::because(ErrorCode::InvalidPayload, message);
    let first = args.get(0).ok_or_else(|| wrong("the customer is missing"))?;
    let name: String =
        serde_json::from_str(first.get()).map_err(|_| wrong("the customer has to be a string"))?;
    let usable = (1..=CUSTOMER_NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    usable
        .then_some(name)
        .ok_or_else(|| wrong("the customer has to be 1 to 256 bytes without control characters"))
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
    let exception = Exception::new(refused.code, &refused.message, event);
    match ack {
        Some(ack) => Ok(ack.send(argument(&Refusal { ok: false, error: exception })).await?),
        None => socket.emit(names::EXCEPTION, &argument(&exception)).await,
    }
}
