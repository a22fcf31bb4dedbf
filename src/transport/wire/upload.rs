//! A body on its way out, which can be stopped.
//!
//! A server may answer before it has the whole body: 413, 401. The wire would go on sending all of it, so the stream
//! pauses when an answer that is no success has come, and ends with an error once that answer was read or dropped.
//! Ending it earlier would tear down the connection under the answer.
//!
//! What does not belong here: what an answer means.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use futures_util::{Stream, StreamExt, stream};

use crate::content::ByteStream;
use crate::error::{Error, Result};

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
}

/// Stops the body when it is dropped.
pub(super) struct Stop(Upload);

impl Upload {
    /// The stream that the wire is given.
    pub(super) fn stream(
        &self,
        mut source: ByteStream,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let held = self.clone();
        stream::poll_fn(move |context| held.poll(&mut source, context))
    }

    fn poll(&self, source: &mut ByteStream, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.0.waker.register(context.waker());
        match self.0.phase.load(Ordering::Acquire) {
            SENDING => source.poll_next_unpin(context).map(|next| next.map(|piece| self.piece(piece))),
            PAUSED => Poll::Pending,
            _ => Poll::Ready(Some(Err(io::Error::other("the answer came before the end of the body")))),
        }
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
