//! What a copy does to each node, written down, and a target that does nothing.
//!
//! A plan is a copy to an end that looks and takes nothing: so it cannot differ from what the copy then does, except
//! where a registry refuses to mount. What does not belong here: how either is shown.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::content::{Body, Mount, Origin, Put, Source, Target};
use crate::error::Result;
use crate::oci::{Descriptor, Digest, Locator, Tag};
use crate::progress::{Ending, Event, Reporter};

/// What became, or would become, of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its bytes moved.
    Copied,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was there already, and below it nothing was looked at.
    Existing,
}

/// A node and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The node.
    pub node: Descriptor,
    /// What became of it.
    pub action: Action,
}

/// Tells another reporter, and writes down how nodes ended.
pub(super) struct Record {
    reporter: Arc<dyn Reporter>,
    done: Mutex<Vec<Done>>,
}

impl Record {
    pub(super) fn new(reporter: Arc<dyn Reporter>) -> Arc<Self> {
        Arc::new(Self { reporter, done: Mutex::default() })
    }

    /// All that was written down, in the order in which it happened.
    pub(super) fn take(&self) -> Vec<Done> {
        std::mem::take(&mut self.done.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reporter for Record {
    fn report(&self, event: Event<'_>) {
        let action = match event {
            Event::Ended(node, Ending::Done) => Some((node, Action::Copied)),
            Event::Ended(node, Ending::Mounted) => Some((node, Action::Mounted)),
            Event::Ended(node, Ending::Existed) => Some((node, Action::Existing)),
            _ => None,
        };
        if let Some((node, action)) = action {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push(Done { node: node.clone(), action });
        }
        self.reporter.report(event);
    }
}

/// A target that says what it has, and takes everything without looking at it.
pub(super) struct Dry<'a>(pub(super) &'a dyn Source);

#[async_trait]
impl Source for Dry<'_> {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        self.0.resolve(at).await
    }

    async fn manifest(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        self.0.manifest(at).await
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        self.0.stat(blob).await
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        self.0.exists(node).await
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        self.0.fetch(node)
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        self.0.referrers(node, artifact_type).await
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        self.0.tags(after)
    }
}

#[async_trait]
impl Target for Dry<'_> {
    async fn put(&self, _: &Descriptor, _: Body) -> Result<Put> {
        Ok(Put::Stored)
    }

    async fn tag(&self, _: &Descriptor, _: &Tag) -> Result<()> {
        Ok(())
    }

    async fn mount(&self, _: &Descriptor, _: &Origin) -> Result<Mount> {
        Ok(Mount::Mounted)
    }
}
