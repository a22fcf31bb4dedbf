//! Referrers in all their forms: the tree, the table and the two documents.
//!
//! What does not belong here: finding them.

use std::borrow::Cow;
use std::fmt;

use oras::oci::{Annotations, Descriptor, json};
use oras::ops::Discovered;
use serde::{Serialize, Serializer};

use crate::cli::output::Outcome;
use crate::cli::output::json::{Node, harmless};
use crate::cli::output::status::Detail;
use crate::cli::output::text::{columns, visible};
use crate::cli::output::tree::{Ink, Paint, Tree};
use crate::cli::output::yaml;
use crate::cli::place::Place;

/// A manifest with what refers to it, which may be thousands: a document and a tree, of which the one that is wanted is
/// made when it is written.
pub(super) struct Referrers {
    path: String,
    found: Discovered,
    detail: Detail,
    paint: Paint,
}

/// A manifest with what refers to it, as oras writes it since 1.3.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    node: Node,
    referrers: Below<'a>,
}

/// What refers to a manifest at that path.
struct Below<'a> {
    path: &'a str,
    found: &'a [Discovered],
}

impl<'a> Document<'a> {
    fn new(path: &'a str, found: &'a Discovered) -> Self {
        Self { node: Node::new(path, &found.node), referrers: Below { path, found: &found.referrers } }
    }
}

impl Serialize for Below<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.found.iter().map(|found| Document::new(self.path, found)))
    }
}

impl Serialize for Referrers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document::new(&self.path, &self.found).serialize(serializer)
    }
}

impl Referrers {
    /// What was found at a place.
    pub(super) fn new(place: &Place, found: Discovered, detail: Detail, paint: Paint) -> Self {
        Self { path: place.path(), found, detail, paint }
    }
}

impl Outcome for Referrers {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let mut tree = Tree::new(Ink::Digest, format!("{}@{}", self.path, self.found.node.digest));
        grow(&mut tree, &self.found.referrers, self.detail);
        tree.draw(out, self.paint)
    }
}

/// Hangs referrers below, those of one type together.
fn grow(tree: &mut Tree, found: &[Discovered], detail: Detail) {
    for found in found {
        let kind = found.node.artifact_type.as_deref().filter(|kind| !kind.is_empty());
        let kind = visible(kind.unwrap_or("<unknown>"));
        // Each has one place, so nothing with this digest hangs there.
        let mut below = Tree::new(Ink::Digest, found.node.digest.to_string());
        if detail == Detail::All && !found.node.annotations.is_empty() {
            annotate(below.branch(Ink::Heading, "[annotations]"), &found.node.annotations);
        }
        grow(&mut below, &found.referrers, detail);
        tree.branch(Ink::Kind, &kind).hang(below);
    }
}

fn annotate(tree: &mut Tree, annotations: &Annotations) {
    for (key, value) in annotations {
        tree.hang(Tree::new(Ink::Plain, format!("{}: {}", yaml::scalar(key), yaml::scalar(value))));
    }
}

/// The document with the direct referrers in a list of their own besides, where scripts written for oras 1.1 and 1.2
/// look for them.
#[derive(Serialize)]
pub(super) struct Direct {
    #[serde(flatten)]
    referrers: Referrers,
    manifests: Vec<Node>,
}

impl Direct {
    /// Adds the list.
    pub(super) fn new(referrers: Referrers) -> Self {
        let Referrers { path, found, .. } = &referrers;
        let manifests = found.referrers.iter().map(|found| Node::new(path, &found.node)).collect();
        Self { referrers, manifests }
    }
}

impl Outcome for Direct {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        self.referrers.text(out)
    }
}

/// Direct referrers as a table.
#[derive(Serialize)]
pub(super) struct Table {
    #[serde(skip)]
    place: Place,
    #[serde(skip)]
    detail: Detail,
    root: Descriptor,
    referrers: Vec<Descriptor>,
}

impl Table {
    /// What was found at a place.
    pub(super) fn new(place: Place, found: Discovered, detail: Detail) -> Self {
        let referrers = found.referrers.into_iter().map(|found| found.node).collect();
        Self { place, detail, root: found.node, referrers }
    }
}

impl Outcome for Table {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let count = self.referrers.len();
        let noun = if count == 1 { "artifact" } else { "artifacts" };
        writeln!(out, "Discovered {count} {noun} referencing {}", self.place.raw())?;
        writeln!(out, "Digest: {}", self.root.digest)?;
        let rows: Vec<_> = self.referrers.iter().map(|node| self.row(node)).collect();
        if !rows.is_empty() {
            out.write_char('\n')?;
        }
        columns(out, ("Artifact Type", "Digest"), &rows)
    }
}

impl Table {
    fn row<'a>(&self, node: &'a Descriptor) -> (Cow<'a, str>, String, Option<String>) {
        let kind = visible(node.artifact_type.as_deref().unwrap_or_default());
        let below = (self.detail == Detail::All)
            .then(|| format!("{}\n", harmless(json::pretty(node).unwrap_or_default())));
        (kind, node.digest.to_string(), below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::{json::document, text};
    use crate::cli::place::Form;

    fn referrer(kind: &str, content: &[u8], referrers: Vec<Discovered>) -> Discovered {
        let mut node = Descriptor::of("m/t", content);
        node.artifact_type = Some(kind.to_owned()).filter(|kind| !kind.is_empty());
        node.annotations.insert("k".into(), "a\nb".into());
        Discovered { node, referrers }
    }

    fn found() -> Discovered {
        let below = vec![referrer("sig", b"3", Vec::new())];
        let referrers = vec![referrer("sbom\u{1b}[2J", b"1", below), referrer("", b"2", Vec::new())];
        Discovered { node: Descriptor::of("m/t", b"0"), referrers }
    }

    fn place() -> Place {
        Place::parse("h:5000/r:v1", Form::Registry).unwrap()
    }

    #[test]
    fn the_tree_escapes_what_came_from_outside() {
        let digest = |content: &[u8]| oras::oci::Digest::of(content);
        let text = text::of(&Referrers::new(&place(), found(), Detail::All, Paint::Plain));
        let expected = format!(
            r#"h:5000/r@{}
├── sbom\x1b[2J
│   └── {}
│       ├── [annotations]
│       │   └── k: "a\nb"
│       └── sig
│           └── {}
│               └── [annotations]
│                   └── k: "a\nb"
└── <unknown>
    └── {}
        └── [annotations]
            └── k: "a\nb"
"#,
            digest(b"0"),
            digest(b"1"),
            digest(b"3"),
            digest(b"2")
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn the_old_spelling_has_the_direct_referrers_in_a_list() {
        let referrers = || Referrers::new(&place(), found(), Detail::All, Paint::Plain);
        let read = |bytes: Vec<u8>| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
        let mut old = read(document(&Direct::new(referrers())).unwrap());
        let new = read(document(&referrers()).unwrap());
        let list = old.as_object_mut().unwrap().remove("manifests").unwrap();
        assert_eq!(old, new);
        assert_eq!(list.as_array().unwrap().len(), 2);
        assert_eq!(list[0]["digest"], new["referrers"][0]["digest"]);
        assert!(list[0].get("referrers").is_none());
        assert_eq!(new["referrers"][0]["referrers"][0]["referrers"], serde_json::json!([]));
    }

    #[test]
    fn a_long_chain_of_referrers_can_be_shown() {
        let chain =
            (0..1000).fold(referrer("x", b"0", Vec::new()), |below, _| referrer("x", b"1", vec![below]));
        let referrers = Referrers::new(&place(), chain, Detail::All, Paint::Plain);
        assert_eq!(text::of(&referrers).matches("[annotations]").count(), 1000);
        assert!(document(&referrers).is_ok());
    }

    #[test]
    fn the_table_says_how_many_there_are() {
        let table = Table::new(place(), found(), Detail::Titled);
        let text = text::of(&table);
        assert!(text.starts_with("Discovered 2 artifacts referencing h:5000/r:v1\nDigest: "), "{text}");
        assert!(text.contains("\n\nArtifact Type   Digest\nsbom\\x1b[2J"), "{text}");
    }
}
