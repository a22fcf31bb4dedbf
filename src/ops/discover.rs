//! Discover: what refers to a manifest, as a tree.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use futures_util::{StreamExt, TryStreamExt, stream};

use jiff::Timestamp;

use super::manifest::resolve;
use crate::content::Source;
use crate::error::Result;
use crate::oci::{Descriptor, Digest, Locator, Platform, annotations};
use crate::transfer::{Limits, bounded};

/// What to look for.
#[derive(Debug, Clone)]
pub struct Discover {
    /// The manifest that others refer to.
    pub at: Locator,
    /// Which manifest of an index is meant.
    pub platform: Option<Platform>,
    /// Only artifacts of this type, at every level.
    pub artifact_type: Option<String>,
    /// Only artifacts with all of these annotations, at every level.
    pub annotations: Vec<(String, String)>,
    /// Which of those that refer to the manifest itself.
    pub choice: Choice,
    /// How many levels; nothing means all.
    pub depth: Option<NonZeroUsize>,
    /// How much at once.
    pub limits: Limits,
}

/// Which of several referrers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// All of them.
    #[default]
    All,
    /// The one that was made last, by its annotation `org.opencontainers.image.created`; one without it is the oldest.
    Latest,
}

/// A manifest and what refers to it, in the order of the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovered {
    /// The manifest. Referrers have their annotations and artifact type.
    pub node: Descriptor,
    /// What refers to it.
    pub referrers: Vec<Discovered>,
}

/// Finds what refers to a manifest, level by level. Each referrer has one place in the tree: what was met before,
/// as in lists that go round in a circle, is left out.
///
/// One request after the other are that for the manifest, and then one for each level: the lists of a level are asked
/// for together, as many at once as the limits and the registry allow.
///
/// # Errors
/// Those of the source; no end of levels.
pub async fn discover(source: &dyn Source, request: Discover) -> Result<Discovered> {
    let root = resolve(source, &request.at, request.platform.as_ref()).await?;
    let kind = request.artifact_type.as_deref();
    let depth = request.depth.map_or(usize::MAX, NonZeroUsize::get);
    let mut seen: HashSet<Digest> = HashSet::from([root.digest.clone()]);
    let mut levels = vec![vec![Found { node: root, parent: 0 }]];
    while let Some(level) = levels.last().filter(|level| !level.is_empty() && levels.len() <= depth) {
        bounded(levels.len(), seen.len())?;
        let lists = stream::iter(level).map(|found| source.referrers(&found.node, kind));
        let lists: Vec<Vec<Descriptor>> = lists.buffered(request.limits.requests()).try_collect().await?;
        let found = lists
            .into_iter()
            .enumerate()
            .flat_map(|(parent, list)| list.into_iter().map(move |node| Found { node, parent }));
        let found = found.filter(|found| has(&found.node, &request.annotations));
        let mut next: Vec<Found> = found.filter(|found| seen.insert(found.node.digest.clone())).collect();
        if levels.len() == 1 && request.choice == Choice::Latest {
            let latest =
                next.into_iter().max_by_key(|found| (created(&found.node), found.node.digest.to_string()));
            next = latest.into_iter().collect();
        }
        levels.push(next);
    }
    let mut below = Vec::new();
    for level in levels.drain(1..).rev() {
        below = hang(level, below);
    }
    let root = levels.swap_remove(0).swap_remove(0).node;
    Ok(Discovered { node: root, referrers: below.into_iter().map(|(_, tree)| tree).collect() })
}

/// Whether a referrer has all of these annotations.
fn has(node: &Descriptor, annotations: &[(String, String)]) -> bool {
    annotations.iter().all(|(key, value)| node.annotations.get(key) == Some(value))
}

/// When it was made, if it says so.
fn created(node: &Descriptor) -> Option<Timestamp> {
    node.annotations.get(annotations::CREATED)?.parse().ok()
}

struct Found {
    node: Descriptor,
    /// Its place in the level above.
    parent: usize,
}

/// The nodes of a level with what hangs below them, each with its place in the level above.
fn hang(level: Vec<Found>, below: Vec<(usize, Discovered)>) -> Vec<(usize, Discovered)> {
    let trees =
        level.into_iter().map(|Found { node, parent }| (parent, Discovered { node, referrers: Vec::new() }));
    let mut trees: Vec<(usize, Discovered)> = trees.collect();
    for (parent, tree) in below {
        trees[parent].1.referrers.push(tree);
    }
    trees
}
