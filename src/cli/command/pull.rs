//! `oras pull`: the files of an artifact come into a folder, or one of them to stdout.

use std::error::Error as _;
use std::fmt;
use std::path::PathBuf;

use clap::Args;
use oras::error::Error;
use oras::files::{Existing, FileArgument, Output, Outside, Rules, Traversal};
use oras::oci::Digest;
use oras::ops::{self, Titles};
use oras::progress::{Ending, Event};
use oras::transfer::Subjects;
use oras::transport::Action;
use serde::Serialize;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::concurrency::ConcurrencyArgs;
use crate::cli::args::format::{Format, FormatArgs, Forms};
use crate::cli::args::platform::PlatformArgs;
use crate::cli::args::target::TargetArgs;
use crate::cli::args::terminal::ProgressArgs;
use crate::cli::args::value::path;
use crate::cli::connect::End;
use crate::cli::failure::Failure;
use crate::cli::output::json::Node;
use crate::cli::output::status::{Detail, aside, reporter};
use crate::cli::output::{self, Outcome, words};
use crate::cli::place::Place;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras pull",
    arguments: "[flags] <name>{:<tag>|@<digest>}",
    count: Count::Exactly(1),
    purpose: "the artifact reference you want to pull",
};

/// How many files are fetched at once.
const USUAL: usize = 3;

/// What is typed for `oras pull`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct PullArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// output directory, or - for stdout, which takes exactly one file
    #[arg(short, long, value_name = "string", default_value = ".", value_parser = path())]
    output: PathBuf,

    /// pull only the files whose title matches the pattern, may be repeated: * stands for anything but /, ** for any
    /// folders
    #[arg(long, value_name = "glob")]
    file: Vec<String>,

    /// output manifest config file
    #[arg(long, value_name = "string")]
    config: Option<String>,

    /// do not replace existing files when pulling, treat them as errors
    #[arg(short, long)]
    keep_old_files: bool,

    /// allow storing files out of the output directory
    #[arg(short = 'T', long)]
    allow_path_traversal: bool,

    /// recursively pull the subject of artifacts
    #[arg(long)]
    include_subject: bool,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,
    #[command(flatten)]
    platform: PlatformArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

impl PullArgs {
    /// Whether the content goes to stdout, beside which no other form of a result has a place.
    fn is_stdout(&self) -> Result<bool, Failure> {
        let is_stdout = self.output.as_os_str() == "-";
        match self.format.typed().filter(|format| is_stdout && *format != "text") {
            Some(format) => Err(Failure::mistake(format!(
                "`--output -` cannot be used with `--format {format}` at the same time"
            ))),
            None => Ok(is_stdout),
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            existing: if self.keep_old_files { Existing::Keep } else { Existing::Replace },
            traversal: if self.allow_path_traversal { Traversal::Allow } else { Traversal::Refuse },
        }
    }
}

pub(crate) async fn run(args: PullArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments.clone())?;
    let platform = args.platform.parse()?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull]).at_most(args.concurrency.typed());
    let format = args.format.choose(Forms::RESULT)?;
    output::check(&format)?;
    let is_stdout = args.is_stdout()?;
    let at = end.place.named(&USAGE)?.clone();
    let config = args.config.as_deref().filter(|config| !config.is_empty());
    let request = ops::Pull {
        at,
        platform,
        config: config.map(str::parse::<FileArgument>).transpose()?,
        subjects: if args.include_subject { Subjects::Taken } else { Subjects::Left },
        only: Titles::matching(args.file.clone())?,
        limits: args.concurrency.limits(USUAL),
    };
    if is_stdout {
        return to_stdout(&args, request, &end, app).await;
    }
    let folder = Output::new(app.env.working_folder()?.join(&args.output), args.rules());
    let view = args.progress.view(&args.common, app);
    let reporter = reporter(app, &words::PULL, Detail::when(args.verbose.verbose), &format, view);
    let source = app.cached_source(&end).await?;
    let pulled = ops::pull(&*source, &folder, request, reporter).await.map_err(refused)?;
    output::show(app, &format, &Pulled::new(end.place, pulled))
}

/// The bytes of one file on stdout, and all words on stderr. What was printed cannot be taken back: wrong bytes are told
/// at their end.
async fn to_stdout(args: &PullArgs, request: ops::Pull, end: &End, app: &App) -> Result<(), Failure> {
    let view = args.progress.view(&args.common, app);
    let detail = Detail::when(args.verbose.verbose);
    let reporter = aside(app, &words::PULL, detail, &Format::Text, view);
    let source = app.cached_source(end).await?;
    let (root, file, body) = ops::pull_one(&*source, request, reporter.clone()).await?;
    reporter.report(Event::Started(&file));
    let poured = match body.open(0).await {
        Ok(content) => app.terminal.pour(content).await,
        Err(error) => Err(error.into()),
    };
    for node in [&file, &root] {
        reporter.report(Event::Ended(node, if poured.is_ok() { Ending::Done } else { Ending::Failed }));
    }
    poured?;
    app.terminal.stop_drawing();
    app.terminal.say(&format!("Pulled {}\nDigest: {}", end.place.shown(), root.digest));
    Ok(())
}

/// A failure with the flag that allows what was refused.
fn refused(error: Error) -> Failure {
    let outside = error.source().is_some_and(<dyn std::error::Error>::is::<Outside>);
    let failure = Failure::from(error);
    if !outside {
        return failure;
    }
    failure.advice(
        "Pulling files outside of working directory is insecure and blocked by default. If you trust the content producer, use --allow-path-traversal to bypass this check.",
    )
}

/// What was pulled, and from where.
#[derive(Serialize)]
struct Pulled {
    reference: String,
    files: Vec<File>,
    #[serde(skip)]
    place: Place,
    #[serde(skip)]
    digest: Digest,
    #[serde(skip)]
    skipped: bool,
}

/// A file that was written.
#[derive(Serialize)]
struct File {
    path: String,
    #[serde(flatten)]
    node: Node,
}

impl Pulled {
    fn new(place: Place, pulled: ops::Pulled) -> Self {
        let path = place.path();
        let file = |file: ops::PulledFile| File {
            path: file.path.to_string_lossy().into_owned(),
            node: Node::new(&path, &file.node),
        };
        Self {
            reference: format!("{path}@{}", pulled.root.digest),
            files: pulled.files.into_iter().map(file).collect(),
            place,
            digest: pulled.root.digest,
            skipped: pulled.skipped,
        }
    }
}

impl Outcome for Pulled {
    /// oras leaves out what was pulled when it tells what was not; here both are told.
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        if self.skipped {
            let raw = self.place.raw();
            let flag = if self.place.reference().is_some() { "" } else { "--from-oci-layout " };
            writeln!(out, "Skipped pulling layers without file name in \"org.opencontainers.image.title\"")?;
            writeln!(out, "Use 'oras copy {flag}{raw} --to-oci-layout <layout-dir>' to pull all layers.")?;
        }
        writeln!(out, "Pulled {}", self.place.shown())?;
        writeln!(out, "Digest: {}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::{json, text};
    use crate::cli::place::Form;
    use oras::oci::Descriptor;

    fn pulled(files: Vec<ops::PulledFile>, skipped: bool) -> Pulled {
        let place = Place::parse("h:5000/r:v1", Form::Registry).unwrap();
        Pulled::new(place, ops::Pulled { root: Descriptor::of("m/t", b"{}"), files, skipped })
    }

    #[test]
    fn layers_without_a_title_are_told_beside_what_was_pulled() {
        let root = Digest::of(b"{}");
        let rest = format!("Pulled [registry] h:5000/r:v1\nDigest: {root}\n");
        assert_eq!(text::of(&pulled(Vec::new(), false)), rest);
        let skipped = text::of(&pulled(Vec::new(), true));
        assert!(skipped.starts_with("Skipped pulling layers without file name"), "{skipped}");
        assert!(skipped.ends_with(&format!("to pull all layers.\n{rest}")), "{skipped}");
    }

    #[test]
    fn the_document_lists_files_with_their_paths_first() {
        let node = Descriptor::of("a/b", b"x");
        let files = vec![ops::PulledFile { path: "/o/x".into(), node: node.clone() }];
        let text = String::from_utf8(json::document(&pulled(files, false)).unwrap()).unwrap();
        let file = format!(
            "    {{\n      \"path\": \"/o/x\",\n      \"reference\": \"h:5000/r@{}\",\n",
            node.digest
        );
        assert!(text.contains(&file), "{text}");
        let text = String::from_utf8(json::document(&pulled(Vec::new(), false)).unwrap()).unwrap();
        assert!(text.ends_with("  \"files\": []\n}\n"), "{text}");
    }
}
