//! The deletion of a manifest with all that refers to it, and what is found before.
//!
//! What refers to it goes first, the deepest level before the others, so that a run that breaks off leaves nothing that
//! refers to something which is gone, and the next one finds the rest. What does not belong here: questions to the user.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::tags::names_a_digest;
use crate::content::Target;
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest, Locator, Tag, media_type};
use crate::transfer::{Documents, Limits, Wanted, closure};

/// What goes with a manifest, or would be left without it.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// The manifest.
    pub root: Descriptor,
    /// What refers to it, directly or not, as it goes: the deepest first.
    pub referrers: Vec<Referring>,
    /// The tags of all of these; they go with them.
    pub tags: Vec<Tag>,
    /// Indexes that have the manifest in them and stay.
    pub parents: Vec<Parent>,
}

/// A manifest that refers to one that is to be deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Referring {
    /// The manifest, with the type of the artifact.
    pub node: Descriptor,
    /// How many steps it is away.
    pub depth: usize,
}

/// An index with something in it that is to be deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Parent {
    /// The index.
    pub node: Descriptor,
    /// The tag by which it was found.
    pub tag: Tag,
}

/// Finds what refers to a manifest, the tags that go with it, and the indexes that it is in. Each tag of the place is
/// asked for once, and indexes are read, all of them together as far as the limits allow.
///
/// Requests that are made one after the other: two for each level of referrers, their list and what they say, and one for
/// the last that is empty; one for a page of tags, and one for what all of them name; one for each level of indexes.
///
/// # Errors
/// Those of the target.
pub async fn find_deletion(target: &dyn Target, root: &Descriptor, limits: Limits) -> Result<Deletion> {
    let documents = Documents::new(target);
    let found = closure(&documents, root, &Wanted::default(), limits).await?;
    let mut depths: HashMap<&Digest, usize> = HashMap::new();
    // Links come level by level, so that the subject of each is known before it.
    for link in &found.links {
        let depth = depths.get(&link.subject).copied().unwrap_or_default() + 1;
        depths.insert(&link.referrer.digest, depth);
    }
    // What refers to a part of an index is no reason to delete it with the index: the part stays.
    let parts: HashSet<&Digest> = found.parts.iter().map(|node| &node.digest).collect();
    let mut kept: HashSet<&Digest> = parts.clone();
    let mut referrers = Vec::new();
    for link in &found.links {
        if kept.contains(&link.subject) {
            kept.insert(&link.referrer.digest);
        } else {
            let depth = depths.get(&link.referrer.digest).copied().unwrap_or(1);
            referrers.push(Referring { node: link.referrer.clone(), depth });
        }
    }
    referrers.sort_by_key(|referring| std::cmp::Reverse(referring.depth));
    let doomed: HashSet<Digest> =
        referrers.iter().map(|referring| &referring.node.digest).chain([&root.digest]).cloned().collect();
    let named = named(target, limits).await?;
    let tags = named.iter().filter(|(_, node)| doomed.contains(&node.digest)).map(|(tag, _)| tag.clone());
    let tags = tags.collect();
    let staying = named.into_iter().filter(|(_, node)| !doomed.contains(&node.digest)).collect();
    let parents = parents(&documents, staying, &doomed, limits).await?;
    Ok(Deletion { root: root.clone(), referrers, tags, parents })
}

/// All tags with what they name, without the lists of the tag schema.
async fn named(target: &dyn Target, limits: Limits) -> Result<Vec<(Tag, Descriptor)>> {
    let pages: Vec<Vec<Tag>> = target.tags(None).try_collect().await?;
    let tags = pages.into_iter().flatten().filter(|tag| !names_a_digest(tag));
    let resolved = stream::iter(tags).map(|tag| async move {
        match target.resolve(&Locator::Tag(tag.clone())).await {
            Ok(node) => Ok(Some((tag, node))),
            // It went meanwhile.
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    });
    let resolved: Result<Vec<_>> = resolved.buffered(limits.requests()).try_collect().await;
    Ok(resolved?.into_iter().flatten().collect())
}

/// The indexes below these names that have something doomed in them.
async fn parents(
    documents: &Documents<'_>,
    names: Vec<(Tag, Descriptor)>,
    doomed: &HashSet<Digest>,
    limits: Limits,
) -> Result<Vec<Parent>> {
    let (mut parents, mut seen) = (Vec::new(), HashSet::new());
    let mut level = names;
    while !level.is_empty() {
        level.retain(|(_, node)| media_type::is_index(&node.media_type) && seen.insert(node.digest.clone()));
        let read = stream::iter(level).map(|(tag, node)| async move {
            let document = documents.document(&node).await?;
            Ok::<_, Error>((tag, node, document.manifests))
        });
        let read: Vec<_> = read.buffered(limits.requests()).try_collect().await?;
        level = Vec::new();
        for (tag, node, manifests) in read {
            if manifests.iter().any(|child| doomed.contains(&child.digest)) {
                parents.push(Parent { node, tag: tag.clone() });
            }
            level.extend(manifests.into_iter().map(|child| (tag.clone(), child)));
        }
    }
    Ok(parents)
}

/// Deletes what was found: level by level, the manifest last. Lists that the tag schema kept for these go, too.
///
/// Each level waits for the one before it: two requests made one after the other, and two more where there is such a list.
///
/// # Errors
/// Those of the target. What was deleted until then is gone; what is left is found again.
pub async fn delete_found(target: &dyn Target, deletion: &Deletion, limits: Limits) -> Result<()> {
    let mut levels: BTreeMap<usize, Vec<&Descriptor>> = BTreeMap::from([(0, vec![&deletion.root])]);
    for referring in &deletion.referrers {
        levels.entry(referring.depth).or_default().push(&referring.node);
    }
    let deleted = async {
        for level in levels.into_values().rev() {
            let work = stream::iter(level).map(|node| delete_one(target, node));
            let () = work.buffer_unordered(limits.requests()).try_collect().await?;
        }
        Ok(())
    };
    let deleted: Result<()> = deleted.await;
    deleted.and(target.commit().await)
}

/// Deletes a manifest, and the list of what referred to it.
async fn delete_one(target: &dyn Target, node: &Descriptor) -> Result<()> {
    match target.delete(node).await {
        // With the manifest that it was about, as some registries do it.
        Err(error) if error.is_not_found() => {}
        deleted => deleted?,
    }
    match target.resolve(&Locator::Tag(node.digest.referrers_tag())).await {
        Ok(list) if media_type::is_index(&list.media_type) => target.delete(&list).await,
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}
