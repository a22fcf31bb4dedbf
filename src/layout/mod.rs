//! An OCI image layout, a folder or a tar, as a source and a target.
//!
//! A layout is content named by digest below `blobs/`, and one document, `index.json`, that lists the manifests and
//! their tags. Blobs never change, so reading them needs no lock; everything that can be lost to another writer is in
//! the index, and only [`Directory::commit`](crate::content::Target::commit) and deletion replace it, under a lock.
//! What a commit told of is on the disk itself, and what a program that was killed left goes with the next write.
//! Layouts are shared with other programs: what they wrote and we do not know stays, and no file of ours is left
//! beside theirs. Source: image-spec, `image-layout.md`.

mod archive;
mod blobs;
mod directory;
mod gc;
mod graph;
mod index;
mod ledger;
mod tar;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

pub use archive::ArchiveDraft;
pub use directory::Directory;
pub use gc::Reach;
pub use tar::{Archive, is_archive};

use crate::content::Source;
use crate::error::{Error, Result};

/// The name of the file that makes a folder a layout.
const MARKER: &str = "oci-layout";
/// Its content as we write it.
const MARKER_CONTENT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// The only version there is.
const VERSION: &str = "1.0.0";
/// The document that lists the manifests.
const INDEX: &str = "index.json";
/// The most bytes that are taken of it: it grows with the number of manifests, unlike any document in the content.
const INDEX_LIMIT: u64 = 64 * 1024 * 1024;

/// The layout at a path for reading: a folder or a tar.
///
/// # Errors
/// Nothing is there, or it is no layout.
pub fn open(path: &Path) -> Result<Arc<dyn Source>> {
    let found = fs::metadata(path).map_err(|error| {
        Error::io("stat", path, error).within(format!("failed to find path {:?}", path.display().to_string()))
    })?;
    if found.is_dir() { Ok(Arc::new(Directory::open(path)?)) } else { Ok(Arc::new(Archive::open(path)?)) }
}

/// Refuses a layout of another version.
fn check_marker(bytes: &[u8]) -> Result<()> {
    let bad = |why: String| Error::invalid(format!("invalid OCI Image Layout: {why}"));
    let marker: Value = serde_json::from_slice(bytes)
        .map_err(|error| bad(format!("failed to decode OCI layout file: {error}")))?;
    match marker.get("imageLayoutVersion") {
        Some(Value::String(version)) if version == VERSION => Ok(()),
        Some(Value::String(version)) => Err(bad(format!("unsupported version {version:?}"))),
        _ => Err(bad("unsupported version".to_owned())),
    }
}
