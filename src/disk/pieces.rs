//! Content that is read beside the work of whoever takes it.
//!
//! What does not belong here: what is written.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

use super::{PIECE, QUEUE, joined};
use crate::error::{Error, IoContext, Result};

/// The content of a file from an offset on, read beside the work of whoever takes it.
///
/// # Errors
/// The file is not there or cannot be read; the stream's items fail when reading fails later.
pub async fn read(path: &Path, from: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
    read_opened(path.to_owned(), move |path| {
        let mut file = File::open(path).at("open", path)?;
        file.seek(SeekFrom::Start(from)).at("seek", path)?;
        let facts = file.metadata().at("read", path)?;
        let left = facts.is_file().then(|| facts.len().saturating_sub(from));
        Ok((file, left))
    })
    .await
}

/// The content that a reader gives, read beside the work of whoever takes it. `open` is given `name`, which is what errors
/// call it, and may say how many bytes are to come.
///
/// # Errors
/// Those of `open`; the stream's items fail when reading fails later.
pub async fn read_opened<R, F>(name: PathBuf, open: F) -> Result<BoxStream<'static, Result<Bytes>>>
where
    R: Read + Send + 'static,
    F: FnOnce(&Path) -> Result<(R, Option<u64>)> + Send + 'static,
{
    let opened = tokio::task::spawn_blocking(move || {
        let (mut reader, left) = open(&name)?;
        let beginning = beginning(&mut reader, left).at("read", &name)?;
        Ok((beginning, reader, name))
    });
    let (beginning, reader, name) = joined(opened.await)?;
    let complete = (1..PIECE).contains(&beginning.len());
    let beginning = (!beginning.is_empty()).then_some(Ok(beginning));
    let beginning = futures_util::stream::iter(beginning);
    Ok(if complete { beginning.boxed() } else { beginning.chain(pieces(reader, name)).boxed() })
}

/// What is read when it is opened: all of what is not larger than a piece, nothing of what is larger or of unknown
/// size. Less than a piece is all that there is.
fn beginning(reader: &mut impl Read, left: Option<u64>) -> io::Result<Bytes> {
    let Some(left) = left.and_then(|left| usize::try_from(left).ok()).filter(|&left| left < PIECE) else {
        return Ok(Bytes::new());
    };
    let mut content = Vec::with_capacity(left + 1);
    reader.take(PIECE as u64).read_to_end(&mut content)?;
    Ok(content.into())
}

/// Everything that a reader gives, read on a thread that may block. `name` is what errors call it.
pub fn pieces<R: Read + Send + 'static>(
    mut reader: R,
    name: PathBuf,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::task::spawn_blocking(move || {
        let mut lent = VecDeque::new();
        loop {
            let mut piece = piece(&mut lent);
            let read = match reader.read(&mut piece) {
                Ok(0) => return,
                Ok(read) => Ok({
                    piece.truncate(read);
                    let piece = piece.freeze();
                    lent.push_back(piece.clone());
                    piece
                }),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(Error::io("read", &name, error)),
            };
            let last = read.is_err();
            // Nobody listening any more is no error.
            if sender.blocking_send(read).is_err() || last {
                return;
            }
        }
    });
    futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    })
}

/// Room for a piece: that of the piece which was lent first, if it came back.
fn piece(lent: &mut VecDeque<Bytes>) -> BytesMut {
    let returned = (lent.len() > QUEUE).then(|| lent.pop_front()).flatten();
    let mut piece = returned.and_then(|piece| piece.try_into_mut().ok()).unwrap_or_default();
    piece.resize(PIECE, 0);
    piece
}
