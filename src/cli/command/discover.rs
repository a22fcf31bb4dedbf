//! `oras discover`: what refers to an artifact.

mod graph;
mod report;

use std::num::NonZeroUsize;

use clap::Args;
use oras::ops;
use oras::transfer::Limits;
use oras::transport::Action;

use self::graph::{Graph, Language};
use self::report::{Direct, Referrers, Table};
use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::format::{Format, FormatArgs, Forms, choose};
use crate::cli::args::platform::PlatformArgs;
use crate::cli::args::target::{ReferrersArgs, TargetArgs};
use crate::cli::args::terminal::TerminalArgs;
use crate::cli::args::value::integer;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::output::status::Detail;
use crate::cli::output::tree::Paint;
use crate::cli::usage::{Count, Usage, exclusive};

const USAGE: Usage = Usage {
    path: "oras discover",
    arguments: "[flags] <name>{:<tag>|@<digest>}",
    count: Count::Exactly(1),
    purpose: "the target artifact to discover referrers from",
};

/// How many lists are asked for at once.
const USUAL: usize = 3;

/// What is typed for `oras discover`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct DiscoverArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// artifact type
    #[arg(long, value_name = "string")]
    artifact_type: Option<String>,

    /// only referrers with this annotation, repeatable
    #[arg(long, value_name = "key=value")]
    filter: Vec<String>,

    /// of what refers to the artifact itself only what was created last
    #[arg(long)]
    latest: bool,

    /// [Experimental] level of referrers to display, if unused shows referrers of all levels
    #[arg(long, value_name = "int", value_parser = integer)]
    depth: Option<i64>,

    /// [Deprecated] format in which to display referrers (table, json, or tree). (default "tree")
    #[arg(short, long, value_name = "string")]
    output: Option<String>,

    #[command(flatten)]
    platform: PlatformArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    terminal: TerminalArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    referrers: ReferrersArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

impl DiscoverArgs {
    /// The form of the result, by the flag of today or the one of old.
    fn form(&self, app: &App) -> Result<Format, Failure> {
        let format = match &self.output {
            Some(output) => choose(Some(output), None, Forms::OLD_REFERRERS),
            None => self.format.choose(Forms::REFERRERS),
        }?;
        output::check(&format)?;
        if format == Format::Table {
            app.terminal.warn("Format \"table\" is deprecated and will be removed in a future release.");
        }
        if let Some(output) = &self.output {
            app.terminal
                .warn(&format!("[DEPRECATED] --output is deprecated, try `--format {output}` instead"));
        }
        Ok(format)
    }

    fn filters(&self) -> Result<Vec<(String, String)>, Failure> {
        let filter = |text: &String| {
            let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
                Failure::mistake(format!("invalid filter {text:?}: expecting an annotation as <key>=<value>"))
            })?;
            Ok((key.to_owned(), value.to_owned()))
        };
        self.filter.iter().map(filter).collect()
    }

    fn depth(&self) -> Result<Option<NonZeroUsize>, Failure> {
        let depth = self.depth.map(|depth| {
            let depth = usize::try_from(depth).ok().and_then(NonZeroUsize::new);
            depth.ok_or_else(|| Failure::mistake("depth value should be at least 1"))
        });
        depth.transpose()
    }
}

pub(crate) async fn run(args: DiscoverArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments.clone())?;
    exclusive(&[("--format", args.format.typed().is_some()), ("--output", args.output.is_some())])?;
    let depth = args.depth()?;
    let annotations = args.filters()?;
    let platform = args.platform.parse()?;
    let end = args.target.end(&raw)?.doing(&[Action::Pull]).referrers(args.referrers.mode());
    let format = args.form(app)?;
    let at = end.place.named(&USAGE)?.clone();
    let request = ops::Discover {
        at,
        platform,
        artifact_type: args.artifact_type.clone().filter(|kind| !kind.is_empty()),
        annotations,
        choice: if args.latest { ops::Choice::Latest } else { ops::Choice::All },
        depth: if format == Format::Table { Some(NonZeroUsize::MIN) } else { depth },
        limits: Limits::usual(USUAL),
    };
    let source = app.source(&end).await?;
    let found = ops::discover(&*source, request).await?;
    let detail = Detail::when(args.verbose.verbose);
    if format == Format::Table {
        return output::show(app, &format, &Table::new(end.place, found, detail));
    }
    let language = match format {
        Format::Mermaid => Some(Language::Mermaid),
        Format::Dot => Some(Language::Dot),
        _ => None,
    };
    if let Some(language) = language {
        return output::show(app, &format, &Graph::new(&end.place, &found, language));
    }
    let plain = args.terminal.is_refused() || app.log.is_debug() || app.env.is_plain();
    let coloured = app.terminal.stdout_is_seen() && !plain;
    let paint = if coloured { Paint::Coloured } else { Paint::Plain };
    let referrers = Referrers::new(&end.place, found, detail, paint);
    match args.output {
        Some(_) => output::show(app, &format, &Direct::new(referrers)),
        None => output::show(app, &format, &referrers),
    }
}
