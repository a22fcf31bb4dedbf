//! Files: written whole or not at all, and read in pieces beside the work.
//!
//! The only writer of files. A [`Draft`] lies beside its final name, under a short name of its own, and takes the
//! final name by a rename when its content is known to be right; dropped before that, it is gone. Reading and writing
//! happen on threads that may block, joined to the async side by a short queue, so that disk and network overlap.
//! Which names are safe to write under is decided by those who know the archive or the artifact.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use tempfile::NamedTempFile;

use self::pour::{poured, write_all};
use crate::error::{Error, IoContext, Result};

mod claim;
mod duplicate;
mod lasting;
mod pieces;
mod positions;
mod pour;
mod private;
mod save;
mod scratch;
mod spool;
mod work;

pub use claim::remove_drafts;
pub use lasting::{sync_files, write_lasting};
pub use pieces::{pieces, read, read_opened};
pub use positions::{ReadAt, WriteAt};
pub use private::write_private;
pub use save::{save, save_all, save_offering};
pub use scratch::Scratch;
pub use spool::Spool;
pub use work::{Turns, Wanted, work};

/// Bytes read at once.
const PIECE: usize = 256 * 1024;
/// How the names of files begin that have no final name yet.
const PREFIX: &str = ".oras-";
/// Pieces or batches that may wait between a disk and a network, while one is worked at on each side. More of them take
/// memory and save no time.
const QUEUE: usize = 1;

/// A file that is being written and has not got its name yet.
#[derive(Debug)]
pub struct Draft {
    file: NamedTempFile,
    target: PathBuf,
    /// Let go of after the file is gone.
    #[expect(dead_code, reason = "held for its end")]
    keeper: Option<Arc<dyn Debug + Send + Sync>>,
}

impl Draft {
    /// An empty draft in the folder of `target`, which must exist.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn beside(target: &Path) -> Result<Self> {
        Self::within(folder_of(target), target)
    }

    /// An empty draft in `folder`, which must exist and be on the file system of `target`.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn within(folder: &Path, target: &Path) -> Result<Self> {
        Self::made(tempfile::Builder::new().prefix(PREFIX), folder, target)
    }

    /// An empty draft as [`Draft::beside`] makes it, but with the permissions that the user's mask leaves to a new
    /// file, and not for the user alone. For [`Draft::publish_plain`].
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn plain(target: &Path) -> Result<Self> {
        Self::plain_within(folder_of(target), target)
    }

    /// The same in `folder`, which must exist and be on the file system of `target`.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn plain_within(folder: &Path, target: &Path) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        Self::made(&builder, folder, target)
    }

    /// An empty draft in a folder that the caller holds open, where `create` makes a new file of that name. Only for its
    /// removal, if it gets no final name, its path is looked up anew: the folder of `target`. For [`Draft::publish_by`].
    ///
    /// # Errors
    /// Those of `create`.
    pub fn created(target: &Path, mut create: impl FnMut(&OsStr) -> io::Result<File>) -> Result<Self> {
        let create = |path: &Path| create(path.file_name().unwrap_or_default());
        let file = tempfile::Builder::new().prefix(PREFIX).make_in(folder_of(target), create);
        Ok(Self { file: file.at("open", target)?, target: target.to_owned(), keeper: None })
    }

    fn made(builder: &tempfile::Builder<'_, '_>, folder: &Path, target: &Path) -> Result<Self> {
        let file = builder.tempfile_in(folder).map_err(|error| {
            let cause = error.raw_os_error().map_or(error, io::Error::from_raw_os_error);
            Error::io("open", target, cause)
        })?;
        Ok(Self { file, target: target.to_owned(), keeper: None })
    }

    /// The same draft, which holds on to something as long as it exists: whoever cleans up after it must not do so
    /// before it is gone, also where its writer is a thread that nobody waits for any more.
    #[must_use]
    pub fn kept_by(self, keeper: Arc<dyn Debug + Send + Sync>) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// The file itself, for those who write it at many places or read it back.
    pub fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Where the draft lies now.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Writes some bytes, after those that were written before.
    ///
    /// # Errors
    /// The disk's: no space, no permission.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.as_file_mut().write_all(bytes).at("write", &self.target)
    }

    /// Writes all that a stream brings and returns the draft with the number of bytes. The stream's own error ends
    /// it, and the draft is gone.
    ///
    /// # Errors
    /// Those of the stream, and of the disk: no space, no permission.
    pub async fn pour<S>(self, stream: S) -> Result<(Self, u64)>
    where
        S: Stream<Item = Result<Bytes>> + Unpin,
    {
        let write = |draft: &mut Self, batch: &[Bytes]| {
            write_all(draft.file.as_file_mut(), batch).at("write", &draft.target)
        };
        poured(self, write, stream).await
    }

    /// The same draft with another final name, for content that names itself. It must be on the same file system.
    #[must_use]
    pub fn named(self, target: PathBuf) -> Self {
        Self { target, ..self }
    }

    /// Waits until the content is on the disk itself.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> Result<()> {
        self.file.as_file().sync_all().at("sync", &self.target)
    }

    /// Gives the draft its final name with the given permission bits (Unix; elsewhere they mean nothing), in place
    /// of whatever file or link has it now.
    ///
    /// # Errors
    /// A folder has that name, or the folder may not be written.
    pub fn publish(self, mode: u32) -> Result<()> {
        set_mode(self.file.as_file(), mode).at("chmod", &self.target)?;
        self.publish_plain()
    }

    /// Gives the draft its final name unless something has it: then the draft is gone, and what was there stays.
    ///
    /// # Errors
    /// The folder may not be written.
    pub fn publish_new(self, mode: u32) -> Result<()> {
        set_mode(self.file.as_file(), mode).at("chmod", &self.target)?;
        let Self { file, target, .. } = self;
        match file.persist_noclobber(&target) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => {
                Err(Error::io("rename", target, error.error))
            }
            _ => Ok(()),
        }
    }

    /// Gives the draft its final name as [`Draft::publish`] does, with the permissions that it was made with.
    ///
    /// # Errors
    /// As [`Draft::publish`].
    pub fn publish_plain(self) -> Result<()> {
        let Self { file, target, .. } = self;
        file.persist(&target).map(drop).map_err(|error| Error::io("rename", target, error.error))
    }

    /// Has the caller give the draft its final name: `rename` gets the one that it has now.
    ///
    /// # Errors
    /// Those of `rename`.
    pub fn publish_by(self, rename: impl FnOnce(&OsStr) -> Result<()>) -> Result<()> {
        let (file, mut path) = self.file.into_parts();
        // Not every system renames a file that is open.
        drop(file);
        rename(path.file_name().unwrap_or_default())?;
        path.disable_cleanup(true);
        Ok(())
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes a small file whole, in place of what has its name.
///
/// # Errors
/// The folder is not there, or the disk's.
pub fn write(target: &Path, content: &[u8], mode: u32) -> Result<()> {
    let mut draft = Draft::beside(target)?;
    draft.write(content)?;
    draft.publish(mode)
}

/// Makes a folder and those above it.
///
/// # Errors
/// A file is in the way, or the disk's.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).at("mkdir", path)
}

/// Makes a folder and those above it, for the user alone (Unix; elsewhere as any other).
///
/// # Errors
/// A file is in the way, or the disk's.
pub fn make_private_folder(path: &Path) -> Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(path).at("mkdir", path)
}

/// Removes a folder with all that is in it; one that is not there is fine.
///
/// # Errors
/// The disk's.
pub fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// The result of work on a blocking thread; a panic there goes on here.
///
/// # Errors
/// Those of the work; work that was cut off because the program ends.
pub fn joined<T>(work: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    match work {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::new(crate::error::Kind::Interrupted)),
        },
    }
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the twin for Unix can fail")]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
