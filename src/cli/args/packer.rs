//! Flags of the commands that make an artifact of files: push and attach.
//!
//! What does not belong here: the artifact itself.

use std::path::PathBuf;

use clap::Args;

use super::value::integer;

/// What an artifact is made of, beside its files.
#[derive(Debug, Args)]
pub(crate) struct PackerArgs {
    /// manifest annotations
    #[arg(short, long = "annotation", value_name = "stringArray")]
    pub(crate) annotations: Vec<String>,

    /// path of the annotation file
    #[arg(long, value_name = "string")]
    pub(crate) annotation_file: Option<PathBuf>,

    /// path of the pushed manifest
    #[arg(long, value_name = "path")]
    pub(crate) export_manifest: Option<PathBuf>,

    /// skip path validation
    #[arg(long)]
    pub(crate) disable_path_validation: bool,

    /// concurrency level
    #[arg(long, value_name = "int", default_value_t = 5, value_parser = integer)]
    pub(crate) concurrency: i64,
}
