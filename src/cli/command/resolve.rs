//! `oras resolve`: the digest behind a tag.

use clap::Args;
use oras::error::Context;
use oras::ops;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::platform::PlatformArgs;
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras resolve",
    arguments: "[flags] <name>{:<tag>|@<digest>}",
    count: Count::Exactly(1),
    purpose: "the target artifact reference to resolve",
};

/// What is typed for `oras resolve`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct ResolveArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// print the full artifact reference with digest
    #[arg(short = 'l', long)]
    full_reference: bool,

    #[command(flatten)]
    platform: PlatformArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: ResolveArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments)?;
    let platform = args.platform.parse()?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull]);
    let source = app.source(&end).await?;
    let at = end.place.named(&USAGE)?;
    let resolved = ops::resolve(&*source, at, platform.as_ref()).await;
    let digest = resolved.within(|| "failed to resolve digest".into())?.digest;
    if args.full_reference {
        return app.terminal.print(&format!("{}@{digest}\n", end.place.path()));
    }
    app.terminal.print(&format!("{digest}\n"))
}
