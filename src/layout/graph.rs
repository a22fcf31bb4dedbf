//! Which manifest names what, and what refers to it.
//!
//! A layout has no list of referrers, so its manifests are read for their subjects. What a digest names never
//! changes, so each is read once and remembered; whether it is there is asked of the index every time. The lists that
//! follow from an index are made once for it, or each of a thousand referrers would be asked for a thousand others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::blobs::Blobs;
use super::index::Index;
use crate::error::Result;
use crate::oci::{Annotations, Descriptor, Digest, Document, media_type};

/// What is remembered of a manifest.
#[derive(Debug)]
pub(super) struct Links {
    /// The manifests that it is made of.
    manifests: Vec<Descriptor>,
    /// The blobs that it is made of.
    blobs: Vec<Digest>,
    /// The manifest that it is about.
    pub(super) subject: Option<Digest>,
    artifact_type: Option<String>,
    annotations: Annotations,
}

/// The manifests that were read so far.
#[derive(Debug, Default)]
pub(super) struct Graph {
    known: Mutex<HashMap<Digest, Arc<Links>>>,
    lists: Mutex<Option<(Weak<Index>, Arc<Lists>)>>,
}

/// The referrers of all subjects, in the order of an index.
type Lists = HashMap<Digest, Vec<Descriptor>>;

impl Links {
    /// What a manifest of that type names.
    pub(super) fn of(document: Document) -> Self {
        let (manifests, blobs): (Vec<_>, Vec<_>) = document.children().partition(|child| child.is_manifest());
        Self {
            manifests: manifests.into_iter().map(Descriptor::bare).collect(),
            blobs: blobs.into_iter().map(|blob| blob.digest.clone()).collect(),
            artifact_type: document.effective_artifact_type().map(str::to_owned),
            subject: document.subject.map(|subject| subject.digest),
            annotations: document.annotations,
        }
    }

    /// All that it is made of.
    pub(super) fn children(&self) -> impl Iterator<Item = &Digest> {
        self.manifests.iter().map(|manifest| &manifest.digest).chain(&self.blobs)
    }

    /// The manifest as a list of referrers has it.
    fn entry(&self, node: &Descriptor) -> Descriptor {
        Descriptor {
            annotations: self.annotations.clone(),
            artifact_type: self.artifact_type.clone(),
            ..node.bare()
        }
    }
}

impl Graph {
    /// What a manifest names; nothing where it is not there or is none.
    fn links(&self, blobs: &dyn Blobs, node: &Descriptor) -> Result<Option<Arc<Links>>> {
        if !media_type::is_manifest(&node.media_type) {
            return Ok(None);
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&node.digest).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let document = blobs.document(&node.digest)?;
        let read = document.and_then(|bytes| Document::parse(&node.media_type, &bytes).ok());
        Ok(read.map(|document| self.remember(&node.digest, Links::of(document))))
    }

    fn remember(&self, digest: &Digest, mut links: Links) -> Arc<Links> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Thousands may have the same subject, and one text is enough for all.
        if let Some(subject) = &mut links.subject
            && let Some((same, _)) = known.get_key_value(subject)
        {
            *subject = same.clone();
        }
        Arc::clone(known.entry(digest.clone()).or_insert_with(|| Arc::new(links)))
    }

    /// All manifests of a layout that can be read, those that only an index names too, each once.
    pub(super) fn manifests(
        &self,
        index: &Index,
        blobs: &dyn Blobs,
    ) -> Result<Vec<(Descriptor, Arc<Links>)>> {
        let mut queue: VecDeque<Descriptor> = index.nodes().map(Descriptor::bare).collect();
        let mut seen: HashSet<Digest> = queue.iter().map(|node| node.digest.clone()).collect();
        let mut all = Vec::with_capacity(queue.len());
        while let Some(node) = queue.pop_front() {
            let Some(links) = self.links(blobs, &node)? else { continue };
            let inner = links.manifests.iter();
            queue.extend(inner.filter(|child| seen.insert(child.digest.clone())).cloned());
            all.push((node, links));
        }
        Ok(all)
    }

    /// The manifests about `subject`, in the order of the index.
    pub(super) fn referrers(
        &self,
        index: &Arc<Index>,
        blobs: &dyn Blobs,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>> {
        let lists = self.lists(index, blobs)?;
        let about = lists.get(subject).into_iter().flatten();
        let of_type =
            about.filter(|node| artifact_type.is_none() || node.artifact_type.as_deref() == artifact_type);
        Ok(of_type.cloned().collect())
    }

    /// The lists that follow from an index.
    fn lists(&self, index: &Arc<Index>, blobs: &dyn Blobs) -> Result<Arc<Lists>> {
        let made = self.lists.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((of, lists)) = made
            && of.ptr_eq(&Arc::downgrade(index))
        {
            return Ok(lists);
        }
        let mut lists = Lists::new();
        for (node, links) in self.manifests(index, blobs)? {
            if let Some(subject) = &links.subject {
                lists.entry(subject.clone()).or_default().push(links.entry(&node));
            }
        }
        let lists = Arc::new(lists);
        let made = (Arc::downgrade(index), Arc::clone(&lists));
        *self.lists.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(lists)
    }
}
