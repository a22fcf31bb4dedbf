//! At most so many connections to a host, where a number was named.
//!
//! A request takes one of as many turns as there may be connections, and keeps it up to the last byte of its answer. So
//! whoever has a turn finds a connection that nobody uses, or may open one. A connection is back in its pool only some
//! moments after that last byte, and the pool opens another one whenever it has none. So a dial waits here while there are
//! as many connections as there may be; a request that is given an old one meanwhile leaves its dial to a task of its own,
//! where it ends without a connection.
//!
//! Nobody tells when a connection is closed, so that is seen from outside: it ends after an answer that says so, when
//! its request fails, and when its answer is not read to the end. One that the server closes while nobody uses it is
//! missed only when it does not come back for a while; then it counts as closed. So does one that waits in a pool of
//! another kind, as when a token service is judged at a host from which blobs come as well: there can be more then.
//!
//! What does not belong here: how many are good where no number was named, which `pace` finds out.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use http::Version;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tower::{Layer, Service};

use super::super::origin::Origin;
use super::hop::Hop;
use super::upload::Upload;

/// How long it takes to close a connection that is known to end.
const ENDING: Duration = Duration::from_millis(2);
/// A connection that does not come back for so long although nobody uses it was closed by the server.
const LOST: Duration = Duration::from_millis(100);

tokio::task_local! {
    /// The host of the request that is being sent.
    static HOST: Arc<Host>;
}

/// All hosts, each with the same number.
#[derive(Debug)]
pub(super) struct Capped {
    most: usize,
    hosts: Mutex<HashMap<Origin, Arc<Host>>>,
}

/// The connections to one host.
#[derive(Debug)]
struct Host {
    most: usize,
    turns: Arc<Semaphore>,
    known: Mutex<Known>,
    changed: Notify,
}

/// What is known of connections.
#[derive(Debug, Default)]
struct Known {
    /// How many are being opened.
    dialling: usize,
    /// Those that are open, by their near ends.
    open: HashMap<SocketAddr, State>,
}

/// One that is open.
#[derive(Debug)]
struct State {
    /// How many answers come over it.
    answers: usize,
    /// Since when it is unused, or ends.
    since: Instant,
    ends: bool,
}

/// What becomes of a connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It stays.
    Kept,
    /// It stays if the answer is read to its end.
    KeptIfRead,
    /// It ends.
    Closed,
}

impl Capped {
    /// So many connections to each host, and at least one.
    pub(super) fn at(most: usize) -> Self {
        Self { most: most.clamp(1, Semaphore::MAX_PERMITS), hosts: Mutex::default() }
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self, origin: &Origin) -> Turn {
        let host = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(hosts.entry(origin.clone()).or_insert_with(|| Host::new(self.most)))
        };
        // Nobody closes it.
        let permit = Arc::clone(&host.turns).acquire_owned().await.ok();
        Turn { host, over: None, read: false, _permit: permit }
    }
}

impl Host {
    fn new(most: usize) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(most));
        Arc::new(Self { most, turns, known: Mutex::default(), changed: Notify::new() })
    }

    /// Nothing that is done under this lock can leave it half changed.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more connection may be opened.
    async fn dial(self: Arc<Self>) -> Result<Dial, Unwanted> {
        let begin = Instant::now();
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let Err(until) = self.known().dial(self.most, begin) else { break };
            tokio::select! {
                biased;
                () = left_alone() => return Err(Unwanted),
                () = changed => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
        Ok(Dial { host: self, made: None })
    }

    /// A connection that is known to end does so from now on.
    fn ends(&self, which: impl Fn(&SocketAddr) -> bool) {
        for (_, state) in self.known().open.iter_mut().filter(|(address, _)| which(address)) {
            (state.ends, state.since) = (true, Instant::now());
        }
        self.changed.notify_waiters();
    }
}

impl Known {
    /// Counts one more connection that is being opened, in place of one that has gone if there are as many as there may be;
    /// or else says when to look again. `begin` is when this was asked first.
    fn dial(&mut self, most: usize, begin: Instant) -> Result<(), Instant> {
        if self.dialling + self.open.len() >= most {
            let unused = self.open.iter().filter(|(_, state)| state.answers == 0);
            let gone = unused.map(|(address, state)| (state.gone(begin), *address)).min();
            let (at, address) = gone.ok_or_else(|| Instant::now() + LOST)?;
            if at > Instant::now() {
                return Err(at);
            }
            self.open.remove(&address);
        }
        self.dialling += 1;
        Ok(())
    }
}

impl State {
    fn unused() -> Self {
        Self { answers: 0, since: Instant::now(), ends: false }
    }

    /// When it must have gone, if it has not come back to a request that waits since then.
    fn gone(&self, waiting: Instant) -> Instant {
        if self.ends { self.since + ENDING } else { self.since.max(waiting) + LOST }
    }
}

/// The turn of a request. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    host: Arc<Host>,
    /// The near end of the connection over which the answer comes.
    over: Option<(SocketAddr, After)>,
    /// Whether all of the answer has come.
    read: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Takes note of the connection over which the answer comes.
    pub(super) fn answered(&mut self, over: SocketAddr, after: After) {
        self.over = Some((over, after));
        let mut known = self.host.known();
        let state = known.open.entry(over).or_insert_with(State::unused);
        (state.answers, state.ends) = (state.answers + 1, false);
    }

    /// Takes note that a request failed, on a connection if there was one.
    pub(super) fn failed(&self, over: Option<SocketAddr>) {
        self.host.ends(|address| Some(*address) == over);
    }

    /// Takes note that all connections to this host were given up.
    pub(super) fn abandoned(&self) {
        self.host.ends(|_| true);
    }

    /// The body of the answer, of so many bytes where that is known; the turn ends with it.
    pub(super) fn until_end<E: Send + 'static>(
        self,
        size: Option<u64>,
        mut body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    ) -> BoxStream<'static, Result<Bytes, E>> {
        let (mut turn, mut missing) = (Some(self), size);
        let mut seen = move |piece: &Option<Result<Bytes, E>>| {
            let over = match piece {
                Some(Ok(piece)) => {
                    missing = missing.map(|missing| missing.saturating_sub(piece.len() as u64));
                    missing == Some(0)
                }
                Some(Err(_)) => return drop(turn.take()),
                None => true,
            };
            if let Some(mut turn) = turn.take_if(|_| over) {
                turn.read = true;
            }
        };
        seen(&Some(Ok(Bytes::new())));
        let watched = stream::poll_fn(move |context| {
            let polled = body.poll_next_unpin(context);
            if let Poll::Ready(piece) = &polled {
                seen(piece);
            }
            polled
        });
        watched.boxed()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some((over, after)) = self.over else { return };
        if let Some(state) = self.host.known().open.get_mut(&over) {
            state.answers = state.answers.saturating_sub(1);
            state.since = Instant::now();
            state.ends |= after == After::Closed || (after == After::KeptIfRead && !self.read);
        }
        self.host.changed.notify_waiters();
    }
}

/// What becomes of the connection over which an answer comes.
pub(super) fn after(hop: &Hop, answer: &reqwest::Response, upload: &Upload) -> After {
    let says = |word: &str| {
        let values = answer.headers().get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|said| said.trim().eq_ignore_ascii_case(word))
    };
    let unsent = || hop.sent(upload).is_some_and(|(sent, size)| size != Some(sent));
    match answer.version() {
        Version::HTTP_2 => After::Kept,
        Version::HTTP_10 if !says("keep-alive") => After::Closed,
        _ if says("close") || (!answer.status().is_success() && unsent()) => After::Closed,
        // Only its end tells where the body ends: RFC 9112 section 6.3.
        _ if answer.content_length().is_none() && !answer.headers().contains_key(TRANSFER_ENCODING) => {
            After::Closed
        }
        _ => After::KeptIfRead,
    }
}

/// Comes to an end where no request is being sent.
async fn left_alone() {
    let is_sending = || HOST.try_with(|_| ()).is_ok();
    poll_fn(|_| if is_sending() { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// Sends a request that has a turn, if one is needed.
pub(super) async fn sending<T>(turn: Option<&Turn>, work: impl Future<Output = T>) -> T {
    // On the heap, so that the two ways do not each hold all of it.
    let work = Box::pin(work);
    match turn {
        Some(turn) => HOST.scope(Arc::clone(&turn.host), work).await,
        None => work.await,
    }
}

/// A connection that is being opened.
struct Dial {
    host: Arc<Host>,
    /// Its near end, once there is one.
    made: Option<SocketAddr>,
}

impl Drop for Dial {
    fn drop(&mut self) {
        let mut known = self.host.known();
        known.dialling -= 1;
        if let Some(near_end) = self.made {
            known.open.insert(near_end, State::unused());
        }
        drop(known);
        self.host.changed.notify_waiters();
    }
}

/// The request has got another connection meanwhile.
#[derive(Debug)]
struct Unwanted;

impl fmt::Display for Unwanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is no longer wanted")
    }
}

impl std::error::Error for Unwanted {}

/// What lets dials wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate;

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated(inner)
    }
}

/// A service that opens connections, and waits before.
#[derive(Debug, Clone)]
pub(super) struct Gated<S>(S);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = BoxError, Response: Connection> + Clone + Send + 'static,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // What was found ready is used, and not its clone.
        let clone = self.0.clone();
        let mut inner = std::mem::replace(&mut self.0, clone);
        let host = HOST.try_with(Arc::clone).ok();
        Box::pin(async move {
            let mut dial = match host {
                Some(host) => Some(host.dial().await?),
                None => None,
            };
            let connection = inner.call(request).await?;
            if let Some(dial) = &mut dial {
                let mut extras = http::Extensions::new();
                connection.connected().get_extras(&mut extras);
                dial.made = extras.get::<HttpInfo>().map(HttpInfo::local_addr);
            }
            Ok(connection)
        })
    }
}
