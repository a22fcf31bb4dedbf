//! Where the files of an output may lie: below its folder, unless the user says otherwise.
//!
//! A title is judged by its text and by the links that are there now. What is written then goes through folders that are
//! held open, so that one which is swapped for a link meanwhile leads nowhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::folder::Folder;
use super::names::System;
use super::path;
use crate::error::{Error, IoContext, Result};

/// Whether titles may name files outside the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Traversal {
    /// They may not.
    #[default]
    Refuse,
    /// They may.
    Allow,
}

/// A title names a file outside the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outside;

impl std::fmt::Display for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("path traversal disallowed")
    }
}

impl std::error::Error for Outside {}

/// A folder, and whether it bounds what is written.
#[derive(Debug)]
pub(super) struct Bounds {
    folder: PathBuf,
    traversal: Traversal,
    /// The folder that was found to be inside last: files of one folder come one after the other.
    inside: Mutex<Option<PathBuf>>,
}

impl Bounds {
    /// The folder is an absolute path.
    pub(super) fn new(folder: &Path, traversal: Traversal) -> Self {
        Self { folder: path::join(folder, Path::new("")), traversal, inside: Mutex::default() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a title leads by its text.
    pub(super) fn named(&self, title: &str) -> PathBuf {
        path::join(&self.folder, Path::new(title))
    }

    /// Where a title leads: by its text, and through the links that are on the way to it now.
    pub(super) fn resolve(&self, title: &str) -> Result<PathBuf> {
        System::OWN.check_names(title)?;
        let path = self.named(title);
        if self.traversal == Traversal::Allow || path == self.folder {
            return Ok(path);
        }
        if !path.starts_with(&self.folder) {
            return Err(outside());
        }
        let real = |path: &Path| real(path).at("lstat", path);
        let parent = path.parent().unwrap_or(&path);
        if self.inside().as_deref() == Some(parent) {
            return Ok(path);
        }
        if !real(parent)?.starts_with(real(&self.folder)?) {
            return Err(outside());
        }
        *self.inside() = Some(parent.to_owned());
        Ok(path)
    }

    fn inside(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A folder of the output, held open: reached from the output itself through no link, unless all paths are allowed.
    pub(super) fn hold(&self, path: &Path) -> Result<Folder> {
        if self.traversal == Traversal::Allow {
            return Folder::open(path).at("open", path);
        }
        Folder::below(&self.folder, path).at("open", path)?.ok_or_else(outside)
    }

    /// The folder that a file of the output lies in, held open, where it is there. The output itself may be such a file.
    pub(super) fn hold_parent(&self, path: &Path) -> Result<Folder> {
        let parent = path.parent().unwrap_or(path);
        if path == self.folder { Folder::open(parent).at("open", parent) } else { self.hold(parent) }
    }
}

fn outside() -> Error {
    Error::invalid(Outside.to_string()).caused_by(Outside)
}

/// The path without links, as far as there is anything; what is not there yet is no link.
fn real(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(error) };
            Ok(real(parent)?.join(name))
        }
        found => found,
    }
}
