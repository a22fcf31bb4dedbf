//! References: how a user names a manifest in a registry or in a layout.
//!
//! No registry and no tag are ever made up: what is not written is not there. Source: distribution-spec for the
//! grammar of repositories and tags; oras's documentation for the two forms.

use std::fmt;
use std::str::FromStr;

use super::{Digest, DigestError};

/// A tag: in a registry of the specification's grammar, in a layout any text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// A name for a manifest in a layout, where any text may be one, or a tag that is known to be good.
    pub fn any(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    /// A tag of a registry: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let mut bytes = text.bytes();
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let good = text.len() <= 128
            && bytes.next().is_some_and(word)
            && bytes.all(|byte| word(byte) || byte == b'.' || byte == b'-');
        if good { Ok(Self(text.to_owned())) } else { Err(ReferenceError::Tag(text.to_owned())) }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a manifest is named within its repository or layout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Locator {
    /// By a name that may move.
    Tag(Tag),
    /// By its content.
    Digest(Digest),
}

impl Locator {
    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Digest(_) => None,
        }
    }

    /// The digest, if it is one.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Tag(_) => None,
            Self::Digest(digest) => Some(digest),
        }
    }

    /// Text in a layout: a digest if it is one, else a tag of any form.
    pub fn in_layout(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Tag(Tag::any(text)), Self::Digest)
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// Why a text is no reference. Shown without the text itself, which only the caller knows whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    /// No `/`.
    Incomplete,
    /// The part before the first `/`.
    Registry(String),
    /// The part after it.
    Repository(String),
    /// The part after the colon.
    Tag(String),
    /// The part after the `@`.
    Digest(String, DigestError),
    /// A layout without a path; holds the text.
    NoPath(String),
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => f.write_str("invalid reference: missing registry or repository"),
            Self::Registry(text) => write!(f, "invalid reference: invalid registry {text:?}"),
            Self::Repository(text) => write!(f, "invalid reference: invalid repository {text:?}"),
            Self::Tag(text) => write!(f, "invalid reference: invalid tag {text:?}"),
            Self::Digest(text, why) => write!(f, "invalid reference: invalid digest {text:?}: {why}"),
            Self::NoPath(text) => write!(f, "found empty file path in {text:?}"),
        }
    }
}

impl std::error::Error for ReferenceError {}

/// A layout reference has the same mistakes.
pub type LayoutReferenceError = ReferenceError;

/// `registry/repository[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Host and port, as typed.
    pub registry: String,
    /// Path components joined by `/`.
    pub repository: String,
    /// What is named in it; nothing means the repository itself.
    pub locator: Option<Locator>,
}

impl Reference {
    /// `registry/repository` without what is named in it.
    pub fn path(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Split at the first `/`; a digest follows the first `@`, and then a tag before it means nothing; else a
    /// tag follows the first `:`.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (registry, rest) = text.split_once('/').ok_or(ReferenceError::Incomplete)?;
        let (repository, locator) = if let Some((before, digest)) = rest.split_once('@') {
            let repository = before.split_once(':').map_or(before, |(repository, _)| repository);
            // Nothing after the sign names nothing.
            let digest = Some(digest).filter(|digest| !digest.is_empty());
            (repository, digest.map(|text| text.parse().map(Locator::Digest).map_err(|why| (text, why))))
        } else if let Some((repository, tag)) = rest.split_once(':') {
            check(registry, repository)?;
            // Nothing after the colon names nothing.
            let locator = Some(tag).filter(|tag| !tag.is_empty()).map(|tag| tag.parse().map(Locator::Tag));
            let (registry, repository) = (registry.to_owned(), repository.to_owned());
            return Ok(Self { registry, repository, locator: locator.transpose()? });
        } else {
            (rest, None)
        };
        check(registry, repository)?;
        let locator =
            locator.transpose().map_err(|(text, why)| ReferenceError::Digest(text.to_owned(), why))?;
        Ok(Self { registry: registry.to_owned(), repository: repository.to_owned(), locator })
    }
}

fn check(registry: &str, repository: &str) -> Result<(), ReferenceError> {
    if !is_registry(registry) {
        return Err(ReferenceError::Registry(registry.to_owned()));
    }
    if !is_repository(repository) {
        return Err(ReferenceError::Repository(repository.to_owned()));
    }
    Ok(())
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match &self.locator {
            None => Ok(()),
            Some(Locator::Tag(tag)) => write!(f, ":{tag}"),
            Some(Locator::Digest(digest)) => write!(f, "@{digest}"),
        }
    }
}

/// Whether the text is a host, with or without a port, and nothing else (RFC 3986, `authority` without userinfo).
pub fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_is_good = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        }
    };
    host_is_good && port.is_none_or(|port| !port.is_empty() && port.parse::<u16>().is_ok())
}

/// Whether the text is the name of a repository (distribution-spec, "Pulling manifests").
pub fn is_repository(text: &str) -> bool {
    text.len() <= 255 && text.split('/').all(is_component)
}

/// `[a-z0-9]+(?:(?:[._]|__|[-]*)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().copied().is_some_and(letter) && bytes.last().copied().is_some_and(letter);
    ends && text
        .split(|at: char| at.is_ascii_lowercase() || at.is_ascii_digit())
        .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-'))
}

/// `path[:tag]` or `path[@digest]` of an OCI image layout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LayoutReference {
    /// The folder or the tar.
    pub path: String,
    /// What is named in it.
    pub locator: Option<Locator>,
}

impl FromStr for LayoutReference {
    type Err = ReferenceError;

    /// A digest follows the last `@`, if there is one; else a tag follows the last `:`, unless that is the
    /// colon of a drive.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text, cfg!(windows))
    }
}

impl LayoutReference {
    /// Whether paths have drives is up to the system.
    fn parse(text: &str, has_drives: bool) -> Result<Self, ReferenceError> {
        let (path, locator) = if let Some((path, digest)) = text.rsplit_once('@') {
            if path.is_empty() {
                return Err(ReferenceError::NoPath(text.to_owned()));
            }
            let parse = |text: &str| {
                text.parse().map(Locator::Digest).map_err(|why| ReferenceError::Digest(text.to_owned(), why))
            };
            (path, Some(digest).filter(|digest| !digest.is_empty()).map(parse).transpose()?)
        } else {
            match text.rsplit_once(':') {
                Some((path, tag)) if !(has_drives && is_drive(path, tag)) => {
                    (path, Some(tag).filter(|tag| !tag.is_empty()).map(|tag| Locator::Tag(Tag::any(tag))))
                }
                _ => (text, None),
            }
        };
        if path.is_empty() {
            return Err(ReferenceError::NoPath(text.to_owned()));
        }
        Ok(Self { path: path.to_owned(), locator })
    }
}

/// Whether a colon between the two belongs to the name of a drive.
fn is_drive(before: &str, after: &str) -> bool {
    before.len() == 1
        && before.bytes().all(|byte| byte.is_ascii_alphabetic())
        && after.starts_with(['\\', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Reference, ReferenceError> {
        text.parse()
    }

    #[test]
    fn references_are_taken_apart() {
        let reference = parse("localhost:5000/a/b:v1").unwrap();
        assert_eq!(reference.path(), "localhost:5000/a/b");
        assert_eq!(reference.locator, Some(Locator::Tag(Tag::any("v1"))));
        assert_eq!(reference.to_string(), "localhost:5000/a/b:v1");
        assert_eq!(parse("localhost:5000/a").unwrap().locator, None);
        for nothing in ["localhost:5000/a:", "localhost:5000/a@", "localhost:5000/a:v1@"] {
            assert_eq!(parse(nothing).unwrap().to_string(), "localhost:5000/a");
        }
        let digest = Digest::of(b"x");
        let both = parse(&format!("h/r:t@{digest}")).unwrap();
        assert_eq!(both.locator, Some(Locator::Digest(digest.clone())));
        assert_eq!(both.to_string(), format!("h/r@{digest}"));
        assert_eq!(parse("[::1]:5000/r").unwrap().registry, "[::1]:5000");
    }

    #[test]
    fn mistakes_name_the_part() {
        let says = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(says("foo"), "invalid reference: missing registry or repository");
        assert_eq!(says("h/r:bad/tag"), "invalid reference: invalid tag \"bad/tag\"");
        assert_eq!(says("h/UPPER"), "invalid reference: invalid repository \"UPPER\"");
        assert_eq!(
            says("h/r@sha256:abc"),
            "invalid reference: invalid digest \"sha256:abc\": invalid checksum digest length"
        );
        assert_eq!(says("h x/r"), "invalid reference: invalid registry \"h x\"");
    }

    #[test]
    fn repositories_follow_the_grammar() {
        for good in ["a", "a/b", "a.b_c__d---e", "0/1"] {
            assert!(is_repository(good), "{good}");
        }
        for bad in ["", "A", "a//b", "/a", "a/", "a..b", "a___b", "_a", "a.", "a._b", "../a"] {
            assert!(!is_repository(bad), "{bad}");
        }
    }

    #[test]
    fn the_colon_of_a_drive_belongs_to_the_path_of_a_layout() {
        let parse = |text, has_drives| LayoutReference::parse(text, has_drives).unwrap();
        let layout = parse(r"C:\layout:v1", true);
        assert_eq!(
            (layout.path.as_str(), layout.locator),
            (r"C:\layout", Some(Locator::Tag(Tag::any("v1"))))
        );
        assert_eq!(parse(r"C:\layout", true).path, r"C:\layout");
        assert_eq!(parse(r"C:\layout", false).path, "C");
    }

    #[test]
    fn layouts_split_at_the_last_separator() {
        let layout: LayoutReference = "dir:with:colon:v1".parse().unwrap();
        assert_eq!(
            (layout.path.as_str(), layout.locator),
            ("dir:with:colon", Some(Locator::Tag(Tag::any("v1"))))
        );
        let digest = Digest::of(b"x");
        let layout: LayoutReference = format!("a@b@{digest}").parse().unwrap();
        assert_eq!((layout.path.as_str(), layout.locator), ("a@b", Some(Locator::Digest(digest))));
        for nothing in ["dir", "dir:", "dir@"] {
            let layout: LayoutReference = nothing.parse().unwrap();
            assert_eq!((layout.path.as_str(), layout.locator), ("dir", None));
        }
        assert_eq!(
            ":foo".parse::<LayoutReference>().unwrap_err().to_string(),
            "found empty file path in \":foo\""
        );
    }
}
