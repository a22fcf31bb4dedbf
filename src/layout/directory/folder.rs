//! The blobs of a layout in a folder, by their digests.
//!
//! Layouts come from others: what lies under the name of a blob may be no file, or a link to anything.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::super::blobs::Blobs;
use super::super::ledger::is_absent;
use crate::content::{Body, ContentFile, DOCUMENT_LIMIT, Owner};
use crate::disk::{self, Turns, joined};
use crate::error::{Error, IoContext, Result};
use crate::oci::{Digest, Hasher};

/// Where the blobs are.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    pub(super) turns: Turns,
}

impl Folder {
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join(digest.algorithm().name()).join(digest.hex())
    }

    /// The path of a blob that is about to be written.
    pub(super) fn make_for(&self, digest: &Digest) -> Result<PathBuf> {
        let path = self.path(digest);
        path.parent().map_or(Ok(()), disk::make_folder)?;
        Ok(path)
    }
}

impl Blobs for Folder {
    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        let path = self.path(digest);
        match fs::metadata(&path).at("stat", &path) {
            Ok(found) => Ok(found.is_file().then_some(found.len())),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn body(&self, digest: &Digest, size: u64) -> Body {
        let (path, digest, turns) = (self.path(digest), digest.clone(), self.turns.clone());
        let file = ContentFile { path: path.clone(), owner: Owner::Store };
        let body = Body::reopening(Some(size), move |from| {
            let (path, digest, turns) = (path.clone(), digest.clone(), turns.clone());
            async move {
                let open = async {
                    let path =
                        joined(spawn_blocking(move || fit_to_read(&digest, &path).map(|()| path)).await)?;
                    disk::read(&path, from).await
                };
                let read = turns.during(open).await;
                read.map_err(|error| if is_absent(&error) { Error::missing() } else { error })
            }
        });
        body.lying_in(file)
    }

    fn document(&self, digest: &Digest) -> Result<Option<Bytes>> {
        if self.size(digest)?.is_none_or(|size| size > DOCUMENT_LIMIT) {
            return Ok(None);
        }
        let path = self.path(digest);
        let bytes = fs::read(&path).at("read", &path)?;
        Ok((digest.algorithm().digest(&bytes) == *digest).then(|| bytes.into()))
    }
}

/// Refuses what is no file, which might never come to an end, and reads a blob that is a link before anything of it is
/// given away: layouts come from others, and their links may lead to any file of the user's.
fn fit_to_read(digest: &Digest, path: &Path) -> Result<()> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink());
    let length = match fs::metadata(path).at("stat", path) {
        Ok(about) if about.is_file() => about.len(),
        Err(error) if !is_absent(&error) => return Err(error),
        _ => return Err(Error::missing()),
    };
    if !is_link {
        return Ok(());
    }
    let mut file = fs::File::open(path).at("open", path)?.take(length);
    let (mut hasher, mut piece) = (Hasher::new(digest.algorithm()), vec![0; 256 * 1024]);
    loop {
        match file.read(&mut piece).at("read", path)? {
            0 => break,
            read => hasher.update(&piece[..read]),
        }
    }
    if hasher.finish() == *digest { Ok(()) } else { Err(Error::mismatch("mismatched digest")) }
}
