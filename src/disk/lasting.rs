//! What must be on the disk itself before anybody is told that it is.
//!
//! A name that leads to content which the disk has not got yet is worse than no name after a loss of power. So content
//! is synced before what names it, and the folder after the name was given.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Draft, folder_of};
use crate::error::{Error, IoContext, Result};

/// So many files are synced at once: a file system takes them together into one step of its journal.
const AT_ONCE: usize = 16;

/// Waits until all of these files and the folders that they are in are on the disk itself.
///
/// # Errors
/// One is not there; the disk's.
pub fn sync_files(paths: &[PathBuf]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            File::open(path).at("open", path)?.sync_all().at("sync", path)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..paths.len().min(AT_ONCE)).map(|_| scope.spawn(work)).collect();
        let own = work();
        let others = threads.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        others.fold(own, Result::and)
    })?;
    let mut folders: Vec<&Path> = paths.iter().map(|path| folder_of(path)).collect();
    folders.sort_unstable();
    folders.dedup();
    folders.into_iter().try_for_each(sync_folder)
}

/// Writes a small file whole, in place of what has its name, and waits until it is on the disk itself.
///
/// # Errors
/// The folder is not there, or the disk's.
pub fn write_lasting(target: &Path, content: &[u8], mode: u32) -> Result<()> {
    let draft = Draft::beside(target)?.claimed()?;
    draft.file().write_all(content).at("write", target)?;
    draft.sync()?;
    draft.publish(mode)?;
    sync_folder(folder_of(target))
}

/// Waits until the names in a folder are on the disk itself. Only on Unix a folder is a file that can be synced; the
/// others look after it themselves.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).at("open", folder)?.sync_all() {
        // Not every file system can do it.
        Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Err(Error::io("sync", folder, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_synced_and_one_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..40).map(|number| folder.path().join(number.to_string())).collect();
        for path in &paths {
            write_lasting(path, b"x", 0o444).unwrap();
        }
        sync_files(&paths).unwrap();
        std::fs::remove_file(&paths[30]).unwrap();
        let says = sync_files(&paths).unwrap_err().to_string();
        assert!(says.starts_with(&format!("open {}", paths[30].display())), "{says}");
        sync_files(&[]).unwrap();
    }
}
