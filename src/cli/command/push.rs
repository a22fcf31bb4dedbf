//! `oras push`: files become an artifact.

use std::fmt;

use clap::Args;
use oras::oci::{Descriptor, Platform, Tag};
use oras::ops::{self, Artifact, ImageSpec};
use oras::transport::Action;
use serde::Serialize;

use crate::cli::app::App;
use crate::cli::args::chunks::ChunkArgs;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::destination::Destination;
use crate::cli::args::format::{FormatArgs, Forms};
use crate::cli::args::packer::{PackerArgs, rules};
use crate::cli::args::platform;
use crate::cli::args::repair::RepairArgs;
use crate::cli::args::target::TargetArgs;
use crate::cli::args::terminal::ProgressArgs;
use crate::cli::failure::Failure;
use crate::cli::output::json::Node;
use crate::cli::output::status::{Detail, reporter};
use crate::cli::output::text::visible;
use crate::cli::output::{self, Outcome, words};
use crate::cli::place::Place;
use crate::cli::usage::{Count, Usage, exclusive};

const USAGE: Usage = Usage {
    path: "oras push",
    arguments: "[flags] <name>[:<tag>[,<tag>][...]] <file>[:<type>] [...]",
    count: Count::AtLeast(1),
    purpose: "the destination for pushing",
};

/// What is typed for `oras push`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct PushArgs {
    #[arg(value_name = "name")]
    arguments: Vec<String>,

    /// artifact type
    #[arg(long, value_name = "string")]
    artifact_type: Option<String>,

    #[arg(
        long,
        value_name = "os[/arch][/variant][:os_version]",
        help = "[Experimental] set artifact platform in the form of os[/arch][/variant][:os_version]"
    )]
    artifact_platform: Option<String>,

    /// [Preview] specify manifest type for building artifact. Options: v1.1, v1.0 (default v1.1, overridden to v1.0
    /// if --config is used without --artifact-type)
    #[arg(long, value_name = "string", value_parser = image_spec)]
    image_spec: Option<ImageSpec>,

    #[command(flatten)]
    repair: RepairArgs,
    #[command(flatten)]
    chunks: ChunkArgs,
    #[command(flatten)]
    packer: PackerArgs,
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

fn image_spec(text: &str) -> Result<ImageSpec, String> {
    match text {
        "v1.1" => Ok(ImageSpec::V1_1),
        "v1.0" => Ok(ImageSpec::V1_0),
        _ => Err(format!("unknown image specification flag: {text}\nAvailable options: v1.1, v1.0")),
    }
}

impl PushArgs {
    fn platform(&self) -> Result<Option<Platform>, Failure> {
        let typed = self.artifact_platform.as_deref().filter(|text| !text.is_empty());
        typed.map(platform::parse).transpose()
    }

    fn artifact(&self, platform: Option<Platform>) -> Result<Artifact, Failure> {
        exclusive(&[("--config", self.packer.has_config()), ("--artifact-platform", platform.is_some())])?;
        let artifact =
            Artifact { artifact_type: self.artifact_type.clone(), platform, image_spec: self.image_spec };
        rules(&artifact, self.packer.has_config())?;
        Ok(artifact)
    }
}

pub(crate) async fn run(args: PushArgs, app: &App) -> Result<(), Failure> {
    let (raw, files) = USAGE.first(args.arguments.clone())?;
    let destination = Destination::split(&raw);
    args.packer.check_paths(&files)?;
    let platform = args.platform()?;
    let annotations = args.packer.annotations()?;
    let end = args.chunks.apply(args.target.end(&destination.raw)?).doing(&[Action::Pull, Action::Push]);
    let end = args.packer.bound(end);
    let format = args.format.choose(Forms::RESULT)?;
    output::check(&format)?;
    let tags = destination.tags()?;
    let artifact = args.artifact(platform)?;
    let request = ops::Push {
        artifact,
        files: args.packer.files(&files, annotations, app)?,
        to: end.place.locator().cloned(),
        tags: tags.clone(),
        made: app.env.created()?,
        present: args.repair.present(),
        limits: args.packer.limits(),
    };
    let view = args.progress.view(&args.common, app);
    let reporter = reporter(app, &words::PUSH, Detail::when(args.verbose.verbose), &format, view);
    let target = app.target(&end).await?;
    let pushed = ops::push(&*target, request, reporter).await?;
    output::show(app, &format, &Pushed::new(end.place, pushed.root, &pushed.tags, tags))?;
    args.packer.export(&pushed.manifest)
}

/// What was pushed, and where.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pushed {
    #[serde(flatten)]
    node: Node,
    reference_as_tags: Vec<String>,
    #[serde(skip)]
    place: Place,
    #[serde(skip)]
    root: Descriptor,
    #[serde(skip)]
    others: Vec<Tag>,
}

impl Pushed {
    fn new(place: Place, root: Descriptor, tags: &[Tag], others: Vec<Tag>) -> Self {
        let path = place.path();
        let mut reference_as_tags: Vec<String> = tags.iter().map(|tag| format!("{path}:{tag}")).collect();
        reference_as_tags.sort();
        Self { node: Node::new(&path, &root), reference_as_tags, place, root, others }
    }
}

impl Outcome for Pushed {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        writeln!(out, "Pushed {}", self.place.shown())?;
        for tag in &self.others {
            writeln!(out, "Tagged {tag}")?;
        }
        let kind = self.root.artifact_type.as_deref().unwrap_or_default();
        writeln!(out, "ArtifactType: {}", visible(kind))?;
        writeln!(out, "Digest: {}", self.root.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::{json, text};
    use crate::cli::place::Form;

    fn pushed(raw: &str, tags: &[&str]) -> Pushed {
        let root = Descriptor { artifact_type: Some("a/b".into()), ..Descriptor::of("m/t", b"{}") };
        let tags: Vec<Tag> = tags.iter().map(|tag| Tag::any(*tag)).collect();
        let others = tags.get(1..).unwrap_or_default().to_vec();
        Pushed::new(Place::parse(raw, Form::Registry).unwrap(), root, &tags, others)
    }

    #[test]
    fn other_tags_are_told_and_all_tags_are_sorted_in_the_document() {
        let pushed = pushed("h:5000/r:z", &["z", "b", "a"]);
        let digest = pushed.root.digest.clone();
        let expected = format!(
            "Pushed [registry] h:5000/r:z\nTagged b\nTagged a\nArtifactType: a/b\nDigest: {digest}\n"
        );
        assert_eq!(text::of(&pushed), expected);
        let document: serde_json::Value = serde_json::from_slice(&json::document(&pushed).unwrap()).unwrap();
        assert_eq!(
            document["referenceAsTags"],
            serde_json::json!(["h:5000/r:a", "h:5000/r:b", "h:5000/r:z"])
        );
    }

    #[test]
    fn without_a_tag_there_are_none_in_the_document() {
        let text = String::from_utf8(json::document(&pushed("h:5000/r", &[])).unwrap()).unwrap();
        assert!(text.ends_with("  \"artifactType\": \"a/b\",\n  \"referenceAsTags\": []\n}\n"), "{text}");
    }
}
