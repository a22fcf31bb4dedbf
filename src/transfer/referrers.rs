//! What refers to a manifest, and what refers to that.
//!
//! Level by level, several lists at once, each manifest once: lists that go round in a circle come to an end. What a
//! list says is not believed before the manifest says it, too.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Documents, Limits};
use crate::error::{Context, Error, Kind, Result, Side};
use crate::oci::{Descriptor, Digest, Document, Tag, media_type};

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

/// Which referrers are wanted, by the type of the artifact. What refers to one that is not wanted is not looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// These types; none means all.
    pub only: Vec<String>,
    /// But not these.
    pub except: Vec<String>,
}

impl Wanted {
    fn takes(&self, kind: Option<&str>) -> bool {
        let named = |list: &[String]| list.iter().any(|name| Some(name.as_str()) == kind);
        (self.only.is_empty() || named(&self.only)) && !named(&self.except)
    }
}

/// A referrer and what it refers to.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The manifest that it is about.
    pub subject: Digest,
    /// The referrer as it stands in a list: with its annotations and the type of the artifact.
    pub referrer: Descriptor,
}

impl Link {
    /// The link that a manifest makes, if it has a subject.
    pub fn of(node: &Descriptor, document: &Document) -> Option<Self> {
        let mut referrer = node.bare();
        referrer.artifact_type = document.effective_artifact_type().map(str::to_owned);
        referrer.annotations.clone_from(&document.annotations);
        Some(Self { subject: document.subject.as_ref()?.digest.clone(), referrer })
    }
}

/// A manifest and everything that refers to it, directly or not.
#[derive(Debug, Default)]
pub struct Closure {
    /// All of them, the manifest itself first, then in the order of the lists, level by level.
    pub all: Vec<Descriptor>,
    /// Those that are held by what refers to them.
    pub held: HashSet<Digest>,
    /// The manifests in those that are an index, at any depth.
    pub parts: Vec<Descriptor>,
    /// What each referrer says of itself.
    pub links: Vec<Link>,
    /// Manifests that go along under tags of their own, by which they are about one of the others.
    pub named: Vec<(Tag, Descriptor)>,
}

impl Closure {
    /// Those to which nothing refers; their graphs hold the others. The manifest itself is the last: the others may hold
    /// it, and then it is done with them.
    pub fn tops(&self) -> impl DoubleEndedIterator<Item = &Descriptor> {
        let (root, referrers) = self.all.split_at(self.all.len().min(1));
        referrers.iter().chain(root).filter(|node| !self.held.contains(&node.digest))
    }
}

/// Finds everything that refers to a manifest. What refers to a part of an index counts as referring to the index.
///
/// A list is only what its registry says. An entry is believed when the manifest itself names that subject.
///
/// # Errors
/// Those of the source; no end of levels.
pub async fn closure(
    documents: &Documents<'_>,
    root: &Descriptor,
    wanted: &Wanted,
    limits: Limits,
) -> Result<Closure> {
    let mut search = Search {
        documents,
        wanted,
        limits,
        seen: HashSet::from([root.digest.clone()]),
        found: Closure { all: vec![root.clone()], ..Closure::default() },
    };
    let (mut level, mut levels) = (vec![root.clone()], 0);
    while !level.is_empty() {
        levels += 1;
        bounded(levels, search.found.all.len()).on(Side::Source)?;
        level = search.level(level).await.on(Side::Source)?;
    }
    Ok(search.found)
}

struct Search<'a> {
    documents: &'a Documents<'a>,
    wanted: &'a Wanted,
    limits: Limits,
    /// What has been found, as a part of an index or as a referrer.
    seen: HashSet<Digest>,
    found: Closure,
}

impl Search<'_> {
    /// The next level: what refers to these nodes, and to what is in them.
    async fn level(&mut self, level: Vec<Descriptor>) -> Result<Vec<Descriptor>> {
        let own = level.len();
        let level = self.with_parts(level).await?;
        let lists = stream::iter(&level).map(|node| self.documents.source().referrers(node, None));
        let lists: Vec<Vec<Descriptor>> = lists.buffered(self.limits.requests()).try_collect().await?;
        let entries = level.iter().zip(lists).enumerate().flat_map(|(position, (node, list))| {
            // What refers to a part does not hold the index.
            let holds = position < own;
            list.into_iter().map(move |referrer| (node, holds, referrer))
        });
        let entries: Vec<_> = entries.filter(|(node, _, referrer)| referrer.digest != node.digest).collect();
        let links = stream::iter(&entries).map(|(node, _, referrer)| self.link(&node.digest, referrer));
        let links: Vec<Believed> = links.buffered(self.limits.requests()).try_collect().await?;
        let mut next = Vec::new();
        for ((node, holds, referrer), believed) in entries.into_iter().zip(links) {
            let link = match believed {
                Believed::No => continue,
                Believed::Unread => None,
                Believed::Yes(link) => Some(*link),
            };
            if holds {
                self.found.held.insert(node.digest.clone());
            }
            if self.seen.insert(referrer.digest.clone()) {
                self.found.links.extend(link);
                next.push(referrer);
            }
        }
        self.found.all.extend(next.iter().cloned());
        Ok(next)
    }

    /// The nodes, and after them the manifests in those that are an index.
    async fn with_parts(&mut self, mut level: Vec<Descriptor>) -> Result<Vec<Descriptor>> {
        let mut begin = 0;
        while begin < level.len() {
            let indexes = level[begin..].iter().filter(|node| media_type::is_index(&node.media_type));
            let documents = stream::iter(indexes).map(|node| self.documents.document(node));
            let documents: Vec<Document> = documents.buffered(self.limits.requests()).try_collect().await?;
            begin = level.len();
            for part in documents.into_iter().flat_map(|document| document.manifests) {
                if self.seen.insert(part.digest.clone()) {
                    self.found.parts.push(part.clone());
                    level.push(part);
                }
            }
        }
        Ok(level)
    }

    /// Whether a list says the truth of one of its entries.
    async fn link(&self, subject: &Digest, referrer: &Descriptor) -> Result<Believed> {
        if !referrer.is_manifest() {
            let taken = self.wanted.takes(referrer.artifact_type.as_deref());
            return Ok(if taken { Believed::Unread } else { Believed::No });
        }
        let document = self.documents.document(referrer).await?;
        let link = Link::of(referrer, &document).filter(|link| link.subject == *subject);
        // Most lists say the same of it, and one text is enough for both.
        let link = link.map(|Link { referrer: own, .. }| Link {
            subject: subject.clone(),
            referrer: if own == *referrer { referrer.clone() } else { own },
        });
        let link = link.filter(|link| self.wanted.takes(link.referrer.artifact_type.as_deref()));
        Ok(link.map_or(Believed::No, |link| Believed::Yes(Box::new(link))))
    }
}

enum Believed {
    No,
    /// It is of a type in which this program cannot look.
    Unread,
    Yes(Box<Link>),
}
