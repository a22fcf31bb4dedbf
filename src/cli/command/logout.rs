//! `oras logout`: a credential is forgotten.

use std::path::PathBuf;

use clap::Args;
use oras::error::Context;

use crate::cli::app::App;
use crate::cli::args::common::CommonArgs;
use crate::cli::args::retry::RetryFlags;
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras logout",
    arguments: "[flags] <registry>",
    count: Count::Exactly(1),
    purpose: "the registry you want to log out",
};

/// What is typed for `oras logout`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct LogoutArgs {
    #[arg(value_name = "registry")]
    arguments: Vec<String>,

    /// auth config path
    #[arg(long, value_name = "stringArray")]
    registry_config: Vec<PathBuf>,

    #[command(flatten)]
    common: CommonArgs,
}

pub(crate) async fn run(args: LogoutArgs, app: &App) -> Result<(), Failure> {
    let [registry] = USAGE.exactly(args.arguments)?;
    let store = app.store(&args.registry_config, RetryFlags::default()).await?;
    let erased = store.erase(&registry).await;
    Ok(erased.within(|| format!("failed to delete the credential for {registry}").into())?)
}
