//! An end for tests: a store in memory that writes down what it is asked, and fails where it is told to.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};

use crate::content::{Body, Memory, Mount, Origin, Put, Source, Target};
use crate::error::{Error, Kind, Refusal, Result};
use crate::oci::{
    Annotations, Descriptor, Digest, Index, Locator, Manifest, Problem, Tag, annotations, json, media_type,
};
use crate::progress::{Event, Reporter};

/// A [`Memory`] under observation.
#[derive(Default)]
pub(crate) struct Rigged {
    pub(crate) memory: Memory,
    pub(crate) origin: Option<Origin>,
    /// Calls that fail.
    pub(crate) broken: HashSet<String>,
    /// Calls that are answered once with `MANIFEST_BLOB_UNKNOWN`.
    pub(crate) lacking: Mutex<HashSet<String>>,
    /// How long it takes to answer about what it has, as one that is far away.
    pub(crate) late: Option<Duration>,
    /// What a mount says; nothing means that it is refused.
    pub(crate) mount_status: Option<http::StatusCode>,
    calls: Mutex<Vec<String>>,
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Rigged {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// With an origin, as a repository of a registry has one.
    pub(crate) fn registry(repository: &str) -> Self {
        let origin = Origin { registry: "h".into(), repository: repository.into() };
        Self { origin: Some(origin), ..Self::default() }
    }

    pub(crate) fn breaking(mut self, call: impl Into<String>) -> Self {
        self.broken.insert(call.into());
        self
    }

    /// What was asked so far, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.calls().iter().filter(|made| made.starts_with(call)).count()
    }

    /// How many writes went on at once at most.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    fn call(&self, call: &str) -> Result<()> {
        let broken = self.broken.contains(call);
        self.calls.lock().unwrap().push(call.to_owned());
        if self.lacking.lock().unwrap().remove(call) {
            return Err(refused(http::StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN"));
        }
        if broken { Err(Error::invalid(format!("broken: {call}"))) } else { Ok(()) }
    }

    /// Lets everybody else run, so that what may go on at once does.
    async fn busy(&self) {
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
    }

    /// The way there and back.
    async fn travel(&self) {
        if let Some(late) = self.late {
            tokio::time::sleep(late).await;
        }
    }

    /// Puts a blob in.
    pub(crate) fn blob(&self, media_type: &str, content: &str) -> Descriptor {
        let node = Descriptor::of(media_type, content.as_bytes());
        self.memory.insert(&node, Bytes::copy_from_slice(content.as_bytes()));
        node
    }

    /// Puts a file in.
    pub(crate) fn file(&self, title: &str, content: &str) -> Descriptor {
        titled(self.blob(media_type::LAYER, content), title)
    }

    /// Puts a manifest in, with the empty config.
    pub(crate) fn manifest(&self, layers: Vec<Descriptor>, subject: Option<&Descriptor>) -> Descriptor {
        let config = self.blob(media_type::EMPTY, "{}");
        self.manifest_with(config, layers, subject)
    }

    pub(crate) fn manifest_with(
        &self,
        config: Descriptor,
        layers: Vec<Descriptor>,
        subject: Option<&Descriptor>,
    ) -> Descriptor {
        let manifest = Manifest {
            schema_version: 2,
            media_type: media_type::MANIFEST.into(),
            artifact_type: None,
            config,
            layers,
            subject: subject.map(Descriptor::bare),
            annotations: Annotations::new(),
        };
        self.document(media_type::MANIFEST, json::compact(&manifest).unwrap())
    }

    pub(crate) fn index(&self, manifests: Vec<Descriptor>) -> Descriptor {
        self.document(media_type::INDEX, json::compact(&Index::new(manifests)).unwrap())
    }

    pub(crate) fn document(&self, media_type: &str, bytes: Vec<u8>) -> Descriptor {
        let node = Descriptor::of(media_type, &bytes);
        self.memory.insert(&node, bytes.into());
        node
    }
}

fn refused(status: http::StatusCode, code: &str) -> Error {
    Error::new(Kind::Refused(Refusal {
        method: http::Method::PUT,
        url: String::new(),
        status,
        problems: vec![Problem {
            code: code.into(),
            message: String::new(),
            detail: serde_json::Value::Null,
        }],
        from_registry: true,
    }))
}

pub(crate) fn titled(mut node: Descriptor, title: &str) -> Descriptor {
    node.annotations.insert(annotations::TITLE.into(), title.into());
    node
}

pub(crate) fn tag(text: &str) -> Tag {
    Tag::any(text)
}

#[async_trait]
impl Source for Rigged {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        self.call(&format!("resolve {at}"))?;
        self.travel().await;
        self.memory.resolve(at).await
    }

    async fn manifest(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        self.call(&format!("manifest {at}"))?;
        self.memory.manifest(at).await
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        self.memory.stat(blob).await
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        self.call(&format!("exists {}", node.digest.short()))?;
        self.travel().await;
        self.memory.exists(node).await
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        let failed =
            self.call(&format!("fetch {}", node.digest.short())).err().map(|error| error.to_string());
        self.memory.fetch(node).through(move |stream, _| match failed.clone() {
            Some(text) => stream::iter([Err(Error::invalid(text))]).boxed(),
            None => stream,
        })
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        self.call(&format!("referrers {}", node.digest.short()))?;
        self.memory.referrers(node, artifact_type).await
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        self.memory.tags(after)
    }

    fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }
}

#[async_trait]
impl Target for Rigged {
    async fn lacks(&self, blob: &Descriptor) -> Result<bool> {
        self.call(&format!("lacks {}", blob.digest.short()))?;
        self.exists(blob).await.map(|there| !there)
    }

    async fn may_go_ahead(&self) -> bool {
        self.late.is_some()
    }

    async fn put(&self, node: &Descriptor, body: Body) -> Result<Put> {
        self.call(&format!("put {}", node.digest.short()))?;
        self.busy().await;
        self.memory.put(node, body).await
    }

    async fn tag(&self, node: &Descriptor, tag: &Tag) -> Result<()> {
        self.call(&format!("tag {} {tag}", node.digest.short()))?;
        self.memory.tag(node, tag).await
    }

    async fn put_tagged(&self, node: &Descriptor, body: Body, tag: &Tag) -> Result<Put> {
        self.call(&format!("put {} {tag}", node.digest.short()))?;
        let put = self.memory.put(node, body).await?;
        self.memory.tag(node, tag).await?;
        Ok(put)
    }

    async fn mount(&self, node: &Descriptor, from: &Origin) -> Result<Mount> {
        self.call(&format!("mount {} {}", node.digest.short(), from.repository))?;
        match self.mount_status {
            None => Ok(Mount::Refused),
            Some(http::StatusCode::CREATED) => {
                // The bytes would come from the other repository.
                self.memory.insert(node, Bytes::from_static(b"mounted"));
                Ok(Mount::Mounted)
            }
            Some(status) => Err(refused(status, "DENIED")),
        }
    }

    async fn delete(&self, node: &Descriptor) -> Result<()> {
        self.call(&format!("delete {}", node.digest.short()))?;
        self.memory.delete(node).await
    }

    async fn commit(&self) -> Result<()> {
        self.call("commit")
    }
}

/// Writes down what is told, a line each, without the positions.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Vec<String>>);

impl Heard {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Reporter for Heard {
    fn report(&self, event: Event<'_>) {
        let name = |node: &Descriptor| {
            node.title()
                .unwrap_or_else(|| node.media_type.rsplit(['.', '/']).nth(1).unwrap_or("?"))
                .to_owned()
        };
        let line = match event {
            Event::Empty => "Empty".to_owned(),
            Event::Preparing(typed) => format!("Preparing {typed}"),
            Event::Started(node) => format!("Started {}", name(node)),
            Event::Processing(node) => format!("Processing {}", name(node)),
            Event::At { .. } => return,
            Event::Ended(node, ending) => format!("{ending:?} {}", name(node)),
            Event::Tagged(_, tag) => format!("Tagged {tag}"),
        };
        self.0.lock().unwrap().push(line);
    }
}
