//! The index of a folder as this process sees it: what is on the disk, and behind it the own steps that are not.
//!
//! Nobody is told when another process replaces `index.json`, and times of files are too coarse to tell of two changes
//! at the same time; so it is read each time and understood anew only when its bytes have changed. A file that was read
//! again when it had been the same for longer than any clock of files is coarse is read no more: whatever changes it
//! after that gives it another time.
//!
//! The lock lies on `oci-layout`, the one file of a layout that is never replaced and always there: it leaves nothing
//! behind. It is shared by those who give blobs their names, and only for that moment, so that a small change never
//! waits for a large upload; it is held alone by whoever replaces the index, and by a deletion from its first look to
//! its last file. What a writer found or put there may have been deleted by another program before the index names it:
//! that is looked at again when the lock is held alone, and refused. All of it is on the disk itself before the index.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use self::file::{Mark, TICK, Version, is_same, mark, read_bounded, remove, write_new};
use super::index::{Change, Index};
use super::{INDEX, INDEX_LIMIT, MARKER, MARKER_CONTENT, check_marker};
use crate::content::DOCUMENT_LIMIT;
use crate::disk;
use crate::error::{Error, IoContext, Result};
use crate::oci::Digest;

mod file;

pub(super) use self::file::is_absent;

/// The index of one folder. The methods block, and may be called from many threads.
#[derive(Debug)]
pub(super) struct Ledger {
    root: PathBuf,
    /// Whether a folder that is no layout yet becomes one.
    may_create: bool,
    state: Mutex<State>,
    /// The turn of whoever reads the file: many at once would have as many copies of it.
    reading: Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// `index.json` as it was last read or written.
    bytes: Bytes,
    /// Steps that are not in it yet.
    pending: Vec<Change>,
    /// Content that these steps rely on: what was put, and what was found to be there.
    needed: BTreeSet<Digest>,
    /// What the bytes say with these steps made.
    seen: Arc<Index>,
    /// How often this process has replaced the file.
    replaced: u64,
    /// The file from which the bytes were read.
    version: Option<Version>,
}

/// What goes from a layout by one deletion.
pub(super) struct Removal {
    /// Manifests that are not listed any more.
    pub(super) digests: HashSet<Digest>,
    /// Files that go after that.
    pub(super) files: Vec<PathBuf>,
}

impl Ledger {
    /// The index of the layout in a folder. Nothing is made before there is something to write.
    pub(super) fn open(root: &Path, may_create: bool) -> Result<Self> {
        let empty = Index::empty();
        let state = State {
            bytes: empty.write()?.into(),
            pending: Vec::new(),
            needed: BTreeSet::new(),
            seen: Arc::new(empty),
            replaced: 0,
            version: None,
        };
        let ledger =
            Self { root: root.to_owned(), may_create, state: Mutex::new(state), reading: Mutex::default() };
        match read_bounded(&root.join(MARKER), DOCUMENT_LIMIT) {
            Ok(marker) => check_marker(&marker)?,
            Err(error) if may_create && error.kind() == io::ErrorKind::NotFound => return Ok(ledger),
            Err(error) => {
                return Err(Error::io("open", MARKER, error)
                    .within("failed to open OCI layout file")
                    .within("invalid OCI Image Layout"));
            }
        }
        ledger.current()?;
        Ok(ledger)
    }

    /// How often this process has replaced the file.
    #[cfg(test)]
    pub(super) fn replaced(&self) -> u64 {
        self.state().replaced
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> PathBuf {
        self.root.join(INDEX)
    }

    /// The bytes of `index.json` as it is now.
    fn load(&self) -> Result<Vec<u8>> {
        match read_bounded(&self.file(), INDEX_LIMIT) {
            Ok(bytes) => Ok(bytes),
            Err(error) if self.may_create && error.kind() == io::ErrorKind::NotFound => {
                Index::empty().write()
            }
            Err(error) => Err(Error::io("open", INDEX, error)
                .within("failed to open index file")
                .within("invalid OCI Image Index")),
        }
    }

    /// Whether `index.json` says this. It is asked for each blob at first, so the file is not brought into memory for it;
    /// whatever is wrong with it is told by whoever loads it.
    fn says(&self, bytes: &[u8]) -> bool {
        match is_same(&self.file(), bytes) {
            Err(error) if self.may_create && error.kind() == io::ErrorKind::NotFound => {
                Index::empty().write().is_ok_and(|empty| empty == bytes)
            }
            same => same.unwrap_or(false),
        }
    }

    /// The index as it is now, with the own steps.
    pub(super) fn current(&self) -> Result<Arc<Index>> {
        loop {
            let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
            let mark = mark(&self.file());
            let (known, replaced) = {
                let state = self.state();
                if state.is_settled(mark) {
                    return Ok(Arc::clone(&state.seen));
                }
                (state.bytes.clone(), state.replaced)
            };
            let saved = if self.says(&known) {
                None
            } else {
                let bytes = self.load()?;
                Some((Index::parse(&bytes)?, bytes))
            };
            let mut state = self.state();
            // Steps that were pending when the file was read may be in a newer one by now.
            if state.replaced == replaced {
                match saved {
                    Some((saved, bytes)) => state.take(bytes, Arc::new(saved))?,
                    None => state.read(mark),
                }
                return Ok(Arc::clone(&state.seen));
            }
        }
    }

    /// Makes a step that is written by the next commit.
    pub(super) fn record(&self, change: Change) -> Result<()> {
        let mut state = self.state();
        Arc::make_mut(&mut state.seen).apply(&change)?;
        state.pending.push(change);
        Ok(())
    }

    /// Notes that content is there which later steps rely on.
    pub(super) fn need(&self, digest: &Digest) {
        self.state().needed.insert(digest.clone());
    }

    /// Writes all steps that were recorded before, if there are any. What they rely on is on the disk before that.
    pub(super) fn commit(&self, path: impl Fn(&Digest) -> PathBuf) -> Result<()> {
        let needed: Vec<Digest> = std::mem::take(&mut self.state().needed).into_iter().collect();
        let paths: Vec<PathBuf> = needed.iter().map(path).collect();
        let there = |path: &PathBuf| path.symlink_metadata().is_ok();
        let gone = || paths.iter().position(|path| !there(path)).map(|at| vanished(&needed[at]));
        if let Err(error) = disk::sync_files(&paths) {
            return Err(gone().unwrap_or(error));
        }
        if self.state().pending.is_empty() {
            return Ok(());
        }
        self.replace(|_| gone().map_or(Ok(None), Err))
    }

    /// Does the work of giving content its name, while nobody deletes.
    pub(super) fn adding<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.make()?;
        let lock = self.lock()?;
        let _shared = lock.read().at("lock", self.root.join(MARKER))?;
        work()
    }

    /// Removes what programs that were cut off have left, unless another one is just at work.
    pub(super) fn tidy(&self) -> Result<()> {
        let mut lock = self.lock()?;
        match lock.try_write() {
            Ok(_alone) => disk::remove_drafts(&self.root),
            Err(_) => Ok(()),
        }
    }

    fn lock(&self) -> Result<fd_lock::RwLock<File>> {
        let marker = self.root.join(MARKER);
        Ok(fd_lock::RwLock::new(File::open(&marker).at("open", &marker)?))
    }

    /// Reads the index again, makes the recorded steps and the removal that follows from them, and replaces it, alone
    /// among all processes.
    pub(super) fn replace(&self, removal: impl FnOnce(&Index) -> Result<Option<Removal>>) -> Result<()> {
        self.make()?;
        let mut lock = self.lock()?;
        let _alone = lock.write().at("lock", self.root.join(MARKER))?;
        let before = self.load()?;
        let (mut index, steps) = self.next(&before)?;
        let mut files = Vec::new();
        if let Some(removal) = removal(&index)? {
            let changed = Arc::make_mut(&mut index);
            // Who deletes here does not miss it.
            self.state().needed.retain(|digest| !removal.digests.contains(digest));
            changed.apply(&Change::Remove(removal.digests))?;
            changed.arrange();
            files = removal.files;
        }
        let after = index.write()?;
        if after != before {
            disk::write_lasting(&self.file(), &after, 0o644)?;
        }
        {
            let mut state = self.state();
            state.pending.drain(..steps);
            state.replaced += 1;
            state.take(after, index)?;
        }
        files.iter().try_for_each(|file| remove(file))
    }

    /// What the file is to say when it says `before` now, and how many of the recorded steps are in that.
    fn next(&self, before: &[u8]) -> Result<(Arc<Index>, usize)> {
        let pending = {
            let mut state = self.state();
            if state.bytes == before {
                Arc::make_mut(&mut state.seen).arrange();
                return Ok((Arc::clone(&state.seen), state.pending.len()));
            }
            state.pending.clone()
        };
        let mut index = Index::parse(before)?;
        pending.iter().try_for_each(|change| index.apply(change))?;
        index.arrange();
        Ok((Arc::new(index), pending.len()))
    }

    /// Makes the folder a layout, unless it is one.
    pub(super) fn make(&self) -> Result<()> {
        let marker = self.root.join(MARKER);
        if !self.may_create || marker.exists() {
            return Ok(());
        }
        disk::make_folder(&self.root)?;
        // Never in place of what another process made meanwhile: it may hold the lock on it.
        let made = write_new(&self.file(), &Index::empty().write()?);
        match made.and_then(|()| write_new(&marker, MARKER_CONTENT)) {
            // Another one was faster, and has tidied up already.
            Err(_) if marker.exists() => Ok(()),
            made => made,
        }
    }
}

impl State {
    /// Whether nothing can have changed this file since it was read.
    fn is_settled(&self, mark: Option<Mark>) -> bool {
        self.version.as_ref().is_some_and(|version| version.settled && Some(version.mark) == mark)
    }

    /// The bytes have been read from a file that was so before.
    fn read(&mut self, mark: Option<Mark>) {
        match (&mut self.version, mark) {
            (Some(version), Some(mark)) if version.mark == mark => {
                version.settled = version.since.elapsed() > TICK;
            }
            (version, mark) => {
                *version = mark.map(|mark| Version { mark, since: Instant::now(), settled: false });
            }
        }
    }

    /// The file says this now; steps that are pending come after it.
    fn take(&mut self, bytes: Vec<u8>, saved: Arc<Index>) -> Result<()> {
        self.bytes = bytes.into();
        self.version = None;
        self.seen = saved;
        if !self.pending.is_empty() {
            let seen = Arc::make_mut(&mut self.seen);
            self.pending.iter().try_for_each(|change| seen.apply(change))?;
        }
        Ok(())
    }
}

fn vanished(digest: &Digest) -> Error {
    Error::invalid(format!("{digest} was deleted by another program meanwhile; run the command again"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_until_it_has_been_the_same_for_long_and_again_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), true).unwrap();
        ledger.make().unwrap();
        let settled = || ledger.state().version.as_ref().is_some_and(|version| version.settled);
        for _ in 0..2 {
            ledger.current().unwrap();
            assert!(!settled());
        }
        if let Some(version) = &mut ledger.state().version {
            // As if so much time had gone by.
            version.since = version.since.checked_sub(2 * TICK).unwrap();
        }
        assert!(!settled());
        let seen = ledger.current().unwrap();
        assert!(settled());
        assert!(Arc::ptr_eq(&seen, &ledger.current().unwrap()));
        let other = "{\"schemaVersion\":2,\"manifests\":[],\"annotations\":{\"a\":\"b\"}}";
        disk::write_lasting(&ledger.file(), other.as_bytes(), 0o644).unwrap();
        assert!(!Arc::ptr_eq(&seen, &ledger.current().unwrap()));
        assert!(!settled());
    }
}
