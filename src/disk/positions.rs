//! A draft that is written and read at offsets, beside whoever writes it from its beginning on.
//!
//! Done by the open file, never by a name, and not by the position that all who have the file share. So whoever writes
//! in order is not disturbed, and what is written after the draft is gone goes nowhere.

use bytes::Bytes;

use super::Draft;
use crate::error::Result;

/// Writes pieces one after the other, from an offset on.
pub type WriteAt = Box<dyn Fn(u64, &[Bytes]) -> Result<()> + Send + Sync>;

/// Fills a buffer from an offset on; so much must be there.
pub type ReadAt = Box<dyn Fn(u64, &mut [u8]) -> Result<()> + Send + Sync>;

impl Draft {
    /// How it is written and read at offsets. Nothing where the system cannot do that beside a writer, or where too many
    /// files are open.
    #[cfg(unix)]
    pub fn positions(&self) -> Option<(WriteAt, ReadAt)> {
        use std::os::unix::fs::FileExt;
        use std::sync::Arc;

        use crate::error::IoContext;

        let read = Arc::new((self.file().try_clone().ok()?, self.target.clone()));
        let written = Arc::clone(&read);
        let write = move |mut at: u64, pieces: &[Bytes]| {
            let (file, target) = &*written;
            for piece in pieces {
                file.write_all_at(piece, at).at("write", target)?;
                at += piece.len() as u64;
            }
            Ok(())
        };
        let read = move |at, bytes: &mut [u8]| read.0.read_exact_at(bytes, at).at("read", &read.1);
        Some((Box::new(write), Box::new(read)))
    }

    /// Elsewhere writing at an offset moves the position that is shared.
    #[cfg(not(unix))]
    pub fn positions(&self) -> Option<(WriteAt, ReadAt)> {
        None
    }
}
