//! Several tags of one repository as they are typed: `registry/repository[:tag[,tag...]]`.
//!
//! What does not belong here: what no tags at all mean, which the commands know.

use oras::oci::{Locator, Reference, ReferenceError, Tag};

use crate::cli::failure::Failure;

/// A repository and some of its tags.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The repository, without anything that is named in it.
    pub(crate) repository: Reference,
    /// The tags in the order in which they were typed.
    pub(crate) tags: Vec<Tag>,
}

impl Selection {
    /// Reads what was typed.
    pub(crate) fn parse(raw: &str) -> Result<Self, Failure> {
        if raw.is_empty() {
            return Err(Failure::mistake("artifact reference cannot be empty"));
        }
        if raw.contains('@') {
            return Err(Failure::mistake(format!("digest references are not supported: {raw:?}")));
        }
        let mut parts = raw.split(',');
        let first = parts.next().unwrap_or_default();
        let mut repository: Reference = first.parse().map_err(|error: ReferenceError| {
            Failure::mistake(format!("invalid reference {first:?}: {error}"))
        })?;
        let empty = || Failure::mistake(format!("empty tag in reference {raw:?}"));
        let more: Vec<&str> = parts.collect();
        let mut tags = match repository.locator.take() {
            Some(Locator::Tag(tag)) => vec![tag],
            _ if more.is_empty() => Vec::new(),
            _ => return Err(empty()),
        };
        for text in more {
            if text.is_empty() {
                return Err(empty());
            }
            tags.push(text.parse().map_err(|error: ReferenceError| {
                Failure::mistake(format!("invalid tag {text:?} in reference {raw:?}: {error}"))
            })?);
        }
        Ok(Self { repository, tags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::failure::Scene;

    #[test]
    fn tags_follow_the_repository_and_commas() {
        let typed = Selection::parse("h:1/r:a,b,a").unwrap();
        assert_eq!(typed.repository.path(), "h:1/r");
        assert_eq!(typed.repository.locator, None);
        assert_eq!(typed.tags, ["a", "b", "a"].map(Tag::any));
        for all in ["h:1/r", "h:1/r:"] {
            assert_eq!(Selection::parse(all).unwrap().tags, []);
        }
    }

    #[test]
    fn mistakes_are_told_in_the_words_of_oras() {
        for (raw, words) in [
            ("", "artifact reference cannot be empty"),
            ("h/r@x", "digest references are not supported: \"h/r@x\""),
            ("h/r,v1", "empty tag in reference \"h/r,v1\""),
            ("h/r:v1,", "empty tag in reference \"h/r:v1,\""),
            ("foo,", "invalid reference \"foo\": invalid reference: missing registry or repository"),
            (
                "h/r:v1,b/d",
                "invalid tag \"b/d\" in reference \"h/r:v1,b/d\": invalid reference: invalid tag \"b/d\"",
            ),
        ] {
            let failure = Selection::parse(raw).unwrap_err();
            assert_eq!(failure.explain(&Scene::default()), format!("Error: {words}"));
        }
    }
}
