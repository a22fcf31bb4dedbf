//! `oras restore`: the tags of a backup go to a repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use oras::content::Source;
use oras::error::{Context, Error, reason};
use oras::layout::{self, Archive, Directory};
use oras::oci::{ReferenceError, Tag};
use oras::ops::{self, Reach};
use oras::transport::Action;

use super::backup::listed;
use crate::cli::app::App;
use crate::cli::args::chunks::ChunkArgs;
use crate::cli::args::common::CommonArgs;
use crate::cli::args::concurrency::ConcurrencyArgs;
use crate::cli::args::format::Format;
use crate::cli::args::remote::RemoteArgs;
use crate::cli::args::selection::Selection;
use crate::cli::args::target::ReferrersArgs;
use crate::cli::args::terminal::ProgressArgs;
use crate::cli::args::value;
use crate::cli::connect::End;
use crate::cli::failure::Failure;
use crate::cli::output::status::{Detail, reporter};
use crate::cli::output::text::visible;
use crate::cli::output::units::{Size, duration};
use crate::cli::output::words;
use crate::cli::place::Place;
use crate::cli::usage::{Count, Usage, required};

const USAGE: Usage = Usage {
    path: "oras restore",
    arguments: "[flags] --input <path> <registry>/<repository>[:<ref1>[,<ref2>...]]",
    count: Count::Exactly(1),
    purpose: "the targets to restore to",
};

/// How many nodes are copied at once.
const USUAL: usize = 5;

/// What is typed for `oras restore`.
///
/// The layout is a folder or a tar. Without tags all tags in it are restored. What the registry has already is not
/// sent again.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct RestoreArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    #[arg(
        long,
        value_name = "string",
        value_parser = value::path(),
        help = "path to the OCI layout, either a tar archive (*.tar) or a directory"
    )]
    input: Option<PathBuf>,

    /// restore artifacts excluding their referrers
    #[arg(long)]
    exclude_referrers: bool,

    /// simulate the restore process without actually uploading any artifacts
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,
    #[command(flatten)]
    chunks: ChunkArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    referrers: ReferrersArgs,
    #[command(flatten)]
    common: CommonArgs,
}

pub(crate) async fn run(args: RestoreArgs, app: &App) -> Result<(), Failure> {
    let began = Instant::now();
    let [raw] = USAGE.exactly(args.arguments)?;
    args.remote.remote.check()?;
    let Selection { repository, tags } = Selection::parse(&raw)?;
    required(&[("input", args.input.is_some())])?;
    let path = args.input.filter(|path| !path.as_os_str().is_empty());
    let path = path.ok_or_else(|| Failure::mistake("the input path cannot be empty"))?;
    let end = End::new(Place::from(repository), args.remote.remote).doing(&[Action::Pull, Action::Push]);
    let end = args.chunks.apply(end.referrers(args.referrers.mode())).at_most(args.concurrency.typed());
    let to = end.place.path();

    let target = app.target(&end).await?;
    let source = open(&path, app)?;
    let shown = path.display().to_string();
    let reach = if args.exclude_referrers { Reach::Graph } else { Reach::Referrers };
    let found = ops::Backup::find(&*source, tags, reach, args.concurrency.limits(USUAL)).await;
    let found = found.map_err(Failure::unblamed)?;
    if found.roots().is_empty() {
        return Err(Failure::mistake(format!("no tags found in OCI layout {shown:?}"))
            .code("NOT_FOUND")
            .advice(format!(
                "If you want to list available tags in {shown:?}, use \"oras repo tags --oci-layout\""
            )));
    }
    let tags: Vec<&Tag> = found.roots().iter().map(|(tag, _)| tag).collect();
    app.terminal.print(&listed("the backup", &tags))?;

    let failed = |tag: &Tag| format!("failed to restore tag {:?} from {shown:?} to {to:?}", tag.as_str());
    // A layout may have tags that no registry takes: told before anything is sent.
    for tag in &tags {
        let good: Result<Tag, ReferenceError> = tag.as_str().parse();
        good.map_err(|error| Failure::mistake(format!("{}: {error}", failed(tag))).code("INVALID"))?;
    }
    let view = args.progress.view(&args.common, app);
    let reporter = reporter(app, &words::RESTORE, Detail::All, &Format::Text, view);
    let words = if args.dry_run { "Dry run: would push" } else { "Pushed" };
    let told = |tag: &Tag, copied: Result<usize, Error>| {
        let count = copied.within(|| failed(tag).into()).map_err(Failure::unblamed)?;
        app.terminal.print(&format!("{words} tag {} with {count} referrer(s)\n", visible(tag.as_str())))
    };
    if args.dry_run {
        for (tag, node) in found.roots() {
            told(tag, found.referrers(node).await)?;
        }
    } else {
        found.copy(&*target, &reporter, told).await?;
    }
    let (count, time) = (tags.len(), duration(began.elapsed()));
    app.terminal.print(&if args.dry_run {
        format!("Dry run complete: {count} tag(s) would be restored to {to:?} (no data pushed)\n")
    } else {
        format!("Successfully restored {count} tag(s) to {to:?} in {time}\n")
    })
}

/// Opens a backup. A folder without a layout is one without tags.
fn open(path: &Path, app: &App) -> Result<Arc<dyn Source>, Failure> {
    let shown = path.display().to_string();
    let found = path.metadata().map_err(|error| {
        let reason = reason(&error);
        Failure::mistake(format!("failed to access input path {shown:?}: stat {shown}: {reason}"))
            .code("NOT_FOUND")
    })?;
    if found.is_dir() {
        return Ok(Arc::new(Directory::create(path)?));
    }
    if !shown.to_ascii_lowercase().ends_with(".tar") && !layout::is_archive(path)? {
        return Err(Failure::mistake(format!("input path {shown:?} is not a tar archive")).code("INVALID"));
    }
    let archive = Archive::open(path);
    let archive =
        archive.within(|| format!("failed to prepare OCI store from tar archive {shown:?}").into())?;
    app.terminal.print(&format!("Loaded backup archive: {shown} ({})\n", Size::of(found.len())))?;
    Ok(Arc::new(archive))
}
