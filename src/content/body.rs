//! Bytes as a promise: a [`Body`] can be opened, mostly opened again, and often opened at an offset.
//!
//! Retries, authentication in the middle of an upload, redirects and a refused mount all need the bytes once more.
//! Instead of seeking a reader, each of them opens the body again. A body that cannot be opened says so with an error;
//! it is never taken for an empty one.
//!
//! A body knows what it must be, if it is to be checked, and does so when it is opened: so nobody checks twice, and
//! who watches the bytes on their way does not take that knowledge away. Whoever changes them does.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, future, stream};

use super::landing::Landing;
use super::verify::check;
use crate::error::{Error, Kind, Result};
use crate::oci::Descriptor;

/// Bytes as they come. An error is the last item.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

type Opener = Arc<dyn Fn(u64, Option<Landing>) -> BoxFuture<'static, Result<ByteStream>> + Send + Sync>;
type Chooser = Arc<dyn Fn() -> BoxFuture<'static, Result<Body>> + Send + Sync>;

/// Bytes that can be had by opening it. A clone is the same promise.
#[derive(Clone)]
pub struct Body {
    size: Option<u64>,
    content: Content,
    check: Check,
    /// Told of the bytes after they were checked, the first one first.
    watches: Vec<Arc<dyn Watch>>,
}

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    Opener { open: Opener, again: bool, file: Option<ContentFile> },
    Chosen(Chooser),
}

/// The file in which all bytes of a body lie, for those who can copy it faster than by reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub owner: Owner,
}

/// Who may change a file in which content lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A store that never changes what it has: the file may get a second name instead of a copy.
    Store,
    /// Somebody else.
    User,
}

/// Whether the bytes are checked when they are opened.
#[derive(Clone)]
enum Check {
    None,
    /// They must be this node.
    Is(Arc<Descriptor>),
    /// They must be this node, and whoever promises them has hashed them just before.
    Was(Arc<Descriptor>),
}

/// Somebody who is told of bytes on their way and cannot change them.
pub trait Watch: Send + Sync {
    /// So many bytes of the content have passed, those before the offset at which it was opened included.
    fn passed(&self, _bytes: u64) {}

    /// What is told of a failure to open or to read.
    fn failed(&self, error: Error) -> Error {
        error
    }
}

impl Body {
    fn new(size: Option<u64>, content: Content) -> Self {
        Self { size, content, check: Check::None, watches: Vec::new() }
    }

    /// Bytes in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::new(Some(bytes.len() as u64), Content::Bytes(bytes))
    }

    /// Bytes that `open` can give as often as it is called, from the offset it is told on. `size` is the number of all
    /// bytes, where it is known.
    pub fn reopening<F, Fut>(size: Option<u64>, open: F) -> Self
    where
        F: Fn(u64) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ByteStream>> + Send + 'static,
    {
        Self::placing(size, move |from, _| open(from))
    }

    /// The same of a source that can make use of a [`Landing`], where one is offered.
    pub fn placing<F, Fut>(size: Option<u64>, open: F) -> Self
    where
        F: Fn(u64, Option<Landing>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ByteStream>> + Send + 'static,
    {
        let open = Arc::new(move |from, landing| open(from, landing).boxed());
        Self::new(size, Content::Opener { open, again: true, file: None })
    }

    /// Bytes that come once, as from a pipe.
    pub fn once(size: Option<u64>, stream: ByteStream) -> Self {
        let only = Mutex::new(Some(stream));
        let open = move |from, _| {
            let stream = only.lock().unwrap_or_else(PoisonError::into_inner).take();
            let stream = stream.ok_or_else(|| Error::unsupported("the content can be read only once"));
            future::ready(stream.map(|stream| skip(stream, from))).boxed()
        };
        Self::new(size, Content::Opener { open: Arc::new(open), again: false, file: None })
    }

    /// The bytes of another body, which is chosen whenever they are asked for and can be opened again.
    pub fn chosen<F, Fut>(size: Option<u64>, choose: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Self>> + Send + 'static,
    {
        Self::new(size, Content::Chosen(Arc::new(move || choose().boxed())))
    }

    /// The same promise with `wrap` around each stream that is opened; it is told the offset of its first byte.
    #[must_use]
    pub fn through<F>(self, wrap: F) -> Self
    where
        F: Fn(ByteStream, u64) -> ByteStream + Send + Sync + 'static,
    {
        let (size, again) = (self.size, self.can_reopen());
        let wrap = Arc::new(wrap);
        let open = move |from, landing| {
            let (inner, wrap) = (self.clone(), Arc::clone(&wrap));
            async move { Ok(wrap(inner.opened(from, landing).await?, from)) }.boxed()
        };
        Self::new(size, Content::Opener { open: Arc::new(open), again, file: None })
    }

    /// The same promise, of bytes that are all that lies in a file.
    #[must_use]
    pub fn lying_in(mut self, found: ContentFile) -> Self {
        if let Content::Opener { file, .. } = &mut self.content {
            *file = Some(found);
        }
        self
    }

    /// The file in which all the bytes lie, where there is one. Who takes them from there checks them, and says so by
    /// [`Self::was_taken`].
    ///
    /// # Errors
    /// Those of choosing the source.
    pub async fn file(&self) -> Result<Option<ContentFile>> {
        match &self.content {
            Content::Opener { file, .. } => Ok(file.clone()),
            Content::Chosen(choose) => Box::pin(choose().await?.file()).await,
            Content::Bytes(_) => Ok(None),
        }
    }

    /// Tells those who watch that so many bytes were taken without being read here.
    pub fn was_taken(&self, bytes: u64) {
        self.watches.iter().for_each(|watch| watch.passed(bytes));
    }

    /// The same promise, seen by somebody.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watches.push(watch);
        self
    }

    /// The same promise, which fails where the bytes are not this node.
    pub(super) fn being(self, node: &Descriptor) -> Self {
        match &self.check {
            Check::Is(known) | Check::Was(known) if known.same_content(node) => self,
            Check::None if self.watches.is_empty() => {
                Self { check: Check::Is(Arc::new(node.bare())), ..self }
            }
            _ => self.through(|stream, _| stream).being(node),
        }
    }

    /// The same promise of bytes that were hashed just before by the one who promises them.
    #[must_use]
    pub fn hashed_before(self) -> Self {
        let check = match self.check {
            Check::Is(node) => Check::Was(node),
            other => other,
        };
        Self { check, ..self }
    }

    /// The same promise for somebody who checks what is there in the end, as a registry does: bytes that were hashed
    /// just before are not hashed once more on their way.
    #[must_use]
    pub fn for_checker(mut self) -> Self {
        match (&self.check, &self.content) {
            (_, Content::Chosen(choose)) => {
                let (choose, check) = (Arc::clone(choose), self.check.node().cloned());
                let choose = move || {
                    let (body, check) = (choose(), check.clone());
                    async move {
                        let body = body.await?;
                        Ok(check.map_or(body.clone(), |node| body.being(&node)).for_checker())
                    }
                    .boxed()
                };
                Self { content: Content::Chosen(Arc::new(choose)), check: Check::None, ..self }
            }
            (Check::Was(_), _) => {
                self.check = Check::None;
                self
            }
            _ => self,
        }
    }

    /// The same promise, of this many bytes where their number was not known.
    #[must_use]
    pub fn sized(mut self, size: u64) -> Self {
        self.size.get_or_insert(size);
        self
    }

    /// How many bytes there are, where it is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether it can be opened more than once.
    pub fn can_reopen(&self) -> bool {
        match &self.content {
            Content::Bytes(_) | Content::Chosen(_) => true,
            Content::Opener { again, .. } => *again,
        }
    }

    /// The bytes, where they are in memory anyway and need no check.
    pub fn in_memory(&self) -> Option<&Bytes> {
        match (&self.content, &self.check) {
            (Content::Bytes(bytes), Check::None) => Some(bytes),
            _ => None,
        }
    }

    /// The bytes from an offset on. A source that cannot seek reads and drops what lies before it.
    ///
    /// # Errors
    /// Whatever keeps the source from giving them; a second opening of bytes that come once.
    pub async fn open(&self, from: u64) -> Result<ByteStream> {
        self.opened(from, None).await
    }

    /// All the bytes, as by [`Self::open`], for somebody who writes them in the order in which they come, and offers where.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub async fn open_into(&self, landing: Landing) -> Result<ByteStream> {
        self.opened(0, Some(landing)).await
    }

    async fn opened(&self, from: u64, landing: Option<Landing>) -> Result<ByteStream> {
        let opened = self.content(from, landing).await.map_err(|error| self.failed(error));
        Ok(self.watches.iter().fold(opened?, |stream, watch| seen(stream, from, Arc::clone(watch))))
    }

    async fn content(&self, from: u64, landing: Option<Landing>) -> Result<ByteStream> {
        let stream = match &self.content {
            Content::Bytes(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
                let rest = bytes.slice(from..);
                let filled = !rest.is_empty();
                stream::iter(filled.then_some(Ok(rest))).boxed()
            }
            Content::Opener { open, .. } => open(from, landing).await?,
            Content::Chosen(choose) => {
                let body = choose().await?;
                // The one that is chosen knows best what to say when it is wrong.
                let body = self.check.node().map_or(body.clone(), |node| body.being(node));
                return Box::pin(body.opened(from, landing)).await;
            }
        };
        Ok(match self.check.node() {
            Some(node) => check(stream, from, node),
            None => stream,
        })
    }

    fn failed(&self, error: Error) -> Error {
        self.watches.iter().fold(error, |error, watch| watch.failed(error))
    }

    /// All bytes in memory, at most `limit` of them.
    ///
    /// # Errors
    /// Those of opening and reading; more bytes than the limit.
    pub async fn read(&self, limit: u64) -> Result<Bytes> {
        if let Some(bytes) = self.in_memory().filter(|bytes| bytes.len() as u64 <= limit) {
            return Ok(bytes.clone());
        }
        let mut stream = self.open(0).await?;
        let mut all = BytesMut::new();
        while let Some(piece) = stream.next().await {
            let piece = piece?;
            if (all.len() + piece.len()) as u64 > limit {
                return Err(Error::new(Kind::TooLarge(format!(
                    "content is larger than the limit of {limit} bytes"
                ))));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}

impl Check {
    fn node(&self) -> Option<&Arc<Descriptor>> {
        match self {
            Self::None => None,
            Self::Is(node) | Self::Was(node) => Some(node),
        }
    }
}

/// A stream as somebody sees it pass.
fn seen(stream: ByteStream, from: u64, watch: Arc<dyn Watch>) -> ByteStream {
    let mut bytes = from;
    let seen = stream.map(move |piece| match piece {
        Ok(piece) => {
            bytes += piece.len() as u64;
            watch.passed(bytes);
            Ok(piece)
        }
        Err(error) => Err(watch.failed(error)),
    });
    seen.boxed()
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("size", &self.size)
            .field("can_reopen", &self.can_reopen())
            .finish_non_exhaustive()
    }
}

/// A stream without its first bytes.
pub fn skip(stream: ByteStream, count: u64) -> ByteStream {
    if count == 0 {
        return stream;
    }
    let rest = stream.scan(count, |left, piece| {
        let piece = piece.map(|mut piece| {
            let cut = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
            *left -= cut as u64;
            piece.split_off(cut)
        });
        future::ready(Some(piece))
    });
    rest.filter(|piece| future::ready(!matches!(piece, Ok(piece) if piece.is_empty()))).boxed()
}

#[cfg(test)]
mod tests;
