//! What is known to be at a target, and what is just being brought there.
//!
//! Graphs that are copied at the same time share nodes. Each node is looked for, mounted and moved by the one that comes
//! to it first; others wait for that, and if it fails the next one tries. What does not belong here: what is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::oci::{Descriptor, Digest};

/// The same bytes can be a blob and a manifest.
pub(super) type Key = (Digest, bool);

pub(super) fn key(node: &Descriptor) -> Key {
    (node.digest.clone(), node.is_manifest())
}

/// What is known of the target, because it was put or looked for there. A clone is the same knowledge.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The titles under which nodes were handled.
    titles: HashMap<Key, String>,
    /// Whether those are there that were looked for before.
    found: HashMap<Key, bool>,
    /// Nodes that somebody is at, each with what is closed at the end of that.
    under_way: HashMap<Key, Arc<Semaphore>>,
}

/// Whose turn it is.
pub(super) enum Turn {
    /// Nobody's: it has been handled.
    Handled,
    /// That of another graph, for as long as this takes. Then it is to be asked again.
    Elsewhere(BoxFuture<'static, ()>),
    /// That of whoever asked, until this is dropped.
    Ours(Claim),
}

/// The turn at a node.
pub(super) struct Claim {
    known: Known,
    key: Key,
    end: Arc<Semaphore>,
}

impl Known {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn at a node, if it is nobody's.
    pub(super) fn turn(&self, node: &Descriptor) -> Turn {
        let (key, mut state) = (key(node), self.state());
        if state.titles.contains_key(&key) {
            return Turn::Handled;
        }
        if let Some(end) = state.under_way.get(&key).cloned() {
            // There are no permits: what comes is the end.
            return Turn::Elsewhere(Box::pin(async move { drop(end.acquire().await) }));
        }
        let end = Arc::new(Semaphore::new(0));
        state.under_way.insert(key.clone(), Arc::clone(&end));
        Turn::Ours(Claim { known: self.clone(), key, end })
    }

    pub(super) fn has(&self, node: &Descriptor) -> bool {
        self.state().titles.contains_key(&key(node))
    }

    /// Takes note that a node is there.
    pub(super) fn add(&self, node: &Descriptor) {
        let title = node.title().unwrap_or_default().to_owned();
        self.state().titles.insert(key(node), title);
    }

    /// Takes note of whether a node that is not handled yet was there when it was looked for, so that nobody asks again.
    pub fn found(&self, node: &Descriptor, there: bool) {
        self.state().found.insert(key(node), there);
    }

    /// Whether a node was there, if it was looked for before.
    pub(super) fn was_there(&self, node: &Descriptor) -> Option<bool> {
        self.state().found.get(&key(node)).copied()
    }

    /// Those nodes that are there under another title.
    pub(super) fn twins<'a>(&self, nodes: impl Iterator<Item = &'a Descriptor>) -> Vec<&'a Descriptor> {
        let state = self.state();
        let titled = |node: &Descriptor| {
            let title = state.titles.get(&key(node));
            title.is_some_and(|title| title != node.title().unwrap_or_default())
        };
        nodes.filter(|node| titled(node)).collect()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.known.state().under_way.remove(&self.key);
        self.end.close();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_next_one_has_its_turn_when_the_first_has_let_go() {
        let (known, node) = (Known::default(), Descriptor::of("a/b", b"x"));
        let Turn::Ours(first) = known.turn(&node) else { panic!("not ours") };
        let waits = [(); 2].map(|()| match known.clone().turn(&node) {
            Turn::Elsewhere(wait) => wait.shared(),
            _ => panic!("not elsewhere"),
        });
        assert!(waits.iter().all(|wait| wait.clone().now_or_never().is_none()));
        drop(first);
        assert!(waits.iter().all(|wait| wait.clone().now_or_never().is_some()));
        let Turn::Ours(second) = known.turn(&node) else { panic!("not ours") };
        known.add(&node);
        drop(second);
        assert!(matches!(known.turn(&node), Turn::Handled));
    }
}
