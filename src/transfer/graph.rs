//! The walk through a graph: which node is done when.
//!
//! One loop over futures, and no recursion, so depth costs no stack. Each node is entered once, however many parents
//! it has; it is left when all its children are done. Nodes go into a stack and not into a queue, so that what was
//! begun is finished before more is begun and few manifests are open at a time. With one thing at a time the order is
//! always the same.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest};

/// How much goes on at the same time.
///
/// Small requests wait for the way there and back and for little else, so many of them go on at once; what a host
/// takes of them is found out by the transport. Large blobs wait for the line, and more of them at once are not faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    transfers: usize,
    all: usize,
}

impl Limits {
    /// How many small requests go on at once where the user names no number.
    const SMALL: usize = 128;
    /// How many graphs are copied at once where the user names no number.
    const GRAPHS: usize = 8;
    /// The largest blob, in bytes, that counts as a small request.
    const SMALL_BLOB: u64 = 128 * 1024;

    /// So many transfers of large blobs, and more of the small requests beside them.
    pub fn usual(transfers: usize) -> Self {
        Self { transfers: transfers.max(1), all: Self::SMALL.max(transfers) }
    }

    /// Not more than so many things of any kind, as the user said.
    pub fn capped(at: usize) -> Self {
        Self { transfers: at.max(1), all: at.max(1) }
    }

    /// How many small requests go on at once.
    pub fn requests(self) -> usize {
        self.all
    }

    /// How many graphs are copied at once where there are many of them: a number that the user has typed counts for
    /// all together.
    pub fn graphs(self) -> usize {
        if self.is_capped() { 1 } else { Self::GRAPHS }
    }

    /// Whether the user has said how much goes on, so that each thing waits for its turn.
    pub fn is_capped(self) -> bool {
        self.transfers == self.all
    }

    /// Whether the bytes of a blob are moved like a small request, and not as one of the transfers.
    pub fn is_small(blob: &Descriptor) -> bool {
        blob.size <= Self::SMALL_BLOB
    }
}

/// What was found on entering a node.
pub enum Entered {
    /// There is nothing to do, neither here nor below.
    Done,
    /// Its bytes have to be moved, and nothing lies below it.
    Leaf,
    /// These come first, in this order.
    Children(Vec<Descriptor>),
    /// Another walk is at it until then, and it is to be entered again.
    Elsewhere(BoxFuture<'static, ()>),
}

/// What is done with the nodes of a graph.
#[async_trait]
pub trait Visit: Sync {
    /// Looks at a node before anything below it.
    async fn enter(&self, node: &Descriptor) -> Result<Entered>;
    /// Moves the bytes of a leaf; of large ones few go on at a time.
    async fn transfer(&self, node: &Descriptor) -> Result<()>;
    /// Finishes a node whose children are done.
    async fn leave(&self, node: &Descriptor) -> Result<()>;
}

/// A manifest and a blob of the same bytes are kept in different places.
type Key = (Digest, bool);

struct State {
    /// Nothing once it is done.
    node: Option<Arc<Descriptor>>,
    open_children: usize,
    parents: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Step {
    Enter,
    /// Of a small blob.
    Move,
    /// Of a large one.
    Transfer,
    Leave,
    /// For another walk. It takes no place: those that are waited for may be waiting, too.
    Wait,
}

type Running<'a> = FuturesUnordered<BoxFuture<'a, (usize, Step, Result<Entered>)>>;

struct Walk<'a> {
    visit: &'a dyn Visit,
    limits: Limits,
    states: Vec<State>,
    known: HashMap<Key, usize>,
    ready: Vec<(usize, Step)>,
    waiting_transfers: VecDeque<usize>,
    transfers: usize,
    running: Running<'a>,
    /// How many of those only wait.
    waits: usize,
}

/// Visits everything below the roots and then them. The first error ends it, and with it whatever is still going on.
///
/// # Errors
/// The first of any visit.
pub async fn walk<'a, I>(roots: I, limits: Limits, visit: &dyn Visit) -> Result<()>
where
    I: IntoIterator<Item = &'a Descriptor>,
    I::IntoIter: DoubleEndedIterator,
{
    let mut walk = Walk {
        visit,
        limits,
        states: Vec::new(),
        known: HashMap::new(),
        ready: Vec::new(),
        waiting_transfers: VecDeque::new(),
        transfers: 0,
        running: FuturesUnordered::new(),
        waits: 0,
    };
    for root in roots.into_iter().rev() {
        walk.meet(root, None);
    }
    walk.run().await
}

impl Walk<'_> {
    async fn run(&mut self) -> Result<()> {
        loop {
            self.start();
            let Some((at, step, outcome)) = self.running.next().await else { break };
            let entered = outcome?;
            match step {
                Step::Enter => self.entered(at, entered),
                Step::Transfer => {
                    self.transfers -= 1;
                    self.finished(at);
                }
                Step::Move | Step::Leave => self.finished(at),
                Step::Wait => {
                    self.waits -= 1;
                    self.ready.push((at, Step::Enter));
                }
            }
        }
        if self.states.iter().all(|state| state.node.is_none()) {
            return Ok(());
        }
        // Digests make this impossible, unless a source does not check them.
        Err(Error::invalid("manifests that contain each other"))
    }

    /// Starts what may be started. Transfers come first: they take longest.
    fn start(&mut self) {
        while self.running.len() - self.waits < self.limits.all {
            if self.transfers < self.limits.transfers
                && let Some(at) = self.waiting_transfers.pop_front()
            {
                self.transfers += 1;
                self.spawn(at, Step::Transfer);
            } else if let Some((at, step)) = self.ready.pop() {
                self.spawn(at, step);
            } else {
                break;
            }
        }
    }

    fn spawn(&self, at: usize, step: Step) {
        let Some(node) = self.states[at].node.clone() else { return };
        let visit = self.visit;
        self.running.push(Box::pin(async move {
            let outcome = match step {
                Step::Enter => visit.enter(&node).await,
                Step::Move | Step::Transfer => visit.transfer(&node).await.map(|()| Entered::Done),
                Step::Leave => visit.leave(&node).await.map(|()| Entered::Done),
                Step::Wait => Ok(Entered::Done),
            };
            (at, step, outcome)
        }));
    }

    /// Takes note of a node; says whether its parent has to wait for it.
    fn meet(&mut self, node: &Descriptor, parent: Option<usize>) -> bool {
        let key = (node.digest.clone(), node.is_manifest());
        if let Some(&at) = self.known.get(&key) {
            let state = &mut self.states[at];
            let open = state.node.is_some();
            if open {
                state.parents.extend(parent);
            }
            return open;
        }
        let at = self.states.len();
        let parents = parent.into_iter().collect();
        self.states.push(State { node: Some(Arc::new(node.clone())), open_children: 0, parents });
        self.known.insert(key, at);
        self.ready.push((at, Step::Enter));
        true
    }

    fn entered(&mut self, at: usize, entered: Entered) {
        match entered {
            Entered::Done => self.finished(at),
            Entered::Elsewhere(end) => {
                self.waits += 1;
                self.running.push(Box::pin(end.map(move |()| (at, Step::Wait, Ok(Entered::Done)))));
            }
            Entered::Leaf if self.states[at].node.as_deref().is_some_and(Limits::is_small) => {
                self.ready.push((at, Step::Move));
            }
            Entered::Leaf => self.waiting_transfers.push_back(at),
            Entered::Children(children) => {
                // The first one met is the one that is entered; the last one pushed is entered first.
                let begin = self.ready.len();
                let open = children.iter().filter(|child| self.meet(child, Some(at))).count();
                self.ready[begin..].reverse();
                self.states[at].open_children = open;
                if open == 0 {
                    self.ready.push((at, Step::Leave));
                }
            }
        }
    }

    fn finished(&mut self, at: usize) {
        self.states[at].node = None;
        for parent in std::mem::take(&mut self.states[at].parents) {
            self.states[parent].open_children -= 1;
            if self.states[parent].open_children == 0 {
                self.ready.push((parent, Step::Leave));
            }
        }
    }
}
