//! The file of an index: what tells it from the next one, and how it is read and made.
//!
//! A layout comes from others, so what has the name of a file may be anything. What does not belong here: what it says.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::disk::Draft;
use crate::error::{Error, IoContext, Kind, Result};

/// A file as it was when it was read, as far as its system tells.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) mark: Mark,
    /// When it was first seen so.
    pub(super) since: Instant,
    /// Whether it was read when it had been so for long.
    pub(super) settled: bool,
}

/// What no two files have in common that come one after the other, unless within the same tick of a clock: the number
/// of the file, its size, and the time of its last change in seconds and nanoseconds.
pub(super) type Mark = (u64, u64, i64, i64);

/// Longer than the clock of any system of files is coarse.
pub(super) const TICK: Duration = Duration::from_secs(3);

/// What tells a file from others, where the system keeps a time that nobody can set.
#[cfg(unix)]
pub(super) fn mark(path: &Path) -> Option<Mark> {
    use std::os::unix::fs::MetadataExt;

    // A pipe would be waited for. Opened, since only then systems of files over a network ask whether it has changed.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let found = File::open(path).and_then(|file| file.metadata()).ok()?;
    Some((found.ino(), found.size(), found.ctime(), found.ctime_nsec()))
}

#[cfg(not(unix))]
pub(super) fn mark(_: &Path) -> Option<Mark> {
    None
}

/// Writes a small file, unless something has its name.
pub(super) fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    let draft = Draft::beside(path)?.claimed()?;
    draft.file().write_all(content).at("write", path)?;
    draft.publish_new(0o644)
}

/// Opens a file only: a pipe would be waited for, and a device may never end.
fn open_file(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(path)
}

/// Whether these are the bytes of a file.
pub(super) fn is_same(path: &Path, mut bytes: &[u8]) -> io::Result<bool> {
    let (mut file, mut piece) = (open_file(path)?, [0; 8 * 1024]);
    loop {
        let read = match file.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        match bytes.strip_prefix(&piece[..read]) {
            Some(rest) if read > 0 => bytes = rest,
            rest => return Ok(rest.is_some_and(<[u8]>::is_empty)),
        }
    }
}

/// All of a file, unless it is larger than so many bytes.
pub(super) fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("more than {limit} bytes")));
    }
    Ok(bytes)
}

/// Removes a file; one that is gone already is no failure.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path).at("remove", path) {
        Err(error) if is_absent(&error) => Ok(()),
        done => done,
    }
}

/// Whether a file was not there.
pub(in super::super) fn is_absent(error: &Error) -> bool {
    matches!(error.kind(), Kind::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
}
