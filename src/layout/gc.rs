//! What a deletion takes with it.
//!
//! Only what hung on the deleted manifest is looked at, never the whole folder: content that somebody is just about
//! to list is not known to be waste.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::graph::Links;
use crate::oci::{Descriptor, Digest};

/// How far a deletion reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// The manifest, its untagged referrers, and all content that nothing else names: what oras does with a layout.
    #[default]
    Graph,
    /// The manifest alone, as a registry does.
    Manifest,
}

/// Everything that goes when `root` goes, itself included. `all` are the manifests of the layout, `tagged` those with
/// a tag. What is tagged stays, and so does the subject of what goes.
pub(super) fn dangling(
    all: &[(Descriptor, Arc<Links>)],
    tagged: &HashSet<Digest>,
    root: &Digest,
) -> HashSet<Digest> {
    let links: HashMap<&Digest, &Links> = all.iter().map(|(node, links)| (&node.digest, &**links)).collect();
    let mut parents: HashMap<&Digest, HashSet<&Digest>> = HashMap::new();
    let mut referrers: HashMap<&Digest, Vec<&Digest>> = HashMap::new();
    for (node, links) in all {
        for child in links.children() {
            parents.entry(child).or_default().insert(&node.digest);
        }
        if let Some(subject) = &links.subject {
            referrers.entry(subject).or_default().push(&node.digest);
        }
    }
    let mut gone: HashSet<Digest> = HashSet::new();
    let mut queue = vec![root];
    while let Some(next) = queue.pop() {
        if !gone.insert(next.clone()) {
            continue;
        }
        let about = referrers.get(next).into_iter().flatten().copied();
        let children = links.get(next).into_iter().flat_map(|links| links.children());
        let free = |digest: &&Digest| {
            !tagged.contains(*digest)
                && parents.get(*digest).into_iter().flatten().all(|parent| gone.contains(*parent))
        };
        queue.extend(about.chain(children).filter(free));
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{Document, media_type};

    fn node(name: &str) -> Descriptor {
        Descriptor::of(media_type::MANIFEST, name.as_bytes())
    }

    fn manifest(name: &str, children: &[&str], subject: Option<&str>) -> (Descriptor, Arc<Links>) {
        let document = Document {
            layers: children.iter().map(|child| node(child)).collect(),
            subject: subject.map(node),
            ..Document::default()
        };
        (node(name), Arc::new(Links::of(document)))
    }

    fn digests(names: &[&str]) -> HashSet<Digest> {
        names.iter().map(|name| node(name).digest).collect()
    }

    #[test]
    fn shared_and_tagged_content_stays() {
        let all = [
            manifest("a", &["config", "layer"], None),
            manifest("b", &["config"], None),
            manifest("signature", &["config", "s"], Some("a")),
            manifest("signature of signature", &["t"], Some("signature")),
            manifest("tagged", &["u"], Some("a")),
        ];
        let gone = dangling(&all, &digests(&["b", "tagged"]), &node("a").digest);
        assert_eq!(gone, digests(&["a", "layer", "signature", "s", "signature of signature", "t"]));
        let gone = dangling(&all, &digests(&["b"]), &node("signature").digest);
        assert_eq!(gone, digests(&["signature", "s", "signature of signature", "t"]));
    }

    #[test]
    fn the_manifests_of_an_index_go_with_their_last_index() {
        let all = [
            manifest("i", &["a", "b"], None),
            manifest("j", &["b"], None),
            manifest("a", &["x"], None),
            manifest("b", &["x"], None),
        ];
        assert_eq!(dangling(&all, &HashSet::new(), &node("i").digest), digests(&["i", "a"]));
        assert_eq!(dangling(&all[..1], &HashSet::new(), &node("i").digest), digests(&["i", "a", "b"]));
    }
}
