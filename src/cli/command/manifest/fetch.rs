//! `oras manifest fetch`: a manifest as it is.

use std::fmt;

use clap::Args;
use oras::disk;
use oras::error::{Context, Error};
use oras::ops;
use oras::transport::Action;
use serde::Serialize;
use serde_json::Value;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::descriptor::DescriptorArgs;
use crate::cli::args::format::{Format, FormatArgs, Forms};
use crate::cli::args::output::OutputArgs;
use crate::cli::args::platform::PlatformArgs;
use crate::cli::args::pretty::not_json;
use crate::cli::args::target::TargetArgs;
use crate::cli::failure::Failure;
use crate::cli::output::json::{Node, sorted};
use crate::cli::output::{self, Outcome};
use crate::cli::usage::{Count, Usage, exclusive};

const USAGE: Usage = Usage {
    path: "oras manifest fetch",
    arguments: "[flags] <name>{:<tag>|@<digest>}",
    count: Count::Exactly(1),
    purpose: "the manifest to fetch",
};

/// What is typed for `oras manifest fetch`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct FetchArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// accepted media types
    #[arg(long = "media-type", value_name = "strings", value_delimiter = ',')]
    media_types: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    descriptor: DescriptorArgs,
    #[command(flatten)]
    platform: PlatformArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

impl FetchArgs {
    /// Refuses flags that cannot stand together.
    fn check(&self) -> Result<(), Failure> {
        let format = self.format.typed();
        let clash = |one: &str, other: &str| {
            Err(Failure::mistake(format!("`{one}` cannot be used with `{other}` at the same time")))
        };
        if let (true, Some(format)) = (self.output.is_stdout(), format.filter(|format| *format != "text")) {
            return clash("--output -", &format!("--format {format}"));
        }
        if self.output.is_stdout() && self.descriptor.descriptor {
            return clash("--descriptor", "--output -");
        }
        if self.target.is_layout() && !self.media_types.is_empty() {
            return clash("--media-type", "--oci-layout");
        }
        exclusive(&[("--format", format.is_some()), ("--pretty", self.descriptor.json.pretty)])?;
        exclusive(&[("--format", format.is_some()), ("--descriptor", self.descriptor.descriptor)])
    }
}

pub(crate) async fn run(args: FetchArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments.clone())?;
    args.check()?;
    let platform = args.platform.parse()?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull]).accepting(args.media_types.clone());
    let format = args.format.choose(Forms::RESULT)?;
    output::check(&format)?;
    let at = end.place.named(&USAGE)?;
    let source = app.cached_source(&end).await?;
    if args.descriptor.descriptor && args.output.file().is_none() {
        let found = ops::resolve(&*source, at, platform.as_ref()).await;
        return args.descriptor.print(&found.within(|| format!("failed to find {raw:?}").into())?, app);
    }
    let fetched = ops::fetch_manifest(&*source, at, platform.as_ref()).await;
    let fetched = fetched.within(|| format!("failed to fetch the content of {raw:?}").into())?;
    if let Some(file) = args.output.file() {
        disk::save(file, &fetched.bytes)
            .within(|| format!("failed to open {:?}", file.display().to_string()).into())?;
    }
    match format {
        Format::Text if args.descriptor.descriptor => args.descriptor.print(&fetched.node, app),
        Format::Text if args.output.file().is_some() => Ok(()),
        Format::Text => args.descriptor.json.print(&fetched.bytes, app),
        _ => {
            let node = Node::new(&end.place.path(), &fetched.node);
            output::show(app, &format, &Fetched { node, content: sorted(parsed(&fetched.bytes)?) })
        }
    }
}

fn parsed(document: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(document).map_err(not_json)
}

/// A manifest with where it is.
#[derive(Serialize)]
struct Fetched {
    #[serde(flatten)]
    node: Node,
    content: Value,
}

impl Outcome for Fetched {
    /// The content; a manifest as text is printed as it is, and so not from here.
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}", self.content)
    }
}
