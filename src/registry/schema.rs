//! The tag schema: the list of referrers that clients keep under a tag where the registry has no API for it.
//!
//! Entries stay as they are, since what this program cannot read is another's. Changes of one list by this process are
//! written together; other processes are a [`Contest`]. What does not belong here: the API, and which of the two it is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::contest::{Contest, MOST_LOST, Others};
use super::manifests::Condition;
use super::referrers::Listing;
use super::repository::{Repository, locked};
use crate::content::read_checked;
use crate::error::{Context, Error, Result};
use crate::oci::{Descriptor, Digest, Document, Locator, json, media_type};

/// How many lists are changed at once.
const LISTS_AT_ONCE: usize = 32;

/// The list that is kept under a tag.
pub(super) struct List {
    pub(super) entries: Vec<Value>,
    /// What a writer can ask the registry to look at before it takes another one.
    version: Condition,
}

/// A list of referrers as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    schema_version: u32,
    media_type: &'static str,
    manifests: &'a [Value],
}

/// Changes of lists that are under way, by subject.
pub(super) type Updates = Mutex<HashMap<Digest, Arc<Queue>>>;

/// Changes of one list. Whoever has the turn writes all that wait.
#[derive(Default)]
pub(super) struct Queue {
    turn: tokio::sync::Mutex<()>,
    waiting: Mutex<Vec<Arc<Change>>>,
}

enum Change {
    Add(Value),
    Remove(Digest),
}

impl Repository {
    /// The list that the tag schema keeps for a subject. A tag that holds anything else than a list is no list.
    pub(super) async fn tagged_list(&self, subject: &Digest) -> Result<List> {
        let tag = subject.referrers_tag();
        let (node, bytes, version) = match self.get_manifest_version(&Locator::Tag(tag.clone())).await {
            Err(error) if error.is_not_found() => {
                return Ok(List { entries: Vec::new(), version: Condition::Absent });
            }
            found => found?,
        };
        let version = version.map_or(Condition::None, Condition::Is);
        if node.media_type != media_type::INDEX || node.digest == *subject {
            return Ok(List { entries: Vec::new(), version });
        }
        let listing: Listing = json::object(&bytes).map_err(|why| {
            Error::invalid(format!("invalid referrers index from referrers tag {tag}: {why}"))
        })?;
        Ok(List { entries: listing.manifests.unwrap_or_default(), version })
    }

    /// Lists a manifest that was put among the referrers of its subject, where the registry does not do so itself.
    pub(super) async fn list_put(&self, node: &Descriptor, bytes: &[u8]) -> Result<()> {
        if !is_listed(node) || self.has_api() == Some(true) {
            return Ok(());
        }
        let document = read(node, bytes)?;
        let Some(subject) = &document.subject else { return Ok(()) };
        let mut referrer = node.bare();
        referrer.artifact_type =
            document.effective_artifact_type().filter(|kind| !kind.is_empty()).map(str::to_owned);
        referrer.annotations.clone_from(&document.annotations);
        self.update(&subject.digest, Change::Add(entry(&referrer)?)).await
    }

    /// Finds out whether there is an API where the answer to a manifest would have told, but was lost.
    pub(super) async fn find_api(&self, node: &Descriptor, bytes: &[u8]) -> Result<()> {
        if is_listed(node) && read(node, bytes)?.subject.is_some() {
            self.probe().await?;
        }
        Ok(())
    }

    /// Takes a manifest that is to be deleted out of the list of referrers, where the registry does not do so itself.
    pub(super) async fn delist(&self, node: &Descriptor) -> Result<()> {
        if !is_listed(node) || self.has_api() == Some(true) {
            return Ok(());
        }
        let bytes = read_checked(&self.manifest_body(node), node).await?;
        let Some(subject) = read(node, &bytes)?.subject else { return Ok(()) };
        if self.probe().await? {
            return Ok(());
        }
        self.update(&subject.digest, Change::Remove(node.digest.clone())).await
    }

    /// Changes a list, together with all other changes of it that wait. Changes stay in the queue until they are
    /// written, so that a writer that fails or is dropped leaves those of others to the next one.
    async fn update(&self, subject: &Digest, change: Change) -> Result<()> {
        let queue = Arc::clone(locked(&self.shared.updates).entry(subject.clone()).or_default());
        let change = Arc::new(change);
        let is_own = |other: &Arc<Change>| Arc::ptr_eq(other, &change);
        locked(&queue.waiting).push(Arc::clone(&change));
        let _turn = queue.turn.lock().await;
        let batch = locked(&queue.waiting).clone();
        if !batch.iter().any(is_own) {
            return Ok(());
        }
        let written = self.rewrite(subject, &batch).await;
        let in_batch = |other: &Arc<Change>| batch.iter().any(|change| Arc::ptr_eq(other, change));
        locked(&queue.waiting)
            .retain(|other| if written.is_ok() { !in_batch(other) } else { !is_own(other) });
        written
    }

    /// Changes a list until it is seen to have all changes after every writer that may have known an older one is done.
    async fn rewrite(&self, subject: &Digest, changes: &[Arc<Change>]) -> Result<()> {
        let (mut contest, mut last) = (Contest::default(), None);
        loop {
            let begin = Instant::now();
            let List { entries, version } = self.tagged_list(subject).await?;
            let new = changed(&entries, changes);
            if new == entries {
                let others = if last.as_ref() == Some(&new) { Others::Absent } else { Others::Present };
                if contest.is_won(others) {
                    return Ok(());
                }
            } else if self.write_list(subject, &new, contest.condition(version)).await? {
                contest.written(begin.elapsed());
                last = Some(new);
            } else {
                contest.lost();
            }
            let Some(pause) = contest.pause() else {
                let tag = subject.referrers_tag();
                let text = format!(
                    "the referrers index tagged by {tag} was overwritten by others {MOST_LOST} times: run the command again when they are done"
                );
                return Err(Error::invalid(text));
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Writes a list under its tag. False if it is no longer the one that was read, where the registry looks after that.
    async fn write_list(&self, subject: &Digest, entries: &[Value], condition: Condition) -> Result<bool> {
        let written = Written { schema_version: 2, media_type: media_type::INDEX, manifests: entries };
        let bytes = json::compact(&written).map_err(|error| Error::invalid(error.to_string()))?;
        let node = Descriptor::of(media_type::INDEX, &bytes);
        let tag = subject.referrers_tag();
        let put = self.put_manifest_if(&node, bytes.into(), &Locator::Tag(tag.clone()), condition).await;
        match put {
            Err(error)
                if error
                    .refusal()
                    .is_some_and(|refusal| refusal.status == StatusCode::PRECONDITION_FAILED) =>
            {
                Ok(false)
            }
            put => {
                put.within(|| format!("failed to push referrers index tagged by {tag}").into())?;
                Ok(true)
            }
        }
    }

    /// Lists manifests that are there, each list in one change. A registry with the API has listed them already.
    pub(super) async fn enlist_all(&self, referrers: &[(Digest, Descriptor)]) -> Result<()> {
        if referrers.is_empty() || self.probe().await? {
            return Ok(());
        }
        let mut lists: BTreeMap<String, (Digest, Vec<Arc<Change>>)> = BTreeMap::new();
        for (subject, referrer) in referrers.iter().filter(|(_, referrer)| is_listed(referrer)) {
            let list = lists.entry(subject.to_string()).or_insert_with(|| (subject.clone(), Vec::new()));
            list.1.push(Arc::new(Change::Add(entry(referrer)?)));
        }
        let writing = stream::iter(lists.into_values())
            .map(|(subject, changes)| async move { self.rewrite(&subject, &changes).await });
        writing.buffer_unordered(LISTS_AT_ONCE).try_collect().await
    }

    /// Takes note of what the answer to a manifest with a subject has shown.
    pub(super) fn is_unlisted(&self, node: &Descriptor, bytes: &[u8]) -> Result<()> {
        if is_listed(node) && self.has_api().is_none() && read(node, bytes)?.subject.is_some() {
            self.decide(false);
        }
        Ok(())
    }
}

/// An entry of a list as it is written.
fn entry(referrer: &Descriptor) -> Result<Value> {
    serde_json::to_value(referrer).map_err(|error| Error::invalid(error.to_string()))
}

/// Whether the type is one that can have a subject.
fn is_listed(node: &Descriptor) -> bool {
    matches!(node.media_type.as_str(), media_type::MANIFEST | media_type::INDEX | media_type::ARTIFACT)
}

fn read(node: &Descriptor, bytes: &[u8]) -> Result<Document> {
    Document::parse(&node.media_type, bytes).map_err(|why| Error::invalid(format!("{}: {why}", node.digest)))
}

/// The entries after the changes, without empty ones and repetitions. New ones come last.
fn changed(old: &[Value], changes: &[Arc<Change>]) -> Vec<Value> {
    let digest = |entry: &Value| entry.get("digest").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut gone = HashSet::new();
    let mut all: Vec<&Value> = old.iter().collect();
    for change in changes {
        match &**change {
            Change::Add(entry) => {
                gone.remove(&digest(entry));
                all.push(entry);
            }
            Change::Remove(other) => {
                gone.insert(other.to_string());
            }
        }
    }
    let mut seen = HashSet::from([String::new()]);
    all.retain(|entry| !gone.contains(&digest(entry)) && seen.insert(digest(entry)));
    all.into_iter().cloned().collect()
}
