//! A host that says "later" is left alone by all tasks, and is asked less at once from then on.
//!
//! A registry that counts requests counts those of all tasks together, so one that goes on while another waits only
//! makes the wait longer. How many requests a host takes at once is found out: each connection that comes about makes
//! room for one more, each answer that came about as quickly as the quickest one for two more, up to a bound, and a
//! refusal for their number halves what is sent at once and ends the growth. Where answers take longer the more requests
//! there are, the host works as hard as it can, and more of them would only cost connections; so it is with one that is
//! near, and has answered most of the first ones before the last of them is sent. A request is counted until the head of
//! its answer is there; what is read after that is bounded by whoever reads it.
//!
//! Over a long line a new connection costs a way there and back before it is of use, and an old one is free again after
//! as long. So an answer makes room only where more requests wait than the connections there are can take in two rounds.
//!
//! What does not belong here: how often something is tried again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::origin::Origin;

/// How many requests a host is sent at once before it has answered any.
const FIRST_WIDTH: usize = 32;
/// How many more it is sent at once after each answer.
const GROWTH: usize = 2;
/// An answer that took at most so many times as long as the quickest one came quickly: on a new connection there are two
/// to three more ways there and back.
const QUICK: u32 = 4;
/// A host that has answered more quickly is near: the first ones alone are thousands of requests a second, and more
/// connections would cost memory, some 45 KiB each, and no less time.
const NEAR: Duration = Duration::from_millis(5);
/// A host that takes so long to answer is far away: a way there and back is worth a request that may be in vain.
const FAR: Duration = Duration::from_millis(20);
/// How many requests a host is sent at once at most.
const WIDEST: usize = 128;
/// Whoever has much to ask waits with so many requests and keeps the others back, so then it is not known how many there are.
const MANY: usize = 128;

/// An answered request leaves its connection after so long at most, if its answer has hardly a body.
const MOMENT: Duration = Duration::from_millis(10);

/// When each host may be asked again, and how much at once.
#[derive(Debug, Default, Clone)]
pub(super) struct Pace(Arc<Mutex<HashMap<Origin, Host>>>);

#[derive(Debug)]
struct Host {
    /// When it may be asked again.
    until: Option<Instant>,
    seats: Arc<Semaphore>,
    width: usize,
    /// How many requests have a seat.
    under_way: usize,
    /// How many wait for one.
    waiting: usize,
    /// How many connections have been opened.
    opened: usize,
    /// When requests were answered whose connections nobody has waited for yet.
    freed: VecDeque<Instant>,
    /// The least time that it took for an answer.
    quickest: Option<Duration>,
    /// Seats that are to go as soon as they are free.
    owed: usize,
    /// How often it has said that there are too many requests.
    refusals: u32,
}

impl Default for Host {
    fn default() -> Self {
        let seats = Arc::new(Semaphore::new(FIRST_WIDTH));
        Self {
            until: None,
            seats,
            width: FIRST_WIDTH,
            under_way: 0,
            waiting: 0,
            opened: 0,
            freed: VecDeque::new(),
            quickest: None,
            owed: 0,
            refusals: 0,
        }
    }
}

impl Host {
    /// How many requests wait, of those that are known.
    fn waits(&self) -> usize {
        (self.under_way + self.waiting).saturating_sub(self.width)
    }

    /// Whether more requests wait than the connections there are can take in two rounds.
    fn is_crowded(&self) -> bool {
        // Those that were closed again are not known of, but there is no more than one for each request.
        let connections = self.opened.min(self.width);
        self.waits() > 2 * connections || self.under_way + self.waiting >= MANY
    }

    /// Makes room for some more requests, unless the host has refused some or is near.
    fn widen(&mut self, by: usize) {
        if self.refusals == 0 && self.quickest.is_none_or(|quickest| quickest >= NEAR) {
            let more = by.min(WIDEST.saturating_sub(self.width));
            self.width += more;
            self.seats.add_permits(more);
        }
    }
}

/// One request that is under way.
pub(super) struct Turn<'a> {
    pace: &'a Pace,
    host: &'a Origin,
    seat: Option<OwnedSemaphorePermit>,
    sent: Instant,
    /// The refusals that were known when it was sent.
    refusals: u32,
}

impl Pace {
    /// Waits until the host may be asked, and has room for one more request.
    pub(super) async fn enter<'a>(&'a self, host: &'a Origin) -> Turn<'a> {
        let waiting = Waiting::begin(self, host);
        // Nobody closes it.
        let seat = Arc::clone(&waiting.seats).acquire_owned().await.ok();
        drop(waiting);
        let mut turn = Turn { pace: self, host, seat, sent: Instant::now(), refusals: 0 };
        self.hosts().entry(host.clone()).or_default().under_way += 1;
        // It may be put off again meanwhile.
        while let Some(until) = self.until(host).filter(|until| *until > Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
        turn.refusals = self.hosts().get(host).map_or(0, |known| known.refusals);
        turn.sent = Instant::now();
        turn
    }

    /// Whether the host is far away and has not refused anything. One that has answered nothing so far has as long for it
    /// as one that is near would need.
    pub(super) async fn is_far(&self, host: &Origin) -> bool {
        let known = |hosts: &HashMap<Origin, Host>| hosts.get(host).and_then(|host| host.quickest);
        if known(&self.hosts()).is_none() {
            tokio::time::sleep(NEAR).await;
        }
        let hosts = self.hosts();
        let has_refused = hosts.get(host).is_some_and(|host| host.refusals > 0);
        !has_refused && known(&hosts).is_none_or(|quickest| quickest >= FAR)
    }

    /// Leaves the host alone for a while.
    pub(super) fn hold(&self, host: &Origin, pause: Duration) {
        let until = Instant::now() + pause;
        let mut hosts = self.hosts();
        let known = &mut hosts.entry(host.clone()).or_default().until;
        *known = (*known).max(Some(until));
    }

    fn until(&self, host: &Origin) -> Option<Instant> {
        self.hosts().get(host)?.until
    }

    /// Nothing that is done under this lock can leave it half changed.
    fn hosts(&self) -> MutexGuard<'_, HashMap<Origin, Host>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits for a seat.
struct Waiting<'a> {
    pace: &'a Pace,
    host: &'a Origin,
    seats: Arc<Semaphore>,
}

impl<'a> Waiting<'a> {
    fn begin(pace: &'a Pace, host: &'a Origin) -> Self {
        let mut hosts = pace.hosts();
        let known = hosts.entry(host.clone()).or_default();
        known.waiting += 1;
        Self { pace, host, seats: Arc::clone(&known.seats) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(host) = self.pace.hosts().get_mut(self.host) {
            host.waiting -= 1;
        }
    }
}

/// Is told of connections to a host.
#[derive(Clone)]
pub(super) struct Opened {
    pace: Pace,
    host: Origin,
}

impl Opened {
    /// How long a connection that is to be opened waits for one that must be free any moment, if there is one. The next
    /// request is sent at the head of an answer, and so before the connection is free on which that came.
    pub(super) fn moment(&self) -> Option<Duration> {
        let mut hosts = self.pace.hosts();
        let host = hosts.get_mut(&self.host)?;
        let recent = host.freed.iter().position(|at| at.elapsed() < MOMENT).unwrap_or(host.freed.len());
        host.freed.drain(..recent);
        host.freed.pop_front()?;
        host.quickest.map(|quickest| quickest.min(MOMENT))
    }

    /// One has come about. Where requests wait the next one is begun while this one is asked for the first time, and not
    /// after that.
    pub(super) fn one(&self) {
        if let Some(host) = self.pace.hosts().get_mut(&self.host) {
            host.opened += 1;
            if host.waits() > 0 {
                host.widen(1);
            }
        }
    }
}

impl Turn<'_> {
    /// Who is told of the connections that are opened for this request.
    pub(super) fn opening(&self) -> Opened {
        Opened { pace: self.pace.clone(), host: self.host.clone() }
    }

    /// Learns from the status of the answer.
    pub(super) fn answered(self, status: StatusCode) {
        let mut hosts = self.pace.hosts();
        let Some(host) = hosts.get_mut(self.host) else { return };
        let took = self.sent.elapsed();
        let quickest = host.quickest.map_or(took, |quickest| quickest.min(took));
        host.quickest = Some(quickest);
        if host.freed.len() == WIDEST {
            host.freed.pop_front();
        }
        host.freed.push_back(Instant::now());
        if status == StatusCode::TOO_MANY_REQUESTS {
            // Those that were sent together are refused together, and that is one refusal.
            if self.refusals == host.refusals {
                host.refusals += 1;
                let less = host.width / 2;
                host.owed += less;
                host.width -= less;
            }
        } else if took <= quickest * QUICK && (host.waits() == 0 || host.is_crowded()) {
            host.widen(GROWTH);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut hosts = self.pace.hosts();
        let Some(host) = hosts.get_mut(self.host) else { return };
        host.under_way -= 1;
        if host.owed > 0
            && let Some(seat) = self.seat.take()
        {
            host.owed -= 1;
            seat.forget();
        }
    }
}

#[cfg(test)]
mod tests;
