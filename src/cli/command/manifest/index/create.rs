//! `oras manifest index create`: a new index of manifests that are there.

use clap::Args;
use oras::ops::{self, CreateIndex};

use super::{GoalArgs, New, check_type, named};
use crate::cli::app::App;
use crate::cli::args::annotation::AnnotationArgs;
use crate::cli::args::common::CommonArgs;
use crate::cli::args::destination::Destination;
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras manifest index create",
    arguments: "[flags] <target>[:<tag[,<tag>][...]] <sources>[{<tag>|<digest>}...]",
    count: Count::AtLeast(1),
    purpose: "the destination index to create.",
};

/// What is typed for `oras manifest index create`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct CreateArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// artifact type for overall index
    #[arg(long, value_name = "string")]
    artifact_type: Option<String>,

    #[command(flatten)]
    annotations: AnnotationArgs,
    #[command(flatten)]
    goal: GoalArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
}

pub(crate) async fn run(args: CreateArgs, app: &App) -> Result<(), Failure> {
    let (raw, sources) = USAGE.first(args.arguments)?;
    let destination = Destination::split(&raw);
    let end = args.target.end(&destination.raw)?.doing(args.goal.actions());
    let annotations = args.annotations.parse()?;
    let tags = destination.tags()?;
    check_type(args.artifact_type.as_deref())?;
    let manifests = named(&end.place, &sources, "manifest")?;
    let ends = args.goal.open(&end, app).await?;
    let request = CreateIndex { manifests, artifact_type: args.artifact_type, annotations };
    let told = args.goal.told(app.terminal.clone());
    let (node, bytes) = ops::create_index(&*ends.source, request, &told).await?;
    let packed = format!("Packed    {} {}\n", node.digest.short(), node.media_type);
    args.goal.deliver(New { node, bytes, packed, place: &end.place, tags }, &ends, app).await
}
