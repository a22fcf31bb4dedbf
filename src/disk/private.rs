//! Small files that are for the user alone and must not be lost, such as those of credentials.
//!
//! What is written is on the disk itself before this returns. What a writer that was cut off has left is as secret as
//! the file, so the next one removes it.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::lasting::sync_folder;
use super::{Draft, folder_of};
use crate::error::{IoContext, Result};

/// How the names of drafts of such files begin.
const PREFIX: &str = ".oras-private-";

/// Writes a small file whole, in place of what has its name, with permissions for the user alone (Unix). Whoever calls
/// this must be the only one that does so in that folder.
///
/// # Errors
/// The folder is not there, or the disk's.
pub fn write_private(target: &Path, content: &[u8]) -> Result<()> {
    let folder = folder_of(target);
    for left in fs::read_dir(folder).at("open", folder)? {
        let left = left.at("read", folder)?;
        if left.file_name().to_string_lossy().starts_with(PREFIX) {
            fs::remove_file(left.path()).at("remove", left.path())?;
        }
    }
    let mut draft = Draft::made(tempfile::Builder::new().prefix(PREFIX), folder, target)?;
    draft.file.as_file_mut().write_all(content).at("write", target)?;
    draft.sync()?;
    draft.publish(0o600)?;
    sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_writer_left_that_was_cut_off_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (target, left) = (folder.path().join("a"), folder.path().join(".oras-private-x"));
        super::super::write(&left, b"secret", 0o600).unwrap();
        super::super::write(&folder.path().join(".oras-other"), b"", 0o600).unwrap();
        write_private(&target, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_the_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        super::super::write(&target, b"old", 0o644).unwrap();
        write_private(&target, b"new").unwrap();
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
