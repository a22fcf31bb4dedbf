//! Signatures and other documents of the time before referrers, which are about a manifest by the name of their tag:
//! `sha256-<hex>.sig`, `.att` and `.sbom`, as cosign writes them.
//!
//! What does not belong here: the tag schema of referrers, which is a list and no artifact.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::error::{Context, Result, Side};
use crate::oci::{Digest, Locator, Tag};
use crate::transfer::{Closure, Documents, Limits};

/// What a tag ends with that names a document about a digest.
const ENDINGS: [&str; 3] = [".sig", ".att", ".sbom"];

/// Adds the documents about everything in a closure, and those about these documents, to what goes along.
pub(super) async fn add(documents: &Documents<'_>, closure: &mut Closure, limits: Limits) -> Result<()> {
    let pages: Vec<Vec<Tag>> = documents.source().tags(None).try_collect().await.on(Side::Source)?;
    let mut about: BTreeMap<String, Vec<Tag>> = BTreeMap::new();
    for tag in pages.into_iter().flatten() {
        if let Some(digest) = subject(&tag) {
            about.entry(digest.to_string()).or_default().push(tag);
        }
    }
    let mut seen = HashSet::new();
    let mut level: Vec<Digest> =
        closure.all.iter().chain(&closure.parts).map(|node| node.digest.clone()).collect();
    while !level.is_empty() {
        level.retain(|digest| seen.insert(digest.clone()));
        let tags: Vec<Tag> =
            level.iter().filter_map(|digest| about.remove(&digest.to_string())).flatten().collect();
        let read = stream::iter(tags).map(|tag| async move {
            let (node, _) = documents.at(&Locator::Tag(tag.clone())).await.on(Side::Source)?;
            Ok((tag, node))
        });
        let read: Result<Vec<_>> = read.buffered(limits.requests()).try_collect().await;
        let read = read?;
        level = read.iter().map(|(_, node)| node.digest.clone()).collect();
        closure.named.extend(read);
    }
    Ok(())
}

/// The digest that a document with this tag is about.
fn subject(tag: &Tag) -> Option<Digest> {
    let text = tag.as_str();
    let name = ENDINGS.iter().find_map(|ending| text.strip_suffix(ending))?;
    let (algorithm, hex) = name.split_once('-')?;
    format!("{algorithm}:{hex}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_digest_and_what_it_is() {
        let digest = Digest::of(b"x");
        for ending in ENDINGS {
            assert_eq!(subject(&Tag::any(format!("sha256-{}{ending}", digest.hex()))), Some(digest.clone()));
        }
        let own = digest.referrers_tag().to_string();
        for other in ["v1", "v1.sig", "sha256-abc.sig", &own, &format!("{own}.zip")] {
            assert_eq!(subject(&Tag::any(other)), None, "{other}");
        }
    }
}
