//! Whose drafts are whose: which are being written, and which were left by a program that was cut off.
//!
//! A program that is killed cannot clean up. What it leaves would grow with every such end, so the next one that writes
//! there removes it; but not the draft of a program that is at work. A draft is therefore locked while it is open: the
//! system lets go of that lock however its program ends. Elsewhere than on Unix such a lock would keep readers out, and
//! all drafts are taken for left ones.

use std::fs::{self, File};
use std::path::Path;

use super::{Draft, PREFIX};
use crate::error::{IoContext, Result};

impl Draft {
    /// The same draft, which [`remove_drafts`] leaves alone as long as it is open.
    ///
    /// # Errors
    /// The file system knows no locks.
    pub fn claimed(self) -> Result<Self> {
        claim(self.file()).at("lock", &self.target)?;
        Ok(self)
    }
}

/// Removes the drafts in a folder that nobody has claimed. Only for those to whom the folder belongs.
///
/// # Errors
/// The disk's.
pub fn remove_drafts(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).at("open", folder)? {
        let entry = entry.at("read", folder)?;
        let is_file = entry.file_type().at("stat", entry.path())?.is_file();
        if is_file && entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let path = entry.path();
            // One that is gone by now has got its name.
            let Ok(file) = File::open(&path) else { continue };
            if claim(&file).at("lock", &path)? {
                fs::remove_file(&path).at("remove", &path)?;
            }
        }
    }
    Ok(())
}

/// Locks a file for as long as it is open, unless somebody else has.
#[cfg(unix)]
pub(super) fn claim(file: &File) -> std::io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the twin for Unix can fail")]
pub(super) fn claim(_: &File) -> std::io::Result<bool> {
    Ok(true)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_goes_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let claimed = Draft::beside(&target).unwrap().claimed().unwrap();
        let left = folder.path().join(".oras-left");
        super::super::write(&left, b"half", 0o600).unwrap();
        super::super::write(&folder.path().join("other"), b"", 0o600).unwrap();
        remove_drafts(folder.path()).unwrap();
        assert!(claimed.path().exists() && !left.exists());
        claimed.publish(0o600).unwrap();
        remove_drafts(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
