//! `oras cp --all-tags`: the tags of a repository go to another one.

use std::fmt;

use oras::ops::{self, CopyAll, Failures, Reach, TagAction, TagCopy};
use oras::transfer::Present;
use regex::Regex;
use serde::Serialize;

use super::report::{Node, Verification, sums};
use super::{CpArgs, LEFT, USAGE, USUAL, unfit};
use crate::cli::app::App;
use crate::cli::args::format::Forms;
use crate::cli::failure::Failure;
use crate::cli::output::status::{Detail, reporter};
use crate::cli::output::text::visible;
use crate::cli::output::{self, Outcome, words};

/// Copies the tags that are chosen.
pub(super) async fn run(args: CpArgs, app: &App) -> Result<(), Failure> {
    let [from, to] = USAGE.exactly(args.arguments.clone())?;
    let chosen = Chosen { include: patterns(&args.include)?, exclude: patterns(&args.exclude)? };
    let source = args.source(&from)?;
    let destination = args.destination(&to)?.copying_from(&source);
    for place in [&source.place, &destination.place] {
        if place.reference().is_some() && place.locator().is_some() {
            let text =
                format!("{:?}: a repository is copied with --all-tags, not a tag or a digest", place.raw());
            return Err(Failure::mistake(text).usage(&USAGE));
        }
    }
    let format = args.format.choose(Forms::RESULT)?;
    output::check(&format)?;
    let reading = app.source(&source).await?;
    let mut tags = ops::tags_to_copy(&*reading).await?;
    tags.retain(|tag| chosen.has(tag.as_str()));
    let request = CopyAll {
        tags,
        reach: if args.recursive { Reach::Referrers } else { Reach::Graph },
        wanted: args.wanted(),
        companions: args.companions(),
        platforms: args.platforms()?,
        check: args.verified(),
        mount_from: destination.mounts().filter(|_| args.repair.present() == Present::Kept),
        present: args.repair.present(),
        failures: if args.keep_going { Failures::Collected } else { Failures::End },
        limits: args.concurrency.limits(USUAL),
    };
    let copied = if args.dry_run {
        ops::plan_all(&*reading, &*app.looked_at(&destination).await?, &request).await
    } else {
        let writing = app.target(&destination).await?;
        let view = args.progress.view(&args.common, app);
        let reporter = reporter(app, &words::COPY, Detail::when(args.verbose.verbose), &format, view);
        ops::copy_all(&*reading, &*writing, &request, reporter).await
    };
    let copied = copied.map_err(|error| unfit(error, &from))?;
    if copied.left {
        app.log.warning(LEFT);
    }
    let all = All {
        source: source.place.raw().to_owned(),
        destination: destination.place.raw().to_owned(),
        dry_run: args.dry_run,
        tags: copied.tags.iter().map(Copy::new).collect(),
        nodes: copied.nodes.into_iter().map(Node::new).collect(),
        verified: copied.verified.map(Verification::from),
        shown: format!("{} => {}", source.place.shown(), destination.place.shown()),
    };
    output::show(app, &format, &all)?;
    failures(&copied.tags)
}

/// All that failed, a line each.
fn failures(copies: &[TagCopy]) -> Result<(), Failure> {
    let failed = copies.iter().filter_map(|copy| Some((&copy.tag, copy.outcome.as_ref().err()?)));
    let lines: Vec<String> = failed
        .map(|(tag, error)| format!("\n- {}: {}", visible(tag.as_str()), visible(&error.to_string())))
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    let text = format!("{} of {} tags were not copied:{}", lines.len(), copies.len(), lines.concat());
    Err(Failure::mistake(text).code("FAILED"))
}

/// Which tags are meant.
struct Chosen {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
}

impl Chosen {
    fn has(&self, tag: &str) -> bool {
        let any = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(tag));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// Patterns that match whole tags.
fn patterns(typed: &[String]) -> Result<Vec<Regex>, Failure> {
    let pattern = |text: &String| {
        Regex::new(&format!("^(?:{text})$"))
            .map_err(|error| Failure::mistake(format!("invalid regular expression {text:?}: {error}")))
    };
    typed.iter().map(pattern).collect()
}

/// What became of all tags.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct All {
    source: String,
    destination: String,
    dry_run: bool,
    tags: Vec<Copy>,
    nodes: Vec<Node>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<Verification>,
    #[serde(skip)]
    shown: String,
}

/// What became of one tag.
#[derive(Serialize)]
struct Copy {
    tag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Copy {
    fn new(copy: &TagCopy) -> Self {
        let tag = copy.tag.to_string();
        match &copy.outcome {
            Ok((root, action)) => {
                let action = match action {
                    TagAction::Copied => "copied",
                    TagAction::Same => "existing",
                };
                Self { tag, digest: Some(root.digest.to_string()), action, error: None }
            }
            Err(error) => Self { tag, digest: None, action: "failed", error: Some(error.to_string()) },
        }
    }
}

impl Outcome for All {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        for copy in &self.tags {
            let word = match copy.action {
                "copied" if self.dry_run => "Would copy tag ",
                "copied" => "Copied tag ",
                "existing" if self.dry_run => "Same tag       ",
                "existing" => "Same tag   ",
                _ => "Failed tag ",
            };
            writeln!(out, "{word} {} {}", visible(&copy.tag), copy.digest.as_deref().unwrap_or_default())?;
        }
        let count = |action: &str| self.tags.iter().filter(|copy| copy.action == action).count();
        let (copied, same, failed) = (count("copied"), count("existing"), count("failed"));
        if self.dry_run {
            writeln!(
                out,
                "Would copy {}: {copied} tags to copy, {same} the same, {failed} failed",
                self.shown
            )?;
            return sums(out, &self.nodes, copied);
        }
        writeln!(out, "Copied {}: {copied} tags copied, {same} the same, {failed} failed", self.shown)?;
        self.verified.map_or(Ok(()), |verified| verified.text(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_tags() {
        let texts = |list: &[&str]| patterns(&list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let chosen = Chosen { include: texts(&["v1|v2", "x"]).unwrap(), exclude: texts(&["v2"]).unwrap() };
        for (tag, has) in [("v1", true), ("v2", false), ("v10", false), ("av1", false), ("x", true)] {
            assert_eq!(chosen.has(tag), has, "{tag}");
        }
        assert!(texts(&["("]).is_err());
        assert!(Chosen { include: Vec::new(), exclude: Vec::new() }.has("anything"));
    }
}
