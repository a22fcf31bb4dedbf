//! A folder that is held open, and what is done in it by names of one part.
//!
//! A path is looked up anew each time it is used, and whoever may write to a folder on the way can put a link there
//! between two looks. A folder that is held open stays the same one, whatever becomes of its name, and no name in it is
//! ever followed. Elsewhere than on Unix the standard library has no such handles: there paths are used, and links on
//! the way are looked for before.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path};
use std::time::SystemTime;

pub(super) use system::Folder;

/// What has a name in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File,
    Link,
    /// A device, a pipe or a socket.
    Other,
}

impl Folder {
    /// The folder that a path leads to now, reached from `top` through no link; nothing where that is elsewhere.
    pub(super) fn below(top: &Path, path: &Path) -> io::Result<Option<Self>> {
        // Mostly there is no link on the way, and nothing else to be looked up.
        if let Ok(inside) = path.strip_prefix(top)
            && let Ok(folder) = Self::open(top)?.walk(inside, false)
        {
            return Ok(Some(folder));
        }
        let (top, real) = (std::fs::canonicalize(top)?, std::fs::canonicalize(path)?);
        let Ok(inside) = real.strip_prefix(&top) else { return Ok(None) };
        Self::open(&top)?.walk(inside, false).map(Some)
    }

    /// The folder that a path of plain names leads to from here; missing ones are made if that is wanted.
    pub(super) fn walk(&self, path: &Path, make: bool) -> io::Result<Self> {
        let mut reached = None;
        for part in path.components() {
            let Component::Normal(name) = part else { return Err(io::ErrorKind::InvalidInput.into()) };
            let at = reached.as_ref().unwrap_or(self);
            reached = Some(match at.enter(name) {
                Err(error) if make && error.kind() == io::ErrorKind::NotFound => {
                    at.make(name)?;
                    at.enter(name)?
                }
                entered => entered?,
            });
        }
        reached.map_or_else(|| self.again(), Ok)
    }
}

#[cfg(unix)]
mod system {
    use std::fs::Permissions;
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};

    use super::{File, Kind, OsStr, OsString, Path, SystemTime, io};

    /// A folder that is held open.
    #[derive(Debug)]
    pub(in super::super) struct Folder(OwnedFd);

    const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

    fn held(at: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> io::Result<Folder> {
        match rustix::fs::openat(at, name, flags, Mode::empty()) {
            // One whose names may not be read can still be held to write there.
            #[cfg(target_os = "linux")]
            Err(rustix::io::Errno::ACCESS) => {
                Ok(Folder(rustix::fs::openat(at, name, flags | OFlags::PATH, Mode::empty())?))
            }
            opened => Ok(Folder(opened?)),
        }
    }

    impl Folder {
        /// The folder with this path; links on the way are followed.
        pub(in super::super) fn open(path: &Path) -> io::Result<Self> {
            held(CWD, path.as_os_str(), FOLDER)
        }

        pub(super) fn again(&self) -> io::Result<Self> {
            Ok(Self(self.0.try_clone()?))
        }

        /// A folder in this one; a link is none.
        pub(in super::super) fn enter(&self, name: &OsStr) -> io::Result<Self> {
            held(self.0.as_fd(), name, FOLDER | OFlags::NOFOLLOW)
        }

        pub(in super::super) fn make(&self, name: &OsStr) -> io::Result<()> {
            Ok(rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?)
        }

        /// What has this name, if anything has.
        pub(in super::super) fn kind(&self, name: &OsStr) -> io::Result<Option<Kind>> {
            let about = match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                about => about?,
            };
            Ok(Some(match FileType::from_raw_mode(about.st_mode) {
                FileType::Directory => Kind::Folder,
                FileType::RegularFile => Kind::File,
                FileType::Symlink => Kind::Link,
                _ => Kind::Other,
            }))
        }

        /// A new file with these rights, less those that the user wants no file to have.
        pub(in super::super) fn create(&self, name: &OsStr, mode: u32) -> io::Result<File> {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            #[cfg_attr(
                any(target_os = "linux", target_os = "android"),
                expect(clippy::useless_conversion, reason = "elsewhere it is another type")
            )]
            let mode = Mode::from_raw_mode((mode & 0o777).try_into().unwrap_or(0o600));
            Ok(File::from(rustix::fs::openat(&self.0, name, flags, mode)?))
        }

        /// Removes a file or a link.
        pub(in super::super) fn remove(&self, name: &OsStr) -> io::Result<()> {
            Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
        }

        /// Gives a file of this folder another name in `to`.
        pub(in super::super) fn link(&self, name: &OsStr, to: &Self, other: &OsStr) -> io::Result<()> {
            Ok(rustix::fs::linkat(&self.0, name, &to.0, other, AtFlags::empty())?)
        }

        pub(in super::super) fn symlink(&self, target: &Path, name: &OsStr) -> io::Result<()> {
            Ok(rustix::fs::symlinkat(target, &self.0, name)?)
        }

        /// Moves something to `to`, in place of a file or link that is there.
        pub(in super::super) fn rename(&self, name: &OsStr, to: &Self, other: &OsStr) -> io::Result<()> {
            Ok(rustix::fs::renameat(&self.0, name, &to.0, other)?)
        }

        /// All names in it, sorted.
        pub(in super::super) fn names(&self) -> io::Result<Vec<OsString>> {
            let mut names = Vec::new();
            for entry in Dir::read_from(&self.0)? {
                let name = entry?.file_name().to_bytes().to_vec();
                if name != b"." && name != b".." {
                    names.push(OsString::from_vec(name));
                }
            }
            names.sort();
            Ok(names)
        }

        /// Gives the folder itself its rights and its time. Not every file system keeps times, and that is no reason to
        /// fail.
        pub(in super::super) fn finish(&self, mode: u32, modified: SystemTime) -> io::Result<()> {
            let folder = File::from(self.0.try_clone()?);
            let _ = folder.set_modified(modified);
            match folder.set_permissions(Permissions::from_mode(mode & 0o1777)) {
                // It is only held to write there.
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error()) => {
                    Err(rustix::io::Errno::ACCESS.into())
                }
                done => done,
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::{self, OpenOptions};
    use std::path::PathBuf;

    use super::{File, Kind, OsStr, OsString, Path, SystemTime, io};

    /// A folder by its path.
    #[derive(Debug)]
    pub(in super::super) struct Folder(PathBuf);

    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the twin for Unix has a handle and can fail"
    )]
    impl Folder {
        pub(in super::super) fn open(path: &Path) -> io::Result<Self> {
            Ok(Self(fs::canonicalize(path)?))
        }

        pub(super) fn again(&self) -> io::Result<Self> {
            Ok(Self(self.0.clone()))
        }

        pub(in super::super) fn enter(&self, name: &OsStr) -> io::Result<Self> {
            match self.kind(name)? {
                Some(Kind::Folder) => Ok(Self(self.0.join(name))),
                Some(_) => Err(io::ErrorKind::NotADirectory.into()),
                None => Err(io::ErrorKind::NotFound.into()),
            }
        }

        pub(in super::super) fn make(&self, name: &OsStr) -> io::Result<()> {
            fs::create_dir(self.0.join(name))
        }

        pub(in super::super) fn kind(&self, name: &OsStr) -> io::Result<Option<Kind>> {
            let about = match fs::symlink_metadata(self.0.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                about => about?,
            };
            Ok(Some(match about.file_type() {
                kind if kind.is_dir() => Kind::Folder,
                kind if kind.is_symlink() => Kind::Link,
                kind if kind.is_file() => Kind::File,
                _ => Kind::Other,
            }))
        }

        pub(in super::super) fn create(&self, name: &OsStr, _mode: u32) -> io::Result<File> {
            OpenOptions::new().read(true).write(true).create_new(true).open(self.0.join(name))
        }

        pub(in super::super) fn remove(&self, name: &OsStr) -> io::Result<()> {
            fs::remove_file(self.0.join(name))
        }

        pub(in super::super) fn link(&self, name: &OsStr, to: &Self, other: &OsStr) -> io::Result<()> {
            fs::hard_link(self.0.join(name), to.0.join(other))
        }

        pub(in super::super) fn symlink(&self, target: &Path, name: &OsStr) -> io::Result<()> {
            std::os::windows::fs::symlink_file(target, self.0.join(name))
        }

        pub(in super::super) fn rename(&self, name: &OsStr, to: &Self, other: &OsStr) -> io::Result<()> {
            fs::rename(self.0.join(name), to.0.join(other))
        }

        pub(in super::super) fn names(&self) -> io::Result<Vec<OsString>> {
            let names = fs::read_dir(&self.0)?.map(|entry| Ok(entry?.file_name()));
            let mut names = names.collect::<io::Result<Vec<_>>>()?;
            names.sort();
            Ok(names)
        }

        pub(in super::super) fn finish(&self, _mode: u32, _modified: SystemTime) -> io::Result<()> {
            Ok(())
        }
    }
}
