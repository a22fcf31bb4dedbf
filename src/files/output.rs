//! A folder as a target: nodes with a title become files below it.
//!
//! A file is written beside its final name and renamed when size and digest are right, so what had the name before
//! is replaced only by something good. Nodes without a title, and manifests, are kept in memory, where the walk of
//! the graph reads them. What was made here is removed again unless [`Output::keep`] says that all went well.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::bounds::{Bounds, Traversal};
use super::folder::Folder;
use super::ledger::{Ledger, in_the_way};
use super::unpack::{Place, ROOT, unpack};
use crate::content::{Body, Landing, Memory, Put, Source, Target, checked, read_checked};
use crate::disk::{self, Draft, Turns, Wanted};
use crate::error::{Error, IoContext, Kind, Result};
use crate::oci::{Descriptor, Digest, Locator, Tag, annotations, media_type};

/// The step in which a title is refused.
const RESOLVING: &str = "failed to resolve path for writing";

/// Content of so many bytes or less is had in memory before its file is begun: a handful of pieces of work on other threads
/// for each of many small files would take longer than the files.
const SMALL: u64 = 128 * 1024;

/// The rights of a new file, less those that the user wants no file to have.
const NEW: u32 = 0o666;

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Write over it.
    #[default]
    Replace,
    /// Keep it, and fail.
    Keep,
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
    bounds: Bounds,
    existing: Existing,
    memory: Memory,
    ledger: Ledger,
    turns: Turns,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What each path is to become.
    claimed: HashMap<PathBuf, Descriptor>,
    written: Vec<Written>,
    /// Where in that list content is, by its digest.
    places: HashMap<Digest, Vec<usize>>,
}

impl Known {
    fn add(&mut self, written: Written) {
        self.places.entry(written.node.digest.clone()).or_default().push(self.written.len());
        self.written.push(written);
    }

    /// What was written of this content.
    fn with(&self, digest: &Digest) -> impl Iterator<Item = &Written> {
        self.places.get(digest).into_iter().flatten().map(|place| &self.written[*place])
    }
}

impl Output {
    /// Writes below `folder`, an absolute path, which is made when the first file is written.
    pub fn new(folder: impl Into<PathBuf>, rules: Rules) -> Self {
        Self(Arc::new(Inner {
            bounds: Bounds::new(&folder.into(), rules.traversal),
            existing: rules.existing,
            memory: Memory::new(),
            ledger: Ledger::default(),
            turns: Turns::default(),
            known: Mutex::default(),
        }))
    }

    /// Says that this node will be put. Called for all of them before the first is, it finds two nodes for one file
    /// while nothing has been written.
    ///
    /// # Errors
    /// Other content has the title already; the title leads out of the folder; the file is there and is to be kept.
    pub fn claim(&self, node: &Descriptor) -> Result<()> {
        match node.title() {
            Some(title) => self.0.claim(title, node).map(drop),
            None => Ok(()),
        }
    }

    /// Writes a node from equal content that was written under another title. Says whether there was any.
    ///
    /// # Errors
    /// As [`Target::put`].
    pub async fn restore(&self, node: &Descriptor) -> Result<bool> {
        let Some(written) = self.0.written_with(&node.digest).filter(|_| !is_archive(node)) else {
            return Ok(false);
        };
        self.put(node, file_body(written, node)).await?;
        Ok(true)
    }

    /// What was written so far, in the order in which it was done.
    pub fn written(&self) -> Vec<Written> {
        self.0.known().written.clone()
    }

    /// All went well: what was written stays.
    pub fn keep(&self) {
        self.0.ledger.forget();
    }

    /// Removes what was made here and was not there before. Done by itself when the last clone is dropped, unless
    /// [`Output::keep`] was called.
    pub async fn undo(&self) {
        let inner = Arc::clone(&self.0);
        // Removing cannot fail in a way that would help anybody, and a panic there is no news either.
        let _ = tokio::task::spawn_blocking(move || inner.ledger.undo()).await;
    }

    async fn write(&self, node: &Descriptor, path: PathBuf, body: Body) -> Result<()> {
        let inner = Arc::clone(&self.0);
        if node.size <= SMALL {
            let bytes = read_checked(&body, node).await.map_err(|error| copying(error, &path))?;
            let write = move || {
                let (mut draft, folder) = inner.begin(&path)?;
                draft.write(&bytes)?;
                inner.ledger.publish(draft, &folder, &path)
            };
            return self.0.turns.briefly(write).await;
        }
        let target = path.clone();
        let (draft, folder) = self.0.turns.briefly(move || inner.begin(&target)).await?;
        let draft = pour(draft, &path, node, body).await?;
        let inner = Arc::clone(&self.0);
        self.0.turns.briefly(move || inner.ledger.publish(draft, &folder, &path)).await
    }

    async fn unpack(&self, node: &Descriptor, path: PathBuf, body: Body) -> Result<()> {
        let (inner, target) = (Arc::clone(&self.0), path.clone());
        let opened = tokio::task::spawn_blocking(move || {
            inner.ledger.make_parents(&target, inner.bounds.folder())?;
            // The folder itself has nothing beside it that would be ours to write.
            let is_top = target == inner.bounds.folder();
            let beside = if is_top { Some(target.as_path()) } else { target.parent() };
            let beside = beside.unwrap_or(&target).to_owned();
            if is_top {
                disk::make_folder(&beside)?;
            }
            let draft = Draft::within(&beside, &target)?;
            Ok((draft.kept_by(inner), beside))
        });
        let (draft, beside) = disk::joined(opened.await)?;
        let draft = pour(draft, &path, node, body).await?;
        let (inner, node) = (Arc::clone(&self.0), node.clone());
        let work = disk::work(move |wanted| {
            let unpacked = inner.open_up(&draft, &node, &path, &beside, wanted);
            unpacked.map_err(|error| error.within(format!("failed to extract tar to {}", path.display())))
        });
        work.await
    }
}

/// Writes content that is checked on the way.
async fn pour(draft: Draft, path: &Path, node: &Descriptor, body: Body) -> Result<Draft> {
    let landing = Landing::default();
    if let Some((write, read)) = draft.positions() {
        landing.found(write, read);
    }
    let stream = checked(body, node).open_into(landing).await?;
    draft.pour(stream).await.map(|(draft, _)| draft).map_err(|error| copying(error, path))
}

/// What is said of content that did not come; the disk's own errors name the file.
fn copying(error: Error, path: &Path) -> Error {
    match error.kind() {
        Kind::Io { .. } => error,
        _ => error.within(format!("failed to copy content to {}", path.display())),
    }
}

/// Whether a node is to be unpacked.
fn is_archive(node: &Descriptor) -> bool {
    node.annotations.get(annotations::CONTENT_UNPACK).is_some_and(|value| value == "true")
}

/// Whether two nodes are the same file or folder when they are written.
fn become_the_same(one: &Descriptor, other: &Descriptor) -> bool {
    one.digest == other.digest && is_archive(one) == is_archive(other)
}

fn file_body(path: PathBuf, node: &Descriptor) -> Body {
    let open = move |from| {
        let path = path.clone();
        async move { disk::read(&path, from).await }
    };
    checked(Body::reopening(Some(node.size), open), node)
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a file: its draft, and its folder, which is held open.
    fn begin(self: &Arc<Self>, target: &Path) -> Result<(Draft, Folder)> {
        in_the_way(target)?;
        self.ledger.make_parents(target, self.bounds.folder())?;
        let folder = self.bounds.hold_parent(target)?;
        let draft = Draft::created(target, |name| folder.create(name, NEW))?;
        Ok((draft.kept_by(Arc::<Self>::clone(self)), folder))
    }

    fn open_up(
        &self,
        draft: &Draft,
        node: &Descriptor,
        path: &Path,
        beside: &Path,
        wanted: &Wanted,
    ) -> Result<()> {
        let content = node.annotations.get(annotations::CONTENT_DIGEST);
        let content: Option<Digest> = content.and_then(|digest| digest.parse().ok());
        let place = Place { target: path, title: node.title().unwrap_or_default() };
        let unpacked = unpack(draft.file(), place, content.as_ref(), beside, wanted)?;
        let (from, root) = (unpacked.folder()?, OsStr::new(ROOT));
        let target = match path.file_name() {
            // A folder that the user named by a link is that folder, not the link.
            _ if path == self.bounds.folder() => {
                let (from, to) = (from.enter(root).at("open", path)?, self.bounds.hold(path)?);
                self.ledger.settle_all(&from, &to, path)?;
                to
            }
            Some(name) => {
                let parent = self.bounds.hold(path.parent().unwrap_or(path))?;
                self.ledger.settle((&from, root), (&parent, name), path)?;
                parent.enter(name).at("open", path)?
            }
            None => return Err(Error::invalid(format!("{} is no name of a folder", path.display()))),
        };
        unpacked.finish(&target, path)
    }

    /// Where a node with this title goes, if that was said of it before.
    fn claimed(&self, title: &str, node: &Descriptor) -> Option<PathBuf> {
        let path = self.bounds.named(title);
        let known = self.known();
        known.claimed.get(&path).is_some_and(|claimed| become_the_same(claimed, node)).then_some(path)
    }

    fn claim(&self, title: &str, node: &Descriptor) -> Result<PathBuf> {
        let path = self.bounds.resolve(title).map_err(|error| error.within(RESOLVING))?;
        let new = match self.known().claimed.get(&path) {
            Some(other) if !become_the_same(other, node) => {
                return Err(Error::invalid(format!("{title}: duplicate name")));
            }
            other => other.is_none(),
        };
        if new && self.existing == Existing::Keep && fs::symlink_metadata(&path).is_ok() {
            return Err(Error::invalid("overwrite disallowed").within(RESOLVING));
        }
        self.known().claimed.entry(path.clone()).or_insert_with(|| node.clone());
        Ok(path)
    }

    fn written_at(&self, node: &Descriptor) -> Option<PathBuf> {
        let known = self.known();
        let mut same = known.with(&node.digest).filter(|written| written.node.title() == node.title());
        same.next().map(|written| written.path.clone())
    }

    /// A file that has these bytes; an unpacked archive has them no more.
    fn written_with(&self, digest: &Digest) -> Option<PathBuf> {
        let known = self.known();
        let mut same = known.with(digest).filter(|written| !is_archive(&written.node));
        same.next().map(|written| written.path.clone())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ledger.undo();
    }
}

#[async_trait]
impl Source for Output {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        self.0.memory.resolve(at).await
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        let size = self.0.known().with(blob).next().map(|written| written.node.size);
        match size {
            Some(size) => Ok(Descriptor::new(media_type::OCTET_STREAM, blob.clone(), size)),
            None => self.0.memory.stat(blob).await,
        }
    }

    /// Whether this very title was written; what has none is in memory.
    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        match node.title() {
            Some(_) => Ok(self.0.written_at(node).is_some()),
            None => self.0.memory.exists(node).await,
        }
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        match self.0.written_with(&node.digest).filter(|_| !node.is_manifest()) {
            Some(path) => file_body(path, node),
            None => self.0.memory.fetch(node),
        }
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
    async fn put(&self, node: &Descriptor, mut body: Body) -> Result<Put> {
        if node.title().is_none() || node.is_manifest() {
            let bytes = Body::bytes(read_checked(&body, node).await?);
            let put = self.0.memory.put(node, bytes.clone()).await?;
            if node.title().is_none() {
                return Ok(put);
            }
            body = bytes;
        }
        let title = node.title().unwrap_or_default();
        if self.0.written_at(node).is_some() {
            return Ok(Put::AlreadyThere);
        }
        let mut path = if let Some(path) = self.0.claimed(title, node) {
            path
        } else {
            let (inner, claimed, title) = (Arc::clone(&self.0), node.clone(), title.to_owned());
            self.0.turns.briefly(move || inner.claim(&title, &claimed)).await?
        };
        if is_archive(node) {
            self.unpack(node, path.clone(), body).await?;
            path.push("");
        } else {
            self.write(node, path.clone(), body).await?;
        }
        self.0.known().add(Written { node: node.clone(), path });
        Ok(Put::Stored)
    }

    async fn tag(&self, node: &Descriptor, tag: &Tag) -> Result<()> {
        self.0.memory.tag(node, tag).await
    }
}

#[cfg(test)]
mod tests;
