//! `oras backup`: tags of a repository go into a layout, a folder or a tar.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use oras::content::Target;
use oras::error::{Context, Error, Side};
use oras::layout::{ArchiveDraft, Directory};
use oras::oci::Tag;
use oras::ops::{self, Reach};
use oras::transport::Action;

use crate::cli::app::App;
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
    path: "oras backup",
    arguments: "[flags] --output <path> <registry>/<repository>[:<ref1>[,<ref2>...]]",
    count: Count::Exactly(1),
    purpose: "the artifacts to back up",
};

/// How many nodes are copied at once.
const USUAL: usize = 3;
/// More tags than these are told one on each line.
const IN_ONE_LINE: usize = 5;

/// What is typed for `oras backup`.
///
/// The layout is a tar if the name of the output ends with `.tar`, and else a folder. Without tags all tags of the
/// repository are backed up. A folder that has a part of it already is completed; a tar is replaced when the new one
/// is whole.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct BackupArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    #[arg(
        short,
        long,
        value_name = "string",
        value_parser = value::path(),
        help = "path to the target output, either a tar archive (*.tar) or a directory"
    )]
    output: Option<PathBuf>,

    /// back up the artifact with its referrers (e.g., attestations, SBOMs)
    #[arg(long)]
    include_referrers: bool,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    referrers: ReferrersArgs,
    #[command(flatten)]
    common: CommonArgs,
}

pub(crate) async fn run(args: BackupArgs, app: &App) -> Result<(), Failure> {
    let began = Instant::now();
    let [raw] = USAGE.exactly(args.arguments)?;
    args.remote.remote.check()?;
    let Selection { repository, tags } = Selection::parse(&raw)?;
    required(&[("output", args.output.is_some())])?;
    let path = args.output.filter(|path| !path.as_os_str().is_empty());
    let path = path.ok_or_else(|| Failure::mistake("the output path cannot be empty"))?;
    let end = End::new(Place::from(repository), args.remote.remote).doing(&[Action::Pull]);
    let end = end.at_most(args.concurrency.typed());
    let end = end.referrers(args.referrers.mode());
    let from = end.place.path();

    let source = app.source(&end).await?;
    let output = Output::new(&path, app)?;
    let reach = if args.include_referrers { Reach::Referrers } else { Reach::Graph };
    let found = ops::Backup::find(&*source, tags, reach, args.concurrency.limits(USUAL)).await;
    let found = found.map_err(Failure::unblamed)?;
    if found.roots().is_empty() {
        return Err(Failure::mistake(format!("no tags found in repository {from:?}"))
            .code("NOT_FOUND")
            .advice(format!("If you want to list available tags in {from:?}, use \"oras repo tags\"")));
    }
    let tags: Vec<&Tag> = found.roots().iter().map(|(tag, _)| tag).collect();
    app.terminal.print(&listed(&from, &tags))?;

    let shown = path.display().to_string();
    let view = args.progress.view(&args.common, app);
    let reporter = reporter(app, &words::BACKUP, Detail::All, &Format::Text, view);
    let mut broken = false;
    let told = |tag: &Tag, copied: Result<usize, Error>| {
        broken = copied.as_ref().is_err_and(|error| error.side() == Some(Side::Source));
        let step = || format!("failed to back up tag {:?} from {from:?} to {shown:?}", tag.as_str());
        let count = copied.within(|| step().into()).map_err(Failure::unblamed)?;
        app.terminal.print(&format!("Pulled tag {} with {count} referrer(s)\n", visible(tag.as_str())))
    };
    if let Err(failure) = found.copy(output.target(), &reporter, told).await {
        // What the source broke off can go on; where the disk failed, nothing of it is left there.
        return Err(if broken { output.leave(failure, &shown) } else { failure });
    }
    output.finish(&shown, app).await?;
    let (count, time) = (tags.len(), duration(began.elapsed()));
    app.terminal
        .print(&format!("Successfully backed up {count} tag(s) from {from:?} to {shown:?} in {time}.\n"))
}

/// What was found where.
pub(super) fn listed(place: &str, tags: &[&Tag]) -> String {
    let names: Vec<_> = tags.iter().map(|tag| visible(tag.as_str())).collect();
    let found = format!("Found {} tag(s) in {place}:", names.len());
    if names.len() > IN_ONE_LINE {
        format!("{found}\n{}\n", names.join("\n"))
    } else {
        format!("{found} {}\n", names.join(", "))
    }
}

/// What the backup becomes.
enum Output {
    Folder(Directory),
    Tar(Box<ArchiveDraft>),
}

impl Output {
    /// Looks at what is there. Nothing is left behind when nothing is written.
    fn new(path: &Path, app: &App) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        if !shown.to_ascii_lowercase().ends_with(".tar") {
            let whole = app.env.working_folder()?.join(path);
            let made = Directory::create(whole);
            return Ok(Self::Folder(made.within(|| "failed to prepare OCI store for backup".into())?));
        }
        if path.is_dir() {
            return Err(Failure::mistake(format!("the output path {shown:?} already exists and is a directory"))
                .advice("To back up to a tar archive, please specify a different output file name or remove the existing directory."));
        }
        let made = ArchiveDraft::new(path);
        let made = made.within(|| format!("unable to create output file {shown}").into())?;
        Ok(Self::Tar(Box::new(made)))
    }

    fn target(&self) -> &dyn Target {
        match self {
            Self::Folder(layout) => layout,
            Self::Tar(draft) => draft.layout(),
        }
    }

    /// Leaves what was copied for the next backup to the same place, and says so where nobody would expect it.
    fn leave(self, failure: Failure, shown: &str) -> Failure {
        let Self::Tar(draft) = self else { return failure };
        if !draft.leave() {
            return failure;
        }
        failure.advice(format!(
            "What was copied is kept beside {shown:?}; the next backup to the same file goes on from there"
        ))
    }

    /// Makes the tar, if it is to be one.
    async fn finish(self, shown: &str, app: &App) -> Result<(), Failure> {
        let Self::Tar(draft) = self else { return Ok(()) };
        app.terminal.print(&format!("Exporting to {shown}\n"))?;
        let size = draft.publish().await?;
        app.terminal.print(&format!("Exported to {shown} ({})\n", Size::of(size)))
    }
}
