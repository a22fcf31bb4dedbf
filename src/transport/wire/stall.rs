//! How long nothing may move.
//!
//! There is no limit on how long anything takes, only on how long nothing happens: no byte goes out or comes in, and
//! no answer. What is waited for on our own side, bytes to be sent and a reader that takes its time, does not count.
//!
//! What does not belong here: what is done about it.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, Sleep};

use super::upload::Upload;

/// What a request comes to; none if nothing moved for too long. No time at all is no limit.
pub(super) async fn within<T>(limit: Duration, upload: &Upload, work: impl Future<Output = T>) -> Option<T> {
    if limit.is_zero() {
        return Some(work.await);
    }
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            () = tokio::time::sleep_until(upload.deadline(limit)) => {
                if upload.deadline(limit) <= Instant::now() {
                    return None;
                }
            }
        }
    }
}

/// The same stream; it ends with none when whoever reads it waited for too long.
pub(super) fn watched<E>(
    limit: Duration,
    mut stream: impl Stream<Item = Result<Bytes, E>> + Unpin + Send,
) -> impl Stream<Item = Option<Result<Bytes, E>>> + Send {
    let mut patience: Option<Pin<Box<Sleep>>> = None;
    let mut over = false;
    stream::poll_fn(move |context| {
        if over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(next) = stream.poll_next_unpin(context) {
            patience = None;
            return Poll::Ready(next.map(Some));
        }
        if limit.is_zero() {
            return Poll::Pending;
        }
        let patience = patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        patience.as_mut().poll(context).map(|()| {
            over = true;
            Some(None)
        })
    })
}
