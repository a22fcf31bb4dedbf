//! Bytes as a promise: a [`Body`] can be opened, mostly opened again, and often opened at an offset.
//!
//! Retries, authentication in the middle of an upload, redirects and a refused mount all need the bytes once more.
//! Instead of seeking a reader, each of them opens the body again. A body that cannot be opened says so with an error;
//! it is never taken for an empty one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, future, stream};

use crate::error::{Error, Kind, Result};

/// Bytes as they come. An error is the last item.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

type Opener = Arc<dyn Fn(u64) -> BoxFuture<'static, Result<ByteStream>> + Send + Sync>;

/// Bytes that can be had by opening it. A clone is the same promise.
#[derive(Clone)]
pub struct Body {
    size: Option<u64>,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    Opener { open: Opener, again: bool },
}

impl Body {
    /// Bytes in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { size: Some(bytes.len() as u64), content: Content::Bytes(bytes) }
    }

    /// Bytes that `open` can give as often as it is called, from the offset it is told on. `size` is the number of all
    /// bytes, where it is known.
    pub fn reopening<F, Fut>(size: Option<u64>, open: F) -> Self
    where
        F: Fn(u64) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ByteStream>> + Send + 'static,
    {
        Self {
            size,
            content: Content::Opener { open: Arc::new(move |from| open(from).boxed()), again: true },
        }
    }

    /// Bytes that come once, as from a pipe.
    pub fn once(size: Option<u64>, stream: ByteStream) -> Self {
        let only = Mutex::new(Some(stream));
        let open = move |from| {
            let stream = only.lock().unwrap_or_else(PoisonError::into_inner).take();
            let stream = stream.ok_or_else(|| Error::unsupported("the content can be read only once"));
            future::ready(stream.map(|stream| skip(stream, from))).boxed()
        };
        Self { size, content: Content::Opener { open: Arc::new(open), again: false } }
    }

    /// The same promise with `wrap` around each stream that is opened; it is told the offset of its first byte.
    #[must_use]
    pub fn through<F>(self, wrap: F) -> Self
    where
        F: Fn(ByteStream, u64) -> ByteStream + Send + Sync + 'static,
    {
        let (size, again) = (self.size, self.can_reopen());
        let wrap = Arc::new(wrap);
        let open = move |from| {
            let (inner, wrap) = (self.clone(), Arc::clone(&wrap));
            async move { Ok(wrap(inner.open(from).await?, from)) }.boxed()
        };
        Self { size, content: Content::Opener { open: Arc::new(open), again } }
    }

    /// The same promise, of this many bytes where their number was not known.
    #[must_use]
    pub fn sized(mut self, size: u64) -> Self {
        self.size.get_or_insert(size);
        self
    }

    /// How many bytes there are, where it is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether it can be opened more than once.
    pub fn can_reopen(&self) -> bool {
        match &self.content {
            Content::Bytes(_) => true,
            Content::Opener { again, .. } => *again,
        }
    }

    /// The bytes, where they are in memory anyway.
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::Opener { .. } => None,
        }
    }

    /// The bytes from an offset on. A source that cannot seek reads and drops what lies before it.
    ///
    /// # Errors
    /// Whatever keeps the source from giving them; a second opening of bytes that come once.
    pub async fn open(&self, from: u64) -> Result<ByteStream> {
        match &self.content {
            Content::Bytes(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
                let rest = bytes.slice(from..);
                let filled = !rest.is_empty();
                Ok(stream::iter(filled.then_some(Ok(rest))).boxed())
            }
            Content::Opener { open, .. } => open(from).await,
        }
    }

    /// All bytes in memory, at most `limit` of them.
    ///
    /// # Errors
    /// Those of opening and reading; more bytes than the limit.
    pub async fn read(&self, limit: u64) -> Result<Bytes> {
        if let Some(bytes) = self.in_memory().filter(|bytes| bytes.len() as u64 <= limit) {
            return Ok(bytes.clone());
        }
        let mut stream = self.open(0).await?;
        let mut all = BytesMut::new();
        while let Some(piece) = stream.next().await {
            let piece = piece?;
            if (all.len() + piece.len()) as u64 > limit {
                return Err(Error::new(Kind::TooLarge(format!(
                    "content is larger than the limit of {limit} bytes"
                ))));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("size", &self.size)
            .field("can_reopen", &self.can_reopen())
            .finish_non_exhaustive()
    }
}

/// A stream without its first bytes.
pub fn skip(stream: ByteStream, count: u64) -> ByteStream {
    if count == 0 {
        return stream;
    }
    let rest = stream.scan(count, |left, piece| {
        let piece = piece.map(|mut piece| {
            let cut = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
            *left -= cut as u64;
            piece.split_off(cut)
        });
        future::ready(Some(piece))
    });
    rest.filter(|piece| future::ready(!matches!(piece, Ok(piece) if piece.is_empty()))).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(body: &Body, from: u64) -> Vec<u8> {
        let pieces: Vec<_> = body.open(from).await.unwrap().collect().await;
        pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect()
    }

    fn stream_of(pieces: &'static [&'static [u8]]) -> ByteStream {
        stream::iter(pieces).map(|piece| Ok(Bytes::from_static(piece))).boxed()
    }

    #[tokio::test]
    async fn bytes_open_at_any_offset_as_often_as_wanted() {
        let body = Body::bytes("abcdef");
        assert_eq!(all(&body, 0).await, b"abcdef");
        assert_eq!(all(&body, 4).await, b"ef");
        assert_eq!(all(&body, 9).await, b"");
    }

    #[tokio::test]
    async fn what_comes_once_is_skipped_forward_and_not_given_twice() {
        let body = Body::once(Some(6), stream_of(&[b"ab", b"cd", b"ef"]));
        assert!(!body.can_reopen());
        assert_eq!(all(&body, 3).await, b"def");
        assert!(body.open(0).await.err().unwrap().is_unsupported());
    }

    #[tokio::test]
    async fn a_wrapper_is_told_the_offset_and_keeps_the_promise() {
        let body = Body::bytes("abcdef").through(|stream, from| {
            assert_eq!(from, 2);
            stream
        });
        assert!(body.can_reopen());
        assert_eq!(body.size(), Some(6));
        assert_eq!(all(&body, 2).await, b"cdef");
    }

    #[tokio::test]
    async fn reading_stops_at_the_limit() {
        let body = Body::reopening(None, |_| future::ready(Ok(stream_of(&[b"abc", b"def"]))));
        assert_eq!(body.read(6).await.unwrap(), "abcdef");
        assert!(matches!(body.read(5).await.unwrap_err().kind(), Kind::TooLarge(_)));
    }
}
