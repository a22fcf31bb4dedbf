//! One part of a large blob, on its way over a connection of its own.
//!
//! It waits for its turn in memory, or in the [`Landing`] that whoever reads the blob has offered. What is written there is
//! written by the task of the part alone, and told of after it was: so nothing of a part is being written any more when
//! its end or its failure is known, and the same bytes can be asked for again.
//!
//! What does not belong here: how many parts there are, and what is done when one does not come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use super::Blob;
use crate::content::{ByteStream, Landing};
use crate::error::{Error, Result};
use crate::registry::repository::locked;
use crate::transport::Failures;

/// Bytes that are gathered before they are written ahead of their turn, at least.
const BATCH: u64 = 128 * 1024;
/// Pieces that are gathered for that at most: each takes memory beside its bytes.
const PIECES: usize = 1024;

/// What there is of a part.
enum Piece {
    Here(Bytes),
    /// So many bytes lie where they belong.
    Landed(usize),
}

/// The right to one more stream, as long as it needs one of its own.
type Seat = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

/// A part that is on its way.
pub(super) struct Part {
    /// Where it begins.
    pub(super) from: u64,
    /// Where it ends: the first byte after it.
    pub(super) end: u64,
    pieces: mpsc::UnboundedReceiver<Result<Piece>>,
    work: JoinHandle<()>,
    answered: Arc<AtomicBool>,
    landing: Option<Landing>,
    seat: Seat,
}

/// What a part is asked for with.
pub(super) struct Order {
    pub(super) blob: Blob,
    /// What the content is called by who gives it.
    pub(super) tag: Option<String>,
    pub(super) from: u64,
    pub(super) end: u64,
    pub(super) seat: OwnedSemaphorePermit,
    /// Where it waits, if not in memory.
    pub(super) landing: Option<Landing>,
    /// Where the bytes of all parts are counted as they come.
    pub(super) arrived: Arc<AtomicU64>,
}

impl Part {
    /// Asks for a part. What comes is bounded by its length.
    pub(super) fn begin(order: Order) -> Self {
        let Order { blob, tag, from, end, seat, landing, arrived } = order;
        let (tell, pieces) = mpsc::unbounded_channel();
        let answered = Arc::<AtomicBool>::default();
        let seat = Arc::new(Mutex::new(Some(seat)));
        let coming = Coming {
            at: from,
            end,
            landing: landing.clone(),
            tell,
            answered: Arc::clone(&answered),
            arrived,
        };
        let held = landing.is_some().then(|| Arc::clone(&seat));
        let work = tokio::spawn(async move {
            coming.come(&blob, tag.as_deref()).await;
            // What waits in memory takes its room until it is read.
            if let Some(seat) = held {
                locked(&seat).take();
            }
        });
        Self { from, end, pieces, work, answered, landing, seat }
    }

    /// Whether the registry gives it.
    pub(super) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Whether it still takes what parts are short of: a connection, or memory.
    pub(super) fn is_counted(&self) -> bool {
        self.landing.is_none() || !self.work.is_finished()
    }

    /// Its bytes. It is that which is read from now on, and in place of the stream that had this right before.
    pub(super) fn stream(self) -> ByteStream {
        locked(&self.seat).take();
        let at = self.from;
        let read = stream::unfold((self, at), |(mut part, at)| async move {
            let piece = match part.pieces.recv().await? {
                Ok(Piece::Here(piece)) => Ok(piece),
                Ok(Piece::Landed(length)) => part.landed(at, length).await,
                Err(error) => Err(error),
            };
            let next = at + piece.as_ref().map_or(0, |piece| piece.len() as u64);
            Some((piece, (part, next)))
        });
        read.boxed()
    }

    async fn landed(&self, at: u64, length: usize) -> Result<Bytes> {
        match &self.landing {
            Some(landing) => landing.read(at, length).await,
            None => Ok(Bytes::new()),
        }
    }

    /// Gives it up, and waits until nothing of it is written any more.
    pub(super) async fn stop(self) {
        drop(self.pieces);
        // A task that was broken off writes nothing either.
        let _ = self.work.await;
    }
}

/// A part as its connection brings it.
struct Coming {
    at: u64,
    end: u64,
    landing: Option<Landing>,
    tell: mpsc::UnboundedSender<Result<Piece>>,
    answered: Arc<AtomicBool>,
    arrived: Arc<AtomicU64>,
}

impl Coming {
    async fn come(mut self, blob: &Blob, tag: Option<&str>) {
        loop {
            let before = self.at;
            let Err(error) = self.receive(blob, tag).await else { return };
            // What had begun to come goes on by itself, so that in its turn nobody has to wait. Of what waits in memory
            // there is too little for that.
            let began = self.landing.is_some() && self.at > before;
            if !began || !self.again(blob, &error).await {
                // Nobody may want it any more.
                let _ = self.tell.send(Err(error));
                return;
            }
        }
    }

    /// Whether the rest is to be asked for once more, and when it is time for that.
    async fn again(&self, blob: &Blob, error: &Error) -> bool {
        let (client, row) = (blob.repository.client(), Failures::default());
        let asked = client.again(&row, error, (self.at, Some(blob.node.size)));
        self.while_wanted(asked).await.unwrap_or(false)
    }

    async fn receive(&mut self, blob: &Blob, tag: Option<&str>) -> Result<()> {
        let asked = Box::pin(blob.part(self.at, self.end, tag));
        let Some(opened) = self.while_wanted(asked).await else { return Ok(()) };
        let mut stream = opened?;
        self.answered.store(true, Ordering::Relaxed);
        let least = if self.landing.is_some() { BATCH } else { 1 };
        while self.at < self.end {
            let most = self.end - self.at;
            let gathered = gather(&mut stream, least.min(most), most, &self.arrived);
            let Some((pieces, length, ending)) = self.while_wanted(gathered).await else { return Ok(()) };
            self.hand_over(pieces, length).await?;
            self.at += length;
            match ending {
                Some(Ok(())) if self.at < self.end => return Err(blob.short()),
                Some(ending) => return ending,
                None => {}
            }
        }
        // It is read to its very end, so that its connection can be used for the next one.
        self.while_wanted(stream.next()).await;
        Ok(())
    }

    /// Gives pieces to whoever reads the part.
    async fn hand_over(&mut self, pieces: Vec<Bytes>, length: u64) -> Result<()> {
        match &self.landing {
            Some(landing) if length > 0 => {
                landing.write(self.at, pieces).await?;
                if self.at + length == self.end {
                    // Whoever has all of the bytes has the file alone.
                    self.landing = None;
                }
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let _ = self.tell.send(Ok(Piece::Landed(length)));
            }
            _ => pieces.into_iter().for_each(|piece| drop(self.tell.send(Ok(Piece::Here(piece))))),
        }
        Ok(())
    }

    /// What comes of something, unless whoever reads the part is gone before.
    async fn while_wanted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.tell.closed() => None,
            done = work => Some(done),
        }
    }
}

/// At least so many bytes of a stream, and at most so many; fewer where they come in small pieces, or with its end or
/// failure.
async fn gather(
    stream: &mut ByteStream,
    least: u64,
    most: u64,
    arrived: &AtomicU64,
) -> (Vec<Bytes>, u64, Option<Result<()>>) {
    let (mut pieces, mut length) = (Vec::new(), 0);
    while length < least && pieces.len() < PIECES {
        match stream.next().await {
            Some(Ok(mut piece)) => {
                piece.truncate(usize::try_from(most - length).unwrap_or(usize::MAX));
                length += piece.len() as u64;
                arrived.fetch_add(piece.len() as u64, Ordering::Relaxed);
                pieces.push(piece);
            }
            Some(Err(error)) => return (pieces, length, Some(Err(error))),
            None => return (pieces, length, Some(Ok(()))),
        }
    }
    (pieces, length, None)
}
