//! Parts of a large blob that are fetched ahead of whoever reads it, each over a connection of its own.
//!
//! Some lines and servers give a connection only so much. So reading begins with one stream, and as long as more of
//! them at once bring more bytes a second, there are twice as many. Where it is the reader that takes its time, more of
//! them would only wait for it. Whoever reads, hashes and writes sees one stream in order. Until their turn comes parts
//! wait in memory, where their number and size are bounded, or, where the reader has offered it, in the file that is being
//! written: then they are so long that the time between two of them is nothing.
//!
//! What does not belong here: what is done when a part does not come ([`super`]).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Blob;
use super::part::{Order, Part};
use crate::content::Landing;

/// How many streams of one blob there are at once at most, that which is read among them.
pub(in super::super) const WIDEST: usize = 8;

/// When a blob is fetched in parts, and in which.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Splitting {
    /// Blobs of so many bytes or less are not.
    pub(in super::super) above: u64,
    /// The bytes of a part that waits in memory where there are as many as there can be, and the least of one in a file.
    pub(in super::super) part: u64,
    /// The most bytes of one that waits in a file.
    pub(in super::super) landed: u64,
    /// So many bytes have to come over each stream before their number is judged.
    pub(in super::super) sample: u64,
    /// How long it is measured at least what a number of streams brings.
    pub(in super::super) measured: Duration,
    /// One stream that brings so many bytes a second is left alone: it is not the line that is waited for.
    pub(in super::super) fast: f64,
    /// So much faster are twice as many streams, or they are not worth it.
    pub(in super::super) gain: f64,
    /// A reader that waited for less than this share of the time is itself what is waited for.
    pub(in super::super) idle: f64,
}

impl Default for Splitting {
    fn default() -> Self {
        let measured = Duration::from_millis(250);
        Self {
            above: 64 << 20,
            part: 5 << 18,
            landed: 16 << 20,
            sample: 3 << 20,
            measured,
            fast: 200e6,
            gain: 1.25,
            idle: 0.5,
        }
    }
}

/// How many parts there are before their turn at most, those that have come among them. More would only lie there.
const AHEAD: usize = 4 * WIDEST;

/// How many streams of blobs a repository is read by at once. A clone counts with it.
#[derive(Debug, Clone)]
pub(in super::super) struct Seats {
    all: Arc<Semaphore>,
    /// Whether all streams have one, and not only those that fetch ahead.
    strict: bool,
}

impl Default for Seats {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(WIDEST - 1)), strict: false }
    }
}

impl Seats {
    /// So many streams and no more.
    pub(in super::super) fn capped(most: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS))), strict: true }
    }

    /// Waits for the seat of a stream that has to be, if it needs one.
    pub(super) async fn taken(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes it.
        if self.strict { Arc::clone(&self.all).acquire_owned().await.ok() } else { None }
    }

    /// The seat of a stream that fetches ahead, if one is free.
    fn spare(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).try_acquire_owned().ok()
    }
}

/// After so many bytes a number of streams that was no better than half of them is tried once more, and after twice as
/// many each time: what else went on may be over, and was perhaps only on this machine.
const REST: u64 = 64 << 20;

/// What is fetched ahead.
pub(super) struct Ahead {
    splitting: Splitting,
    size: u64,
    parts: VecDeque<Part>,
    /// Where parts can wait, when it is there.
    landing: Option<Landing>,
    /// Where the next part begins.
    next: u64,
    /// How many streams there are to be, that which is read among them.
    width: usize,
    /// Whether that is final.
    settled: bool,
    /// The bytes that came so far, over all streams.
    arrived: Arc<AtomicU64>,
    /// When measuring began, and how many had come then. Nothing as long as not all streams bring something.
    since: Option<(Instant, u64)>,
    /// How long the reader has waited for bytes since then.
    waited: Duration,
    /// Nothing is measured before so many have come.
    begin: u64,
    /// After how many more that is, when more streams bring no more.
    rest: u64,
    /// What half as many streams brought in a second.
    before: f64,
}

impl Ahead {
    /// Nothing yet, of a blob that is read from here on.
    pub(super) fn new(splitting: Splitting, size: u64, at: u64, landing: Option<Landing>) -> Self {
        Self {
            splitting,
            size,
            parts: VecDeque::new(),
            landing,
            next: at,
            width: 1,
            settled: size <= splitting.above,
            arrived: Arc::default(),
            since: Some((Instant::now(), 0)),
            waited: Duration::ZERO,
            begin: 0,
            rest: REST,
            before: 0.0,
        }
    }

    /// Learns that so many bytes came over a stream that is no part.
    pub(super) fn came(&self, bytes: usize) {
        self.arrived.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Learns that the reader waited so long for what it got.
    pub(super) fn waited(&mut self, time: Duration) {
        self.waited += time;
    }

    /// Judges a number of streams, when enough has come over them.
    pub(super) fn measure(&mut self) {
        let arrived = self.arrived.load(Ordering::Relaxed);
        if self.settled || arrived < self.begin {
            return;
        }
        let Some((begun, before)) = self.since else {
            if self.parts.iter().all(Part::is_answered) {
                (self.since, self.waited) = (Some((Instant::now(), arrived)), Duration::ZERO);
            }
            return;
        };
        let (took, bytes) = (begun.elapsed(), arrived - before);
        if took < self.splitting.measured || bytes < self.splitting.sample * self.width as u64 {
            return;
        }
        self.since = None;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let rate = bytes as f64 / took.as_secs_f64().max(1e-9);
        let no_better = self.width > 1 && rate < self.before * self.splitting.gain;
        let reader_is_slow = self.waited < took.mul_f64(self.splitting.idle);
        if no_better || reader_is_slow {
            self.width = (self.width / 2).max(1);
            (self.before, self.begin, self.rest) = (0.0, arrived + self.rest, 2 * self.rest);
        } else if self.width == WIDEST || rate >= self.splitting.fast {
            self.settled = true;
        } else {
            self.width *= 2;
            self.before = rate;
        }
    }

    /// Asks for parts, as many as are to be on their way, if there are seats for them. Returns where the first of them
    /// begins, which is where the stream that is read has to end.
    pub(super) fn fill(&mut self, blob: &Blob, tag: Option<&str>, at: u64, mut until: u64) -> u64 {
        let landing = self.landing.clone().filter(Landing::is_found);
        while self.width > 1 && self.parts.len() < AHEAD && self.streams() < self.width {
            let is_first = self.parts.is_empty() && until == self.size;
            let from = if is_first { at + self.length(at, landing.is_some()) } else { self.next };
            if from >= self.size {
                break;
            }
            let Some(seat) = blob.repository.seats.spare() else { break };
            if is_first {
                until = from;
            }
            self.next = (from + self.length(from, landing.is_some())).min(self.size);
            let (blob, tag, landing) = (blob.clone(), tag.map(str::to_owned), landing.clone());
            let arrived = Arc::clone(&self.arrived);
            let order = Order { blob, tag, from, end: self.next, seat, landing, arrived };
            self.parts.push_back(Part::begin(order));
        }
        until
    }

    /// How many streams there are, that which is read among them.
    fn streams(&self) -> usize {
        1 + self.parts.iter().filter(|part| part.is_counted()).count()
    }

    /// How long a part is that begins here. In memory all of them share what the widest may take; in a file they get
    /// shorter towards the end, so that all streams end together.
    fn length(&self, from: u64, can_land: bool) -> u64 {
        let (Splitting { part, landed, .. }, width) = (self.splitting, self.width as u64);
        let share = self.size.saturating_sub(from) / (2 * width);
        if can_land { share.clamp(part, landed.max(part)) } else { part * (WIDEST as u64 / width) }
    }

    /// The part whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Part> {
        self.parts.pop_front()
    }

    /// Asks for no more parts, and gives up those at the front that the registry has not begun to give. Returns where
    /// the first of the others begins, or where the blob ends.
    pub(super) async fn give_up(&mut self) -> u64 {
        (self.width, self.settled) = (1, true);
        while let Some(part) = self.parts.pop_front() {
            if part.is_answered() {
                let from = part.from;
                self.parts.push_front(part);
                return from;
            }
            part.stop().await;
        }
        self.size
    }
}

#[cfg(test)]
mod tests;
