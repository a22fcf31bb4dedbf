//! `oras doctor`: what a registry can do, and what that means for who uses it.
//!
//! What does not belong here: how it is found out, which the library does, and what it means ([`words`]).

mod report;
mod words;

use clap::Args;
use oras::credentials::{Credential, Stored};
use oras::error::Context;
use oras::registry::Examination;
use oras::transport::Tokens;

use self::report::{Given, Report};
use crate::cli::app::App;
use crate::cli::args::common::CommonArgs;
use crate::cli::args::format::{FormatArgs, Forms};
use crate::cli::args::remote::{Remote, RemoteArgs};
use crate::cli::failure::Failure;
use crate::cli::output::{check, show};
use crate::cli::place::registry_or_repository;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras doctor",
    arguments: "[flags] <registry>[/<repository>]",
    count: Count::Exactly(1),
    purpose: "the registry you want to know about",
};

/// What is typed for `oras doctor`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct DoctorArgs {
    #[arg(hide = true)]
    arguments: Vec<String>,

    /// push an artifact to the repository and delete it, to see what that shows
    #[arg(long)]
    write: bool,

    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    common: CommonArgs,
}

pub(crate) async fn run(args: DoctorArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments)?;
    let remote = &args.remote.remote;
    remote.check()?;
    let format = args.format.choose(Forms::RESULT)?;
    check(&format)?;
    let (registry, repository) = registry_or_repository(&raw)?;
    if args.write && repository.is_none() {
        return Err(Failure::mistake("--write needs a repository that may be written to")
            .advice(format!("Please name one: {registry}/<repository>")));
    }
    let (credential, given) = known(app, registry, repository, remote).await?;
    let place = (registry, repository.unwrap_or_default());
    let client = app.client(place, remote, credential, Tokens::default(), None).await?;
    let examination = Examination::new(client, registry, repository, args.write)?;
    let greeting = examination.greet().await?;
    let mut report = Report::new(registry, repository);
    report.meet(&greeting, remote.insecure, app.env.now());
    let entered = examination.enter().await;
    report.let_in(&greeting.scheme, given.as_ref(), entered.as_ref().err());
    if entered.is_ok() {
        let (findings, left) = examination.ask().await;
        report.take(&findings, args.write.then_some(left));
    }
    show(app, &format, &report)?;
    Ok(entered?)
}

/// Who is to be known to the registry, and where that comes from.
async fn known(
    app: &App,
    registry: &str,
    repository: Option<&str>,
    remote: &Remote,
) -> Result<(Option<Credential>, Option<Given>), Failure> {
    if let Some(typed) = app.credential(remote).await? {
        let given = Given::typed(&typed);
        return Ok((Some(typed), Some(given)));
    }
    let store = app.store(&remote.registry_config, remote.retry).await?;
    let store = store.for_repository(repository.unwrap_or_default());
    let found = store.find(registry).await.within(|| "failed to resolve credential".into())?;
    let given = found.as_ref().map(Given::stored);
    Ok((found.map(|Stored { credential, .. }| credential), given))
}
