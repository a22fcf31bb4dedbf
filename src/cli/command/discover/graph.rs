//! Referrers as a picture: the languages of Mermaid and of Graphviz.
//!
//! All text is quoted, and whatever could end the quotes or mean something to a renderer is escaped: names of types come
//! from whoever attached something. What does not belong here: finding referrers.

use std::fmt::{self, Write as _};

use oras::ops::Discovered;
use serde::Serialize;

use crate::cli::output::Outcome;
use crate::cli::output::text::visible;
use crate::cli::place::Place;

/// The language of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// A flowchart of Mermaid, as documents in Markdown have them.
    Mermaid,
    /// The language of Graphviz.
    Dot,
}

/// A graph of referrers.
#[derive(Serialize)]
pub(super) struct Graph {
    #[serde(skip)]
    language: Language,
    nodes: Vec<Node>,
}

#[derive(Serialize)]
struct Node {
    lines: Vec<String>,
    /// The place of what it refers to.
    subject: Option<usize>,
}

impl Graph {
    /// What was found at a place.
    pub(super) fn new(place: &Place, found: &Discovered, language: Language) -> Self {
        let name = format!("{}@{}", place.path(), found.node.digest);
        let mut nodes = vec![Node { lines: vec![name], subject: None }];
        let mut open: Vec<(usize, &Discovered)> =
            found.referrers.iter().rev().map(|below| (0, below)).collect();
        while let Some((subject, found)) = open.pop() {
            let kind = found.node.artifact_type.as_deref().filter(|kind| !kind.is_empty());
            let kind = visible(kind.unwrap_or("<unknown>")).into_owned();
            let at = nodes.len();
            nodes.push(Node { lines: vec![kind, found.node.digest.to_string()], subject: Some(subject) });
            open.extend(found.referrers.iter().rev().map(|below| (at, below)));
        }
        Self { language, nodes }
    }
}

/// How a language says things.
struct Grammar {
    /// Before all of it, and after.
    frame: [&'static str; 2],
    /// Around the text of a node, behind its name.
    label: [&'static str; 2],
    /// Between the lines of a text.
    line: &'static str,
    arrow: &'static str,
    /// After each statement.
    end: &'static str,
    escape: fn(&str) -> String,
}

impl Language {
    fn grammar(self) -> Grammar {
        match self {
            Self::Mermaid => Grammar {
                frame: ["flowchart LR\n", ""],
                label: ["[\"", "\"]"],
                line: "<br/>",
                arrow: "-->",
                end: "",
                escape: mermaid,
            },
            Self::Dot => Grammar {
                frame: ["digraph referrers {\n    rankdir=LR;\n    node [shape=box];\n", "}\n"],
                label: [" [label=\"", "\"]"],
                line: "\\n",
                arrow: "->",
                end: ";",
                escape: dot,
            },
        }
    }
}

impl Outcome for Graph {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let Grammar { frame, label, line, arrow, end, escape } = self.language.grammar();
        out.write_str(frame[0])?;
        for (at, node) in self.nodes.iter().enumerate() {
            let lines: Vec<String> = node.lines.iter().map(|text| escape(text)).collect();
            writeln!(out, "    n{at}{}{}{}{end}", label[0], lines.join(line), label[1])?;
        }
        for (at, node) in self.nodes.iter().enumerate() {
            if let Some(subject) = node.subject {
                writeln!(out, "    n{subject} {arrow} n{at}{end}")?;
            }
        }
        out.write_str(frame[1])
    }
}

/// Text between the quotes of Mermaid: everything but plain letters is written by its number.
fn mermaid(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || " ./:+_@-".contains(letter) {
            escaped.push(letter);
        } else {
            // A string takes all that is written to it.
            let _ = write!(escaped, "#{};", u32::from(letter));
        }
    }
    escaped
}

/// Text between the quotes of Graphviz, where a backslash begins an escape.
fn dot(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::text;
    use crate::cli::place::Form;
    use oras::oci::Descriptor;

    fn found(kind: &str, content: &[u8], referrers: Vec<Discovered>) -> Discovered {
        let mut node = Descriptor::of("m/t", content);
        node.artifact_type = Some(kind.to_owned());
        Discovered { node, referrers }
    }

    fn drawn(kind: &str, language: Language) -> String {
        let root = found("", b"0", vec![found(kind, b"1", vec![found("sig", b"2", Vec::new())])]);
        text::of(&Graph::new(&Place::parse("h:5000/r:v1", Form::Registry).unwrap(), &root, language))
    }

    /// What hostile types are made of.
    const HOSTILE: [&str; 6] =
        ["a\"b", "x\"]; n9[\"y", "\\", "a\nb --> c", "`m` <script>", "%%{init}%% #quot; ünï \\N"];

    #[test]
    fn both_languages_draw_the_same_graph() {
        let digests: Vec<String> = ["0", "1", "2"]
            .iter()
            .map(|content| oras::oci::Digest::of(content.as_bytes()).to_string())
            .collect();
        let [root, first, second] = digests.as_slice() else { panic!() };
        assert_eq!(
            drawn("a/b", Language::Mermaid),
            format!(
                "flowchart LR\n    n0[\"h:5000/r@{root}\"]\n    n1[\"a/b<br/>{first}\"]\n    n2[\"sig<br/>{second}\"]\n    n0 --> n1\n    n1 --> n2\n"
            )
        );
        assert_eq!(
            drawn("a/b", Language::Dot),
            format!(
                "digraph referrers {{\n    rankdir=LR;\n    node [shape=box];\n    n0 [label=\"h:5000/r@{root}\"];\n    n1 [label=\"a/b\\n{first}\"];\n    n2 [label=\"sig\\n{second}\"];\n    n0 -> n1;\n    n1 -> n2;\n}}\n"
            )
        );
    }

    #[test]
    fn no_text_leaves_its_quotes_in_mermaid() {
        let label = regex::Regex::new(r#"^    n\d+\["(?:[A-Za-z0-9 ./:+_@-]|<br/>|#\d+;)*"\]$"#).unwrap();
        let arrow = regex::Regex::new(r"^    n\d+ --> n\d+$").unwrap();
        for kind in HOSTILE {
            let text = drawn(kind, Language::Mermaid);
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!((lines.len(), lines[0]), (6, "flowchart LR"), "{text}");
            assert!(lines[1..4].iter().all(|line| label.is_match(line)), "{text}");
            assert!(lines[4..].iter().all(|line| arrow.is_match(line)), "{text}");
        }
    }

    #[test]
    fn no_text_leaves_its_quotes_in_dot() {
        let label = regex::Regex::new(r#"^    n\d+ \[label="(?:[^"\\]|\\\\|\\"|\\n)*"\];$"#).unwrap();
        for kind in HOSTILE {
            let text = drawn(kind, Language::Dot);
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 9, "{text}");
            assert!(lines[3..6].iter().all(|line| label.is_match(line)), "{text}");
        }
    }
}
