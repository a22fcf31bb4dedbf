//! Parts of a large blob that are fetched ahead of whoever reads it, each over a connection of its own.
//!
//! Some lines and servers give a connection only so much. So reading begins with one stream, and as long as more of
//! them at once bring more bytes a second, there are twice as many. Parts are held in memory until their turn comes, so
//! that whoever reads, hashes and writes sees one stream in order; their number and size are bounded.
//!
//! What does not belong here: what is done when a part does not come ([`super`]).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Blob;
use crate::content::ByteStream;
use crate::error::Result;

/// How many streams of one blob there are at once at most, that which is read among them.
pub(in super::super) const WIDEST: usize = 8;

/// When a blob is fetched in parts, and in which.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Splitting {
    /// Blobs of so many bytes or less are not.
    pub(in super::super) above: u64,
    /// The bytes of a part.
    pub(in super::super) part: u64,
    /// How long it is measured at least what a number of streams brings.
    pub(in super::super) measured: Duration,
    /// One stream that brings so many bytes a second is left alone: it is not the line that is waited for.
    pub(in super::super) fast: f64,
    /// So much faster are twice as many streams, or they are not worth it.
    pub(in super::super) gain: f64,
}

impl Default for Splitting {
    fn default() -> Self {
        let measured = Duration::from_millis(250);
        Self { above: 64 << 20, part: 3 << 19, measured, fast: 200e6, gain: 1.25 }
    }
}

/// So many rounds of parts are measured before a number of streams is judged.
const ROUNDS: u64 = 3;

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

/// After so many bytes a number of streams that was no better than half of them is tried once more: what else went on
/// may be over.
const REST: u64 = 256 << 20;

/// What is fetched ahead.
pub(super) struct Ahead {
    splitting: Splitting,
    size: u64,
    parts: VecDeque<Part>,
    /// Where the next part begins.
    next: u64,
    /// How many streams there are to be, that which is read among them.
    width: usize,
    /// Whether that is final.
    settled: bool,
    /// When measuring began, and where reading was then.
    since: (Instant, u64),
    /// What half as many streams brought in a second.
    before: f64,
}

/// A part that is on its way.
pub(super) struct Part {
    /// Where it ends: the first byte after it.
    pub(super) end: u64,
    pieces: mpsc::UnboundedReceiver<Result<Bytes>>,
    work: JoinHandle<()>,
    _seat: OwnedSemaphorePermit,
}

impl Drop for Part {
    fn drop(&mut self) {
        self.work.abort();
    }
}

impl Part {
    /// Asks for a part. What comes is bounded by its length.
    fn begin(blob: Blob, tag: Option<String>, from: u64, end: u64, seat: OwnedSemaphorePermit) -> Self {
        let (tell, pieces) = mpsc::unbounded_channel();
        let work = tokio::spawn(async move {
            let mut missing = end - from;
            let mut stream = match blob.part(from, end, tag.as_deref()).await {
                Ok(stream) => stream,
                Err(error) => return drop(tell.send(Err(error))),
            };
            // It is read to its very end, so that its connection can be used for the next one.
            while let Some(piece) = stream.next().await {
                if missing == 0 {
                    return;
                }
                let piece = piece.map(|mut piece| {
                    piece.truncate(usize::try_from(missing).unwrap_or(usize::MAX));
                    missing -= piece.len() as u64;
                    piece
                });
                if tell.send(piece).is_err() {
                    return;
                }
            }
        });
        Self { end, pieces, work, _seat: seat }
    }

    /// Its bytes.
    pub(super) fn stream(mut self) -> ByteStream {
        stream::poll_fn(move |context| self.pieces.poll_recv(context)).boxed()
    }
}

impl Ahead {
    /// Nothing yet, of a blob that is read from here on.
    pub(super) fn new(splitting: Splitting, size: u64, at: u64) -> Self {
        let settled = size <= splitting.above;
        let since = (Instant::now(), at);
        Self { splitting, size, parts: VecDeque::new(), next: at, width: 1, settled, since, before: 0.0 }
    }

    /// Learns how far reading has got.
    pub(super) fn measure(&mut self, at: u64) {
        if self.settled {
            return;
        }
        let Some(bytes) = at.checked_sub(self.since.1) else {
            self.since.0 = Instant::now();
            return;
        };
        let took = self.since.0.elapsed();
        if took < self.splitting.measured || bytes < ROUNDS * self.splitting.part * self.width as u64 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let rate = bytes as f64 / took.as_secs_f64().max(1e-9);
        if self.width > 1 && rate < self.before * self.splitting.gain {
            self.width /= 2;
            (self.before, self.since) = (0.0, (Instant::now(), at + REST));
        } else if self.width == WIDEST || rate >= self.splitting.fast {
            self.settled = true;
        } else {
            self.width *= 2;
            (self.before, self.since) = (rate, (Instant::now(), at));
        }
    }

    /// Asks for parts, as many as are to be on their way, if there are seats for them. Returns where the first of them
    /// begins, which is where the stream that is read has to end.
    pub(super) fn fill(&mut self, blob: &Blob, tag: Option<&str>, at: u64, mut until: u64) -> u64 {
        let part = self.splitting.part;
        while self.parts.len() + 1 < self.width {
            let from = if self.parts.is_empty() && until == self.size { at + part } else { self.next };
            if from >= self.size {
                break;
            }
            let Some(seat) = blob.repository.seats.spare() else { break };
            let end = (from + part).min(self.size);
            if self.parts.is_empty() && until == self.size {
                until = from;
            }
            self.parts.push_back(Part::begin(blob.clone(), tag.map(str::to_owned), from, end, seat));
            self.next = end;
        }
        until
    }

    /// The part whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Part> {
        self.parts.pop_front()
    }

    /// Fetches no more parts, and gives up those that are on their way.
    pub(super) fn give_up(&mut self) {
        self.parts.clear();
        (self.width, self.settled) = (1, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: u64 = 3 << 19;

    /// Reads on with a rate until a number of streams has been judged.
    async fn read(ahead: &mut Ahead, at: &mut u64, rate: u64) -> usize {
        for _ in 0..100 {
            *at += PART;
            tokio::time::advance(Duration::from_millis(PART * 1000 / rate)).await;
            ahead.measure(*at);
        }
        ahead.width
    }

    #[tokio::test(start_paused = true)]
    async fn as_long_as_more_streams_bring_more_there_are_more() {
        let mut ahead = Ahead::new(Splitting::default(), 1 << 40, 0);
        let mut at = 0;
        for _ in 0..100 {
            at += PART;
            // A line that gives five million bytes a second to each connection, and thirty to all.
            let rate = (5_000_000 * ahead.width as u64).min(30_000_000);
            tokio::time::advance(Duration::from_millis(PART * 1000 / rate)).await;
            ahead.measure(at);
        }
        assert_eq!((ahead.width, ahead.settled), (8, true));
    }

    #[tokio::test(start_paused = true)]
    async fn where_more_bring_no_more_there_is_one() {
        let mut ahead = Ahead::new(Splitting::default(), 1 << 40, 0);
        let mut at = 0;
        assert_eq!(read(&mut ahead, &mut at, 5_000_000).await, 1);
        // It is tried again when the line may be another one.
        let mut widest = 1;
        for _ in 0..200 + REST / PART {
            at += PART;
            tokio::time::advance(Duration::from_millis(PART * 1000 / (5_000_000 * ahead.width as u64))).await;
            ahead.measure(at);
            widest = widest.max(ahead.width);
        }
        assert_eq!(widest, WIDEST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_stream_and_a_small_blob_are_left_alone() {
        let mut ahead = Ahead::new(Splitting::default(), 1 << 40, 0);
        assert_eq!(read(&mut ahead, &mut 0, 500_000_000).await, 1);
        assert!(ahead.settled);
        assert!(Ahead::new(Splitting::default(), 64 << 20, 0).settled);
    }
}
