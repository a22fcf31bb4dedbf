//! Backup: tags of one place with all below them, to be taken to another one and back.
//!
//! A backup and its restoration are the same thing in two directions. All tags are resolved before anything moves, so
//! that one that is missing is told at once; then they are copied one after the other, each by its digest, and what
//! is there already is not moved again. The target is told once, at the end, that this was all: a layout of a thousand
//! tags writes its index one time, not a thousand times. A backup that was cut off goes on where it ended.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::copy::whole;
use super::{Companions, Reach};
use crate::content::{Source, Target};
use crate::error::{Context, Error, Result, Side};
use crate::oci::{Descriptor, Locator, Tag};
use crate::progress::Reporter;
use crate::transfer::{Closure, Copier, Documents, Limits, Wanted, closure};

/// Tags of a place, and what they name.
pub struct Backup<'a> {
    documents: Documents<'a>,
    roots: Vec<(Tag, Descriptor)>,
    reach: Reach,
    limits: Limits,
}

impl<'a> Backup<'a> {
    /// Finds these tags, or all that there are if none is named. The list is empty where there are none.
    ///
    /// Two requests are made one after the other: one for a page of tags, unless they are named, and one for what all of
    /// them name.
    ///
    /// # Errors
    /// A tag that is not there; those of the source.
    pub async fn find(source: &'a dyn Source, tags: Vec<Tag>, reach: Reach, limits: Limits) -> Result<Self> {
        let tags = if tags.is_empty() { all(source).await? } else { tags };
        let roots = stream::iter(tags).map(|tag| async move {
            let root = source.resolve(&Locator::Tag(tag.clone())).await;
            let root = root.within(|| format!("failed to resolve tag {:?}", tag.as_str()).into())?;
            Ok((tag, root))
        });
        let roots: Result<_> = roots.buffered(limits.requests()).try_collect().await;
        Ok(Self { documents: Documents::new(source), roots: roots?, reach, limits })
    }

    /// The tags with their manifests: in the order in which they were named, or that of the place.
    pub fn roots(&self) -> &[(Tag, Descriptor)] {
        &self.roots
    }

    /// How many manifests go with this one because they refer to it.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn referrers(&self, root: &Descriptor) -> Result<usize> {
        match self.reach {
            Reach::Graph => Ok(0),
            Reach::Referrers => {
                Ok(count(&closure(&self.documents, root, &Wanted::default(), self.limits).await?))
            }
        }
    }

    /// Copies all of them, one after the other, each with its tag and all that goes with it, until `told` does not want
    /// to go on: it hears of each tag how many manifests that refer to it came along, or why it could not be copied.
    /// When this returns, what was copied is there to stay, also after an error.
    ///
    /// For each tag requests are made one after the other as for a copy: where the source is far, for the manifest, for each
    /// level of referrers and what they say, and for all blobs at once; where the target is far, whether it is there for each
    /// level, three for all small blobs at once, one for each level on the way up, and one for the tag.
    ///
    /// # Errors
    /// That of `told`, which is given those of both ends, with the side; those of making it last.
    pub async fn copy<E: From<Error>>(
        &self,
        target: &dyn Target,
        reporter: &Arc<dyn Reporter>,
        mut told: impl FnMut(&Tag, Result<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut copied = Ok(());
        for root in &self.roots {
            copied = told(&root.0, self.copy_one(root, target, Arc::clone(reporter)).await);
            if copied.is_err() {
                break;
            }
        }
        let settled = target.commit().await.on(Side::Destination);
        copied?;
        Ok(settled?)
    }

    async fn copy_one(
        &self,
        (tag, root): &(Tag, Descriptor),
        target: &dyn Target,
        reporter: Arc<dyn Reporter>,
    ) -> Result<usize> {
        let copier = Copier::new(&self.documents, target, reporter, self.limits);
        let (tags, wanted) = (std::slice::from_ref(tag), Wanted::default());
        let found = whole(&copier, root, tags, self.reach, &wanted, Companions::Left).await?;
        Ok(count(&found))
    }
}

async fn all(source: &dyn Source) -> Result<Vec<Tag>> {
    let pages: Result<Vec<Vec<Tag>>> = source.tags(None).try_collect().await;
    Ok(pages.within(|| "failed to find tags".into())?.concat())
}

/// The manifest itself is one of the closure.
fn count(closure: &Closure) -> usize {
    closure.all.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::rigged::{Rigged, tag};

    /// Two tags, the first with a referrer.
    async fn source() -> (Rigged, [Descriptor; 2]) {
        let source = Rigged::registry("r");
        let first = source.manifest(vec![source.file("a", "1")], None);
        let second = source.manifest(vec![source.file("b", "2")], None);
        source.manifest(vec![source.file("s", "3")], Some(&first));
        for (node, name) in [(&first, "v1"), (&second, "v2")] {
            source.memory.tag(node, &tag(name)).await.unwrap();
        }
        (source, [first, second])
    }

    async fn find(source: &Rigged, tags: Vec<Tag>, reach: Reach) -> Result<Backup<'_>> {
        Backup::find(source, tags, reach, Limits::capped(1)).await
    }

    /// Copies all, and returns the tags with the number of those that refer to them.
    async fn copy(backup: &Backup<'_>, target: &Rigged) -> Vec<(String, usize)> {
        let (mut heard, reporter): (_, Arc<dyn Reporter>) = (Vec::new(), Arc::new(()));
        let copied = backup.copy(target, &reporter, |tag, count| {
            heard.push((tag.as_str().to_owned(), count?));
            Ok::<_, Error>(())
        });
        copied.await.unwrap();
        heard
    }

    #[tokio::test]
    async fn all_tags_or_those_that_are_named_in_their_order() {
        let (source, [first, second]) = source().await;
        let all = find(&source, Vec::new(), Reach::Graph).await.unwrap();
        let nodes: Vec<_> = all.roots().iter().map(|(tag, node)| (tag.as_str(), &node.digest)).collect();
        assert_eq!(nodes, [("v1", &first.digest), ("v2", &second.digest)]);
        let named = find(&source, vec![tag("v2"), tag("v1")], Reach::Graph).await.unwrap();
        assert_eq!(named.roots()[0].0, tag("v2"));
        let error = find(&source, vec![tag("v1"), tag("no")], Reach::Graph).await.err().unwrap();
        assert_eq!(error.to_string(), "failed to resolve tag \"no\": not found");
        assert_eq!(source.count("fetch") + source.count("manifest"), 0);
    }

    #[tokio::test]
    async fn referrers_are_counted_and_copied_only_where_they_are_wanted() {
        let (source, [first, _]) = source().await;
        for (reach, count) in [(Reach::Graph, 0), (Reach::Referrers, 1)] {
            let target = Rigged::new();
            let backup = find(&source, vec![tag("v1")], reach).await.unwrap();
            assert_eq!(backup.referrers(&first).await.unwrap(), count);
            assert_eq!(copy(&backup, &target).await, [("v1".to_owned(), count)]);
            assert_eq!(target.memory.referrers(&first, None).await.unwrap().len(), count);
            let found = target.memory.resolve(&Locator::Tag(tag("v1"))).await.unwrap();
            assert_eq!(found.digest, first.digest);
        }
    }

    #[tokio::test]
    async fn what_is_there_is_neither_read_nor_written_again() {
        let (source, _) = source().await;
        let target = Rigged::new();
        let backup = find(&source, vec![tag("v1")], Reach::Graph).await.unwrap();
        copy(&backup, &target).await;
        let (fetched, put) = (source.count("fetch"), target.count("put"));
        let again = find(&source, vec![tag("v1")], Reach::Graph).await.unwrap();
        copy(&again, &target).await;
        assert_eq!((source.count("fetch"), target.count("put")), (fetched, put));
    }

    #[tokio::test]
    async fn it_is_made_to_last_once_also_when_it_fails() {
        let (source, [_, second]) = source().await;
        for lost in [false, true] {
            if lost {
                source.memory.delete(&second).await.unwrap();
            }
            let target = Rigged::new();
            let backup = Backup {
                roots: vec![(tag("v2"), second.clone()), (tag("v3"), second.clone())],
                ..find(&source, vec![tag("v1")], Reach::Graph).await.unwrap()
            };
            let (mut heard, reporter): (_, Arc<dyn Reporter>) = (Vec::new(), Arc::new(()));
            let copied = backup.copy(&target, &reporter, |tag, count| {
                heard.push(tag.as_str().to_owned());
                count.map(drop)
            });
            let copied: Result<()> = copied.await;
            assert_eq!((copied.is_err(), heard.len()), (lost, if lost { 1 } else { 2 }));
            assert_eq!(target.count("commit"), 1);
            assert_eq!(target.calls().last().unwrap(), "commit");
        }
    }
}
