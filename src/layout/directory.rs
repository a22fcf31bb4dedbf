//! A layout in a folder, as a source and a target.
//!
//! Blobs are written at once and appear whole; what `put` and `tag` do to the index is seen by this value at once and
//! by others after `commit`, which writes the index one time for all of it. One value may be used by many tasks.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use self::folder::Folder;
use self::taking::{Held, MODE};
use super::blobs::{self, Blobs};
use super::gc::{self, Reach};
use super::graph::Graph;
use super::index::Change;
use super::ledger::{Ledger, Removal};
use crate::content::{Body, ByteStream, Landing, Put, Source, Target, checked, read_checked};
use crate::disk::{Draft, Turns};
use crate::error::{Error, IoContext, Result};
use crate::oci::{Algorithm, Descriptor, Digest, Document, Hasher, Locator, Tag, media_type};

mod folder;
mod taking;

/// A layout in a folder. Clones are the same layout, with the same steps that are not committed.
#[derive(Debug, Clone)]
pub struct Directory {
    inner: Arc<Inner>,
    reach: Reach,
}

#[derive(Debug)]
struct Inner {
    folder: Folder,
    ledger: Ledger,
    graph: Graph,
    /// Those who commit while another one writes wait here, and then share the next write.
    writer: Arc<tokio::sync::Mutex<()>>,
    /// What was taken from files and not put yet.
    held: Held,
    /// Whether what others have left was looked for.
    tidied: Once,
}

impl Directory {
    /// The layout in a folder.
    ///
    /// # Errors
    /// There is no such folder, or no layout in it, or one of a version that nobody here knows.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(path.as_ref(), false)
    }

    /// The layout in a folder, which is made with the first content that it takes.
    ///
    /// # Errors
    /// A file is in the way, or a layout that cannot be read.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => {
                Err(Error::io("mkdir", path, io::ErrorKind::NotADirectory.into()))
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("stat", path, error)),
            _ => Self::new(path, true),
        }
    }

    fn new(path: &Path, may_create: bool) -> Result<Self> {
        let inner = Inner {
            folder: Folder { root: path.to_owned(), turns: Turns::default() },
            ledger: Ledger::open(path, may_create)?,
            graph: Graph::default(),
            writer: Arc::default(),
            held: Held::default(),
            tidied: Once::new(),
        };
        Ok(Self { inner: Arc::new(inner), reach: Reach::default() })
    }

    /// The same layout, with deletions that reach that far.
    #[must_use]
    pub fn deleting(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Whether it lists a manifest: blobs alone are nothing that could be found.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub async fn has_manifests(&self) -> Result<bool> {
        self.blocking(|inner| Ok(inner.ledger.current()?.nodes().next().is_some())).await
    }

    /// All content that its index leads to.
    pub(super) async fn reachable(&self) -> Result<HashSet<Digest>> {
        self.blocking(|inner| {
            let manifests = inner.graph.manifests(&*inner.ledger.current()?, &inner.folder)?;
            let named = manifests
                .iter()
                .flat_map(|(node, links)| links.children().chain(&links.subject).chain([&node.digest]));
            Ok(named.cloned().collect())
        })
        .await
    }

    /// Does work with files where it may block.
    async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        self.inner.folder.turns.briefly(move || work(&inner)).await
    }

    /// Does work that writes the index, one after the other. Work that has begun is ended also when nobody waits for
    /// it any more.
    async fn writing<F>(&self, work: F) -> Result<()>
    where
        F: FnOnce(&Inner) -> Result<()> + Send + 'static,
    {
        let turn = Arc::clone(&self.inner.writer).lock_owned().await;
        self.blocking(move |inner| {
            let _turn = turn;
            work(inner)
        })
        .await
    }

    async fn put_manifest(&self, node: &Descriptor, body: &Body) -> Result<Put> {
        let bytes = read_checked(body, node).await?;
        Document::parse(&node.media_type, &bytes)
            .map_err(|why| Error::invalid(format!("{}: {why}", node.digest)))?;
        let node = node.clone();
        self.blocking(move |inner| {
            if inner.folder.size(&node.digest)? != Some(node.size) {
                let draft = inner.draft(&node.digest)?;
                draft.file().write_all(&bytes).at("write", inner.folder.path(&node.digest))?;
                inner.publish(draft, &node.digest)?;
            }
            inner.ledger.need(&node.digest);
            inner.ledger.record(Change::List(node))?;
            Ok(Put::Stored)
        })
        .await
    }

    async fn put_blob(&self, node: &Descriptor, body: Body) -> Result<Put> {
        let digest = node.digest.clone();
        if self.take(node, &body).await? {
            body.was_taken(node.size);
            return Ok(Put::Stored);
        }
        // Opened first: what cannot be had leaves no trace.
        let landing = Landing::default();
        let content = checked(body, node).open_into(landing.clone()).await?;
        let draft = self.blocking({
            let digest = digest.clone();
            move |inner| inner.draft(&digest)
        });
        let draft = draft.await?;
        if let Some((write, read)) = draft.positions() {
            landing.found(write, read);
        }
        let (draft, _) = draft.pour(content).await?;
        self.blocking(move |inner| inner.publish(draft, &digest)).await?;
        Ok(Put::Stored)
    }
}

impl Inner {
    /// A draft that will be this blob.
    fn draft(&self, digest: &Digest) -> Result<Draft> {
        self.draft_of(&self.folder.path(digest))
    }

    /// A draft that is called so when it fails, in the folder itself: nobody looks for content there.
    fn draft_of(&self, name: &Path) -> Result<Draft> {
        self.begin(|| Draft::within(&self.folder.root, name)?.claimed())
    }

    /// Makes something that has no name yet. What others have left goes before: it would grow with every run that is cut
    /// off here.
    fn begin<T>(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        self.tidy();
        self.ledger.adding(make)
    }

    /// Removes what others have left, once, and while nothing of this run is under way. Whoever may not do so can go on.
    fn tidy(&self) {
        self.tidied.call_once(|| {
            let _ = self.ledger.tidy();
        });
    }

    fn commit(&self) -> Result<()> {
        self.ledger.commit(|digest| self.folder.path(digest))?;
        self.tidy();
        Ok(())
    }

    fn publish(&self, draft: Draft, digest: &Digest) -> Result<()> {
        self.ledger.adding(|| draft.named(self.folder.make_for(digest)?).publish(MODE))?;
        self.ledger.need(digest);
        Ok(())
    }
}

/// A hash is whole after each piece.
fn locked(hasher: &Mutex<Hasher>) -> MutexGuard<'_, Hasher> {
    hasher.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Source for Directory {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        let at = at.clone();
        self.blocking(move |inner| blobs::resolve(&*inner.ledger.current()?, &inner.folder, &at)).await
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        let digest = blob.clone();
        self.blocking(move |inner| blobs::stat(&inner.folder, &digest)).await
    }

    /// A manifest that lies there but is not listed is not there: it was left by somebody who did not come to the end.
    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        let node = node.clone();
        self.blocking(move |inner| {
            let there = inner.folder.size(&node.digest)? == Some(node.size)
                && (!node.is_manifest() || inner.ledger.current()?.listed(&node.digest).is_some());
            if there {
                inner.ledger.need(&node.digest);
            }
            Ok(there)
        })
        .await
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        blobs::fetch(&self.inner.folder, node)
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        let (subject, kind) = (node.digest.clone(), artifact_type.map(str::to_owned));
        self.blocking(move |inner| {
            let index = inner.ledger.current()?;
            inner.graph.referrers(&index, &inner.folder, &subject, kind.as_deref())
        })
        .await
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        let after = after.map(str::to_owned);
        let tags = self.blocking(move |inner| Ok(inner.ledger.current()?.tags(after.as_deref())));
        stream::once(tags).boxed()
    }
}

#[async_trait]
impl Target for Directory {
    async fn put(&self, node: &Descriptor, body: Body) -> Result<Put> {
        if self.exists(node).await? {
            return Ok(Put::AlreadyThere);
        }
        if node.is_manifest() {
            self.put_manifest(node, &body).await
        } else {
            self.put_blob(node, body).await
        }
    }

    async fn put_unnamed(&self, stream: ByteStream) -> Result<Descriptor> {
        let hasher = Arc::new(Mutex::new(Hasher::new(Algorithm::default())));
        let heard = Arc::clone(&hasher);
        let stream = stream.inspect_ok(move |piece| locked(&heard).update(piece));
        let begin = self.blocking(|inner| inner.draft_of(&inner.folder.root));
        let (draft, size) = begin.await?.pour(stream).await?;
        let digest = locked(&hasher).clone().finish();
        let node = Descriptor::new(media_type::OCTET_STREAM, digest.clone(), size);
        if !self.exists(&node).await? {
            let end = move |inner: &Inner| inner.publish(draft, &digest);
            self.blocking(end).await?;
        }
        Ok(node)
    }

    async fn hold(&self, file: &Path) -> Option<Descriptor> {
        self.keep(file.to_owned()).await
    }

    async fn tag(&self, node: &Descriptor, tag: &Tag) -> Result<()> {
        let (node, tag) = (node.clone(), tag.clone());
        self.blocking(move |inner| match inner.folder.size(&node.digest)? {
            Some(_) => inner.ledger.record(Change::Tag(node, tag)),
            None => Err(Error::missing()),
        })
        .await
    }

    /// Lasting when it returns, as all that was recorded before.
    async fn delete(&self, node: &Descriptor) -> Result<()> {
        let (node, reach) = (node.clone(), self.reach);
        self.writing(move |inner| {
            let there = inner.folder.size(&node.digest)?.is_some();
            if !there && inner.ledger.current()?.listed(&node.digest).is_none() {
                return Err(Error::missing());
            }
            inner.ledger.replace(|index| {
                let mut digests = [node.digest.clone()].into();
                if reach == Reach::Graph && node.is_manifest() {
                    let all = inner.graph.manifests(index, &inner.folder)?;
                    digests = gc::dangling(&all, &index.tagged_digests(), &node.digest);
                }
                let files = digests.iter().map(|digest| inner.folder.path(digest)).collect();
                Ok(Some(Removal { digests, files }))
            })
        })
        .await
    }

    /// Lasting when it returns, as all that was recorded before.
    async fn untag(&self, tag: &Tag) -> Result<()> {
        let tag = tag.clone();
        self.writing(move |inner| {
            inner.ledger.current()?.tagged(&tag).ok_or_else(Error::missing)?;
            inner.ledger.record(Change::Untag(tag))?;
            inner.commit()
        })
        .await
    }

    async fn commit(&self) -> Result<()> {
        self.writing(Inner::commit).await
    }
}

#[cfg(test)]
mod tests;
