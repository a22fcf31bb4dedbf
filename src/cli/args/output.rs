//! `--output` of commands that bring one thing: into a file, or to stdout.
//!
//! What does not belong here: the folder that `pull` writes into.

use std::path::{Path, PathBuf};

use clap::Args;

use super::descriptor::DescriptorArgs;
use super::value::path;
use crate::cli::failure::Failure;

/// Where the content goes.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// file path to write the content to, use - for stdout
    #[arg(short, long, value_name = "path", value_parser = path())]
    output: Option<PathBuf>,
}

impl OutputArgs {
    /// Whether stdout was asked for.
    pub(crate) fn is_stdout(&self) -> bool {
        self.output.as_deref() == Some(Path::new("-"))
    }

    /// Refuses stdout for two things.
    pub(crate) fn check(&self, shown: DescriptorArgs) -> Result<(), Failure> {
        if shown.descriptor && self.is_stdout() {
            let text = "`--output -` cannot be used with `--descriptor` at the same time";
            return Err(Failure::mistake(text));
        }
        Ok(())
    }

    /// The file that is to be written, if any is.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| !self.is_stdout() && !path.as_os_str().is_empty())
    }
}
