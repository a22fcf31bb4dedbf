//! `oras blob push`: a file, or what is typed, as a blob.

use std::path::Path;

use clap::Args;
use oras::content::{Body, checked};
use oras::files;
use oras::oci::{Descriptor, Digest, Locator, media_type};
use oras::ops;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::chunks::ChunkArgs;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::descriptor::DescriptorArgs;
use crate::cli::args::format::Format;
use crate::cli::args::target::TargetArgs;
use crate::cli::args::terminal::ProgressArgs;
use crate::cli::args::value::integer;
use crate::cli::failure::Failure;
use crate::cli::output::status::{Detail, reporter};
use crate::cli::output::words;
use crate::cli::place::Place;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras blob push",
    arguments: "[flags] <name>[@digest] <file>",
    count: Count::Exactly(2),
    purpose: "the destination to push to and the file to read blob content from",
};

/// The size that nobody typed.
const UNKNOWN: i64 = -1;

/// What is typed for `oras blob push`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct PushArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// provide the blob size
    #[arg(long, value_name = "int", value_parser = integer, default_value = "-1")]
    size: i64,

    /// specify the returned media type in the descriptor if --descriptor is used
    #[arg(long, value_name = "string", default_value = media_type::LAYER)]
    media_type: String,

    #[command(flatten)]
    descriptor: DescriptorArgs,
    #[command(flatten)]
    chunks: ChunkArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: PushArgs, app: &App) -> Result<(), Failure> {
    let [raw, file] = USAGE.exactly(args.arguments.clone())?;
    let size = u64::try_from(args.size).ok();
    if file == "-" {
        args.target.remote().leaves_stdin()?;
    }
    let end = args.chunks.apply(args.target.end(&raw)?.doing(&[Action::Pull, Action::Push]));
    let digest = digest(&end.place)?;
    // Of what comes from stdin nothing needs to be known.
    let known = match (file.as_str(), size) {
        ("-", Some(size)) => Some(typed(digest, size, app)?),
        ("-", None) if digest.is_none() && args.size == UNKNOWN => None,
        ("-", None) => {
            let text = "`--size` must be provided if the blob is read from stdin";
            return Err(Failure::mistake(text));
        }
        _ => Some(read(Path::new(&file), digest, size).await?),
    };
    let told = if args.descriptor.descriptor { Format::Json } else { Format::Text };
    let view = args.progress.view(&args.common, app);
    let reporter = reporter(app, &words::PUSH, Detail::when(args.verbose.verbose), &told, view);
    let target = app.target(&end).await?;
    let node = match known {
        Some((node, body)) => {
            let node = Descriptor { media_type: args.media_type, ..node };
            ops::push_blob(&*target, &node, body, reporter).await?;
            node
        }
        None => ops::push_stream(&*target, app.terminal.input(), &args.media_type, reporter).await?,
    };
    if args.descriptor.descriptor {
        return args.descriptor.print(&node, app);
    }
    app.terminal.print(&format!("Pushed: {}\nDigest: {}\n", end.place.shown(), node.digest))
}

/// The digest that the blob must have, if one was typed.
fn digest(place: &Place) -> Result<Option<Digest>, Failure> {
    match place.locator() {
        None => Ok(None),
        Some(Locator::Digest(digest)) => Ok(Some(digest.clone())),
        Some(Locator::Tag(tag)) => {
            let digest = tag.as_str().parse::<Digest>();
            digest.map(Some).map_err(|why| Failure::mistake(format!("invalid digest {tag}: {why}")))
        }
    }
}

/// What comes from stdin, which can neither be hashed before it is sent nor be read again.
fn typed(digest: Option<Digest>, size: u64, app: &App) -> Result<(Descriptor, Body), Failure> {
    let Some(digest) = digest else {
        return Err(Failure::mistake("content digest must be provided if it is read from stdin"));
    };
    let node = Descriptor::new(media_type::OCTET_STREAM, digest, size);
    let body = checked(Body::once(Some(size), app.terminal.input()), &node);
    Ok((node, body))
}

async fn read(file: &Path, digest: Option<Digest>, size: Option<u64>) -> Result<(Descriptor, Body), Failure> {
    if file.as_os_str().is_empty() {
        return Err(Failure::mistake("missing file name"));
    }
    let (node, body) = files::blob(file, digest).await?;
    match size.filter(|size| *size != node.size) {
        Some(typed) => Err(Failure::mistake(format!(
            "input size {typed} does not match the actual content size {}",
            node.size
        ))
        .code("MISMATCH")),
        None => Ok((node, body)),
    }
}
