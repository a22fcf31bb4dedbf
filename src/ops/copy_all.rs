//! Copy of many tags from one repository to another.
//!
//! All tags are compared first, a request for each at both ends; those that name the same already are left alone. The
//! others are copied several at a time, and what one of them has moved none of the others looks at again. What does not
//! belong here: which tags are meant, which is asked of whoever calls.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Companions, Reach, companions};
use crate::content::{Origin, Source, Target};
use crate::error::{Context, Result, Side};
use crate::oci::{Descriptor, Locator, Tag};
use crate::progress::{Ending, Reporter};
use crate::transfer::{Copier, Documents, Known, Limits, Present, Subjects, Wanted, closure};

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

/// Copies tags; the outcomes are in the order of the request.
///
/// # Errors
/// The first failure of a tag, if that is to be the end; the target cannot make it last.
pub async fn copy_all(
    source: &dyn Source,
    target: &dyn Target,
    request: &CopyAll,
    reporter: Arc<dyn Reporter>,
) -> Result<Vec<TagCopy>> {
    let documents = Documents::new(source);
    let limits = request.limits;
    let copier = Copier {
        documents: &documents,
        target,
        reporter,
        limits,
        mount_from: request.mount_from.clone(),
        twins: Ending::Skipped,
        subjects: Subjects::Taken,
        present: request.present,
        made: None,
        known: Known::default(),
    };
    let compared = stream::iter(&request.tags).map(|tag| compare(source, target, tag, request));
    let compared: Vec<_> = compared.buffered(limits.requests()).collect().await;
    let work = stream::iter(request.tags.iter().zip(compared)).map(|(tag, compared)| {
        let copier = &copier;
        async move {
            let outcome = match compared {
                Ok((root, TagAction::Copied)) => {
                    copy_one(copier, tag, &root, request).await.map(|()| (root, TagAction::Copied))
                }
                other => other,
            };
            match outcome {
                Err(error) if request.failures == Failures::End => Err(error.within(format!("tag {tag}"))),
                outcome => Ok(TagCopy { tag: tag.clone(), outcome }),
            }
        }
    });
    let done: Result<Vec<TagCopy>> = work.buffered(limits.graphs()).try_collect().await;
    let settled = target.commit().await.on(Side::Destination);
    let done = done?;
    settled.map(|()| done)
}

/// What a tag names, and whether it is to be copied.
async fn compare(
    source: &dyn Source,
    target: &dyn Target,
    tag: &Tag,
    request: &CopyAll,
) -> Result<(Descriptor, TagAction)> {
    let at = Locator::Tag(tag.clone());
    let (root, there) = futures_util::join!(source.resolve(&at), target.resolve(&at));
    let root = root.on(Side::Source)?;
    let there = match there {
        Ok(there) => Some(there.digest),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error.on(Side::Destination)),
    };
    // What refers to it may have changed where the manifest has not.
    let same = there.as_ref() == Some(&root.digest)
        && request.reach == Reach::Graph
        && request.present == Present::Kept;
    Ok((root, if same { TagAction::Same } else { TagAction::Copied }))
}

async fn copy_one(copier: &Copier<'_>, tag: &Tag, root: &Descriptor, request: &CopyAll) -> Result<()> {
    let tags = std::slice::from_ref(tag);
    if request.reach == Reach::Graph {
        return copier.tagged(root, tags).await;
    }
    let mut found = closure(copier.documents, root, &request.wanted, request.limits).await?;
    if request.companions == Companions::Taken {
        companions::add(copier.documents, &mut found, request.limits).await?;
    }
    copier.closure(&found, tags).await
}
