//! `oras blob delete`: a blob goes.

use clap::Args;
use oras::error::Context;
use oras::ops;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::confirm::ConfirmArgs;
use crate::cli::args::descriptor::DescriptorArgs;
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras blob delete",
    arguments: "[flags] <name>@<digest>",
    count: Count::Exactly(1),
    purpose: "the target blob to delete",
};

/// Delete a blob from a remote registry
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
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: DeleteArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments)?;
    args.confirm.check(args.descriptor)?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull, Action::Delete]);
    let at = end.place.blob(&USAGE)?;
    let target = app.target(&end).await?;
    let Some(node) = ops::found(ops::stat_blob(&*target, at).await)? else {
        if args.confirm.force && !args.descriptor.descriptor {
            return app.terminal.print(&format!("Missing {raw}\n"));
        }
        return Err(Failure::mistake(format!("{raw}: the specified blob does not exist")));
    };
    let digest = node.digest.to_string();
    if !args.confirm.agrees(app, &format!("Are you sure you want to delete the blob {digest:?}?")).await? {
        return Ok(());
    }
    ops::delete_blob(&*target, &node).await.within(|| format!("failed to delete {raw}").into())?;
    if args.descriptor.descriptor {
        return args.descriptor.print(&node, app);
    }
    app.terminal.print(&format!("Deleted {}\n", end.place.shown()))
}
