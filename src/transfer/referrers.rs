//! What refers to a manifest, and what refers to that.
//!
//! Level by level, several lists at once, each manifest once: lists that go round in a circle come to an end.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Documents, Limits};
use crate::error::{Context, Result, Side};
use crate::oci::{Descriptor, Digest, media_type};

/// A manifest and everything that refers to it, directly or not.
#[derive(Debug, Default)]
pub struct Closure {
    /// All of them, the manifest itself first, then in the order of the lists, level by level.
    pub all: Vec<Descriptor>,
    /// Those to which nothing refers. Their graphs hold the others, as far as the lists say the truth.
    pub tops: Vec<Descriptor>,
}

/// Finds everything that refers to a manifest. The direct children of an index count as the index itself.
///
/// # Errors
/// Those of the source.
pub async fn closure(documents: &Documents<'_>, root: &Descriptor, limits: Limits) -> Result<Closure> {
    let mut level = vec![root.clone()];
    let mut of_root = 1;
    if media_type::is_index(&root.media_type) {
        level.extend(documents.document(root).await.on(Side::Source)?.manifests);
        of_root = level.len();
    }
    let mut seen: HashSet<Digest> = level.iter().map(|node| node.digest.clone()).collect();
    let mut found = Closure { all: vec![root.clone()], tops: Vec::new() };
    let mut has_referrers = HashSet::new();
    while !level.is_empty() {
        let lists = stream::iter(&level).map(|node| documents.source().referrers(node, None));
        let lists: Vec<Vec<Descriptor>> =
            lists.buffered(limits.requests()).try_collect().await.on(Side::Source)?;
        let mut next = Vec::new();
        for (position, (node, list)) in level.iter().zip(lists).enumerate() {
            let is_part = (1..of_root).contains(&position);
            for referrer in list.into_iter().filter(|referrer| referrer.digest != root.digest) {
                // What refers to a part does not hold the index.
                if !is_part && referrer.digest != node.digest {
                    has_referrers.insert(node.digest.clone());
                }
                if seen.insert(referrer.digest.clone()) {
                    next.push(referrer);
                }
            }
        }
        found.all.extend(next.iter().cloned());
        (level, of_root) = (next, 0);
    }
    let tops = found.all.iter().filter(|node| !has_referrers.contains(&node.digest));
    found.tops = tops.cloned().collect();
    if !has_referrers.contains(&root.digest) {
        // The others may hold it, and then it is done with them.
        found.tops.rotate_left(1);
    }
    Ok(found)
}
