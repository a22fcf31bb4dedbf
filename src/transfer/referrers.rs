//! What refers to a manifest, and what refers to that.
//!
//! Level by level, several lists at once, each manifest once: lists that go round in a circle come to an end.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Documents, Limits};
use crate::error::{Context, Error, Kind, Result, Side};
use crate::oci::{Descriptor, Digest, media_type};

/// How many levels are followed; a chain that is longer is no honest one.
const LEVELS: usize = 1000;
/// How many referrers are taken in all.
const MOST: usize = 100_000;

/// Refuses to go on for ever: a registry can make up what refers to what it has just made up.
///
/// # Errors
/// More levels, or more referrers in all, than honest artifacts have.
pub fn bounded(levels: usize, referrers: usize) -> Result<()> {
    let text = match (levels > LEVELS, referrers > MOST) {
        (true, _) => format!("more than {LEVELS} levels of referrers"),
        (_, true) => format!("more than {MOST} referrers"),
        _ => return Ok(()),
    };
    Err(Error::new(Kind::TooLarge(text)))
}

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
/// Those of the source; no end of levels.
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
    let mut levels = 0;
    while !level.is_empty() {
        levels += 1;
        bounded(levels, found.all.len()).on(Side::Source)?;
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
