//! Flags of the commands that make an artifact of files: push and attach.
//!
//! What does not belong here: the artifact itself.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use oras::content::DOCUMENT_LIMIT;
use oras::disk;
use oras::error::{IoContext, Result as LibraryResult};
use oras::files::{FileArgument, Staging, refuse_absolute};
use oras::ops::{Artifact, FileAnnotations, Files, PackError};
use serde::Deserialize;

use super::annotation::AnnotationArgs;
use super::concurrency::ConcurrencyArgs;
use super::value::path;
use crate::cli::app::App;
use crate::cli::connect::End;
use crate::cli::failure::Failure;

/// How many nodes are sent at once.
const USUAL: usize = 5;

/// What an artifact is made of, beside its files.
#[derive(Debug, Args)]
pub(crate) struct PackerArgs {
    #[command(flatten)]
    annotations: AnnotationArgs,

    /// path of the annotation file
    #[arg(long, value_name = "string", value_parser = path())]
    annotation_file: Option<PathBuf>,

    /// path of the pushed manifest
    #[arg(long, value_name = "path", value_parser = path())]
    export_manifest: Option<PathBuf>,

    /// skip path validation
    #[arg(long)]
    disable_path_validation: bool,

    /// path of image config file
    #[arg(long, value_name = "path")]
    config: Option<String>,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,
}

impl PackerArgs {
    /// How much is sent at once.
    pub(crate) fn limits(&self) -> oras::transfer::Limits {
        self.concurrency.limits(USUAL)
    }

    /// Whether there is a config of the user's own.
    pub(crate) fn has_config(&self) -> bool {
        self.config.as_deref().is_some_and(|config| !config.is_empty())
    }

    /// An end that does no more at once than was typed.
    pub(crate) fn bound(&self, end: End) -> End {
        end.at_most(self.concurrency.typed())
    }

    /// What is annotated: by flags the manifest, by a file every part.
    pub(crate) fn annotations(&self) -> Result<FileAnnotations, Failure> {
        let file = self.annotation_file.as_deref().filter(|file| !file.as_os_str().is_empty());
        match file {
            Some(_) if self.annotations.is_used() => {
                Err(Failure::mistake("`--annotation` and `--annotation-file` cannot be both specified"))
            }
            Some(file) => from_file(file),
            None => Ok(FileAnnotations { manifest: self.annotations.parse()?, ..FileAnnotations::default() }),
        }
    }

    /// Refuses absolute paths, unless they are wanted. What is no file argument at all is told later.
    pub(crate) fn check_paths(&self, arguments: &[String]) -> Result<(), Failure> {
        if self.disable_path_validation {
            return Ok(());
        }
        let files: Vec<FileArgument> = arguments.iter().filter_map(|text| text.parse().ok()).collect();
        Ok(refuse_absolute(files.iter().map(|file| file.path.as_str()))?)
    }

    /// The files of the artifact. None of them is touched yet.
    pub(crate) fn files(
        &self,
        arguments: &[String],
        annotations: FileAnnotations,
        app: &App,
    ) -> Result<Files, Failure> {
        let parse = |text: &String| text.parse::<FileArgument>();
        let arguments = arguments.iter().map(parse).collect::<LibraryResult<Vec<_>>>()?;
        let config = self.config.as_ref().filter(|config| !config.is_empty()).map(parse).transpose()?;
        let latest = app.env.source_date()?.map(Timestamp::as_second);
        let staging = Staging::new(app.env.working_folder()?, app.env.temporary_folder(), latest);
        Ok(Files { staging, arguments, config, annotations })
    }

    /// Keeps the manifest that was pushed, where that is wanted.
    pub(crate) fn export(&self, manifest: &[u8]) -> Result<(), Failure> {
        let path = self.export_manifest.as_deref().filter(|path| !path.as_os_str().is_empty());
        Ok(path.map_or(Ok(()), |path| disk::save(path, manifest))?)
    }
}

/// Refuses wishes for an artifact that do not go together, with what would.
pub(crate) fn rules(artifact: &Artifact, has_config: bool) -> Result<(), Failure> {
    artifact.rules(has_config).map(drop).map_err(|error| {
        let failure = Failure::mistake(error.to_string());
        match error {
            PackError::NoType => {
                failure.advice("set an artifact type via `--artifact-type` or consider image spec v1.0")
            }
            PackError::TypeAndPlatform => {
                failure.advice("consider using image spec v1.1 or remove --artifact-type")
            }
            PackError::TypeAndConfig => failure,
        }
    })
}

/// One object of annotations for each part: `$manifest`, `$config`, and files by their path as typed. What follows
/// the document is not looked at.
fn from_file(path: &Path) -> Result<FileAnnotations, Failure> {
    let read = || -> LibraryResult<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).at("open", path)?;
        file.take(DOCUMENT_LIMIT + 1).read_to_end(&mut bytes).at("read", path)?;
        Ok(bytes)
    };
    let parse = |bytes: Vec<u8>| {
        if bytes.len() as u64 > DOCUMENT_LIMIT {
            return None;
        }
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        Parts::deserialize(&mut reader).ok()
    };
    let parts = read().ok().and_then(parse).ok_or_else(|| {
        let path = path.display();
        Failure::mistake(format!("invalid annotation json file: failed to load annotations from {path}")).advice(
            "Annotation file doesn't match the required format. Please refer to the document at https://oras.land/docs/how_to_guides/manifest_annotations",
        )
    })?;
    let mut annotations = FileAnnotations::default();
    for (part, values) in parts.unwrap_or_default() {
        let values = values.unwrap_or_default().into_iter();
        let values = values.map(|(key, value)| (key, value.unwrap_or_default())).collect();
        match part.as_str() {
            "$manifest" => annotations.manifest = values,
            "$config" => annotations.config = values,
            _ => drop(annotations.layers.insert(part, values)),
        }
    }
    Ok(annotations)
}

/// Go takes `null` for nothing at every depth.
type Parts = Option<Nullable<Nullable<String>>>;
type Nullable<T> = BTreeMap<String, Option<T>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_annotates_every_part() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = r#"{"$manifest":{"a":"1"},"$config":null,"x.txt":{"t":null}} trailing"#;
        disk::save(file.path(), text.as_bytes()).unwrap();
        let annotations = from_file(file.path()).unwrap();
        assert_eq!(annotations.manifest.get("a").unwrap(), "1");
        assert_eq!(annotations.layers["x.txt"].get("t").unwrap(), "");
        disk::save(file.path(), b"{\"a\":1}").unwrap();
        assert!(from_file(file.path()).is_err());
    }
}
