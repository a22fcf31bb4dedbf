//! `oras manifest delete`: a manifest goes, with all its tags.

use clap::Args;
use oras::content::Target;
use oras::error::Context;
use oras::oci::{Descriptor, Locator};
use oras::ops::{self, Deletion};
use oras::registry::ReferrersMode;
use oras::transfer::Limits;
use oras::transport::Action;

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::deletion::{DeletionArgs, Doomed};
use crate::cli::args::target::{ReferrersArgs, TargetArgs};
use crate::cli::failure::Failure;
use crate::cli::output::text::visible;
use crate::cli::place::Place;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras manifest delete",
    arguments: "[flags] <name>{:<tag>|@<digest>}",
    count: Count::Exactly(1),
    purpose: "the manifest to delete",
};

/// What is typed for `oras manifest delete`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct DeleteArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// also delete what refers to the manifest, the deepest first
    #[arg(short, long)]
    recursive: bool,

    /// say what would be deleted and what depends on it, and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    deletion: DeletionArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    referrers: ReferrersArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: DeleteArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments.clone())?;
    args.deletion.check()?;
    let referrers = args.referrers.mode();
    // Without the referrers API the index of the subject's referrers is written anew.
    let actions: &[Action] = match referrers {
        ReferrersMode::Api => &[Action::Pull, Action::Delete],
        _ => &[Action::Pull, Action::Delete, Action::Push],
    };
    let end = args.target.end(&raw)?.doing(actions).referrers(referrers);
    let target = app.target(&end).await?;
    let at = end.place.named(&USAGE)?;
    let found = ops::found(target.resolve(at).await)?;
    if args.recursive || args.dry_run {
        let Some(root) = found else { return args.deletion.missing("manifest", end.place.raw(), app) };
        return with_referrers(&args, &end.place, &*target, &root, app).await;
    }
    let besides = " and all tags associated with it";
    let doomed = Doomed { kind: "manifest", besides, place: &end.place, found };
    args.deletion.carry_out(doomed, async |node| ops::delete(&*target, node).await, app).await
}

/// How many requests go on at once.
const USUAL: usize = 5;

/// Tells what goes along and what depends on it, and deletes all of that if it may.
async fn with_referrers(
    args: &DeleteArgs,
    place: &Place,
    target: &dyn Target,
    root: &Descriptor,
    app: &App,
) -> Result<(), Failure> {
    let limits = Limits::usual(USUAL);
    let raw = place.raw();
    let deletion = ops::find_deletion(target, root, limits).await?;
    app.terminal.status(&listed(&deletion, place));
    let kept = !args.recursive && !deletion.referrers.is_empty();
    if args.dry_run {
        let referrers = if kept { 0 } else { deletion.referrers.len() };
        let text = format!("Would delete {} and {}\n", place.shown(), counted(referrers));
        return app.terminal.print(&text);
    }
    if let Some(parent) = deletion.parents.first().filter(|_| !args.deletion.force) {
        let text = format!(
            "{raw}: the index {} (tag {}) has it in it and stays",
            parent.node.digest,
            visible(parent.tag.as_str())
        );
        return Err(Failure::mistake(text)
            .code("FAILED")
            .advice("delete the index first, or use --force to leave it incomplete"));
    }
    let question = format!(
        "Are you sure you want to delete the manifest {:?}, {} and all tags associated with them?",
        root.digest.to_string(),
        counted(deletion.referrers.len())
    );
    if !args.deletion.agrees(&question, app).await? {
        return Ok(());
    }
    let deleted = ops::delete_found(target, &deletion, limits).await;
    deleted.within(|| format!("failed to delete {raw}").into())?;
    args.deletion.tell(root, place, app)
}

/// What goes along, and what depends on it, a line each.
fn listed(deletion: &Deletion, place: &Place) -> String {
    let mut lines = Vec::new();
    for referring in &deletion.referrers {
        let kind = referring.node.artifact_type.as_deref().unwrap_or_default();
        lines.push(format!("Referrer {} {}\n", referring.node.digest, visible(kind)));
    }
    let typed = place.locator().and_then(Locator::tag);
    for tag in deletion.tags.iter().filter(|tag| Some(*tag) != typed) {
        lines.push(format!("Tag      {}\n", visible(tag.as_str())));
    }
    for parent in &deletion.parents {
        lines.push(format!("Parent   {} {}\n", parent.node.digest, visible(parent.tag.as_str())));
    }
    lines.concat()
}

fn counted(referrers: usize) -> String {
    if referrers == 1 { "1 referrer".to_owned() } else { format!("{referrers} referrers") }
}
