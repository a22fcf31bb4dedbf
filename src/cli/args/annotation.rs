//! `--annotation` of commands that make a manifest.
//!
//! What does not belong here: annotations in a file ([`super::packer`]).

use clap::Args;
use oras::oci::Annotations;

use crate::cli::failure::Failure;

/// What the manifest is annotated with.
#[derive(Debug, Args)]
pub(crate) struct AnnotationArgs {
    /// manifest annotations
    #[arg(short, long = "annotation", value_name = "stringArray")]
    annotations: Vec<String>,
}

impl AnnotationArgs {
    /// Whether the flag was used.
    pub(crate) fn is_used(&self) -> bool {
        !self.annotations.is_empty()
    }

    /// The annotations, each of them once.
    pub(crate) fn parse(&self) -> Result<Annotations, Failure> {
        let mut annotations = Annotations::new();
        for text in &self.annotations {
            let (key, value) = text.split_once('=').ok_or_else(|| {
                Failure::mistake("annotation value doesn't match the required format")
                    .advice("Please use the correct format in the flag: --annotation \"key=value\"")
            })?;
            if annotations.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(Failure::mistake(format!("duplicate annotation key: {key}, ")));
            }
        }
        Ok(annotations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(typed: &[&str]) -> Result<Annotations, Failure> {
        AnnotationArgs { annotations: typed.iter().map(ToString::to_string).collect() }.parse()
    }

    #[test]
    fn a_flag_is_split_at_the_first_equals_sign() {
        let expected = [("a".to_owned(), "b=c".to_owned()), ("e".to_owned(), String::new())];
        assert_eq!(parse(&["a=b=c", "e="]).unwrap(), Annotations::from(expected));
        assert!(parse(&["a"]).is_err());
        assert!(parse(&["a=1", "a=2"]).is_err());
    }
}
