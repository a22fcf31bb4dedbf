//! `oras blob delete`: a blob goes.

use clap::Args;
use oras::ops;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::deletion::{DeletionArgs, Doomed};
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras blob delete",
    arguments: "[flags] <name>@<digest>",
    count: Count::Exactly(1),
    purpose: "the target blob to delete",
};

/// What is typed for `oras blob delete`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct DeleteArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    #[command(flatten)]
    deletion: DeletionArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: DeleteArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments)?;
    args.deletion.check()?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull, Action::Delete]);
    let at = end.place.blob(&USAGE)?;
    let target = app.target(&end).await?;
    let found = ops::found(ops::stat_blob(&*target, at).await)?;
    let doomed = Doomed { kind: "blob", besides: "", place: &end.place, found };
    args.deletion.carry_out(doomed, async |node| ops::delete_blob(&*target, node).await, app).await
}
