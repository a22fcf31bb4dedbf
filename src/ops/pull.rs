//! Pull: the files of an artifact into a folder, or one of them as bytes.
//!
//! First all manifests are looked through, so that what cannot work is told before anything is written: a title that
//! two files have or that leads out of the folder, a file that is not there. Then what has a title is written, and
//! nothing else is requested. What has the bytes of something that was written already is written from that. When it
//! fails, what was made is removed again.

mod contents;
mod titles;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

pub use titles::Titles;

use contents::{Contents, Titled, titled};

use crate::content::{Body, Source, Target};
use crate::error::{Context, Result, Side};
use crate::files::{FileArgument, Output};
use crate::oci::{Descriptor, Locator, Platform};
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
    /// Which files are wanted. The config is, where it has a place.
    pub only: Titles,
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
    let limits = request.limits;
    let (root, contents) = look(&documents, request, &*reporter).await?;
    let files = contents.files(&root)?;
    for file in &files {
        output.claim(file)?;
    }
    let job = Job { source, contents: &contents, output, reporter, written: Mutex::default() };
    if let Err(error) = walk([&root], limits, &job).await {
        output.undo().await;
        return Err(error);
    }
    output.commit().await?;
    output.keep();
    let paths: HashMap<Titled, PathBuf> =
        output.written().into_iter().map(|written| (titled(&written.node), written.path)).collect();
    let file = |node: &Descriptor| {
        paths.get(&titled(node)).map(|path| PulledFile { path: path.clone(), node: node.clone() })
    };
    let files = contents.listed(&root).filter_map(file).collect();
    Ok(Pulled { root, files, skipped: contents.skipped_layers && !contents.only.choose() })
}

/// The one file of an artifact that is wanted, and its bytes; an archive is given as it is.
///
/// # Errors
/// Those of the source; there is no such file, or there are several.
pub async fn pull_one(
    source: &dyn Source,
    request: Pull,
    reporter: Arc<dyn Reporter>,
) -> Result<(Descriptor, Descriptor, Body)> {
    let documents = Documents::new(source);
    let (root, contents) = look(&documents, request, &*reporter).await?;
    let file = contents.only_file(&root)?;
    let (body, _) = Moving::new(source, &file, &reporter);
    Ok((root, file, body))
}

/// Looks through all manifests of what is to be pulled.
async fn look(
    documents: &Documents<'_>,
    request: Pull,
    reporter: &dyn Reporter,
) -> Result<(Descriptor, Contents)> {
    let (mut root, _) = documents.at(&request.at).await?;
    if let Some(platform) = &request.platform {
        root = select(documents, &root, platform).await?;
    }
    let Pull { config, subjects, only, limits, .. } = request;
    let contents = Mutex::new(Contents::new(config, subjects, only));
    let look = Look { documents, reporter, contents };
    walk([&root], limits, &look).await?;
    Ok((root, look.contents.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

struct Look<'a> {
    documents: &'a Documents<'a>,
    reporter: &'a dyn Reporter,
    contents: Mutex<Contents>,
}

#[async_trait]
impl Visit for Look<'_> {
    async fn enter(&self, node: &Descriptor) -> Result<Entered> {
        // A root that is no manifest is taken for a blob, which is not there.
        if !node.is_manifest() {
            return Ok(Entered::Done);
        }
        self.reporter.report(Event::Started(node));
        let document = self.documents.document(node).await.on(Side::Source)?;
        self.reporter.report(Event::Processing(node));
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        for skipped in contents.add(node, &document) {
            self.reporter.report(Event::Ended(&skipped, Ending::Skipped));
        }
        let inner = contents.of(&node.digest).map(|wanted| wanted.manifests.clone());
        Ok(Entered::Children(inner.unwrap_or_default()))
    }

    async fn transfer(&self, _node: &Descriptor) -> Result<()> {
        Ok(())
    }

    async fn leave(&self, _node: &Descriptor) -> Result<()> {
        Ok(())
    }
}

struct Job<'a> {
    source: &'a dyn Source,
    contents: &'a Contents,
    output: &'a Output,
    reporter: Arc<dyn Reporter>,
    written: Mutex<HashSet<Titled>>,
}

impl Job<'_> {
    fn written(&self) -> MutexGuard<'_, HashSet<Titled>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, event: Event<'_>) {
        self.reporter.report(event);
    }

    async fn write(&self, node: &Descriptor) -> Result<()> {
        let (body, moving) = Moving::new(self.source, node, &self.reporter);
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

#[async_trait]
impl Visit for Job<'_> {
    async fn enter(&self, node: &Descriptor) -> Result<Entered> {
        if !node.is_manifest() {
            return Ok(Entered::Leaf);
        }
        let wanted = self.contents.of(&node.digest);
        let children = wanted.map(|wanted| wanted.files.iter().chain(&wanted.manifests).cloned().collect());
        Ok(Entered::Children(children.unwrap_or_default()))
    }

    async fn transfer(&self, node: &Descriptor) -> Result<()> {
        self.written().insert(titled(node));
        self.report(Event::Started(node));
        if let Err(error) = self.write(node).await {
            self.report(Event::Ended(node, Ending::Failed));
            return Err(error);
        }
        self.report(Event::Ended(node, Ending::Done));
        Ok(())
    }

    async fn leave(&self, node: &Descriptor) -> Result<()> {
        for file in self.contents.of(&node.digest).map_or(&[][..], |wanted| &wanted.files) {
            let first = self.written().insert(titled(file));
            if first {
                self.restore(file).await?;
            }
        }
        self.report(Event::Ended(node, Ending::Done));
        Ok(())
    }
}
