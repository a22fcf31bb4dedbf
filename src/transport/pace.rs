//! A host that says "later" is left alone by all tasks, and is asked less at once from then on.
//!
//! A registry that counts requests counts those of all tasks together, so one that goes on while another waits only
//! makes the wait longer. How many requests a host takes at once is found out: each answer that came about as quickly as
//! the quickest one makes room for two more, up to a bound, and a refusal for their number halves what is sent at once
//! and ends the growth. Where answers take longer the more requests there are, the host works as hard as it can, and more
//! of them would only cost connections: so it is with one that is near. A request is counted until the head of its
//! answer is there; what is read after that is bounded by whoever reads it.
//!
//! What does not belong here: how often something is tried again.

use std::collections::HashMap;
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
/// How many requests a host is sent at once at most.
const WIDEST: usize = 128;

/// When each host may be asked again, and how much at once.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<Origin, Host>>);

#[derive(Debug)]
struct Host {
    /// When it may be asked again.
    until: Option<Instant>,
    seats: Arc<Semaphore>,
    width: usize,
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
        Self { until: None, seats, width: FIRST_WIDTH, quickest: None, owed: 0, refusals: 0 }
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
        let seats = Arc::clone(&self.hosts().entry(host.clone()).or_default().seats);
        // Nobody closes it.
        let seat = seats.acquire_owned().await.ok();
        // It may be put off again meanwhile.
        while let Some(until) = self.until(host).filter(|until| *until > Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
        let refusals = self.hosts().get(host).map_or(0, |known| known.refusals);
        Turn { pace: self, host, seat, sent: Instant::now(), refusals }
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

impl Turn<'_> {
    /// Learns from the status of the answer.
    pub(super) fn answered(self, status: StatusCode) {
        let mut hosts = self.pace.hosts();
        let Some(host) = hosts.get_mut(self.host) else { return };
        let took = self.sent.elapsed();
        let quickest = host.quickest.map_or(took, |quickest| quickest.min(took));
        host.quickest = Some(quickest);
        if status == StatusCode::TOO_MANY_REQUESTS {
            // Those that were sent together are refused together, and that is one refusal.
            if self.refusals == host.refusals {
                host.refusals += 1;
                let less = host.width / 2;
                host.owed += less;
                host.width -= less;
            }
        } else if host.refusals == 0 && host.width < WIDEST && took <= quickest * QUICK {
            let more = GROWTH.min(WIDEST - host.width);
            host.width += more;
            host.seats.add_permits(more);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut hosts = self.pace.hosts();
        let Some(host) = hosts.get_mut(self.host).filter(|host| host.owed > 0) else { return };
        host.owed -= 1;
        if let Some(seat) = self.seat.take() {
            seat.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::task::unconstrained;
    use url::Url;

    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::of(&Url::parse(text).unwrap()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_left_alone_and_others_are_not() {
        let (pace, busy, idle) = (Pace::default(), origin("http://busy"), origin("http://idle"));
        let start = Instant::now();
        pace.hold(&busy, Duration::from_secs(9));
        pace.hold(&busy, Duration::from_secs(2));
        drop(pace.enter(&idle).await);
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(pace.enter(&busy).await);
        assert!(start.elapsed() >= Duration::from_secs(9));
    }

    /// As many turns as there are at once. Tokio would interrupt a task that takes so many seats.
    fn all<'a>(pace: &'a Pace, host: &'a Origin) -> Vec<Turn<'a>> {
        std::iter::from_fn(|| unconstrained(pace.enter(host)).now_or_never()).collect()
    }

    /// Answers as many requests as there may be at once; how many that were.
    fn answer_all(pace: &Pace, host: &Origin, status: StatusCode) -> usize {
        let turns = all(pace, host);
        let count = turns.len();
        for turn in turns {
            turn.answered(status);
        }
        count
    }

    #[tokio::test(start_paused = true)]
    async fn answers_make_room_up_to_a_bound() {
        let (pace, host) = (Pace::default(), origin("http://h"));
        let mut widths = Vec::new();
        for status in [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::OK, StatusCode::OK] {
            widths.push(answer_all(&pace, &host, status));
        }
        assert_eq!(widths, [FIRST_WIDTH, (1 + GROWTH) * FIRST_WIDTH, WIDEST, WIDEST]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_gets_slower_is_not_sent_more_at_once() {
        let (pace, host) = (Pace::default(), origin("http://h"));
        let turn = pace.enter(&host).await;
        tokio::time::advance(Duration::from_millis(10)).await;
        turn.answered(StatusCode::OK);
        let mut widths = Vec::new();
        for milliseconds in [40, 41, 500, 11] {
            let turns = all(&pace, &host);
            widths.push(turns.len());
            tokio::time::advance(Duration::from_millis(milliseconds)).await;
            for turn in turns {
                turn.answered(StatusCode::OK);
            }
        }
        assert_eq!(widths, [34, 102, 102, 102]);
        assert_eq!(all(&pace, &host).len(), WIDEST);
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_requests_are_halved_once_for_all_that_were_sent_together() {
        let (pace, host) = (Pace::default(), origin("http://h"));
        for wanted in [32, 16, 8, 4, 2, 1, 1] {
            assert_eq!(answer_all(&pace, &host, StatusCode::TOO_MANY_REQUESTS), wanted);
        }
        assert_eq!(answer_all(&pace, &host, StatusCode::OK), 1);
        assert_eq!(answer_all(&pace, &host, StatusCode::OK), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_was_given_up_leaves_its_seat() {
        let (pace, host) = (Pace::default(), origin("http://h"));
        drop(all(&pace, &host));
        assert_eq!(all(&pace, &host).len(), FIRST_WIDTH);
    }
}
