//! `oras manifest push`: a manifest as it was written.

use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use oras::content::{Body, DOCUMENT_LIMIT};
use oras::disk;
use oras::error::Context;
use oras::oci::{Algorithm, Descriptor, Digest, Locator};
use oras::ops;
use oras::transport::Action;
use serde_json::{Map, Value};

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::concurrency::ConcurrencyArgs;
use crate::cli::args::descriptor::DescriptorArgs;
use crate::cli::args::destination::Destination;
use crate::cli::args::format::Format;
use crate::cli::args::target::{ReferrersArgs, TargetArgs};
use crate::cli::args::terminal::View;
use crate::cli::failure::Failure;
use crate::cli::output::status::{Detail, reporter};
use crate::cli::output::words;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras manifest push",
    arguments: "[flags] <name>[:<tag>[,<tag>][...]|@<digest>] <file>",
    count: Count::Exactly(2),
    purpose: "the destination to push to and the file to read manifest content from",
};

/// How many tags are set at once.
const USUAL: usize = 5;

/// What is typed for `oras manifest push`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct PushArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// media type of manifest
    #[arg(long, value_name = "string")]
    media_type: Option<String>,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,
    #[command(flatten)]
    descriptor: DescriptorArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    referrers: ReferrersArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: PushArgs, app: &App) -> Result<(), Failure> {
    let [raw, file] = USAGE.exactly(args.arguments.clone())?;
    if file == "-" {
        args.target.remote().leaves_stdin()?;
    }
    let destination = Destination::split(&raw);
    let end = args.target.end(&destination.raw)?.doing(&[Action::Pull, Action::Push]);
    let end = end.referrers(args.referrers.mode()).at_most(args.concurrency.typed());
    let tags = destination.tags()?;
    let bytes = read(&file, app).await?;
    let media_type = args.media_type(&file, &bytes)?;
    let to = end.place.locator().cloned();
    let algorithm = to.as_ref().and_then(Locator::digest).map_or(Algorithm::Sha256, Digest::algorithm);
    let node = Descriptor::new(media_type, algorithm.digest(&bytes), bytes.len() as u64);
    let told = if args.descriptor.descriptor { Format::Json } else { Format::Text };
    let detail = Detail::when(args.verbose.verbose);
    let reporter = reporter(app, &words::PUSH, detail, &told, View::Lines);
    let limits = args.concurrency.limits(USUAL);
    let request = ops::PushManifest { node: node.clone(), bytes, to, tags: tags.clone(), limits };
    let target = app.target(&end).await?;
    ops::push_manifest(&*target, request, reporter).await?;
    if args.descriptor.descriptor {
        return args.descriptor.print(&node, app);
    }
    let mut text = format!("Pushed: {}\n", end.place.shown());
    for tag in tags {
        text.extend(["Tagged ", tag.as_str(), "\n"]);
    }
    app.terminal.print(&format!("{text}Digest: {}\n", node.digest))
}

/// The manifest, from a file or stdin.
async fn read(file: &str, app: &App) -> Result<Bytes, Failure> {
    if file == "-" {
        return Ok(Body::once(None, app.terminal.input()).read(DOCUMENT_LIMIT).await?);
    }
    let path = PathBuf::from(file);
    let body = Body::reopening(None, move |from| {
        let path = path.clone();
        async move { disk::read(&path, from).await }
    });
    Ok(body.read(DOCUMENT_LIMIT).await.within(|| format!("failed to read {file}").into())?)
}

impl PushArgs {
    /// The type that was typed, else the one that the manifest says.
    fn media_type(&self, file: &str, bytes: &[u8]) -> Result<String, Failure> {
        if let Some(typed) = self.media_type.as_ref().filter(|typed| !typed.is_empty()) {
            return Ok(typed.clone());
        }
        let invalid = || Failure::mistake("not a valid json file").code("INVALID");
        let manifest: Option<Map<String, Value>> = serde_json::from_slice(bytes).map_err(|_| invalid())?;
        let own = match manifest.as_ref().and_then(|manifest| manifest.get("mediaType")) {
            Some(Value::String(own)) => Some(own.clone()).filter(|own| !own.is_empty()),
            None | Some(Value::Null) => None,
            Some(_) => return Err(invalid()),
        };
        own.ok_or_else(|| {
            Failure::mistake(format!(
                "media type is not specified via the flag \"--media-type\" nor in {file:?}"
            ))
            .usage(&USAGE)
            .advice("Please specify a valid media type in the manifest JSON or via the \"--media-type\" flag")
        })
    }
}
