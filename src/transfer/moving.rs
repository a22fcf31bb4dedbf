//! The bytes of one node on their way: counted, and with a memory of what the source said when it failed.
//!
//! A target that is given a broken stream says that it could not write. The cause is on the other side, so it is kept
//! here and told instead.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::content::{Body, Source, Watch, read_checked};
use crate::error::{Error, Result, Side};
use crate::oci::Descriptor;
use crate::progress::{Event, Reporter};

type Failure = Arc<Mutex<Option<Error>>>;

/// A node that is being moved.
pub struct Moving {
    failure: Failure,
}

/// Tells of the bytes that pass.
struct Told {
    node: Descriptor,
    reporter: Arc<dyn Reporter>,
}

/// Keeps the error, and gives another one that says the same to whoever reads.
struct Kept(Failure);

impl Moving {
    /// The bytes of a node, and the watch over them.
    pub fn new(source: &dyn Source, node: &Descriptor, reporter: &Arc<dyn Reporter>) -> (Body, Self) {
        let failure = Failure::default();
        let body = source.fetch(node).watched(Arc::new(Kept(Arc::clone(&failure))));
        (body.watched(Told::of(node, reporter)), Self { failure })
    }

    /// The same for a node that is small enough for memory, with work that asks for the bytes: done beside the target's
    /// own, its first requests and the source's answer are on their way at the same time.
    pub fn ahead(
        source: &dyn Source,
        node: &Descriptor,
        reporter: &Arc<dyn Reporter>,
    ) -> (Body, Self, impl Future<Output = ()> + use<>) {
        let failure = Failure::default();
        let content = source.fetch(node).watched(Arc::new(Kept(Arc::clone(&failure))));
        let ahead = Arc::new(Ahead { content, node: node.clone(), bytes: OnceCell::new() });
        let read = Arc::clone(&ahead);
        let body = Body::chosen(Some(node.size), move || {
            let ahead = Arc::clone(&ahead);
            async move { Ok(Body::bytes(ahead.bytes().await?)) }
        });
        let body = body.watched(Told::of(node, reporter));
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
    node: Descriptor,
    bytes: OnceCell<Result<Bytes, String>>,
}

impl Ahead {
    async fn bytes(&self) -> Result<Bytes> {
        let read = async { read_checked(&self.content, &self.node).await.map_err(|error| error.to_string()) };
        self.bytes.get_or_init(|| read).await.clone().map_err(Error::invalid)
    }
}

impl Told {
    fn of(node: &Descriptor, reporter: &Arc<dyn Reporter>) -> Arc<Self> {
        Arc::new(Self { node: node.clone(), reporter: Arc::clone(reporter) })
    }
}

impl Watch for Told {
    fn passed(&self, bytes: u64) {
        self.reporter.report(Event::At { node: &self.node, bytes });
    }
}

impl Watch for Kept {
    fn failed(&self, error: Error) -> Error {
        let told = Error::invalid(error.to_string());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.on(Side::Source));
        told
    }
}
