//! A folder for files that nobody keeps, on the file system where something else is being made.
//!
//! For what has to be complete before it can be written in the form that is wanted. Its name follows from the name of
//! what is being made, so that whoever makes it again after a program was killed, or gave up and left it on purpose,
//! finds what is there already. It is locked as long as its program lives: nobody else takes it or removes it then, and
//! a second program that makes the same has a folder of its own. Elsewhere than on Unix folders cannot be locked, and
//! one that was left is not found again.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{PREFIX, claim, folder_of, remove_folder};
use crate::error::{IoContext, Result};
use crate::oci::Digest;

/// How often another program may be faster.
const TRIES: u32 = 100;

/// A folder that is gone in the end.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// Whether it stays.
    kept: bool,
    /// The folder itself, which is locked.
    #[expect(dead_code, reason = "held for its end")]
    lock: Option<File>,
}

impl Scratch {
    /// One in the folder of `target`, which must exist: the one that was left by a program which made the same, with
    /// all that is in it, or an empty one. Others that were left are removed.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn beside(target: &Path) -> Result<Self> {
        let folder = folder_of(target);
        let prefix = prefix(target);
        let mut left = Vec::new();
        for entry in fs::read_dir(folder).at("open", target)?.flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()) {
                left.extend(Self::left(entry.path()));
            }
        }
        let found = left.pop();
        // They go when they are dropped.
        drop(left);
        match found {
            Some(found) => Ok(found),
            None => Self::new(folder, &prefix).at("mkdir", target),
        }
    }

    /// One that was left by somebody who is gone.
    fn left(path: PathBuf) -> Option<Self> {
        if !cfg!(unix) || !fs::symlink_metadata(&path).is_ok_and(|about| about.is_dir()) {
            return None;
        }
        Self::taken(path).ok().flatten()
    }

    fn new(folder: &Path, prefix: &str) -> io::Result<Self> {
        for _ in 0..TRIES {
            let path = tempfile::Builder::new().prefix(prefix).tempdir_in(folder)?.keep();
            // Somebody who just looked for what was left may have taken it for that.
            if let Some(taken) = Self::taken(path)? {
                return Ok(taken);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// A folder that is there, unless it is somebody else's.
    fn taken(path: PathBuf) -> io::Result<Option<Self>> {
        if !cfg!(unix) {
            return Ok(Some(Self { path, kept: false, lock: None }));
        }
        let lock = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        if claim::claim(&lock)? && is_at(&lock, &path) {
            return Ok(Some(Self { path, kept: false, lock: Some(lock) }));
        }
        Ok(None)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it for whoever makes the same again.
    pub fn keep(&mut self) {
        self.kept = cfg!(unix);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed is removed by the next one.
            let _ = remove_folder(&self.path);
        }
    }
}

/// How the names of all folders begin in which this is made: short, however long the name is.
fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or(OsStr::new(""));
    format!("{PREFIX}{}-", Digest::of(name.as_encoded_bytes()).short())
}

/// Whether a folder that was opened is still the one with that name.
#[cfg(unix)]
fn is_at(folder: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |one: fs::Metadata, other: fs::Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    folder.metadata().is_ok_and(|one| fs::symlink_metadata(path).is_ok_and(|other| same(one, other)))
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn it_lies_beside_the_target_and_is_gone_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::beside(&folder.path().join("target")).unwrap();
        assert_eq!(scratch.path().parent(), Some(folder.path()));
        disk::make_folder(&scratch.path().join("a/b")).unwrap();
        drop(scratch);
        assert_eq!(names(folder.path()), 0);
        assert!(Scratch::beside(&folder.path().join("none/target")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_was_left_is_found_again_unless_somebody_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let [mut first, mut second] = [(); 2].map(|()| Scratch::beside(&target).unwrap());
        assert_ne!(first.path(), second.path());
        disk::write(&first.path().join("a"), b"a", 0o600).unwrap();
        let path = first.path().to_owned();
        first.keep();
        drop(first);
        let again = Scratch::beside(&target).unwrap();
        assert_eq!((again.path(), again.path().join("a").exists()), (&*path, true));
        // That of another target is not touched, nor what is no folder.
        let other = Scratch::beside(&folder.path().join("other")).unwrap();
        disk::write(&folder.path().join(prefix(&target) + "file"), b"", 0o600).unwrap();
        second.keep();
        drop((again, second));
        assert_eq!(names(folder.path()), 3);
        drop(Scratch::beside(&target).unwrap());
        assert_eq!(names(folder.path()), 2);
        drop(other);
    }

    #[cfg(unix)]
    #[test]
    fn of_many_that_were_left_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let mut all = [(); 3].map(|()| Scratch::beside(&target).unwrap());
        all.iter_mut().for_each(Scratch::keep);
        drop(all);
        assert_eq!(names(folder.path()), 3);
        let _one = Scratch::beside(&target).unwrap();
        assert_eq!(names(folder.path()), 1);
    }
}
