//! What differs between systems: kinds of files, their rights and times, links, and the bytes of names.
//!
//! Twins for Unix and for all others, with the same meaning as far as the system has one.

#[cfg(unix)]
use std::fs;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::header::EntryKind;
#[cfg(not(unix))]
use crate::error::Error;
#[cfg(unix)]
use crate::error::IoContext;
use crate::error::Result;

/// What the header says of a file beside its name and size.
pub(super) struct Facts {
    pub(super) mode: u32,
    /// To the nearest second.
    pub(super) modified: i64,
    /// Major and minor number.
    pub(super) device: (u32, u32),
}

#[cfg(unix)]
pub(super) fn kind(about: &Metadata) -> Option<EntryKind> {
    use std::os::unix::fs::FileTypeExt;
    let kind = about.file_type();
    Some(match kind {
        kind if kind.is_dir() => EntryKind::Folder,
        kind if kind.is_symlink() => EntryKind::Symlink,
        kind if kind.is_fifo() => EntryKind::Fifo,
        kind if kind.is_char_device() => EntryKind::CharacterDevice,
        kind if kind.is_block_device() => EntryKind::BlockDevice,
        kind if kind.is_socket() => return None,
        _ => EntryKind::File,
    })
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the twin for Unix knows more kinds")]
pub(super) fn kind(about: &Metadata) -> Option<EntryKind> {
    Some(match about.file_type() {
        kind if kind.is_dir() => EntryKind::Folder,
        kind if kind.is_symlink() => EntryKind::Symlink,
        _ => EntryKind::File,
    })
}

#[cfg(unix)]
pub(super) fn facts(about: &Metadata) -> Facts {
    use std::os::unix::fs::MetadataExt;
    // To the nearest second, halves upwards.
    let modified = about.mtime() + i64::from(about.mtime_nsec() >= 500_000_000);
    let device = about.rdev();
    // As Linux keeps the two numbers of a device in one.
    let major = ((device >> 8) & 0xfff) | ((device >> 32) & 0xffff_f000);
    let minor = (device & 0xff) | ((device >> 12) & 0xffff_ff00);
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Facts { mode: about.mode() & 0o7777, modified, device: (number(major), number(minor)) }
}

#[cfg(not(unix))]
pub(super) fn facts(about: &Metadata) -> Facts {
    use std::time::{Duration, UNIX_EPOCH};
    let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    let half = Duration::from_millis(500);
    let modified = about.modified().map_or(0, |time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => seconds(after + half),
        Err(before) => -seconds(before.duration().saturating_sub(half)),
    });
    let folder = about.is_dir() || about.file_type().is_symlink();
    let mode = match (folder, about.permissions().readonly()) {
        (true, _) => 0o777,
        (false, false) => 0o666,
        (false, true) => 0o444,
    };
    Facts { mode, modified, device: (0, 0) }
}

#[cfg(unix)]
pub(super) fn link_text(link: &Path) -> Vec<u8> {
    link.as_os_str().as_encoded_bytes().to_vec()
}

#[cfg(not(unix))]
pub(super) fn link_text(link: &Path) -> Vec<u8> {
    link.to_string_lossy().replace('\\', "/").into_bytes()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not every name can be had")]
pub(super) fn path_of(name: &[u8]) -> Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
pub(super) fn path_of(name: &[u8]) -> Result<PathBuf> {
    let text = std::str::from_utf8(name)
        .map_err(|_| Error::invalid(format!("{:?}: no such name here", String::from_utf8_lossy(name))))?;
    Ok(PathBuf::from(text))
}

/// The bits that the user wants no new file to have, as seen from a folder that was just made.
#[cfg(unix)]
pub(super) fn mask(folder: &Path) -> Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(!fs::metadata(folder).at("stat", folder)?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the twin for Unix can fail")]
pub(super) fn mask(_: &Path) -> Result<u32> {
    Ok(0)
}
