//! Manifests as they were read, kept for a while.
//!
//! A manifest is needed to find its children, once more to be sent, and by whoever selects a platform or looks for
//! referrers. It is requested once: what was read stays until newer ones need the room. When a graph is so large that
//! its manifests do not fit, some are simply read again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::content::{Source, read_checked};
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest, Document, Locator};

/// How many bytes of manifests are kept.
const ROOM: usize = 16 * 1024 * 1024;

/// The manifests of a source.
pub struct Documents<'a> {
    source: &'a dyn Source,
    room: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: HashMap<Digest, Bytes>,
    order: VecDeque<Digest>,
    size: usize,
}

impl<'a> Documents<'a> {
    /// Nothing read yet.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, room: ROOM, kept: Mutex::default() }
    }

    /// Where they come from.
    pub fn source(&self) -> &'a dyn Source {
        self.source
    }

    /// The manifest with that tag or digest: always asked for, since a tag moves.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn at(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        let (node, bytes) = self.source.manifest(at).await?;
        self.keep(&node.digest, &bytes);
        Ok((node, bytes))
    }

    /// The bytes of a manifest.
    ///
    /// # Errors
    /// Those of the source; content that is not what the descriptor names, or too large.
    pub async fn bytes(&self, node: &Descriptor) -> Result<Bytes> {
        if let Some(bytes) = self.kept().bytes.get(&node.digest) {
            return Ok(bytes.clone());
        }
        let bytes = read_checked(&self.source.fetch(node), node).await?;
        self.keep(&node.digest, &bytes);
        Ok(bytes)
    }

    /// A manifest, parsed.
    ///
    /// # Errors
    /// As [`Self::bytes`]; bytes that are no manifest of that type.
    pub async fn document(&self, node: &Descriptor) -> Result<Document> {
        parse(node, &self.bytes(node).await?)
    }

    /// A manifest that was made here and that the source does not have. It never makes room for others.
    pub fn add(&self, node: &Descriptor, bytes: Bytes) {
        self.kept().bytes.insert(node.digest.clone(), bytes);
    }

    fn keep(&self, digest: &Digest, bytes: &Bytes) {
        let mut kept = self.kept();
        if bytes.len() > self.room || kept.bytes.contains_key(digest) {
            return;
        }
        kept.size += bytes.len();
        kept.bytes.insert(digest.clone(), bytes.clone());
        kept.order.push_back(digest.clone());
        while kept.size > self.room {
            let Some(oldest) = kept.order.pop_front() else { break };
            let gone = kept.bytes.remove(&oldest);
            kept.size -= gone.map_or(0, |bytes| bytes.len());
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A manifest of the type that its descriptor names.
///
/// # Errors
/// Bytes that are none.
pub fn parse(node: &Descriptor, bytes: &[u8]) -> Result<Document> {
    Document::parse(&node.media_type, bytes).map_err(|why| Error::invalid(format!("{}: {why}", node.digest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Memory;
    use crate::oci::media_type;

    #[tokio::test]
    async fn the_oldest_make_room_and_are_read_again() {
        let memory = Memory::new();
        let texts: Vec<String> =
            (0..3).map(|n| format!(r#"{{"schemaVersion":2,"manifests":[],"n":{n}}}"#)).collect();
        let nodes: Vec<Descriptor> =
            texts.iter().map(|text| Descriptor::of(media_type::INDEX, text.as_bytes())).collect();
        for (node, text) in nodes.iter().zip(&texts) {
            memory.insert(node, text.clone().into());
        }
        let mut documents = Documents::new(&memory);
        documents.room = texts[0].len() * 2;
        for (node, text) in nodes.iter().zip(&texts) {
            assert_eq!(documents.bytes(node).await.unwrap(), text.as_bytes());
        }
        assert_eq!(documents.kept().bytes.len(), 2);
        assert!(!documents.kept().bytes.contains_key(&nodes[0].digest));
        assert_eq!(documents.bytes(&nodes[0]).await.unwrap(), texts[0].as_bytes());
    }
}
