//! Pull: the files of an artifact into a folder.

use std::path::PathBuf;
use std::sync::Arc;

use crate::content::Source;
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Locator, Platform};
use crate::progress::Reporter;
use crate::transfer::{Limits, Subjects};

/// What to pull.
#[derive(Debug, Clone)]
pub struct Pull {
    /// The manifest.
    pub at: Locator,
    /// Which manifest of an index is meant.
    pub platform: Option<Platform>,
    /// Whether the files of subjects come too.
    pub subjects: Subjects,
    /// How much at once.
    pub limits: Limits,
}

/// What was pulled.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The manifest: where a platform was chosen, the chosen one.
    pub root: Descriptor,
    /// What was written, in the order of the manifests.
    pub files: Vec<PulledFile>,
    /// Whether there are layers that have no title and so were not pulled.
    pub skipped: bool,
}

/// A file or folder that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PulledFile {
    /// Where, with a slash at the end where it is a folder.
    pub path: PathBuf,
    /// The layer.
    pub node: Descriptor,
}

/// Writes the files of an artifact into a folder.
///
/// # Errors
/// Those of the source and of the folder.
pub async fn pull(source: &dyn Source, request: Pull, reporter: Arc<dyn Reporter>) -> Result<Pulled> {
    let _ = (source, request, reporter);
    Err(Error::unsupported("pulling"))
}
