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
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use http::Version;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::super::origin::Origin;
use super::dialling::{self, Unwanted};
use super::hop::Hop;
use super::upload::Upload;

/// How long it takes to close a connection that is known to end.
const ENDING: Duration = Duration::from_millis(2);
/// A connection that does not come back for so long although nobody uses it was closed by the server.
const LOST: Duration = Duration::from_millis(100);

/// All hosts, each with the same number.
#[derive(Debug)]
pub(super) struct Capped {
    most: usize,
    hosts: Mutex<HashMap<Origin, Arc<Host>>>,
}

/// The connections to one host.
#[derive(Debug)]
pub(super) struct Host {
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
    pub(super) async fn dial(self: Arc<Self>) -> Result<Dial, Unwanted> {
        let begin = Instant::now();
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let Err(until) = self.known().dial(self.most, begin) else { break };
            tokio::select! {
                biased;
                () = dialling::left_alone() => return Err(Unwanted),
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
    /// Where its connection goes.
    pub(super) host: Arc<Host>,
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

/// A connection that is being opened.
pub(super) struct Dial {
    host: Arc<Host>,
    /// Its near end, once there is one.
    pub(super) made: Option<SocketAddr>,
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
