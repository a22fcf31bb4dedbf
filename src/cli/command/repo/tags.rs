//! `oras repo tags`: the tags of a repository or a layout.

use std::fmt;

use clap::Args;
use futures_util::{StreamExt, TryStreamExt};
use oras::content::Source;
use oras::oci::{Digest, Locator, Reference, Tag};
use oras::ops::{self, DigestTags};
use oras::transfer::Limits;
use oras::transport::Action;
use serde::Serialize;

use super::listed;
use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::format::{Format, FormatArgs, Forms};
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::output::{Outcome, check, show};
use crate::cli::place::Place;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras repo tags",
    arguments: "[flags] <name>",
    count: Count::Exactly(1),
    purpose: "the target repository to list tags from",
};

/// How many tags are asked for their digest at once.
const AT_ONCE: usize = 5;

/// What is typed for `oras repo tags`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct TagsArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// start after the tag specified by last
    #[arg(long, value_name = "last")]
    last: Option<String>,

    /// [Preview] exclude all digest-like tags such as 'sha256-aaaa...'
    #[arg(long)]
    exclude_digest_tags: bool,

    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

/// Tags, in the order of the place.
#[derive(Serialize)]
struct Tags {
    tags: Vec<String>,
}

impl Outcome for Tags {
    /// As text they have been printed as they came.
    fn text(&self, _: &mut dyn fmt::Write) -> fmt::Result {
        Ok(())
    }
}

pub(crate) async fn run(args: TagsArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments)?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull]);
    let format = args.format.choose(Forms::RESULT)?;
    check(&format)?;
    let source = app.source(&end).await?;
    let prefix = prefix(&end.place);
    let of = match end.place.locator() {
        Some(at) if prefix.is_empty() => Some((digest(&*source, at, app).await?, at.clone())),
        _ => None,
    };
    let digest_tags = if args.exclude_digest_tags { DigestTags::LeftOut } else { DigestTags::Listed };
    let request = ops::Tags { after: args.last, of, digest_tags, limits: Limits::usual(AT_ONCE) };
    let pages = ops::tags(&*source, request).map_ok(|page| below(&page, &prefix));
    let tags = listed(pages.boxed(), &format, app, "").await?;
    if format == Format::Text {
        return Ok(());
    }
    show(app, &format, &Tags { tags })
}

/// The digest whose tags are wanted.
async fn digest(source: &dyn Source, at: &Locator, app: &App) -> Result<Digest, Failure> {
    let digest = match at {
        Locator::Digest(digest) => digest.clone(),
        Locator::Tag(_) => source.resolve(at).await?.digest,
    };
    app.log
        .warning(&format!("[Experimental] querying tags associated to {digest}, it may take a while...\n"));
    Ok(digest)
}

/// A layout may hold tags of several repositories, as `registry/repository:tag`: what those of the repository that
/// was typed begin with.
fn prefix(place: &Place) -> String {
    let named = place.layout().and(place.locator()).map(ToString::to_string).unwrap_or_default();
    match named.parse::<Reference>() {
        Ok(repository) if repository.locator.is_none() => format!("{named}:"),
        _ => String::new(),
    }
}

fn below(page: &[Tag], prefix: &str) -> Vec<String> {
    page.iter().filter_map(|tag| tag.as_str().strip_prefix(prefix)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::place::Form;

    #[test]
    fn a_repository_named_in_a_layout_is_a_prefix_of_tags() {
        let at = |raw| prefix(&Place::parse(raw, Form::InLayout("dir")).unwrap());
        assert_eq!(at("h:5000/r"), "h:5000/r:");
        assert_eq!((at("v1"), at("h/r:v1")), (String::new(), String::new()));
        assert_eq!(below(&[Tag::any("h/r:v1"), Tag::any("h/s:v1")], "h/r:"), ["v1"]);
    }
}
