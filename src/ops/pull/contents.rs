//! What an artifact has that is wanted, found by looking through its manifests.
//!
//! All of it is known before the first file is written or asked for. What does not belong here: files on a disk.

use std::collections::{HashMap, HashSet};

use super::titles::{Titles, listed};
use crate::error::{Error, Result};
use crate::files::FileArgument;
use crate::oci::{Descriptor, Digest, Document, annotations};
use crate::transfer::Subjects;

/// A node under a title. The same bytes may have several.
pub(super) type Titled = (Digest, String);

pub(super) fn titled(node: &Descriptor) -> Titled {
    (node.digest.clone(), node.title().unwrap_or_default().to_owned())
}

/// The manifests of an artifact by their digests.
#[derive(Default)]
pub(super) struct Contents {
    /// Where the next config goes.
    config: Option<FileArgument>,
    subjects: Subjects,
    pub(super) only: Titles,
    wanted: HashMap<Digest, Wanted>,
    /// Every title that was met, in that order.
    titles: Vec<String>,
    /// What was told to be skipped.
    told: HashSet<Titled>,
    /// Whether there are layers without a title.
    pub(super) skipped_layers: bool,
}

/// What is wanted of one manifest.
pub(super) struct Wanted {
    pub(super) manifests: Vec<Descriptor>,
    pub(super) files: Vec<Descriptor>,
    /// The files that belong to the artifact itself, in its order.
    listed: Vec<Descriptor>,
}

impl Contents {
    /// Nothing looked at yet.
    pub(super) fn new(config: Option<FileArgument>, subjects: Subjects, only: Titles) -> Self {
        Self { config, subjects, only, ..Self::default() }
    }

    /// What was found in a manifest; nothing where it was not looked at.
    pub(super) fn of(&self, manifest: &Digest) -> Option<&Wanted> {
        self.wanted.get(manifest)
    }

    /// Takes note of a manifest and gives what is left out of it and was not told yet.
    pub(super) fn add(&mut self, node: &Descriptor, document: &Document) -> Vec<Descriptor> {
        let mut config = document.config.clone();
        let mut placed = None;
        if let Some(config) = &mut config
            && let Some(place) = self.config.take()
            && place.kind().is_none_or(|kind| kind == config.media_type)
        {
            placed = Some(place.path.clone());
            config.annotations.insert(annotations::TITLE.to_owned(), place.path);
        }
        let config =
            config.filter(|node| node.title().is_some() || node.digest != Descriptor::empty().digest);
        let subject = document.subject.iter().filter(|_| self.subjects == Subjects::Taken);
        let layers = document.layers.iter().chain(&document.blobs).chain(&document.manifests);
        let own: HashSet<&Digest> = layers.clone().map(|layer| &layer.digest).collect();
        let mut wanted = Wanted { manifests: Vec::new(), files: Vec::new(), listed: Vec::new() };
        let mut skipped = Vec::new();
        for node in layers.chain(subject).chain(&config) {
            match node.title() {
                _ if node.is_manifest() => wanted.manifests.push(node.clone()),
                Some(title) => {
                    self.titles.push(title.to_owned());
                    // A config for which there is a place was asked for by that.
                    if placed.as_deref() == Some(title) || self.only.take(title) {
                        wanted.files.push(node.clone());
                    }
                }
                None if node.same_content(&Descriptor::empty()) => {}
                None => {
                    self.skipped_layers |= own.contains(&node.digest);
                    if self.told.insert(titled(node)) {
                        skipped.push(node.clone());
                    }
                }
            }
        }
        let files = document.children().filter(|node| !node.is_manifest() && node.title().is_some());
        wanted.listed = files.cloned().collect();
        self.wanted.insert(node.digest.clone(), wanted);
        skipped
    }

    /// Every file that is wanted, once for each title, in the order of the manifests.
    ///
    /// # Errors
    /// A pattern that no title matches.
    pub(super) fn files(&self, root: &Descriptor) -> Result<Vec<Descriptor>> {
        self.only.all_match(&self.titles)?;
        let mut met = HashSet::new();
        let all = self.in_order(root).into_iter().flat_map(|wanted| &wanted.files);
        Ok(all.filter(|file| met.insert(titled(file))).cloned().collect())
    }

    /// The one file that is wanted.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub(super) fn only_file(&self, root: &Descriptor) -> Result<Descriptor> {
        let mut files = self.files(root)?;
        if files.len() == 1
            && let Some(file) = files.pop()
        {
            return Ok(file);
        }
        let titles = files.iter().filter_map(Descriptor::title).map(str::to_owned).collect::<Vec<_>>();
        let what = listed(if titles.is_empty() { &self.titles } else { &titles });
        Err(Error::invalid(format!("exactly one file is wanted, but {what}")))
    }

    /// The files that belong to the artifact itself: those of a manifest after those of the manifests in it.
    pub(super) fn listed(&self, root: &Descriptor) -> impl Iterator<Item = &Descriptor> {
        self.in_order(root).into_iter().flat_map(|wanted| &wanted.listed)
    }

    /// Each manifest once, after those in it.
    fn in_order(&self, root: &Descriptor) -> Vec<&Wanted> {
        let mut order = Vec::new();
        let mut open = vec![(&root.digest, false)];
        let mut met = HashSet::new();
        while let Some((digest, inner_done)) = open.pop() {
            let Some(wanted) = self.wanted.get(digest) else { continue };
            if inner_done {
                order.push(wanted);
            } else if met.insert(digest) {
                open.push((digest, true));
                open.extend(wanted.manifests.iter().rev().map(|node| (&node.digest, false)));
            }
        }
        order
    }
}
