//! The handles on a running hub.

use crate::counts::ShardCounts;
use crate::frame::{Published, Volatile};
use crate::ignore::Ignore;
use crate::permit::{NoPlace, Permit, Places};
use crate::shard::{Command, Group, GroupStep, Order, Shard, ShardSender, ShardSetup};
use crate::{
    Application, ClientAddress, Counts, Emit, EmitError, HubConfig, Offset, Protocol, PublishStep, SocketId,
    http,
};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A running hub: to mount, to emit through, to ask, to drain. Clones are the same hub.
pub struct Hub<A: Application>(Arc<Inner<A>>);

/// A hub that may have ended: for an [`Application`] that acts on its own hub, which would never end if it held it.
pub struct WeakHub<A: Application>(Weak<Inner<A>>);

/// The one way in for journal events. There is one for each hub and it cannot be cloned, so all shards see one order.
pub struct Publisher {
    shards: Vec<Box<dyn PublishTo>>,
    namespaces: usize,
    head: Arc<Head>,
    published: Arc<AtomicU64>,
}

/// The last event that was handed to the shards. Some of them may not have taken it yet.
///
/// A short section: a clone or a replacement.
#[derive(Debug)]
pub(crate) struct Head(Mutex<Offset>);

/// Resolves when every shard has written a publish group, as far as its connections took it, or has ended.
#[derive(Debug)]
pub struct Flushed(oneshot::Receiver<()>);

/// The hub has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hub has ended")]
pub struct HubClosed;

/// Why a group was not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is nobody to publish to.
    #[error(transparent)]
    Closed(#[from] HubClosed),
    /// An event in between is missing. Whoever was shown this one would never be shown that.
    #[error("the event {got} does not follow on {head}")]
    NotNext {
        /// The last event that was published.
        head: u64,
        /// What came.
        got: u64,
    },
}

/// Where a hub begins.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The last event of the journal; only later ones are shown. Of an empty journal, the position with the number 0.
    pub head: Offset,
    /// What all ids of sessions and sockets are drawn from. It must come from the machine's randomness and be used
    /// for one hub only: who knows it can speak for any session.
    pub seed: [u8; 32],
}

impl Origin {
    /// The beginning of a hub that shows no journal, or one of its own that is kept nowhere.
    #[must_use]
    pub fn empty(seed: [u8; 32]) -> Origin {
        Origin { head: Offset { number: 0, text: "0".into() }, seed }
    }
}

pub(crate) struct Inner<A: Application> {
    pub(crate) config: Arc<HubConfig>,
    pub(crate) application: Arc<A>,
    pub(crate) tasks: TaskTracker,
    /// Ends what waits for an upgrade; the shards end by themselves when they are drained.
    pub(crate) cancelled: CancellationToken,
    shards: Vec<ShardSender<A>>,
    counts: Vec<Arc<ShardCounts>>,
    places: Places,
    draining: AtomicBool,
    next_shard: AtomicUsize,
    head: Arc<Head>,
    published: Arc<AtomicU64>,
    refused: AtomicU64,
    crowded: AtomicU64,
}

impl<A: Application> Hub<A> {
    /// Starts the shards on the current tokio runtime.
    ///
    /// # Panics
    /// Outside a runtime, or when `config` has no shard, no namespace or no room for commands or pages, or more than 256
    /// shards or namespaces.
    #[must_use]
    pub fn start(config: HubConfig, application: Arc<A>, origin: Origin) -> (Hub<A>, Publisher) {
        assert!((1..=256).contains(&config.shards), "1 to 256 shards");
        assert!(config.page_reads_max > 0 && config.pages_held_max > 0, "room for a page");
        if let Protocol::SocketIo(namespaces) = &config.protocol {
            assert!((1..=256).contains(&namespaces.len()), "1 to 256 namespaces");
        }
        let Origin { head: origin, seed } = origin;
        let config = Arc::new(config);
        let head = Arc::new(Head(Mutex::new(origin.clone())));
        let rules = config.rules();
        let tasks = TaskTracker::new();
        let mut shards = Vec::with_capacity(config.shards);
        let mut counts = Vec::with_capacity(config.shards);
        for number in (0..=u8::MAX).take(config.shards) {
            let (sender, inbox) = mpsc::channel(config.commands_max);
            let shard_counts = Arc::new(ShardCounts::default());
            let shard = Shard::new(ShardSetup {
                number,
                config: config.clone(),
                rules: rules.clone(),
                application: application.clone(),
                origin: origin.clone(),
                head: head.clone(),
                seed,
                counts: shard_counts.clone(),
                sender: sender.downgrade(),
                inbox,
            });
            // A shard writes to hundreds of connections in one turn and yields between turns by itself.
            tasks.spawn(tokio::task::unconstrained(shard.run()));
            shards.push(sender);
            counts.push(shard_counts);
        }
        let published = Arc::new(AtomicU64::new(0));
        let publish_to = shards.iter().map(|shard| Box::new(shard.clone()) as Box<dyn PublishTo>).collect();
        let publisher = Publisher {
            shards: publish_to,
            namespaces: config.namespaces().len(),
            head: head.clone(),
            published: published.clone(),
        };
        let inner = Inner {
            places: Places::new(config.connections_max, config.unconnected_per_address_max),
            config,
            application,
            tasks,
            cancelled: CancellationToken::new(),
            shards,
            counts,
            draining: AtomicBool::new(false),
            next_shard: AtomicUsize::new(0),
            head,
            published,
            refused: AtomicU64::new(0),
            crowded: AtomicU64::new(0),
        };
        (Hub(Arc::new(inner)), publisher)
    }

    /// The routes `/socket.io` and `/socket.io/` (`/engine.io` where Engine.IO alone is spoken), for polling and
    /// WebSocket. [`serve`](crate::serve) serves them; another HTTP server must allow upgrades and set TCP_NODELAY, for
    /// every write is a whole turn's worth.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        http::router(&self.0)
    }

    /// The same hub, without keeping it.
    #[must_use]
    pub fn downgrade(&self) -> WeakHub<A> {
        WeakHub(Arc::downgrade(&self.0))
    }

    /// Sends something of the moment. Waits while a shard has too many commands before it; if the future is
    /// dropped, some shards may have it and some not.
    ///
    /// # Errors
    /// When the hub has ended, or the event may not end as it does.
    pub async fn emit(&self, emit: Emit) -> Result<(), EmitError> {
        let volatile = Arc::new(Volatile::new(emit, self.0.config.namespaces())?);
        for shard in &self.0.shards {
            shard.send(Command::Emit(volatile.clone())).await.map_err(|_| EmitError::Closed)?;
        }
        Ok(())
    }

    /// Sends a socket a DISCONNECT, after which a stock client does not come back by itself. Nothing happens if it is
    /// gone.
    ///
    /// # Errors
    /// When the hub has ended.
    pub async fn disconnect(&self, socket: SocketId) -> Result<(), HubClosed> {
        let Some(shard) = self.0.shard(socket.shard()) else { return Ok(()) };
        shard.send(Command::Socket(socket, Order::Disconnect)).await.map_err(|_| HubClosed)
    }

    /// Closes the transport of a socket, after which a stock client comes back by itself, and asks the application anew.
    /// Nothing happens if it is gone.
    ///
    /// # Errors
    /// When the hub has ended.
    pub async fn send_away(&self, socket: SocketId) -> Result<(), HubClosed> {
        let Some(shard) = self.0.shard(socket.shard()) else { return Ok(()) };
        shard.send(Command::Socket(socket, Order::SendAway)).await.map_err(|_| HubClosed)
    }

    /// The last event that was published: every event that any socket was shown has at most its number.
    #[must_use]
    pub fn head(&self) -> Offset {
        self.0.head.get()
    }

    /// How many Engine.IO connections there are now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.config.connections_max.saturating_sub(self.0.places.free())
    }

    /// What the hub has done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut sum = Counts {
            published: self.0.published.load(Ordering::Relaxed),
            handshakes_refused: self.0.refused.load(Ordering::Relaxed),
            crowded: self.0.crowded.load(Ordering::Relaxed),
            ..Counts::default()
        };
        for counts in &self.0.counts {
            counts.add_to(&mut sum);
        }
        sum
    }

    /// Answers new handshakes 503, closes every transport at some moment within `over` (evenly, so that the clients
    /// do not come back all at once), and waits until the shards have ended. Events being handled get another five
    /// seconds. Calling it again waits for the same end.
    pub async fn drain(&self, over: Duration) {
        self.0.draining.store(true, Ordering::Relaxed);
        self.0.cancelled.cancel();
        for shard in &self.0.shards {
            shard.send(Command::Drain(over)).await.ignore_because("a shard that has ended is drained");
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl<A: Application> WeakHub<A> {
    /// The hub, unless everybody has dropped it.
    #[must_use]
    pub fn upgrade(&self) -> Option<Hub<A>> {
        self.0.upgrade().map(Hub)
    }
}

impl<A: Application> Inner<A> {
    /// A place for one more connection and the shard that it is to live in; `None` when there is none.
    pub(crate) fn admit(&self, address: Option<ClientAddress>) -> Option<(Permit, &ShardSender<A>)> {
        let permit = match self.draining.load(Ordering::Relaxed) {
            true => None,
            false => {
                let taken = self.places.take(address);
                if let Err(NoPlace::Crowded) = taken {
                    self.crowded.fetch_add(1, Ordering::Relaxed);
                }
                taken.ok()
            }
        };
        let Some(permit) = permit else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let turn = self.next_shard.fetch_add(1, Ordering::Relaxed);
        Some((permit, &self.shards[turn % self.shards.len()]))
    }

    pub(crate) fn shard(&self, number: usize) -> Option<&ShardSender<A>> {
        self.shards.get(number)
    }
}

impl Publisher {
    /// Hands `steps` to every shard, in order and undivided, waiting while one has too many commands before it. Events
    /// that were published before are left out. If the future is dropped before it is done, no shard has any of it.
    ///
    /// # Errors
    /// See [`PublishError`]; no shard has any of it then.
    pub async fn publish(&mut self, steps: Vec<PublishStep>) -> Result<Flushed, PublishError> {
        let before = self.head.get();
        let mut head = before.clone();
        let mut prepared = Vec::with_capacity(steps.len());
        for step in steps {
            match step {
                PublishStep::Event(event) if event.offset.number <= head.number => {}
                PublishStep::Event(event) if event.offset.number == head.number + 1 => {
                    head = event.offset.clone();
                    prepared.push(GroupStep::Event(Arc::new(Published::new(event, self.namespaces))));
                }
                PublishStep::Event(event) => {
                    return Err(PublishError::NotNext { head: head.number, got: event.offset.number });
                }
                PublishStep::Bind { from, to } => prepared.push(GroupStep::Bind { from, to }),
            }
        }
        let mut places = Vec::with_capacity(self.shards.len());
        for shard in &self.shards {
            places.push(shard.reserve().await?);
        }
        self.published.fetch_add(head.number - before.number, Ordering::Relaxed);
        // Before any shard has them, so that nobody is ever shown an event beyond the head.
        self.head.set(head);
        let (done, flushed) = oneshot::channel();
        let group = Arc::new(Group::new(prepared, done));
        for place in places {
            place(group.clone());
        }
        Ok(Flushed(flushed))
    }
}

impl Head {
    pub(crate) fn get(&self) -> Offset {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, head: Offset) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }
}

/// A reserved place in a shard's inbox.
type Place<'a> = Box<dyn FnOnce(Arc<Group>) + Send + 'a>;

/// A shard whose application does not matter: it keeps [`Publisher`] free of a type parameter.
trait PublishTo: Send + Sync {
    fn reserve(&self) -> Pin<Box<dyn Future<Output = Result<Place<'_>, HubClosed>> + Send + '_>>;
}

impl<A: Application> PublishTo for ShardSender<A> {
    fn reserve(&self) -> Pin<Box<dyn Future<Output = Result<Place<'_>, HubClosed>> + Send + '_>> {
        Box::pin(async move {
            let place = mpsc::Sender::reserve(self).await.map_err(|_| HubClosed)?;
            let place: Place<'_> = Box::new(move |group| place.send(Command::Publish(group)));
            Ok(place)
        })
    }
}

impl Future for Flushed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}

impl<A: Application> Clone for Hub<A> {
    fn clone(&self) -> Hub<A> {
        Hub(self.0.clone())
    }
}

impl<A: Application> Clone for WeakHub<A> {
    fn clone(&self) -> WeakHub<A> {
        WeakHub(self.0.clone())
    }
}

impl<A: Application> fmt::Debug for WeakHub<A> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("WeakHub").finish_non_exhaustive()
    }
}

impl<A: Application> fmt::Debug for Hub<A> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Hub").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Publisher").field("shards", &self.shards.len()).finish_non_exhaustive()
    }
}
