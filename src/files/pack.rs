//! A folder as one compressed archive, with the same bytes every time.
//!
//! Entries come in the order of a walk by name. The archive is hashed, compressed on all cores and hashed again in
//! one pass, and lies in the folder for temporary files, never beside what it was made from. Compression works on
//! pieces of a fixed size, so the number of cores does not show in the bytes.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use gzp::deflate::Gzip;
use gzp::par::compress::{Compression, ParCompress, ParCompressBuilder};
use gzp::{GzpError, ZWriter};
use tempfile::{NamedTempFile, TempPath};
use walkdir::{DirEntry, WalkDir};

use super::header::{BLOCK, Entry, EntryKind, padding};
use super::system::{facts, kind, link_text};
use crate::disk::Wanted;
use crate::error::{Error, IoContext, Result};
use crate::oci::{Algorithm, Digest, Hasher};

/// Bytes compressed at once. They decide the digest of what is packed.
const PIECE: usize = 256 * 1024;
/// The usual level of gzip.
const LEVEL: u32 = 6;

/// A folder that was packed.
#[derive(Debug)]
pub(super) struct Packed {
    /// The archive; gone when this is dropped.
    pub(super) file: TempPath,
    /// Of the compressed archive.
    pub(super) digest: Digest,
    /// Of the compressed archive.
    pub(super) size: u64,
    /// The digest of the archive before it was compressed.
    pub(super) content: Digest,
}

/// What packing needs beside the folder.
#[derive(Debug)]
pub(super) struct Packer {
    /// The folder in which the archive lies.
    pub(super) temporary: PathBuf,
    /// How many threads compress.
    pub(super) threads: NonZero<usize>,
    /// What was modified later than this, in seconds since 1970, is said to have been modified then.
    pub(super) latest: Option<i64>,
}

/// Packs a folder, with names below `name`, as long as that is wanted.
pub(super) fn pack(folder: &Path, name: &str, with: &Packer, wanted: &Wanted) -> Result<Packed> {
    let temporary = with.temporary.as_path();
    let file = NamedTempFile::with_prefix_in(".oras-", temporary).at("open", temporary)?;
    let (file, path) = file.into_parts();
    let builder = ParCompressBuilder::<Gzip>::new().compression_level(Compression::new(LEVEL));
    let builder = builder.buffer_size(PIECE).and_then(|builder| builder.num_threads(with.threads.get()));
    let compressor = builder.map_err(|error| failed(&path, error))?.from_writer(Hashed::new(file));
    let mut tar = Tar { compressor, hasher: Hasher::new(Algorithm::Sha256), broken: false };
    let packed = archive(folder, name, with.latest, &mut |bytes| {
        wanted.check()?;
        tar.take(bytes).at("write", &path)
    });
    // The compressor has to be ended on every way out; one that broke has ended by itself.
    let ended = if tar.broken { None } else { Some(tar.compressor.finish()) };
    packed?;
    let written = ended.transpose().map_err(|error| failed(&path, error))?;
    let written = written.ok_or_else(|| failed(&path, GzpError::Unknown))?;
    Ok(Packed {
        file: path,
        digest: written.hasher.finish(),
        size: written.size,
        content: tar.hasher.finish(),
    })
}

fn failed(path: &Path, error: GzpError) -> Error {
    let error = match error {
        GzpError::Io(error) => error,
        other => io::Error::other(other),
    };
    Error::io("write", path, error)
}

/// The archive on its way to the compressor.
struct Tar {
    compressor: ParCompress<'static, Gzip, Hashed>,
    hasher: Hasher,
    broken: bool,
}

impl Tar {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        let taken = self.compressor.write_all(bytes);
        self.broken = taken.is_err();
        taken
    }
}

/// A file, and the digest of what was written to it.
struct Hashed {
    file: File,
    hasher: Hasher,
    size: u64,
}

impl Hashed {
    fn new(file: File) -> Self {
        Self { file, hasher: Hasher::new(Algorithm::Sha256), size: 0 }
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Gives the bytes of the archive of a folder, piece by piece.
fn archive(
    folder: &Path,
    name: &str,
    latest: Option<i64>,
    out: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut piece = vec![0; PIECE];
    let latest = latest.unwrap_or(i64::MAX);
    for found in WalkDir::new(folder).sort_by_file_name() {
        let found = found.map_err(|error| unreadable(folder, error))?;
        add(&found, &entry_name(folder, found.path(), name), latest, &mut piece, out)?;
    }
    out(&[0; 2 * BLOCK])
}

fn unreadable(folder: &Path, error: walkdir::Error) -> Error {
    let path = error.path().unwrap_or(folder).to_owned();
    let error = error.into_io_error().unwrap_or_else(|| io::Error::other("a loop of links"));
    Error::io("open", path, error)
}

/// `NAME/RELATIVE` with slashes, in the bytes of the file system.
fn entry_name(folder: &Path, path: &Path, name: &str) -> Vec<u8> {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let mut entry = if name == "." { Vec::new() } else { name.as_bytes().to_vec() };
    for part in relative.components() {
        if !entry.is_empty() && !entry.ends_with(b"/") {
            entry.push(b'/');
        }
        entry.extend_from_slice(part.as_os_str().as_encoded_bytes());
    }
    if entry.is_empty() { b".".to_vec() } else { entry }
}

fn add(
    found: &DirEntry,
    name: &[u8],
    latest: i64,
    piece: &mut [u8],
    out: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let path = found.path();
    // The folder itself may have been named by a link.
    let about = if found.depth() == 0 { fs::metadata(path) } else { fs::symlink_metadata(path) };
    let about = about.at("lstat", path)?;
    let kind = kind(&about)
        .ok_or_else(|| Error::unsupported(format!("{}: a socket cannot be packed", path.display())))?;
    let link = match kind {
        EntryKind::Symlink => link_text(&fs::read_link(path).at("readlink", path)?),
        _ => Vec::new(),
    };
    let size = if kind == EntryKind::File { about.len() } else { 0 };
    let facts = facts(&about);
    let device = match kind {
        EntryKind::CharacterDevice | EntryKind::BlockDevice => facts.device,
        _ => (0, 0),
    };
    let modified = facts.modified.min(latest);
    let entry = Entry { kind, name, link: &link, mode: facts.mode, size, modified, device };
    out(&entry.blocks())?;
    if kind == EntryKind::File {
        content(path, size, piece, out)?;
    }
    Ok(())
}

/// The content of a file, which must have the size that the header says.
fn content(path: &Path, size: u64, piece: &mut [u8], out: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut file = File::open(path).at("open", path)?;
    let mut left = size;
    loop {
        let read = match file.read(piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.at("read", path)?,
        };
        if read as u64 > left || (read == 0 && left > 0) {
            return Err(changed(path));
        }
        if read == 0 {
            break;
        }
        left -= read as u64;
        out(&piece[..read])?;
    }
    out(&[0; BLOCK][..padding(size)])
}

/// The error of a file that is not as it was a moment ago.
pub(super) fn changed(path: &Path) -> Error {
    Error::mismatch(format!("{}: the file changed while it was read", path.display()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
