//! The bytes of one node on their way: counted, and with a memory of what the source said when it failed.
//!
//! A target that is given a broken stream says that it could not write. The cause is on the other side, so it is kept
//! here and told instead.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::OnceCell;

use crate::content::{Body, ByteStream, Source, read_checked};
use crate::error::{Error, Result, Side};
use crate::oci::Descriptor;
use crate::progress::{Event, Reporter};

type Failure = Arc<Mutex<Option<Error>>>;

/// A node that is being moved.
pub struct Moving {
    failure: Failure,
}

impl Moving {
    /// The bytes of a node, and the watch over them.
    pub fn new(source: &dyn Source, node: &Descriptor, reporter: &Arc<dyn Reporter>) -> (Body, Self) {
        let failure = Failure::default();
        let (inner, node) = (source.fetch(node), Arc::new(node.clone()));
        let (kept, reporter) = (Arc::clone(&failure), Arc::clone(reporter));
        let body = Body::reopening(inner.size(), move |from| {
            let (inner, node) = (inner.clone(), Arc::clone(&node));
            let (kept, reporter) = (Arc::clone(&kept), Arc::clone(&reporter));
            async move {
                let stream = inner.open(from).await.map_err(|error| keep(&kept, error))?;
                Ok(watch(stream, from, node, kept, reporter))
            }
        });
        (body, Self { failure })
    }

    /// The same for a node that is small enough for memory, with work that asks for the bytes: done beside the target's
    /// own, its first requests and the source's answer are on their way at the same time.
    pub fn ahead(
        source: &dyn Source,
        node: &Descriptor,
        reporter: &Arc<dyn Reporter>,
    ) -> (Body, Self, impl Future<Output = ()> + use<>) {
        let failure = Failure::default();
        let (content, node) = (source.fetch(node), Arc::new(node.clone()));
        let ahead = Arc::new(Ahead {
            content,
            node: Arc::clone(&node),
            kept: Arc::clone(&failure),
            bytes: OnceCell::new(),
        });
        let (kept, reporter, read) = (Arc::clone(&failure), Arc::clone(reporter), Arc::clone(&ahead));
        let body = Body::reopening(Some(node.size), move |from| {
            let (ahead, node) = (Arc::clone(&ahead), Arc::clone(&node));
            let (kept, reporter) = (Arc::clone(&kept), Arc::clone(&reporter));
            async move {
                let stream = Body::bytes(ahead.bytes().await?).open(from).await?;
                Ok(watch(stream, from, node, kept, reporter))
            }
        });
        let work = async move {
            // Whoever opens the body is told of a failure.
            let _ = read.bytes().await;
        };
        (body, Self { failure }, work)
    }

    /// What a target made of the bytes; if they did not come, why, in the steps in which the target was.
    pub fn outcome<T>(self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| {
            let cause = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(cause) = cause else { return error.on(Side::Destination) };
            error.context().iter().rev().fold(cause, |cause, step| cause.within(step.clone()))
        })
    }
}

/// The bytes of a small node, asked for once.
struct Ahead {
    content: Body,
    node: Arc<Descriptor>,
    kept: Failure,
    bytes: OnceCell<Result<Bytes, String>>,
}

impl Ahead {
    async fn bytes(&self) -> Result<Bytes> {
        let read = async {
            let read = read_checked(&self.content, &self.node).await;
            read.map_err(|error| keep(&self.kept, error).to_string())
        };
        self.bytes.get_or_init(|| read).await.clone().map_err(Error::invalid)
    }
}

fn watch(
    stream: ByteStream,
    from: u64,
    node: Arc<Descriptor>,
    kept: Failure,
    reporter: Arc<dyn Reporter>,
) -> ByteStream {
    let mut bytes = from;
    let watched = stream.map(move |piece| match piece {
        Ok(piece) => {
            bytes += piece.len() as u64;
            reporter.report(Event::At { node: &node, bytes });
            Ok(piece)
        }
        Err(error) => Err(keep(&kept, error)),
    });
    watched.boxed()
}

/// Keeps the error, and gives another one that says the same to whoever reads.
fn keep(kept: &Failure, error: Error) -> Error {
    let told = Error::invalid(error.to_string());
    *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.on(Side::Source));
    told
}
