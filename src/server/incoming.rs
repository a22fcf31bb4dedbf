//! The body of a request: bounded in size and in patience.
//!
//! Whoever answers may leave a part of it unread, as when a blob is there already. HTTP/1 then has to close the
//! connection under a client that is still sending, which may lose the answer; so the rest is read away afterwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, header};

use crate::content::ByteStream;
use crate::error::{Error, Kind, Result};

/// What a request carries. Clones read from the same stream.
#[derive(Clone)]
pub(super) struct Incoming {
    stream: Arc<Mutex<ByteStream>>,
    length: Option<u64>,
}

impl Incoming {
    /// The body of a request, of which at most `most` bytes are taken and each piece must come within `patience`.
    pub(super) fn new(body: Body, headers: &HeaderMap, most: u64, patience: Duration) -> Self {
        let length = headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        let pieces = stream::unfold(Some((body.into_data_stream(), most)), move |state| async move {
            let (mut pieces, left) = state?;
            let piece = match tokio::time::timeout(patience, pieces.next()).await {
                Ok(None) => return None,
                Err(_) => Err(Error::new(Kind::Interrupted)),
                Ok(Some(Err(error))) => Err(Error::new(Kind::Interrupted).caused_by(error)),
                Ok(Some(Ok(piece))) if piece.len() as u64 > left => Err(too_large(most)),
                Ok(Some(Ok(piece))) => Ok(piece),
            };
            let rest = piece.as_ref().ok().map(|piece: &Bytes| left - piece.len() as u64);
            Some((piece, rest.map(|left| (pieces, left))))
        });
        Self { stream: Arc::new(Mutex::new(pieces.fuse().boxed())), length }
    }

    /// How many bytes were announced.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// What was not read yet.
    pub(super) fn stream(&self) -> ByteStream {
        let shared = Arc::clone(&self.stream);
        stream::poll_fn(move |context| {
            shared.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
        })
        .boxed()
    }

    /// All of it, to be put where it is to stay.
    pub(super) fn whole(&self) -> crate::content::Body {
        crate::content::Body::once(self.length, self.stream())
    }

    /// All bytes in memory, at most `limit`.
    pub(super) async fn read(&self, limit: u64) -> Result<Bytes> {
        if self.length.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        self.whole().read(limit).await
    }

    /// Reads away what is left, at most `limit` bytes.
    pub(super) async fn drain(&self, limit: u64) {
        let mut stream = self.stream();
        let mut seen = 0_u64;
        while let Some(Ok(piece)) = stream.next().await {
            seen = seen.saturating_add(piece.len() as u64);
            if seen > limit {
                return;
            }
        }
    }
}

fn too_large(limit: u64) -> Error {
    Error::new(Kind::TooLarge(format!("content is larger than the limit of {limit} bytes")))
}
