//! A client connects: where in the journal it starts, which rooms it holds from the start, and what is gone.
//!
//! A session is resumed if the client presents its `pid`, it is this principal's, and everything after its position is
//! still in the journal. Else the position in `auth.since` counts. Else it begins at the head, and is told of a gap if it
//! had been anywhere before.

use std::collections::BTreeMap;
use std::fmt;

use waypost_api::{GapNotice, Resumed, RoomName};
use waypost_domain::{Offset, Pid, Principal, Timestamp};
use waypost_realtime::{HeldRoom, Start};
use waypost_store::{
    Gap, HeldPosition, NewSession, PositionError, ReadError, Session, SessionError, SessionId, Store, Tenure,
};

use crate::follow::{FollowError, wire_room};
use crate::holdings::{Held, Holdings, session_room};
use crate::meaning::{Meaning, meaning, of_customer};
use crate::show::realtime_offset;

/// What a client says of where it was.
#[derive(Clone, Default)]
pub struct Claim {
    /// The secret of its session.
    pub pid: Option<String>,
    /// The last offset that it has seen, which stock clients send with the `pid`.
    pub offset: Option<String>,
    /// From where it wants to go on without a session.
    pub since: Option<String>,
    /// The rooms that it wants to hold then.
    pub rooms: Vec<RoomName>,
}

/// Who connects.
#[derive(Clone, Debug)]
pub struct Newcomer<'a> {
    /// Whose policy counts.
    pub principal: &'a Principal,
    /// Sessions are of one namespace.
    pub namespace: &'a str,
    /// What it says.
    pub claim: Claim,
    /// The newest event that anybody had been shown when it came.
    pub head: Offset,
    /// The secret of a new session; `None` for clients that remember no offset and get no session.
    pub fresh_pid: Option<Pid>,
    /// When it came.
    pub at: Timestamp,
}

/// How a client begins.
#[derive(Debug)]
pub struct Admission {
    /// Where in the journal.
    pub start: Start,
    /// In which rooms of the hub.
    pub rooms: Vec<HeldRoom>,
    /// The same rooms, and the session that keeps them.
    pub holdings: Holdings,
    /// The session's secret.
    pub pid: Option<Pid>,
    /// What it goes on from.
    pub resumed: Resumed,
    /// What cannot be replayed.
    pub gap: Option<GapNotice>,
    /// Keeps what is to be replayed from being pruned, for a while.
    pub held: Option<HeldPosition>,
}

/// Why a client cannot begin now. It is to come back.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    /// Its session cannot be kept, or was resumed by another connection at the same time.
    #[error("the session cannot be kept")]
    Session(#[from] SessionError),
    /// `since` is no offset. There is no point in coming back with it.
    #[error("`since` is no offset")]
    Since,
}

/// Whether sessions are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeping {
    Yes,
    /// Their file is in trouble.
    No,
}

/// Decides how a client begins. A session that is resumed is from here on this connection's alone.
///
/// # Errors
/// See [`ResumeError`].
pub async fn resume(store: &Store, newcomer: Newcomer<'_>) -> Result<Admission, ResumeError> {
    let Some((pid, session)) = find_session(store, &newcomer).await? else {
        return begin(store, newcomer, Keeping::Yes).await;
    };
    match hold_all_of(store, &session, &newcomer).await? {
        Some(held) => go_on(store, newcomer, pid, session, held).await,
        None => begin(store, newcomer, Keeping::Yes).await,
    }
}

/// Lets a client begin while sessions cannot be kept. It gets a secret that is not kept either, so that it is told of a gap
/// when it comes back with it.
///
/// # Errors
/// See [`ResumeError`].
pub async fn begin_unkept(store: &Store, newcomer: Newcomer<'_>) -> Result<Admission, ResumeError> {
    begin(store, newcomer, Keeping::No).await
}

async fn find_session(store: &Store, newcomer: &Newcomer<'_>) -> Result<Option<(Pid, Session)>, ReadError> {
    let pid = newcomer.claim.pid.as_deref().and_then(Pid::parse);
    let (Some(pid), Some(_)) = (pid, &newcomer.fresh_pid) else { return Ok(None) };
    let session = store.find_session(SessionId::from(&pid)).await?;
    let is_theirs = |session: &Session| {
        session.principal == newcomer.principal.id && *session.namespace == *newcomer.namespace
    };
    Ok(session.filter(is_theirs).map(|session| (pid, session)))
}

/// Holds the position at which a session goes on; `None` where it cannot, and its client is to be told.
///
/// The position is where its client was. If that was before the session, the client never heard of the session's start: it
/// goes on from the start of each room, unless it was to be told there of a gap.
///
/// What the session knows of its rooms has to be of this journal too. Checks are of a running hash, so that the newest
/// position answers for all before it.
async fn hold_all_of(
    store: &Store,
    session: &Session,
    newcomer: &Newcomer<'_>,
) -> Result<Option<HeldPosition>, ReadError> {
    let start = session.start;
    let heard = newcomer.claim.parsed_offset();
    let heard = heard.filter(|offset| offset.epoch == start.epoch && offset.number >= start.number);
    let position = match heard {
        Some(offset) => offset,
        None if session.owes_gap => return Ok(None),
        None => start,
    };
    let known_at = session.rooms.iter().map(|room| room.known_at).max_by_key(|known_at| known_at.number);
    if let Some(later) = known_at.filter(|known_at| known_at.number > position.number)
        && hold(store, later).await?.is_err()
    {
        return Ok(None);
    }
    Ok(hold(store, position).await?.ok())
}

async fn hold(store: &Store, position: Offset) -> Result<Result<HeldPosition, Gap>, ReadError> {
    match store.hold_position(position).await {
        Ok(held) => Ok(Ok(held)),
        Err(PositionError::Gap(gap)) => Ok(Err(gap)),
        Err(PositionError::Read(error)) => Err(error),
    }
}

/// Goes on with a session.
async fn go_on(
    store: &Store,
    newcomer: Newcomer<'_>,
    pid: Pid,
    session: Session,
    held: HeldPosition,
) -> Result<Admission, ResumeError> {
    let mut rooms = Rooms::default();
    for room in &session.rooms {
        let Some(name) = RoomName::parse(&room.name) else { continue };
        let meaning = match room.binding {
            Some(binding) => of_customer(store, newcomer.principal, binding).await,
            None => meaning(store, newcomer.principal, &name).await,
        };
        rooms.add(name, room.from, meaning)?;
    }
    let tenure = store.resume_session(session.tenure, newcomer.at).await?;
    let known_at = store.head().await?;
    for room in session.rooms.iter().filter(|room| room.binding.is_none()) {
        rooms.keep_customer(store, tenure, (&room.name, known_at)).await?;
    }
    Ok(Admission {
        start: Start::After(realtime_offset(&held.position())),
        rooms: rooms.held,
        holdings: Holdings::new(Some(tenure), rooms.kept),
        pid: Some(pid),
        resumed: Resumed::Session,
        gap: None,
        held: Some(held),
    })
}

/// Begins anew: after `auth.since`, or at the head.
async fn begin(store: &Store, newcomer: Newcomer<'_>, keeping: Keeping) -> Result<Admission, ResumeError> {
    let Newcomer { principal, namespace, claim, head, fresh_pid, at } = newcomer;
    let (held, gap) = match claim.since_position(&head)? {
        Some(position) => match hold(store, position).await? {
            Ok(held) => (Some(held), None),
            Err(gap) => (None, Some(gap)),
        },
        None if claim.was_somewhere() => (None, Some(store.gap().await?)),
        None => (None, None),
    };
    let start = held.as_ref().map_or(head, HeldPosition::position);
    let mut rooms = Rooms::default();
    for room in claim.rooms.iter().cloned() {
        let meaning = meaning(store, principal, &room).await;
        rooms.add(room, start, meaning)?;
    }
    let tenure = match fresh_pid.as_ref().filter(|_| keeping == Keeping::Yes) {
        None => None,
        Some(pid) => {
            let known_at = store.head().await?;
            let rooms = rooms.kept.iter().map(|(room, held)| session_room(room, *held, known_at));
            let new = NewSession {
                pid: pid.clone(),
                principal: principal.id.clone(),
                namespace: namespace.into(),
                start,
                owes_gap: gap.is_some(),
                rooms: rooms.collect(),
                at,
            };
            Some(store.create_session(new).await?)
        }
    };
    Ok(Admission {
        start: held.as_ref().map_or(Start::Head, |held| Start::After(realtime_offset(&held.position()))),
        rooms: rooms.held,
        holdings: Holdings::new(tenure, rooms.kept),
        pid: fresh_pid,
        resumed: if held.is_some() { Resumed::Since } else { Resumed::None },
        gap: gap.map(|gap| gap_notice(claim.last_position(), &gap)),
        held,
    })
}

/// As the log may name it: without the secret.
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, since, rooms, .. } = self;
        let mut shown = f.debug_struct("Claim");
        shown.field("offset", offset).field("since", since).field("rooms", rooms).finish_non_exhaustive()
    }
}

impl Claim {
    fn parsed_offset(&self) -> Option<Offset> {
        self.offset.as_deref()?.parse().ok()
    }

    /// The later of `since` and the offset, which a stock client goes on sending: `since` may be as old as the page.
    fn since_position(&self, head: &Offset) -> Result<Option<Offset>, ResumeError> {
        let Some(since) = &self.since else { return Ok(None) };
        let since: Offset = since.parse().map_err(|_| ResumeError::Since)?;
        let offset = self.parsed_offset().filter(|offset| offset.epoch == head.epoch);
        Ok(Some(match offset {
            Some(offset) if since.epoch == head.epoch && offset.number > since.number => offset,
            _ => since,
        }))
    }

    /// Whether it has been shown anything before, in a session that cannot be resumed.
    #[must_use]
    pub fn was_somewhere(&self) -> bool {
        self.pid.is_some() || self.offset.is_some()
    }

    fn last_position(&self) -> Option<Offset> {
        self.parsed_offset().or_else(|| self.since.as_deref()?.parse().ok())
    }
}

/// The rooms of a newcomer, as the hub and as the session have them.
#[derive(Default)]
struct Rooms {
    held: Vec<HeldRoom>,
    kept: BTreeMap<RoomName, Held>,
}

impl Rooms {
    /// Adds a room, unless its principal may not be in it (any more): `connected` says which ones are held.
    fn add(
        &mut self,
        room: RoomName,
        from: Offset,
        meaning: Result<Meaning, FollowError>,
    ) -> Result<(), ReadError> {
        let Meaning { scopes, binding, customer } = match meaning {
            Ok(meaning) => meaning,
            Err(FollowError::Read(error)) => return Err(error),
            Err(refused) => {
                tracing::debug!(error = %refused, "a room that was asked for with the connection is left out");
                return Ok(());
            }
        };
        // Who waited for a customer's name is shown only what came after the name was the customer's.
        let since = binding.map_or(0, |binding| binding.since);
        self.held.push(HeldRoom { room: wire_room(&room), scopes, from: from.number.max(since) });
        self.kept.insert(room, Held { from, binding, customer });
        Ok(())
    }

    /// Keeps for good whose a room has become while the client was away: a name may change hands, the room does not.
    async fn keep_customer(
        &self,
        store: &Store,
        tenure: Tenure,
        (name, known_at): (&str, Offset),
    ) -> Result<(), SessionError> {
        let kept = RoomName::parse(name).and_then(|room| self.kept.get_key_value(&room));
        match kept {
            Some((room, held)) if held.binding.is_some() => {
                store.enter_room(tenure, session_room(room, *held, known_at)).await
            }
            _ => Ok(()),
        }
    }
}

/// What there is instead of what cannot be replayed.
pub(crate) fn gap_notice(from: Option<Offset>, gap: &Gap) -> GapNotice {
    GapNotice {
        from: from.map(|from| from.to_string()),
        oldest: gap.oldest.map(|oldest| oldest.to_string()),
        head: gap.head.to_string(),
    }
}
