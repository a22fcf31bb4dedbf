//! `oras manifest delete`: a manifest goes, with all its tags.

use clap::Args;
use oras::error::Context;
use oras::ops;
use oras::registry::ReferrersMode;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::confirm::ConfirmArgs;
use crate::cli::args::descriptor::DescriptorArgs;
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
    descriptor: DescriptorArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
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
    args.confirm.check(args.descriptor)?;
    let referrers = args.referrers.mode();
    // Without the referrers API the index of the subject's referrers is written anew.
    let actions: &[Action] = match referrers {
        ReferrersMode::Api => &[Action::Pull, Action::Delete],
        _ => &[Action::Pull, Action::Delete, Action::Push],
    };
    let end = args.target.end(&raw)?.doing(actions).referrers(referrers);
    let target = app.target(&end).await?;
    let at = end.place.named(&USAGE)?;
    let Some(node) = ops::found(target.resolve(at).await)? else {
        if args.confirm.force && !args.descriptor.descriptor {
            return app.terminal.print(&format!("Missing {raw}\n"));
        }
        return Err(Failure::mistake(format!("{raw}: the specified manifest does not exist")));
    };
    let digest = node.digest.to_string();
    let question =
        format!("Are you sure you want to delete the manifest {digest:?} and all tags associated with it?");
    if !args.confirm.agrees(app, &question).await? {
        return Ok(());
    }
    let deleted = ops::delete(&*target, &node).await;
    deleted.within(|| format!("failed to delete {raw}").into())?;
    if args.descriptor.descriptor {
        return args.descriptor.print(&node, app);
    }
    app.terminal.print(&format!("Deleted {}\n", end.place.shown()))
}
