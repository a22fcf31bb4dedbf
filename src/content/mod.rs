//! The two ends of every copy: a [`Source`] of nodes and a [`Target`] for them.
//!
//! Push, pull, attach, copy and serve differ only in the ends they take. An end says what it holds and takes what it
//! is given; how a graph is walked is not its business, nor how anything is told to a user. Both traits are wide and
//! have defaults, so that an ability is a method and never the outcome of a type test.

mod body;
mod cached;
mod landing;
mod memory;
mod union;
mod verify;

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use body::{Body, ByteStream, ContentFile, Owner, Watch, skip};
pub use cached::Cached;
pub use landing::Landing;
#[cfg(test)]
pub(crate) use landing::landed;
pub use memory::Memory;
pub use union::Union;
pub use verify::{checked, read_checked};

use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest, Locator, Tag};

/// The most bytes that are taken of a manifest, a list of referrers or any other document: 4 MiB.
pub const DOCUMENT_LIMIT: u64 = 4 * 1024 * 1024;

/// Where content comes from, for a registry that can take it from one of its own repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Host and port.
    pub registry: String,
    /// The repository.
    pub repository: String,
}

/// What a target did with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The bytes were taken.
    Stored,
    /// It had them already.
    AlreadyThere,
}

/// What a registry did with the wish to take a blob from another of its repositories.
#[derive(Debug)]
pub enum Mount {
    /// The blob is there now.
    Mounted,
    /// It has to be sent.
    Refused,
}

/// Something that content can be read from.
#[async_trait]
pub trait Source: Send + Sync {
    /// The manifest with that tag or digest.
    async fn resolve(&self, at: &Locator) -> Result<Descriptor>;

    /// The manifest with that tag or digest and its bytes, checked. One request where the end is far away.
    async fn manifest(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        let node = self.resolve(at).await?;
        let bytes = read_checked(&self.fetch(&node), &node).await?;
        Ok((node, bytes))
    }

    /// The blob with that digest. Its type is the one that the place gives, often `application/octet-stream`.
    async fn stat(&self, blob: &Digest) -> Result<Descriptor>;

    /// The blob with that digest and its bytes, which are checked as those of [`fetch`](Self::fetch) are. One request
    /// where the end is far away, so the body is best opened soon.
    async fn blob(&self, digest: &Digest) -> Result<(Descriptor, Body)> {
        let node = self.stat(digest).await?;
        let body = self.fetch(&node);
        Ok((node, body))
    }

    /// Whether the node is there.
    async fn exists(&self, node: &Descriptor) -> Result<bool>;

    /// The bytes of a node: nothing is requested before the body is opened, and what comes is checked against size
    /// and digest, so that a stream that ends without an error was right.
    fn fetch(&self, node: &Descriptor) -> Body;

    /// The manifests whose subject is this one, of one artifact type or of all.
    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>>;

    /// All tags that come after `after`, in the order of the place, page by page as they arrive.
    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>>;

    /// Where this content is, if a registry could mount it from there.
    fn origin(&self) -> Option<&Origin> {
        None
    }
}

/// Something that content can be written to.
#[async_trait]
pub trait Target: Source {
    /// Takes a node. What its digest and size do not agree with is refused and never visible. A manifest that has a
    /// subject becomes one of its referrers.
    async fn put(&self, node: &Descriptor, body: Body) -> Result<Put>;

    /// Whether a blob that is put next, if so, is missing here. What it takes to put it may be begun meanwhile, and is
    /// given up where it is there.
    async fn lacks(&self, blob: &Descriptor) -> Result<bool> {
        self.exists(blob).await.map(|there| !there)
    }

    /// Whether a request is worth it before it is known to be needed: where an end is far away, and nobody has named a number
    /// of them. This waits a moment for an end that has not answered yet.
    async fn may_go_ahead(&self) -> bool {
        false
    }

    /// Whether a blob is here, as far as that is told at once: nothing is tried again, nobody is asked for a password, and
    /// without an answer it is not known.
    async fn glance(&self, blob: &Descriptor) -> Option<bool> {
        self.exists(blob).await.ok()
    }

    /// Takes a blob of which neither digest nor size are known before its bytes have come, and tells what it was. Of a
    /// stream that ends with an error nothing is visible.
    async fn put_unnamed(&self, _stream: ByteStream) -> Result<Descriptor> {
        Err(Error::unsupported("content without a digest is not taken here"))
    }

    /// Takes the content of a file into keeping before anybody knows its digest, where that spares reading the file
    /// twice, and tells what it was. It is nowhere to be seen before it is put, whose body need not be opened then;
    /// what is never put goes with the target. Nothing where it is not worth it, or could not be done: whoever then
    /// reads the file or puts it hears why.
    async fn hold(&self, _file: &Path) -> Option<Descriptor> {
        None
    }

    /// Gives a manifest that is there a tag, taking the tag from any other.
    async fn tag(&self, node: &Descriptor, tag: &Tag) -> Result<()>;

    /// Takes a manifest and gives it a tag; one request where the end is far away.
    async fn put_tagged(&self, node: &Descriptor, body: Body, tag: &Tag) -> Result<Put> {
        let put = self.put(node, body).await?;
        self.tag(node, tag).await?;
        Ok(put)
    }

    /// Takes a node that is meant to be a manifest, also where its type does not say so.
    async fn put_as_manifest(&self, node: &Descriptor, body: Body) -> Result<Put> {
        self.put(node, body).await
    }

    /// Takes a manifest that need not become a referrer of its subject before [`Self::enlist`] says so: many of them
    /// are then listed in one change.
    async fn put_unlisted(&self, node: &Descriptor, body: Body) -> Result<Put> {
        self.put(node, body).await
    }

    /// Makes sure that manifests which are there are listed as referrers of their subjects. Each comes as it stands in a
    /// list, with its annotations and the type of the artifact.
    async fn enlist(&self, _referrers: &[(Digest, Descriptor)]) -> Result<()> {
        Ok(())
    }

    /// Takes a blob from another repository of the same registry.
    async fn mount(&self, _node: &Descriptor, _from: &Origin) -> Result<Mount> {
        Ok(Mount::Refused)
    }

    /// Removes a node; a manifest with all its tags.
    async fn delete(&self, _node: &Descriptor) -> Result<()> {
        Err(Error::unsupported("deletion is not supported here"))
    }

    /// Removes a tag and leaves the manifest.
    async fn untag(&self, _tag: &Tag) -> Result<()> {
        Err(Error::unsupported("removing a tag is not supported here"))
    }

    /// Makes everything that was put or tagged visible and lasting. Called once at the end, also on the way out after
    /// an error.
    async fn commit(&self) -> Result<()> {
        Ok(())
    }
}
