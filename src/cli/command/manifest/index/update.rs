//! `oras manifest index update`: an index with other manifests, under the same tag.

use std::collections::BTreeSet;

use clap::Args;
use oras::oci::{Digest, Tag};
use oras::ops::{self, Named, UpdateIndex};

use super::{GoalArgs, New, check_type, named};
use crate::cli::app::App;
use crate::cli::args::common::CommonArgs;
use crate::cli::args::destination::extra_tags;
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage, exclusive};

const USAGE: Usage = Usage {
    path: "oras manifest index update",
    arguments: "<index>{:<tag>|@<digest>} [{--add|--merge|--remove} <manifest>{<tag>|<digest>}] [...]",
    count: Count::Exactly(1),
    purpose: "the target index to update",
};

/// What is typed for `oras manifest index update`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis() + " [flags]")]
pub(crate) struct UpdateArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// manifests to add to the index
    #[arg(long, value_name = "stringArray")]
    add: Vec<String>,

    /// indexes to be merged into the index
    #[arg(long, value_name = "stringArray")]
    merge: Vec<String>,

    /// manifests to remove from the index, must be digests
    #[arg(long, value_name = "stringArray")]
    remove: Vec<String>,

    /// extra tags for the updated index
    #[arg(long = "tag", value_name = "stringArray")]
    tags: Vec<String>,

    /// new artifact type for overall index
    #[arg(long, value_name = "string")]
    artifact_type: Option<String>,

    #[command(flatten)]
    goal: GoalArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
}

impl UpdateArgs {
    /// What is to be removed: digests, because a tag could have moved since it was listed.
    fn removed(&self) -> Result<BTreeSet<Digest>, Failure> {
        let read = |text: &String| {
            text.parse().map_err(|_| Failure::mistake(format!("remove: {text} is not a digest")))
        };
        self.remove.iter().map(read).collect()
    }

    /// Whether anything is to be different.
    fn changes(&self) -> bool {
        let lists = [&self.add, &self.merge, &self.remove];
        self.artifact_type.is_some() || lists.iter().any(|list| !list.is_empty())
    }
}

pub(crate) async fn run(args: UpdateArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments.clone())?;
    exclusive(&[("--tag", !args.tags.is_empty()), ("--output", args.goal.is_elsewhere())])?;
    let remove = args.removed()?;
    let end = args.target.end(&raw)?.doing(args.goal.actions());
    let tags: Vec<Tag> = extra_tags(&args.tags)?;
    if !args.changes() {
        return app.terminal.print("Nothing to update as no change is requested\n");
    }
    let at = end.place.named(&USAGE)?.clone();
    check_type(args.artifact_type.as_deref())?;
    let request = UpdateIndex {
        index: Named { name: at.to_string(), at },
        remove,
        add: named(&end.place, &args.add, "manifest")?,
        merge: named(&end.place, &args.merge, "index")?,
        artifact_type: args.artifact_type,
    };
    let ends = args.goal.open(&end, app).await?;
    let told = args.goal.told(app.terminal.clone());
    let (node, bytes) = ops::update_index(&*ends.source, request, &told).await?;
    let packed = format!("Updated   {}\n", node.digest);
    args.goal.deliver(New { node, bytes, packed, place: &end.place, tags }, &ends, app).await
}
