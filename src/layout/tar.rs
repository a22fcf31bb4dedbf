//! A layout inside a tar, for reading.
//!
//! One pass over the headers finds where each blob lies; after that blobs are read from the file at their offsets, so
//! nothing is unpacked. The tar is not compressed: there would be no offsets.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};

use super::blobs::{self, Blobs};
use super::graph::Graph;
use super::index::Index;
use super::{INDEX, INDEX_LIMIT, MARKER, check_marker};
use crate::content::{Body, DOCUMENT_LIMIT, Source};
use crate::disk::{self, Turns};
use crate::error::{Error, IoContext, Result};
use crate::oci::{Descriptor, Digest, Locator, Tag};

/// The most members that are taken of a tar.
const MEMBERS: usize = 1 << 20;

/// A layout that was packed as a tar. Clones share what was found in it.
#[derive(Debug, Clone)]
pub struct Archive {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    members: Members,
    index: Arc<Index>,
    graph: Graph,
}

/// Where a member's content begins, and how long it is.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u64,
    size: u64,
}

#[derive(Debug)]
struct Members {
    path: PathBuf,
    turns: Turns,
    blobs: HashMap<Digest, Place>,
    marker: Option<Place>,
    index: Option<Place>,
}

impl Archive {
    /// Finds out what is in the tar at a path.
    ///
    /// # Errors
    /// Nothing is there, it is no tar, or it holds no layout.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let members = Members::scan(path.as_ref())?;
        let absent = |name: &str| format!("open {name}: file does not exist");
        let marker = members.marker.ok_or_else(|| {
            let why = absent(MARKER);
            Error::invalid(format!("invalid OCI Image Layout: failed to open OCI layout file: {why}"))
        })?;
        check_marker(&members.read(marker, DOCUMENT_LIMIT)?)?;
        let index = members.index.ok_or_else(|| {
            Error::invalid(format!("invalid OCI Image Index: failed to open index file: {}", absent(INDEX)))
        })?;
        let index = Arc::new(Index::parse(&members.read(index, INDEX_LIMIT)?)?);
        Ok(Self { inner: Arc::new(Inner { members, index, graph: Graph::default() }) })
    }
}

/// Whether a file begins as a tar does: with a header that says so (POSIX.1, `ustar`).
///
/// # Errors
/// It cannot be read.
pub fn is_archive(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    File::open(path).at("open", path)?.take(512).read_to_end(&mut start).at("read", path)?;
    Ok(start.get(257..262) == Some(b"ustar"))
}

impl Members {
    fn scan(path: &Path) -> Result<Self> {
        // A pipe has no offsets, and would be waited for.
        if !std::fs::metadata(path).at("stat", path)?.is_file() {
            return Err(Error::invalid(format!("{}: neither a file nor a folder", path.display())));
        }
        let file = File::open(path).at("open", path)?;
        let length = file.metadata().at("stat", path)?.len();
        let no_tar = |why: &str| {
            Error::invalid(format!(
                "{:?} does not look like a tar archive: {why}",
                path.display().to_string()
            ))
        };
        let mut found = Self {
            path: path.to_owned(),
            turns: Turns::default(),
            blobs: HashMap::new(),
            marker: None,
            index: None,
        };
        let mut archive = ::tar::Archive::new(file);
        // A file too short for its headers is cut; other bytes are no headers.
        let broken = |error: &io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => no_tar("unexpected EOF"),
            _ if length < 512 => no_tar("unexpected EOF"),
            _ => no_tar("archive/tar: invalid tar header"),
        };
        let entries = archive.entries_with_seek().map_err(|error| broken(&error))?;
        for (position, entry) in entries.enumerate() {
            let entry = entry.map_err(|error| broken(&error))?;
            if position == MEMBERS {
                return Err(Error::invalid(format!("{} has too many members", path.display())));
            }
            let place = Place { offset: entry.raw_file_position(), size: entry.size() };
            if place.offset.checked_add(place.size).is_none_or(|end| end > length) {
                return Err(no_tar("unexpected EOF"));
            }
            if entry.header().entry_type().is_file() {
                found.add(&String::from_utf8_lossy(&entry.path_bytes()), place);
            }
        }
        Ok(found)
    }

    fn add(&mut self, name: &str, place: Place) {
        let name = name.strip_prefix("./").unwrap_or(name);
        match name {
            MARKER => self.marker = Some(place),
            INDEX => self.index = Some(place),
            _ => {
                let blob = name.strip_prefix("blobs/").and_then(|name| name.split_once('/'));
                let digest = blob.and_then(|(algorithm, hex)| format!("{algorithm}:{hex}").parse().ok());
                if let Some(digest) = digest {
                    self.blobs.insert(digest, place);
                }
            }
        }
    }

    fn read(&self, place: Place, limit: u64) -> Result<Vec<u8>> {
        if place.size > limit {
            return Err(Error::invalid(format!("{}: a document is too large", self.path.display())));
        }
        let mut bytes = Vec::new();
        let mut part = part_of(&self.path, place, 0).at("open", &self.path)?;
        part.read_to_end(&mut bytes).at("read", &self.path)?;
        Ok(bytes)
    }
}

/// The bytes of a member from an offset on.
fn part_of(path: &Path, place: Place, from: u64) -> io::Result<io::Take<File>> {
    let from = from.min(place.size);
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(place.offset + from))?;
    Ok(file.take(place.size - from))
}

impl Blobs for Members {
    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        Ok(self.blobs.get(digest).map(|place| place.size))
    }

    fn body(&self, digest: &Digest, size: u64) -> Body {
        let Some(&place) = self.blobs.get(digest) else {
            return Body::reopening(Some(size), |_| async { Err(Error::missing()) });
        };
        let (path, turns) = (self.path.clone(), self.turns.clone());
        Body::reopening(Some(size), move |from| {
            let path = path.clone();
            let turns = turns.clone();
            async move {
                let open = disk::read_opened(path, move |path| {
                    let left = place.size.saturating_sub(from);
                    Ok((part_of(path, place, from).at("open", path)?, Some(left)))
                });
                turns.during(open).await
            }
        })
    }

    fn document(&self, digest: &Digest) -> Result<Option<Bytes>> {
        let Some(&place) = self.blobs.get(digest).filter(|place| place.size <= DOCUMENT_LIMIT) else {
            return Ok(None);
        };
        let bytes = self.read(place, DOCUMENT_LIMIT)?;
        Ok((digest.algorithm().digest(&bytes) == *digest).then(|| bytes.into()))
    }
}

impl Inner {
    /// Does work that reads the file where it may block.
    async fn blocking<T, F>(self: &Arc<Self>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T> + Send + 'static,
    {
        let inner = Arc::clone(self);
        self.members.turns.briefly(move || work(&inner)).await
    }
}

#[async_trait]
impl Source for Archive {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        let at = at.clone();
        self.inner.blocking(move |inner| blobs::resolve(&inner.index, &inner.members, &at)).await
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        blobs::stat(&self.inner.members, blob)
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        Ok(self.inner.members.size(&node.digest)? == Some(node.size))
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        blobs::fetch(&self.inner.members, node)
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        let (subject, kind) = (node.digest.clone(), artifact_type.map(str::to_owned));
        let work = move |inner: &Inner| {
            inner.graph.referrers(&inner.index, &inner.members, &subject, kind.as_deref())
        };
        self.inner.blocking(work).await
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        stream::iter([Ok(self.inner.index.tags(after))]).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Target;
    use crate::layout::{self, Directory};
    use crate::oci::{Index as ImageIndex, json, media_type};

    const TAG: &str = "a/b:c";

    /// A tar of a layout with one blob and one tagged index, its members below `prefix`.
    async fn packed(folder: &Path, prefix: &str) -> (PathBuf, Descriptor) {
        let (root, path) = (folder.join("layout"), folder.join("layout.tar"));
        let layout = Directory::create(&root).unwrap();
        layout.put(&Descriptor::of(media_type::LAYER, b"content"), Body::bytes("content")).await.unwrap();
        let bytes = json::compact(&ImageIndex::new(Vec::new())).unwrap();
        let node = Descriptor::of(media_type::INDEX, &bytes);
        layout.put_tagged(&node, Body::bytes(bytes), &Tag::any(TAG)).await.unwrap();
        layout.commit().await.unwrap();
        let mut tar = ::tar::Builder::new(Vec::new());
        tar.append_dir_all(prefix, &root).unwrap();
        crate::disk::write(&path, &tar.into_inner().unwrap(), 0o644).unwrap();
        (path, node)
    }

    #[tokio::test]
    async fn a_layout_is_read_where_it_lies() {
        for prefix in [".", ""] {
            let folder = tempfile::tempdir().unwrap();
            let (path, node) = packed(folder.path(), prefix).await;
            let archive = layout::open(&path).unwrap();
            let (found, bytes) = archive.manifest(&Locator::Tag(Tag::any(TAG))).await.unwrap();
            assert!(found.same_content(&node));
            assert_eq!(bytes.len() as u64, node.size);
            let blob = Descriptor::of(media_type::LAYER, b"content");
            assert_eq!(archive.stat(&blob.digest).await.unwrap().size, 7);
            assert!(archive.exists(&blob).await.unwrap());
            let rest: Vec<_> = archive.fetch(&blob).open(3).await.unwrap().collect().await;
            assert_eq!(rest[0].as_ref().unwrap(), "tent");
            let absent = Descriptor::of(media_type::LAYER, b"absent");
            assert!(archive.fetch(&absent).open(0).await.err().unwrap().is_not_found());
        }
    }

    #[tokio::test]
    async fn a_tar_that_is_cut_or_changed_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = packed(folder.path(), "").await;
        let whole = std::fs::read(&path).unwrap();
        let at = whole.windows(7).position(|bytes| bytes == b"content").unwrap();
        let mut changed = whole.clone();
        changed[at] = b'C';
        crate::disk::write(&path, &changed, 0o644).unwrap();
        let archive = Archive::open(&path).unwrap();
        let blob = Descriptor::of(media_type::LAYER, b"content");
        assert_eq!(archive.fetch(&blob).read(100).await.unwrap_err().to_string(), "mismatched digest");
        let name = path.display();
        for (bytes, why) in
            [(&whole[..at + 3], "unexpected EOF"), (&[1; 1024][..], "archive/tar: invalid tar header")]
        {
            crate::disk::write(&path, bytes, 0o644).unwrap();
            let says = Archive::open(&path).unwrap_err().to_string();
            assert_eq!(says, format!("\"{name}\" does not look like a tar archive: {why}"));
        }
    }
}
