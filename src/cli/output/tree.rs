//! Trees drawn with lines, as `discover` shows referrers.
//!
//! What does not belong here: what the tree is of.

use std::fmt;

/// A line and what hangs below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    ink: Ink,
    line: String,
    below: Vec<Tree>,
}

/// What a line is, and so its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// No colour of its own.
    Plain,
    /// The type of artifacts.
    Kind,
    /// What is named by a digest.
    Digest,
    /// A word that introduces what hangs below.
    Heading,
}

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// A person looks at it.
    Coloured,
    /// It goes into a file or to a program.
    Plain,
}

impl Ink {
    /// The number of the colour, of those that every terminal has.
    fn colour(self) -> Option<u8> {
        match self {
            Self::Plain => None,
            Self::Kind => Some(93),
            Self::Digest => Some(32),
            Self::Heading => Some(90),
        }
    }
}

impl Tree {
    /// A line with nothing below. It must be one line, and fit to be shown.
    pub(crate) fn new(ink: Ink, line: impl Into<String>) -> Self {
        Self { ink, line: line.into(), below: Vec::new() }
    }

    /// Hangs a tree below, after those that hang there.
    pub(crate) fn hang(&mut self, tree: Self) {
        self.below.push(tree);
    }

    /// The tree below that has this line, which is made when there is none.
    pub(crate) fn branch(&mut self, ink: Ink, line: &str) -> &mut Self {
        let place = self.below.iter().position(|tree| tree.line == line && tree.ink == ink);
        let place = place.unwrap_or_else(|| {
            self.below.push(Self::new(ink, line));
            self.below.len() - 1
        });
        &mut self.below[place]
    }

    /// Writes all lines.
    pub(crate) fn draw(&self, out: &mut dyn fmt::Write, paint: Paint) -> fmt::Result {
        // What is still to be drawn, the next at the end, each with what stands before its line and those below it.
        let mut open = vec![(self, String::new(), String::new())];
        while let Some((tree, first, rest)) = open.pop() {
            out.write_str(&first)?;
            match tree.ink.colour().filter(|_| paint == Paint::Coloured) {
                Some(colour) => writeln!(out, "\u{1b}[{colour}m{}\u{1b}[0m", tree.line)?,
                None => writeln!(out, "{}", tree.line)?,
            }
            for (position, below) in tree.below.iter().enumerate().rev() {
                let last = position + 1 == tree.below.len();
                let (branch, stem) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
                open.push((below, format!("{rest}{branch}"), format!("{rest}{stem}")));
            }
        }
        Ok(())
    }
}

impl Drop for Tree {
    /// Takes the tree apart level by level: a long chain must not need a deep stack.
    fn drop(&mut self) {
        let mut open = std::mem::take(&mut self.below);
        while let Some(mut tree) = open.pop() {
            open.append(&mut tree.below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(tree: &Tree, paint: Paint) -> String {
        let mut text = String::new();
        tree.draw(&mut text, paint).unwrap();
        text
    }

    fn tree() -> Tree {
        let mut root = Tree::new(Ink::Digest, "root");
        root.branch(Ink::Kind, "sig").hang(Tree::new(Ink::Digest, "one"));
        root.branch(Ink::Kind, "sbom").hang(Tree::new(Ink::Digest, "two"));
        let three = root.branch(Ink::Kind, "sig").branch(Ink::Digest, "three");
        three.branch(Ink::Heading, "[annotations]").hang(Tree::new(Ink::Plain, "k: v"));
        root
    }

    #[test]
    fn equal_branches_are_one() {
        let expected = "root
├── sig
│   ├── one
│   └── three
│       └── [annotations]
│           └── k: v
└── sbom
    └── two
";
        assert_eq!(drawn(&tree(), Paint::Plain), expected);
    }

    #[test]
    fn colours_are_around_the_words_only() {
        let text = drawn(&tree(), Paint::Coloured);
        assert!(text.starts_with("\u{1b}[32mroot\u{1b}[0m\n├── \u{1b}[93msig\u{1b}[0m\n"), "{text:?}");
        assert!(text.contains("└── \u{1b}[90m[annotations]\u{1b}[0m\n│           └── k: v\n"), "{text:?}");
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let mut tree = Tree::new(Ink::Plain, "0");
        for _ in 0..2000 {
            let mut above = Tree::new(Ink::Plain, "n");
            above.hang(tree);
            tree = above;
        }
        assert_eq!(drawn(&tree, Paint::Plain).lines().count(), 2001);
    }
}
