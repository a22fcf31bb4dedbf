//! Places: where content is, as it was typed.
//!
//! What does not belong here: opening one ([`super::connect`]).

use std::path::PathBuf;

use oras::oci::{Digest, LayoutReference, Locator, Reference, ReferenceError, is_registry, is_repository};

use super::failure::Failure;
use super::usage::Usage;

/// A repository of a registry or a layout, and what is named in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    raw: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Registry(Reference),
    Layout(LayoutReference),
}

/// How an argument is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    /// `registry/repository[:tag|@digest]`.
    Registry,
    /// `path[:tag|@digest]`: `--oci-layout`.
    Layout,
    /// A tag or digest in the layout at this path: `--oci-layout-path`.
    InLayout(&'a str),
}

impl Place {
    /// The place that an argument names.
    pub(crate) fn parse(raw: &str, form: Form<'_>) -> Result<Self, Failure> {
        let kind = match form {
            Form::Registry => Kind::Registry(raw.parse().map_err(|error| not_a_reference(raw, &error))?),
            Form::Layout => Kind::Layout(raw.parse().map_err(|error| not_in_a_layout(&error))?),
            Form::InLayout(path) => Kind::Layout(LayoutReference {
                path: path.to_owned(),
                locator: Some(raw).filter(|raw| !raw.is_empty()).map(Locator::in_layout),
            }),
        };
        Ok(Self { raw: raw.to_owned(), kind })
    }

    /// As it was typed.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// The same place under another text, as when a digest takes the place of a tag.
    #[must_use]
    pub(crate) fn shown_as(mut self, raw: String) -> Self {
        self.raw = raw;
        self
    }

    /// As status lines name it: `[registry] localhost:5000/hello:v1`.
    pub(crate) fn shown(&self) -> String {
        format!("[{}] {}", self.kind_name(), self.raw)
    }

    /// As failures name it: `registry for "localhost:5000/hello:v1"`.
    pub(crate) fn blamed(&self) -> String {
        format!("{} for {:?}", self.kind_name(), self.raw)
    }

    /// `registry` or `oci-layout`.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Registry(_) => "registry",
            Kind::Layout(_) => "oci-layout",
        }
    }

    /// `registry/repository`, or the path of the layout.
    pub(crate) fn path(&self) -> String {
        match &self.kind {
            Kind::Registry(reference) => reference.path(),
            Kind::Layout(reference) => reference.path.clone(),
        }
    }

    /// The reference, if it is a place in a registry.
    pub(crate) fn reference(&self) -> Option<&Reference> {
        match &self.kind {
            Kind::Registry(reference) => Some(reference),
            Kind::Layout(_) => None,
        }
    }

    /// The folder or the tar, if it is a layout.
    pub(crate) fn layout(&self) -> Option<PathBuf> {
        match &self.kind {
            Kind::Registry(_) => None,
            Kind::Layout(reference) => Some(PathBuf::from(&reference.path)),
        }
    }

    /// What is named in it, if anything is.
    pub(crate) fn locator(&self) -> Option<&Locator> {
        match &self.kind {
            Kind::Registry(reference) => reference.locator.as_ref(),
            Kind::Layout(reference) => reference.locator.as_ref(),
        }
    }

    /// What a further text names in it: a tag or a digest, or a full reference to the same repository.
    pub(crate) fn locate(&self, text: &str) -> Result<Locator, String> {
        let Some(here) = self.reference() else {
            let named = Some(text).filter(|text| !text.is_empty()).map(Locator::in_layout);
            return named.ok_or_else(|| "missing reference".to_owned());
        };
        let nothing = || "invalid reference".to_owned();
        match text.parse::<Reference>() {
            Ok(full) if full.path() == here.path() => full.locator.ok_or_else(nothing),
            Ok(_) => {
                let here = here.to_string();
                Err(format!("invalid reference: mismatch between received {text:?} and expected {here:?}"))
            }
            Err(_) if text.is_empty() => Err(nothing()),
            Err(_) => alone(text).map_err(|error| error.to_string()),
        }
    }

    /// What is named in it, for commands that work on one manifest.
    pub(crate) fn named(&self, usage: &Usage) -> Result<&Locator, Failure> {
        self.locator().ok_or_else(|| {
            Failure::reference(format!("{:?}: no tag or digest specified", self.raw)).usage(usage).advice(format!(
                "Please specify a reference in the form of \"<name>:<tag>\" or \"<name>@<digest>\". Run \"{} -h\" for more options and examples",
                usage.path
            ))
        })
    }

    /// The digest of a blob, for commands that work on one. A layout, where everything is a blob, may be asked for
    /// what has a tag, too.
    pub(crate) fn blob(&self, usage: &Usage) -> Result<&Locator, Failure> {
        let located = self.locator().ok_or_else(|| {
            Failure::reference(format!("{:?}: no digest specified", self.raw)).usage(usage).advice(format!(
                "Please specify a reference in the form of \"<name>@<digest>\". Run \"{} -h\" for more options and examples",
                usage.path
            ))
        })?;
        match located {
            Locator::Tag(tag) if self.reference().is_some() => match tag.as_str().parse::<Digest>() {
                Err(why) => Err(Failure::mistake(why.to_string()).code("INVALID_REFERENCE")),
                Ok(_) => Ok(located),
            },
            _ => Ok(located),
        }
    }
}

/// A registry, or a repository of it: `registry[/repository]`.
pub(crate) fn registry_or_repository(raw: &str) -> Result<(&str, Option<&str>), Failure> {
    let (registry, repository) = match raw.split_once('/') {
        Some((registry, repository)) => (registry, Some(repository)),
        None => (raw, None),
    };
    let wrong = |error: ReferenceError| Failure::mistake(error.to_string()).code("INVALID_REFERENCE");
    if !is_registry(registry) {
        return Err(wrong(ReferenceError::Registry(registry.to_owned())));
    }
    match repository.filter(|repository| !is_repository(repository)) {
        Some(repository) => Err(wrong(ReferenceError::Repository(repository.to_owned()))),
        None => Ok((registry, repository)),
    }
}

/// A tag or a digest; a tag before a digest means nothing.
fn alone(text: &str) -> Result<Locator, ReferenceError> {
    match text.split_once('@') {
        None if !text.contains(':') => text.parse().map(Locator::Tag),
        at => {
            let digest = at.map_or(text, |(_, digest)| digest);
            let parsed = digest.parse().map(Locator::Digest);
            parsed.map_err(|why| ReferenceError::Digest(digest.to_owned(), why))
        }
    }
}

impl From<Reference> for Place {
    fn from(reference: Reference) -> Self {
        Self { raw: reference.to_string(), kind: Kind::Registry(reference) }
    }
}

fn not_a_reference(raw: &str, error: &ReferenceError) -> Failure {
    Failure::reference(format!("{raw:?}: {error}"))
        .advice("Please make sure the provided reference is in the form of <registry>/<repo>[:tag|@digest]")
}

fn not_in_a_layout(error: &ReferenceError) -> Failure {
    match error {
        ReferenceError::NoPath(_) => Failure::mistake(format!("{error}\ninvalid reference")),
        error => Failure::mistake(error.to_string()).code("INVALID_REFERENCE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_as_it_was_typed() {
        let place = Place::parse("localhost:5000/a:v1", Form::Registry).unwrap();
        assert_eq!(place.shown(), "[registry] localhost:5000/a:v1");
        assert_eq!(place.path(), "localhost:5000/a");
        let place = Place::parse("dir:v1", Form::Layout).unwrap();
        assert_eq!((place.shown().as_str(), place.path().as_str()), ("[oci-layout] dir:v1", "dir"));
    }

    #[test]
    fn more_may_be_named_in_a_repository_alone_or_in_full() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let place = Place::parse("h:5000/r:v1", Form::Registry).unwrap();
        let located = |text: &str| place.locate(text).map(|locator| locator.to_string());
        for (text, found) in [
            ("v2", "v2"),
            ("h:5000/r:v2", "v2"),
            (digest.as_str(), digest.as_str()),
            (&format!("v2@{digest}"), &digest),
            (&format!("h:5000/r:v2@{digest}"), &digest),
        ] {
            assert_eq!(located(text).unwrap(), found, "{text}");
        }
        for (text, why) in [
            ("", ""),
            ("h:5000/r", ""),
            ("bad/tag", ": mismatch between received \"bad/tag\" and expected \"h:5000/r:v1\""),
            ("h:5000/q:v2", ": mismatch between received \"h:5000/q:v2\" and expected \"h:5000/r:v1\""),
            ("a,b", ": invalid tag \"a,b\""),
            ("sha256:aa", ": invalid digest \"sha256:aa\": invalid checksum digest length"),
            ("x@sha256:aa", ": invalid digest \"sha256:aa\": invalid checksum digest length"),
        ] {
            assert_eq!(located(text).unwrap_err(), format!("invalid reference{why}"), "{text}");
        }
    }

    #[test]
    fn in_a_layout_any_text_is_a_tag() {
        let place = Place::parse("dir:v1", Form::Layout).unwrap();
        assert_eq!(place.locate("a/b:c"), Ok(Locator::in_layout("a/b:c")));
        assert_eq!(place.locate("").unwrap_err(), "missing reference");
    }

    #[test]
    fn with_a_layout_path_the_whole_argument_is_the_tag() {
        let place = Place::parse("example.com/a:v1", Form::InLayout("dir")).unwrap();
        assert_eq!(place.locator().unwrap().to_string(), "example.com/a:v1");
        assert_eq!(place.path(), "dir");
    }
}
