//! Looks whether a graph is really where it was copied to.
//!
//! Every manifest is read from the destination and compared with its digest, every blob is asked for with its size, and
//! lists of referrers must name what was copied. What does not belong here: copying.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::content::Source;
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest, Locator, Tag};
use crate::transfer::{Closure, Documents, Entered, Limits, Visit, walk};

/// What was looked at and found to be right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Manifests and blobs, each once.
    pub nodes: usize,
    /// Their sizes together.
    pub bytes: u64,
}

/// Looks at everything that belongs to graphs and has their tags, each node once, and fails with a list of what is
/// missing or is something else.
pub(super) async fn verify(
    target: &dyn Source,
    graphs: &[(Closure, Vec<Tag>)],
    limits: Limits,
) -> Result<Verified> {
    let documents = Documents::new(target);
    let look = Look { documents: &documents, gaps: Mutex::default(), seen: Mutex::default() };
    let nodes = graphs
        .iter()
        .flat_map(|(closure, _)| closure.all.iter().chain(closure.named.iter().map(|(_, node)| node)));
    walk(nodes, limits, &look).await?;
    let names = graphs.iter().flat_map(|(closure, tags)| {
        let of_root = tags.iter().filter_map(|tag| Some((tag, closure.all.first()?)));
        of_root.chain(closure.named.iter().map(|(tag, node)| (tag, node)))
    });
    let looks = stream::iter(names.collect::<Vec<_>>()).map(|(tag, node)| look.tag(tag, node));
    let () = looks.buffer_unordered(limits.requests()).try_collect().await?;
    for (closure, _) in graphs {
        look.lists(closure, limits).await?;
    }
    let mut gaps = look.gaps.into_inner().unwrap_or_else(PoisonError::into_inner);
    if gaps.is_empty() {
        return Ok(look.seen.into_inner().unwrap_or_else(PoisonError::into_inner));
    }
    gaps.sort();
    let text = format!("verification failed, {} of the copy: {}", counted(gaps.len()), gaps.join("; "));
    Err(Error::mismatch(text))
}

fn counted(gaps: usize) -> String {
    if gaps == 1 { "1 gap".to_owned() } else { format!("{gaps} gaps") }
}

struct Look<'a> {
    documents: &'a Documents<'a>,
    gaps: Mutex<Vec<String>>,
    seen: Mutex<Verified>,
}

impl Look<'_> {
    fn gap(&self, text: String) {
        self.gaps.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    fn seen(&self, node: &Descriptor) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.nodes += 1;
        seen.bytes += node.size;
    }

    /// Whether the lists of referrers have what was copied.
    async fn lists(&self, closure: &Closure, limits: Limits) -> Result<()> {
        let mut lists: BTreeMap<String, (Digest, Vec<&Descriptor>)> = BTreeMap::new();
        for link in &closure.links {
            let key = link.subject.to_string();
            lists.entry(key).or_insert_with(|| (link.subject.clone(), Vec::new())).1.push(&link.referrer);
        }
        let lists: Vec<_> = lists.into_values().collect();
        let listed = stream::iter(&lists).map(|(subject, referrers)| self.list(closure, subject, referrers));
        listed.buffer_unordered(limits.requests()).try_collect().await
    }

    async fn tag(&self, tag: &Tag, node: &Descriptor) -> Result<()> {
        match self.documents.source().resolve(&Locator::Tag(tag.clone())).await {
            Ok(found) if found.digest == node.digest => {}
            Ok(found) => self.gap(format!("tag {tag}: names {}, not {}", found.digest, node.digest)),
            Err(error) => self.gap(format!("tag {tag}: {}", told(error)?)),
        }
        Ok(())
    }

    async fn list(&self, closure: &Closure, subject: &Digest, referrers: &[&Descriptor]) -> Result<()> {
        let mut nodes = closure.all.iter().chain(&closure.parts);
        let Some(node) = nodes.find(|node| node.digest == *subject) else { return Ok(()) };
        let listed = self.documents.source().referrers(node, None).await?;
        let listed: HashSet<&Digest> = listed.iter().map(|entry| &entry.digest).collect();
        for referrer in referrers {
            if !listed.contains(&referrer.digest) {
                self.gap(format!("{}: not listed as a referrer of {subject}", referrer.digest));
            }
        }
        Ok(())
    }

    async fn blob(&self, node: &Descriptor) -> Result<()> {
        match self.documents.source().stat(&node.digest).await {
            Ok(found) if found.size == node.size => self.seen(node),
            Ok(found) => self.gap(format!("{}: has {} bytes, not {}", node.digest, found.size, node.size)),
            Err(error) => self.gap(format!("{}: {}", node.digest, told(error)?)),
        }
        Ok(())
    }
}

/// What is missing or wrong, as a gap; anything else is a failure.
fn told(error: Error) -> Result<String> {
    match error.kind() {
        _ if error.is_not_found() => Ok("not found".to_owned()),
        Kind::Mismatch(text) => Ok(text.clone()),
        _ => Err(error),
    }
}

#[async_trait]
impl Visit for Look<'_> {
    async fn enter(&self, node: &Descriptor) -> Result<Entered> {
        if !node.is_manifest() {
            self.blob(node).await?;
            return Ok(Entered::Done);
        }
        match self.documents.document(node).await {
            Ok(document) => {
                self.seen(node);
                let subject = document.subject.iter();
                Ok(Entered::Children(subject.chain(document.children()).cloned().collect()))
            }
            Err(error) => {
                self.gap(format!("{}: {}", node.digest, told(error)?));
                Ok(Entered::Done)
            }
        }
    }

    async fn transfer(&self, _: &Descriptor) -> Result<()> {
        Ok(())
    }

    async fn leave(&self, _: &Descriptor) -> Result<()> {
        Ok(())
    }
}
