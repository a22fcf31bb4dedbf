//! What a copy did, or would do, in all forms.
//!
//! What does not belong here: doing it.

use std::fmt;

use oras::oci::{Annotations, Digest, Tag};
use oras::ops::{Action, Done, Verified};
use serde::Serialize;

use crate::cli::output::Outcome;
use crate::cli::output::text::visible;
use crate::cli::output::units::Size;
use crate::cli::place::Place;

/// Whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// It was.
    Done,
    /// It was only looked at.
    Planned,
}

/// What was copied, from where to where.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Copied {
    source: String,
    destination: String,
    digest: Digest,
    tags: Vec<String>,
    dry_run: bool,
    nodes: Vec<Node>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<Verification>,
    #[serde(skip)]
    from: Place,
    #[serde(skip)]
    to: Place,
    #[serde(skip)]
    more_tags: Vec<Tag>,
}

/// A node and what became of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    media_type: String,
    digest: Digest,
    size: u64,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations,
    action: &'static str,
    #[serde(skip)]
    done: Done,
}

/// What was found to be there afterwards.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Verification {
    nodes: usize,
    bytes: u64,
}

impl From<Verified> for Verification {
    fn from(Verified { nodes, bytes }: Verified) -> Self {
        Self { nodes, bytes }
    }
}

impl Verification {
    /// `Verified 6 nodes (2.61 KB)`.
    pub(super) fn text(self, out: &mut dyn fmt::Write) -> fmt::Result {
        let noun = if self.nodes == 1 { "node" } else { "nodes" };
        writeln!(out, "Verified {} {noun} ({})", self.nodes, size(self.bytes))
    }
}

impl Node {
    pub(super) fn new(done: Done) -> Self {
        Self {
            media_type: done.node.media_type.clone(),
            digest: done.node.digest.clone(),
            size: done.node.size,
            annotations: done.node.annotations.clone(),
            action: match done.action {
                Action::Copied => "copied",
                Action::Mounted => "mounted",
                Action::Existing => "existing",
            },
            done,
        }
    }
}

/// How much of what would be done: `To copy: 1 (5 B), to mount: 0 (0 B), existing: 0 (0 B), tags: 2`.
pub(super) fn sums(out: &mut dyn fmt::Write, nodes: &[Node], tags: usize) -> fmt::Result {
    let sum = |action| {
        let sizes = nodes.iter().filter(|node| node.done.action == action).map(|node| node.size);
        format!("{} ({})", sizes.clone().count(), size(sizes.sum()))
    };
    writeln!(
        out,
        "To copy: {}, to mount: {}, existing: {}, tags: {tags}",
        sum(Action::Copied),
        sum(Action::Mounted),
        sum(Action::Existing),
    )
}

/// What there is to tell.
pub(super) struct Told {
    pub(super) from: Place,
    pub(super) to: Place,
    /// All tags that it has got.
    pub(super) tags: Vec<Tag>,
    /// Those of them that are told in a line of their own.
    pub(super) more_tags: Vec<Tag>,
    pub(super) digest: Digest,
    pub(super) nodes: Vec<Done>,
    pub(super) verified: Option<Verified>,
    pub(super) mood: Mood,
}

impl Copied {
    pub(super) fn new(told: Told) -> Self {
        Self {
            source: told.from.raw().to_owned(),
            destination: told.to.raw().to_owned(),
            digest: told.digest,
            tags: told.tags.iter().map(ToString::to_string).collect(),
            dry_run: told.mood == Mood::Planned,
            nodes: told.nodes.into_iter().map(Node::new).collect(),
            verified: told.verified.map(Verification::from),
            from: told.from,
            to: told.to,
            more_tags: told.more_tags,
        }
    }

    fn plan(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        for Node { done, .. } in &self.nodes {
            let word = match done.action {
                Action::Copied => "Would copy ",
                Action::Mounted => "Would mount",
                Action::Existing => "Exists     ",
            };
            let name = visible(done.node.title().unwrap_or(&done.node.media_type));
            writeln!(out, "{word} {} {name} ({})", done.node.digest.short(), size(done.node.size))?;
        }
        for tag in &self.tags {
            writeln!(out, "Would tag   {}", visible(tag))?;
        }
        writeln!(out, "Would copy {} => {}", self.from.shown(), self.to.shown())?;
        sums(out, &self.nodes, self.tags.len())?;
        writeln!(out, "Digest: {}", self.digest)
    }
}

/// `1.5 KB`.
fn size(bytes: u64) -> String {
    let size = Size::of(bytes);
    format!("{} {}", size.number(), size.unit())
}

impl Outcome for Copied {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        if self.dry_run {
            return self.plan(out);
        }
        writeln!(out, "Copied {} => {}", self.from.shown(), self.to.shown())?;
        for tag in &self.more_tags {
            writeln!(out, "Tagged {tag}")?;
        }
        writeln!(out, "Digest: {}", self.digest)?;
        self.verified.map_or(Ok(()), |verified| verified.text(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::text;
    use crate::cli::place::Form;
    use oras::oci::Descriptor;

    fn told(mood: Mood) -> Told {
        let node = Descriptor::of("a/b\n", b"hello");
        Told {
            from: Place::parse("h:5000/a:v1", Form::Registry).unwrap(),
            to: Place::parse("dir:v1", Form::Layout).unwrap(),
            tags: vec![Tag::any("v1"), Tag::any("v2")],
            more_tags: vec![Tag::any("v2")],
            digest: Digest::of(b"x"),
            nodes: vec![Done { node, action: Action::Copied }],
            verified: None,
            mood,
        }
    }

    #[test]
    fn both_ends_are_told_as_they_were_typed() {
        let digest = Digest::of(b"x");
        assert_eq!(
            text::of(&Copied::new(told(Mood::Done))),
            format!("Copied [registry] h:5000/a:v1 => [oci-layout] dir:v1\nTagged v2\nDigest: {digest}\n")
        );
    }

    #[test]
    fn what_was_looked_at_is_told_last() {
        let verified = Some(Verified { nodes: 6, bytes: 2672 });
        let text = text::of(&Copied::new(Told { verified, ..told(Mood::Done) }));
        assert!(text.ends_with("\nVerified 6 nodes (2.61 KB)\n"), "{text}");
    }

    #[test]
    fn a_plan_says_what_would_be_done_and_how_much_it_is() {
        let text = text::of(&Copied::new(told(Mood::Planned)));
        assert!(text.starts_with("Would copy  2cf24dba5fb0 a/b\\x0a (5 B)\nWould tag   v1\n"), "{text}");
        let sums = "To copy: 1 (5 B), to mount: 0 (0 B), existing: 0 (0 B), tags: 2\n";
        assert!(text.contains(sums), "{text}");
    }
}
