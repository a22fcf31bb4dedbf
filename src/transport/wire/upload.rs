//! A body on its way out, which can be stopped.
//!
//! A server may answer before it has the whole body: 413, 401. The wire would go on sending all of it, so the stream
//! pauses when an answer that is no success has come, and ends with an error once that answer was read or dropped.
//! Ending it earlier would tear down the connection under the answer.
//!
//! What does not belong here: what an answer means.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::Instant;

use crate::content::ByteStream;
use crate::error::{Error, Result};

/// After so many bytes the answer may take a second more: a server may still have to store or check them.
const SECOND: u64 = 10 * 1024 * 1024;
/// What is given to the wire at once: 64 KiB, so that bytes are seen to move also where they move slowly.
const PIECE: usize = 64 * 1024;

const SENDING: u8 = 0;
const PAUSED: u8 = 1;
const STOPPED: u8 = 2;

/// The hold on a body that is being sent.
#[derive(Clone, Default)]
pub(super) struct Upload(Arc<State>);

#[derive(Default)]
struct State {
    phase: AtomicU8,
    waker: AtomicWaker,
    failure: Mutex<Option<Error>>,
    motion: Mutex<Motion>,
}

/// What moves.
struct Motion {
    /// When something last did.
    last: Instant,
    /// How many bytes there are, where that is known.
    size: Option<u64>,
    /// How many bytes the wire has taken.
    sent: u64,
    /// Who is waited for.
    waiting: Waiting,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// The network, which has to take bytes or bring an answer.
    Network,
    /// Our own side, which has to bring bytes: that is no fault of the network.
    Source,
    /// The answer, after the last byte.
    Answer,
}

impl Default for Motion {
    fn default() -> Self {
        Self { last: Instant::now(), size: None, sent: 0, waiting: Waiting::Network }
    }
}

/// Stops the body when it is dropped.
pub(super) struct Stop(Upload);

impl Upload {
    /// The stream that the wire is given, of so many bytes where that is known.
    pub(super) fn stream(
        &self,
        mut source: ByteStream,
        size: Option<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let held = self.clone();
        let mut piece = Bytes::new();
        self.motion().size = size;
        stream::poll_fn(move |context| held.poll(&mut source, &mut piece, context))
    }

    /// When it has been too long since anything moved, if nothing does meanwhile.
    pub(super) fn deadline(&self, limit: Duration) -> Instant {
        let motion = self.motion();
        let allowance = match motion.waiting {
            Waiting::Answer => Duration::from_secs(motion.sent / SECOND),
            Waiting::Network => Duration::ZERO,
            Waiting::Source => return Instant::now() + limit,
        };
        motion.last + limit.saturating_add(allowance)
    }

    /// How many bytes the wire has taken.
    pub(super) fn sent(&self) -> u64 {
        self.motion().sent
    }

    fn motion(&self) -> MutexGuard<'_, Motion> {
        self.0.motion.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self, bytes: usize, waiting: Waiting) {
        let mut motion = self.motion();
        motion.last = Instant::now();
        motion.sent += bytes as u64;
        // The end of what has a length is never asked for.
        motion.waiting = if motion.size == Some(motion.sent) { Waiting::Answer } else { waiting };
    }

    fn poll(
        &self,
        source: &mut ByteStream,
        piece: &mut Bytes,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        self.0.waker.register(context.waker());
        match self.0.phase.load(Ordering::Acquire) {
            SENDING => self.next(source, piece, context),
            PAUSED => Poll::Pending,
            _ => Poll::Ready(Some(Err(io::Error::other("the answer came before the end of the body")))),
        }
    }

    /// The next bytes, of which `rest` is what was left of the last ones.
    fn next(
        &self,
        source: &mut ByteStream,
        rest: &mut Bytes,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if rest.is_empty() {
            match source.poll_next_unpin(context) {
                Poll::Ready(Some(piece)) => match self.piece(piece) {
                    Ok(piece) => *rest = piece,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                Poll::Ready(None) => {
                    self.moved(0, Waiting::Answer);
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    self.moved(0, Waiting::Source);
                    return Poll::Pending;
                }
            }
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        self.moved(piece.len(), Waiting::Network);
        Poll::Ready(Some(Ok(piece)))
    }

    fn piece(&self, piece: Result<Bytes>) -> io::Result<Bytes> {
        piece.map_err(|error| {
            let told = io::Error::other(error.to_string());
            *self.0.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            told
        })
    }

    /// Sends nothing more; the returned value, when it is dropped, gives the body up.
    pub(super) fn pause(&self) -> Stop {
        self.0.phase.store(PAUSED, Ordering::Release);
        Stop(self.clone())
    }

    /// The failure of the body itself, if that is why the request failed.
    pub(super) fn failure(&self) -> Option<Error> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.0.phase.store(STOPPED, Ordering::Release);
        self.0.0.waker.wake();
    }
}
