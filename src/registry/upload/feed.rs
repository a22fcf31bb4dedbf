//! The bytes of an upload, whole or piece by piece.
//!
//! What can be opened again is read on where the last piece ended, and opened anew only where a piece has to be sent
//! once more. What comes only once goes out whole one time, or is held in memory piece by piece, so that a piece can
//! be sent again but nothing before it.
//!
//! What does not belong here: how large a piece is to be.

use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use super::super::repository::locked;
use crate::content::{Body, ByteStream};
use crate::error::{Error, Kind, Result};
use crate::oci::{Algorithm, Digest, Hasher};

/// The most bytes of a piece that is held in memory: 32 MiB.
const HELD: u64 = 32 << 20;

/// Where pieces come from.
pub(super) struct Feed {
    source: Source,
    /// How many bytes there are, where it is known.
    pub(super) size: Option<u64>,
}

enum Source {
    /// What can be opened again, and a stream of it that was read up to where a piece ended.
    Again(Body, Slot),
    /// What comes once and has not been touched.
    Fresh(Body),
    /// What comes once and is read piece by piece.
    Read(Box<Held>),
    /// What comes once and is gone.
    Spent,
}

type Slot = Arc<Mutex<Option<Live>>>;

/// A stream, and where it is.
struct Live {
    stream: ByteStream,
    at: u64,
    /// What was taken from the stream, but is not part of the piece before.
    rest: Bytes,
}

/// A stream that comes once, with the piece that ends where it is.
struct Held {
    live: Live,
    piece: Bytes,
    hasher: Hasher,
}

impl Feed {
    /// The bytes of a body.
    pub(super) fn new(body: Body) -> Self {
        let size = body.size();
        let again = body.can_reopen() && size.is_some();
        Self { source: if again { Source::Again(body, Slot::default()) } else { Source::Fresh(body) }, size }
    }

    /// All of it in one, if its beginning can be had.
    pub(super) fn whole(&mut self) -> Option<Body> {
        if let Source::Again(body, _) = &self.source {
            return Some(body.clone());
        }
        match std::mem::replace(&mut self.source, Source::Spent) {
            Source::Fresh(body) => Some(body),
            other => {
                self.source = other;
                None
            }
        }
    }

    /// Whether there is nothing more to be had.
    pub(super) fn is_spent(&self) -> bool {
        matches!(self.source, Source::Spent)
    }

    /// Whether the bytes from an offset on can be had.
    pub(super) fn reaches(&self, from: u64) -> bool {
        match &self.source {
            Source::Again(..) => true,
            Source::Fresh(_) => from == 0,
            Source::Read(held) => (held.begin()..=held.live.at).contains(&from),
            Source::Spent => false,
        }
    }

    /// Refuses pieces of so many bytes where they would be held in memory and are too large for that.
    pub(super) fn check(&self, least: u64) -> Result<()> {
        if least > HELD && !matches!(self.source, Source::Again(..)) {
            return Err(Error::new(Kind::TooLarge(format!(
                "the registry takes no chunks of less than {least} bytes; of content that can be read only once at \
                 most {HELD} bytes are held in memory"
            ))));
        }
        Ok(())
    }

    /// The next bytes from an offset on, and how many they are; none at the end. There are fewer than asked for only
    /// where the end is near or where they are held in memory.
    pub(super) async fn piece(&mut self, from: u64, most: u64) -> Result<Option<(Body, u64)>> {
        if let Source::Fresh(body) = &self.source {
            let live = Live::new(body.open(0).await?, 0);
            let hasher = Hasher::new(Algorithm::Sha256);
            self.source = Source::Read(Box::new(Held { live, piece: Bytes::new(), hasher }));
        }
        match &mut self.source {
            Source::Again(body, slot) => {
                let length = most.min(self.size.unwrap_or_default().saturating_sub(from));
                Ok((length > 0).then(|| (part(body, slot, from, length), length)))
            }
            Source::Read(held) => {
                let piece = held.piece(from, most).await?;
                let length = piece.len() as u64;
                Ok((length > 0).then(|| (Body::bytes(piece), length)))
            }
            Source::Fresh(_) | Source::Spent => Err(spent()),
        }
    }

    /// The digest of what was read piece by piece.
    pub(super) fn digest(&self) -> Option<Digest> {
        match &self.source {
            Source::Read(held) => Some(held.hasher.clone().finish()),
            _ => None,
        }
    }
}

impl Held {
    fn begin(&self) -> u64 {
        self.live.at - self.piece.len() as u64
    }

    /// The bytes from an offset on: those of the last piece that are missing, and new ones.
    async fn piece(&mut self, from: u64, most: u64) -> Result<Bytes> {
        let known = from.checked_sub(self.begin()).and_then(|known| usize::try_from(known).ok());
        let known = known.filter(|known| *known <= self.piece.len()).ok_or_else(spent)?;
        let most = usize::try_from(most.min(HELD)).unwrap_or(usize::MAX);
        // The old piece goes before the new one comes, so that there is never memory for two.
        let rest = std::mem::take(&mut self.piece).split_off(known);
        let mut piece = BytesMut::with_capacity(most.max(rest.len()));
        piece.extend_from_slice(&rest);
        drop(rest);
        while piece.len() < most
            && let Some(more) = self.live.next((most - piece.len()) as u64).await?
        {
            self.hasher.update(&more);
            piece.extend_from_slice(&more);
        }
        self.piece = piece.freeze();
        Ok(self.piece.slice(..most.min(self.piece.len())))
    }
}

impl Live {
    fn new(stream: ByteStream, at: u64) -> Self {
        // It is asked again after its end.
        Self { stream: stream.fuse().boxed(), at, rest: Bytes::new() }
    }

    /// Some bytes, at most so many; none at the end.
    async fn next(&mut self, most: u64) -> Result<Option<Bytes>> {
        while self.rest.is_empty() {
            match self.stream.next().await {
                Some(piece) => self.rest = piece?,
                None => return Ok(None),
            }
        }
        let taken = usize::try_from(most).unwrap_or(usize::MAX).min(self.rest.len());
        self.at += taken as u64;
        Ok(Some(self.rest.split_to(taken)))
    }
}

fn spent() -> Error {
    Error::unsupported("the content can be read only once")
}

/// A part of a body, from the stream that is there already if it is at the right place.
fn part(body: &Body, slot: &Slot, from: u64, length: u64) -> Body {
    let (body, slot) = (body.clone(), Arc::clone(slot));
    Body::reopening(Some(length), move |offset| {
        let (body, slot) = (body.clone(), Arc::clone(&slot));
        async move {
            let at = from + offset;
            let ready = locked(&slot).take().filter(|ready| ready.at == at);
            let live = match ready {
                Some(ready) => ready,
                None => Live::new(body.open(at).await?, at),
            };
            Ok(until(live, slot, from + length))
        }
    })
}

/// The bytes of a stream up to an offset; then the stream is left to the next piece.
fn until(live: Live, slot: Slot, end: u64) -> ByteStream {
    let pieces = stream::try_unfold((Some(live), slot), move |(live, slot)| async move {
        let Some(mut live) = live else { return Ok(None) };
        let Some(piece) = live.next(end - live.at).await? else {
            return Err(Error::mismatch(format!("the content ends after {} bytes", live.at)));
        };
        if live.at < end {
            return Ok(Some((piece, (Some(live), slot))));
        }
        *locked(&slot) = Some(live);
        Ok(Some((piece, (None, slot))))
    });
    pieces.boxed()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    async fn text(feed: &mut Feed, from: u64, most: u64) -> Option<String> {
        let (body, length) = feed.piece(from, most).await.unwrap()?;
        let bytes = body.read(length).await.unwrap();
        assert_eq!(bytes.len() as u64, length);
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn stream_of(text: &'static str) -> ByteStream {
        stream::iter(text.as_bytes().chunks(4)).map(|piece| Ok(Bytes::from_static(piece))).boxed()
    }

    #[tokio::test]
    async fn pieces_in_a_row_open_the_source_once() {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let body = Body::reopening(Some(10), move |from| {
            count.fetch_add(1, Ordering::SeqCst);
            let stream = crate::content::skip(stream_of("abcdefghij"), from);
            async move { Ok(stream) }
        });
        let mut feed = Feed::new(body);
        let pieces = [(0, Some("abc")), (3, Some("def")), (6, Some("ghi")), (9, Some("j")), (10, None)];
        for (from, wanted) in pieces {
            assert_eq!(text(&mut feed, from, 3).await.as_deref(), wanted);
        }
        assert_eq!(opened.load(Ordering::SeqCst), 1);
        assert_eq!(text(&mut feed, 3, 99).await.as_deref(), Some("defghij"));
        assert_eq!(opened.load(Ordering::SeqCst), 2);
        assert!(feed.whole().is_some());
    }

    #[tokio::test]
    async fn of_what_comes_once_the_last_piece_can_be_had_again_and_in_part() {
        let mut feed = Feed::new(Body::once(None, stream_of("abcdefghij")));
        assert_eq!(text(&mut feed, 0, 4).await.as_deref(), Some("abcd"));
        assert_eq!(text(&mut feed, 0, 6).await.as_deref(), Some("abcdef"));
        assert_eq!(text(&mut feed, 4, 4).await.as_deref(), Some("efgh"));
        assert!(feed.reaches(4) && feed.reaches(8) && !feed.reaches(3) && !feed.reaches(9));
        assert!(feed.piece(3, 6).await.unwrap_err().is_unsupported());
        assert_eq!(text(&mut feed, 8, 6).await.as_deref(), Some("ij"));
        assert_eq!(text(&mut feed, 10, 6).await, None);
        assert_eq!(feed.digest(), Some(Digest::of(b"abcdefghij")));
        assert!(feed.whole().is_none());
    }

    #[tokio::test]
    async fn what_comes_once_goes_out_whole_one_time() {
        let mut feed = Feed::new(Body::once(Some(3), stream_of("abc")));
        assert!(feed.reaches(0));
        assert_eq!(feed.whole().unwrap().read(3).await.unwrap(), "abc");
        assert!(feed.whole().is_none() && !feed.reaches(0));
        assert!(feed.piece(0, 3).await.is_err());
    }
}
