//! Copy: a graph from one place to another.

use std::collections::HashSet;
use std::sync::Arc;

use super::companions;
use super::plan::{Action, Done, Dry, Record};
use super::subset::{Subset, subset};
use super::verify::{Verified, verify};
use crate::content::{Origin, Source, Target};
use crate::error::{Context, Error, Result, Side};
use crate::oci::{Descriptor, Locator, Platform, Tag};
use crate::progress::Reporter;
use crate::transfer::{Closure, Copier, Documents, Limits, Present, Wanted, closure, select};

/// How far a copy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The manifest and what it is made of.
    Graph,
    /// Also what refers to it, directly or not.
    Referrers,
}

/// What becomes of signatures and other documents that are about a manifest by their tag: `sha256-<hex>.sig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Companions {
    /// They stay where they are.
    #[default]
    Left,
    /// They go along with what they are about, under their tags.
    Taken,
}

/// What is done when everything has been copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Check {
    /// Nothing.
    #[default]
    None,
    /// The destination is asked for all of it.
    Everything,
}

/// What to copy.
#[derive(Debug, Clone)]
pub struct Copy {
    /// What is copied.
    pub from: Locator,
    /// What it is called at the destination; nothing means by its digest only.
    pub to: Option<Locator>,
    /// More tags for it there.
    pub tags: Vec<Tag>,
    /// How far it goes.
    pub reach: Reach,
    /// Which referrers go along.
    pub wanted: Wanted,
    /// Whether documents under tags of digests go along; only together with referrers.
    pub companions: Companions,
    /// Whether the copy is looked at when it is there.
    pub check: Check,
    /// Which manifests of an index are meant; none means all of it.
    pub platforms: Vec<Platform>,
    /// Where the target's registry may take blobs from, if it may at all.
    pub mount_from: Option<Origin>,
    /// What becomes of manifests that are there.
    pub present: Present,
    /// How much at once.
    pub limits: Limits,
}

/// What was copied.
#[derive(Debug, Clone)]
pub struct Copied {
    /// The manifest: where a platform was chosen, the chosen one.
    pub root: Descriptor,
    /// If it is an index that was made for the copy, with some of the manifests of another: those referrers of the
    /// other one that would have been copied with it.
    pub left: Option<Vec<Descriptor>>,
    /// All tags that it has got, those of the request in its order.
    pub tags: Vec<Tag>,
    /// Every node that was looked at, once, and what became of it.
    pub nodes: Vec<Done>,
    /// What was found at the destination afterwards, if it was looked at.
    pub verified: Option<Verified>,
}

/// Says what a copy to a place that has these things would do, and does nothing. What is there is looked at as by the
/// copy; no blob is read.
///
/// # Errors
/// As [`copy()`].
pub async fn plan(source: &dyn Source, there: &dyn Source, request: Copy) -> Result<Copied> {
    let request = Copy { check: Check::None, ..request };
    copy(source, &Dry(there), request, Arc::new(())).await
}

/// Copies a manifest with everything below it, and if wanted with everything that refers to it.
///
/// How many requests are made one after the other depends on the depth of the graph and not on its size: one for the
/// manifest; one for each level of referrers; on the way down two for each level (is it there, what is it made of); three
/// for small blobs (is it there, open an upload, send it; they are read meanwhile), of which the first two go together for
/// a few; one for each level on the way up; and one for the tag after all the others.
///
/// # Errors
/// Those of both ends, with the side; a destination named by another digest.
pub async fn copy(
    source: &dyn Source,
    target: &dyn Target,
    request: Copy,
    reporter: Arc<dyn Reporter>,
) -> Result<Copied> {
    let documents = Documents::new(source);
    let root = root(&documents, &request).await?;
    let (root, left) = some(&documents, root, &request.platforms, request.reach).await?;
    let tags = named(request.to.as_ref(), request.tags, &root)?;
    let record = Record::new(reporter);
    let copier = Copier {
        mount_from: request.mount_from,
        present: request.present,
        ..Copier::new(&documents, target, record.clone(), request.limits)
    };
    let found = whole(&copier, &root, &tags, request.reach, &request.wanted, request.companions).await;
    let settled = target.commit().await.on(Side::Destination);
    let found = found?;
    settled?;
    let all_tags = tags.iter().chain(found.named.iter().map(|(tag, _)| tag)).cloned().collect();
    let verified = match request.check {
        Check::None => None,
        Check::Everything => {
            Some(verify(target, &[(found, tags)], request.limits).await.on(Side::Destination)?)
        }
    };
    let nodes = nodes(record.take(), &root);
    Ok(Copied { root, left, tags: all_tags, nodes, verified })
}

/// Copies a manifest with all that goes with it, and tells what that is.
pub(super) async fn whole(
    copier: &Copier<'_>,
    root: &Descriptor,
    tags: &[Tag],
    reach: Reach,
    wanted: &Wanted,
    companions: Companions,
) -> Result<Closure> {
    if reach == Reach::Graph {
        copier.tagged(root, tags).await?;
        return Ok(Closure { all: vec![root.clone()], ..Closure::default() });
    }
    let mut found = closure(copier.documents, root, wanted, copier.limits).await?;
    if companions == Companions::Taken {
        companions::add(copier.documents, &mut found, copier.limits).await?;
    }
    copier.closure(&found, tags).await?;
    Ok(found)
}

/// What is meant of an index where several platforms are: all of it, one of its manifests, or an index that is made of
/// some, and then the referrers that stay behind.
pub(super) async fn some(
    documents: &Documents<'_>,
    root: Descriptor,
    platforms: &[Platform],
    reach: Reach,
) -> Result<(Descriptor, Option<Vec<Descriptor>>)> {
    if platforms.len() < 2 {
        return Ok((root, None));
    }
    match subset(documents, &root, platforms).await? {
        Subset::All => Ok((root, None)),
        Subset::One(only) => Ok((only, None)),
        Subset::Some(index, bytes) => {
            let left = match reach {
                Reach::Graph => Vec::new(),
                Reach::Referrers => documents.source().referrers(&root, None).await.on(Side::Source)?,
            };
            documents.add(&index, bytes);
            Ok((index, Some(left)))
        }
    }
}

/// Each node as it ended first.
pub(super) fn once(mut done: Vec<Done>) -> Vec<Done> {
    let mut seen = HashSet::new();
    done.retain(|done| seen.insert(done.node.digest.clone()));
    done
}

/// Each node once, as it ended first. A root that was there and has only got a tag has not been told.
fn nodes(done: Vec<Done>, root: &Descriptor) -> Vec<Done> {
    let mut done = once(done);
    let mut seen: HashSet<_> = done.iter().map(|done| done.node.digest.clone()).collect();
    if seen.insert(root.digest.clone()) {
        done.push(Done { node: root.clone(), action: Action::Existing });
    }
    done
}

/// The manifest that is meant.
async fn root(documents: &Documents<'_>, request: &Copy) -> Result<Descriptor> {
    let found = async {
        let (root, _) = documents.at(&request.from).await?;
        match request.platforms.as_slice() {
            [platform] => select(documents, &root, platform).await,
            _ => Ok(root),
        }
    };
    let found = found.await;
    if request.reach == Reach::Graph && request.to.is_some() {
        return found.on(Side::Source);
    }
    // Here oras resolves first and copies then, and words it so.
    found.within(|| format!("failed to resolve {}", request.from).into())
}

/// All tags of a manifest at its destination. A digest there must be its own.
pub(super) fn named(to: Option<&Locator>, more: Vec<Tag>, root: &Descriptor) -> Result<Vec<Tag>> {
    match to {
        Some(Locator::Digest(digest)) if *digest != root.digest => Err(Error::mismatch(format!(
            "the destination is named {digest}, the manifest has the digest {}",
            root.digest
        ))),
        Some(Locator::Tag(tag)) => Ok(std::iter::once(tag.clone()).chain(more).collect()),
        _ => Ok(more),
    }
}
