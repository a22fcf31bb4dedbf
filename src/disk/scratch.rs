//! A folder for files that nobody keeps, on the file system where something else is being made.
//!
//! For what has to be complete before it can be written in the form that is wanted. Gone with all that is in it when
//! it is dropped.

use std::path::Path;

use tempfile::TempDir;

use super::{PREFIX, folder_of};
use crate::error::{Error, Result};

/// A folder that is gone in the end.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// An empty one in the folder of `target`, which must exist.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn beside(target: &Path) -> Result<Self> {
        let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder_of(target));
        made.map(Self).map_err(|error| Error::io("mkdir", target, error))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    #[test]
    fn it_lies_beside_the_target_and_is_gone_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::beside(&folder.path().join("target")).unwrap();
        assert_eq!(scratch.path().parent(), Some(folder.path()));
        disk::make_folder(&scratch.path().join("a/b")).unwrap();
        drop(scratch);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(Scratch::beside(&folder.path().join("none/target")).is_err());
    }
}
