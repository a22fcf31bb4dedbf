//! A file that grows piece by piece over many calls and then is read back, or forgotten.
//!
//! For content that arrives in parts with pauses between them, as an upload in chunks. It has a name of its own until
//! it is dropped, and then it is gone.

use std::io::SeekFrom;
use std::path::Path;

use bytes::Bytes;
use tempfile::TempPath;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::error::{Error, IoContext, Result};

/// A growing file without a final name.
#[derive(Debug)]
pub struct Spool {
    file: tokio::fs::File,
    path: TempPath,
    length: u64,
}

impl Spool {
    /// An empty one in `folder`, which must exist.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub async fn within(folder: &Path) -> Result<Self> {
        let folder = folder.to_owned();
        let made = tokio::task::spawn_blocking(move || {
            let made = tempfile::Builder::new().prefix(super::PREFIX).tempfile_in(&folder);
            made.map_err(|error| Error::io("open", folder, error))
        });
        let (file, path) = super::joined(made.await)?.into_parts();
        Ok(Self { file: tokio::fs::File::from_std(file), path, length: 0 })
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Where it lies, to be read back with [`super::read`] after [`Spool::flush`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gets ready to append where the last complete piece ended. A writer that was cut off may have left more bytes.
    ///
    /// # Errors
    /// The disk's.
    pub async fn resume(&mut self) -> Result<()> {
        self.file.set_len(self.length).await.at("truncate", &self.path)?;
        self.file.seek(SeekFrom::Start(self.length)).await.at("seek", &self.path).map(drop)
    }

    /// Appends a piece.
    ///
    /// # Errors
    /// The disk's.
    pub async fn append(&mut self, piece: &Bytes) -> Result<()> {
        self.file.write_all(piece).await.at("write", &self.path)?;
        self.length += piece.len() as u64;
        Ok(())
    }

    /// Waits until what was appended can be read back.
    ///
    /// # Errors
    /// The disk's.
    pub async fn flush(&mut self) -> Result<()> {
        self.file.flush().await.at("write", &self.path)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn pieces_come_back_in_order_and_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::within(folder.path()).await.unwrap();
        for piece in ["ab", "cd"] {
            spool.resume().await.unwrap();
            spool.append(&Bytes::from(piece)).await.unwrap();
        }
        spool.flush().await.unwrap();
        assert_eq!(spool.length(), 4);
        let read: Vec<Bytes> = crate::disk::read(spool.path(), 1).await.unwrap().try_collect().await.unwrap();
        assert_eq!(read.concat(), b"bcd");
        drop(spool);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
