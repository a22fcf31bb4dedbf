//! Files on their way into an artifact, and the sending of what was packed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pack::Packed;
use crate::content::{Memory, Target, Union};
use crate::error::{Context, Result, Side};
use crate::files::{FileArgument, Staging, title};
use crate::oci::{Annotations, Descriptor, Tag};
use crate::progress::{Ending, Event, Reporter};
use crate::transfer::{Copier, Documents, Known, Limits, Present, Subjects};

/// The files of an artifact, and what is said of each part of it.
#[derive(Debug, Clone)]
pub struct Files {
    /// Where files are read.
    pub staging: Staging,
    /// The files and folders, in order.
    pub arguments: Vec<FileArgument>,
    /// A config of the user's own.
    pub config: Option<FileArgument>,
    /// What is annotated.
    pub annotations: FileAnnotations,
}

/// Annotations of the parts of an artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileAnnotations {
    /// Those of the manifest.
    pub manifest: Annotations,
    /// Those of the config.
    pub config: Annotations,
    /// Those of the layers, by path as typed. A title here renames the file.
    pub layers: BTreeMap<String, Annotations>,
}

/// What became of the files.
pub(super) struct Staged {
    pub(super) config: Option<Descriptor>,
    pub(super) layers: Vec<Descriptor>,
}

impl Files {
    /// Reads the files for a target one after the other, so that they are told in order.
    pub(super) async fn stage(&self, target: &dyn Target, reporter: &dyn Reporter) -> Result<Staged> {
        let config = match &self.config {
            Some(config) => {
                let kind = config.media_type.as_deref();
                Some(self.staging.add_config(&config.path, kind, target).await?)
            }
            None => None,
        };
        if self.arguments.is_empty() {
            reporter.report(Event::Empty);
        }
        let mut layers = Vec::with_capacity(self.arguments.len());
        for file in &self.arguments {
            let annotations = self.annotations.layers.get(&file.path).cloned().unwrap_or_default();
            reporter.report(Event::Preparing(&title(&file.path, &annotations)));
            layers.push(self.staging.add(&file.path, file.kind(), annotations, target).await?);
        }
        Ok(Staged { config, layers })
    }

    /// Sends a manifest that was packed from these files, with everything below it.
    pub(super) async fn send(
        &self,
        packed: &Packed,
        tags: &[Tag],
        target: &dyn Target,
        (limits, present): (Limits, Present),
        known: Known,
        reporter: Arc<dyn Reporter>,
    ) -> Result<()> {
        let made = Arc::new(Memory::new());
        made.insert(&packed.root, packed.bytes.clone());
        for (node, bytes) in &packed.blobs {
            made.insert(node, bytes.clone());
        }
        if packed.is_new {
            // It was made just now, so the target cannot have it.
            known.found(&packed.root, false);
        }
        let source = Union::new(made, self.staging.clone());
        let documents = Documents::new(&source);
        let copier = Copier {
            twins: Ending::Existed,
            subjects: Subjects::Left,
            present,
            known,
            ..Copier::new(&documents, target, reporter, limits)
        };
        let sent = copier.tagged(&packed.root, tags).await;
        sent.and(target.commit().await.on(Side::Destination))
    }
}
