//! A stream that is written beside the work of whoever brings it.
//!
//! What does not belong here: where it is written, and what becomes of it.

use std::io::{self, IoSlice, Write};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

use super::{QUEUE, joined};
use crate::error::Result;

/// Bytes written at once, at least.
const BATCH: usize = 128 * 1024;

/// Writes all that a stream brings, on a thread that may block, and returns the writer with the number of bytes. Small
/// pieces are gathered: a network brings many, and each write takes its time. What is small as a whole is written in
/// one go: a thread for each of many small files would wait for most of its life.
pub(super) async fn poured<W, S>(
    mut writer: W,
    write: impl Fn(&mut W, &[Bytes]) -> Result<()> + Send + 'static,
    mut stream: S,
) -> Result<(W, u64)>
where
    W: Send + 'static,
    S: Stream<Item = Result<Bytes>> + Unpin,
{
    let first = gather(&mut stream).await?;
    if first.last {
        return joined(
            tokio::task::spawn_blocking(move || {
                write(&mut writer, &first.pieces)?;
                Ok((writer, first.length))
            })
            .await,
        );
    }
    let (sender, mut batches) = mpsc::channel::<Batch>(QUEUE);
    let work = tokio::task::spawn_blocking(move || {
        let mut written = 0;
        while let Some(batch) = batches.blocking_recv() {
            write(&mut writer, &batch.pieces)?;
            written += batch.length;
        }
        Ok((writer, written))
    });
    let fed = feed(first, &mut stream, sender).await;
    // Joined also after a failure, so that a draft is gone when this returns.
    let done = joined(work.await);
    fed.and(done)
}

/// Pieces that are written together.
struct Batch {
    pieces: Vec<Bytes>,
    length: u64,
    /// Whether nothing comes after them.
    last: bool,
}

/// The next pieces of a stream that are worth a call, or its last ones.
async fn gather(stream: &mut (impl Stream<Item = Result<Bytes>> + Unpin)) -> Result<Batch> {
    let mut batch = Batch { pieces: Vec::new(), length: 0, last: false };
    while batch.length < BATCH as u64 {
        let Some(piece) = stream.next().await else {
            batch.last = true;
            break;
        };
        let piece = piece?;
        batch.length += piece.len() as u64;
        batch.pieces.push(piece);
    }
    Ok(batch)
}

/// Gives a writer all that there is; one that has gone away says why when it is joined.
async fn feed<S>(mut batch: Batch, stream: &mut S, writer: mpsc::Sender<Batch>) -> Result<()>
where
    S: Stream<Item = Result<Bytes>> + Unpin,
{
    loop {
        let last = batch.last;
        if writer.send(batch).await.is_err() || last {
            return Ok(());
        }
        batch = gather(stream).await?;
    }
}

/// Writes pieces one after the other, with as few calls as the system allows.
pub(super) fn write_all(writer: &mut impl Write, batch: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = batch.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut rest = &mut slices[..];
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match writer.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
