//! `oras blob fetch`: a blob into a file or to stdout.

use std::sync::Arc;

use clap::Args;
use oras::content::Landing;
use oras::disk;
use oras::ops;
use oras::progress::Reporter;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::descriptor::DescriptorArgs;
use crate::cli::args::format::Format;
use crate::cli::args::output::OutputArgs;
use crate::cli::args::target::TargetArgs;
use crate::cli::args::terminal::ProgressArgs;
use crate::cli::failure::Failure;
use crate::cli::output::status::{Detail, reporter};
use crate::cli::output::words;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras blob fetch",
    arguments: "[flags] {--output <file> | --descriptor} <name>@<digest>",
    count: Count::Exactly(1),
    purpose: "the target blob to fetch",
};

/// What is typed for `oras blob fetch`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct FetchArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    descriptor: DescriptorArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

impl FetchArgs {
    /// Refuses flags that cannot stand together, and none at all.
    fn check(&self) -> Result<(), Failure> {
        let written = self.output.is_stdout() || self.output.file().is_some();
        if !self.descriptor.descriptor && !written {
            return Err(Failure::mistake("either `--output` or `--descriptor` must be provided"));
        }
        self.output.check(self.descriptor)
    }

    /// Bars or nothing: no lines stand beside the content.
    fn reporter(&self, app: &App) -> Arc<dyn Reporter> {
        let view = match self.output.file() {
            Some(_) => self.progress.view(&self.common, app),
            None => self.progress.view_beside_content(&self.common, app),
        };
        reporter(app, &words::FETCH, Detail::All, &Format::Json, view)
    }
}

pub(crate) async fn run(args: FetchArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments.clone())?;
    args.check()?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull]);
    let at = end.place.blob(&USAGE)?;
    let source = app.cached_source(&end).await?;
    if args.output.file().is_none() && !args.output.is_stdout() {
        return args.descriptor.print(&ops::stat_blob(&*source, at).await?, app);
    }
    let (node, body) = ops::fetch_blob(&*source, at, args.reporter(app)).await?;
    let landing = Landing::default();
    let content = body.open_into(landing.clone()).await?;
    let Some(file) = args.output.file() else {
        // What was printed cannot be taken back: wrong bytes are told at their end.
        return app.terminal.pour(content).await;
    };
    disk::save_offering(file, content, |write, read| landing.found(write, read)).await?;
    if args.descriptor.descriptor { args.descriptor.print(&node, app) } else { Ok(()) }
}
