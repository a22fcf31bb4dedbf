//! `oras manifest index`: commands that make lists of manifests, and what both have in common.
//!
//! What does not belong here: the making itself ([`oras::ops`]).

mod create;
mod update;

use std::sync::Arc;

use bytes::Bytes;
use clap::{Args, Subcommand};
use oras::content::{Source, Target};
use oras::disk;
use oras::error::Context;
use oras::oci::{Descriptor, Locator, Tag, media_type};
use oras::ops::{self, IndexStep, Named};
use oras::progress::{Event, Reporter};
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::output::OutputArgs;
use crate::cli::args::pretty::PrettyArgs;
use crate::cli::command::later::Later;
use crate::cli::connect::End;
use crate::cli::failure::Failure;
use crate::cli::place::Place;
use crate::cli::terminal::Terminal;

/// The commands on indexes.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// [Experimental] Create and push an index from provided manifests
    #[command(visible_alias = "pack")]
    Create(Later<create::CreateArgs>),
    /// [Experimental] Update and push an image index
    Update(Later<update::UpdateArgs>),
}

impl IndexCommand {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Create(Later(args)) => app.wait(create::run(*args, app)),
            Self::Update(Later(args)) => app.wait(update::run(*args, app)),
        }
    }
}

/// Where a new index goes.
#[derive(Debug, Args)]
struct GoalArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    json: PrettyArgs,
}

impl GoalArgs {
    /// Whether it goes anywhere but to the place of its manifests.
    fn is_elsewhere(&self) -> bool {
        self.output.is_stdout() || self.output.file().is_some()
    }

    /// What will be done at the place of the manifests.
    fn actions(&self) -> &'static [Action] {
        if self.is_elsewhere() { &[Action::Pull] } else { &[Action::Pull, Action::Push] }
    }

    /// Opens the place of the manifests. Where nothing will be written, it is opened to read, so that no layout is made.
    async fn open(&self, end: &End, app: &App) -> Result<Ends, Failure> {
        if self.is_elsewhere() {
            return Ok(Ends { source: app.source(end).await?, target: None });
        }
        let target = app.target(end).await?;
        Ok(Ends { source: target.clone(), target: Some(target) })
    }

    /// What tells of the steps towards an index; where the index itself goes to stdout, nothing does.
    fn told(&self, terminal: Terminal) -> impl Fn(IndexStep<'_>) + Sync + use<> {
        let silent = self.output.is_stdout();
        move |step| {
            if !silent {
                terminal.status(&line(step));
            }
        }
    }

    /// Brings a new index to where it goes, and tells of it.
    async fn deliver(&self, index: New<'_>, ends: &Ends, app: &App) -> Result<(), Failure> {
        let New { node, bytes, packed, place, tags } = index;
        if self.output.is_stdout() {
            return self.json.print(&bytes, app);
        }
        app.terminal.print(&packed)?;
        if let Some(target) = &ends.target {
            let main = place.locator().and_then(Locator::tag);
            let lines = Arc::new(Lines { terminal: app.terminal.clone(), place: shown(place) });
            ops::push_index(&**target, (&node, bytes), main, &tags, lines).await?;
        } else if let Some(file) = self.output.file() {
            disk::save(file, &bytes)
                .within(|| format!("failed to open {:?}", file.display().to_string()).into())?;
        }
        app.terminal.print(&format!("Digest: {}\n", node.digest))
    }
}

/// The place of the manifests.
struct Ends {
    source: Arc<dyn Source>,
    /// Where the index is pushed to, if it is.
    target: Option<Arc<dyn Target>>,
}

/// An index that was made.
struct New<'a> {
    node: Descriptor,
    bytes: Bytes,
    /// The line that says so.
    packed: String,
    place: &'a Place,
    /// Further tags.
    tags: Vec<Tag>,
}

/// An index that is named by the digest of another one has no name but its own digest.
fn shown(place: &Place) -> Place {
    match place.locator() {
        Some(Locator::Digest(_)) => place.clone().shown_as(place.path()),
        _ => place.clone(),
    }
}

/// Tells of an index that was pushed, and of each further tag.
struct Lines {
    terminal: Terminal,
    place: Place,
}

impl Reporter for Lines {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Ended(..) => self.terminal.status(&format!("Pushed    {}\n", self.place.shown())),
            Event::Tagged(_, tag) => self.terminal.status(&format!("Tagged {tag}\n")),
            _ => {}
        }
    }
}

fn line(step: IndexStep<'_>) -> String {
    let (word, named, digest) = match step {
        IndexStep::Fetching(named) => return format!("Fetching  {}\n", named.name),
        IndexStep::Removed(digest) => return format!("Removed   {digest}\n"),
        IndexStep::Fetched(named, digest) => ("Fetched", named, digest),
        IndexStep::Added(named, digest) => ("Added", named, digest),
        IndexStep::Merged(named, digest) => ("Merged", named, digest),
    };
    let digest = digest.to_string();
    if named.name == digest {
        format!("{word:9} {digest}\n")
    } else {
        format!("{word:9} {digest} {}\n", named.name)
    }
}

/// What the user calls manifests or indexes of a place. All are read before the first is asked for.
fn named(place: &Place, typed: &[String], what: &str) -> Result<Vec<Named>, Failure> {
    let read = typed.iter().map(|name| match place.locate(name) {
        Ok(at) => Ok(Named { name: name.clone(), at }),
        Err(why) => Err(Failure::mistake(format!("could not find the {what} {name}: {why}"))),
    });
    read.collect()
}

/// Refuses an artifact type that has not the shape of one.
fn check_type(artifact_type: Option<&str>) -> Result<(), Failure> {
    match artifact_type {
        Some(kind) if !kind.is_empty() && !media_type::is_well_formed(kind) => {
            Err(Failure::mistake(format!("{kind}: invalid media type")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::place::Form;
    use oras::oci::Digest;

    #[test]
    fn a_manifest_that_is_named_by_its_digest_is_named_once() {
        let digest = Digest::of(b"x");
        let by = |name: &str| Named { name: name.to_owned(), at: Locator::in_layout(name) };
        let (tagged, bare) = (by("v1"), by(&digest.to_string()));
        assert_eq!(line(IndexStep::Fetching(&tagged)), "Fetching  v1\n");
        assert_eq!(line(IndexStep::Fetched(&tagged, &digest)), format!("Fetched   {digest} v1\n"));
        assert_eq!(line(IndexStep::Added(&bare, &digest)), format!("Added     {digest}\n"));
        assert_eq!(line(IndexStep::Merged(&tagged, &digest)), format!("Merged    {digest} v1\n"));
        assert_eq!(line(IndexStep::Removed(&digest)), format!("Removed   {digest}\n"));
    }

    #[test]
    fn the_digest_of_another_index_is_not_shown_as_that_of_the_new_one() {
        let raw = format!("h:5000/r@{}", Digest::of(b"old"));
        let place = |raw: &str| shown(&Place::parse(raw, Form::Registry).unwrap()).shown();
        assert_eq!(place(&raw), "[registry] h:5000/r");
        assert_eq!(place("h:5000/r:v1"), "[registry] h:5000/r:v1");
    }

    #[test]
    fn names_that_are_none_are_told_before_any_work() {
        let place = Place::parse("h:5000/r:v1", Form::Registry).unwrap();
        assert!(named(&place, &["a".to_owned(), "a,b".to_owned()], "manifest").is_err());
        assert!(check_type(Some("a/b")).is_ok() && check_type(Some("")).is_ok() && check_type(None).is_ok());
        assert!(check_type(Some("bad")).is_err());
    }
}
