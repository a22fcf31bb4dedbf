//! What is in the registry or layout that a line names, as far as it can be had in a moment.
//!
//! Only names that can be names are taken: what a registry makes up cannot do anything to a shell.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{ArgMatches, Command, FromArgMatches};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use oras::content::Source;
use oras::error::Result;
use oras::oci::{Document, Locator, Platform, Tag, is_registry, is_repository, media_type};
use tokio::time::timeout_at;

use super::line::Line;
use crate::cli::app::App;
use crate::cli::args::remote::{Flags, From, Remote, RemoteArgs, Spelling, To, Unprefixed};
use crate::cli::args::retry::RetryFlags;
use crate::cli::connect::End;
use crate::cli::grammar;
use crate::cli::place::{Form, Place};

/// The most names of one kind.
const MOST: usize = 1000;
/// How many tags of a repository are looked at for the types of its artifacts.
const LOOKED_AT: usize = 16;

/// A look at one place of a line.
pub(super) struct Glance<'a> {
    app: &'a App,
    place: Flagged,
    until: Instant,
}

/// What the flags of a line say of a place.
#[derive(Default)]
struct Flagged {
    remote: Remote,
    layout: bool,
    layout_path: Option<String>,
}

impl Flagged {
    /// What was typed of one end, if the command has its flags.
    fn read<S: Spelling>(command: &Command, matches: &ArgMatches) -> Option<Self> {
        let flags = Flags::<S>::new();
        let has = |name: &str| command.get_arguments().any(|arg| arg.get_id() == flags.id(name).as_str());
        if !has("username") {
            return None;
        }
        let remote = RemoteArgs::<S>::from_arg_matches(matches).ok()?.remote;
        let layout = flags.is_set(matches, "oci-layout");
        let layout_path = if has("oci-layout-path") { flags.text(matches, "oci-layout-path") } else { None };
        Some(Self { remote, layout, layout_path })
    }

    fn parse(&self, raw: &str) -> Option<Place> {
        let form = match &self.layout_path {
            Some(path) => Form::InLayout(path),
            None if self.layout => Form::Layout,
            None => Form::Registry,
        };
        Place::parse(raw, form).ok()
    }
}

impl<'a> Glance<'a> {
    /// A look at what the argument at this place names.
    pub(super) fn new(app: &'a App, line: &Line<'_>, argument: usize, until: Instant) -> Self {
        let typed = std::iter::once("oras").chain(line.before.iter().map(String::as_str));
        // What cannot be read yet is left out.
        let read = grammar().ignore_errors(true).try_get_matches_from(typed).ok();
        let matches = read.map(|mut matches| {
            while let Some((_, below)) = matches.remove_subcommand() {
                matches = below;
            }
            matches
        });
        let flagged = matches.and_then(|matches| {
            let only = Flagged::read::<Unprefixed>(line.command, &matches);
            only.or_else(|| match argument {
                0 => Flagged::read::<From>(line.command, &matches),
                _ => Flagged::read::<To>(line.command, &matches),
            })
        });
        let mut place = flagged.unwrap_or_default();
        // Nobody is asked for anything here, and nothing is worth a second try.
        (place.remote.password_stdin, place.remote.identity_token_stdin) = (false, false);
        place.remote.retry =
            RetryFlags::once(until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)));
        Self { app, place, until }
    }

    /// Whether the argument names a layout.
    pub(super) fn is_layout(&self) -> bool {
        self.place.layout || self.place.layout_path.is_some()
    }

    /// The tags at a place.
    pub(super) fn tags(&self, raw: &str) -> Vec<String> {
        let mut tags = Vec::new();
        self.app.glance(async {
            if let Some(source) = self.source(raw).await {
                self.take(source.tags(None), &mut tags).await;
            }
        });
        tags.into_iter().map(|tag: Tag| tag.to_string()).filter(|tag| tag.parse::<Tag>().is_ok()).collect()
    }

    /// The repositories of a registry that begin so.
    pub(super) fn repositories(&self, registry: &str, begun: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        if is_registry(registry) {
            self.app.glance(async {
                let remote = &self.place.remote;
                let credential = self.app.credential(remote).await.ok().flatten();
                if let Some(host) = self.soon(self.app.host(registry, remote, credential)).await {
                    self.take(host.repositories(None), &mut names).await;
                }
            });
        }
        names.retain(|name| name.starts_with(begun) && is_repository(name));
        names
    }

    /// The types of the artifacts that refer to what is named, or else of those in its repository.
    pub(super) fn artifact_types(&self, raw: &str) -> BTreeSet<String> {
        let mut types = BTreeSet::new();
        self.app.glance(async {
            let Some(source) = self.source(raw).await else { return };
            let named = self.place.parse(raw).and_then(|place| place.locator().cloned());
            if let Some(at) = named {
                self.add_referrers(&*source, &at, &mut types).await;
            }
            let mut tags = Vec::new();
            if types.is_empty() {
                self.take(source.tags(None), &mut tags).await;
            }
            for at in tags.into_iter().take(LOOKED_AT).map(Locator::Tag) {
                if let Some((node, bytes)) = self.soon(source.manifest(&at)).await
                    && let Ok(document) = Document::parse(&node.media_type, &bytes)
                {
                    types.extend(document.effective_artifact_type().map(str::to_owned));
                    self.add_referrers(&*source, &Locator::Digest(node.digest), &mut types).await;
                }
            }
        });
        types.retain(|kind| media_type::is_well_formed(kind));
        types
    }

    /// The platforms of the index that is named.
    pub(super) fn platforms(&self, raw: &str) -> BTreeSet<String> {
        let mut platforms = BTreeSet::new();
        self.app.glance(async {
            let Some(at) = self.place.parse(raw).and_then(|place| place.locator().cloned()) else { return };
            let Some(source) = self.source(raw).await else { return };
            if let Some((node, bytes)) = self.soon(source.manifest(&at)).await
                && let Ok(document) = Document::parse(&node.media_type, &bytes)
            {
                let found = document.manifests.iter().filter_map(|child| child.platform.as_ref());
                platforms.extend(found.filter(|platform| is_plain(platform)).map(ToString::to_string));
            }
        });
        platforms
    }

    async fn add_referrers(&self, source: &dyn Source, at: &Locator, types: &mut BTreeSet<String>) {
        if let Some(node) = self.soon(source.resolve(at)).await
            && let Some(referrers) = self.soon(source.referrers(&node, None)).await
        {
            types.extend(referrers.into_iter().filter_map(|node| node.artifact_type));
        }
    }

    async fn source(&self, raw: &str) -> Option<Arc<dyn Source>> {
        let end = End::new(self.place.parse(raw)?, self.place.remote.clone());
        self.soon(self.app.source(&end)).await
    }

    /// Takes what comes of a list in time.
    async fn take<T>(&self, mut pages: BoxStream<'_, Result<Vec<T>>>, all: &mut Vec<T>) {
        while let Ok(Some(Ok(page))) = timeout_at(self.until.into(), pages.next()).await
            && all.len() < MOST
        {
            all.extend(page);
        }
    }

    /// What comes of it in time.
    async fn soon<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Option<T> {
        timeout_at(self.until.into(), work).await.ok()?.ok()
    }
}

/// Whether a platform has no letters but those that platforms are made of.
fn is_plain(platform: &Platform) -> bool {
    let text = platform.to_string();
    text.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-:".contains(letter))
}
