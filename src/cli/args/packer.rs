//! Flags of the commands that make an artifact of files: push and attach.
//!
//! What does not belong here: the artifact itself.

use std::path::PathBuf;

use clap::Args;

use super::concurrency::ConcurrencyArgs;

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

    #[command(flatten)]
    pub(crate) concurrency: ConcurrencyArgs,
}
