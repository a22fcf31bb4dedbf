//! `oras manifest delete`: a manifest goes, with all its tags.

use clap::Args;
use oras::ops;
use oras::registry::ReferrersMode;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::deletion::{DeletionArgs, Doomed};
use crate::cli::args::target::{ReferrersArgs, TargetArgs};
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras manifest delete",
    arguments: "[flags] <name>{:<tag>|@<digest>}",
    count: Count::Exactly(1),
    purpose: "the manifest to delete",
};

/// Delete a manifest from remote registry
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
    referrers: ReferrersArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: DeleteArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments)?;
    args.deletion.check()?;
    let referrers = args.referrers.mode();
    // Without the referrers API the index of the subject's referrers is written anew.
    let actions: &[Action] = match referrers {
        ReferrersMode::Api => &[Action::Pull, Action::Delete],
        _ => &[Action::Pull, Action::Delete, Action::Push],
    };
    let end = args.target.end(&raw)?.doing(actions).referrers(referrers);
    let target = app.target(&end).await?;
    let at = end.place.named(&USAGE)?;
    let found = ops::found(target.resolve(at).await)?;
    let besides = " and all tags associated with it";
    let doomed = Doomed { kind: "manifest", besides, place: &end.place, found };
    args.deletion.carry_out(doomed, async |node| ops::delete(&*target, node).await, app).await
}
