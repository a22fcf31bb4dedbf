//! `oras attach`: files become an artifact that refers to another one.

use std::fmt;

use clap::Args;
use oras::oci::Digest;
use oras::ops;
use oras::transport::Action;
use serde::Serialize;

use crate::cli::app::App;
use crate::cli::args::chunks::ChunkArgs;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::format::{FormatArgs, Forms};
use crate::cli::args::packer::PackerArgs;
use crate::cli::args::platform::PlatformArgs;
use crate::cli::args::target::{ReferrersArgs, TargetArgs};
use crate::cli::args::terminal::ProgressArgs;
use crate::cli::failure::Failure;
use crate::cli::output::json::Node;
use crate::cli::output::status::{Detail, reporter};
use crate::cli::output::{self, Outcome, words};
use crate::cli::place::Place;
use crate::cli::usage::{Count, Usage, exclusive, required};

const USAGE: Usage = Usage {
    path: "oras attach",
    arguments: "[flags] --artifact-type=<type> <name>{:<tag>|@<digest>} {<file>[:<layer_media_type>]|--annotation <key>=<value>} [...]",
    count: Count::AtLeast(1),
    purpose: "the destination artifact for attaching.",
};

/// What is typed for `oras attach`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct AttachArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// artifact type
    #[arg(long, value_name = "string")]
    artifact_type: Option<String>,

    /// attach nothing if there is an artifact of the same type with the same files and annotations
    #[arg(long)]
    if_absent: bool,

    #[command(flatten)]
    packer: PackerArgs,
    #[command(flatten)]
    chunks: ChunkArgs,
    #[command(flatten)]
    platform: PlatformArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    referrers: ReferrersArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: AttachArgs, app: &App) -> Result<(), Failure> {
    let (raw, files) = USAGE.first(args.arguments)?;
    args.packer.check_paths(&files)?;
    let annotations = args.packer.annotations()?;
    let mode = args.referrers.mode();
    let asking = |failure: Failure| match files.as_slice() {
        [] => failure.asking("Are you missing an artifact reference to attach to?"),
        _ => failure,
    };
    let end = args.target.end(&raw).map_err(asking)?.doing(&[Action::Pull, Action::Push]).referrers(mode);
    let end = args.packer.bound(args.chunks.apply(end));
    let platform = args.platform.parse()?;
    let format = args.format.choose(Forms::RESULT)?;
    output::check(&format)?;
    exclusive(&[("--config", args.packer.has_config()), ("--platform", args.platform.is_used())])?;
    let subject = end.place.named(&USAGE).map_err(asking)?.clone();
    required(&[("artifact-type", args.artifact_type.is_some())])?;
    if files.is_empty() && annotations.manifest.is_empty() {
        return Err(nothing_to_attach());
    }
    let request = ops::Attach {
        subject,
        platform,
        artifact_type: args.artifact_type.unwrap_or_default(),
        files: args.packer.files(&files, annotations, app)?,
        made: app.env.created()?,
        same: if args.if_absent { ops::Same::Taken } else { ops::Same::Ignored },
        limits: args.packer.limits(),
    };
    let view = args.progress.view(&args.common, app);
    let reporter = reporter(app, &words::PUSH, Detail::when(args.verbose.verbose), &format, view);
    let target = app.target(&end).await?;
    let attached = ops::attach(&*target, request, reporter).await?;
    let node = Node::new(&end.place.path(), &attached.root);
    let outcome = Attached {
        node,
        existing: attached.existing,
        place: end.place,
        subject: attached.subject.digest,
        digest: attached.root.digest,
    };
    output::show(app, &format, &outcome)?;
    args.packer.export(&attached.manifest)
}

fn nothing_to_attach() -> Failure {
    Failure::mistake("neither file nor annotation provided in the command").usage(&USAGE).advice(
        "To attach to an existing artifact, please provide files via argument or annotations via flag \"--annotation\". Run \"oras attach -h\" for more options and examples",
    )
}

/// What was attached, and to what.
#[derive(Serialize)]
struct Attached {
    #[serde(flatten)]
    node: Node,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    existing: bool,
    #[serde(skip)]
    place: Place,
    #[serde(skip)]
    subject: Digest,
    #[serde(skip)]
    digest: Digest,
}

impl Outcome for Attached {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let (kind, path) = (self.place.kind_name(), self.place.path());
        let done = if self.existing { "Already attached" } else { "Attached" };
        writeln!(out, "{done} to [{kind}] {path}@{}", self.subject)?;
        writeln!(out, "Digest: {}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::text;
    use crate::cli::place::Form;
    use oras::oci::Descriptor;

    #[test]
    fn the_subject_is_named_by_digest_even_if_it_was_typed_by_tag() {
        let root = Descriptor::of("m/t", b"new");
        let place = Place::parse("h:5000/r:v1", Form::Registry).unwrap();
        let (subject, digest) = (Digest::of(b"old"), root.digest.clone());
        let attached = Attached {
            node: Node::new("h:5000/r", &root),
            existing: false,
            place,
            subject: subject.clone(),
            digest: digest.clone(),
        };
        assert_eq!(
            text::of(&attached),
            format!("Attached to [registry] h:5000/r@{subject}\nDigest: {digest}\n")
        );
    }
}
