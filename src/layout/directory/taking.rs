//! Content that lies in a file already and so need not pass through the hands of a reader.
//!
//! A file of the user's is copied before its digest is known, and waits without a name for being put: it is read once,
//! where hashing it first and copying it then would read it twice. A file of another layout gets a second name where
//! nobody can change it, else it is copied as well. The digest is always that of what lies here. Whatever fails here
//! is done in the ordinary way, which then tells why.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Directory, Folder, Inner};
use crate::content::{Body, ContentFile, Owner};
use crate::disk::{self, Draft, Wanted};
use crate::error::{Error, IoContext, Result};
use crate::oci::{Algorithm, Descriptor, Digest, media_type};

/// Files of at least this size are copied by the system and not by reading.
const LARGE: u64 = 4 * 1024 * 1024;
/// The permissions of blobs: nobody changes them.
pub(super) const MODE: u32 = 0o444;

/// Content without a name.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<Digest, Draft>>);

impl Held {
    fn all(&self) -> MutexGuard<'_, HashMap<Digest, Draft>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Directory {
    /// Takes a large file of the user's into keeping.
    pub(super) async fn keep(&self, file: PathBuf) -> Option<Descriptor> {
        let inner = Arc::clone(&self.inner);
        disk::work(move |wanted| inner.keep(&file, wanted)).await.ok().flatten()
    }

    /// Puts a blob that was taken into keeping, or can be had from a file; says whether it did.
    pub(super) async fn take(&self, node: &Descriptor, body: &Body) -> Result<bool> {
        let kept = self.inner.held.all().remove(&node.digest);
        let file = if kept.is_some() { None } else { body.file().await? };
        if kept.is_none() && file.is_none() {
            return Ok(false);
        }
        let (inner, node) = (Arc::clone(&self.inner), node.clone());
        disk::work(move |wanted| match (kept, file) {
            (Some(draft), _) => inner.publish(draft, &node.digest).map(|()| true),
            (None, Some(file)) => Ok(inner.copied(&file, &node, wanted).unwrap_or(false)),
            (None, None) => Ok(false),
        })
        .await
    }
}

impl Inner {
    fn keep(&self, file: &Path, wanted: &Wanted) -> Result<Option<Descriptor>> {
        let about = fs::metadata(file).at("stat", file)?;
        // A blob of that size may well be this file, and then nothing would have to be written.
        if !about.is_file() || about.len() < LARGE || self.folder.has_one_of(about.len()) {
            return Ok(None);
        }
        let draft = self.draft_of(file)?;
        let (draft, digest) = draft.duplicate(file, about.len(), Algorithm::default(), wanted)?;
        self.held.all().insert(digest.clone(), draft);
        Ok(Some(Descriptor::new(media_type::OCTET_STREAM, digest, about.len())))
    }

    fn copied(&self, file: &ContentFile, node: &Descriptor, wanted: &Wanted) -> Result<bool> {
        let about = fs::symlink_metadata(&file.path).at("stat", &file.path)?;
        if !about.is_file() || about.len() != node.size {
            return Ok(false);
        }
        let path = self.folder.path(&node.digest);
        // A second name cannot replace what is wrong.
        if file.owner == Owner::Store && path.symlink_metadata().is_err() {
            let linked = self.begin(|| Draft::linked(&file.path, &self.folder.root, &path, MODE));
            if let Ok(Some(draft)) = linked
                && draft.digest(node.digest.algorithm(), wanted)? == node.digest
            {
                let name = || draft.named(self.folder.make_for(&node.digest)?).publish_new(MODE);
                self.ledger.adding(name)?;
                self.ledger.need(&node.digest);
                return Ok(true);
            }
        }
        if node.size < LARGE {
            return Ok(false);
        }
        let draft = self.draft_of(&path)?;
        let (draft, digest) = draft.duplicate(&file.path, node.size, node.digest.algorithm(), wanted)?;
        if digest != node.digest {
            return Err(Error::mismatch("mismatched digest"));
        }
        self.publish(draft, &digest).map(|()| true)
    }
}

impl Folder {
    /// Whether there is a blob of that size.
    fn has_one_of(&self, size: u64) -> bool {
        let folder = self.root.join("blobs").join(Algorithm::default().name());
        let Ok(blobs) = fs::read_dir(folder) else { return false };
        blobs.flatten().any(|blob| blob.metadata().is_ok_and(|about| about.len() == size))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
