//! A source with a target in front of it that keeps what was read.
//!
//! What is named by a tag or asked for by name is always asked of the source, for that is what was meant; only what a
//! manifest names by digest is taken from the cache. Everything is kept as a blob, so a cache lists nothing, and one
//! that is an image layout needs no lock. What goes through to the reader goes to the cache at the same time, and is
//! kept when it was right to its end.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Body, ByteStream, Origin, Put, Source, Target, Watch, checked};
use crate::error::{Context, Error, Kind, Result};
use crate::oci::{Descriptor, Digest, Locator, Tag, media_type};

/// Pieces that may wait for the cache.
const QUEUE: usize = 4;

/// A source, and what was read of it.
#[derive(Clone)]
pub struct Cached<S> {
    source: S,
    cache: Arc<dyn Target>,
}

impl<S: Source> Cached<S> {
    /// The source behind this cache.
    pub fn new(source: S, cache: Arc<dyn Target>) -> Self {
        Self { source, cache }
    }

    /// The same bytes, kept on their way.
    fn keeping(&self, body: Body, node: &Descriptor) -> Body {
        let (cache, node) = (Arc::clone(&self.cache), as_blob(node));
        body.through(
            move |stream, from| {
                if from == 0 { Kept::on_its_way(stream, &cache, &node) } else { stream }
            },
        )
    }
}

/// A node as it is kept: as bytes and no more.
fn as_blob(node: &Descriptor) -> Descriptor {
    Descriptor::new(media_type::OCTET_STREAM, node.digest.clone(), node.size)
}

/// Names the cache where it fails.
struct FromCache;

impl Watch for FromCache {
    fn failed(&self, error: Error) -> Error {
        error.within("failed to read from the cache")
    }
}

/// A stream that is read by two.
struct Kept {
    stream: ByteStream,
    /// Where the cache reads; nothing when it has enough.
    sender: Option<mpsc::Sender<Bytes>>,
    work: JoinHandle<Result<Put>>,
}

impl Kept {
    fn on_its_way(stream: ByteStream, cache: &Arc<dyn Target>, node: &Descriptor) -> ByteStream {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let pieces = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (Ok(piece), receiver))
        });
        // The target sees by size and digest if the other reader gave up.
        let body = Body::once(Some(node.size), pieces.boxed());
        let (cache, node) = (Arc::clone(cache), node.clone());
        let work = tokio::spawn(async move { cache.put(&node, body).await });
        let kept = Self { stream, sender: Some(sender), work };
        stream::unfold(Some(kept), |kept| async { kept?.next().await }).boxed()
    }

    async fn next(mut self) -> Option<(Result<Bytes>, Option<Self>)> {
        match self.stream.next().await {
            Some(Ok(piece)) => {
                if let Some(sender) = &self.sender
                    && sender.send(piece.clone()).await.is_err()
                {
                    self.sender = None;
                }
                Some((Ok(piece), Some(self)))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => {
                drop(self.sender.take());
                let put = self.work.await.unwrap_or_else(|_| Err(Error::new(Kind::Interrupted)));
                put.within(|| "failed to write to the cache".into()).err().map(|error| (Err(error), None))
            }
        }
    }
}

#[async_trait]
impl<S: Source + Clone + 'static> Source for Cached<S> {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        self.source.resolve(at).await
    }

    async fn manifest(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        let (node, bytes) = self.source.manifest(at).await?;
        let put = self.cache.put(&as_blob(&node), Body::bytes(bytes.clone())).await;
        put.within(|| "failed to write to the cache".into())?;
        Ok((node, bytes))
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        self.source.stat(blob).await
    }

    async fn blob(&self, digest: &Digest) -> Result<(Descriptor, Body)> {
        let (node, body) = self.source.blob(digest).await?;
        let body = self.keeping(body, &node);
        Ok((node, body))
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        self.source.exists(node).await
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        let (this, wanted) = (self.clone(), node.clone());
        let chosen = Body::chosen(Some(node.size), move || {
            let (this, node) = (this.clone(), wanted.clone());
            async move {
                let kept = as_blob(&node);
                if this.cache.exists(&kept).await? {
                    return Ok(this.cache.fetch(&kept).watched(Arc::new(FromCache)));
                }
                Ok(this.keeping(this.source.fetch(&node), &node))
            }
        });
        checked(chosen, node)
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        self.source.referrers(node, artifact_type).await
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        self.source.tags(after)
    }

    fn origin(&self) -> Option<&Origin> {
        self.source.origin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Memory;

    const BYTES: &[u8] = br#"{"manifests":[]}"#;

    async fn ends(node: &Descriptor) -> (Memory, Arc<Memory>, Cached<Memory>) {
        let (source, cache) = (Memory::new(), Arc::new(Memory::new()));
        source.put(node, Body::bytes(BYTES)).await.unwrap();
        let cached = Cached::new(source.clone(), Arc::clone(&cache) as Arc<dyn Target>);
        (source, cache, cached)
    }

    #[tokio::test]
    async fn what_was_read_once_need_not_be_there_again() {
        for kind in [media_type::LAYER, media_type::INDEX] {
            let node = Descriptor::of(kind, BYTES);
            let (source, _, cached) = ends(&node).await;
            assert_eq!(cached.fetch(&node).read(99).await.unwrap(), BYTES);
            source.delete(&node).await.unwrap();
            assert_eq!(cached.fetch(&node).read(99).await.unwrap(), BYTES, "{kind}");
        }
    }

    #[tokio::test]
    async fn what_is_named_is_asked_for_and_kept_for_those_who_refer_to_it() {
        let manifest = Descriptor::of(media_type::INDEX, BYTES);
        let (source, _, cached) = ends(&manifest).await;
        let at = Locator::Digest(manifest.digest.clone());
        cached.manifest(&at).await.unwrap();
        source.delete(&manifest).await.unwrap();
        assert!(cached.manifest(&at).await.unwrap_err().is_not_found());
        assert_eq!(cached.fetch(&manifest).read(99).await.unwrap(), BYTES);

        let blob = Descriptor::of(media_type::OCTET_STREAM, BYTES);
        let (source, cache, cached) = ends(&blob).await;
        cached.blob(&blob.digest).await.unwrap().1.read(99).await.unwrap();
        assert!(cache.exists(&blob).await.unwrap());
        source.delete(&blob).await.unwrap();
        assert!(cached.blob(&blob.digest).await.unwrap_err().is_not_found());
    }

    #[tokio::test]
    async fn what_was_not_read_to_its_end_is_not_kept() {
        let node = Descriptor::of(media_type::LAYER, BYTES);
        let (_, cache, cached) = ends(&node).await;
        drop(cached.fetch(&node).open(0).await.unwrap());
        assert!(!cache.exists(&as_blob(&node)).await.unwrap());
        assert_eq!(cached.fetch(&node).open(4).await.unwrap().count().await, 1);
        assert!(!cache.exists(&as_blob(&node)).await.unwrap());
    }

    #[tokio::test]
    async fn wrong_bytes_are_neither_given_nor_kept() {
        let node = Descriptor::of(media_type::LAYER, b"other");
        let (source, cache) = (Memory::new(), Arc::new(Memory::new()));
        source.insert(&node, Bytes::from_static(b"wrong"));
        let broken = super::super::checked(source.fetch(&node), &node);
        let cached = Cached::new(source, Arc::clone(&cache) as Arc<dyn Target>);
        let says = cached.keeping(broken, &node).read(99).await.unwrap_err().to_string();
        assert_eq!(says, "mismatched digest");
        assert!(!cache.exists(&as_blob(&node)).await.unwrap());
    }
}
