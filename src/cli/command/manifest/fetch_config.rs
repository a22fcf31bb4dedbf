//! `oras manifest fetch-config`: the config of a manifest.

use clap::Args;
use oras::content::{DOCUMENT_LIMIT, Source};
use oras::disk;
use oras::oci::Descriptor;
use oras::ops;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::descriptor::DescriptorArgs;
use crate::cli::args::output::OutputArgs;
use crate::cli::args::platform::PlatformArgs;
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras manifest fetch-config",
    arguments: "[flags] <name>{:<tag>|@<digest>}",
    count: Count::Exactly(1),
    purpose: "the manifest config to fetch",
};

/// What is typed for `oras manifest fetch-config`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct FetchConfigArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    descriptor: DescriptorArgs,
    #[command(flatten)]
    platform: PlatformArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: FetchConfigArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments.clone())?;
    let shown = args.descriptor.descriptor;
    args.output.check(args.descriptor)?;
    let platform = args.platform.parse()?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull]);
    let at = end.place.named(&USAGE)?;
    let source = app.cached_source(&end).await?;
    let node = ops::find_config(&*source, at, platform.as_ref()).await?;
    if let Some(file) = args.output.file() {
        let content = source.fetch(&node).open(0).await?;
        disk::save_all(file, content).await?;
    }
    if shown {
        return args.descriptor.print(&node, app);
    }
    if args.output.file().is_some() {
        Ok(())
    } else {
        args.print(&*source, &node, &end.place.path(), app).await
    }
}

impl FetchConfigArgs {
    /// Prints the config, checked as a whole where it fits into memory. A larger one is printed only where stdout was
    /// asked for by name.
    async fn print(
        &self,
        source: &dyn Source,
        node: &Descriptor,
        path: &str,
        app: &App,
    ) -> Result<(), Failure> {
        let body = source.fetch(node);
        if node.size <= DOCUMENT_LIMIT {
            return self.descriptor.json.print(&body.read(DOCUMENT_LIMIT).await?, app);
        }
        if self.output.is_stdout() && !self.descriptor.json.pretty {
            return app.terminal.pour(body.open(0).await?).await;
        }
        let text = format!(
            "config size {} exceeds the limit of {DOCUMENT_LIMIT} bytes: size exceeds limit",
            node.size
        );
        Err(Failure::mistake(text).code("TOO_LARGE").advice(format!(
            "To download a large config, use \"oras blob fetch --output <file> {path}@{}\"",
            node.digest
        )))
    }
}
