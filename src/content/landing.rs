//! Where the bytes of a body will lie, for a source that gets some of them before their turn.
//!
//! A stream is in order, so what comes early has to wait, and memory is too small for much of that. Whoever writes a
//! stream to a file can offer the file: what comes early waits there, where it will lie in the end. In its turn it is
//! read back and goes through the stream as all else does, and whoever writes the stream writes it there once more. So
//! whoever counts, checks or changes bytes on their way sees all of them in order, and the file holds in the end what
//! came out of the stream, whatever lay there before.
//!
//! What does not belong here: how a file is written, which its owner knows.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::error::{Error, Kind, Result};

type Write = dyn Fn(u64, &[Bytes]) -> Result<()> + Send + Sync;
type Read = dyn Fn(u64, &mut [u8]) -> Result<()> + Send + Sync;

/// A place for the bytes of one stream. It can be offered before it is there: as long as it is not, nothing can wait in
/// it. A clone is the same place.
#[derive(Clone, Default)]
pub struct Landing(Arc<OnceLock<Access>>);

#[derive(Clone)]
struct Access {
    write: Arc<Write>,
    read: Arc<Read>,
}

impl Landing {
    /// The place is there. `write` puts pieces one after the other from an offset on, `read` fills a buffer with what was
    /// written there from an offset on. Both may block, and are called by many threads at once.
    pub fn found(
        &self,
        write: impl Fn(u64, &[Bytes]) -> Result<()> + Send + Sync + 'static,
        read: impl Fn(u64, &mut [u8]) -> Result<()> + Send + Sync + 'static,
    ) {
        // The first one is as good as any other.
        let _ = self.0.set(Access { write: Arc::new(write), read: Arc::new(read) });
    }

    /// Whether it is there.
    pub fn is_found(&self) -> bool {
        self.0.get().is_some()
    }

    /// Puts pieces one after the other from an offset on. What has begun is ended also when this is dropped.
    ///
    /// # Errors
    /// Those of the owner; the place is not there.
    pub async fn write(&self, at: u64, pieces: Vec<Bytes>) -> Result<()> {
        let write = Arc::clone(&self.access()?.write);
        ended(spawn_blocking(move || write(at, &pieces)).await)
    }

    /// So many bytes from an offset on, which were written before.
    ///
    /// # Errors
    /// Those of the owner; the place is not there.
    pub async fn read(&self, at: u64, length: usize) -> Result<Bytes> {
        let read = Arc::clone(&self.access()?.read);
        // Made here: an allocator that has memory for each thread would keep it for each of those that may block.
        let mut bytes = vec![0; length];
        ended(spawn_blocking(move || read(at, &mut bytes).map(|()| bytes.into())).await)
    }

    fn access(&self) -> Result<&Access> {
        self.0.get().ok_or_else(|| Error::unsupported("there is no place for these bytes"))
    }
}

fn ended<T>(work: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    work.unwrap_or_else(|error| Err(Error::new(Kind::Interrupted).caused_by(error)))
}

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Landing").field(&self.is_found()).finish()
    }
}

/// Bytes that lie in the landing, the last ones first, before the first one is given.
#[cfg(test)]
pub(crate) fn landed(content: &'static [u8]) -> super::Body {
    use futures_util::{StreamExt, TryStreamExt, stream};

    use super::ByteStream;

    super::Body::placing(Some(content.len() as u64), move |_, landing| async move {
        let landing = landing.expect("a place is offered");
        let all = stream::once(async move {
            for (at, byte) in content.iter().enumerate().rev() {
                landing.write(at as u64, vec![Bytes::copy_from_slice(&[*byte])]).await?;
            }
            let each = move |at| {
                let landing = landing.clone();
                async move { landing.read(at, 1).await }
            };
            Ok::<_, Error>(stream::iter(0..content.len() as u64).then(each))
        });
        Ok::<ByteStream, Error>(all.try_flatten().boxed())
    })
}
