//! The copy of graphs from one end to another.
//!
//! What is there already is not moved, and nothing below it is looked at. A blob is taken from another repository of
//! the same registry where that can be, else its bytes are moved. A manifest is written when everything below it is
//! there, and a tag is the last thing of all. When something fails, what is under way is given up. Making it all last is
//! up to those who know when the last graph has come: [`Target::commit`].

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, join, stream};

use super::documents::parse;
use super::known::{Claim, Key, Turn, key};
use super::moving::Moving;
use super::{Closure, Documents, Entered, Known, Limits, Link, Visit, walk};
use crate::content::{Body, Mount, Origin, Target};
use crate::error::{Context, Error, Refusal, Result, Side};
use crate::oci::{Descriptor, Digest, Document, Tag};
use crate::progress::{Ending, Event, Reporter};

/// What becomes of the subject of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subjects {
    /// It is taken like a child.
    Taken,
    /// It is not looked at.
    #[default]
    Left,
}

/// What becomes of a manifest that the target says to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Present {
    /// It is left alone, and all below it.
    #[default]
    Kept,
    /// It is written again, and what is missing below it too.
    Repaired,
}

/// Copies graphs from a source to a target.
pub struct Copier<'a> {
    /// The source, and what was read of it.
    pub documents: &'a Documents<'a>,
    /// Where it goes.
    pub target: &'a dyn Target,
    /// Who hears of it.
    pub reporter: Arc<dyn Reporter>,
    /// How much at once.
    pub limits: Limits,
    /// Another repository of the target's registry that has the blobs.
    pub mount_from: Option<Origin>,
    /// What is told of a node that has the bytes of another one and a different title.
    pub twins: Ending,
    /// What becomes of subjects.
    pub subjects: Subjects,
    /// What becomes of manifests that are there.
    pub present: Present,
    /// What has been handled already: shared by copiers of several graphs to one target.
    pub known: Known,
}

impl<'a> Copier<'a> {
    /// One for copies from place to place: subjects go along, and what is there stays.
    pub fn new(
        documents: &'a Documents<'a>,
        target: &'a dyn Target,
        reporter: Arc<dyn Reporter>,
        limits: Limits,
    ) -> Self {
        Self {
            documents,
            target,
            reporter,
            limits,
            mount_from: None,
            twins: Ending::Skipped,
            subjects: Subjects::Taken,
            present: Present::Kept,
            known: Known::default(),
        }
    }

    /// Copies a node and everything below it.
    ///
    /// # Errors
    /// The first failure of either end, with the side.
    pub async fn graph(&self, root: &Descriptor) -> Result<()> {
        self.tagged(root, &[]).await
    }

    /// Copies a manifest and everything below it and gives it tags, the first one with the manifest itself.
    ///
    /// # Errors
    /// As [`Self::graph`].
    pub async fn tagged(&self, root: &Descriptor, tags: &[Tag]) -> Result<()> {
        let main = tags.first().map(|tag| (root, tag));
        walk([root], self.limits, &Job::new(self, main)).await?;
        self.tag(root, tags.get(1..).unwrap_or_default()).await
    }

    /// Copies a manifest with all that refers to it; the tags come when all of that is there.
    ///
    /// # Errors
    /// As [`Self::graph`].
    pub async fn closure(&self, closure: &Closure, tags: &[Tag]) -> Result<()> {
        let known = closure.links.iter().map(|link| (&link.subject, &link.referrer.digest)).collect();
        let lists = Lists::Together { known, more: Mutex::default() };
        let job = Job { lists, ..Job::new(self, None) };
        let named = closure.named.iter().map(|(_, node)| node);
        walk(closure.tops().chain(named), self.limits, &job).await?;
        // Where a top was there already, what lies below it was not looked at; and lists of referrers may lie.
        let unseen = closure.all.iter().filter(|node| !self.known.has(node));
        let unseen: Vec<Descriptor> = unseen.cloned().collect();
        let present = stream::iter(&unseen).map(|node| self.target.exists(node));
        let present: Vec<bool> =
            present.buffered(self.limits.requests()).try_collect().await.on(Side::Destination)?;
        let absent: Vec<Descriptor> =
            unseen.iter().zip(present).filter(|(_, there)| !there).map(|(node, _)| node.clone()).collect();
        walk(&absent, self.limits, &job).await?;
        job.enlist(closure).await.on(Side::Destination)?;
        let naming = stream::iter(&closure.named).map(|(tag, node)| self.put_tagged(node, tag));
        let () = naming.buffer_unordered(self.limits.requests()).try_collect().await?;
        let Some((root, (first, more))) = closure.all.first().zip(tags.split_first()) else {
            return Ok(());
        };
        self.put_tagged(root, first).await?;
        self.tag(root, more).await
    }

    /// Gives more tags to a manifest that is there. What else is told of it is told once, with the first tag.
    async fn tag(&self, root: &Descriptor, tags: &[Tag]) -> Result<()> {
        let bare = &root.bare();
        let tagging = stream::iter(tags).map(|tag| async move {
            self.put_tagged(bare, tag).await?;
            self.reporter.report(Event::Tagged(root, tag));
            Ok(())
        });
        tagging.buffer_unordered(self.limits.requests()).try_collect().await
    }

    /// Gives a tag to a manifest that is there. A registry takes the manifest once more for it.
    async fn put_tagged(&self, root: &Descriptor, tag: &Tag) -> Result<()> {
        if self.target.origin().is_none() {
            return self.target.tag(root, tag).await.on(Side::Destination);
        }
        let bytes = self.bytes(root).await?;
        self.target.put_tagged(root, Body::bytes(bytes), tag).await.on(Side::Destination)?;
        Ok(())
    }

    async fn bytes(&self, node: &Descriptor) -> Result<Bytes> {
        self.documents.bytes(node).await.on(Side::Source)
    }
}

/// When manifests get into the lists of referrers, where it is not the target that puts them there.
enum Lists<'a> {
    /// Each when it is put.
    Each,
    /// All when the last one is there: those of the closure, and these.
    Together { known: HashSet<(&'a Digest, &'a Digest)>, more: Mutex<Vec<Link>> },
}

/// One run of a copier.
struct Job<'a> {
    copier: &'a Copier<'a>,
    main: Option<(&'a Descriptor, &'a Tag)>,
    mounting: AtomicBool,
    lists: Lists<'a>,
    /// The nodes that no other graph is to look at meanwhile. When this one is given up, others have their turn.
    claims: Mutex<HashMap<Key, Claim>>,
}

impl<'a> Job<'a> {
    fn new(copier: &'a Copier<'a>, main: Option<(&'a Descriptor, &'a Tag)>) -> Self {
        let mounting = AtomicBool::new(copier.mount_from.is_some());
        Self { copier, main, mounting, lists: Lists::Each, claims: Mutex::default() }
    }

    fn report(&self, event: Event<'_>) {
        self.copier.reporter.report(event);
    }

    fn ended(&self, node: &Descriptor, ending: Ending) {
        self.copier.known.add(node);
        self.report(Event::Ended(node, ending));
    }

    fn claims(&self) -> MutexGuard<'_, HashMap<Key, Claim>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets others have their turn at a node.
    fn release(&self, node: &Descriptor) {
        let claim = self.claims().remove(&key(node));
        drop(claim);
    }

    /// The tag that this node gets with its bytes.
    fn tag_of(&self, node: &Descriptor) -> Option<&'a Tag> {
        self.main.filter(|(root, _)| key(root) == key(node)).map(|(_, tag)| tag)
    }

    async fn already_there(&self, node: &Descriptor) -> Result<()> {
        let Some(tag) = self.tag_of(node) else {
            self.ended(node, Ending::Existed);
            return Ok(());
        };
        // A registry gives a tag by taking the manifest once more: that is no node that was left alone.
        if self.copier.target.origin().is_none() {
            self.ended(node, Ending::Existed);
        }
        self.copier.put_tagged(node, tag).await
    }

    /// Whether the registry took the blob from another of its repositories.
    async fn mounted(&self, node: &Descriptor) -> Result<bool> {
        let Some(from) = self.copier.mount_from.as_ref().filter(|_| self.mounting.load(Ordering::Relaxed))
        else {
            return Ok(false);
        };
        match self.copier.target.mount(node, from).await {
            Ok(Mount::Mounted) => Ok(true),
            Ok(Mount::Refused) => Ok(false),
            Err(error) if may_not(&error) => {
                self.mounting.store(false, Ordering::Relaxed);
                Ok(false)
            }
            Err(error) => Err(error.on(Side::Destination)),
        }
    }

    async fn move_blob(&self, node: &Descriptor) -> Result<()> {
        let (source, target) = (self.copier.documents.source(), self.copier.target);
        let both_are_far = source.origin().is_some() && target.origin().is_some();
        if both_are_far && Limits::is_small(node) {
            let (body, moving, read) = Moving::ahead(source, node, &self.copier.reporter);
            let (put, ()) = join!(target.put(node, body), read);
            moving.outcome(put)?;
        } else {
            let (body, moving) = Moving::new(source, node, &self.copier.reporter);
            moving.outcome(target.put(node, body).await)?;
        }
        Ok(())
    }

    async fn move_manifest(&self, node: &Descriptor) -> Result<()> {
        let bytes = self.copier.bytes(node).await?;
        let document = parse(node, &bytes).on(Side::Source)?;
        match self.put_manifest(node, bytes.clone()).await {
            Err(error) if lacks_a_part(&error) => {
                // Some registries say that they have a manifest of which they only know elsewhere.
                for part in document.children().filter(|part| part.is_manifest()) {
                    self.put_manifest(part, self.copier.bytes(part).await?).await?;
                }
                self.put_manifest(node, bytes).await?;
            }
            put => put?,
        }
        if let Lists::Together { known, more } = &self.lists
            && let Some(subject) = &document.subject
            && !known.contains(&(&subject.digest, &node.digest))
        {
            more.lock().unwrap_or_else(PoisonError::into_inner).extend(Link::of(node, &document));
        }
        self.tell_twins(&document);
        Ok(())
    }

    /// Lists what was put, and what was there already but may not have been listed when an earlier run broke off.
    async fn enlist(&self, closure: &Closure) -> Result<()> {
        let Lists::Together { more, .. } = &self.lists else { return Ok(()) };
        let more = std::mem::take(&mut *more.lock().unwrap_or_else(PoisonError::into_inner));
        let links = closure.links.iter().cloned().chain(more);
        let all: Vec<_> = links.map(|link| (link.subject, link.referrer)).collect();
        self.copier.target.enlist(&all).await
    }

    async fn put_manifest(&self, node: &Descriptor, bytes: Bytes) -> Result<()> {
        let (target, body) = (self.copier.target, Body::bytes(bytes));
        let put = match (self.tag_of(node), &self.lists) {
            (Some(tag), _) => target.put_tagged(node, body, tag).await,
            (None, Lists::Each) => target.put(node, body).await,
            (None, Lists::Together { .. }) => target.put_unlisted(node, body).await,
        };
        put.map(drop).on(Side::Destination)
    }

    /// Nodes that are there because others with the same bytes are.
    fn tell_twins(&self, document: &Document) {
        for twin in self.copier.known.twins(document.children()) {
            self.report(Event::Ended(twin, self.copier.twins));
        }
    }

    /// Whether the target lacks a node. It may prepare for a small blob, but not ahead of turns that somebody counts.
    async fn is_missing(&self, node: &Descriptor) -> Result<bool> {
        if let Some(there) = self.copier.known.was_there(node) {
            return Ok(!there);
        }
        let mounts = self.mounting.load(Ordering::Relaxed);
        let is_sent = !node.is_manifest() && self.tag_of(node).is_none() && !mounts;
        if is_sent && Limits::is_small(node) && !self.copier.limits.is_capped() {
            return self.copier.target.lacks(node).await;
        }
        self.copier.target.exists(node).await.map(|there| !there)
    }

    /// What there is to be done for a node that nobody has handled.
    async fn look(&self, node: &Descriptor) -> Result<Entered> {
        let kept = self.copier.present == Present::Kept || !node.is_manifest();
        if kept && !self.is_missing(node).await.on(Side::Destination)? {
            self.already_there(node).await?;
            return Ok(Entered::Done);
        }
        if !node.is_manifest() {
            return Ok(Entered::Leaf);
        }
        let document = self.copier.documents.document(node).await.on(Side::Source)?;
        let subject = document.subject.iter().filter(|_| self.copier.subjects == Subjects::Taken);
        Ok(Entered::Children(subject.chain(document.children()).cloned().collect()))
    }

    async fn take_leaf(&self, node: &Descriptor) -> Result<()> {
        if self.tag_of(node).is_some() {
            // A manifest of a type that is not known here: what it is made of neither, but its registry takes it.
            let put = async { self.put_manifest(node, self.copier.bytes(node).await?).await };
            return self.telling(node, put).await;
        }
        if self.mounted(node).await? {
            self.ended(node, Ending::Mounted);
            return Ok(());
        }
        self.telling(node, self.move_blob(node)).await
    }

    async fn telling(&self, node: &Descriptor, work: impl Future<Output = Result<()>> + Send) -> Result<()> {
        self.report(Event::Started(node));
        let done = work.await;
        match done {
            Ok(()) => self.ended(node, Ending::Done),
            Err(_) => self.report(Event::Ended(node, Ending::Failed)),
        }
        done
    }
}

/// Whether the user may not do this, so that it need not be tried again.
fn may_not(error: &Error) -> bool {
    error.refusal().is_some_and(Refusal::is_denial)
}

/// Whether a manifest was refused because something in it is not there.
fn lacks_a_part(error: &Error) -> bool {
    let codes = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"];
    error.refusal().is_some_and(|refusal| refusal.names(&codes))
}

#[async_trait]
impl Visit for Job<'_> {
    async fn enter(&self, node: &Descriptor) -> Result<Entered> {
        match self.copier.known.turn(node) {
            // By an earlier walk, of this job or for another tag.
            Turn::Handled => {
                if let Some(tag) = self.tag_of(node) {
                    self.copier.put_tagged(node, tag).await?;
                }
                return Ok(Entered::Done);
            }
            Turn::Elsewhere(end) => return Ok(Entered::Elsewhere(end)),
            Turn::Ours(claim) => drop(self.claims().insert(key(node), claim)),
        }
        let entered = self.look(node).await?;
        if matches!(entered, Entered::Done) {
            self.release(node);
        }
        Ok(entered)
    }

    async fn transfer(&self, node: &Descriptor) -> Result<()> {
        self.take_leaf(node).await?;
        self.release(node);
        Ok(())
    }

    async fn leave(&self, node: &Descriptor) -> Result<()> {
        self.telling(node, self.move_manifest(node)).await?;
        self.release(node);
        Ok(())
    }
}
