//! Files that a user names for the output of a command.
//!
//! A new file gets the permissions that the user's mask leaves, a file that is there keeps its own, a link is followed,
//! and what is no file, as `/dev/null` or a pipe, is written as it is. A file appears whole or not at all; what is no
//! file cannot be held back.

use std::fs::{self, File, Permissions};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::Stream;

use super::positions::{ReadAt, WriteAt};
use super::{Draft, poured, write_all};
use crate::error::{IoContext, Result};

/// How many links are followed, as Linux does it.
const LINKS: usize = 40;

/// What becomes of the bytes when all are there.
enum Output {
    /// They are the new content of a file; with these permissions, where there was one.
    File(Draft, Option<Permissions>),
    /// They were written to what is no file.
    Special(File, PathBuf),
}

/// Writes a small file.
///
/// # Errors
/// The folder is not there, or the disk's.
pub fn save(target: &Path, content: &[u8]) -> Result<()> {
    let mut output = Output::open(target)?;
    output.write(&[Bytes::copy_from_slice(content)])?;
    output.finish()
}

/// Writes all that a stream brings. An error of the stream leaves what was there.
///
/// # Errors
/// Those of the stream; the folder is not there, or the disk's.
pub async fn save_all<S>(target: &Path, stream: S) -> Result<()>
where
    S: Stream<Item = Result<Bytes>> + Unpin,
{
    save_offering(target, stream, |_, _| ()).await
}

/// The same, where the stream may make use of the file before: `offer` is told how it is written and read at offsets, if
/// it can be.
///
/// # Errors
/// As [`save_all`].
pub async fn save_offering<S>(target: &Path, stream: S, offer: impl FnOnce(WriteAt, ReadAt)) -> Result<()>
where
    S: Stream<Item = Result<Bytes>> + Unpin,
{
    let output = Output::open(target)?;
    if let Output::File(draft, _) = &output
        && let Some((write, read)) = draft.positions()
    {
        offer(write, read);
    }
    let (output, _) = poured(output, Output::write, stream).await?;
    output.finish()
}

impl Output {
    fn open(typed: &Path) -> Result<Self> {
        let target = followed(typed);
        match fs::metadata(&target) {
            Ok(there) if there.is_file() => {
                Ok(Self::File(Draft::beside(&target)?, Some(there.permissions())))
            }
            Ok(_) => {
                let special = File::options().write(true).open(&target).at("open", typed)?;
                Ok(Self::Special(special, typed.to_owned()))
            }
            Err(_) => Ok(Self::File(Draft::plain(&target)?, None)),
        }
    }

    fn write(&mut self, batch: &[Bytes]) -> Result<()> {
        match self {
            Self::File(draft, _) => write_all(draft.file.as_file_mut(), batch).at("write", &draft.target),
            Self::Special(file, name) => write_all(file, batch).at("write", name),
        }
    }

    fn finish(self) -> Result<()> {
        let Self::File(draft, permissions) = self else { return Ok(()) };
        if let Some(permissions) = permissions {
            draft.file().set_permissions(permissions).at("chmod", &draft.target)?;
        }
        draft.publish_plain()
    }
}

/// What a link leads to, also where nothing is there yet.
fn followed(typed: &Path) -> PathBuf {
    let mut target = typed.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = fs::read_link(&target) else { break };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    target
}
