//! Where the content of a layout lies, for those who only read it.

use bytes::Bytes;

use crate::content::{Body, checked};
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest, Document, Locator, media_type};

use super::index::Index;

/// The content below `blobs/`, in a folder or in a tar. The methods may block.
pub(super) trait Blobs: Send + Sync {
    /// How many bytes a blob has, if it is there.
    fn size(&self, digest: &Digest) -> Result<Option<u64>>;

    /// A blob as it lies there, unchecked.
    fn body(&self, digest: &Digest, size: u64) -> Body;

    /// A small blob that is known to be right; nothing where it is not there or larger than a document may be.
    fn document(&self, digest: &Digest) -> Result<Option<Bytes>>;
}

/// The descriptor of a manifest in a layout.
pub(super) fn resolve(index: &Index, blobs: &dyn Blobs, at: &Locator) -> Result<Descriptor> {
    match at {
        // With all that its entry says, as oras shows it.
        Locator::Tag(tag) => index.tagged(tag).cloned().ok_or_else(Error::missing),
        Locator::Digest(digest) => match index.listed(digest) {
            Some(node) if !node.media_type.is_empty() => Ok(node.bare()),
            _ => unlisted(blobs, digest),
        },
    }
}

/// A manifest that only another one names, as the manifests of an image index in layouts made by others. Its type is
/// the one that it has itself, or the one that its fields give away.
fn unlisted(blobs: &dyn Blobs, digest: &Digest) -> Result<Descriptor> {
    let bytes = blobs.document(digest)?.ok_or_else(Error::missing)?;
    let kind = kind_of(&bytes).ok_or_else(Error::missing)?;
    Ok(Descriptor::new(kind, digest.clone(), bytes.len() as u64))
}

fn kind_of(bytes: &[u8]) -> Option<String> {
    let own = Document::parse(media_type::MANIFEST, bytes).ok()?;
    if media_type::is_manifest(&own.media_type) {
        return Some(own.media_type);
    }
    let index = Document::parse(media_type::INDEX, bytes).ok()?;
    let kind = match (own.config.is_some(), index.manifests.is_empty()) {
        (true, true) => media_type::MANIFEST,
        (false, false) => media_type::INDEX,
        _ => return None,
    };
    own.media_type.is_empty().then(|| kind.to_owned())
}

/// The body of a node, checked.
pub(super) fn fetch(blobs: &dyn Blobs, node: &Descriptor) -> Body {
    checked(blobs.body(&node.digest, node.size), node)
}

/// A blob by name.
pub(super) fn stat(blobs: &dyn Blobs, digest: &Digest) -> Result<Descriptor> {
    let size = blobs.size(digest)?.ok_or_else(Error::missing)?;
    Ok(Descriptor::new(media_type::OCTET_STREAM, digest.clone(), size))
}
