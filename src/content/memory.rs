//! A store in memory: for manifests that were just made, for tests, and for a registry that keeps nothing.
//!
//! It takes whole blobs, so it is no place for large ones on a small machine.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};

use super::{Body, ByteStream, Put, Source, Target, checked, read_checked};
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest, Document, Locator, Tag, media_type};

/// Nodes and tags in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    held: Arc<RwLock<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    /// Each as a list of referrers has it, and its bytes.
    manifests: BTreeMap<Digest, (Descriptor, Bytes)>,
    /// The manifests about a subject, by that.
    about: HashMap<Digest, BTreeSet<Digest>>,
    blobs: HashMap<Digest, Bytes>,
    tags: BTreeMap<Tag, Digest>,
}

impl Memory {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it holds a manifest: blobs alone are nothing that could be found.
    pub fn has_manifests(&self) -> bool {
        !self.read().manifests.is_empty()
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a manifest that was just made here; there is nothing to check in it. Of many who bring the same only one
    /// is told that it was stored.
    pub fn insert(&self, node: &Descriptor, bytes: Bytes) -> Put {
        let mut held = self.write();
        if node.is_manifest() {
            let document = Document::parse(&node.media_type, &bytes).unwrap_or_default();
            if let Some(subject) = &document.subject {
                held.about.entry(subject.digest.clone()).or_default().insert(node.digest.clone());
            }
            let mut entry = node.bare();
            entry.artifact_type = document.effective_artifact_type().map(str::to_owned);
            entry.annotations = document.annotations;
            let before = held.manifests.insert(node.digest.clone(), (entry, bytes));
            before.map_or(Put::Stored, |_| Put::AlreadyThere)
        } else {
            let before = held.blobs.insert(node.digest.clone(), bytes);
            before.map_or(Put::Stored, |_| Put::AlreadyThere)
        }
    }
}

impl Held {
    fn delist(&mut self, subject: &Digest, referrer: &Digest) {
        let list = self.about.get_mut(subject);
        let is_empty = list.is_some_and(|list| list.remove(referrer) && list.is_empty());
        if is_empty {
            self.about.remove(subject);
        }
    }

    fn bytes(&self, node: &Descriptor) -> Option<Bytes> {
        // Manifests and blobs are kept apart, as they are in a registry.
        if node.is_manifest() {
            self.manifests.get(&node.digest).map(|(_, bytes)| bytes.clone())
        } else {
            self.blobs.get(&node.digest).cloned()
        }
    }
}

#[async_trait]
impl Source for Memory {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        let held = self.read();
        let digest = match at {
            Locator::Tag(tag) => held.tags.get(tag),
            Locator::Digest(digest) => Some(digest),
        };
        let found = digest.and_then(|digest| held.manifests.get(digest));
        found.map(|(node, _)| node.bare()).ok_or_else(Error::missing)
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        let held = self.read();
        let bytes = held.blobs.get(blob).ok_or_else(Error::missing)?;
        Ok(Descriptor::new(media_type::OCTET_STREAM, blob.clone(), bytes.len() as u64))
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        Ok(self.read().bytes(node).is_some_and(|bytes| bytes.len() as u64 == node.size))
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        match self.read().bytes(node) {
            Some(bytes) if bytes.len() as u64 == node.size => Body::bytes(bytes),
            // Another size than the descriptor promises, or not there yet.
            _ => {
                let (memory, wanted) = (self.clone(), node.clone());
                let look = move |from| {
                    let found = memory.read().bytes(&wanted).ok_or_else(Error::missing);
                    async move { Body::bytes(found?).open(from).await }
                };
                checked(Body::reopening(Some(node.size), look), node)
            }
        }
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        let held = self.read();
        let about = held.about.get(&node.digest).into_iter().flatten();
        let about = about.filter_map(|digest| held.manifests.get(digest)).map(|(entry, _)| entry);
        let of_type =
            about.filter(|entry| artifact_type.is_none() || entry.artifact_type.as_deref() == artifact_type);
        Ok(of_type.cloned().collect())
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        let held = self.read();
        let tags =
            held.tags.keys().filter(|tag| after.is_none_or(|after| tag.as_str() > after)).cloned().collect();
        stream::iter([Ok(tags)]).boxed()
    }
}

#[async_trait]
impl Target for Memory {
    async fn put(&self, node: &Descriptor, body: Body) -> Result<Put> {
        if self.exists(node).await? {
            return Ok(Put::AlreadyThere);
        }
        if node.is_manifest() {
            let bytes = read_checked(&body, node).await?;
            Document::parse(&node.media_type, &bytes)
                .map_err(|why| Error::invalid(format!("{}: {why}", node.digest)))?;
            Ok(self.insert(node, bytes))
        } else {
            Ok(self.insert(node, checked(body, node).read(node.size).await?))
        }
    }

    async fn put_unnamed(&self, stream: ByteStream) -> Result<Descriptor> {
        let bytes = Body::once(None, stream).read(u64::MAX).await?;
        let node = Descriptor::of(media_type::OCTET_STREAM, &bytes);
        self.insert(&node, bytes);
        Ok(node)
    }

    async fn tag(&self, node: &Descriptor, tag: &Tag) -> Result<()> {
        let mut held = self.write();
        if !held.manifests.contains_key(&node.digest) {
            return Err(Error::missing());
        }
        held.tags.insert(tag.clone(), node.digest.clone());
        Ok(())
    }

    async fn delete(&self, node: &Descriptor) -> Result<()> {
        let mut held = self.write();
        let gone = if node.is_manifest() {
            held.tags.retain(|_, digest| *digest != node.digest);
            let gone = held.manifests.remove(&node.digest);
            let document =
                gone.as_ref().and_then(|(node, bytes)| Document::parse(&node.media_type, bytes).ok());
            if let Some(subject) = document.and_then(|document| document.subject) {
                held.delist(&subject.digest, &node.digest);
            }
            gone.is_some()
        } else {
            held.blobs.remove(&node.digest).is_some()
        };
        if gone { Ok(()) } else { Err(Error::missing()) }
    }

    async fn untag(&self, tag: &Tag) -> Result<()> {
        self.write().tags.remove(tag).map(drop).ok_or_else(Error::missing)
    }
}

/// A source that is shared is still a source.
#[async_trait]
impl<T: Source + ?Sized> Source for Arc<T> {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        (**self).resolve(at).await
    }

    async fn manifest(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        (**self).manifest(at).await
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        (**self).stat(blob).await
    }

    async fn blob(&self, digest: &Digest) -> Result<(Descriptor, Body)> {
        (**self).blob(digest).await
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        (**self).exists(node).await
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        (**self).fetch(node)
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        (**self).referrers(node, artifact_type).await
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        (**self).tags(after)
    }

    fn origin(&self) -> Option<&super::Origin> {
        (**self).origin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_many_who_bring_the_same_one_has_stored_it() {
        let memory = Memory::new();
        let node = Descriptor::of(media_type::OCTET_STREAM, b"ab");
        // Both have found it missing before either brings it.
        let puts =
            futures_util::future::join(memory.put(&node, slow("ab")), memory.put(&node, slow("ab"))).await;
        let puts = [puts.0.unwrap(), puts.1.unwrap()];
        assert_eq!(puts.iter().filter(|put| **put == Put::Stored).count(), 1);
    }

    /// Bytes that come only when others have had their turn.
    fn slow(text: &'static str) -> Body {
        Body::reopening(Some(text.len() as u64), move |_| async move {
            tokio::task::yield_now().await;
            Ok(stream::iter([Ok(Bytes::from(text))]).boxed())
        })
    }
}
