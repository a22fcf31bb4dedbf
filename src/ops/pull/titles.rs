//! Which of the files of an artifact are wanted, by patterns for their titles.
//!
//! `*` stands for anything within a part of a path, `**` for any parts, `?` for one letter, `[a-z]` for one of some,
//! `{a,b}` for one of two; a `!` at the beginning means all others. Nothing here looks at a disk.

use crate::error::{Error, Result};

/// How many titles are listed where something is wrong with them.
const LISTED: usize = 50;

/// Patterns for titles. Without any, every file is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Titles(Vec<String>);

impl Titles {
    /// Files that match one of these patterns.
    ///
    /// # Errors
    /// One of them is none.
    pub fn matching(patterns: Vec<String>) -> Result<Self> {
        for pattern in &patterns {
            fast_glob::validate(pattern)
                .map_err(|error| Error::invalid(format!("invalid pattern {pattern:?}: {error}")))?;
        }
        Ok(Self(patterns))
    }

    /// Whether there are patterns at all.
    pub(super) fn choose(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a file with this title is wanted.
    pub(super) fn take(&self, title: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| fast_glob::glob_match(pattern, title))
    }

    /// Refuses a pattern that matches none of these titles: nobody asks for nothing.
    pub(super) fn all_match(&self, titles: &[String]) -> Result<()> {
        let is_idle = |pattern: &&String| !titles.iter().any(|title| fast_glob::glob_match(pattern, title));
        match self.0.iter().find(is_idle) {
            Some(pattern) => Err(Error::invalid(format!("no file matches {pattern:?}; {}", listed(titles)))),
            None => Ok(()),
        }
    }
}

/// What there is to choose from, in words.
pub(super) fn listed(titles: &[String]) -> String {
    if titles.is_empty() {
        return "the artifact has no files".to_owned();
    }
    let more = match titles.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("the artifact has {}{more}", titles[..titles.len().min(LISTED)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(patterns: &[&str]) -> Titles {
        Titles::matching(patterns.iter().map(ToString::to_string).collect()).unwrap()
    }

    #[test]
    fn patterns_are_those_of_paths() {
        let cases = [
            ("*.txt", "a.txt", true),
            ("*.txt", "d/a.txt", false),
            ("**/*.txt", "d/e/a.txt", true),
            ("**/*.txt", "a.txt", true),
            ("d", "d", true),
            ("d/*", "d/a", true),
            ("?.{txt,md}", "b.md", true),
            ("!*.txt", "a.md", true),
            ("[ab]*", "bob", true),
            ("ü*", "ünïcode", true),
        ];
        for (pattern, title, taken) in cases {
            assert_eq!(matching(&[pattern]).take(title), taken, "{pattern} {title}");
        }
        assert!(Titles::default().take("anything") && matching(&["a", "b"]).take("b"));
        let error = Titles::matching(vec!["a".into(), "{b".into()]).unwrap_err().to_string();
        assert!(error.starts_with("invalid pattern \"{b\""), "{error}");
    }

    #[test]
    fn every_pattern_has_to_match_something() {
        let titles = ["a.txt".to_owned(), "b.md".to_owned()];
        assert!(matching(&["*.txt", "b*"]).all_match(&titles).is_ok());
        let error = matching(&["*.txt", "c*"]).all_match(&titles).unwrap_err().to_string();
        assert_eq!(error, "no file matches \"c*\"; the artifact has a.txt, b.md");
        let error = matching(&["*"]).all_match(&[]).unwrap_err().to_string();
        assert_eq!(error, "no file matches \"*\"; the artifact has no files");
        let many: Vec<String> = (0..60).map(|number| number.to_string()).collect();
        assert!(listed(&many).ends_with(", 48, 49, and 10 more"));
    }
}
