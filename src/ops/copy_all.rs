//! Copy of many tags from one repository to another.
//!
//! All tags are compared first, a request for each at both ends; those that name the same already are left alone. The
//! others are copied several at a time, and what one of them moves, or has moved, none of the others looks at. What does not
//! belong here: which tags are meant, which is asked of whoever calls.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, join, stream};

use super::copy::{once, some, whole};
use super::plan::{Done, Dry, Record};
use super::verify::{Verified, verify};
use super::{Check, Companions, Reach};
use crate::content::{Origin, Source, Target};
use crate::error::{Context, Result, Side};
use crate::oci::{Descriptor, Locator, Platform, Tag};
use crate::progress::Reporter;
use crate::transfer::{Closure, Copier, Documents, Limits, Present, Wanted, select};

/// Which tags to copy, and how.
#[derive(Debug, Clone)]
pub struct CopyAll {
    /// The tags.
    pub tags: Vec<Tag>,
    /// How far the copy of each goes.
    pub reach: Reach,
    /// Which referrers go along.
    pub wanted: Wanted,
    /// Whether documents under tags of digests go along.
    pub companions: Companions,
    /// Where the target's registry may take blobs from, if it may at all.
    pub mount_from: Option<Origin>,
    /// What becomes of manifests that are there.
    pub present: Present,
    /// Which manifests of an index are meant; none means all of it.
    pub platforms: Vec<Platform>,
    /// Whether the copies are looked at when all of them are there.
    pub check: Check,
    /// Whether it goes on after a tag that failed.
    pub failures: Failures,
    /// How much at once.
    pub limits: Limits,
}

/// What a failure of one tag is for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failures {
    /// The end.
    End,
    /// Nothing: they are copied.
    Collected,
}

/// What became of one tag.
#[derive(Debug)]
pub struct TagCopy {
    /// The tag.
    pub tag: Tag,
    /// The manifest, and whether the destination had it under this tag already; or why it was not copied.
    pub outcome: Result<(Descriptor, TagAction)>,
}

/// What was copied.
#[derive(Debug)]
pub struct CopiedAll {
    /// What became of each tag, in the order of the request.
    pub tags: Vec<TagCopy>,
    /// Every node that was looked at, once, and what became of it.
    pub nodes: Vec<Done>,
    /// Whether there is an index of which some manifests were meant, and what refers to it stayed behind.
    pub left: bool,
    /// What was found at the destination afterwards, if it was looked at.
    pub verified: Option<Verified>,
}

/// What was done for a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagAction {
    /// It was copied.
    Copied,
    /// The destination named the same by it.
    Same,
}

/// All tags of a place, without those of the tag schema.
///
/// # Errors
/// Those of the source.
pub async fn tags_to_copy(source: &dyn Source) -> Result<Vec<Tag>> {
    let pages: Vec<Vec<Tag>> = source.tags(None).try_collect().await.on(Side::Source)?;
    Ok(pages.into_iter().flatten().filter(|tag| !super::tags::names_a_digest(tag)).collect())
}

/// Says what a copy of tags to a place that has these things would do, and does nothing.
///
/// # Errors
/// As [`copy_all`].
pub async fn plan_all(source: &dyn Source, there: &dyn Source, request: &CopyAll) -> Result<CopiedAll> {
    let request = CopyAll { check: Check::None, ..request.clone() };
    copy_all(source, &Dry(there), &request, Arc::new(())).await
}

/// Copies tags.
///
/// One request is waited for before anything is copied: what each tag names, asked of both ends at once and for all tags
/// together. Then come as many as [`copy()`] makes for each graph, several graphs at a time. What several of these share is
/// looked for, mounted and moved by one of them, and the others wait for it: where it is a manifest that has several of the
/// tags, one more request gives it those.
///
/// [`copy()`]: super::copy()
///
/// # Errors
/// The first failure of a tag, if that is to be the end; the target cannot make it last; what was copied is not there.
pub async fn copy_all(
    source: &dyn Source,
    target: &dyn Target,
    request: &CopyAll,
    reporter: Arc<dyn Reporter>,
) -> Result<CopiedAll> {
    let documents = Documents::new(source);
    let (limits, record) = (request.limits, Record::new(reporter));
    let copier = Copier {
        mount_from: request.mount_from.clone(),
        present: request.present,
        ..Copier::new(&documents, target, record.clone(), limits)
    };
    let compared = stream::iter(&request.tags).map(|tag| compare(&copier, tag, request));
    let compared: Vec<_> = compared.buffered(limits.requests()).collect().await;
    let work = stream::iter(request.tags.iter().zip(compared)).map(|(tag, compared)| {
        let copier = &copier;
        async move {
            let outcome = match compared {
                Ok((root, action, left)) => {
                    let graph = copy_one(copier, tag, &root, action, request).await;
                    graph.map(|graph| (root, action, left, graph))
                }
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if request.failures == Failures::End => Err(error.within(format!("tag {tag}"))),
                outcome => Ok((tag.clone(), outcome)),
            }
        }
    });
    let done: Result<Vec<_>> = work.buffered(limits.graphs()).try_collect().await;
    let settled = target.commit().await.on(Side::Destination);
    let (done, mut tags, mut graphs, mut any_left) = (done?, Vec::new(), Vec::new(), false);
    settled?;
    for (tag, outcome) in done {
        let outcome = outcome.map(|(root, action, left, graph)| {
            any_left |= left;
            graphs.extend(graph.map(|graph| (graph, vec![tag.clone()])));
            (root, action)
        });
        tags.push(TagCopy { tag, outcome });
    }
    let verified = match request.check {
        Check::None => None,
        Check::Everything => Some(verify(target, &graphs, limits).await.on(Side::Destination)?),
    };
    Ok(CopiedAll { tags, nodes: once(record.take()), left: any_left, verified })
}

/// What a tag names, whether it is to be copied, and whether something that refers to it stays behind.
async fn compare(copier: &Copier<'_>, tag: &Tag, request: &CopyAll) -> Result<(Descriptor, TagAction, bool)> {
    let (documents, at) = (copier.documents, Locator::Tag(tag.clone()));
    let (root, there) = join!(documents.source().resolve(&at), copier.target.resolve(&at));
    let root = root.on(Side::Source)?;
    let (root, left) = match request.platforms.as_slice() {
        [platform] => (select(documents, &root, platform).await.on(Side::Source)?, None),
        platforms => some(documents, root, platforms, request.reach).await?,
    };
    let left = left.is_some_and(|referrers| !referrers.is_empty());
    let there = match there {
        Ok(there) => Some(there.digest),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error.on(Side::Destination)),
    };
    // What refers to it may have changed where the manifest has not.
    let same = there.as_ref() == Some(&root.digest)
        && request.reach == Reach::Graph
        && request.present == Present::Kept;
    Ok((root, if same { TagAction::Same } else { TagAction::Copied }, left))
}

/// Copies one graph, unless it is there; what belongs to it, if that is looked at afterwards.
async fn copy_one(
    copier: &Copier<'_>,
    tag: &Tag,
    root: &Descriptor,
    action: TagAction,
    request: &CopyAll,
) -> Result<Option<Closure>> {
    let found = match action {
        TagAction::Same => Closure { all: vec![root.clone()], ..Closure::default() },
        TagAction::Copied => {
            let tags = std::slice::from_ref(tag);
            whole(copier, root, tags, request.reach, &request.wanted, request.companions).await?
        }
    };
    Ok((request.check == Check::Everything).then_some(found))
}
