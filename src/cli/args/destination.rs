//! A destination as it is typed: a reference, and more tags behind commas.
//!
//! What does not belong here: reading the reference itself ([`crate::cli::place`]).

use oras::oci::{ReferenceError, Tag};

use crate::cli::failure::Failure;

/// What is typed for the place that a manifest goes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The reference.
    pub(crate) raw: String,
    /// The other tags, as typed.
    others: Vec<String>,
}

impl Destination {
    /// Splits `repository:tag,tag`.
    pub(crate) fn split(typed: &str) -> Self {
        let mut parts = typed.split(',').map(str::to_owned);
        Self { raw: parts.next().unwrap_or_default(), others: parts.collect() }
    }

    /// The other tags.
    pub(crate) fn tags(&self) -> Result<Vec<Tag>, Failure> {
        extra_tags(&self.others)
    }
}

/// Further tags as they are typed. They are plain tags in a layout too, so that a copy to a registry stays possible.
pub(crate) fn extra_tags(typed: &[String]) -> Result<Vec<Tag>, Failure> {
    let read = |text: &String| match text.as_str() {
        "" => Err(Failure::mistake("empty extra tag")),
        text => text
            .parse()
            .map_err(|error: ReferenceError| Failure::mistake(format!("invalid extra tag: {error}"))),
    };
    typed.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_tags_stand_behind_commas() {
        let destination = Destination::split("h/r:a,b,c");
        assert_eq!(destination.raw, "h/r:a");
        assert_eq!(destination.tags().unwrap(), [Tag::any("b"), Tag::any("c")]);
        assert!(Destination::split("h/r:a,").tags().is_err());
        assert!(Destination::split("h/r:a,x/y").tags().is_err());
    }
}
