//! `oras cp`: an artifact goes from one place to another.

mod all;
mod report;

use std::error::Error as _;

use clap::Args;
use oras::error::{Error, Side};
use oras::oci::{Digest, Locator, Platform};
use oras::ops::{self, Check, Companions, Reach, SubsetError, listed};
use oras::transfer::{Present, Wanted};
use oras::transport::Action;

use self::report::{Copied, Mood, Told};
use crate::cli::app::App;
use crate::cli::args::chunks::ChunkArgs;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::concurrency::ConcurrencyArgs;
use crate::cli::args::destination::Destination;
use crate::cli::args::format::{FormatArgs, Forms};
use crate::cli::args::platform;
use crate::cli::args::remote::{From, To};
use crate::cli::args::repair::RepairArgs;
use crate::cli::args::target::{ReferrersArgs, TargetArgs};
use crate::cli::args::terminal::ProgressArgs;
use crate::cli::connect::End;
use crate::cli::failure::Failure;
use crate::cli::output::status::{Detail, reporter};
use crate::cli::output::{self, words};
use crate::cli::place::Place;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras cp",
    arguments: "[flags] <from>{:<tag>|@<digest>} <to>[:<tag>[,<tag>][...]]",
    count: Count::Exactly(2),
    purpose: "the source and destination for copying",
};

/// How many nodes are copied at once.
const USUAL: usize = 3;

/// What is typed for `oras cp`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that is typed on its own")]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct CpArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// [Preview] recursively copy the artifact and its referrer artifacts
    #[arg(short, long)]
    recursive: bool,

    /// say what would be copied, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// look at the destination afterwards, tell what is there, and fail if anything is missing
    #[arg(long)]
    verify: bool,

    /// with --recursive, only referrers of this artifact type, repeatable
    #[arg(long, value_name = "string")]
    artifact_type: Vec<String>,

    /// with --recursive, no referrers of this artifact type, repeatable
    #[arg(long, value_name = "string")]
    exclude_artifact_type: Vec<String>,

    /// with --recursive, also signatures and other documents under tags such as sha256-<hex>.sig
    #[arg(long)]
    include_digest_tags: bool,

    /// copy the tags of a repository
    #[arg(long)]
    all_tags: bool,

    /// with --all-tags, only tags that match this regular expression as a whole, repeatable
    #[arg(long, value_name = "regex")]
    include: Vec<String>,

    /// with --all-tags, no tags that match this regular expression as a whole, repeatable
    #[arg(long, value_name = "regex")]
    exclude: Vec<String>,

    /// with --all-tags, go on after a tag that cannot be copied, and tell of all failures at the end
    #[arg(long)]
    keep_going: bool,

    #[arg(
        long = "platform",
        value_name = "os[/arch][/variant][:os_version]",
        value_delimiter = ',',
        help = "request platform in the form of os[/arch][/variant][:os_version], repeatable or comma-separated"
    )]
    platforms: Vec<String>,

    #[arg(
        long,
        value_name = "host:port:address[:address_port]",
        help = "base DNS rules formatted in host:port:address[:address_port] for --from-resolve and --to-resolve"
    )]
    resolve: Vec<String>,

    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    repair: RepairArgs,
    #[command(flatten)]
    chunks: ChunkArgs,
    #[command(flatten)]
    concurrency: ConcurrencyArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    from: TargetArgs<From>,
    #[command(flatten)]
    from_referrers: ReferrersArgs<From>,
    #[command(flatten)]
    to: TargetArgs<To>,
    #[command(flatten)]
    to_referrers: ReferrersArgs<To>,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

impl CpArgs {
    /// The end that is read.
    fn source(&self, raw: &str) -> Result<End, Failure> {
        let end = self.from.end(raw)?.on(Side::Source).doing(&[Action::Pull]);
        let end = end.referrers(self.from_referrers.mode()).at_most(self.concurrency.typed());
        Ok(end.resolving(&self.resolve))
    }

    /// The end that is written.
    fn destination(&self, raw: &str) -> Result<End, Failure> {
        let end =
            self.chunks.apply(self.to.end(raw)?).on(Side::Destination).doing(&[Action::Pull, Action::Push]);
        let end = end.referrers(self.to_referrers.mode()).at_most(self.concurrency.typed());
        Ok(end.resolving(&self.resolve))
    }

    /// Which referrers go along.
    fn wanted(&self) -> Wanted {
        Wanted { only: self.artifact_type.clone(), except: self.exclude_artifact_type.clone() }
    }

    fn companions(&self) -> Companions {
        if self.include_digest_tags { Companions::Taken } else { Companions::Left }
    }

    fn verified(&self) -> Check {
        if self.verify { Check::Everything } else { Check::None }
    }

    /// Refuses flags that mean nothing without another one.
    fn check(&self) -> Result<(), Failure> {
        let without = |flag: &str, used: bool, needed: &str, has: bool| {
            let text = format!("{flag} can only be used with {needed}");
            if used && !has { Err(Failure::mistake(text).usage(&USAGE)) } else { Ok(()) }
        };
        let recursive = |flag, used| without(flag, used, "--recursive", self.recursive);
        recursive("--artifact-type", !self.artifact_type.is_empty())?;
        recursive("--exclude-artifact-type", !self.exclude_artifact_type.is_empty())?;
        recursive("--include-digest-tags", self.include_digest_tags)?;
        let many = |flag, used| without(flag, used, "--all-tags", self.all_tags);
        many("--include", !self.include.is_empty())?;
        many("--exclude", !self.exclude.is_empty())?;
        many("--keep-going", self.keep_going)
    }

    fn platforms(&self) -> Result<Vec<Platform>, Failure> {
        let typed = if self.platforms == [""] { &[] } else { self.platforms.as_slice() };
        let mut platforms: Vec<Platform> = Vec::new();
        for text in typed {
            let platform = match text.as_str() {
                "" => return Err(Failure::mistake("invalid platform: value cannot be empty")),
                text => platform::parse(text)?,
            };
            if !platforms.contains(&platform) {
                platforms.push(platform);
            }
        }
        Ok(platforms)
    }
}

pub(crate) async fn run(args: CpArgs, app: &App) -> Result<(), Failure> {
    let [from, to] = USAGE.exactly(args.arguments.clone())?;
    args.check()?;
    if args.all_tags {
        return all::run(args, app).await;
    }
    let format = args.format.choose(Forms::RESULT)?;
    output::check(&format)?;
    let typed = Destination::split(&to);
    let (platforms, source) = (args.platforms()?, args.source(&from)?);
    let destination = args.destination(&typed.raw)?.copying_from(&source);
    let tags = typed.tags()?;
    let reading = app.source(&source).await?;
    let at = source.place.named(&USAGE)?.clone();
    let request = ops::Copy {
        from: at.clone(),
        to: destination.place.locator().cloned(),
        tags: tags.clone(),
        reach: if args.recursive { Reach::Referrers } else { Reach::Graph },
        wanted: args.wanted(),
        companions: args.companions(),
        check: args.verified(),
        platforms,
        mount_from: destination.mounts().filter(|_| args.repair.present() == Present::Kept),
        present: args.repair.present(),
        limits: args.concurrency.limits(USUAL),
    };
    let copied = if args.dry_run {
        let there = app.looked_at(&destination).await?;
        ops::plan(&*reading, &*there, request).await
    } else {
        let writing = app.target(&destination).await?;
        let view = args.progress.view(&args.common, app);
        let reporter = reporter(app, &words::COPY, Detail::when(args.verbose.verbose), &format, view);
        ops::copy(&*reading, &*writing, request, reporter).await
    };
    let copied = copied.map_err(|error| unfit(error, &from))?;
    if copied.left.as_ref().is_some_and(|referrers| !referrers.is_empty()) {
        app.log.warning(LEFT);
    }
    let digest = copied.root.digest;
    let from = if copied.left.is_some() { source.place } else { shown(source.place, &at, &digest) };
    let told = Told {
        from,
        to: destination.place,
        tags: copied.tags,
        more_tags: tags,
        digest,
        nodes: copied.nodes,
        verified: copied.verified,
        mood: if args.dry_run { Mood::Planned } else { Mood::Done },
    };
    output::show(app, &format, &Copied::new(told))
}

/// What is not copied with some platforms of an index.
const LEFT: &str = "referrers of the source index are not copied because selecting a subset of platforms produces a new index digest";

/// A failure to find several platforms, with what to do about it.
fn unfit(error: Error, raw: &str) -> Failure {
    match error.source().and_then(|cause| cause.downcast_ref::<SubsetError>()) {
        None => error.into(),
        Some(SubsetError::NoIndex) => {
            Failure::mistake(format!("{raw:?} is not an image index or a manifest list")).code("INVALID").advice(
                "selecting multiple platforms requires a multi-platform source; use a single --platform value to copy a specific platform of an image",
            )
        }
        Some(unmatched @ SubsetError::Unmatched { available, .. }) => Failure::mistake(unmatched.to_string()).code("NOT_FOUND")
            .advice(format!("available platforms in index: {}", listed(available))),
    }
}

/// The source as it is told: a digest that was typed gives way to that of the platform that was chosen.
fn shown(place: Place, at: &Locator, copied: &Digest) -> Place {
    match at {
        Locator::Digest(typed) if typed != copied => {
            let path = place.path();
            place.shown_as(format!("{path}@{copied}"))
        }
        _ => place,
    }
}

#[cfg(test)]
mod tests {
    use oras::oci::Tag;

    use super::*;
    use crate::cli::place::Form;

    #[test]
    fn the_digest_of_the_chosen_platform_is_told() {
        let (index, chosen) = (Digest::of(b"index"), Digest::of(b"chosen"));
        let place = |raw: &str| Place::parse(raw, Form::Registry).unwrap();
        let by_digest = shown(place(&format!("h:1/a@{index}")), &Locator::Digest(index), &chosen);
        assert_eq!(by_digest.raw(), format!("h:1/a@{chosen}"));
        let by_tag = shown(place("h:1/a:v1"), &Locator::Tag(Tag::any("v1")), &chosen);
        assert_eq!(by_tag.raw(), "h:1/a:v1");
    }
}
