//! What was made, so that it can be removed again; and the moves that make it.
//!
//! Only what was not there before is remembered. What replaced something stays: the old is gone, and the new was
//! checked before it came.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::folder::{Folder, Kind};
use crate::disk::Draft;
use crate::error::{Error, IoContext, Result};

/// What was made here, the first thing first.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Vec<Made>>);

#[derive(Debug)]
enum Made {
    /// A file or link.
    File(PathBuf),
    /// A folder that others may have filled.
    Folder(PathBuf),
    /// A folder with all that is in it.
    Tree(PathBuf),
}

/// What has a name now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Nobody,
    /// A file or a link, which may be replaced.
    File,
    Folder,
}

fn holder(path: &Path) -> Result<Holder> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => Ok(Holder::Folder),
        Ok(about) if about.is_file() || about.is_symlink() => Ok(Holder::File),
        Ok(_) => Err(not_regular(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Holder::Nobody),
        Err(error) => Err(Error::io("lstat", path, error)),
    }
}

fn holder_in(folder: &Folder, name: &OsStr, path: &Path) -> Result<Holder> {
    match folder.kind(name).at("lstat", path)? {
        None => Ok(Holder::Nobody),
        Some(Kind::Folder) => Ok(Holder::Folder),
        Some(Kind::File | Kind::Link) => Ok(Holder::File),
        Some(Kind::Other) => Err(not_regular(path)),
    }
}

fn not_regular(path: &Path) -> Error {
    Error::invalid(format!("open {}: not a regular file", path.display()))
}

/// Fails where something is in the way of a file.
pub(super) fn in_the_way(path: &Path) -> Result<()> {
    match holder(path)? {
        Holder::Folder => Err(Error::io("open", path, io::ErrorKind::IsADirectory.into())),
        _ => Ok(()),
    }
}

impl Ledger {
    fn made(&self) -> MutexGuard<'_, Vec<Made>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the folders above a path. `root` and what is above it stay for ever.
    pub(super) fn make_parents(&self, path: &Path, root: &Path) -> Result<()> {
        let Some(parent) = path.parent() else { return Ok(()) };
        let missing: Vec<&Path> = parent.ancestors().take_while(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) if !root.starts_with(folder) => self.made().push(Made::Folder(folder.to_owned())),
                Ok(()) => {}
                // Another file of the same run may have made it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
                Err(error) => return Err(Error::io("mkdir", folder, error)),
            }
        }
        Ok(())
    }

    /// Gives a file its final name in the folder where it was created. `path` is where that is.
    pub(super) fn publish(&self, draft: Draft, folder: &Folder, path: &Path) -> Result<()> {
        let name = path.file_name().unwrap_or_default();
        draft.publish_by(|draft| self.settle((folder, draft), (folder, name), path))
    }

    /// Moves what is called `name` in one folder to `new` in another, in place of a file or link that is there; a
    /// folder that is there gets what is in the other one. `path` is where that is, for the record and for failures.
    pub(super) fn settle(
        &self,
        (from, name): (&Folder, &OsStr),
        (to, new): (&Folder, &OsStr),
        path: &Path,
    ) -> Result<()> {
        let before = holder_in(to, new, path)?;
        let is_folder = from.kind(name).at("lstat", path)? == Some(Kind::Folder);
        match (is_folder, before) {
            (true, Holder::Folder) => {
                let inner = from.enter(name).at("open", path)?;
                let into = to.enter(new).at("open", path)?;
                return self.settle_all(&inner, &into, path);
            }
            (false, Holder::Folder) => {
                return Err(Error::io("open", path, io::ErrorKind::IsADirectory.into()));
            }
            // A link gives way to a folder; a file does not.
            (true, Holder::File) => match to.kind(new).at("lstat", path)? {
                Some(Kind::Link) => to.remove(new).at("remove", path)?,
                _ => return Err(Error::io("mkdir", path, io::ErrorKind::NotADirectory.into())),
            },
            _ => {}
        }
        match from.rename(name, to, new) {
            // Another program has put a folder there since it was looked for.
            Err(error) if is_folder && error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                return self.settle((from, name), (to, new), path);
            }
            done => done.at("rename", path)?,
        }
        let path = path.to_owned();
        self.remember(before, if is_folder { Made::Tree(path) } else { Made::File(path) });
        Ok(())
    }

    /// The same for everything that is in a folder.
    pub(super) fn settle_all(&self, from: &Folder, to: &Folder, path: &Path) -> Result<()> {
        for name in from.names().at("open", path)? {
            self.settle((from, &name), (to, &name), &path.join(&name))?;
        }
        Ok(())
    }

    fn remember(&self, before: Holder, made: Made) {
        if before == Holder::Nobody {
            self.made().push(made);
        }
    }

    /// Nothing is to be removed any more.
    pub(super) fn forget(&self) {
        self.made().clear();
    }

    /// Removes everything, the last thing first. A folder in which others have put something stays; since that may be
    /// a draft of ours that is just about to go, what could not be removed is remembered for the next time.
    pub(super) fn undo(&self) {
        let mut made = std::mem::take(&mut *self.made());
        made.reverse();
        made.retain(|made| {
            let removed = match made {
                Made::File(path) => fs::remove_file(path),
                Made::Folder(path) => fs::remove_dir(path),
                Made::Tree(path) => fs::remove_dir_all(path),
            };
            removed.is_err_and(|error| error.kind() != io::ErrorKind::NotFound)
        });
        made.reverse();
        self.made().splice(0..0, made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_removed_when_the_draft_in_it_has_gone() {
        let home = tempfile::tempdir().unwrap();
        let (path, ledger) = (home.path().join("a/b/file"), Ledger::default());
        ledger.make_parents(&path, home.path()).unwrap();
        let draft = Draft::plain(&path).unwrap();
        ledger.undo();
        assert!(home.path().join("a/b").exists());
        drop(draft);
        ledger.undo();
        assert!(!home.path().join("a").exists());
    }
}
