//! Two sources as one: what the first does not have, the second may.
//!
//! A manifest that was just made lies in memory, its files lie on the disk; the engine wants one source.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::{Body, Origin, Source, checked};
use crate::error::Result;
use crate::oci::{Descriptor, Digest, Locator, Tag};

/// The first source, and behind it the second.
#[derive(Debug)]
pub struct Union<A, B> {
    first: A,
    second: B,
}

impl<A: Source, B: Source> Union<A, B> {
    /// Both, the first one being asked first.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

#[async_trait]
impl<A: Source + Clone + 'static, B: Source + Clone + 'static> Source for Union<A, B> {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        match self.first.resolve(at).await {
            Err(error) if error.is_not_found() => self.second.resolve(at).await,
            found => found,
        }
    }

    async fn manifest(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        match self.first.manifest(at).await {
            Err(error) if error.is_not_found() => self.second.manifest(at).await,
            found => found,
        }
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        match self.first.stat(blob).await {
            Err(error) if error.is_not_found() => self.second.stat(blob).await,
            found => found,
        }
    }

    async fn blob(&self, digest: &Digest) -> Result<(Descriptor, Body)> {
        match self.first.blob(digest).await {
            Err(error) if error.is_not_found() => self.second.blob(digest).await,
            found => found,
        }
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        Ok(self.first.exists(node).await? || self.second.exists(node).await?)
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        let (first, second, wanted) = (self.first.clone(), self.second.clone(), node.clone());
        let chosen = Body::chosen(Some(node.size), move || {
            let (first, second, node) = (first.clone(), second.clone(), wanted.clone());
            async move { Ok(if first.exists(&node).await? { first.fetch(&node) } else { second.fetch(&node) }) }
        });
        checked(chosen, node)
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        let mut all = self.first.referrers(node, artifact_type).await?;
        for other in self.second.referrers(node, artifact_type).await? {
            if all.iter().all(|known| known.digest != other.digest) {
                all.push(other);
            }
        }
        Ok(all)
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        self.first.tags(after).chain(self.second.tags(after)).boxed()
    }

    fn origin(&self) -> Option<&Origin> {
        self.first.origin().or_else(|| self.second.origin())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::content::{Memory, Target};
    use crate::oci::media_type;

    #[tokio::test]
    async fn each_node_comes_from_where_it_is() {
        let (first, second) = (Arc::new(Memory::new()), Arc::new(Memory::new()));
        let (a, b) = (Descriptor::of(media_type::LAYER, b"a"), Descriptor::of(media_type::LAYER, b"b"));
        first.put(&a, Body::bytes("a")).await.unwrap();
        second.put(&b, Body::bytes("b")).await.unwrap();
        let both = Union::new(first, second);
        assert_eq!(both.fetch(&a).read(9).await.unwrap(), "a");
        assert_eq!(both.fetch(&b).read(9).await.unwrap(), "b");
        assert!(both.exists(&b).await.unwrap());
    }
}
