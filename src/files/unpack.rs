//! An archive as a folder again, where its names may be meant badly.
//!
//! Everything is unpacked into a private folder beside the target first, and moved from there when all of it was
//! right. So a link can only mislead into that folder, and nothing is seen under a final name of an archive that
//! was refused. Folders are held open while they are written to, so that one that is swapped for a link meanwhile leads
//! nowhere. Entries must lie below the title; no link may stand on the way to one, or lead out. Rights of
//! programs to be another user are dropped, devices and pipes are left out.
//!
//! How much is written is bounded by the disk alone: an artifact says how large an archive is as it was sent, and that
//! is checked before, but no annotation says how large it is unpacked. One layer in gzip has at most about a thousand
//! times its size, in zstd about 30,000 times. Memory does not depend on it, and where the disk is full nothing is left.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use walkdir::WalkDir;

use super::archive::{Archive, Member, MemberKind, broken};
use super::compression::plain;
use super::folder::{Folder as Handle, Kind};
use super::names::System;
use super::path;
use super::system::{mask, path_of};
use crate::disk::Wanted;
use crate::error::{Error, IoContext, Result};
use crate::oci::{Digest, Hasher};

/// The name of the content in the private folder.
pub(super) const ROOT: &str = "root";
/// The most bytes of a name: as many as Linux takes of a path. Each of its parts is looked at.
const LONGEST: usize = 4096;
/// As many links are followed by the system before it takes them for a loop.
const LINKS: usize = 40;

/// Where an archive goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The folder, absolute.
    pub(super) target: &'a Path,
    /// What the names of the archive start with.
    pub(super) title: &'a str,
}

/// An archive that was unpacked and has not got its final name yet.
#[derive(Debug)]
pub(super) struct Unpacked {
    /// The content lies in it as [`ROOT`]. Goes away when this is dropped, with all that was not moved.
    temporary: TempDir,
    folders: Folders,
    mask: u32,
}

/// The folders by their names, each once however often an archive names it.
type Folders = BTreeMap<PathBuf, Folder>;

/// What a folder gets when nothing more is written to it.
#[derive(Debug)]
struct Folder {
    mode: u32,
    modified: SystemTime,
}

/// Unpacks an archive below `beside`, as long as that is wanted. The digest is that of the archive before it was
/// compressed.
pub(super) fn unpack(
    mut file: &File,
    place: Place<'_>,
    content: Option<&Digest>,
    beside: &Path,
    wanted: &Wanted,
) -> Result<Unpacked> {
    file.seek(SeekFrom::Start(0)).at("seek", place.target)?;
    let temporary = TempDir::with_prefix_in(".oras-", beside).at("mkdir", beside)?;
    let root = temporary.path().join(ROOT);
    fs::create_dir(&root).at("mkdir", &root)?;
    let mask = mask(&root)?;
    let hasher = content.map(|content| Hasher::new(content.algorithm()));
    let reader = plain(file).map_err(|error| broken(&error))?;
    let mut reader = Hashed { reader, hasher, wanted };
    let mut archive = Archive::new(&mut reader);
    let top = Handle::open(&root).at("open", &root)?;
    let mut work = Work { place, root: &root, top, folders: Folders::new(), parent: None, links: false };
    while let Some(member) = archive.next()? {
        work.entry(&member, &mut archive)?;
    }
    archive.drain()?;
    if work.links {
        work.links_stay_inside()?;
    }
    let folders = work.folders;
    if reader.hasher.map(Hasher::finish).as_ref() != content {
        return Err(Error::mismatch("content digest mismatch"));
    }
    Ok(Unpacked { temporary, folders, mask })
}

impl Unpacked {
    /// The private folder.
    pub(super) fn folder(&self) -> Result<Handle> {
        Handle::open(self.temporary.path()).at("open", self.temporary.path())
    }

    /// Gives the folders their rights and times, below the folder where they are now.
    pub(super) fn finish(&self, target: &Handle, shown: &Path) -> Result<()> {
        // A name comes after those of the folders that it lies in.
        for (name, folder) in self.folders.iter().rev() {
            let finished = target
                .walk(name, false)
                .and_then(|found| found.finish(folder.mode & !self.mask, folder.modified));
            finished.map_err(|error| Error::io("chmod", shown.join(name), error))?;
        }
        Ok(())
    }
}

/// A reader that ends when nobody wants it any more, and the digest of what came from it.
struct Hashed<'a, R> {
    reader: R,
    hasher: Option<Hasher>,
    wanted: &'a Wanted,
}

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wanted.check().map_err(io::Error::other)?;
        let read = self.reader.read(buffer)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        Ok(read)
    }
}

struct Work<'a> {
    place: Place<'a>,
    root: &'a Path,
    /// The root, held open.
    top: Handle,
    folders: Folders,
    /// The folder of the entry that came last, by its name below the root, held open.
    parent: Option<(PathBuf, Handle)>,
    /// Whether there is any symbolic link.
    links: bool,
}

impl Work<'_> {
    fn entry(&mut self, member: &Member, content: &mut impl Read) -> Result<()> {
        if member.kind == MemberKind::Other {
            return Ok(());
        }
        let name = self.inside(&member.name)?;
        let Some(last) = name.file_name() else { return self.top(member) };
        let parent = self.parent(&name, &member.name)?;
        match member.kind {
            MemberKind::File => self.file(&parent, last, &name, member, content)?,
            MemberKind::Folder => self.folder(&parent, last, &name, member)?,
            MemberKind::HardLink => self.hard_link(&parent, last, &name, member)?,
            MemberKind::Symlink => self.symlink(&parent, last, &name, member)?,
            MemberKind::Other => {}
        }
        self.parent = Some((name.parent().unwrap_or(Path::new("")).to_owned(), parent));
        Ok(())
    }

    /// The entry of the title itself, which is a folder.
    fn top(&mut self, member: &Member) -> Result<()> {
        if member.kind != MemberKind::Folder {
            return Err(Error::invalid(format!("{:?} is not a directory", shown(&member.name))));
        }
        self.finish_later(PathBuf::new(), member);
        Ok(())
    }

    /// The name as seen from the title. One that leads elsewhere is refused.
    fn inside(&self, name: &[u8]) -> Result<PathBuf> {
        if name.len() > LONGEST {
            return Err(Error::invalid(format!("an archive entry with a name of {} bytes", name.len())));
        }
        let typed = path_of(name)?;
        System::OWN.check_names(&typed.to_string_lossy())?;
        let base = if typed.has_root() { self.place.target } else { Path::new(self.place.title) };
        let (base, clean) = (path::join(Path::new(""), base), path::join(Path::new(""), &typed));
        let relative = clean.strip_prefix(&base).ok();
        let safe = relative
            .filter(|relative| relative.components().all(|part| matches!(part, Component::Normal(_))));
        safe.map(Path::to_owned).ok_or_else(|| self.outside(&typed))
    }

    fn outside(&self, name: &Path) -> Error {
        Error::invalid(format!("{:?} is outside of {:?}", name.to_string_lossy(), self.place.title))
    }

    /// The folder of an entry, made where it is missing. There may be no link on the way.
    fn parent(&mut self, name: &Path, typed: &[u8]) -> Result<Handle> {
        let parent = name.parent().unwrap_or(Path::new(""));
        if let Some((known, folder)) = self.parent.take()
            && known == parent
        {
            return Ok(folder);
        }
        self.top.walk(parent, true).map_err(|error| {
            self.link_before(name, typed).unwrap_or_else(|| self.failed("mkdir", parent, error))
        })
    }

    /// Why a name cannot be reached, if that is because of a link.
    fn link_before(&self, name: &Path, typed: &[u8]) -> Option<Error> {
        let mut folders = name.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        let is_link = |folder: &Path| {
            fs::symlink_metadata(self.root.join(folder)).is_ok_and(|about| about.is_symlink())
        };
        folders.any(is_link).then(|| {
            let title = self.place.title;
            Error::invalid(format!("no symbolic link allowed between {title:?} and {:?}", shown(typed)))
        })
    }

    /// A failure with what has this name below the root, named by the path that the user will know.
    fn failed(&self, action: &'static str, name: &Path, error: io::Error) -> Error {
        Error::io(action, self.place.target.join(name), error)
    }

    /// Removes the file or link that an earlier entry left under this name.
    fn make_way(&self, folder: &Handle, last: &OsStr, name: &Path) -> Result<()> {
        match folder.remove(last) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed("remove", name, error)),
            _ => Ok(()),
        }
    }

    fn file(
        &self,
        folder: &Handle,
        last: &OsStr,
        name: &Path,
        member: &Member,
        content: &mut impl Read,
    ) -> Result<()> {
        let opened = match folder.create(last, member.mode) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.make_way(folder, last, name)?;
                folder.create(last, member.mode)
            }
            opened => opened,
        };
        let mut file = opened.map_err(|error| self.failed("open", name, error))?;
        let mut piece = vec![0; 32 * 1024];
        loop {
            let read = match content.read(&mut piece) {
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| broken(&error))?,
            };
            file.write_all(&piece[..read]).map_err(|error| self.failed("write", name, error))?;
        }
        // Not on every file system, and no reason to fail.
        let _ = file.set_modified(time(member.modified));
        Ok(())
    }

    fn folder(&mut self, folder: &Handle, last: &OsStr, name: &Path, member: &Member) -> Result<()> {
        let failed = |error| self.failed("mkdir", name, error);
        let kind = folder.kind(last).map_err(failed)?;
        if kind == Some(Kind::Link) {
            self.make_way(folder, last, name)?;
        }
        if kind != Some(Kind::Folder) {
            folder.make(last).map_err(failed)?;
        }
        self.finish_later(name.to_owned(), member);
        Ok(())
    }

    /// Of several entries of a folder the last one counts.
    fn finish_later(&mut self, name: PathBuf, member: &Member) {
        self.folders.insert(name, Folder { mode: member.mode, modified: time(member.modified) });
    }

    fn hard_link(&self, folder: &Handle, last: &OsStr, name: &Path, member: &Member) -> Result<()> {
        let target = self.inside(&member.link)?;
        let failed = |error: Error| error.within(format!("hard link {:?}", shown(&member.link)));
        let missing = |error| failed(self.failed("lstat", &target, error));
        let Some(file) = target.file_name() else { return Err(missing(io::ErrorKind::IsADirectory.into())) };
        let way = target.parent().unwrap_or(Path::new(""));
        let from = self.top.walk(way, false);
        let from =
            from.map_err(|error| self.link_before(&target, &member.link).unwrap_or_else(|| missing(error)))?;
        match from.kind(file).map_err(missing)? {
            None => {
                return Err(missing(io::Error::new(io::ErrorKind::NotFound, "no such file or directory")));
            }
            Some(Kind::Link) => {
                let text = format!("hard link target {:?} is a symbolic link", shown(&member.link));
                return Err(Error::invalid(text));
            }
            Some(_) if target == *name => return Ok(()),
            Some(_) => {}
        }
        self.make_way(folder, last, name)?;
        from.link(file, folder, last).map_err(|error| failed(self.failed("link", name, error)))
    }

    fn symlink(&mut self, folder: &Handle, last: &OsStr, name: &Path, member: &Member) -> Result<()> {
        let target = path_of(&member.link)?;
        let seen_from = self.place.target.join(name.parent().unwrap_or(Path::new("")));
        self.inside(path::join(&seen_from, &target).as_os_str().as_encoded_bytes())?;
        self.make_way(folder, last, name)?;
        self.links = true;
        folder.symlink(&target, last).map_err(|error| self.failed("symlink", name, error))
    }

    /// Follows every link as the system would: each of them alone may look harmless and together they lead out.
    fn links_stay_inside(&self) -> Result<()> {
        for found in WalkDir::new(self.root) {
            let found = found.map_err(|error| Error::invalid(error.to_string()))?;
            if !found.path_is_symlink() {
                continue;
            }
            let name = found.path().strip_prefix(self.root).unwrap_or(found.path());
            if !self.stays_inside(name).at("readlink", found.path())? {
                return Err(self.outside(&Path::new(self.place.title).join(name)));
            }
        }
        Ok(())
    }

    fn stays_inside(&self, link: &Path) -> io::Result<bool> {
        let mut at = PathBuf::new();
        // What is still to be walked, the next part last.
        let mut parts: Vec<PathBuf> = vec![link.to_owned()];
        let mut links = 0;
        while let Some(next) = parts.pop() {
            let mut components = next.components();
            let Some(part) = components.next() else { continue };
            parts.push(components.as_path().to_owned());
            match part {
                Component::ParentDir if !at.pop() => return Ok(false),
                Component::CurDir | Component::ParentDir => {}
                Component::RootDir | Component::Prefix(_) => {
                    let Ok(inside) = next.strip_prefix(self.place.target) else { return Ok(false) };
                    at = PathBuf::new();
                    parts.pop();
                    parts.push(inside.to_owned());
                }
                Component::Normal(name) => {
                    let path = self.root.join(&at).join(name);
                    if fs::symlink_metadata(&path).is_ok_and(|about| about.is_symlink()) {
                        links += 1;
                        if links > LINKS {
                            return Ok(true);
                        }
                        parts.push(fs::read_link(path)?);
                    } else {
                        at.push(name);
                    }
                }
            }
        }
        Ok(true)
    }
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn time((seconds, nanoseconds): (i64, u32)) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    time.and_then(|time| time.checked_add(Duration::from_nanos(nanoseconds.into()))).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
