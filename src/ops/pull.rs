//! Pull: the files of an artifact into a folder.
//!
//! Manifests are only looked through; what has a title is written, and nothing else is requested. What has the bytes
//! of something that was written already is written from that. When it fails, what was made is removed again.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::content::{Source, Target};
use crate::error::{Context, Result, Side};
use crate::files::{FileArgument, Output};
use crate::oci::{Descriptor, Digest, Document, Locator, Platform, annotations};
use crate::progress::{Ending, Event, Reporter};
use crate::transfer::{Documents, Entered, Limits, Moving, Subjects, Visit, select, walk};

/// What to pull.
#[derive(Debug, Clone)]
pub struct Pull {
    /// The manifest.
    pub at: Locator,
    /// Which manifest of an index is meant.
    pub platform: Option<Platform>,
    /// Where the first config goes, if it has the type.
    pub config: Option<FileArgument>,
    /// Whether the files of subjects come too.
    pub subjects: Subjects,
    /// How much at once.
    pub limits: Limits,
}

/// What was pulled.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The manifest: where a platform was chosen, the chosen one.
    pub root: Descriptor,
    /// The layers that were written, in the order of their manifests; those of inner manifests come first.
    pub files: Vec<PulledFile>,
    /// Whether there are layers that have no title and so were not pulled.
    pub skipped: bool,
}

/// A file or folder that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PulledFile {
    /// Where, absolute; with a slash at the end where it is a folder that was unpacked.
    pub path: PathBuf,
    /// The layer, as its manifest has it.
    pub node: Descriptor,
}

/// Writes the files of an artifact into a folder.
///
/// Two requests are made one after the other, however many small files there are: the manifest, and all files at once. A
/// manifest in a manifest is one more for each level.
///
/// # Errors
/// Those of the source and of the folder.
pub async fn pull(
    source: &dyn Source,
    output: &Output,
    request: Pull,
    reporter: Arc<dyn Reporter>,
) -> Result<Pulled> {
    let documents = Documents::new(source);
    let (mut root, _) = documents.at(&request.at).await?;
    if let Some(platform) = &request.platform {
        root = select(&documents, &root, platform).await?;
    }
    let job = Job {
        documents: &documents,
        output,
        reporter,
        subjects: request.subjects,
        seen: Mutex::new(Seen { config: request.config, ..Seen::default() }),
    };
    if let Err(error) = walk(std::slice::from_ref(&root), request.limits, &job).await {
        output.undo().await;
        return Err(error);
    }
    output.commit().await?;
    output.keep();
    let seen = job.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let files = seen.files(&root, output);
    Ok(Pulled { root, files, skipped: seen.skipped_layers })
}

struct Job<'a> {
    documents: &'a Documents<'a>,
    output: &'a Output,
    reporter: Arc<dyn Reporter>,
    subjects: Subjects,
    seen: Mutex<Seen>,
}

/// A node under a title. The same bytes may have several.
type Titled = (Digest, String);

fn titled(node: &Descriptor) -> Titled {
    (node.digest.clone(), node.title().unwrap_or_default().to_owned())
}

#[derive(Default)]
struct Seen {
    /// Where the next config goes.
    config: Option<FileArgument>,
    /// What each manifest is made of, as far as it is wanted.
    wanted: HashMap<Digest, Wanted>,
    /// What was claimed of the folder, and what was told to be skipped.
    told: HashSet<Titled>,
    written: HashSet<Titled>,
    skipped_layers: bool,
}

struct Wanted {
    manifests: Vec<Descriptor>,
    files: Vec<Descriptor>,
    /// The files that belong to the artifact itself, in its order.
    listed: Vec<Descriptor>,
}

impl Job<'_> {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, event: Event<'_>) {
        self.reporter.report(event);
    }

    async fn look_through(&self, node: &Descriptor) -> Result<Vec<Descriptor>> {
        self.report(Event::Started(node));
        let document = self.documents.document(node).await.on(Side::Source)?;
        self.report(Event::Processing(node));
        let (wanted, skipped) = self.seen().sort(&document, self.subjects);
        for node in skipped {
            self.report(Event::Ended(&node, Ending::Skipped));
        }
        for file in &wanted.files {
            if self.seen().told.insert(titled(file)) {
                self.output.claim(file)?;
            }
        }
        let children = wanted.files.iter().chain(&wanted.manifests).cloned().collect();
        self.seen().wanted.insert(node.digest.clone(), wanted);
        Ok(children)
    }

    async fn write(&self, node: &Descriptor) -> Result<()> {
        let (body, moving) = Moving::new(self.documents.source(), node, &self.reporter);
        moving.outcome(self.output.put(node, body).await)?;
        Ok(())
    }

    /// Writes a file from one with the same bytes. A place that cannot is given them once more.
    async fn restore(&self, node: &Descriptor) -> Result<()> {
        if !self.output.restore(node).await.on(Side::Destination)? {
            self.write(node).await?;
        }
        self.report(Event::Ended(node, Ending::Restored));
        Ok(())
    }
}

impl Seen {
    /// What is wanted of a manifest, and what is left out and was not told yet.
    fn sort(&mut self, document: &Document, subjects: Subjects) -> (Wanted, Vec<Descriptor>) {
        let mut config = document.config.clone();
        if let Some(config) = &mut config
            && let Some(place) = self.config.take()
            && place.kind().is_none_or(|kind| kind == config.media_type)
        {
            config.annotations.insert(annotations::TITLE.to_owned(), place.path);
        }
        let config =
            config.filter(|node| node.title().is_some() || node.digest != Descriptor::empty().digest);
        let subject = document.subject.iter().filter(|_| subjects == Subjects::Taken);
        let layers = document.layers.iter().chain(&document.blobs).chain(&document.manifests);
        let own: HashSet<&Digest> = layers.clone().map(|layer| &layer.digest).collect();
        let mut wanted = Wanted { manifests: Vec::new(), files: Vec::new(), listed: Vec::new() };
        let mut skipped = Vec::new();
        for node in layers.clone().chain(subject).chain(&config) {
            if node.is_manifest() {
                wanted.manifests.push(node.clone());
            } else if node.title().is_some() {
                wanted.files.push(node.clone());
            } else if !node.same_content(&Descriptor::empty()) {
                self.skipped_layers |= own.contains(&node.digest);
                if self.told.insert(titled(node)) {
                    skipped.push(node.clone());
                }
            }
        }
        let files = document.children().filter(|node| !node.is_manifest() && node.title().is_some());
        wanted.listed = files.cloned().collect();
        (wanted, skipped)
    }

    /// The files of a manifest after those of the manifests in it.
    fn files(&self, root: &Descriptor, output: &Output) -> Vec<PulledFile> {
        let paths: HashMap<Titled, PathBuf> =
            output.written().into_iter().map(|written| (titled(&written.node), written.path)).collect();
        let mut files = Vec::new();
        let mut open = vec![(&root.digest, false)];
        let mut met = HashSet::new();
        while let Some((digest, inner_done)) = open.pop() {
            let Some(wanted) = self.wanted.get(digest) else { continue };
            if inner_done {
                files.extend(wanted.listed.iter().filter_map(|node| {
                    paths.get(&titled(node)).map(|path| PulledFile { path: path.clone(), node: node.clone() })
                }));
            } else if met.insert(digest) {
                open.push((digest, true));
                open.extend(wanted.manifests.iter().rev().map(|node| (&node.digest, false)));
            }
        }
        files
    }
}

#[async_trait]
impl Visit for Job<'_> {
    async fn enter(&self, node: &Descriptor) -> Result<Entered> {
        if node.is_manifest() {
            self.look_through(node).await.map(Entered::Children)
        } else {
            Ok(Entered::Leaf)
        }
    }

    async fn transfer(&self, node: &Descriptor) -> Result<()> {
        self.seen().written.insert(titled(node));
        self.report(Event::Started(node));
        if let Err(error) = self.write(node).await {
            self.report(Event::Ended(node, Ending::Failed));
            return Err(error);
        }
        self.report(Event::Ended(node, Ending::Done));
        Ok(())
    }

    async fn leave(&self, node: &Descriptor) -> Result<()> {
        let files =
            self.seen().wanted.get(&node.digest).map(|wanted| wanted.files.clone()).unwrap_or_default();
        for file in files {
            let first = self.seen().written.insert(titled(&file));
            if first {
                self.restore(&file).await?;
            }
        }
        self.report(Event::Ended(node, Ending::Done));
        Ok(())
    }
}
