//! The content of one file in another, with the digest of what is there then.
//!
//! The bytes do not pass through this program where the system can do better: it copies inside the kernel, or shares
//! the blocks where the file system can. What was written is read back for its digest, so that no other bytes can get
//! a name than those that were hashed. A large file is hashed, and brought to the disk itself, while it is copied.

use std::fs::{self, File};
use std::io::{self, Read, Take};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::claim::claim;
use super::{Draft, PREFIX, Wanted};
use crate::error::{IoContext, Result};
use crate::oci::{Algorithm, Digest, Hasher};

/// Bytes copied at once.
const STEP: u64 = 8 * 1024 * 1024;
/// Bytes hashed at once.
const PIECE: usize = 256 * 1024;

impl Draft {
    /// Fills an empty draft with a file of that size, waits until it is on the disk itself, and tells its digest.
    ///
    /// # Errors
    /// The file cannot be read or ends before that size; the disk's; nobody waits any more.
    pub fn duplicate(
        self,
        from: &Path,
        size: u64,
        algorithm: Algorithm,
        wanted: &Wanted,
    ) -> Result<(Self, Digest)> {
        let source = File::open(from).at("open", from)?;
        let written = self.again()?;
        let (sender, copied) = channel();
        let digest = std::thread::scope(|scope| {
            let copying = scope.spawn(|| {
                copy(&source, self.file(), size, &sender, wanted).at("write", &self.target)?;
                drop(sender);
                wanted.check()?;
                self.sync()
            });
            let digest = hash_behind(written, &copied, algorithm, wanted).at("read", &self.target);
            match copying.join() {
                Ok(done) => done.and(digest),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })?;
        Ok((self, digest))
    }

    /// A draft in `folder` that is another name of a file of somebody else's who will not change it: one that nobody may
    /// write, that is the user's own, and has the permissions of `mode` already. Any other file gives none, and one that
    /// is claimed, under whatever name. It is claimed as by [`Draft::claimed`].
    ///
    /// # Errors
    /// The file system has no such names, or the folder may not be written.
    pub fn linked(from: &Path, folder: &Path, target: &Path, mode: u32) -> Result<Option<Self>> {
        let link = |name: &Path| fs::hard_link(from, name).and_then(|()| File::open(name));
        if !can_be_shared(&fs::symlink_metadata(from).at("stat", from)?, mode) {
            return Ok(None);
        }
        let file = tempfile::Builder::new().prefix(PREFIX).make_in(folder, link);
        let draft = Self { file: file.at("link", target)?, target: target.to_owned(), keeper: None };
        let shared = can_be_shared(&draft.file().metadata().at("stat", target)?, mode);
        Ok((shared && claim(draft.file()).at("lock", target)?).then_some(draft))
    }

    /// The digest of what is in it, read from the beginning.
    ///
    /// # Errors
    /// The disk's; nobody waits any more.
    pub fn digest(&self, algorithm: Algorithm, wanted: &Wanted) -> Result<Digest> {
        let mut hashing = Hashing { file: self.again()?.take(u64::MAX), hasher: Hasher::new(algorithm) };
        hashing.go_on(wanted).at("read", &self.target)?;
        Ok(hashing.hasher.finish())
    }

    /// The same file, read from its beginning.
    fn again(&self) -> Result<File> {
        File::open(self.path()).at("open", &self.target)
    }
}

/// Copies as much as that, and tells after each step how far it came.
fn copy(source: &File, target: &File, size: u64, told: &Sender<u64>, wanted: &Wanted) -> io::Result<()> {
    let (mut source, mut target, mut done) = (source.take(size), target, 0);
    while done < size {
        wanted.check().map_err(io::Error::other)?;
        // The standard library knows the calls by which each system copies from one file to another.
        match io::copy(&mut (&mut source).take(STEP), &mut target)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            copied => done += copied,
        }
        // Whoever hashes and has failed says so.
        let _ = told.send(done);
    }
    Ok(())
}

/// Hashes a file up to where its writer says to be, until that one is gone.
fn hash_behind(
    file: File,
    copied: &Receiver<u64>,
    algorithm: Algorithm,
    wanted: &Wanted,
) -> io::Result<Digest> {
    let mut hashing = Hashing { file: file.take(0), hasher: Hasher::new(algorithm) };
    let mut before = 0;
    while let Ok(now) = copied.recv() {
        hashing.file.set_limit(now - before);
        hashing.go_on(wanted)?;
        before = now;
    }
    Ok(hashing.hasher.finish())
}

/// A file on its way into a hash.
struct Hashing {
    file: Take<File>,
    hasher: Hasher,
}

impl Hashing {
    /// Hashes what there is up to the limit.
    fn go_on(&mut self, wanted: &Wanted) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            wanted.check().map_err(io::Error::other)?;
            match self.file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => self.hasher.update(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether a file will stay as it is, and giving it these permissions changes nothing.
#[cfg(unix)]
fn can_be_shared(about: &fs::Metadata, mode: u32) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = about.uid() == rustix::process::geteuid().as_raw();
    about.is_file() && own && about.mode() & 0o7777 == mode && mode & 0o222 == 0
}

/// Elsewhere nothing says so.
#[cfg(not(unix))]
fn can_be_shared(_: &fs::Metadata, _: u32) -> bool {
    false
}
