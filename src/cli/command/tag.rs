//! `oras tag`: more names for a manifest.

use std::collections::HashMap;
use std::sync::Arc;

use clap::Args;
use oras::error::Context;
use oras::oci::{Locator, Tag};
use oras::ops;
use oras::progress::{Event, Reporter};
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::concurrency::ConcurrencyArgs;
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::place::Place;
use crate::cli::terminal::Terminal;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras tag",
    arguments: "[flags] <name>{:<tag>|@<digest>} <new_tag> [...]",
    count: Count::AtLeast(2),
    purpose: "the artifact to be retagged and the tags to be added",
};

/// How many tags are set at once.
const USUAL: usize = 5;

/// What is typed for `oras tag`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct TagArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// remove these tags, each typed as <name>:<tag>, and leave the manifests
    #[arg(long)]
    remove: bool,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: TagArgs, app: &App) -> Result<(), Failure> {
    if args.remove {
        return remove(&args, app).await;
    }
    if let Some("list" | "ls") = args.arguments.first().map(String::as_str) {
        return Err(no_list(args.target.is_layout_reference()));
    }
    let (raw, typed) = USAGE.first(args.arguments)?;
    let end = args
        .target
        .end(&raw)
        .map_err(|failure| failure.about_reference(&format!("unable to add tag for '{raw}'")))?
        .doing(&[Action::Pull, Action::Push])
        .at_most(args.concurrency.typed());
    let at = end.place.named(&USAGE)?.clone();
    let tags = tags(&end.place, &typed)?;
    let reporter = Lines {
        terminal: app.terminal.clone(),
        path: format!("[{}] {}", end.place.kind_name(), end.place.path()),
        typed: tags.iter().cloned().zip(typed).collect(),
    };
    let target = app.target(&end).await?;
    let request = ops::Retag { at, tags, limits: args.concurrency.limits(USUAL) };
    ops::tag(&*target, request, Arc::new(reporter)).await?;
    Ok(())
}

/// Removes tags one after the other. All of them are read before the first goes.
async fn remove(args: &TagArgs, app: &App) -> Result<(), Failure> {
    if args.arguments.is_empty() {
        let text = "\"oras tag --remove\" requires at least 1 argument but got 0";
        return Err(Failure::mistake(text).usage(&USAGE));
    }
    let mut ends = Vec::new();
    for raw in &args.arguments {
        let end = args.target.end(raw)?.doing(&[Action::Pull, Action::Delete]);
        let end = end.at_most(args.concurrency.typed());
        let Locator::Tag(tag) = end.place.named(&USAGE)?.clone() else {
            let text = format!("{raw:?}: a tag is needed to be removed, not a digest");
            return Err(Failure::mistake(text).usage(&USAGE));
        };
        ends.push((end, tag));
    }
    for (end, tag) in ends {
        let target = app.target(&end).await?;
        let removed = ops::untag(&*target, &tag).await;
        removed.within(|| format!("failed to remove the tag {}", end.place.raw()).into())?;
        app.terminal.print(&format!("Removed {}\n", end.place.shown()))?;
    }
    Ok(())
}

fn no_list(in_layout: bool) -> Failure {
    let place = if in_layout { "an OCI image layout" } else { "a repository" };
    Failure::mistake("there is no \"list\" sub-command for \"oras tag\" command")
        .usage(&USAGE)
        .advice(format!("If you want to list available tags in {place}, use \"oras repo tags\""))
}

/// The tags that were typed. All are read before the first is set, so that a mistake leaves nothing half done.
fn tags(place: &Place, typed: &[String]) -> Result<Vec<Tag>, Failure> {
    let several = typed.len() > 1;
    let read = typed.iter().map(|text| {
        new_tag(place, text).map_err(|why| {
            let step = if several { format!("failed to tag {text}: ") } else { String::new() };
            Failure::mistake(step + &why)
        })
    });
    read.collect()
}

/// A tag as it is typed: on its own, or with the repository that it will be in anyway.
fn new_tag(place: &Place, text: &str) -> Result<Tag, String> {
    match place.locate(text)? {
        Locator::Tag(tag) => Ok(tag),
        Locator::Digest(_) if place.reference().is_some() => Err("invalid reference".to_owned()),
        // In a layout any text may be a tag.
        Locator::Digest(_) => Ok(Tag::any(text)),
    }
}

/// Tells of the manifest, and of each tag as it was typed.
struct Lines {
    terminal: Terminal,
    path: String,
    typed: HashMap<Tag, String>,
}

impl Reporter for Lines {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Started(root) => {
                self.terminal.status(&format!("Tagging {}@{}\n", self.path, root.digest));
            }
            Event::Tagged(_, tag) => {
                let typed = self.typed.get(tag).map_or(tag.as_str(), String::as_str);
                self.terminal.status(&format!("Tagged {typed}\n"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::place::Form;

    #[test]
    fn a_new_tag_may_come_with_its_repository_but_is_no_digest() {
        let place = Place::parse("h:5000/r:v1", Form::Registry).unwrap();
        for text in ["v2", "h:5000/r:v2"] {
            assert_eq!(new_tag(&place, text).unwrap().as_str(), "v2");
        }
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(new_tag(&place, &digest), Err("invalid reference".to_owned()));
        let place = Place::parse("dir:v1", Form::Layout).unwrap();
        assert_eq!(new_tag(&place, &digest).unwrap().as_str(), digest);
    }
}
